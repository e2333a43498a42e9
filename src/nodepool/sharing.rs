//! The rules of shared GPUs that hold on every cloud.

use super::{Field, NodePoolConfig, Problems};
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
pub(super) fn check(config: &NodePoolConfig, problems: &mut Problems) {
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
