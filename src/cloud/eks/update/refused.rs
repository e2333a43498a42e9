//! Updates that EKS took and did not carry out, in words.

use super::super::follow::where_to_look;
use super::super::wire;
use crate::cloud::words::sentence;
use crate::nodepool::pools::{ErrorKind, Pending};
use crate::nodepool::{Path, PoolError, PoolId};

/// What an update's error asks of its owner: the code, what kind of error it is, the attribute to blame, and advice
/// (sources: EKS API model, `ErrorCode`; EKS user guide, "Update a managed node group for your cluster").
const ADVICE: &[(&str, ErrorKind, &str, &str)] = &[
    (
        "PodEvictionFailure",
        ErrorKind::Invalid,
        "eks.force_update",
        "Pods cannot be evicted: a PodDisruptionBudget forbids it, or they tolerate every taint and come back. Relax the \
         budget, or set eks.force_update = true, which ends them after EKS has waited.",
    ),
    (
        "NodeCreationFailure",
        ErrorKind::Invalid,
        "eks.launch_template",
        "New instances did not join the cluster. Check what has changed for them (user data, image, security groups), \
         and that the subnets reach the cluster's endpoint.",
    ),
    (
        "InsufficientFreeAddresses",
        ErrorKind::Quota,
        "eks.subnet_ids",
        "The subnets have no addresses left for spare nodes. Free some, or set upgrade = { max_surge = \"0\" }, which \
         needs none.",
    ),
    (
        "IpNotAvailable",
        ErrorKind::Quota,
        "eks.subnet_ids",
        "The subnets have no addresses left for spare nodes. Free some, or set upgrade = { max_surge = \"0\" }, which \
         needs none.",
    ),
    (
        "AsgInstanceLaunchFailures",
        ErrorKind::NoCapacity,
        "upgrade",
        "Nodes are exchanged with spare machines, and there are none: upgrade = { max_surge = \"0\" } needs no spare one.",
    ),
    (
        "InstanceLimitExceeded",
        ErrorKind::Quota,
        "upgrade",
        "The account's quota of running instances does not cover spare ones: ask for more under Service Quotas > Amazon \
         EC2, or set upgrade = { max_surge = \"0\" }.",
    ),
    (
        "AccessDenied",
        ErrorKind::Forbidden,
        "eks.node_role_arn",
        "EKS's role or the nodes' role is refused. Give it back what was taken from it.",
    ),
    (
        "ClusterUnreachable",
        ErrorKind::Invalid,
        "cluster_id",
        "EKS does not reach the cluster's API. Check that the cluster is ACTIVE and what its webhooks do.",
    ),
];

/// What goes on after a failed update, whatever failed.
const NEXT: &str = "What was changed before stays. The next plan shows what is left to change, and its apply goes on with it.";

fn told(error: &wire::Issue) -> String {
    let about = if error.resource_ids.is_empty() {
        String::new()
    } else {
        format!(" ({})", error.resource_ids.join(", "))
    };
    sentence(&format!("{}{about}: {}", error.code, error.message.trim()))
}

/// An update that failed; `doing` completes "could not …".
pub(in super::super) fn failed(
    doing: &str,
    id: &PoolId,
    pending: &Pending,
    errors: &[wire::Issue],
) -> PoolError {
    let known = errors.iter().find_map(|error| ADVICE.iter().find(|(code, ..)| *code == error.code));
    let words = if errors.is_empty() {
        "EKS does not say why.".to_owned()
    } else {
        errors.iter().map(told).collect::<Vec<_>>().join(" ")
    };
    let advice = known.map_or("Mend the cause.", |(_, _, _, advice)| advice);
    PoolError {
        kind: known.map_or(ErrorKind::Invalid, |(_, kind, ..)| kind.clone()),
        summary: format!("Could not {doing}: EKS's update failed"),
        detail: format!("{words} {advice} {NEXT} ({}.)", where_to_look(id, pending)),
        attribute: known.map(|(_, _, attribute, _)| Path::of(attribute)),
    }
}

/// An update that somebody stopped.
pub(in super::super) fn cancelled(doing: &str, id: &PoolId, pending: &Pending) -> PoolError {
    PoolError {
        kind: ErrorKind::Invalid,
        summary: format!("Could not {doing}: EKS's update was cancelled"),
        detail: format!("Somebody, or EKS itself, stopped it. {NEXT} ({}.)", where_to_look(id, pending)),
        attribute: None,
    }
}
