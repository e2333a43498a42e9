//! Creating a pool, exactly once.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::client::{Accepted, Errand};
use super::errors::{ApiError, Ids, Trouble};
use super::parts::Place;
use super::wait::Running;
use super::{Aks, explain, translate, wire};
use crate::cloud::fault::Fault;
use crate::cloud::instant;
use crate::cloud::limits::Limits;
use crate::cloud::once::{Became, Creating, send_once};
use crate::cloud::words::{already_exists, stopped};
use crate::nodepool::pools::{Call, Checkpoint, ErrorKind, Finished, PendingKind};
use crate::nodepool::{NodePoolSpec, PoolError, PoolId};

/// How far Azure's clock, read from answers that tell whole seconds, may be off.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

impl Aks {
    /// Makes sure that the pool can be created.
    pub(super) async fn may_create(&self, call: &Call, spec: &NodePoolSpec) -> Result<(), PoolError> {
        let limits = Limits::of(call);
        let cluster = self.require_cluster(call, &limits, &spec.cluster).await?;
        let power = cluster.properties.power_state.and_then(|it| it.code).unwrap_or_default();
        if power.eq_ignore_ascii_case("Stopped") {
            return Err(explain::stopped_cluster(&spec.cluster.to_string()));
        }
        let place = super::place(&spec.cluster)?;
        let found = self.api.pool(&limits, &Errand::new(), place, &spec.name).await;
        match found.map_err(|it| it.explain(&creating(&spec.name), call.timeout))? {
            Some(_) => Err(already_exists(&id_of(spec))),
            None => Ok(()),
        }
    }

    /// Creates the pool and waits for it.
    pub(super) async fn make(&self, call: &Call, spec: &NodePoolSpec) -> Result<Finished, PoolError> {
        let body = translate::create(spec, self.api_version).map_err(super::untranslatable)?;
        let body = serde_json::to_value(body).map_err(|error| PoolError {
            kind: ErrorKind::Invalid,
            summary: "The node pool cannot be written as JSON".to_owned(),
            detail: format!("{error}. This is a fault of the provider; please report it."),
            attribute: None,
        })?;
        let id = id_of(spec);
        let limits = Limits::of(call);
        let cut = |why| stopped(why, call.timeout, &creating(&spec.name), ApiError::COMPANY, None);
        let pool_turn = self.gates.pool(&limits, &id.to_string()).await.map_err(cut)?;
        let turn = self.gates.cluster(&limits, &spec.cluster.canonical()).await.map_err(cut)?;
        self.api.forget(&spec.cluster);
        let errand = Errand::new();
        let accepted = self.send(call, &limits, &id, &errand, &body).await?;
        let running = Running::accepted(&accepted, PendingKind::Create, errand);
        call.progress.checkpoint(Checkpoint {
            id: id.clone(),
            pool: None,
            pending: Some(running.pending.clone()),
        });
        tracing::info!(pool = %id, operation = running.pending.operation, "AKS has accepted the node pool");
        let finished = self.follow(call, &id, &running, Some(turn)).await;
        drop(pool_turn);
        finished
    }

    /// Sends the create until it is certain that Azure has it, or will not have it.
    async fn send(
        &self,
        call: &Call,
        limits: &Limits,
        id: &PoolId,
        errand: &Errand,
        body: &Value,
    ) -> Result<Accepted, PoolError> {
        let place = super::place(&id.cluster)?;
        // The requests of the preflight have told the time at Azure's.
        let begun = self.api.client.http.server_time();
        let doing = creating(&id.name);
        send_once(
            limits,
            Creating { id, doing: &doing, timeout: call.timeout },
            || self.api.client.create(errand, place, &id.name, body),
            |limits| self.became(limits, place, id, errand, body, begun),
        )
        .await
    }

    /// Finds out what became of a create without an answer. AKS keeps no list of operations, so the pool itself has to
    /// tell. It was not there right before the request, so that it has come since.
    async fn became(
        &self,
        limits: Limits,
        place: Place<'_>,
        id: &PoolId,
        errand: &Errand,
        body: &Value,
        begun: SystemTime,
    ) -> Result<Became<Accepted>, Trouble> {
        let Some(shown) = self.api.pool(&limits, errand, place, &id.name).await? else {
            return Ok(Became::Nothing);
        };
        Ok(if equals_sent(&shown, body) && is_fresh(&shown.pool, begun) {
            // Its operation is not to be found any more, so it is the pool that is waited for.
            Became::Ours(Accepted { operation: None, retry_after: None, ids: Ids::default() })
        } else {
            Became::Foreign
        })
    }
}

fn id_of(spec: &NodePoolSpec) -> PoolId {
    PoolId { cluster: spec.cluster.clone(), name: spec.name.clone() }
}

fn creating(name: &str) -> String {
    format!("create the node pool {name}")
}

/// Whether a pool was begun after the request, as far as Azure tells when it was.
fn is_fresh(pool: &wire::AgentPool, begun: SystemTime) -> bool {
    let created = pool.system_data.as_ref().and_then(|it| it.created_at.as_deref());
    created.and_then(instant::parse).is_none_or(|created| created + CLOCK_SLACK >= begun)
}

/// Whether a pool is what was sent: everything sent is there, beside what AKS fills in.
fn equals_sent(live: &wire::Shown, sent: &Value) -> bool {
    let live = Value::Object(live.properties.clone());
    sent.get("properties").is_some_and(|sent| covers(&live, sent, ""))
}

fn covers(live: &Value, sent: &Value, field: &str) -> bool {
    match (live, sent) {
        (Value::Object(live), Value::Object(sent)) => sent.iter().all(|(name, sent)| {
            // Azure takes tag keys for one when they differ in case only, and may show another case.
            let found = match field {
                "tags" => live.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value),
                _ => live.get(name),
            };
            match found {
                Some(live) => covers(live, sent, name),
                None => is_nothing(sent),
            }
        }),
        (Value::Array(live), Value::Array(sent)) => {
            sent.iter().all(|sent| live.iter().any(|live| covers(live, sent, field)))
        }
        (Value::Null, sent) => is_nothing(sent),
        // `1.33` is sent, and may be shown as `1.33.5`.
        (Value::String(live), Value::String(sent)) if field == "orchestratorVersion" => {
            live == sent || live.strip_prefix(sent.as_str()).is_some_and(|rest| rest.starts_with('.'))
        }
        // Machine types and ids come back in another case.
        (Value::String(live), Value::String(sent)) if field == "vmSize" || field.ends_with("ID") => {
            live.eq_ignore_ascii_case(sent)
        }
        (Value::String(live), Value::String(sent)) if field == "sourceResourceId" => {
            live.eq_ignore_ascii_case(sent)
        }
        (Value::Number(live), Value::Number(sent)) => live.as_f64() == sent.as_f64(),
        _ => live == sent,
    }
}

/// Whether leaving a value out says the same.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.values().all(is_nothing),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests;
