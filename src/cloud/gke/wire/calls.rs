//! The JSON types of the GKE API v1 and of the one Compute Engine list that goes with it: what is sent and answered
//! around the node pool (source: GKE API discovery document v1, Compute Engine API discovery document v1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::number::{Int, Long};
use super::{
    Accelerator, Autoscaling, Enabled, Management, NetworkConfig, NodeDrain, NodePool, TagMap, Taint,
    UpgradeSettings, WorkloadMetadata,
};

/// A list of pools.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodePools {
    pub node_pools: Vec<NodePool>,
}

/// The body of a create.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateNodePool {
    pub node_pool: NodePool,
}

/// A change of a pool. A group that is absent stays as it is, and one that is present replaces the whole group.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateNodePool {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerators: Option<Vec<Accelerator>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Labels>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<Taints>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<NetworkTags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_labels: Option<Labels>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_manager_tags: Option<TagMap>,
    /// A text here, though a number in `NodeConfig`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_size_gb: Option<Long>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_settings: Option<UpgradeSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_drain_config: Option<NodeDrain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_network_config: Option<NetworkConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_metadata_config: Option<WorkloadMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gvnic: Option<Enabled>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcfs_config: Option<Enabled>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_provisioning: Option<Enabled>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flex_start: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_run_duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// Labels of nodes or of cloud resources.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Labels {
    pub labels: BTreeMap<String, String>,
}

/// Taints.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Taints {
    pub taints: Vec<Taint>,
}

/// Network tags.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct NetworkTags {
    pub tags: Vec<String>,
}

/// The body of `:setSize`; the count is per zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetSize {
    pub node_count: Int,
}

/// The body of `:setAutoscaling`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SetAutoscaling {
    pub autoscaling: Autoscaling,
}

/// The body of `:setManagement`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SetManagement {
    pub management: Management,
}

/// What is read of a cluster.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Cluster {
    pub name: String,
    pub location: String,
    pub autopilot: Option<Enabled>,
    /// A host without a scheme.
    pub endpoint: String,
    pub master_auth: MasterAuth,
    pub control_plane_endpoints_config: ControlPlaneEndpoints,
}

/// Who vouches for the Kubernetes API's certificate.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MasterAuth {
    /// PEM, in base64.
    pub cluster_ca_certificate: String,
}

/// The ways to a cluster's Kubernetes API.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ControlPlaneEndpoints {
    pub dns_endpoint_config: DnsEndpoint,
    pub ip_endpoints_config: IpEndpoints,
}

/// The endpoint with a name and a public certificate.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DnsEndpoint {
    pub endpoint: String,
    pub allow_external_traffic: bool,
}

/// The endpoints with addresses; `None` is the default, on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IpEndpoints {
    pub enabled: Option<bool>,
}

/// An operation on a cluster.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Operation {
    pub name: String,
    pub operation_type: String,
    pub status: String,
    pub status_message: String,
    pub location: String,
    /// The deprecated spelling of `location`.
    pub zone: String,
    pub target_link: String,
    /// RFC 3339.
    pub start_time: String,
    pub error: Option<Status>,
    pub detail: String,
    pub progress: Option<OperationProgress>,
}

/// A list of operations.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Operations {
    pub operations: Vec<Operation>,
}

/// A `google.rpc.Status`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Status {
    pub code: Int,
    pub message: String,
}

/// How far an operation is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct OperationProgress {
    pub metrics: Vec<Metric>,
}

/// One figure of an operation's progress.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Metric {
    pub name: String,
    pub int_value: Option<Long>,
}

/// A page of instance group managers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct InstanceGroupManagers {
    pub items: Vec<InstanceGroupManager>,
    pub next_page_token: Option<String>,
}

/// What is read of an instance group manager.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct InstanceGroupManager {
    pub name: String,
    pub target_size: Int,
}
