//! The rules of shared GPUs that hold on every cloud.

use super::{CloudRules, Field, NodePoolConfig, Problems};
use crate::nodepool::checks::display;
use crate::slicing::Sharing;

/// Whether the pool shares its GPUs, or may turn out to.
pub(super) fn is_wanted(config: &NodePoolConfig) -> bool {
    match &config.sharing {
        Field::Known(sharing) => *sharing != Sharing::None,
        Field::Unknown => true,
        Field::Null => false,
    }
}

/// Finds what is wrong with how the pool is to share its GPUs.
pub(super) fn check(config: &NodePoolConfig, rules: Option<&dyn CloudRules>, problems: &mut Problems) {
    if let Some(rules) = rules.filter(|_| is_wanted(config))
        && let Some(why) = rules.no_sharing()
    {
        let path = if config.cluster_id.is_written() { "cluster_id" } else { "machine_type" };
        problems.error(
            path,
            format!("GPUs cannot be shared on {} in this version", display(rules.cloud())),
            why,
        );
        return;
    }
    let shared = config.sharing.known().filter(|sharing| **sharing != Sharing::None);
    if let Some(sharing) = shared.filter(|sharing| sharing.replicas() < 2) {
        problems.error(
            "replicas",
            format!("replicas = {} shares nothing", sharing.replicas()),
            "At least 2 containers share a GPU. For whole GPU instances, one container each, there is \
             gpuslice_mig_nodepool.",
        );
    }
}
