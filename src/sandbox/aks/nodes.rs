//! The nodes that AKS makes of a node pool: labels, taints, GPUs, and what a device plugin shows of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::hardware::{self, Size};
use super::model::{Pool, number, strings};
use super::spec;
use crate::sandbox::clock::Millis;
use crate::sandbox::nodes::{Advertised, Cut, Gpus, Node, Restart, Taint};
use crate::sandbox::random::Random;

/// Tells which image a node runs.
pub(crate) const IMAGE_LABEL: &str = "kubernetes.azure.com/node-image-version";

/// Where and when a machine starts, and the time scale of what follows.
#[derive(Debug)]
pub(crate) struct Boot {
    pub(crate) place: String,
    pub(crate) location: String,
    /// The group that holds the machines.
    pub(crate) group: String,
    /// The cluster's eight digits.
    pub(crate) hash: String,
    pub(crate) at: Millis,
    /// Half of it passes until the node is ready.
    pub(crate) span: Millis,
}

/// A new node of `pool`.
pub(crate) fn make(pool: &mut Pool, boot: &Boot, random: &mut Random) -> Node {
    let size = pool.size();
    let spec = &pool.spec;
    let ready_at = boot.at + boot.span / 2;
    // AKS partitions by a service that works only after a restart of the machine (source: AKS `AgentBaker`), so the
    // slices come minutes after the node was ready for the first time.
    let restart = is_cut(spec).then(|| Restart {
        at: ready_at + boot.span * 3 / 10,
        ready_at: ready_at + boot.span / 2,
        boot_id: random.uuid(),
    });
    let plugin_at =
        restart.as_ref().map_or(ready_at + boot.span / 10, |restart| restart.ready_at + boot.span / 20);
    let mut node = Node {
        name: format!("aks-{}-{}-vmss{}", pool.name, boot.hash, base36(pool.serial)),
        uid: random.uuid(),
        boot_id: random.uuid(),
        pool: pool.name.clone(),
        zone: boot.place.clone(),
        machine_type: size.map_or_else(String::new, |size| size.name.to_owned()),
        version: pool.version.clone(),
        labels: BTreeMap::new(),
        taints: Vec::new(),
        vcpus: size.map_or(0, |size| size.vcpus),
        memory_gib: size.map_or(0, |size| size.memory_gib),
        max_pods: number(&spec["maxPods"]),
        gpus: size.and_then(|size| Some(Gpus { kind: size.gpu?.name.to_owned(), count: size.gpus })),
        advertised: advertised(spec, size)
            .into_iter()
            .map(|(resource, count)| Advertised { resource, count, from: plugin_at })
            .collect(),
        cut: cut(spec, size, restart.as_ref().map_or(ready_at, |restart| restart.ready_at)),
        driver: spec["gpuProfile"]["driver"] != "None",
        created_at: boot.at,
        ready_at,
        restart,
        draining: false,
    };
    node.labels = BTreeMap::from([
        (IMAGE_LABEL.to_owned(), pool.image_name()),
        ("topology.kubernetes.io/region".to_owned(), boot.location.clone()),
    ]);
    dress(&boot.group, &mut node, spec);
    pool.serial += 1;
    node
}

/// Labels and taints of the live nodes, after an in-place change of the pool.
pub(crate) fn refresh(group: &str, pool: &mut Pool) {
    for node in &mut pool.nodes {
        dress(group, node, &pool.spec);
    }
}

/// Drops the youngest machines beyond the wanted size of each place.
pub(crate) fn shrink(pool: &mut Pool, sizes: &BTreeMap<String, u32>) {
    let mut kept: BTreeMap<String, u32> = BTreeMap::new();
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

/// The pool's GPUs are cut by AKS, whatever the field.
fn is_cut(spec: &Value) -> bool {
    !spec::profiles(spec).is_empty()
}

/// Extended resources of one node. AKS brings a device plugin to managed pools only; on others nothing is advertised
/// until somebody installs one (source: AKS documentation on GPU node pools). The plugin of a managed pool runs with
/// the single strategy unless `migStrategy` is `Mixed` (source: AKS `AgentBaker`); with DRA there is none.
fn advertised(spec: &Value, size: Option<&Size>) -> Vec<(String, u32)> {
    let nvidia = &spec["gpuProfile"]["nvidia"];
    let Some((gpu, count)) = size.and_then(|size| Some((size.gpu?, size.gpus))) else { return Vec::new() };
    if nvidia["managementMode"] != "Managed" || nvidia["driverMode"] == "DRA" {
        return Vec::new();
    }
    let profiles = spec::profiles(spec);
    if profiles.is_empty() {
        return vec![("nvidia.com/gpu".to_owned(), count)];
    }
    let mut resources: BTreeMap<String, u32> = BTreeMap::new();
    for (profile, instances) in profiles {
        let resource = match hardware::native_name(gpu, &profile) {
            Some(name) if nvidia["migStrategy"] == "Mixed" => format!("nvidia.com/mig-{name}"),
            _ => "nvidia.com/gpu".to_owned(),
        };
        *resources.entry(resource).or_default() += instances * count;
    }
    resources.into_iter().collect()
}

/// The slices that AKS makes, whoever shows them.
fn cut(spec: &Value, size: Option<&Size>, from: Millis) -> Option<Cut> {
    let gpu = size?.gpu?;
    let slices: Vec<_> = spec::profiles(spec)
        .into_iter()
        .filter_map(|(profile, count)| Some((hardware::native_name(gpu, &profile)?, count)))
        .collect();
    (!slices.is_empty()).then_some(Cut { slices, from })
}

/// Labels and taints by the pool's resource; image and region stay as they were made.
fn dress(group: &str, node: &mut Node, spec: &Value) {
    let kept = |key: &str| node.labels.get(key).cloned().unwrap_or_default();
    let (image, region) = (kept(IMAGE_LABEL), kept("topology.kubernetes.io/region"));
    let size = hardware::size(&node.machine_type);
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    if let Some(own) = spec["nodeLabels"].as_object() {
        labels.extend(own.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
    }
    let mut put = |key: &str, value: &str| labels.insert(key.to_owned(), value.to_owned());
    put("kubernetes.io/hostname", &node.name);
    put("kubernetes.io/os", "linux");
    put("kubernetes.io/arch", if size.is_some_and(Size::is_arm) { "arm64" } else { "amd64" });
    put("node.kubernetes.io/instance-type", &node.machine_type);
    put("topology.kubernetes.io/region", &region);
    // Machines without a zone carry the number of their fault domain; here there is one.
    put("topology.kubernetes.io/zone", if node.zone == region { "0" } else { &node.zone });
    put("agentpool", &node.pool);
    put("kubernetes.azure.com/agentpool", &node.pool);
    put("kubernetes.azure.com/cluster", group);
    put("kubernetes.azure.com/mode", &spec["mode"].as_str().unwrap_or_default().to_ascii_lowercase());
    put("kubernetes.azure.com/os-sku", spec["osSKU"].as_str().unwrap_or_default());
    put(IMAGE_LABEL, &image);
    if size.is_some_and(|size| size.gpu.is_some()) {
        put("kubernetes.azure.com/accelerator", "nvidia");
    }
    if spec["gpuProfile"]["nvidia"]["managementMode"] == "Managed" {
        put("kubernetes.azure.com/dcgm-exporter", "enabled");
    }
    if spec::is_spot(spec) {
        put(spec::SPOT, "spot");
    }
    node.labels = labels;
    node.taints = taints(spec);
}

fn taints(spec: &Value) -> Vec<Taint> {
    let mut seen = BTreeSet::new();
    let own = strings(&spec["nodeTaints"]);
    let spot = spec::is_spot(spec).then(|| spec::SPOT_TAINT.to_owned());
    let parsed = own.iter().chain(&spot).filter_map(|taint| {
        let (pair, effect) = taint.rsplit_once(':')?;
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some(Taint { key: key.to_owned(), value: value.to_owned(), effect: effect.to_owned() })
    });
    parsed.filter(|taint| seen.insert((taint.key.clone(), taint.effect.clone()))).collect()
}

/// Six digits of base 36, as in the names of scale set instances.
fn base36(number: u32) -> String {
    let digits: Vec<char> = "0123456789abcdefghijklmnopqrstuvwxyz".chars().collect();
    let digit = |power: u32| digits[(number / 36_u32.pow(power) % 36) as usize];
    (0..6).rev().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_numbered_in_base_36() {
        assert_eq!([0, 35, 36].map(base36), ["000000", "00000z", "000010"]);
    }
}
