//! AKS's rules about what all clouds share: names, places, machines, tags, taints, disks, upgrades, versions.
//! `scaling` has those about sizes, pods and the autoscaler.

mod scaling;
#[cfg(test)]
pub(super) mod testing;

use std::collections::BTreeMap;

use super::{labels, machines, places};
use crate::nodepool::name::SUFFIX_LENGTH;
use crate::nodepool::spec::{Amount, CapacityType};
use crate::nodepool::{Field, NodePoolConfig, Path, Problems, Severity};

/// The longest name of a pool of Linux nodes (source: AKS documentation, "Manage system node pools", limitations).
const LONGEST_NAME: usize = 12;
/// Kinds of boot disks (source: the Azure SDK's enumeration `OSDiskType`).
const DISK_TYPES: [&str; 2] = ["Managed", "Ephemeral"];
/// The largest boot disk in GB (source: azure-rest-api-specs, agent pools, `ContainerServiceOSDisk`).
const LARGEST_DISK: u32 = 2048;
/// Azure's limits of tags (source: Azure documentation, "Use tags to organize your Azure resources").
const MOST_TAGS: usize = 50;
const LONGEST_TAG_KEY: usize = 512;
const LONGEST_TAG_VALUE: usize = 256;
const TAG_KEY_NEVER_HAS: &str = "<>%&\\?/";

/// Adds what breaks a rule.
pub(crate) fn check(config: &NodePoolConfig, problems: &mut Problems) {
    name(config, problems);
    zones(config, problems);
    scaling::check(config, problems);
    machine(config, problems);
    tags(config, problems);
    taints(config, problems);
    disk(config, problems);
    upgrade(config, problems);
    version(config, problems);
}

fn name(config: &NodePoolConfig, problems: &mut Problems) {
    let inner = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase());
    if let Some(name) = config.name.known()
        && (name.len() > LONGEST_NAME || !begins(name) || !inner(name))
    {
        problems.error(
            "name",
            format!("{name:?} is no name of an AKS node pool"),
            format!(
                "A name has at most {LONGEST_NAME} characters: lower-case letters and digits, first a letter. Dashes \
                 are not allowed."
            ),
        );
    }
    if let Some(prefix) = config.name_prefix.known() {
        let room = LONGEST_NAME - SUFFIX_LENGTH;
        if prefix.len() > room || !begins(prefix) || !inner(prefix) {
            problems.error(
                "name_prefix",
                format!("{prefix:?} cannot begin the name of an AKS node pool"),
                format!(
                    "A prefix has at most {room} characters, since a suffix of {SUFFIX_LENGTH} follows: lower-case \
                     letters and digits, first a letter. Dashes are not allowed."
                ),
            );
        }
    }
}

fn zones(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(zones) = config.zones.known() else { return };
    if zones.is_empty() {
        problems.error("zones", "There are no zones", "Name at least one zone, or leave zones out.");
    }
    for zone in zones.iter().filter(|zone| !places::ZONES.contains(&zone.as_str())) {
        problems.error(
            "zones",
            format!("{zone:?} is no zone of AKS"),
            format!(
                "AKS numbers the zones of a region: {}. `az vm list-skus --location REGION --size SIZE --zone` says \
                 which of them have the machines; many GPU sizes are in one zone only, or in none.",
                places::ZONES.map(|zone| format!("{zone:?}")).join(", ")
            ),
        );
    }
}

/// What the common rules take for a type of the future.
fn machine(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(machine_type) = config.machine_type.known() else { return };
    if let Some(meant) = machines::without_prefix(machine_type).filter(|_| config.gpu.is_written()) {
        problems.error(
            "machine_type",
            format!("{machine_type} lacks the beginning of Azure's names"),
            format!("Write machine_type = {meant:?}, as Azure does, and leave gpu out."),
        );
    }
}

fn tags(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(tags) = config.tags.known() else { return };
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (key, value) in tags {
        let mut refuse = |what: String, why: String| {
            problems.push(Severity::Error, Path::of("tags").key(key), what, why);
        };
        if let Some(other) = seen.insert(key.to_ascii_lowercase(), key) {
            refuse(
                format!("The tags {other:?} and {key:?} are one to Azure"),
                "Azure does not distinguish upper and lower case in keys of tags, and AKS would keep only one of the \
                 two values. Remove one."
                    .to_owned(),
            );
        }
        if key.eq_ignore_ascii_case(labels::MANAGED_TAG) {
            refuse(
                format!("The tag {key:?} makes AKS manage the pool's GPUs"),
                "It switches on what gpu_stack = \"managed\" switches on, behind the provider's back: AKS would run \
                 a second device plugin beside the one that was planned for. Remove the tag; for a managed GPU pool \
                 set aks = { gpu_stack = \"managed\" }."
                    .to_owned(),
            );
        } else if key.is_empty()
            || key.chars().count() > LONGEST_TAG_KEY
            || key.chars().any(|c| TAG_KEY_NEVER_HAS.contains(c))
        {
            refuse(
                format!("Azure refuses the tag {key:?}"),
                format!(
                    "A key has 1 to {LONGEST_TAG_KEY} characters and none of {}.",
                    TAG_KEY_NEVER_HAS.chars().map(String::from).collect::<Vec<_>>().join(" ")
                ),
            );
        }
        if value.known().is_some_and(|value| value.chars().count() > LONGEST_TAG_VALUE) {
            refuse(
                format!("The value of the tag {key:?} is too long"),
                format!("Azure allows {LONGEST_TAG_VALUE} characters."),
            );
        }
    }
    if tags.len() > MOST_TAGS {
        problems.error(
            "tags",
            "There are too many tags",
            format!("Azure allows {MOST_TAGS} tags on a resource, and these are {}.", tags.len()),
        );
    }
}

fn taints(config: &NodePoolConfig, problems: &mut Problems) {
    let spot = labels::spot_taint();
    for taint in config.taints.known().into_iter().flatten().filter(|taint| taint.key == spot.key) {
        problems.error(
            "taints",
            format!("AKS sets the taint {} itself", taint.key),
            format!(
                "Nodes of capacity_type = \"spot\" carry {spot}, and pods that tolerate `scheduling.tolerations` \
                 tolerate it. Remove it from taints."
            ),
        );
    }
}

fn disk(config: &NodePoolConfig, problems: &mut Problems) {
    if let Some(size) = config.disk_size_gb.known()
        && !(1..=LARGEST_DISK).contains(size)
    {
        problems.error(
            "disk_size_gb",
            format!("disk_size_gb = {size} is not possible on AKS"),
            format!("AKS allows 1 to {LARGEST_DISK} GB. When unset it follows from the machine type."),
        );
    }
    if let Some(kind) = config.disk_type.known()
        && !DISK_TYPES.contains(&kind.as_str())
    {
        problems.error(
            "disk_type",
            format!("{kind:?} is no type of boot disk on AKS"),
            "AKS has \"Managed\" (a disk over the network) and \"Ephemeral\" (the host's own). When unset it is \
             Ephemeral where that fits.",
        );
    }
}

/// Source: AKS documentation, "Configure rolling upgrades for AKS node pools" and "Add an Azure Spot node pool"; the
/// azurerm provider's checks of `upgrade_settings`.
fn upgrade(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(upgrade) = config.upgrade.known() else { return };
    let fields =
        [("upgrade.max_surge", &upgrade.max_surge), ("upgrade.max_unavailable", &upgrade.max_unavailable)];
    let amount = |field: &Field<String>| field.known().and_then(|text| text.parse::<Amount>().ok());
    for (path, field) in fields {
        if config.capacity_type.known() == Some(&CapacityType::Spot) && field.is_written() {
            problems.error(
                path,
                "Spot pools have no upgrade settings",
                "AKS makes no surge nodes for spot pools and does not drain them. Leave upgrade out.",
            );
            return;
        }
        if let Some(Amount::Percent(percent)) = amount(field)
            && percent > 100
        {
            problems.error(
                path,
                format!("\"{percent}%\" is more than the whole pool"),
                "Write at most \"100%\", or a number of nodes.",
            );
        }
    }
    let is_zero = |amount: Amount| matches!(amount, Amount::Nodes(0) | Amount::Percent(0));
    let (surge, missing) = (amount(&upgrade.max_surge), amount(&upgrade.max_unavailable));
    if surge.is_some_and(is_zero) && upgrade.max_unavailable.is_null() {
        problems.error(
            "upgrade.max_surge",
            "Nodes could never be replaced",
            "With max_surge = \"0\" no node is added, and unless max_unavailable is set none may be missing. Set \
             max_unavailable = \"1\" too, which needs no spare GPU.",
        );
    }
    let Some(missing) = missing.filter(|amount| !is_zero(*amount)) else { return };
    if upgrade.max_surge.is_null() {
        problems.error(
            "upgrade.max_unavailable",
            "max_unavailable needs max_surge = \"0\"",
            format!(
                "Unless it is told otherwise AKS makes surge nodes for a tenth of the pool, and replaces nodes in \
                 place only where max_surge is \"0\". Write both: upgrade = {{ max_surge = \"0\", max_unavailable = \
                 \"{missing}\" }}."
            ),
        );
    } else if surge.is_some_and(|surge| !is_zero(surge)) {
        problems.warning(
            "upgrade",
            "AKS may refuse max_surge together with max_unavailable",
            "Where both are more than 0, AKS replaces nodes in place only when it gets no surge nodes, and documents \
             that as a preview. Set one of them to \"0\" to be safe.",
        );
    }
    if config.options.known().and_then(|options| options.text("mode")) == Some("System") {
        problems.error(
            "upgrade.max_unavailable",
            "System pools have no max_unavailable",
            "AKS replaces the nodes of system pools by surge nodes only. Remove max_unavailable, or set mode to \
             \"User\".",
        );
    }
}

fn version(config: &NodePoolConfig, problems: &mut Problems) {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = |text: &str| {
        let parts: Vec<&str> = text.split('.').collect();
        (2..=3).contains(&parts.len()) && parts.into_iter().all(number)
    };
    if let Some(version) = config.kubernetes_version.known().filter(|text| !is_version(text)) {
        problems.error(
            "kubernetes_version",
            format!("{version:?} is no version of AKS"),
            "Write the lowest version that the nodes may have: \"1.33\" or \"1.33.5\". It may not be above the \
             cluster's own version.",
        );
    }
}

#[cfg(test)]
mod tests;
