//! The nodes that GKE makes of a node pool: labels, taints, GPUs, and what the device plugin shows of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::hardware::{accelerator_named, machine, partitions};
use super::model::{Pool, region_of};
use crate::sandbox::clock::Millis;
use crate::sandbox::nodes::{Advertised, Cut, Gpus, Node, Restart, Taint};
use crate::sandbox::random::Random;

/// Where and when a machine starts, and the time scale of what follows.
#[derive(Debug)]
pub(crate) struct Boot {
    pub(crate) zone: String,
    pub(crate) at: Millis,
    /// Half of it passes until the node is ready.
    pub(crate) span: Millis,
}

/// The physical GPUs of each machine of a pool.
pub(crate) fn gpus(spec: &Value) -> Option<Gpus> {
    let entry = spec.pointer("/config/accelerators/0")?;
    Some(Gpus { kind: text(entry, "acceleratorType").to_owned(), count: number(&entry["acceleratorCount"]) })
}

/// A new node of `pool` as `spec` describes it.
pub(crate) fn make(cluster: &str, pool: &Pool, spec: &Value, boot: &Boot, random: &mut Random) -> Node {
    let config = &spec["config"];
    let machine_type = text(config, "machineType");
    let machine = machine(machine_type);
    let ready_at = boot.at + boot.span / 2;
    let group = pool.group_name(cluster, &boot.zone);
    let restart = restarts(spec).then(|| Restart {
        at: ready_at + boot.span * 3 / 10,
        ready_at: ready_at + boot.span / 2,
        boot_id: random.uuid(),
    });
    // Drivers first, and where MIG needs a restart, that; then the device plugin finds its devices.
    let plugin_at =
        restart.as_ref().map_or(ready_at + boot.span / 10, |restart| restart.ready_at + boot.span / 20);
    let mut node = Node {
        name: format!("{}-{}", group.trim_end_matches("-grp"), random.suffix(4)),
        uid: random.uuid(),
        boot_id: random.uuid(),
        pool: pool.name.clone(),
        zone: boot.zone.clone(),
        machine_type: machine_type.to_owned(),
        version: text(spec, "version").to_owned(),
        labels: BTreeMap::new(),
        taints: taints(config, machine_type),
        vcpus: machine.as_ref().map_or(0, |machine| machine.vcpus),
        memory_gib: machine.as_ref().map_or(0, |machine| machine.memory_gib),
        max_pods: number(&spec["maxPodsConstraint"]["maxPodsPerNode"]),
        gpus: gpus(spec),
        advertised: advertised(spec)
            .map(|count| Advertised { resource: "nvidia.com/gpu".to_owned(), count, from: plugin_at })
            .into_iter()
            .collect(),
        cut: cut(spec, restart.as_ref().map_or(ready_at, |restart| restart.ready_at)),
        driver: spec.pointer("/config/accelerators/0/gpuDriverInstallationConfig/gpuDriverVersion")
            != Some(&Value::from("INSTALLATION_DISABLED")),
        created_at: boot.at,
        ready_at,
        restart,
        draining: false,
    };
    node.labels = labels(&node, spec);
    node
}

/// Labels and taints of the live nodes, after an in-place change of the pool.
pub(crate) fn refresh(pool: &mut Pool) {
    for node in &mut pool.nodes {
        node.labels = labels(node, &pool.spec);
        node.taints = taints(&pool.spec["config"], &node.machine_type);
    }
}

/// Drops the youngest machines beyond the wanted size of each zone.
pub(crate) fn shrink(pool: &mut Pool) {
    let mut kept: BTreeMap<String, u32> = BTreeMap::new();
    let sizes = &pool.sizes;
    pool.nodes.retain(|node| {
        let so_far = kept.entry(node.zone.clone()).or_default();
        *so_far += 1;
        *so_far <= sizes.get(&node.zone).copied().unwrap_or(0)
    });
}

/// Every node of the pool restarts now, with the boot ids given.
pub(crate) fn reboot(pool: &mut Pool, now: Millis, length: Millis, boots: Vec<String>) {
    for (node, boot_id) in pool.nodes.iter_mut().zip(boots) {
        node.reboot(now, length, boot_id);
    }
}

/// `nvidia.com/gpu` of one node: GPUs × partitions × clients (source: Google's GKE autoscaler). None where nothing
/// advertises it: no GPUs, no driver, or the pool asked for no device plugin.
fn advertised(spec: &Value) -> Option<u32> {
    let entry = spec.pointer("/config/accelerators/0")?;
    if entry["gpuDriverInstallationConfig"]["gpuDriverVersion"] == "INSTALLATION_DISABLED"
        || spec.pointer("/config/labels/gke-no-default-nvidia-gpu-device-plugin").is_some_and(|v| v == "true")
    {
        return None;
    }
    let accelerator = accelerator_named(text(entry, "acceleratorType"))?;
    let parts = match text(entry, "gpuPartitionSize") {
        "" => 1,
        size => partitions(accelerator, size)?,
    };
    let clients = number(&entry["gpuSharingConfig"]["maxSharedClientsPerGpu"]).max(1);
    Some(number(&entry["acceleratorCount"]) * parts * clients)
}

/// The partitions, whoever shows them.
fn cut(spec: &Value, from: Millis) -> Option<Cut> {
    let entry = spec.pointer("/config/accelerators/0")?;
    let size = text(entry, "gpuPartitionSize");
    let parts = partitions(accelerator_named(text(entry, "acceleratorType"))?, size)?;
    Some(Cut { slices: vec![(size.to_owned(), parts)], from })
}

/// MIG on Ampere takes effect after a restart (source: NVIDIA MIG user guide).
fn restarts(spec: &Value) -> bool {
    let Some(entry) = spec.pointer("/config/accelerators/0") else { return false };
    let restarting =
        accelerator_named(text(entry, "acceleratorType")).is_some_and(|gpu| gpu.restarts_for_mig);
    restarting && !text(entry, "gpuPartitionSize").is_empty()
}

fn labels(node: &Node, spec: &Value) -> BTreeMap<String, String> {
    let config = &spec["config"];
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    if let Some(own) = config["labels"].as_object() {
        labels.extend(own.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
    }
    let mut put = |key: &str, value: &str| labels.insert(key.to_owned(), value.to_owned());
    put("kubernetes.io/hostname", &node.name);
    put("kubernetes.io/os", "linux");
    put("kubernetes.io/arch", if is_arm(&node.machine_type) { "arm64" } else { "amd64" });
    put("node.kubernetes.io/instance-type", &node.machine_type);
    put("topology.kubernetes.io/zone", &node.zone);
    put("topology.kubernetes.io/region", region_of(&node.zone));
    put("cloud.google.com/gke-nodepool", &node.pool);
    if config["spot"] == true {
        put("cloud.google.com/gke-spot", "true");
    }
    if config["flexStart"] == true {
        put("cloud.google.com/gke-flex-start", "true");
    }
    let Some(entry) = config.pointer("/accelerators/0") else { return labels };
    put("cloud.google.com/gke-accelerator", text(entry, "acceleratorType"));
    if let Some(size) = entry["gpuPartitionSize"].as_str() {
        put("cloud.google.com/gke-gpu-partition-size", size);
    }
    let sharing = &entry["gpuSharingConfig"];
    let strategy = match text(sharing, "gpuSharingStrategy") {
        "TIME_SHARING" => Some("time-sharing"),
        "MPS" => Some("mps"),
        _ => None,
    };
    if let (Some(strategy), Some(clients)) = (strategy, sharing["maxSharedClientsPerGpu"].as_str()) {
        put("cloud.google.com/gke-gpu-sharing-strategy", strategy);
        put("cloud.google.com/gke-max-shared-clients-per-gpu", clients);
    }
    match text(&entry["gpuDriverInstallationConfig"], "gpuDriverVersion") {
        "DEFAULT" => put("cloud.google.com/gke-gpu-driver-version", "default"),
        "LATEST" => put("cloud.google.com/gke-gpu-driver-version", "latest"),
        "INSTALLATION_DISABLED" => put("cloud.google.com/gke-gpu-driver-version", "disabled"),
        _ => None,
    };
    labels
}

fn is_arm(machine_type: &str) -> bool {
    machine_type.starts_with("a4x") || machine_type.starts_with("t2a")
}

/// The pool's taints in Kubernetes' spelling, and the one that GKE puts on Arm nodes unless `taintConfig` says no
/// (source: discovery document; the taint itself: GKE documentation on Arm nodes).
fn taints(config: &Value, machine_type: &str) -> Vec<Taint> {
    let mut seen = BTreeSet::new();
    let list = config["taints"].as_array().map(Vec::as_slice).unwrap_or_default();
    let spelled = list.iter().filter_map(|taint| {
        let effect = match text(taint, "effect") {
            "NO_SCHEDULE" => "NoSchedule",
            "PREFER_NO_SCHEDULE" => "PreferNoSchedule",
            "NO_EXECUTE" => "NoExecute",
            _ => return None,
        };
        let (key, value) = (text(taint, "key").to_owned(), text(taint, "value").to_owned());
        Some(Taint { key, value, effect: effect.to_owned() })
    });
    let arm = Taint {
        key: "kubernetes.io/arch".to_owned(),
        value: "arm64".to_owned(),
        effect: "NoSchedule".to_owned(),
    };
    let tainted = is_arm(machine_type) && config["taintConfig"]["architectureTaintBehavior"] != "NONE";
    spelled
        .chain(tainted.then_some(arm))
        .filter(|taint| seen.insert((taint.key.clone(), taint.effect.clone())))
        .collect()
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object[key].as_str().unwrap_or_default()
}

/// A count, written as a number or as text.
fn number(value: &Value) -> u32 {
    match value {
        Value::String(text) => text.parse().unwrap_or(0),
        other => other.as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
    }
}
