//! Creating a pool, exactly once.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::attempts::{Kind, Trouble, attempt};
use super::errors::{Action, ApiError};
use super::explain;
use super::follow::pending;
use super::parts::Place;
use super::{Gke, steps, translate, wire};
use crate::cloud::instant;
use crate::cloud::limits::Limits;
use crate::nodepool::pools::{Call, Checkpoint, ErrorKind, Finished, PendingKind};
use crate::nodepool::{NodePoolSpec, Path, PoolError, PoolId};

/// How often a create is sent again after a GET has shown that an earlier one made nothing.
const RESENDS: u32 = 3;

/// How long finding out what became of a create may take, even when the call has been stopped meanwhile.
const FIND_OUT: Duration = Duration::from_secs(30);

/// How far Google's clock, read from answers that tell whole seconds, may be off.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

/// What became of a create without an answer.
enum Became {
    /// It is there, by this operation.
    Ours(Box<wire::Operation>),
    /// A pool of that name is there, and it is not ours.
    Foreign,
    /// Nothing.
    Nothing,
}

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
            Some(_) => Err(explain::already_exists(&id_of(spec))),
            None => Ok(()),
        }
    }

    /// Creates the pool and waits for it.
    pub(super) async fn make(&self, call: &Call, spec: &NodePoolSpec) -> Result<Finished, PoolError> {
        let body = translate::create(spec).map_err(super::untranslatable)?;
        let place = super::place(&spec.cluster)?;
        let id = id_of(spec);
        let limits = Limits::of(call);
        let stopped = |why| explain::stopped(why, call.timeout, &creating(&spec.name), None);
        let pool_turn = self.gates.pool(&limits, &id.to_string()).await.map_err(stopped)?;
        let turn = self.gates.cluster(&limits, &spec.cluster.canonical()).await.map_err(stopped)?;

        self.api.forget(&spec.cluster);
        let operation = self.send_once(call, &limits, place, &id, &body).await?;
        let pending = pending(&operation, place.location, PendingKind::Create);
        call.progress.checkpoint(Checkpoint { id: id.clone(), pool: None, pending: Some(pending.clone()) });
        tracing::info!(pool = %id, operation = pending.operation, "GKE has accepted the node pool");
        let finished = self.follow(call, &id, &pending, Some(turn)).await?;
        drop(pool_turn);
        self.take_off_gpu_taint(call, &id, spec, finished).await
    }

    /// Sends the create until it is certain that Google has it, or will not have it.
    async fn send_once(
        &self,
        call: &Call,
        limits: &Limits,
        place: Place<'_>,
        id: &PoolId,
        body: &wire::CreateNodePool,
    ) -> Result<wire::Operation, PoolError> {
        let doing = creating(&id.name);
        // The requests of the preflight have told the time at Google's.
        let begun = self.api.client.http.server_time();
        let mut left = RESENDS;
        let mut doubt = false;
        loop {
            let error = match attempt(limits, Kind::Once, || self.api.client.create(place, body)).await {
                Ok(operation) => return Ok(operation),
                Err(Trouble::Api(error)) => error,
                Err(stopped) => return Err(stopped.explain(&doing, call.timeout)),
            };
            let exists = error.action() == Action::Exists;
            if !exists && !error.leaves_doubt() {
                return Err(error.explain(&doing));
            }
            doubt |= error.leaves_doubt();
            match self.became(place, id, body, begun).await {
                Ok(Became::Ours(operation)) if doubt => {
                    tracing::info!(pool = %id, operation = operation.name, "the create without an answer was ours");
                    return Ok(*operation);
                }
                Ok(Became::Ours(_) | Became::Foreign) => return Err(explain::already_exists(id)),
                Ok(Became::Nothing) if left > 0 && !exists => left -= 1,
                Ok(Became::Nothing) => return Err(error.explain(&doing)),
                Err(trouble) => return Err(in_doubt(id, &error, &trouble)),
            }
        }
    }

    /// Finds out what became of a create without an answer.
    async fn became(
        &self,
        place: Place<'_>,
        id: &PoolId,
        body: &wire::CreateNodePool,
        begun: SystemTime,
    ) -> Result<Became, Trouble> {
        let limits = Limits::lasting(FIND_OUT);
        let operations =
            attempt(&limits, Kind::Read, || self.api.client.operations(place.project, place.location))
                .await?;
        let ours = operations.into_iter().find(|it| creates(it, place, &id.name) && began_after(it, begun));
        let found = self.api.pool(&limits, place, &id.name).await?;
        Ok(match (found, ours) {
            (Some(pool), Some(operation)) if equals_sent(&pool, &body.node_pool) => {
                Became::Ours(Box::new(operation))
            }
            (Some(_), _) => Became::Foreign,
            // Accepted, and not to be seen yet.
            (None, Some(operation)) if operation.status != "DONE" => Became::Ours(Box::new(operation)),
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

/// Nobody knows whether the pool was made.
fn in_doubt(id: &PoolId, lost: &ApiError, trouble: &Trouble) -> PoolError {
    let why = match trouble {
        Trouble::Api(error) => error.words(),
        Trouble::Stopped { .. } => "no answer came in time".to_owned(),
    };
    PoolError {
        kind: ErrorKind::Transport,
        summary: format!("Cannot tell whether the node pool {} was created", id.name),
        detail: format!(
            "The request was sent, and {} Asking what became of it failed too: {} Apply again; if the pool was \
             created, that apply says so and how to take it over.",
            explain::sentence(&lost.words()),
            explain::sentence(&why)
        ),
        attribute: None,
    }
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
