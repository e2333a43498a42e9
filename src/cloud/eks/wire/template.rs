//! The launch template: what is written into ours, and what is read of anybody's.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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

    /// What EC2 shows of a version with this data.
    pub(crate) fn shown(&self) -> TemplateShown {
        let kinds = ["instance", "volume"].into_iter().filter(|_| !self.instance_tags.is_empty());
        TemplateShown {
            image_id: None,
            instance_type: self.instance_type.clone(),
            user_data: self.user_data.clone(),
            http_tokens: Some("required".to_owned()),
            imds_hop_limit: Some(self.imds_hop_limit),
            disks: vec![Disk {
                device: self.device.to_owned(),
                volume_gb: Some(self.volume_gb),
                volume_type: Some(self.volume_type.clone()),
                encrypted: Some(true),
                delete_on_termination: Some(true),
                kms_key_id: self.kms_key_id.clone(),
            }],
            security_group_ids: self.security_group_ids.clone(),
            key_name: self.key_name.clone(),
            placement_group: self.placement_group.clone(),
            market_type: self.capacity_block.then(|| "capacity-block".to_owned()),
            capacity_reservation_id: self.capacity_reservation_id.clone(),
            tags: kinds.map(|kind| (kind.to_owned(), self.instance_tags.clone())).collect(),
        }
    }
}

/// A launch template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Template {
    pub id: String,
    pub name: String,
    /// The number of its newest version.
    pub latest: u64,
    pub tags: BTreeMap<String, String>,
}

/// A version of a launch template, which never changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TemplateVersion {
    pub number: u64,
    pub data: TemplateShown,
}

/// What is read of a version of a launch template, ours or another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TemplateShown {
    pub image_id: Option<String>,
    pub instance_type: Option<String>,
    /// Not encoded. Bytes that are no text are replaced.
    pub user_data: Option<String>,
    /// `MetadataOptions.HttpTokens`: `required` or `optional`.
    pub http_tokens: Option<String>,
    pub imds_hop_limit: Option<u32>,
    /// The block device mappings that have an EBS volume, as they are listed.
    pub disks: Vec<Disk>,
    /// As they are listed, those of the first network interface where only that names some.
    pub security_group_ids: Vec<String>,
    pub key_name: Option<String>,
    pub placement_group: Option<String>,
    /// `InstanceMarketOptions.MarketType`: `spot` or `capacity-block`.
    pub market_type: Option<String>,
    pub capacity_reservation_id: Option<String>,
    /// The tags of what is made with it, by kind of resource, such as `instance` and `volume`.
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
}

/// A disk of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Disk {
    pub device: String,
    pub volume_gb: Option<u32>,
    pub volume_type: Option<String>,
    pub encrypted: Option<bool>,
    pub delete_on_termination: Option<bool>,
    pub kms_key_id: Option<String>,
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
