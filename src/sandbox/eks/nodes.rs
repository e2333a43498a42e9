//! The nodes that EKS makes of a node group: labels, taints, GPUs, and what Bottlerocket's own device plugin shows.

use std::collections::BTreeMap;

use serde_json::Value;

use super::amis::{self, Family};
use super::model::{NodeGroup, Recipe};
use super::{rules, userdata};
use crate::sandbox::clock::Millis;
use crate::sandbox::nodes::{Advertised, Cut, Gpus, Node, Taint};
use crate::sandbox::random::Random;

/// Which launch template a node was made from.
const TEMPLATE_LABEL: &str = "eks.amazonaws.com/sourceLaunchTemplateId";
const TEMPLATE_VERSION_LABEL: &str = "eks.amazonaws.com/sourceLaunchTemplateVersion";
const IMAGE_LABEL: &str = "eks.amazonaws.com/nodegroup-image";

/// Where and when a machine starts, and the time scale of what follows.
#[derive(Debug, Clone)]
pub(super) struct Boot {
    pub(super) region: String,
    pub(super) zone: String,
    pub(super) at: Millis,
    /// Half of it passes until the node is ready.
    pub(super) span: Millis,
}

/// A new node. An error is why the machine never becomes one.
pub(super) fn make(
    group: &NodeGroup,
    spec: &Value,
    recipe: &Recipe,
    boot: &Boot,
    random: &mut Random,
) -> Result<Node, String> {
    let machine =
        recipe.machine().ok_or_else(|| format!("there is no instance type {}", recipe.machine_type))?;
    if rules::forbidden_to_kubelets(&spec["labels"]) {
        return Err("the kubelet refuses to set a label of Kubernetes' own for itself".to_owned());
    }
    let ami = amis::ami(&recipe.ami_type);
    let made = userdata::boot(ami.family, &recipe.user_data, &machine)?;
    let ready_at = boot.at + boot.span / 2;
    // Only the images with NVIDIA's driver show GPUs; of those only Bottlerocket brings a device plugin, as a service of
    // the host.
    let driver = ami.nvidia && machine.driven;
    let shown = ami.family == Family::Bottlerocket && driver;
    let mut octet = |offset: u32| random.decimal(2).parse::<u32>().unwrap_or(0) + offset;
    let address = format!("ip-10-{}-{}-{}", octet(0), octet(0), octet(4));
    let domain = if boot.region == "us-east-1" {
        "ec2.internal".to_owned()
    } else {
        format!("{}.compute.internal", boot.region)
    };
    let mut node = Node {
        name: format!("{address}.{domain}"),
        uid: random.uuid(),
        boot_id: random.uuid(),
        pool: group.name.clone(),
        zone: boot.zone.clone(),
        machine_type: recipe.machine_type.clone(),
        version: amis::kubelet(&recipe.version),
        labels: BTreeMap::new(),
        taints: Vec::new(),
        vcpus: machine.vcpus,
        memory_gib: machine.memory_gib,
        max_pods: made.max_pods.unwrap_or_else(|| machine.max_pods()),
        gpus: machine.gpu.map(|(gpu, count)| Gpus { kind: gpu.name.to_owned(), count }),
        advertised: made
            .resources
            .into_iter()
            .filter(|_| shown)
            .map(|(resource, count)| Advertised { resource, count, from: ready_at + boot.span / 10 })
            .collect(),
        // The GPUs are cut before the kubelet starts.
        cut: made.cut.filter(|_| shown).map(|slice| Cut { slices: vec![slice], from: ready_at }),
        driver,
        created_at: boot.at,
        ready_at,
        restart: None,
        draining: false,
    };
    let arch = if machine.arm { "arm64" } else { "amd64" };
    let mut put = |key: &str, value: &str| node.labels.insert(key.to_owned(), value.to_owned());
    put("kubernetes.io/arch", arch);
    put("topology.kubernetes.io/region", &boot.region);
    put(IMAGE_LABEL, &image(recipe));
    if let Some((id, version)) = &recipe.template {
        put(TEMPLATE_LABEL, id);
        put(TEMPLATE_VERSION_LABEL, &version.to_string());
    }
    dress(&mut node, &group.name, spec);
    Ok(node)
}

/// Labels and taints of the live nodes, after an in-place change of the group.
pub(super) fn refresh(group: &mut NodeGroup) {
    for node in &mut group.nodes {
        dress(node, &group.name, &group.spec);
    }
}

/// Takes away the machines beyond the wanted number, at once and with their pods: in turn from the zone that has most
/// the oldest (source: documentation of Auto Scaling, default termination policy; that age decides among machines of the
/// same launch template is unverified).
pub(super) fn shrink(group: &mut NodeGroup) {
    while group.nodes.len() > group.desired() {
        let count = |zone: &str| group.nodes.iter().filter(|node| node.zone == zone).count();
        let fullest = group.nodes.iter().map(|node| count(&node.zone)).max();
        let victim = group
            .nodes
            .iter()
            .filter(|node| Some(count(&node.zone)) == fullest)
            .min_by_key(|node| (node.created_at, node.zone.clone(), node.name.clone()))
            .map(|node| node.uid.clone());
        group.nodes.retain(|node| Some(&node.uid) != victim.as_ref());
    }
}

/// The id of the machine behind a node.
pub(crate) fn instance_id(uid: &str) -> String {
    let digits: String = uid.chars().filter(char::is_ascii_hexdigit).take(17).collect();
    format!("i-{digits}")
}

/// The id of an image; one release of one type is one image.
fn image(recipe: &Recipe) -> String {
    let text = format!("{}/{}/{}", recipe.ami_type, recipe.version, recipe.release);
    // FNV-1a, 64 bits: any number that depends on the text alone will do.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("ami-0{hash:016x}")
}

/// Labels and taints by the group's resource; what the machine was made from stays.
fn dress(node: &mut Node, group: &str, spec: &Value) {
    let made_from = [
        "kubernetes.io/arch",
        "topology.kubernetes.io/region",
        IMAGE_LABEL,
        TEMPLATE_LABEL,
        TEMPLATE_VERSION_LABEL,
    ];
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    if let Some(own) = spec["labels"].as_object() {
        labels.extend(own.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
    }
    for key in made_from {
        if let Some(value) = node.labels.get(key) {
            labels.insert(key.to_owned(), value.clone());
        }
    }
    let mut put = |key: &str, value: &str| labels.insert(key.to_owned(), value.to_owned());
    put("eks.amazonaws.com/nodegroup", group);
    put("eks.amazonaws.com/capacityType", spec["capacityType"].as_str().unwrap_or_default());
    put("kubernetes.io/hostname", &node.name);
    put("kubernetes.io/os", "linux");
    put("node.kubernetes.io/instance-type", &node.machine_type);
    put("topology.kubernetes.io/zone", &node.zone);
    node.labels = labels;
    let taints = spec["taints"].as_array().map(Vec::as_slice).unwrap_or_default();
    node.taints = taints
        .iter()
        .map(|taint| {
            let text = |key: &str| taint[key].as_str().unwrap_or_default().to_owned();
            let effect = match taint["effect"].as_str() {
                Some("NO_EXECUTE") => "NoExecute",
                Some("PREFER_NO_SCHEDULE") => "PreferNoSchedule",
                _ => "NoSchedule",
            };
            Taint { key: text("key"), value: text("value"), effect: effect.to_owned() }
        })
        .collect();
}
