//! The node pool as a cloud shows it.

use std::collections::{BTreeMap, BTreeSet};

use super::spec::{CapacityType, NodeGpus, SharingSwitches, Taint, Upgrade};
use super::{Options, PoolId};
use crate::slicing::{MigProfile, Sharing};

/// A node pool that exists, read from its cloud.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePool {
    /// Its cluster and name; the text is the cloud's native id.
    pub id: PoolId,
    /// The cloud's machine type.
    pub machine_type: String,
    /// The GPUs of a node; `None` for a pool without GPUs.
    pub gpu: Option<NodeGpus>,
    /// The MIG profile its GPUs are cut into.
    pub mig_profile: Option<MigProfile>,
    /// Sharing on top.
    pub sharing: Sharing,
    /// How shared slices meet pods, as far as the cloud shows it; else the default.
    pub switches: SharingSwitches,
    /// Nodes wanted now, in the whole pool; `None` when the cloud did not say (see the warnings of the read).
    pub node_count: Option<u32>,
    /// The autoscaler's limits as (fewest, most), in the whole pool; `None` without autoscaling.
    pub autoscaling: Option<(u32, u32)>,
    /// On demand or spot.
    pub capacity_type: CapacityType,
    /// The zones it may use.
    pub zones: BTreeSet<String>,
    /// Node labels, without those that the cloud itself adds.
    pub labels: BTreeMap<String, String>,
    /// Cloud tags, without those that the cloud itself adds.
    pub tags: BTreeMap<String, String>,
    /// Taints, without the GPU taint and without those that the cloud itself adds.
    pub taints: BTreeSet<Taint>,
    /// Whether the GPU taint is there.
    pub gpu_taint: bool,
    /// Boot disk in GB.
    pub disk_size_gb: Option<u32>,
    /// Boot disk type.
    pub disk_type: Option<String>,
    /// Pods per node at the most.
    pub max_pods: Option<u32>,
    /// The Kubernetes version of its nodes, in the cloud's spelling.
    pub kubernetes_version: Option<String>,
    /// How nodes are replaced.
    pub upgrade: Upgrade,
    /// The options of its cloud.
    pub options: Options,
    /// How it fares.
    pub health: Health,
}

/// How a pool fares, in the words that decide what Terraform does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Usable.
    Ready,
    /// The cloud is working on it, or says that it may heal (a stock-out, a quota that may free up).
    Pending(String),
    /// The cloud gave up for now, and goes on when it is asked to (a stock-out, a cancelled operation).
    Stalled(String),
    /// The cloud gave up; the text is its own.
    Failed(String),
    /// It is being deleted.
    Deleting,
}
