//! The JSON types of the AKS API: the node pool, which Azure calls an agent pool. Bodies around it are in `calls`
//! (source: the azure-mgmt-containerservice package 41.8.0, and 41.9.0b1 for what only the preview has).
//!
//! Everything is optional: what was never set is left out, null or empty. Enums are texts: a word that is new in the
//! API must not make a pool unreadable. These types are what is sent to create a pool and what is understood of an
//! answer. A change starts from the whole answer instead ([`Shown::properties`]), so that what is not modelled here
//! survives it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

mod calls;

pub(crate) use calls::*;

/// An agent pool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AgentPool {
    #[serde(skip_serializing)]
    pub name: String,
    pub properties: Properties,
    #[serde(skip_serializing)]
    pub system_data: Option<SystemData>,
}

/// Who made a resource, and when.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SystemData {
    /// RFC 3339.
    pub created_at: Option<String>,
}

/// A node pool's properties. Counts are for the whole pool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Properties {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vm_size: Option<String>,
    #[serde(rename = "osDiskSizeGB", skip_serializing_if = "Option::is_none")]
    pub os_disk_size_gb: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_disk_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubelet_disk_type: Option<String>,
    #[serde(rename = "vnetSubnetID", skip_serializing_if = "Option::is_none")]
    pub vnet_subnet_id: Option<String>,
    #[serde(rename = "podSubnetID", skip_serializing_if = "Option::is_none")]
    pub pod_subnet_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_pods: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_type: Option<String>,
    #[serde(rename = "osSKU", skip_serializing_if = "Option::is_none")]
    pub os_sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_auto_scaling: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_mode: Option<String>,
    /// `VirtualMachineScaleSets`, for pools of ours.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orchestrator_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_settings: Option<UpgradeSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zones: Option<Vec<String>>,
    #[serde(rename = "enableNodePublicIP", skip_serializing_if = "Option::is_none")]
    pub enable_node_public_ip: Option<bool>,
    /// `Regular` or `Spot`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_set_priority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_set_eviction_policy: Option<String>,
    /// -1 is the price on demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_max_price: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "texts")]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "texts")]
    pub node_labels: Option<BTreeMap<String, String>>,
    /// `key=value:effect` each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_taints: Option<Vec<String>>,
    #[serde(rename = "proximityPlacementGroupID", skip_serializing_if = "Option::is_none")]
    pub proximity_placement_group_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubelet_config: Option<KubeletConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_encryption_at_host: Option<bool>,
    #[serde(rename = "enableFIPS", skip_serializing_if = "Option::is_none")]
    pub enable_fips: Option<bool>,
    /// `MIG1g` to `MIG7g`: what every GPU is cut into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_instance_profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_data: Option<CreationData>,
    #[serde(rename = "capacityReservationGroupID", skip_serializing_if = "Option::is_none")]
    pub capacity_reservation_group_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_profile: Option<GpuProfile>,

    // What only the service writes.
    #[serde(skip_serializing)]
    pub e_tag: Option<String>,
    #[serde(skip_serializing)]
    pub provisioning_state: Option<String>,
    #[serde(skip_serializing)]
    pub power_state: Option<PowerState>,
    #[serde(skip_serializing)]
    pub current_orchestrator_version: Option<String>,
    #[serde(skip_serializing)]
    pub status: Option<PoolStatus>,
}

/// How nodes are replaced.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UpgradeSettings {
    /// A number of nodes or a percentage, as a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_surge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain_timeout_in_minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_soak_duration_in_minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undrainable_node_behavior: Option<String>,
}

/// What is set of the kubelets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct KubeletConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_manager_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_cfs_quota: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_cfs_quota_period: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_gc_high_threshold: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_gc_low_threshold: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_manager_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_unsafe_sysctls: Option<Vec<String>>,
    #[serde(rename = "containerLogMaxSizeMB", skip_serializing_if = "Option::is_none")]
    pub container_log_max_size_mb: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_log_max_files: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_max_pids: Option<i64>,
}

/// What a pool's nodes start from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreationData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_resource_id: Option<String>,
}

/// What AKS puts on GPU nodes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GpuProfile {
    /// `Install` or `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nvidia: Option<NvidiaProfile>,
}

/// What AKS manages of NVIDIA's stack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NvidiaProfile {
    /// `Managed` or `Unmanaged`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management_mode: Option<String>,
    /// `Single` or `Mixed`; only in the preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mig_strategy: Option<String>,
    /// What each GPU is cut into, in order; only in the preview, and never beside `gpu_instance_profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mig_profiles: Option<Vec<String>>,
}

/// Whether the machines run.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct PowerState {
    /// `Running` or `Stopped`.
    pub code: Option<String>,
}

/// What the service has to say about a pool.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PoolStatus {
    /// Why the pool is in the state `Failed`: an `ErrorDetail` of ARM.
    pub provisioning_error: Option<Value>,
}

/// An agent pool of an answer: what is understood of it, and all of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shown {
    pub pool: AgentPool,
    /// The whole of `properties`.
    pub properties: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = Value::deserialize(deserializer)?;
        let properties = whole.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let pool = AgentPool::deserialize(whole).map_err(serde::de::Error::custom)?;
        Ok(Shown { pool, properties })
    }
}

/// A map of texts. An entry that is null is as good as none, and must not make a pool unreadable.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BTreeMap<String, String>>, D::Error> {
    let all = Option::<BTreeMap<String, Option<String>>>::deserialize(deserializer)?;
    Ok(all.map(|all| all.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()))
}
