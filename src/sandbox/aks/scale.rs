//! What the preview adds: scaling without sending the whole pool, and the operations of a pool.

use serde_json::{Value, json};

use super::Context;
use super::agentpools::Accepted;
use super::api::ApiVersion;
use super::errors::Refusal;
use super::model::Aks;
use super::operations::{Operation, Work};
use super::put::{check_preconditions, check_running, sent};
use super::rules;
use crate::sandbox::exchange::Call;

impl Aks {
    /// PATCH: another count, and nothing else.
    pub(super) fn scale_pool(
        &mut self,
        context: &mut Context<'_>,
        key: &str,
        name: &str,
        call: &Call,
        version: ApiVersion,
    ) -> Result<Accepted, Refusal> {
        if !version.is_preview() {
            return Err(Refusal::arm(
                405,
                "MethodNotAllowed",
                "The resource does not support the method 'PATCH'.",
            ));
        }
        let (cluster, old) = self.pool(key, name)?;
        check_preconditions(call, Some(old))?;
        check_running(cluster)?;
        let sent = sent(call, "AgentPoolUpdate", version)?;
        if sent.contains_key("virtualMachinesProfile") {
            return Err(Refusal::bad_request("The agent pool is not of type VirtualMachines."));
        }
        let mut pool = old.clone();
        if let Some(count) = sent.get("count") {
            pool.spec["count"] = count.clone();
        }
        rules::check(cluster, name, &pool.spec)?;
        self.check_idle(key)?;
        let work = Work::Update(None);
        self.check_quota(cluster, &pool, &work)?;
        if let Some(place) = self.pool_mut(key, name) {
            *place = pool;
        }
        let operation = self.start(context, "Scaling", key, Some(name), work);
        let body = self.get_pool(key, name, version).ok();
        Ok(Accepted { status: 200, operation: Some(operation), body })
    }

    /// The operations of a pool, newest first, or one of them.
    pub(super) fn pool_operations(
        &self,
        key: &str,
        name: &str,
        id: Option<&str>,
        call: &Call,
        version: ApiVersion,
    ) -> Result<Value, Refusal> {
        if !version.is_preview() {
            return Err(super::lost_path(&super::Lost::Path, call));
        }
        self.pool(key, name)?;
        let active_only = call.parameter("activeOnly").is_some_and(|only| only == "true");
        let of_pool =
            self.operations.iter().rev().filter(|op| op.cluster == key && op.pool.as_deref() == Some(name));
        match id {
            None => {
                let shown = of_pool.filter(|op| op.active() || !active_only).map(Operation::view);
                Ok(json!({"value": shown.collect::<Vec<_>>()}))
            }
            Some(id) => {
                let mut of_pool = of_pool;
                of_pool.find(|op| op.id == id).map(Operation::view).ok_or_else(|| super::no_operation(id))
            }
        }
    }
}
