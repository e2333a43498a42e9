//! What EKS and EC2 read and write: JSON for EKS (source: EKS API model 2017-11-01), form parameters for the launch
//! templates of EC2 (source: EC2 API model 2016-11-15).
//!
//! Of an answer only what is used is read; all of it may be missing.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

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

/// What is read of a node group to tell how it fares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Nodegroup {
    pub status: String,
    pub health: NodegroupHealth,
}

/// What is wrong with a node group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct NodegroupHealth {
    pub issues: Vec<Issue>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Issue {
    pub code: String,
    pub message: String,
    /// What it is about, such as an instance or a subnet.
    pub resource_ids: Vec<String>,
}

/// What a launch template of ours says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TemplateData {
    /// Only where the node group may not say it: with a capacity block.
    pub instance_type: Option<String>,
    /// Not encoded.
    pub user_data: Option<String>,
    pub imds_hop_limit: u32,
    pub device: &'static str,
    pub volume_gb: u32,
    pub volume_type: String,
    pub kms_key_id: Option<String>,
    pub security_group_ids: Vec<String>,
    pub key_name: Option<String>,
    pub placement_group: Option<String>,
    pub capacity_reservation_id: Option<String>,
    /// Whether that reservation is a capacity block.
    pub capacity_block: bool,
    /// Of the instances and of their disks.
    pub instance_tags: BTreeMap<String, String>,
}

impl TemplateData {
    /// The parameters of a request, in a fixed order. A version says all of it: what it leaves out is not inherited from
    /// the version before.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let mut all = Parameters(Vec::new());
        all.optional("InstanceType", self.instance_type.as_deref());
        all.optional("UserData", self.user_data.as_ref().map(|text| STANDARD.encode(text)).as_deref());
        all.put("MetadataOptions.HttpTokens", "required");
        all.put("MetadataOptions.HttpPutResponseHopLimit", &self.imds_hop_limit.to_string());
        all.put("BlockDeviceMapping.1.DeviceName", self.device);
        all.put("BlockDeviceMapping.1.Ebs.VolumeSize", &self.volume_gb.to_string());
        all.put("BlockDeviceMapping.1.Ebs.VolumeType", &self.volume_type);
        all.put("BlockDeviceMapping.1.Ebs.Encrypted", "true");
        all.put("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true");
        all.optional("BlockDeviceMapping.1.Ebs.KmsKeyId", self.kms_key_id.as_deref());
        for (number, id) in (1..).zip(&self.security_group_ids) {
            all.put(&format!("SecurityGroupId.{number}"), id);
        }
        all.optional("KeyName", self.key_name.as_deref());
        all.optional("Placement.GroupName", self.placement_group.as_deref());
        if self.capacity_block {
            all.put("InstanceMarketOptions.MarketType", "capacity-block");
        }
        all.optional(
            "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId",
            self.capacity_reservation_id.as_deref(),
        );
        if !self.instance_tags.is_empty() {
            for (number, kind) in (1..).zip(["instance", "volume"]) {
                let specification = format!("TagSpecification.{number}");
                all.put(&format!("{specification}.ResourceType"), kind);
                for (tag, (key, value)) in (1..).zip(&self.instance_tags) {
                    all.put(&format!("{specification}.Tag.{tag}.Key"), key);
                    all.put(&format!("{specification}.Tag.{tag}.Value"), value);
                }
            }
        }
        all.0
    }
}

/// Parameters of the launch template's data.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn put(&mut self, name: &str, value: &str) {
        self.0.push((format!("LaunchTemplateData.{name}"), value.to_owned()));
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}
