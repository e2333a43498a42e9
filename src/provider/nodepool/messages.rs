//! What a user reads when a pool exists that should not, or is not ready when it should be.

use crate::nodepool::pools::{ErrorKind, Incomplete, IncompleteReason};
use crate::nodepool::{PoolError, PoolId};
use crate::tfplugin::{Diagnostic, Diagnostics};

use super::super::diagnostics;

/// An error of a cloud, with the import block where a pool is in the way.
pub(super) fn of_error(error: &PoolError, resource_type: &str) -> Diagnostics {
    let ErrorKind::AlreadyExists(id) = &error.kind else { return diagnostics::of_error(error) };
    let mut shown = error.clone();
    shown.detail = format!("{}\n\n{}", error.detail, import_advice(id, resource_type));
    diagnostics::of_error(&shown)
}

fn import_advice(id: &PoolId, resource_type: &str) -> String {
    format!(
        "If the pool is yours (an earlier apply may have been killed after the cloud had begun to create it), take it \
         over: put this block beside the resource, with the resource's own name, and apply again. Nothing is created \
         twice.\n\n\
         import {{\n  to = {resource_type}.NAME\n  id = \"{id}\"\n}}\n\n\
         Else choose another name. With name_prefix, two pools with the same inputs get the same name."
    )
}

/// A pool that is not ready, as a warning: it is kept, and the next apply goes on with it.
pub(super) fn kept(id: &PoolId, incomplete: &Incomplete) -> Diagnostic {
    Diagnostic::warning(
        summary(id, incomplete.reason),
        format!(
            "{} The pool is kept, with status = \"incomplete\": the next `terraform apply` goes on waiting for this \
             same pool. (Terraform may say \"Creation complete\" above; the pool is not.)",
            incomplete.message
        ),
    )
}

/// A pool that was ready once and that somebody, or the cloud itself, has got into trouble since.
pub(super) fn unwell(id: &PoolId, words: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("The node pool {} is not well", id.name),
        format!(
            "The cloud has given up an operation on it that Terraform did not begin: {words}. Nodes that it has may \
             well work. A change of the pool, or the cloud's own tools, can make it try again."
        ),
    )
}

/// A pool that is not ready, as an error of its creation: it becomes tainted, as the user asked for.
pub(super) fn failed(id: &PoolId, incomplete: &Incomplete) -> Diagnostics {
    Diagnostics::error(
        summary(id, incomplete.reason),
        format!(
            "{} Because of on_incomplete = \"fail\" the pool is marked as tainted, and the next `terraform apply` \
             replaces it.",
            incomplete.message
        ),
    )
}

/// A pool that is still not ready at the end of an update: an error that changes nothing about the pool.
pub(super) fn unfinished(id: &PoolId, incomplete: &Incomplete) -> Diagnostics {
    Diagnostics::error(
        summary(id, incomplete.reason),
        format!(
            "{} The pool is kept as it is, with status = \"incomplete\": the next `terraform apply` goes on with it.",
            incomplete.message
        ),
    )
}

fn summary(id: &PoolId, reason: IncompleteReason) -> String {
    let name = &id.name;
    match reason {
        IncompleteReason::Interrupted => format!("Interrupted: the node pool {name} is not ready yet"),
        IncompleteReason::TimedOut => format!("Timed out: the node pool {name} is not ready yet"),
        IncompleteReason::NoCapacity => format!("No capacity: the node pool {name} is not ready yet"),
        IncompleteReason::Unreachable => {
            format!("Lost sight of the node pool {name}, which is not ready yet")
        }
        IncompleteReason::Unhealthy => format!("The node pool {name} is not ready yet"),
    }
}
