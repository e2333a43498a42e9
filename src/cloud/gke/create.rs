//! Creating a pool, exactly once.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::errors::{ApiError, Trouble};
use super::follow::pending;
use super::parts::Place;
use super::{Gke, steps, translate, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::instant;
use crate::cloud::limits::Limits;
use crate::cloud::once::{Became, Creating, send_once};
use crate::cloud::words::{already_exists, stopped};
use crate::nodepool::pools::{Call, Checkpoint, ErrorKind, Finished, PendingKind};
use crate::nodepool::{NodePoolSpec, Path, PoolError, PoolId};

/// How far Google's clock, read from answers that tell whole seconds, may be off.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

impl Gke {
    /// Makes sure that the pool can be created.
    pub(super) async fn may_create(&self, call: &Call, spec: &NodePoolSpec) -> Result<(), PoolError> {
        let limits = Limits::of(call);
        let cluster = self.require_cluster(call, &limits, &spec.cluster).await?;
        if cluster.autopilot.is_some_and(|it| it.enabled) {
            return Err(PoolError {
                kind: ErrorKind::Unsupported,
                summary: "An Autopilot cluster has no node pools of its users".to_owned(),
                detail: format!(
                    "{} is an Autopilot cluster: GKE makes its nodes by itself. There, pods ask for slices with the \
                     node selectors cloud.google.com/gke-accelerator, cloud.google.com/gke-gpu-partition-size and \
                     cloud.google.com/gke-gpu-sharing-strategy, or through a ComputeClass. For node pools use a \
                     Standard cluster.",
                    spec.cluster
                ),
                attribute: Some(Path::of("cluster_id")),
            });
        }
        let place = super::place(&spec.cluster)?;
        let found = self.api.pool(&limits, place, &spec.name).await;
        match found.map_err(|it| it.explain(&creating(&spec.name), call.timeout))? {
            Some(_) => Err(already_exists(&id_of(spec))),
            None => Ok(()),
        }
    }

    /// Creates the pool and waits for it.
    pub(super) async fn make(&self, call: &Call, spec: &NodePoolSpec) -> Result<Finished, PoolError> {
        let body = translate::create(spec).map_err(super::untranslatable)?;
        let place = super::place(&spec.cluster)?;
        let id = id_of(spec);
        let limits = Limits::of(call);
        let cut = |why| stopped(why, call.timeout, &creating(&spec.name), ApiError::COMPANY, None);
        let pool_turn = self.gates.pool(&limits, &id.to_string()).await.map_err(cut)?;
        let turn = self.gates.cluster(&limits, &spec.cluster.canonical()).await.map_err(cut)?;

        self.api.forget(&spec.cluster);
        let operation = self.send(call, &limits, place, &id, &body).await?;
        let pending = pending(&operation, place.location, PendingKind::Create);
        call.progress.checkpoint(Checkpoint { id: id.clone(), pool: None, pending: Some(pending.clone()) });
        tracing::info!(pool = %id, operation = pending.operation, "GKE has accepted the node pool");
        let finished = self.follow(call, &id, &pending, Some(turn)).await?;
        drop(pool_turn);
        self.take_off_gpu_taint(call, &id, spec, finished).await
    }

    /// Sends the create until it is certain that Google has it, or will not have it.
    async fn send(
        &self,
        call: &Call,
        limits: &Limits,
        place: Place<'_>,
        id: &PoolId,
        body: &wire::CreateNodePool,
    ) -> Result<wire::Operation, PoolError> {
        // The requests of the preflight have told the time at Google's.
        let begun = self.api.client.http.server_time();
        let doing = creating(&id.name);
        send_once(
            limits,
            Creating { id, doing: &doing, timeout: call.timeout },
            || self.api.client.create(place, body),
            |limits| self.became(limits, place, id, body, begun),
        )
        .await
    }

    /// Finds out what became of a create without an answer.
    async fn became(
        &self,
        limits: Limits,
        place: Place<'_>,
        id: &PoolId,
        body: &wire::CreateNodePool,
        begun: SystemTime,
    ) -> Result<Became<wire::Operation>, Trouble> {
        let operations =
            attempt(&limits, Kind::Read, || self.api.client.operations(place.project, place.location))
                .await?;
        let ours = operations.into_iter().find(|it| creates(it, place, &id.name) && began_after(it, begun));
        let found = self.api.pool(&limits, place, &id.name).await?;
        Ok(match (found, ours) {
            (Some(pool), Some(operation)) if equals_sent(&pool, &body.node_pool) => Became::Ours(operation),
            (Some(_), _) => Became::Foreign,
            // Accepted, and not to be seen yet.
            (None, Some(operation)) if operation.status != "DONE" => Became::Ours(operation),
            (None, _) => Became::Nothing,
        })
    }

    /// GKE adds the GPU taint by itself; where it is not wanted it comes off once the pool is there.
    async fn take_off_gpu_taint(
        &self,
        call: &Call,
        id: &PoolId,
        spec: &NodePoolSpec,
        finished: Finished,
    ) -> Result<Finished, PoolError> {
        match &finished {
            Finished::Ready(pool) if pool.gpu_taint && !spec.gpu_taint => {}
            _ => return Ok(finished),
        }
        let with_taint = NodePoolSpec { gpu_taint: true, ..spec.clone() };
        match self.change_groups(call, id, &with_taint, spec, &[steps::Group::Taints]).await {
            Ok(changed) => Ok(changed),
            Err(error) => {
                call.progress.warn(
                    "The GPU taint could not be taken off".to_owned(),
                    format!(
                        "GKE put nvidia.com/gpu=present:NoSchedule on the node pool {}, and gpu_taint is false. {}: {} \
                         The next apply tries again.",
                        id.name, error.summary, error.detail
                    ),
                );
                Ok(finished)
            }
        }
    }
}

fn id_of(spec: &NodePoolSpec) -> PoolId {
    PoolId { cluster: spec.cluster.clone(), name: spec.name.clone() }
}

fn creating(name: &str) -> String {
    format!("create the node pool {name}")
}

/// Whether an operation creates the pool of that name in the cluster. Its link may name the project by number.
fn creates(operation: &wire::Operation, place: Place<'_>, name: &str) -> bool {
    operation.operation_type == "CREATE_NODE_POOL"
        && operation.target_link.ends_with(&format!("/clusters/{}/nodePools/{name}", place.cluster))
}

fn began_after(operation: &wire::Operation, moment: SystemTime) -> bool {
    instant::parse(&operation.start_time).is_some_and(|began| began + CLOCK_SLACK >= moment)
}

/// Whether a pool is what was sent: everything sent is there, beside what Google fills in.
fn equals_sent(live: &wire::NodePool, sent: &wire::NodePool) -> bool {
    match (serde_json::to_value(live), serde_json::to_value(sent)) {
        (Ok(live), Ok(sent)) => covers(&live, &sent, ""),
        _ => false,
    }
}

fn covers(live: &Value, sent: &Value, field: &str) -> bool {
    match (live, sent) {
        (Value::Object(live), Value::Object(sent)) => sent.iter().all(|(name, sent)| match live.get(name) {
            Some(live) => covers(live, sent, name),
            // What is zero is left out of answers, and a boot disk is shown elsewhere by newer pools.
            None => is_zero(sent) || matches!(name.as_str(), "diskSizeGb" | "diskType"),
        }),
        (Value::Array(live), Value::Array(sent)) => {
            sent.iter().all(|sent| live.iter().any(|live| covers(live, sent, field)))
        }
        // `1.33` is sent, `1.33.5-gke.1080000` is shown.
        (Value::String(live), Value::String(sent)) if field == "version" => live.starts_with(sent.as_str()),
        _ => live == sent,
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(on) => !on,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.values().all(is_zero),
    }
}

#[cfg(test)]
mod tests;
