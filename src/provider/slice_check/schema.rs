//! The attributes of `gpuslice_slice_check`.

use std::time::Duration;

use crate::duration::GoDuration;
use crate::tfplugin::{Attribute, Schema, Type};

use super::super::nodepool::equivalent;

/// How long the whole check may take where nobody says: as long as slices take on machines that restart first.
pub(super) const PATIENCE: Duration = Duration::from_secs(25 * 60);

/// The schema.
pub(super) fn schema() -> Schema {
    let described = "Waits until a node pool is ready and its nodes offer the slices that they are to offer, and fails \
                     the apply with the cause when they do not. It makes nothing, and the pool stays as it is.";
    [
        Attribute::string("nodepool_id")
            .required()
            .equivalent(equivalent::pools)
            .requires_replace()
            .describe("The pool: the `id` of a `gpuslice_mig_nodepool` or a `gpuslice_timeslice_nodepool`."),
        Attribute::string("timeout").optional().equivalent(equivalent::durations).describe(format!(
            "How long to wait in all, for the pool and then for its slices, such as `10m`; by default {}.",
            GoDuration(PATIENCE)
        )),
        Attribute::map("triggers", Type::String).optional().requires_replace().describe(
            "Anything whose change is to be followed by another look, such as `slices.per_node` of the pool or the \
             version of the device plugin.",
        ),
        Attribute::string("id").computed().use_state().describe("The pool's id, in the cloud's spelling."),
        Attribute::string("resource_name")
            .computed()
            .use_state()
            .describe("The extended resource that was looked for."),
        Attribute::number("slices_per_node")
            .computed()
            .use_state()
            .describe("How many of it each node was to offer, and did."),
        Attribute::number("nodes").computed().use_state().describe("The nodes that were seen."),
        Attribute::number("allocatable_slices")
            .computed()
            .use_state()
            .describe("What they offered together. A later change in the cluster does not show here."),
    ]
    .into_iter()
    .fold(Schema::new(0).describe(described), Schema::attribute)
}
