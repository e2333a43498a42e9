//! What is under way at EKS: creations, updates and deletions of node groups, and how updates are shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Context;
use super::model::{Drought, Eks, Issue, Recipe, epoch};
use crate::sandbox::clock::{Millis, millis};
use crate::sandbox::fault_kinds::Outcome;
use crate::sandbox::nodes::Drain;

/// Finished operations that are kept for questions about them.
const REMEMBERED: usize = 2000;

/// What an operation does to the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Work {
    Create,
    /// Labels, taints and sizes reach the machines.
    Config,
    /// Nodes are replaced; at the end the group is as it says here.
    Version(Box<Roll>),
    Delete,
    /// Somebody else's update, which only takes time.
    Occupy,
}

/// A replacement of nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Roll {
    /// What the group becomes.
    pub(super) spec: Value,
    pub(super) recipe: Recipe,
    /// Uids of the nodes still to go.
    pub(super) remaining: Vec<String>,
    /// Nodes at a time.
    pub(super) batch: usize,
    /// Old nodes go before new ones come.
    pub(super) minimal: bool,
    /// Nodes go with the pods that do not want to.
    pub(super) force: bool,
    /// Nodes that are being drained, by uid.
    pub(super) drains: BTreeMap<String, Drain>,
    /// Zones of nodes that are gone and have no successor yet.
    pub(super) missing: Vec<String>,
    /// When it should be through after a drain, which takes what it takes.
    pub(super) late: Millis,
    /// Time between two batches.
    pub(super) step: Millis,
    pub(super) next_at: Millis,
}

impl Roll {
    /// Every node is replaced.
    pub(super) fn whole(&self) -> bool {
        self.remaining.is_empty() && self.missing.is_empty()
    }
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum End {
    Successful,
    Failed(Vec<Issue>),
    Cancelled,
}

/// One operation. Updates have an id and are shown; creations and deletions show in the group's status only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Operation {
    pub(super) id: String,
    /// The cluster's ARN.
    pub(super) cluster: String,
    pub(super) group: String,
    /// Tells groups of one name apart.
    pub(super) uuid: String,
    /// Type and value of what an update changes.
    pub(super) params: Vec<(String, String)>,
    pub(super) started_at: Millis,
    /// How long it takes when nothing is in the way.
    pub(super) span: Millis,
    pub(super) ended_at: Option<Millis>,
    pub(super) end: Option<End>,
    /// The wish has reached the machines.
    pub(super) begun: bool,
    /// When the last of the machines that it wanted came.
    pub(super) filled_at: Option<Millis>,
    pub(super) work: Work,
    /// What a fault has in store for it.
    pub(super) outcome: Option<Outcome>,
}

impl Operation {
    pub(super) fn active(&self) -> bool {
        self.ended_at.is_none()
    }

    /// When machines begin to come and go.
    pub(super) fn machines_at(&self) -> Millis {
        self.started_at + self.span * 3 / 10
    }

    pub(super) fn due_at(&self) -> Millis {
        self.started_at + self.span
    }

    /// When machines that do not come are no longer waited for. At AWS that is some 20 minutes for a creation of a few.
    pub(super) fn patience_ends(&self) -> Millis {
        self.started_at + self.span * 3
    }

    fn kind(&self) -> Option<&'static str> {
        match self.work {
            Work::Config | Work::Occupy => Some("ConfigUpdate"),
            Work::Version(_) => Some("VersionUpdate"),
            Work::Create | Work::Delete => None,
        }
    }

    /// The `Update`; none where it is none.
    pub(super) fn view(&self) -> Option<Value> {
        let (status, errors) = match &self.end {
            None => ("InProgress", Vec::new()),
            Some(End::Successful) => ("Successful", Vec::new()),
            Some(End::Cancelled) => ("Cancelled", Vec::new()),
            Some(End::Failed(issues)) => ("Failed", issues.iter().map(Issue::error).collect()),
        };
        let params: Vec<_> =
            self.params.iter().map(|(kind, value)| json!({"type": kind, "value": value})).collect();
        Some(json!({"id": self.id, "status": status, "type": self.kind()?, "params": params,
            "createdAt": epoch(self.started_at), "errors": errors}))
    }
}

impl Eks {
    /// Starts an operation and returns its id. The group shows `status` until it ends.
    pub(super) fn start(
        &mut self,
        context: &mut Context<'_>,
        status: &str,
        cluster: &str,
        name: &str,
        params: Vec<(String, String)>,
        work: Work,
    ) -> String {
        let (now, outcome) = (context.now, context.outcome("eks"));
        let id = context.random.uuid();
        let Some(group) = self.group_mut(cluster, name) else { return id };
        status.clone_into(&mut group.status);
        group.modified_at = now;
        if let Some(Outcome::Stockout { heal_after, code, .. }) = &outcome {
            let code = code.clone().unwrap_or_else(|| "AsgInstanceLaunchFailures".to_owned());
            group.drought =
                Some(Drought { until: heal_after.map(|after| now.saturating_add(millis(after))), code });
        }
        let uuid = group.uuid.clone();
        self.operations.push(Operation {
            id: id.clone(),
            cluster: cluster.to_owned(),
            group: name.to_owned(),
            uuid,
            params,
            started_at: now,
            span: context.latency,
            ended_at: None,
            end: None,
            begun: false,
            filled_at: None,
            work,
            outcome,
        });
        // With no latency the work is done before the answer is made.
        self.advance(now, context.latency, context.random);
        self.forget();
        id
    }

    /// An update of a node group that is there.
    pub(super) fn update(&self, cluster: &str, name: &str, id: &str) -> Option<&Operation> {
        self.updates(cluster, name).into_iter().find(|op| op.id == id)
    }

    /// The updates of a node group, the newest first.
    pub(super) fn updates(&self, cluster: &str, name: &str) -> Vec<&Operation> {
        let uuid =
            self.clusters.get(cluster).and_then(|found| found.groups.get(name)).map(|group| &group.uuid);
        let own = |op: &&Operation| op.cluster == cluster && Some(&op.uuid) == uuid && op.kind().is_some();
        self.operations.iter().rev().filter(own).collect()
    }

    fn forget(&mut self) {
        let mut surplus = self.operations.iter().filter(|op| !op.active()).count().saturating_sub(REMEMBERED);
        self.operations.retain(|op| {
            let drop = surplus > 0 && !op.active();
            surplus -= usize::from(drop);
            !drop
        });
    }
}
