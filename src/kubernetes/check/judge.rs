//! Whether a pool's nodes offer what was planned. Pure.

use std::collections::BTreeMap;

use super::{NodeReport, SliceCheck};
use crate::kubernetes::nodes::NodeSeen;

/// The label of GKE's nodes whose GPUs are offered by dynamic resource allocation alone (source: GKE's cluster
/// autoscaler).
const GKE_DRA: &str = "cloud.google.com/gke-nvidia-gpu-dra-driver";

/// What is to be said of a pool's nodes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is as planned.
    Right {
        /// What they offer together.
        allocatable: u64,
    },
    /// There is no node, and none is to be expected.
    Empty,
    /// There will be nothing to compare.
    Dynamic,
    /// Not yet.
    Wait {
        /// Nodes that are right.
        right: usize,
        /// Nodes that are there.
        there: usize,
    },
}

/// Nodes that count: those that stay.
pub(super) fn staying(nodes: &BTreeMap<String, NodeSeen>) -> impl Iterator<Item = &NodeSeen> {
    nodes.values().filter(|node| !node.leaving)
}

/// The verdict on the nodes by name.
pub(super) fn judge(check: &SliceCheck, nodes: &BTreeMap<String, NodeSeen>) -> Verdict {
    let there = staying(nodes).count();
    let right = staying(nodes).filter(|node| is_right(check, node)).count();
    let allocatable = staying(nodes).map(|node| node.offers(&check.resource)).sum();
    let wanted = check.nodes.map_or(0, |nodes| nodes as usize);
    if there == 0 && wanted == 0 {
        Verdict::Empty
    } else if there > 0 && staying(nodes).all(|node| node.label(GKE_DRA) == Some("true")) {
        Verdict::Dynamic
    } else if there > 0 && right == there && there >= wanted {
        Verdict::Right { allocatable }
    } else {
        Verdict::Wait { right, there }
    }
}

/// Whether a node is ready and offers exactly what was planned: the same GPUs under another name as well would be
/// handed out twice, and whole GPUs may be as many as slices are to come.
pub(super) fn is_right(check: &SliceCheck, node: &NodeSeen) -> bool {
    let cut = check.mig_manager.is_none() || node.mig_state() == Some("success");
    node.ready
        && cut
        && node.offers(&check.resource) == check.per_node
        && node.others(&check.resource).is_empty()
}

/// Whether mig-manager says that it could not cut a node's GPUs. It does not try again by itself.
pub(super) fn has_failed(check: &SliceCheck, node: &NodeSeen) -> bool {
    check.mig_manager.is_some() && node.mig_state() == Some("failed")
}

/// What is told of a node.
pub(super) fn report(check: &SliceCheck, node: &NodeSeen) -> NodeReport {
    let others = node.others(&check.resource);
    NodeReport {
        name: node.name.clone(),
        ready: node.ready,
        right: is_right(check, node),
        offers: node.offers(&check.resource),
        others: others.into_iter().map(|(name, amount)| format!("{name}: {amount}")).collect(),
    }
}
