//! The node pool as written: every attribute may be absent or unknown.

use std::collections::{BTreeMap, BTreeSet};

use super::spec::{CapacityType, Taint};
use super::{ClusterId, Field, Options};
use crate::slicing::{MigProfile, MigStrategy, Sharing};

/// A node pool of the configuration, at plan.
///
/// Texts are as written. What cannot even be read (a malformed cluster id, an unknown word for an enum) was
/// reported when this was made and is [`Field::Unknown`] here, so that no rule speaks about it a second time.
#[derive(Debug, Clone, Default)]
pub struct NodePoolConfig {
    /// The cluster.
    pub cluster_id: Field<ClusterId>,
    /// The pool's name.
    pub name: Field<String>,
    /// The beginning of the pool's name; the rest is computed.
    pub name_prefix: Field<String>,
    /// The cloud's machine type, as written.
    pub machine_type: Field<String>,
    /// The GPU, where the machine type leaves it open.
    pub gpu: Field<GpuConfig>,
    /// The MIG profile of every GPU instance.
    pub mig_profile: Field<MigProfile>,
    /// How the slices are named as extended resources.
    pub mig_strategy: Field<MigStrategy>,
    /// Time-slicing or MPS on top; [`Sharing::None`] where the resource has none.
    pub sharing: Field<Sharing>,
    /// Nodes in the whole pool.
    pub node_count: Field<u32>,
    /// The autoscaler's limits.
    pub autoscaling: Field<AutoscalingConfig>,
    /// On demand or spot.
    pub capacity_type: Field<CapacityType>,
    /// Zones, by the cloud's names.
    pub zones: Field<BTreeSet<String>>,
    /// Node labels written on the resource, without the provider's defaults and without our own.
    pub labels: Field<BTreeMap<String, Field<String>>>,
    /// Cloud tags written on the resource, without the provider's defaults.
    pub tags: Field<BTreeMap<String, Field<String>>>,
    /// Taints, in Kubernetes' spelling, without the GPU taint.
    pub taints: Field<BTreeSet<Taint>>,
    /// Whether the pool carries the taint `nvidia.com/gpu=present:NoSchedule`.
    pub gpu_taint: Field<bool>,
    /// Boot disk, in GB.
    pub disk_size_gb: Field<u32>,
    /// Boot disk type, in the cloud's spelling.
    pub disk_type: Field<String>,
    /// Pods per node at the most.
    pub max_pods: Field<u32>,
    /// The lowest Kubernetes version wanted.
    pub kubernetes_version: Field<String>,
    /// How nodes are replaced when they roll.
    pub upgrade: Field<UpgradeConfig>,
    /// What the device plugin of the cluster is told, and where.
    pub device_plugin: Field<DevicePluginConfig>,
    /// The key of its ConfigMap that tells it; computed. Null where none does.
    pub config_key: Field<String>,
    /// The options of the pool's cloud.
    pub options: Field<Options>,
}

/// `device_plugin = { manage_config, namespace, config_map, rename_resource, fail_requests_greater_than_one }`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DevicePluginConfig {
    /// Whether we put the key into the ConfigMap; `true` when absent.
    pub manage_config: Field<bool>,
    /// The ConfigMap's namespace; found in the cluster when absent.
    pub namespace: Field<String>,
    /// The ConfigMap's name; found in the cluster when absent.
    pub config_map: Field<String>,
    /// Whether shared slices are announced under a name of their own; `false` when absent.
    pub rename_resource: Field<bool>,
    /// Whether a pod that asks for more than one shared slice fails; `true` when absent.
    pub fail_requests_greater_than_one: Field<bool>,
}

/// `gpu = { model, count }`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GpuConfig {
    /// A GPU id of the catalogue, or the cloud's accelerator type.
    pub model: Field<String>,
    /// GPUs per node.
    pub count: Field<u32>,
}

/// `autoscaling = { min_nodes, max_nodes, initial_nodes }`, totals for the whole pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AutoscalingConfig {
    /// Fewest nodes.
    pub min_nodes: Field<u32>,
    /// Most nodes.
    pub max_nodes: Field<u32>,
    /// Nodes at creation.
    pub initial_nodes: Field<u32>,
}

/// `upgrade = { max_surge, max_unavailable }`, each `\d+%?`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpgradeConfig {
    /// Nodes made beyond the pool's size while it rolls.
    pub max_surge: Field<String>,
    /// Nodes that may be missing while it rolls.
    pub max_unavailable: Field<String>,
}
