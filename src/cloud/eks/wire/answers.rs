//! What is read of answers: of EKS about node groups, their updates and the cluster, and of Auto Scaling about the group
//! of instances behind a node group. All of it may be missing.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{NodeRepairConfig, ScalingConfig, Taint, UpdateConfig, WarmPoolConfig};

/// A node group.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Nodegroup {
    pub nodegroup_name: String,
    pub nodegroup_arn: String,
    pub cluster_name: String,
    /// Of Kubernetes, without a patch, such as `1.34`.
    pub version: Option<String>,
    /// Of the image, such as `1.34.2-20261015` or Bottlerocket's `1.52.0-5e8d3f52`. The template's image, where it names
    /// one.
    pub release_version: Option<String>,
    /// In seconds since 1970, whole or not.
    pub created_at: Option<f64>,
    pub status: String,
    pub capacity_type: Option<String>,
    pub scaling_config: Option<ScalingConfig>,
    pub instance_types: Vec<String>,
    pub subnets: Vec<String>,
    pub ami_type: Option<String>,
    pub node_role: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub taints: Vec<Taint>,
    pub resources: Resources,
    /// In GiB; absent with a launch template.
    pub disk_size: Option<u32>,
    pub health: NodegroupHealth,
    pub update_config: Option<UpdateConfig>,
    pub node_repair_config: Option<NodeRepairConfig>,
    pub warm_pool_config: Option<WarmPoolConfig>,
    pub launch_template: Option<UsedTemplate>,
    pub tags: BTreeMap<String, String>,
}

/// What EKS has made for a node group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Resources {
    pub auto_scaling_groups: Vec<AutoScalingGroup>,
}

/// An Auto Scaling group, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct AutoScalingGroup {
    pub name: String,
}

/// The launch template that a node group uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct UsedTemplate {
    pub id: String,
    pub name: String,
    /// A number.
    pub version: String,
}

/// What is wrong with a node group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct NodegroupHealth {
    pub issues: Vec<Issue>,
}

/// One thing that is wrong with a node group, or was wrong with an update.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Issue {
    #[serde(alias = "errorCode")]
    pub code: String,
    #[serde(alias = "errorMessage")]
    pub message: String,
    /// What it is about, such as an instance or a subnet.
    pub resource_ids: Vec<String>,
}

/// A change that EKS has taken on.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Update {
    pub id: String,
    /// `InProgress`, `Failed`, `Cancelled` or `Successful`.
    pub status: String,
    /// Such as `ConfigUpdate` and `VersionUpdate`.
    #[serde(rename = "type")]
    pub kind: String,
    pub params: Vec<UpdateParam>,
    /// In seconds since 1970, whole or not.
    pub created_at: Option<f64>,
    pub errors: Vec<Issue>,
}

/// What an update changes, in EKS's words, such as `LaunchTemplateVersion` and `3`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct UpdateParam {
    #[serde(rename = "type")]
    pub kind: String,
    pub value: String,
}

/// A cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cluster {
    pub name: String,
    pub arn: String,
    pub status: String,
    /// Of Kubernetes, without a patch.
    pub version: Option<String>,
    /// Where its Kubernetes API is.
    pub endpoint: Option<String>,
    /// The certificate of that API's authority: PEM in base64.
    pub authority: Option<String>,
    /// Whether that API can be reached from the internet.
    pub public_endpoint: bool,
    /// How principals are admitted to that API: `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP`.
    pub authentication_mode: Option<String>,
    /// The security group that EKS made for it.
    pub security_group: Option<String>,
    /// Whether EKS looks after its nodes (Auto Mode). Node groups beside those are possible.
    pub auto_mode: bool,
}

/// A group of instances of EC2 Auto Scaling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ScalingGroup {
    pub name: String,
    pub min: u32,
    pub max: u32,
    pub desired: u32,
    pub instances: Vec<Instance>,
    pub tags: BTreeMap<String, String>,
}

/// An instance of such a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Instance {
    pub id: String,
    pub zone: String,
    /// Such as `InService`, `Pending` and `Terminating`.
    pub state: String,
}
