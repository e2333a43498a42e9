//! What EKS and EC2 read and write, as plain structs: the bodies of requests here, the launch template in `template`,
//! what is read of answers in `answers` (sources: EKS API model 2017-11-01, EC2 API model 2016-11-15, Auto Scaling API
//! model 2011-01-01).
//!
//! The types of Amazon's SDK stay inside `client`. These are ours, so that the bodies can be compared, kept and shown
//! as the JSON that is sent. Enums are texts: a word that is new in the API must not make a node group unreadable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod answers;
mod template;

pub(crate) use answers::*;
pub(crate) use template::*;

/// The body of `CreateNodegroup`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateNodegroup {
    pub nodegroup_name: String,
    /// Makes a repeated request the same request.
    pub client_request_token: String,
    pub subnets: Vec<String>,
    pub node_role: String,
    pub scaling_config: ScalingConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ami_type: Option<String>,
    pub capacity_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_version: Option<String>,
    pub launch_template: LaunchTemplate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_config: Option<UpdateConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_repair_config: Option<NodeRepairConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_pool_config: Option<WarmPoolConfig>,
    pub labels: BTreeMap<String, String>,
    pub taints: Vec<Taint>,
    pub tags: BTreeMap<String, String>,
}

/// How many nodes. At creation EKS wants all three.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ScalingConfig {
    pub min_size: u32,
    pub max_size: u32,
    pub desired_size: u32,
}

/// A launch template. EKS refuses an id and a name together, though it shows both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LaunchTemplate {
    pub id: String,
    /// Always a number: EKS shows the number where `$Latest` was sent, which would be a difference for ever.
    pub version: String,
}

/// How nodes are replaced. The first two exclude each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UpdateConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable_percentage: Option<u32>,
    /// `DEFAULT` makes new nodes first, `MINIMAL` takes old ones away first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_strategy: Option<String>,
}

/// How unhealthy nodes are repaired.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodeRepairConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unhealthy_node_threshold_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unhealthy_node_threshold_percentage: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel_nodes_repaired_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel_nodes_repaired_percentage: Option<i64>,
}

/// Instances that are kept ready.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WarmPoolConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_group_prepared_capacity: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse_on_scale_in: Option<bool>,
}

/// A taint, with EKS's word for its effect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Taint {
    pub key: String,
    pub value: String,
    pub effect: String,
}

/// The body of `UpdateNodegroupConfig`. What is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateNodegroupConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelsChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taints: Option<TaintsChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling_config: Option<ScalingChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_config: Option<UpdateConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_repair_config: Option<NodeRepairConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_pool_config: Option<WarmPoolConfig>,
    /// Makes a repeated request the same request.
    pub client_request_token: String,
}

/// A change of labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LabelsChange {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub add_or_update_labels: BTreeMap<String, String>,
    /// Keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove_labels: Vec<String>,
}

/// A change of taints. One that is removed is named whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaintsChange {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_or_update_taints: Vec<Taint>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove_taints: Vec<Taint>,
}

/// A change of the number of nodes, of which any part may be left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScalingChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired_size: Option<u32>,
}

/// The body of `UpdateNodegroupVersion`, which replaces all nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateNodegroupVersion {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_template: Option<LaunchTemplate>,
    /// Whether nodes are ended though their pods cannot be evicted.
    pub force: bool,
    /// Makes a repeated request the same request.
    pub client_request_token: String,
}
