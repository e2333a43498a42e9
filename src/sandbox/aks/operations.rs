//! AKS's operations: what is under way, what it excludes, and how it is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Context;
use super::errors::Refusal;
use super::model::{Aks, Cluster, Drought};
use crate::sandbox::clock::{Millis, millis, rfc3339};
use crate::sandbox::fault_kinds::Outcome;
use crate::sandbox::nodes::Drain;

/// Finished operations that are kept for questions about them.
const REMEMBERED: usize = 2000;

/// The version in polling URLs: one of AKS's own, which no client may replace (that it is this one is unverified).
pub(crate) const POLLING_VERSION: &str = "2016-03-31";

/// What an operation does to the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Work {
    Create,
    /// The pool is brought to what its resource says; nodes are replaced where a roll is given.
    Update(Option<Roll>),
    Delete,
    /// Work that only takes time: somebody else's, or the answer to an abort.
    Occupy,
}

/// How far the replacement of nodes has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Roll {
    /// Uids of the nodes still to go.
    pub(crate) remaining: Vec<String>,
    pub(crate) surge: u32,
    pub(crate) unavailable: u32,
    /// Time between two batches.
    pub(crate) step: Millis,
    pub(crate) next_at: Millis,
    /// Nodes that are being drained, by uid.
    pub(crate) drains: BTreeMap<String, Drain>,
    /// When it should be through after a drain, which takes what it takes.
    pub(crate) late: Millis,
}

/// Why something failed: an `ErrorDetail`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) details: Vec<Value>,
}

impl Failure {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), details: Vec::new() }
    }

    pub(crate) fn view(&self) -> Value {
        let mut view = json!({"code": self.code, "message": self.message});
        if !self.details.is_empty() {
            view["details"] = json!(self.details);
        }
        view
    }
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum End {
    Succeeded,
    Failed(Failure),
    Canceled,
}

/// One operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Operation {
    /// A GUID.
    pub(crate) id: String,
    /// In the polling URL, which nobody may make up.
    pub(crate) signature: String,
    /// The state that the pool shows meanwhile, such as `Creating`.
    pub(crate) doing: String,
    /// The cluster's key.
    pub(crate) cluster: String,
    pub(crate) subscription: String,
    pub(crate) location: String,
    pub(crate) pool: Option<String>,
    pub(crate) started_at: Millis,
    /// How long it takes when nothing is in the way.
    pub(crate) span: Millis,
    pub(crate) ended_at: Option<Millis>,
    pub(crate) end: Option<End>,
    /// The wish has reached the machines.
    pub(crate) begun: bool,
    /// When the last of the machines that it wanted came.
    pub(crate) filled_at: Option<Millis>,
    pub(crate) work: Work,
    /// What a fault has in store for it.
    pub(crate) outcome: Option<Outcome>,
}

impl Operation {
    /// When machines begin to come and go.
    pub(crate) fn machines_at(&self) -> Millis {
        self.started_at + self.span * 3 / 10
    }

    pub(crate) fn due_at(&self) -> Millis {
        self.started_at + self.span
    }

    /// When its rollout should be through, as far as drains have delayed it.
    pub(crate) fn late(&self) -> Millis {
        match &self.work {
            Work::Update(Some(roll)) if !roll.remaining.is_empty() => roll.late,
            _ => 0,
        }
    }

    pub(crate) fn active(&self) -> bool {
        self.ended_at.is_none()
    }

    /// `InProgress`, or how it ended.
    pub(crate) fn status(&self) -> &'static str {
        match &self.end {
            None => "InProgress",
            Some(End::Succeeded) => "Succeeded",
            Some(End::Failed(_)) => "Failed",
            Some(End::Canceled) => "Canceled",
        }
    }

    /// The absolute URL of the operation (`operations`) or of its result (`operationresults`).
    pub(crate) fn url(&self, base: &str, kind: &str) -> String {
        format!(
            "{base}/subscriptions/{}/providers/Microsoft.ContainerService/locations/{}/{kind}/{}\
             ?api-version={POLLING_VERSION}&t={}&s={}",
            self.subscription, self.location, self.id, self.started_at, self.signature
        )
    }

    /// The operation as its URL shows it.
    pub(crate) fn view(&self) -> Value {
        let mut view = json!({
            "id": format!(
                "/subscriptions/{}/providers/Microsoft.ContainerService/locations/{}/operations/{}",
                self.subscription, self.location, self.id
            ),
            "name": self.id,
            "status": self.status(),
            "startTime": rfc3339(self.started_at),
        });
        if let Some(ended_at) = self.ended_at {
            view["endTime"] = json!(rfc3339(ended_at));
        }
        if let Some(End::Failed(failure)) = &self.end {
            view["error"] = failure.view();
        }
        view
    }
}

impl Aks {
    /// Refuses what cannot run beside the operations under way: a cluster carries out one at a time.
    pub(crate) fn check_idle(&self, cluster: &str) -> Result<(), Refusal> {
        let Some(other) = self.operations.iter().find(|op| op.active() && op.cluster == cluster) else {
            return Ok(());
        };
        Err(Refusal::busy(&match &other.pool {
            Some(pool) => format!("Another agentpool operation ({pool} - {})", other.doing),
            None => format!("Another operation ({})", other.doing),
        }))
    }

    /// Starts an operation and returns its id. The pool shows `doing` until it ends.
    pub(crate) fn start(
        &mut self,
        context: &mut Context<'_>,
        doing: &str,
        cluster_key: &str,
        pool: Option<&str>,
        work: Work,
    ) -> String {
        let now = context.now;
        let place = |pick: fn(&Cluster) -> &String| {
            self.clusters.get(cluster_key).map(pick).cloned().unwrap_or_default()
        };
        let mut operation = Operation {
            id: context.random.uuid(),
            signature: context.random.hex(32),
            doing: doing.to_owned(),
            cluster: cluster_key.to_owned(),
            subscription: place(|cluster| &cluster.subscription),
            location: place(|cluster| &cluster.location),
            pool: pool.map(str::to_owned),
            started_at: now,
            span: context.latency,
            ended_at: None,
            end: None,
            begun: false,
            filled_at: None,
            work,
            outcome: context.outcome("aks"),
        };
        if let Work::Update(Some(roll)) = &mut operation.work {
            roll.pace(operation.span, now);
        }
        if let Some(pool) = pool.and_then(|name| self.pool_mut(cluster_key, name)) {
            doing.clone_into(&mut pool.state);
            pool.touch(context.random);
            if let Some(Outcome::Stockout { heal_after, code, wrapped, .. }) = &operation.outcome {
                pool.drought = Some(Drought {
                    until: heal_after.map(|after| now.saturating_add(millis(after))),
                    code: code.clone(),
                    wrapped: *wrapped,
                });
            }
        }
        let id = operation.id.clone();
        self.operations.push(operation);
        // With no latency the work is done before the answer is made.
        self.advance(now, context.random);
        self.forget();
        id
    }

    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().rfind(|op| op.id.eq_ignore_ascii_case(id))
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
