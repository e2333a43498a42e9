//! From a node group as EKS shows it, and its launch template, to the neutral pool. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::machines::Family;
use super::{health, labels, parts, profiles, wire};
use crate::nodepool::labels::PROFILE_LABEL;
use crate::nodepool::spec::{Amount, CapacityType, NodeGpus, Size, Taint, Upgrade};
use crate::nodepool::{NodePool, PoolId};
use crate::slicing::{Catalogue, Cloud, MigProfile};

mod options;
mod user_data;

use user_data::Said;

/// A node group that this version cannot describe. Guessing would make Terraform change it back, or replace it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// A value for slicing that means nothing on these GPUs.
    #[error(
        "its GPUs are cut by {value:?}, and what that means on {machine_type} this version does not know; upgrade the \
         provider"
    )]
    Profile { value: String, machine_type: String },
    /// Slices of several sizes on one GPU, or a configuration of somebody's own.
    #[error(
        "its GPUs are cut by the configuration {0:?} of the GPU operator, which this version cannot manage"
    )]
    Layout(String),
    /// Machines of several types.
    #[error(
        "it has machines of several types ({0}), and a pool of this provider has one, since each type has slices of its \
         own"
    )]
    Machines(String),
    /// User data that is not the settings which Bottlerocket reads.
    #[error("the user data of its launch template is not TOML: {0}")]
    UserData(String),
}

/// What is known of a node group's launch template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template<'a> {
    /// Whether the provider has made it for this very pool. Only then what it says is the pool's.
    pub ours: bool,
    /// The version in use, where it was read.
    pub version: Option<&'a wire::TemplateVersion>,
    /// The cluster's own security group, which stands beside those that a user adds.
    pub security_group: Option<&'a str>,
}

impl Template<'_> {
    /// Nothing is known of it, or there is none.
    pub(crate) const UNKNOWN: Template<'static> =
        Template { ours: false, version: None, security_group: None };

    fn data(&self) -> Option<&wire::TemplateShown> {
        self.version.map(|version| &version.data)
    }

    /// What it says, where that is the pool's.
    fn own(&self) -> Option<&wire::TemplateShown> {
        self.data().filter(|_| self.ours)
    }
}

/// The neutral pool.
pub(crate) fn pool(
    id: &PoolId,
    group: &wire::Nodegroup,
    template: Template<'_>,
) -> Result<NodePool, Unreadable> {
    let machine_type = machine_type(group, template)?;
    let family = family(group, template);
    let said = user_data::read(family, template)?;
    let gpu = gpus(&machine_type);
    let mig_profile = match family {
        Family::Bottlerocket => cut_by_bottlerocket(group, &said, &machine_type)?,
        Family::AmazonLinux => cut_by_operator(group, &machine_type)?,
    };
    let mut taints: BTreeSet<Taint> = group.taints.iter().filter_map(parts::from_taint).collect();
    let gpu_taint = taints.remove(&Taint::gpu());
    let (node_count, autoscaling) = size(group);
    let (disk_size_gb, disk_type) = disk(group, template, family);
    Ok(NodePool {
        id: id.clone(),
        gpu,
        mig_profile,
        // On Amazon Linux a device plugin's ConfigMap decides that, which is not a part of the node group.
        sharing: said.sharing,
        switches: said.switches,
        node_count,
        autoscaling,
        capacity_type: match group.capacity_type.as_deref() {
            Some("SPOT") => CapacityType::Spot,
            _ => CapacityType::OnDemand,
        },
        // The subnets decide.
        zones: BTreeSet::new(),
        labels: kept(&group.labels, |key| !labels::is_system_label(key)),
        tags: kept(&group.tags, |key| labels::reserved_tag(key).is_none()),
        taints,
        gpu_taint,
        disk_size_gb,
        disk_type,
        max_pods: said.max_pods.filter(|_| template.ours),
        kubernetes_version: group.version.clone(),
        upgrade: upgrade(group),
        options: options::options(group, template, family, said.extra),
        health: health::health(group),
        machine_type,
    })
}

fn kept(pairs: &BTreeMap<String, String>, keep: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let kept = pairs.iter().filter(|(key, _)| keep(key));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The machine type, which stands in the node group or in its template.
fn machine_type(group: &wire::Nodegroup, template: Template<'_>) -> Result<String, Unreadable> {
    match group.instance_types.as_slice() {
        [] => Ok(template.data().and_then(|data| data.instance_type.clone()).unwrap_or_default()),
        [one] => Ok(one.clone()),
        several => Err(Unreadable::Machines(several.join(", "))),
    }
}

/// The operating system. An image of somebody's own shows it by the form of its user data.
fn family(group: &wire::Nodegroup, template: Template<'_>) -> Family {
    match group.ami_type.as_deref() {
        Some("CUSTOM") | None => {
            let text = template.data().and_then(|data| data.user_data.as_deref());
            if text.is_some_and(user_data::is_bottlerocket) {
                Family::Bottlerocket
            } else {
                Family::AmazonLinux
            }
        }
        Some(ami_type) => Family::of_image(ami_type),
    }
}

fn gpus(machine_type: &str) -> Option<NodeGpus> {
    let machine = Catalogue::built_in().machine(Some(Cloud::Eks), machine_type)?;
    Some(NodeGpus {
        model: machine.gpu()?.id.clone(),
        accelerator_type: None,
        count: machine.gpu_count()?.devices(),
    })
}

/// The profile of a machine type that the catalogue does not know, where the label of ours says it.
fn labelled(group: &wire::Nodegroup) -> Option<MigProfile> {
    group.labels.get(PROFILE_LABEL)?.parse().ok()
}

fn cut_by_bottlerocket(
    group: &wire::Nodegroup,
    said: &Said,
    machine_type: &str,
) -> Result<Option<MigProfile>, Unreadable> {
    let Some(values) = &said.mig else { return Ok(None) };
    let Some(gpu) = parts::gpu(machine_type, "") else {
        let profile = labelled(group).filter(|profile| values.values().any(|it| *it == profile.to_string()));
        let all: Vec<&str> = values.values().map(String::as_str).collect();
        let value = all.join(", ");
        return profile.map(Some).ok_or(Unreadable::Profile { value, machine_type: machine_type.to_owned() });
    };
    let value = profiles::key(&gpu.id).and_then(|key| values.get(key)).map(String::as_str);
    profiles::cut(&gpu.id, value).map(Some).ok_or_else(|| Unreadable::Profile {
        value: value.unwrap_or("no profile").to_owned(),
        machine_type: machine_type.to_owned(),
    })
}

fn cut_by_operator(group: &wire::Nodegroup, machine_type: &str) -> Result<Option<MigProfile>, Unreadable> {
    let Some(value) = group.labels.get(labels::MIG_CONFIG) else { return Ok(None) };
    // The operator's own word for whole GPUs (source: NVIDIA mig-parted v0.15.0).
    if value.is_empty() || value == "all-disabled" {
        return Ok(None);
    }
    let says = |profile: MigProfile| profile.mig_config_label() == *value;
    let found = match parts::gpu(machine_type, "") {
        Some(gpu) => gpu.profiles.iter().map(|facts| facts.profile).find(|profile| says(*profile)),
        None => labelled(group).filter(|profile| says(*profile)),
    };
    found.map(Some).ok_or_else(|| {
        match value.strip_prefix("all-").and_then(|it| it.parse::<MigProfile>().ok()) {
            Some(_) => Unreadable::Profile { value: value.clone(), machine_type: machine_type.to_owned() },
            None => Unreadable::Layout(value.clone()),
        }
    })
}

/// The number of nodes and the autoscaler's limits. EKS always shows limits; the tag of ours says whether they are meant.
/// Without it limits that leave no choice are a number. Limits that leave a choice where none is meant are shown as such,
/// since the autoscaler would use them.
fn size(group: &wire::Nodegroup) -> (Option<u32>, Option<(u32, u32)>) {
    let Some(scaling) = group.scaling_config else { return (None, None) };
    let fixed = match group.tags.get(labels::SIZE_TAG).map(String::as_str) {
        Some(parts::FIXED) => scaling == parts::scaling(Size::Fixed(scaling.desired_size)),
        Some(parts::AUTOSCALING) => false,
        _ => scaling.min_size == scaling.max_size,
    };
    if fixed {
        (Some(scaling.desired_size), None)
    } else {
        (None, Some((scaling.min_size, scaling.max_size)))
    }
}

/// The disk that images and pods are on: in a template of ours, or in a node group without any.
fn disk(group: &wire::Nodegroup, template: Template<'_>, family: Family) -> (Option<u32>, Option<String>) {
    match (template.own(), &group.launch_template) {
        (Some(data), _) => {
            let disk = data.disks.iter().find(|disk| disk.device == family.device());
            disk.map(|disk| (disk.volume_gb, disk.volume_type.clone())).unwrap_or_default()
        }
        (None, Some(_)) => (None, None),
        (None, None) => (group.disk_size, None),
    }
}

fn upgrade(group: &wire::Nodegroup) -> Upgrade {
    let Some(config) = &group.update_config else { return Upgrade::default() };
    let minimal = config.update_strategy.as_deref() == Some("MINIMAL");
    Upgrade {
        max_surge: minimal.then_some(Amount::Nodes(0)),
        max_unavailable: config
            .max_unavailable_percentage
            .map(Amount::Percent)
            .or_else(|| config.max_unavailable.map(Amount::Nodes)),
    }
}

#[cfg(test)]
mod tests;
