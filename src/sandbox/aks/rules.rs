//! What AKS refuses about a node pool. The rules are checked on the properties with their defaults, after a create as
//! after an update. Where no source is named, the rule is the model documentation's and the text is unverified.

use serde_json::Value;

use super::errors::Refusal;
use super::gpus;
use super::hardware::{self, Size};
use super::labels;
use super::model::{Cluster, strings};
use super::spec;

/// Pools of a cluster, and nodes of a pool (source: AKS documentation, quotas and limits).
const MOST_POOLS: usize = 100;
const MOST_NODES: i64 = 1000;

pub(crate) type Checked = Result<(), Refusal>;

/// All rules on the properties of a pool.
pub(crate) fn check(cluster: &Cluster, name: &str, spec: &Value) -> Checked {
    check_name(name)?;
    let size = check_size(cluster, name, spec)?;
    check_system(spec)?;
    check_count(spec)?;
    check_zones(cluster, name, spec)?;
    check_numbers(spec)?;
    check_spot(spec)?;
    check_upgrade(spec)?;
    check_ids(spec)?;
    gpus::check(spec, size)?;
    labels::check_labels(spec)?;
    labels::check_taints(spec)?;
    labels::check_tags(spec)
}

/// What holds for new pools only.
pub(crate) fn check_new(cluster: &Cluster) -> Checked {
    if cluster.pools.len() < MOST_POOLS {
        return Ok(());
    }
    Err(Refusal::bad_request(format!(
        "The cluster already has {MOST_POOLS} agent pools, which is the limit."
    )))
}

/// A lower-case letter, then at most eleven lower-case letters and digits (text: Azure/AKS issue 3300).
fn check_name(name: &str) -> Checked {
    let inside = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if inside && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 12 {
        return Ok(());
    }
    Err(Refusal::invalid(
        "agentPoolProfile.name",
        "The value of parameter agentPoolProfile.name is invalid. Please see https://aka.ms/aks-naming-rules for more \
         details.",
    ))
}

fn check_size(cluster: &Cluster, name: &str, spec: &Value) -> Result<&'static Size, Refusal> {
    let asked = spec["vmSize"].as_str().unwrap_or_default();
    hardware::size(asked).ok_or_else(|| {
        let known: Vec<_> = hardware::sizes().map(|size| size.name).collect();
        Refusal::bad_request(format!(
            "The VM size of AgentPoolProfile:{name} is not allowed in your subscription in location '{}': {asked}. The \
             available VM sizes are '{}'.",
            cluster.location,
            known.join(",")
        ))
    })
}

fn check_system(spec: &Value) -> Checked {
    match spec["mode"].as_str() {
        Some("System") if spec::is_spot(spec) => {
            Err(Refusal::bad_request("A System agent pool cannot have the scale set priority Spot."))
        }
        Some("System" | "User") => Ok(()),
        other => Err(Refusal::bad_request(format!(
            "The sandbox has no pools of mode {}.",
            other.unwrap_or_default()
        ))),
    }
}

fn check_count(spec: &Value) -> Checked {
    let invalid = |name: &str, why: String| {
        let target = format!("agentPoolProfile.{name}");
        Err(Refusal::invalid(&target, format!("The value of parameter {target} is invalid: {why}.")))
    };
    let least = i64::from(spec["mode"] == "System");
    let count = spec["count"].as_i64().unwrap_or_default();
    if !(least..=MOST_NODES).contains(&count) {
        return invalid("count", format!("{count} is not between {least} and {MOST_NODES}"));
    }
    let (min, max) = (spec["minCount"].as_i64(), spec["maxCount"].as_i64());
    if spec["enableAutoScaling"] != true {
        // A user of the API must send null (source: hashicorp's azurerm provider, which does so for this reason).
        return match (min, max) {
            (None, None) => Ok(()),
            _ => invalid(
                "minCount",
                "minCount and maxCount must be unset when enableAutoScaling is false".into(),
            ),
        };
    }
    let (Some(min), Some(max)) = (min, max) else {
        return invalid(
            "minCount",
            "minCount and maxCount must be set when enableAutoScaling is true".into(),
        );
    };
    if min > max || min < least || !(1..=MOST_NODES).contains(&max) {
        return invalid(
            "minCount",
            format!("minCount {min} and maxCount {max} are no range of {least} to {MOST_NODES}"),
        );
    }
    if (min..=max).contains(&count) {
        return Ok(());
    }
    invalid("count", format!("{count} is not between minCount {min} and maxCount {max}"))
}

/// The text is Azure Compute's (source: AKS documentation, availability zone support error).
fn check_zones(cluster: &Cluster, name: &str, spec: &Value) -> Checked {
    let zones = strings(&spec["availabilityZones"]);
    match zones.iter().find(|zone| !cluster.zones.contains(zone)) {
        None => Ok(()),
        Some(zone) => Err(Refusal::bare(
            400,
            "AvailabilityZoneNotSupported",
            format!(
                "Preflight validation check for resource(s) for container service {} in resource group {} failed. \
                 Message: The zone(s) '{zone}' for resource '{name}' is not supported. The supported zones for \
                 location '{}' are '{}'",
                cluster.name,
                cluster.group,
                cluster.location,
                cluster.zones.join(",")
            ),
        )),
    }
}

fn check_numbers(spec: &Value) -> Checked {
    // The limits are those of the AKS documentation.
    for (name, least, most) in [("maxPods", 10, 250), ("osDiskSizeGB", 30, 2048)] {
        let value = spec[name].as_i64().unwrap_or(least);
        if !(least..=most).contains(&value) {
            let target = format!("agentPoolProfile.{name}");
            let message = format!(
                "The value of parameter {target} is invalid: {value} is not between {least} and {most}."
            );
            return Err(Refusal::invalid(&target, message));
        }
    }
    Ok(())
}

fn check_spot(spec: &Value) -> Checked {
    if !spec::is_spot(spec) {
        let given =
            ["scaleSetEvictionPolicy", "spotMaxPrice"].into_iter().find(|name| !spec[*name].is_null());
        return match given {
            // az sends -1 for regular pools too.
            Some("spotMaxPrice") if spec["spotMaxPrice"].as_f64() == Some(-1.0) => Ok(()),
            Some(name) if spec[name] != "Delete" => Err(Refusal::invalid(
                &format!("agentPoolProfile.{name}"),
                format!("{name} can be set only when scaleSetPriority is Spot."),
            )),
            _ => Ok(()),
        };
    }
    let price = spec["spotMaxPrice"].as_f64().unwrap_or(-1.0);
    let shown = spec["spotMaxPrice"].to_string();
    let decimals = shown.split_once('.').map_or(0, |(_, decimals)| decimals.trim_end_matches('0').len());
    if (price <= 0.0 && (price - -1.0).abs() > f64::EPSILON) || decimals > 5 {
        return Err(Refusal::invalid(
            "agentPoolProfile.spotMaxPrice",
            format!("spotMaxPrice {shown} is neither -1 nor a price above 0 with at most five decimals."),
        ));
    }
    let upgrade = &spec["upgradeSettings"];
    if !upgrade["maxSurge"].is_null() || !upgrade["maxUnavailable"].is_null() {
        return Err(Refusal::invalid(
            "agentPoolProfile.upgradeSettings.maxSurge",
            "Spot pools can't set max surge.",
        ));
    }
    Ok(())
}

fn check_upgrade(spec: &Value) -> Checked {
    if spec::is_spot(spec) {
        return Ok(());
    }
    let upgrade = &spec["upgradeSettings"];
    let mut shares = Vec::new();
    for name in ["maxSurge", "maxUnavailable"] {
        let text = upgrade[name].as_str().unwrap_or("0");
        let Some(share) = share(text) else {
            return Err(Refusal::invalid(
                &format!("agentPoolProfile.upgradeSettings.{name}"),
                format!("{name} is a whole number or a percentage from 0 to 100, not '{text}'."),
            ));
        };
        shares.push(share);
    }
    if shares == [0, 0] {
        return Err(Refusal::invalid(
            "agentPoolProfile.upgradeSettings.maxSurge",
            "maxSurge and maxUnavailable cannot both be 0.",
        ));
    }
    for (name, most) in [("nodeSoakDurationInMinutes", 30), ("drainTimeoutInMinutes", 1440)] {
        if upgrade[name].as_i64().is_some_and(|minutes| !(0..=most).contains(&minutes)) {
            return Err(Refusal::invalid(
                &format!("agentPoolProfile.upgradeSettings.{name}"),
                format!("{name} is not between 0 and {most}."),
            ));
        }
    }
    Ok(())
}

/// The number in `2` or `33%`.
fn share(text: &str) -> Option<u32> {
    match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().filter(|percent| *percent <= 100),
        None => text.parse().ok(),
    }
}

/// How many of `nodes` a share is; part of a node counts as a whole one.
pub(crate) fn share_of(text: &str, nodes: u32) -> u32 {
    let number = share(text).unwrap_or(0);
    if text.ends_with('%') { (number * nodes).div_ceil(100) } else { number }
}

/// References have the form of an ARM id. What they lead to is not in the sandbox.
fn check_ids(spec: &Value) -> Checked {
    let references = [
        ("vnetSubnetID", "/subnets/"),
        ("podSubnetID", "/subnets/"),
        ("proximityPlacementGroupID", "/proximityPlacementGroups/"),
        ("capacityReservationGroupID", "/capacityReservationGroups/"),
    ];
    for (name, kind) in references {
        let Some(id) = spec[name].as_str() else { continue };
        let lower = id.to_ascii_lowercase();
        if !lower.starts_with("/subscriptions/") || !lower.contains(&kind.to_ascii_lowercase()) {
            let target = format!("agentPoolProfile.{name}");
            return Err(Refusal::invalid(
                &target,
                format!("The value of parameter {target} is invalid: {id}."),
            ));
        }
    }
    Ok(())
}

/// The first property that would change and may not.
pub(crate) fn check_unchanged(old: &Value, new: &Value) -> Checked {
    for path in spec::IMMUTABLE {
        let pointer = spec::pointer(path);
        let nothing = Value::Null;
        let (old, new) =
            (old.pointer(&pointer).unwrap_or(&nothing), new.pointer(&pointer).unwrap_or(&nothing));
        if !same(path, old, new) {
            return Err(Refusal::immutable(path));
        }
    }
    Ok(())
}

fn same(path: &str, old: &Value, new: &Value) -> bool {
    match (old, new) {
        // Names and references of Azure do not distinguish case.
        (Value::String(old), Value::String(new)) if path.ends_with("ID") || path == "vmSize" => {
            old.eq_ignore_ascii_case(new)
        }
        (Value::Array(_), Value::Array(_)) if path == "availabilityZones" => {
            let sorted = |list: &Value| {
                let mut list = strings(list);
                list.sort();
                list
            };
            sorted(old) == sorted(new)
        }
        (Value::Number(old), Value::Number(new)) => old.as_f64() == new.as_f64(),
        // What was never set has the default's name or none.
        (Value::Null, Value::String(text)) => text.is_empty() || is_default(path, text),
        (Value::Null, Value::Array(list)) => list.is_empty(),
        _ => old == new,
    }
}

/// Values that mean the same as nothing.
fn is_default(path: &str, value: &str) -> bool {
    matches!(
        (path, value),
        ("gpuProfile.nvidia.managementMode", "Unmanaged")
            | ("gpuProfile.nvidia.migStrategy", "None")
            | ("scaleSetPriority", "Regular")
            | ("podIPAllocationMode", "DynamicIndividual")
    )
}
