//! EKS's rules about what all clouds share: names, places, machines, labels, taints, tags, disks, sizes, upgrades,
//! versions.
//!
//! Sources: EKS API model 2017-11-01 (bounds and patterns of `CreateNodegroup`); EKS user guide, "Managed node groups".

use super::{labels, machines, parts};
use crate::nodepool::name::SUFFIX_LENGTH;
use crate::nodepool::spec::{Amount, CapacityType};
use crate::nodepool::{Field, NodePoolConfig, OptionValue, Path, Problems, Severity};

const LONGEST_NAME: usize = 63;
/// Kinds of disks whose size alone says how fast they are enough (source: EC2 API model, `VolumeType`). `io1` and `io2`
/// want a number of operations, too.
const DISK_TYPES: [&str; 2] = ["gp3", "gp2"];
/// The largest disk in GB (source: EBS documentation, "Amazon EBS volume types"; newer, larger limits of gp3 are
/// unverified).
const LARGEST_DISK: u32 = 16_384;
const MOST_TAINTS: usize = 50;
const MOST_TAGS: usize = 50;
/// Tags that the provider adds to every node group.
const OUR_TAGS: usize = 1;
const LONGEST_TAG_VALUE: usize = 256;
/// The most nodes that may be missing at a time (source: EKS user guide, "Update a managed node group").
const MOST_MISSING: u32 = 100;

/// Adds what breaks a rule.
pub(crate) fn check(config: &NodePoolConfig, problems: &mut Problems) {
    name(config, problems);
    zones(config, problems);
    machine(config, problems);
    label_values(config, problems);
    taints(config, problems);
    tags(config, problems);
    disk(config, problems);
    upgrade(config, problems);
    version(config, problems);
}

fn name(config: &NodePoolConfig, problems: &mut Problems) {
    let inner = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_alphanumeric());
    const FORM: &str = "letters, digits, '-' and '_', first a letter or a digit";
    if let Some(name) = config.name.known()
        && (name.len() > LONGEST_NAME || !begins(name) || !inner(name))
    {
        problems.error(
            "name",
            format!("{name:?} is no name of an EKS node group"),
            format!("A name has at most {LONGEST_NAME} characters: {FORM}."),
        );
    }
    if let Some(prefix) = config.name_prefix.known() {
        let room = LONGEST_NAME - SUFFIX_LENGTH;
        if prefix.len() > room || !begins(prefix) || !inner(prefix) {
            problems.error(
                "name_prefix",
                format!("{prefix:?} cannot begin the name of an EKS node group"),
                format!(
                    "A prefix has at most {room} characters, since a suffix of {SUFFIX_LENGTH} follows: {FORM}."
                ),
            );
        }
    }
}

fn zones(config: &NodePoolConfig, problems: &mut Problems) {
    if config.zones.is_written() {
        problems.error(
            "zones",
            "On EKS the subnets decide the zones",
            "Each subnet is in one zone. Remove zones, and name the subnets of the wanted zones in eks.subnet_ids.",
        );
    }
}

fn machine(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(machine_type) = config.machine_type.known() else { return };
    let Some(options) = config.options.known() else { return };
    let own_template = options.object("launch_template").is_some_and(|it| it.get("id").is_some());
    if let Some(why) = machines::undriven(machine_type) {
        let summary = format!("EKS's images do not drive the GPUs of {machine_type}");
        let advice = "Choose another machine_type, or build an image with the driver and name it in a launch template \
                      of your own: eks = { launch_template = { id = …, version = … } }.";
        if own_template {
            problems.warning(
                "machine_type",
                summary,
                format!("As for {machine_type}: {why}. The launch template's image must bring the driver."),
            );
        } else {
            problems.error("machine_type", summary, format!("As for {machine_type}: {why}. {advice}"));
        }
    }
    if machines::arch(machine_type).is_none()
        && config.gpu.is_written()
        && options.get("ami_type").is_none()
        && !own_template
    {
        problems.error(
            "eks.ami_type",
            "Which image fits is not known",
            format!(
                "{machine_type} is not in the catalogue, so its architecture is not known. Set eks.ami_type to an \
                 image of it."
            ),
        );
    }
}

/// EKS wants a value of every label, other than Kubernetes (source: aws-controllers-k8s issue 2208).
fn label_values(config: &NodePoolConfig, problems: &mut Problems) {
    for (key, value) in config.labels.known().into_iter().flatten() {
        if value.known().is_some_and(String::is_empty) {
            problems.push(
                Severity::Error,
                Path::of("labels").key(key),
                format!("The label {key:?} has no value"),
                "EKS refuses labels without a value. Write one, such as \"true\".",
            );
        }
    }
}

fn taints(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(taints) = config.taints.known() else { return };
    let gpu = usize::from(config.gpu_taint.known_or(true) == Some(true));
    if taints.len() + gpu > MOST_TAINTS {
        problems.error(
            "taints",
            "There are too many taints",
            format!("EKS allows {MOST_TAINTS} taints on a node group, the GPU taint among them."),
        );
    }
}

fn tags(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(tags) = config.tags.known() else { return };
    for (key, value) in tags {
        let mut refuse = |what: String, why: String| {
            problems.push(Severity::Error, Path::of("tags").key(key), what, why);
        };
        if let Some(why) = labels::reserved_tag(key) {
            refuse(format!("The tag {key:?} is reserved"), why.to_owned());
        } else if key.is_empty() || key.chars().count() > parts::LONGEST_TAG_KEY {
            refuse(
                format!("AWS refuses the tag {key:?}"),
                format!("A key has 1 to {} characters.", parts::LONGEST_TAG_KEY),
            );
        }
        if value.known().is_some_and(|value| value.chars().count() > LONGEST_TAG_VALUE) {
            refuse(
                format!("The value of the tag {key:?} is too long"),
                format!("AWS allows {LONGEST_TAG_VALUE} characters."),
            );
        }
    }
    let told = autoscaler_tags(config);
    if tags.len() + OUR_TAGS + told > MOST_TAGS {
        problems.error(
            "tags",
            "There are too many tags",
            format!(
                "AWS allows {MOST_TAGS} tags on a node group. These are {}, the provider adds {OUR_TAGS}, and the cluster \
                 autoscaler is told by {told} more: one for each label, each taint and the slices. \
                 eks.scale_from_zero_tags = false does without those.",
                tags.len()
            ),
        );
    }
}

/// How many tags tell the cluster autoscaler of a node, at the least.
fn autoscaler_tags(config: &NodePoolConfig) -> usize {
    let from_zero =
        config.autoscaling.known().is_some_and(|autoscaling| autoscaling.min_nodes.known() == Some(&0));
    let options = config.options.known();
    let told = match options.and_then(|options| options.get("scale_from_zero_tags")) {
        None => from_zero,
        Some(value) => *value == OptionValue::Bool(true),
    };
    if !told {
        return 0;
    }
    let gpu = usize::from(config.gpu_taint.known_or(true) == Some(true));
    let labels = config.labels.known().map_or(0, std::collections::BTreeMap::len);
    let taints = config.taints.known().map_or(0, std::collections::BTreeSet::len);
    // Every pool carries two labels of ours.
    labels + 2 + taints + gpu + 1
}

fn disk(config: &NodePoolConfig, problems: &mut Problems) {
    if let Some(size) = config.disk_size_gb.known()
        && !(1..=LARGEST_DISK).contains(size)
    {
        problems.error(
            "disk_size_gb",
            format!("disk_size_gb = {size} is not possible on EKS"),
            format!("A disk has 1 to {LARGEST_DISK} GB. When unset it has 200."),
        );
    }
    if let Some(kind) = config.disk_type.known()
        && !DISK_TYPES.contains(&kind.as_str())
    {
        problems.error(
            "disk_type",
            format!("{kind:?} is no type of disk for these nodes"),
            format!(
                "The choices are {}. When unset it is \"gp3\".",
                DISK_TYPES.map(|it| format!("{it:?}")).join(" and ")
            ),
        );
    }
}

fn upgrade(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(upgrade) = config.upgrade.known() else { return };
    let amount = |field: &Field<String>| field.known().and_then(|text| text.parse::<Amount>().ok());
    // "0%" would be seen as "0", and be a difference for ever.
    if amount(&upgrade.max_surge).is_some_and(|it| it != Amount::Nodes(0)) {
        problems.error(
            "upgrade.max_surge",
            "EKS takes no number of surge nodes",
            "EKS decides itself how many new nodes it makes before it takes old ones away. Remove max_surge, or write \
             \"0\": then old nodes go first, which needs no spare GPU.",
        );
    }
    match amount(&upgrade.max_unavailable) {
        Some(Amount::Nodes(0) | Amount::Percent(0)) => problems.error(
            "upgrade.max_unavailable",
            "Nodes could never be replaced",
            "At least one node must be allowed to be missing. Write 1 or more, or remove max_unavailable.",
        ),
        Some(Amount::Nodes(nodes)) if nodes > MOST_MISSING => problems.error(
            "upgrade.max_unavailable",
            format!("EKS replaces no {nodes} nodes at a time"),
            format!("Write at most {MOST_MISSING}, or a percentage."),
        ),
        Some(Amount::Percent(percent)) if percent > 100 => problems.error(
            "upgrade.max_unavailable",
            format!("\"{percent}%\" is more than the whole pool"),
            "Write at most \"100%\", or a number of nodes.",
        ),
        _ => {}
    }
}

fn version(config: &NodePoolConfig, problems: &mut Problems) {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_minor = |text: &str| {
        let parts: Vec<&str> = text.split('.').collect();
        parts.len() == 2 && parts.into_iter().all(number)
    };
    if let Some(version) = config.kubernetes_version.known().filter(|text| !is_minor(text)) {
        problems.error(
            "kubernetes_version",
            format!("{version:?} is no version of EKS"),
            "EKS counts minor versions: write the lowest that the nodes may have, such as \"1.34\". It may not be \
             above the cluster's own. A patch follows from eks.release_version.",
        );
    }
    if config.capacity_type.known() == Some(&CapacityType::Spot)
        && config.options.known().and_then(|it| it.bool("capacity_block")) == Some(true)
    {
        problems.error(
            "capacity_type",
            "A capacity block is not spot",
            "Machines of a capacity block are paid for in advance. Remove capacity_type.",
        );
    }
}

#[cfg(test)]
mod tests;
