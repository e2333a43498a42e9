//! The `NodePool` resource at rest: what GKE fills in when a pool is created, and how changes are put in.

use serde_json::{Map, Value, json};

use super::hardware::machine;
use super::model::Cluster;
use super::operations::Changes;

/// Puts changes in. Paths are dotted; null takes a field away.
pub(crate) fn apply(spec: &mut Value, changes: &Changes) {
    for (path, value) in changes {
        let mut place = &mut *spec;
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            let Some(object) = place.as_object_mut() else { break };
            if steps.peek().is_some() {
                place = object.entry(step).or_insert_with(|| json!({}));
            } else if value.is_null() {
                object.remove(step);
                break;
            } else {
                object.insert(step.to_owned(), value.clone());
                break;
            }
        }
    }
}

/// Fills in what a create request left open, as GET shows it afterwards. Which defaults Google's service writes is
/// taken from its discovery document and from answers quoted in public issues; those marked so are unverified.
pub(crate) fn with_defaults(cluster: &Cluster, mut pool: Map<String, Value>) -> Value {
    let default = |object: &mut Map<String, Value>, key: &str, value: Value| {
        object.entry(key).or_insert(value);
    };
    default(&mut pool, "initialNodeCount", json!(0));
    default(&mut pool, "locations", json!(cluster.zones));
    default(&mut pool, "version", json!(cluster.version));
    default(&mut pool, "maxPodsConstraint", json!({"maxPodsPerNode": "110"}));
    default(&mut pool, "upgradeSettings", json!({}));
    default(&mut pool, "autoscaling", json!({}));
    default(&mut pool, "networkConfig", json!({}));
    // In a release channel both are on (unverified: what the API does when `management` is absent).
    let managed = if cluster.release_channel.is_some() {
        json!({"autoUpgrade": true, "autoRepair": true})
    } else {
        json!({})
    };
    default(&mut pool, "management", managed);
    if let Some(upgrade) = pool["upgradeSettings"].as_object_mut() {
        if upgrade.get("strategy").is_none_or(|strategy| strategy == "NODE_POOL_UPDATE_STRATEGY_UNSPECIFIED")
        {
            upgrade.insert("strategy".to_owned(), json!("SURGE"));
        }
        if upgrade["strategy"] == "SURGE" && !upgrade.contains_key("maxUnavailable") {
            default(upgrade, "maxSurge", json!(1));
        }
    }
    if let Some(network) = pool["networkConfig"].as_object_mut() {
        default(network, "podRange", json!(format!("gke-{}-pods", cluster.name)));
        default(network, "podIpv4CidrBlock", json!("10.0.0.0/14"));
    }
    let mut config = match pool.remove("config") {
        Some(Value::Object(config)) => config,
        _ => Map::new(),
    };
    fill_config(&mut config);
    pool.insert("config".to_owned(), Value::Object(config));
    Value::Object(pool)
}

fn fill_config(config: &mut Map<String, Value>) {
    let mut default = |key: &str, value: Value| {
        config.entry(key).or_insert(value);
    };
    default("machineType", json!("e2-medium"));
    default("imageType", json!("COS_CONTAINERD"));
    default("diskSizeGb", json!(100));
    default("serviceAccount", json!("default"));
    // The scopes of logging and monitoring, which the seeded clusters have on (source: discovery document).
    default(
        "oauthScopes",
        json!([
            "https://www.googleapis.com/auth/logging.write",
            "https://www.googleapis.com/auth/monitoring"
        ]),
    );
    default("shieldedInstanceConfig", json!({"enableIntegrityMonitoring": true}));
    default("metadata", json!({}));
    default("windowsNodeConfig", json!({}));
    default("resourceLabels", json!({}));
    config.insert("effectiveCgroupMode".to_owned(), json!("EFFECTIVE_CGROUP_MODE_V2"));
    if let Some(image) = config.get("imageType").and_then(Value::as_str) {
        config.insert("imageType".to_owned(), json!(image.to_ascii_uppercase()));
    }
    if let Some(metadata) = config["metadata"].as_object_mut() {
        metadata.entry("disable-legacy-endpoints").or_insert_with(|| json!("true"));
    }
    let disk = config.get("machineType").and_then(Value::as_str).and_then(machine);
    if let Some(machine) = disk {
        config.entry("diskType").or_insert_with(|| json!(machine.default_disk));
    }
    let provisioning = if config.get("spot") == Some(&json!(true)) { "spot" } else { "on-demand" };
    if let Some(labels) = config["resourceLabels"].as_object_mut() {
        system_labels(labels, provisioning);
    }
    if let Some(accelerators) = config.get_mut("accelerators").and_then(Value::as_array_mut) {
        accelerators.iter_mut().for_each(fill_accelerator);
    }
}

/// The labels that GKE puts on machines by itself, and shows (which ones exactly is unverified).
pub(crate) fn system_labels(labels: &mut Map<String, Value>, provisioning: &str) {
    labels.insert("goog-gke-node-pool-provisioning-model".to_owned(), json!(provisioning));
}

/// GKE installs the default driver unless told otherwise, and says so in GET (since 1.30.1; source: hashicorp's
/// Google provider, magic-modules PR 11152).
pub(crate) fn fill_accelerator(entry: &mut Value) {
    let driver = &entry["gpuDriverInstallationConfig"]["gpuDriverVersion"];
    if driver.is_null() || driver == "GPU_DRIVER_VERSION_UNSPECIFIED" {
        entry["gpuDriverInstallationConfig"] = json!({"gpuDriverVersion": "DEFAULT"});
    }
}

/// GKE taints GPU nodes by itself, at creation only, and not where every other pool has GPUs too (source: Google's
/// documentation, as quoted in terraform-google-kubernetes-engine #703).
pub(crate) fn add_gpu_taint(cluster: &Cluster, spec: &mut Value) {
    let gpu = |spec: &Value| spec.pointer("/config/accelerators/0").is_some();
    if !gpu(spec) || cluster.pools.values().all(|pool| gpu(&pool.spec)) {
        return;
    }
    let taints = &mut spec["config"]["taints"];
    if taints.is_null() {
        *taints = json!([]);
    }
    if let Some(list) = taints.as_array_mut()
        && !list.iter().any(|taint| taint["key"] == "nvidia.com/gpu")
    {
        list.push(json!({"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_replace_add_and_remove() {
        let mut spec = json!({"a": {"b": 1, "c": 2}});
        let changes = Changes::from([
            ("a.b".to_owned(), json!({"x": 1})),
            ("a.c".to_owned(), Value::Null),
            ("d.e".to_owned(), json!(3)),
        ]);
        apply(&mut spec, &changes);
        assert_eq!(spec, json!({"a": {"b": {"x": 1}}, "d": {"e": 3}}));
    }
}
