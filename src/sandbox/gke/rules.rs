//! What GKE refuses about a node pool, whoever asks and however it came to be.
//!
//! The rules are checked on the resource with its defaults, after a create request as after an update.

use std::collections::BTreeSet;

use serde_json::Value;

use super::accelerators;
use super::errors::Refusal;
use super::hardware::{Machine, machine};
use super::model::{Cluster, region_of, strings};
use super::versions;

/// Label keys that GKE writes itself.
const SYSTEM_LABELS: &[&str] = &[
    "cloud.google.com/gke-nodepool",
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-gpu-partition-size",
    "cloud.google.com/gke-gpu-sharing-strategy",
    "cloud.google.com/gke-max-shared-clients-per-gpu",
    "cloud.google.com/gke-gpu-driver-version",
    "cloud.google.com/gke-spot",
];

const IMAGES: &[&str] = &["COS_CONTAINERD", "UBUNTU_CONTAINERD", "WINDOWS_LTSC_CONTAINERD"];

/// Smallest disk before node version 1.36.3-gke.1480000, which is newer than all here (source: discovery document).
const SMALLEST_DISK_GB: i64 = 12;

type Checked = Result<(), Refusal>;

/// All rules on a whole node pool.
pub(crate) fn check(cluster: &Cluster, spec: &Value) -> Checked {
    check_name(spec["name"].as_str().unwrap_or_default())?;
    check_zones(cluster, &strings(&spec["locations"]))?;
    versions::check_node(cluster, spec["version"].as_str().unwrap_or_default())?;
    let count = spec["initialNodeCount"].as_i64().unwrap_or(0);
    if !(0..=1000).contains(&count) {
        return Err(Refusal::invalid(format!("Initial node count {count} is not between 0 and 1000.")));
    }
    let pods =
        spec["maxPodsConstraint"]["maxPodsPerNode"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    if !(8..=256).contains(&pods) {
        return Err(Refusal::invalid(format!("Max pods per node {pods} is not between 8 and 256.")));
    }
    check_management(cluster, &spec["management"])?;
    check_upgrade(&spec["upgradeSettings"])?;
    let config = &spec["config"];
    let machine = check_machine(config)?;
    accelerators::check(config, &machine)?;
    check_disk(config, &machine)?;
    check_labels(&config["labels"])?;
    check_taints(&config["taints"])?;
    check_reservation(&config["reservationAffinity"])
}

/// Lower case, digits and hyphens, a letter first, at most 40 characters (source: guide to version 8 of hashicorp's
/// Google provider).
fn check_name(name: &str) -> Checked {
    let inside = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let ends = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-');
    if inside && ends && name.len() <= 40 {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "Invalid value for field \"node_pool.name\": \"{name}\". Must be a match of regex \
         '(?:[a-z](?:[-a-z0-9]{{0,38}}[a-z0-9])?)'."
    )))
}

fn check_zones(cluster: &Cluster, zones: &[String]) -> Checked {
    let foreign = zones.iter().find(|zone| region_of(zone) != cluster.region() || *zone == cluster.region());
    if let Some(zone) = foreign {
        return Err(Refusal::invalid(format!(
            "Node pool location \"{zone}\" is not a zone of region \"{}\".",
            cluster.region()
        )));
    }
    let distinct: BTreeSet<_> = zones.iter().collect();
    if zones.is_empty() || distinct.len() != zones.len() {
        return Err(Refusal::invalid("Node pool locations must be a non-empty list of distinct zones."));
    }
    Ok(())
}

/// In a release channel nodes are upgraded and repaired by GKE.
pub(crate) fn check_management(cluster: &Cluster, management: &Value) -> Checked {
    let Some(channel) = &cluster.release_channel else { return Ok(()) };
    for (field, name) in [("autoUpgrade", "Auto_upgrade"), ("autoRepair", "Auto_repair")] {
        if management[field] != true {
            return Err(Refusal::invalid(format!(
                "{name} must be true when release_channel {channel} is set."
            )));
        }
    }
    Ok(())
}

fn check_upgrade(upgrade: &Value) -> Checked {
    let count = |key: &str| upgrade[key].as_i64().unwrap_or(0);
    let (surge, unavailable) = (count("maxSurge"), count("maxUnavailable"));
    let surging = upgrade["strategy"] == "SURGE";
    if surge < 0 || unavailable < 0 || surge + unavailable > 20 || (surging && surge + unavailable == 0) {
        return Err(Refusal::invalid(format!(
            "Invalid upgrade settings: max_surge {surge} and max_unavailable {unavailable} must not be negative, and \
             their sum must be between 1 and 20."
        )));
    }
    Ok(())
}

fn check_machine(config: &Value) -> Result<Machine, Refusal> {
    let name = config["machineType"].as_str().unwrap_or_default();
    machine(name)
        .ok_or_else(|| Refusal::invalid(format!("Machine type with name \"{name}\" does not exist.")))
}

fn check_disk(config: &Value, machine: &Machine) -> Checked {
    let size = config["diskSizeGb"].as_i64().unwrap_or(0);
    if size < SMALLEST_DISK_GB {
        return Err(Refusal::invalid(format!(
            "Disk size {size} GB is too small: the smallest allowed disk size is {SMALLEST_DISK_GB} GB."
        )));
    }
    let kind = config["diskType"].as_str().unwrap_or_default();
    let known = ["pd-standard", "pd-balanced", "pd-ssd", "hyperdisk-balanced", "hyperdisk-throughput"];
    let fits = !machine.hyperdisk_only || kind == "hyperdisk-balanced";
    if !known.contains(&kind) || !fits {
        let name = config["machineType"].as_str().unwrap_or_default();
        return Err(Refusal::invalid(format!("Disk type {kind} cannot be used with machine type {name}.")));
    }
    let image = config["imageType"].as_str().unwrap_or_default();
    if !IMAGES.contains(&image) {
        return Err(Refusal::invalid(format!("Image type \"{image}\" is not supported.")));
    }
    Ok(())
}

fn check_labels(labels: &Value) -> Checked {
    let Some(labels) = labels.as_object() else { return Ok(()) };
    let mut characters = 0;
    for (key, value) in labels {
        let value = value.as_str().unwrap_or_default();
        characters += key.len() + value.len();
        if !is_label_key(key) || !(value.is_empty() || is_label_name(value)) {
            return Err(Refusal::invalid(format!(
                "Node label \"{key}\"=\"{value}\" is not a valid Kubernetes label."
            )));
        }
        let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix);
        let below = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
        let reserved =
            (below("kubernetes.io") && prefix != "node-restriction.kubernetes.io") || below("k8s.io");
        if reserved || SYSTEM_LABELS.contains(&key.as_str()) {
            return Err(Refusal::invalid(format!(
                "Node label \"{key}\" is reserved and cannot be set on a node pool."
            )));
        }
    }
    // Source: discovery document, NodeConfig.labels.
    if characters > 1024 {
        return Err(Refusal::invalid("Node labels hold more than 1,024 characters in total."));
    }
    Ok(())
}

/// `prefix/name` or `name`, by Kubernetes' rules.
fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        None => is_label_name(key),
        Some((prefix, name)) => {
            let part = |part: &str| {
                !part.is_empty()
                    && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                    && !part.starts_with('-')
                    && !part.ends_with('-')
            };
            prefix.len() <= 253 && prefix.split('.').all(part) && is_label_name(name)
        }
    }
}

fn is_label_name(name: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&name.len())
        && name.starts_with(edge)
        && name.ends_with(edge)
        && name.chars().all(|c| edge(c) || matches!(c, '-' | '_' | '.'))
}

fn check_taints(taints: &Value) -> Checked {
    let mut seen = BTreeSet::new();
    for taint in taints.as_array().map(Vec::as_slice).unwrap_or_default() {
        let text = |field: &str| taint[field].as_str().unwrap_or_default();
        let (key, value, effect) = (text("key"), text("value"), text("effect"));
        if !is_label_key(key) || !(value.is_empty() || is_label_name(value)) {
            return Err(Refusal::invalid(format!(
                "Node taint \"{key}={value}\" is not a valid Kubernetes taint."
            )));
        }
        if effect.is_empty() || effect == "EFFECT_UNSPECIFIED" {
            return Err(Refusal::invalid(format!("Node taint \"{key}\" has no effect.")));
        }
        if !seen.insert((key, effect)) {
            // Google's own text (source: hashicorp's Google provider, issue 7928).
            return Err(Refusal::invalid(format!(
                "Found more than one taint with key {key} and effect {effect}."
            )));
        }
    }
    Ok(())
}

fn check_reservation(reservation: &Value) -> Checked {
    let specific = reservation["consumeReservationType"] == "SPECIFIC_RESERVATION";
    let named = reservation["key"] == "compute.googleapis.com/reservation-name"
        && reservation["values"].as_array().is_some_and(|values| !values.is_empty());
    if specific && !named {
        return Err(Refusal::invalid(
            "A specific reservation needs key compute.googleapis.com/reservation-name and the reservation's name.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_follow_the_rule() {
        for good in ["a", "mig1g", "a-1", &"a".repeat(40)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "1a", "A", "a-", "-a", "a_b", &"a".repeat(41)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn labels_follow_kubernetes_and_leave_reserved_keys_alone() {
        for good in
            [json!({"a": "b"}), json!({"example.com/a_b.c": ""}), json!({"gpuslice/profile": "1g.5gb"})]
        {
            assert_eq!(check_labels(&good), Ok(()), "{good}");
        }
        for bad in [
            json!({"": "b"}),
            json!({"a": "b c"}),
            json!({"kubernetes.io/x": "y"}),
            json!({"node.kubernetes.io/x": "y"}),
            json!({"x.k8s.io/x": "y"}),
            json!({"cloud.google.com/gke-accelerator": "y"}),
            json!({"Example.com/a": "b"}),
            json!({"a": "b".repeat(64)}),
        ] {
            assert!(check_labels(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_taint_may_come_once_per_key_and_effect() {
        let taint = |effect: &str| json!({"key": "nvidia.com/gpu", "value": "present", "effect": effect});
        assert_eq!(check_taints(&json!([taint("NO_SCHEDULE"), taint("NO_EXECUTE")])), Ok(()));
        let twice = check_taints(&json!([taint("NO_SCHEDULE"), taint("NO_SCHEDULE")])).unwrap_err();
        let text = "Found more than one taint with key nvidia.com/gpu and effect NO_SCHEDULE.";
        assert_eq!(twice, Refusal::invalid(text));
    }

    #[test]
    fn surge_settings_leave_room_to_work() {
        let settings = |surge, unavailable| {
            check_upgrade(&json!({"strategy": "SURGE", "maxSurge": surge, "maxUnavailable": unavailable}))
        };
        assert_eq!(settings(0, 1), Ok(()));
        assert_eq!(settings(20, 0), Ok(()));
        assert!(settings(0, 0).is_err() && settings(11, 10).is_err() && settings(-1, 2).is_err());
    }
}
