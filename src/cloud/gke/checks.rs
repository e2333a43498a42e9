//! GKE's rules about what all clouds share: names, places, sizes, machines, labels, versions.

use std::collections::BTreeSet;

use super::parts::{self, Place};
use super::{labels, machines, places};
use crate::nodepool::config::AutoscalingConfig;
use crate::nodepool::gpu::NodeSlicing;
use crate::nodepool::name::SUFFIX_LENGTH;
use crate::nodepool::spec::{Amount, CapacityType};
use crate::nodepool::{Field, NodePoolConfig, Path, Problems, Severity};
use crate::slicing::{MAX_MPS_CLIENTS, MigStrategy, Sharing};

/// The longest name of a pool (source: upgrade guide of hashicorp/google 8.0).
const LONGEST_NAME: usize = 40;
/// Pods per node (source: GKE documentation, "Configure maximum Pods per node").
const PODS: std::ops::RangeInclusive<u32> = 8..=256;
/// The smallest boot disk of any version, in GB (source: GKE API discovery document v1).
const SMALLEST_DISK: u32 = 12;
/// The most nodes that may be replaced at a time (source: documentation of `google_container_node_pool`).
const MOST_AT_ONCE: u32 = 20;
/// The most characters of all node labels together (source: GKE API discovery document v1).
const LABEL_CHARACTERS: usize = 1024;

/// Adds what breaks a rule.
pub(crate) fn check(config: &NodePoolConfig, problems: &mut Problems) {
    name(config, problems);
    zones(config, problems);
    size(config, problems);
    machine(config, problems);
    slicing(config, problems);
    node_labels(config, problems);
    tags(config, problems);
    taints(config, problems);
    disk(config, problems);
    upgrade(config, problems);
    pods_and_version(config, problems);
}

/// Where the cluster is, as far as that is known.
pub(crate) fn place(config: &NodePoolConfig) -> Option<Place<'_>> {
    config.cluster_id.known().and_then(|cluster| parts::place(cluster).ok())
}

fn name(config: &NodePoolConfig, problems: &mut Problems) {
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase());
    if let Some(name) = config.name.known() {
        let good =
            name.len() <= LONGEST_NAME && begins(name) && name.chars().all(lower) && !name.ends_with('-');
        if !good {
            problems.error(
                "name",
                format!("{name:?} is no name of a GKE node pool"),
                format!(
                    "A name has at most {LONGEST_NAME} characters: lower-case letters, digits and dashes, first a \
                     letter, last a letter or a digit."
                ),
            );
        }
    }
    if let Some(prefix) = config.name_prefix.known() {
        let room = LONGEST_NAME - SUFFIX_LENGTH;
        if prefix.len() > room || !begins(prefix) || !prefix.chars().all(lower) {
            problems.error(
                "name_prefix",
                format!("{prefix:?} cannot begin the name of a GKE node pool"),
                format!(
                    "A prefix has at most {room} characters, since a suffix of {SUFFIX_LENGTH} follows: lower-case \
                     letters, digits and dashes, first a letter."
                ),
            );
        }
    }
}

fn zones(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(place) = place(config) else { return };
    let region = places::region(place.location);
    if config.zones.is_null() && !places::is_zone(place.location) {
        problems.error(
            "zones",
            "The zones are missing",
            format!(
                "The cluster is in the region {region}, and GKE makes as many nodes in every zone of a pool. So that \
                 counts mean the whole pool, say which zones it has: zones = [\"{region}-a\"]. \
                 `gcloud compute accelerator-types list` says which zones have the GPUs."
            ),
        );
    }
    let Some(zones) = config.zones.known() else { return };
    if zones.is_empty() {
        problems.error("zones", "There are no zones", "Name at least one zone, or leave zones out.");
    }
    for zone in zones {
        if !places::is_zone(zone) {
            problems.error(
                "zones",
                format!("{zone:?} is no zone"),
                format!("A zone is its region with a dash and a letter, such as {region}-a."),
            );
        } else if places::region(zone) != region {
            problems.error(
                "zones",
                format!("The zone {zone} is not in the cluster's region"),
                format!(
                    "The cluster is in {region}, and a pool's nodes must be there too. Choose zones of {region}, or a \
                     cluster in {}.",
                    places::region(zone)
                ),
            );
        }
    }
}

/// How many zones the pool has, as far as that is known.
pub(crate) fn zone_count(config: &NodePoolConfig) -> Option<usize> {
    match (&config.zones, place(config)) {
        (Field::Known(zones), _) => Some(zones.len()).filter(|count| *count > 0),
        (Field::Null, Some(place)) if places::is_zone(place.location) => Some(1),
        _ => None,
    }
}

fn size(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(zones) = zone_count(config) else { return };
    if let Some(count) = config.node_count.known()
        && let Err(uneven) = parts::per_zone(*count, zones)
    {
        problems.error(
            "node_count",
            format!("node_count = {count} cannot be spread evenly"),
            format!("{uneven}."),
        );
    }
    if let Some(limits) = config.autoscaling.known() {
        start(limits, zones, problems);
    }
}

/// GKE starts every zone with the same number of nodes.
fn start(limits: &AutoscalingConfig, zones: usize, problems: &mut Problems) {
    let (Some(min), Some(max)) = (limits.min_nodes.known(), limits.max_nodes.known()) else { return };
    let Some(initial) = limits.initial_nodes.known_or(*min) else { return };
    let per_zone = parts::initial_per_zone(initial, *max, zones);
    let made = u64::from(per_zone) * zones as u64;
    if made != u64::from(initial) && initial <= *max {
        problems.warning(
            "autoscaling",
            format!("The pool starts with {made} nodes, not {initial}"),
            format!(
                "GKE starts every one of the {zones} zones with the same number of nodes, here {per_zone}. The \
                 autoscaler then goes to what is needed, between {min} and {max}. With initial_nodes a multiple of \
                 {zones} the start is exact."
            ),
        );
    }
}

fn machine(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(machine_type) = config.machine_type.known() else { return };
    let options = config.options.known();
    let flex_start = options.and_then(|it| it.bool("flex_start"));
    let flex_unknown = config.options.is_unknown()
        || options.is_some_and(|it| it.get("flex_start") == Some(&crate::nodepool::OptionValue::Unknown));
    let on_demand = config.capacity_type.known_or(CapacityType::OnDemand) == Some(CapacityType::OnDemand);
    if machines::is_never_on_demand(machine_type) && on_demand && flex_start != Some(true) && !flex_unknown {
        problems.error(
            "machine_type",
            format!("{machine_type} is not sold on demand"),
            "Google sells it as spot (capacity_type = \"spot\") or by flex-start (gke = { flex_start = true } with \
             autoscaling) only. On demand there is a3-highgpu-8g.",
        );
    }
    let reserves = options.is_some_and(|it| it.get("reservation").is_some()) || config.options.is_unknown();
    if machines::needs_reservation(machine_type) && !reserves {
        problems.warning(
            "machine_type",
            format!("{machine_type} is had from a reservation only"),
            "Google documents no other way to get this machine. Set gke = { reservation = { type = \
             \"SPECIFIC_RESERVATION\", name = … } }.",
        );
    }
    let unnamed = NodeSlicing::of(config).is_some_and(|slicing| slicing.accelerator_type.is_none());
    if unnamed && config.gpu.is_written() {
        problems.error(
            "gpu.model",
            "GKE calls this GPU by several names",
            "GKE must be told which of its accelerator types the machine has. Write GKE's own name as gpu.model, such \
             as \"nvidia-h100-mega-80gb\"; `gcloud compute accelerator-types list` lists them.",
        );
    }
}

fn slicing(config: &NodePoolConfig, problems: &mut Problems) {
    if config.mig_strategy.known() == Some(&MigStrategy::Mixed) {
        problems.error(
            "mig_strategy",
            "GKE has no mixed strategy",
            "GKE cuts all GPUs of a node alike and announces every slice as nvidia.com/gpu. Remove mig_strategy, or \
             set it to \"single\".",
        );
    }
    let replicas = match config.sharing.known() {
        Some(Sharing::TimeSlicing { replicas } | Sharing::Mps { replicas }) => *replicas,
        Some(Sharing::None) | None => return,
    };
    // GKE has one ceiling for both ways of sharing (source: Google's GKE autoscaler).
    if replicas > MAX_MPS_CLIENTS {
        problems.error(
            "replicas",
            format!("replicas = {replicas} is not possible on GKE"),
            format!("GKE lets 2 to {MAX_MPS_CLIENTS} containers share a GPU or a slice."),
        );
    }
}

fn node_labels(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(written) = config.labels.known() else { return };
    let characters: usize =
        written.iter().map(|(key, value)| key.len() + value.known().map_or(0, String::len)).sum();
    if characters > LABEL_CHARACTERS {
        problems.warning(
            "labels",
            "GKE may refuse so many labels",
            format!(
                "They have {characters} characters together, and GKE documents a limit of {LABEL_CHARACTERS}."
            ),
        );
    }
}

/// Google's rules for labels of cloud resources (source: Google Cloud documentation, "Labels overview").
fn tags(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(tags) = config.tags.known() else { return };
    // Letters of scripts without upper and lower case are allowed.
    let letter = |c: char| c.is_alphabetic() && !c.is_uppercase();
    let body = |c: char| letter(c) || c.is_numeric() || matches!(c, '_' | '-');
    for (key, value) in tags {
        let mut refuse = |what: String, why: &str| {
            problems.push(Severity::Error, Path::of("tags").key(key), what, why.to_owned());
        };
        let begins = key.chars().next().is_some_and(letter);
        if labels::is_system_tag(key) {
            refuse(format!("The tag {key:?} is reserved"), "Keys that begin with goog- are Google's own.");
        } else if !begins || !key.chars().all(body) || key.chars().count() > 63 {
            refuse(
                format!("Google refuses the tag {key:?}"),
                "On GKE tags are labels of cloud resources. A key has 1 to 63 characters: lower-case letters, digits, \
                 '_' and '-', first a letter.",
            );
        }
        if let Some(value) = value.known()
            && (!value.chars().all(body) || value.chars().count() > 63)
        {
            refuse(
                format!("Google refuses the value {value:?} of the tag {key:?}"),
                "On GKE tags are labels of cloud resources. A value has at most 63 characters: lower-case letters, \
                 digits, '_' and '-'.",
            );
        }
    }
    if tags.len() > 64 {
        problems.error("tags", "There are too many tags", "Google allows 64 labels on a resource.");
    }
}

fn taints(config: &NodePoolConfig, problems: &mut Problems) {
    let none = BTreeSet::new();
    for taint in config.taints.known().unwrap_or(&none) {
        if labels::is_system_taint(taint) {
            problems.error(
                "taints",
                format!("GKE sets the taint {taint} itself"),
                "It follows from the machine type or from queued provisioning. Remove it from taints.",
            );
        }
    }
}

fn disk(config: &NodePoolConfig, problems: &mut Problems) {
    if config.disk_size_gb.known().is_some_and(|size| *size < SMALLEST_DISK) {
        problems.error(
            "disk_size_gb",
            "The boot disk is too small",
            format!(
                "GKE needs at least {SMALLEST_DISK} GB, newer versions 15 GB; GPU drivers and images take far more. \
                 When unset it is 100 GB."
            ),
        );
    }
    let (Some(machine_type), Some(kind)) = (config.machine_type.known(), config.disk_type.known()) else {
        return;
    };
    let Some(misfit) = machines::boot_disk_misfit(machine_type, kind) else { return };
    let summary = format!("{machine_type} does not boot from {kind}");
    let detail = format!("It takes {}. When unset, GKE chooses.", misfit.kinds.join(", "));
    if misfit.certain {
        problems.error("disk_type", summary, detail);
    } else {
        problems.warning("disk_type", format!("{summary}, as far as known"), detail);
    }
}

fn upgrade(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(upgrade) = config.upgrade.known() else { return };
    let mut nodes = 0_u32;
    for (path, value) in
        [("upgrade.max_surge", &upgrade.max_surge), ("upgrade.max_unavailable", &upgrade.max_unavailable)]
    {
        match value.known().map(|text| text.parse::<Amount>()) {
            Some(Ok(Amount::Percent(percent))) => problems.error(
                path,
                format!("GKE takes no percentage, so not \"{percent}%\""),
                "Write a number of nodes, such as \"1\".",
            ),
            Some(Ok(Amount::Nodes(number))) => nodes = nodes.saturating_add(number),
            Some(Err(_)) | None => {}
        }
    }
    if nodes > MOST_AT_ONCE {
        problems.error(
            "upgrade",
            "Too many nodes at a time",
            format!("max_surge and max_unavailable are {nodes} together, and GKE allows {MOST_AT_ONCE}."),
        );
    }
}

fn pods_and_version(config: &NodePoolConfig, problems: &mut Problems) {
    if let Some(pods) = config.max_pods.known()
        && !PODS.contains(pods)
    {
        problems.error(
            "max_pods",
            format!("max_pods = {pods} is not possible on GKE"),
            format!(
                "GKE allows {} to {} pods per node; when unset as the cluster says.",
                PODS.start(),
                PODS.end()
            ),
        );
    }
    if let Some(version) = config.kubernetes_version.known()
        && !is_version(version)
    {
        problems.error(
            "kubernetes_version",
            format!("{version:?} is no version of GKE"),
            "Write the lowest version that the nodes may have: \"1.33\", \"1.33.5\" or \"1.33.5-gke.1080000\". Aliases \
             such as \"latest\" mean another version every day.",
        );
    }
}

/// `1.33`, `1.33.5` or `1.33.5-gke.1080000`.
fn is_version(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (core, build) = match text.split_once("-gke.") {
        Some((core, build)) => (core, Some(build)),
        None => (text, None),
    };
    let parts: Vec<&str> = core.split('.').collect();
    let enough = if build.is_some() { parts.len() == 3 } else { (2..=3).contains(&parts.len()) };
    enough && parts.iter().all(|part| number(part)) && build.is_none_or(number)
}

#[cfg(test)]
mod tests;
