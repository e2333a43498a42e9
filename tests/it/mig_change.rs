//! Changes of a pool that stands: planned, applied, and compared with what the plan had promised.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::mig_desk::{Desk, path};
use crate::mig_pool::{POOL, Pool};
use crate::support::json;

/// What an update did. The pool is the same, and a second plan was empty.
#[derive(Debug)]
pub(crate) struct Update {
    /// The accepted requests that changed something.
    pub(crate) requests: Vec<Value>,
    before: BTreeSet<String>,
    after: BTreeSet<String>,
}

impl Desk {
    /// Changes the pool to this configuration, and demands that it is an update of the same pool: planned as one,
    /// applied as planned, nothing created and nothing deleted, nothing left to do.
    #[track_caller]
    pub(crate) fn update(&self, pool: &Pool) -> Update {
        let (id, before) = (self.state()["id"].clone(), self.uids());
        let (creates, deletes) = (self.creates().len(), self.deletes().len());
        let so_far = self.changes(0).len();
        let plan = self.planned(pool);
        let change = json::change(&plan, self.address);
        assert_eq!(json::actions(&plan, self.address), ["update"], "{change:#}");
        self.workspace.run(&["apply", "json.tfplan"]).success();
        self.workspace.assert_empty_plan();
        assert_eq!(self.state()["id"], id);
        assert_eq!(self.state()["status"], "ready");
        assert_eq!((self.creates().len(), self.deletes().len()), (creates, deletes), "the pool was replaced");
        Update { requests: self.changes(so_far), before, after: self.uids() }
    }

    /// Changes the pool to this configuration, and demands that it is planned and done as a replacement because of
    /// this attribute.
    #[track_caller]
    pub(crate) fn replace(&self, pool: &Pool, because_of: &[&str]) {
        let before = self.uids();
        let (creates, deletes) = (self.creates().len(), self.deletes().len());
        let plan = self.planned(pool);
        assert_replaces_at(&plan, self.address, because_of);
        self.workspace.run(&["apply", "json.tfplan"]).success();
        self.workspace.assert_empty_plan();
        assert_eq!((self.creates().len(), self.deletes().len()), (creates + 1, deletes + 1));
        assert!(self.uids().is_disjoint(&before), "nodes of the old pool are left");
    }
}

/// Demands that a plan replaces the pool, because of these paths and no others.
#[track_caller]
pub(crate) fn assert_replaces(plan: &Value, because_of: &[&str]) {
    assert_replaces_at(plan, POOL, because_of);
}

#[track_caller]
fn assert_replaces_at(plan: &Value, address: &str, because_of: &[&str]) {
    let change = json::change(plan, address);
    assert_eq!(json::actions(plan, address), ["delete", "create"], "{change:#}");
    let mut paths: Vec<String> =
        change["replace_paths"].as_array().into_iter().flatten().map(dotted).collect();
    paths.sort();
    assert_eq!(paths, because_of);
}

fn dotted(path: &Value) -> String {
    let steps = path.as_array().expect("a path is a list").iter();
    steps
        .map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned))
        .collect::<Vec<_>>()
        .join(".")
}

impl Update {
    /// Every node is still the node that it was.
    #[track_caller]
    pub(crate) fn keeps_nodes(self) -> Self {
        assert_eq!(self.before, self.after, "nodes came or went");
        self
    }

    /// No node was replaced, whether some came or some went.
    #[track_caller]
    pub(crate) fn replaces_no_node(self) -> Self {
        let kept = self.before.is_subset(&self.after) || self.after.is_subset(&self.before);
        assert!(kept, "{:?} became {:?}", self.before, self.after);
        self
    }

    /// Every node was replaced.
    #[track_caller]
    pub(crate) fn rolls_nodes(self) -> Self {
        assert!(self.before.is_disjoint(&self.after), "{:?} became {:?}", self.before, self.after);
        assert_eq!(self.before.len(), self.after.len());
        self
    }

    /// The cloud was not asked to change anything.
    #[track_caller]
    pub(crate) fn calls_nothing(self) -> Self {
        assert_eq!(self.requests, Vec::<Value>::new());
        self
    }

    /// The bodies of the requests whose path ends so.
    pub(crate) fn bodies(&self, end: &str) -> Vec<Value> {
        let sent = self.requests.iter().filter(|record| path(record).ends_with(end));
        sent.map(|record| record["request_body"].clone()).collect()
    }
}
