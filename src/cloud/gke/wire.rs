//! The JSON types of the GKE API v1: the node pool. Bodies of calls are in `calls`
//! (source: GKE API discovery document v1).
//!
//! Everything is optional, since GKE leaves out what is zero, false or empty. Enums are texts: a word that is new
//! in the API must not make a pool unreadable. Objects that are sent back after a change keep the fields that are
//! not modelled here in `extra`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod calls;
mod number;

pub(crate) use calls::*;
pub(crate) use number::{Int, Long};

/// What the API knows and this module does not.
pub(crate) type Extra = Map<String, Value>;

/// A node pool. Counts are per zone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodePool {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<NodeConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_node_count: Option<Int>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management: Option<Management>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_pods_constraint: Option<MaxPods>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_settings: Option<UpgradeSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement_policy: Option<PlacementPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_config: Option<NetworkConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_provisioning: Option<Enabled>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_drain_config: Option<NodeDrain>,

    // What only the service writes.
    #[serde(skip_serializing)]
    pub status: String,
    #[serde(skip_serializing)]
    pub status_message: String,
    #[serde(skip_serializing)]
    pub conditions: Vec<Condition>,
    #[serde(skip_serializing)]
    pub instance_group_urls: Vec<String>,
    #[serde(skip_serializing)]
    pub update_info: Option<UpdateInfo>,
    #[serde(skip_serializing)]
    pub etag: Option<String>,
    #[serde(skip_serializing)]
    pub autopilot_config: Option<Enabled>,
}

/// The nodes of a pool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodeConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_type: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accelerators: Vec<Accelerator>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_size_gb: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_type: Option<String>,
    /// Where newer pools show their boot disk.
    #[serde(skip_serializing)]
    pub boot_disk: Option<BootDisk>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_type: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
    /// Network tags, not labels of cloud resources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_manager_tags: Option<TagMap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub oauth_scopes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot: Option<bool>,
    /// The older kind of spot machines; read, never written.
    #[serde(skip_serializing)]
    pub preemptible: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flex_start: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_run_duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_affinity: Option<ReservationAffinity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage_local_ssd_config: Option<LocalSsd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gvnic: Option<Enabled>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcfs_config: Option<Enabled>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_metadata_config: Option<WorkloadMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shielded_instance_config: Option<ShieldedInstance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_disk_kms_key: Option<String>,
}

/// The GPUs of a node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Accelerator {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator_count: Option<Long>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_partition_size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_sharing_config: Option<GpuSharing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_driver_installation_config: Option<GpuDriver>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// How many containers share a GPU or a partition, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GpuSharing {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_sharing_strategy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_shared_clients_per_gpu: Option<Long>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which GPU driver GKE installs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GpuDriver {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_driver_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specific_version: Option<String>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// A boot disk as newer pools show it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BootDisk {
    pub disk_type: Option<String>,
    pub size_gb: Option<Long>,
}

/// A taint, with the effect in the API's spelling.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Taint {
    pub key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    pub effect: String,
    #[serde(flatten)]
    pub extra: Extra,
}

/// Something that is on or off.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Enabled {
    pub enabled: bool,
    #[serde(flatten)]
    pub extra: Extra,
}

/// The cluster autoscaler's limits, per zone or in all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Autoscaling {
    pub enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_node_count: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_node_count: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_min_node_count: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_max_node_count: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_policy: Option<String>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// What GKE does to nodes by itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Management {
    pub auto_repair: bool,
    pub auto_upgrade: bool,
    #[serde(flatten)]
    pub extra: Extra,
}

/// Pods per node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MaxPods {
    pub max_pods_per_node: Long,
}

/// How nodes are replaced.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UpgradeSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_surge: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blue_green_settings: Option<BlueGreen>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// A second set of nodes beside the first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BlueGreen {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_pool_soak_duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_rollout_policy: Option<Rollout>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the first set of nodes is drained.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rollout {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_node_count: Option<Int>,
    /// Above 0 and up to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_percentage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_soak_duration: Option<String>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where machines stand to each other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PlacementPolicy {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// The network of a pool, apart from the cluster's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NetworkConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_range: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_private_nodes: Option<bool>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// How nodes are drained.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodeDrain {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub respect_pdb_during_node_pool_deletion: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_termination_duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pdb_timeout_duration: Option<String>,
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which reservation the machines come from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReservationAffinity {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consume_reservation_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// Local SSDs that hold what pods write.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LocalSsd {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_ssd_count: Option<Int>,
}

/// What pods see of the metadata server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct WorkloadMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// What Shielded VMs check.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ShieldedInstance {
    pub enable_secure_boot: bool,
    pub enable_integrity_monitoring: bool,
}

/// Resource manager tags.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TagMap {
    pub tags: BTreeMap<String, String>,
}

/// Why a pool is in the state it is in.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Condition {
    pub code: String,
    pub canonical_code: String,
    pub message: String,
}

/// A change under way.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UpdateInfo {
    pub blue_green_info: Option<BlueGreenInfo>,
}

/// A blue-green upgrade under way.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BlueGreenInfo {
    pub phase: String,
}
