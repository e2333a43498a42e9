//! GKE's operations: what is under way, what it excludes, and how it is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::model::{Cluster, Drought, Gke, is_zone};
use super::{Context, PROJECT_NUMBER};
use crate::sandbox::clock::{Millis, millis, rfc3339};
use crate::sandbox::fault_kinds::Outcome;
use crate::sandbox::nodes::Drain;

/// Operations that a cluster may have under way (source: GKE's own error text).
const CONCURRENT_OPERATIONS: usize = 5;

/// Finished operations that are kept for questions about them.
const REMEMBERED: usize = 2000;

/// New values by dotted path in the `NodePool` resource; null takes the field away.
pub(crate) type Changes = BTreeMap<String, Value>;

/// What an operation does to the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Work {
    Create,
    Delete,
    /// New wanted machines per zone, together with changes of the resource.
    Resize {
        sizes: BTreeMap<String, u32>,
        changes: Changes,
    },
    /// The resource and the live nodes change, no node is replaced.
    Change(Changes),
    /// The machines of a `Resize` are on their way.
    Fill,
    /// Every node that exists now is replaced.
    Roll(Roll),
    /// The control plane gets another version.
    Master(String),
    /// Somebody else's work that only takes time.
    Occupy,
}

/// How far the replacement of nodes has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Roll {
    pub(crate) changes: Changes,
    /// Uids of the nodes still to go.
    pub(crate) remaining: Vec<String>,
    pub(crate) surge: u32,
    pub(crate) unavailable: u32,
    /// Time between two batches.
    pub(crate) step: Millis,
    pub(crate) next_at: Millis,
    /// Nodes that are being drained, by uid.
    pub(crate) drains: BTreeMap<String, Drain>,
}

/// How an operation failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The number of a `google.rpc.Code`.
    pub(crate) code: i32,
    pub(crate) message: String,
}

/// One operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) name: String,
    /// GKE's `operationType`.
    pub(crate) kind: String,
    /// The cluster's id.
    pub(crate) cluster: String,
    pub(crate) pool: Option<String>,
    pub(crate) started_at: Millis,
    /// How long it takes when nothing is in the way.
    pub(crate) span: Millis,
    pub(crate) ended_at: Option<Millis>,
    pub(crate) failure: Option<Failure>,
    pub(crate) cancelled: bool,
    /// Machines were asked for once already.
    pub(crate) tried: bool,
    /// When the last of the machines that it wanted came.
    pub(crate) filled_at: Option<Millis>,
    pub(crate) work: Work,
    /// What a fault has in store for it.
    pub(crate) outcome: Option<Outcome>,
}

impl Operation {
    pub(crate) fn running_at(&self) -> Millis {
        self.started_at + self.span / 10
    }

    /// When machines begin to come and go.
    pub(crate) fn machines_at(&self) -> Millis {
        self.started_at + self.span * 3 / 10
    }

    pub(crate) fn due_at(&self) -> Millis {
        self.started_at + self.span
    }

    pub(crate) fn active(&self) -> bool {
        self.ended_at.is_none()
    }

    fn status(&self, now: Millis) -> &'static str {
        match self.ended_at {
            Some(_) => "DONE",
            None if self.cancelled => "ABORTING",
            None if now < self.running_at() => "PENDING",
            None => "RUNNING",
        }
    }

    /// What it is doing, as GKE says to those who have to wait.
    fn doing(&self) -> &'static str {
        match self.work {
            Work::Create => "creating a node pool for",
            Work::Delete => "deleting a node pool for",
            Work::Roll(_) | Work::Master(_) => "upgrading",
            Work::Resize { .. } | Work::Fill | Work::Change(_) | Work::Occupy => "updating",
        }
    }

    /// The Operation resource.
    pub(crate) fn view(&self, cluster: &Place, now: Millis) -> Value {
        let root = format!("https://container.googleapis.com/v1/projects/{PROJECT_NUMBER}/{}", cluster.place);
        let mut target = format!("{root}/clusters/{}", cluster.name);
        if let Some(pool) = &self.pool {
            target = format!("{target}/nodePools/{pool}");
        }
        let mut view = Map::new();
        let mut put = |key: &str, value: Value| view.insert(key.to_owned(), value);
        put("name", json!(self.name));
        put("zone", json!(cluster.location));
        put("location", json!(cluster.location));
        put("operationType", json!(self.kind));
        put("status", json!(self.status(now)));
        put("selfLink", json!(format!("{root}/operations/{}", self.name)));
        put("targetLink", json!(target));
        put("startTime", json!(rfc3339(self.started_at)));
        if let Some(ended_at) = self.ended_at {
            put("endTime", json!(rfc3339(ended_at)));
        }
        if let Some(failure) = &self.failure {
            put("error", json!({"code": failure.code, "message": failure.message}));
            put("statusMessage", json!(failure.message));
        }
        Value::Object(view)
    }
}

/// Where an operation's cluster is, also when the cluster is gone.
#[derive(Debug)]
pub(crate) struct Place {
    location: String,
    name: String,
    place: String,
}

impl Place {
    /// True in that location; `-` is everywhere.
    pub(crate) fn is_in(&self, location: &str) -> bool {
        location == "-" || self.location == location
    }

    pub(crate) fn of(cluster_id: &str) -> Self {
        let mut parts = cluster_id.split('/');
        let location = parts.nth(3).unwrap_or_default().to_owned();
        let name = parts.nth(1).unwrap_or_default().to_owned();
        let place = if is_zone(&location) { "zones" } else { "locations" };
        Self { place: format!("{place}/{location}"), location, name }
    }
}

impl Gke {
    /// Refuses what cannot run beside the operations under way.
    pub(crate) fn check_idle(&self, cluster: &Cluster, pool: Option<&str>) -> Result<(), Refusal> {
        let id = cluster.id();
        let active: Vec<_> = self.operations.iter().filter(|op| op.active() && op.cluster == id).collect();
        let incompatible =
            active.iter().find(|op| pool.is_none() || op.pool.is_none() || op.pool.as_deref() == pool);
        if let Some(other) = incompatible {
            return Err(Refusal::precondition(format!(
                "Operation {} is currently {} cluster {}. Please wait and try again once it is done.",
                other.name,
                other.doing(),
                cluster.name
            )));
        }
        if active.len() >= CONCURRENT_OPERATIONS {
            return Err(Refusal::too_many_operations(&cluster.name));
        }
        Ok(())
    }

    /// Starts an operation and answers with it.
    pub(crate) fn start(
        &mut self,
        context: &mut Context<'_>,
        kind: &str,
        cluster_id: &str,
        pool: Option<&str>,
        work: Work,
    ) -> Value {
        let now = context.now;
        let mut operation = Operation {
            name: format!("operation-{now}-{}", context.random.uuid()),
            kind: kind.to_owned(),
            cluster: cluster_id.to_owned(),
            pool: pool.map(str::to_owned),
            started_at: now,
            span: context.latency,
            ended_at: None,
            failure: None,
            cancelled: false,
            tried: false,
            filled_at: None,
            work,
            outcome: context.outcome("gke"),
        };
        if let Work::Roll(roll) = &mut operation.work {
            roll.pace(operation.span, now);
        }
        if let Some(Outcome::Stockout { heal_after, .. }) = &operation.outcome {
            let until = heal_after.map(|after| now.saturating_add(millis(after)));
            if let Some(pool) = pool.and_then(|name| self.pool_mut(cluster_id, name)) {
                pool.drought = Some(Drought { until });
            }
        }
        let name = operation.name.clone();
        self.operations.push(operation);
        // With no latency the work is done before the answer is made.
        self.advance(now, context.latency, context.random);
        self.forget();
        let place = Place::of(cluster_id);
        let started = self.operations.iter().find(|op| op.name == name);
        started.map_or(Value::Null, |op| op.view(&place, now))
    }

    fn forget(&mut self) {
        let finished = self.operations.iter().filter(|op| !op.active()).count();
        let mut surplus = finished.saturating_sub(REMEMBERED);
        self.operations.retain(|op| {
            let drop = surplus > 0 && !op.active();
            surplus -= usize::from(drop);
            !drop
        });
    }
}
