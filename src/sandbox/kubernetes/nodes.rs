//! From a cloud's machines to `Node` objects, without losing what people wrote on them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cluster::{Cluster, Scene, View};
use super::object::{self, list, text};
use crate::sandbox::clock::{Millis, rfc3339_seconds};
use crate::sandbox::eks;
use crate::sandbox::nodes::{Node, Taint};

/// Given to a node that is not ready, and taken when it is.
const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// Given to a node that is cordoned.
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// What is remembered of a node beyond its object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// What the cloud said when the object was last written.
    seen: Node,
    ready: bool,
    /// Extended resources when the object was last written.
    extended: BTreeMap<String, u32>,
    /// Makes the address; machines keep theirs.
    number: u32,
}

impl Cluster {
    /// Makes, changes and removes `Node` objects until they are the cloud's machines.
    pub(super) fn sync_nodes(&mut self, scene: &Scene<'_>, view: &View<'_>) {
        let gone: Vec<_> = self
            .machines
            .iter()
            .filter(|(name, machine)| {
                !view.nodes.iter().any(|node| node.name == **name && node.uid == machine.seen.uid)
            })
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            self.machines.remove(&name);
            self.store.remove("nodes", &name);
        }
        for node in &view.nodes {
            if node.created_at <= scene.now {
                self.sync_node(node, scene.now);
            }
        }
    }

    fn sync_node(&mut self, node: &Node, now: Millis) {
        let extended = self.extended(node, now);
        let ready = node.ready(now);
        let known = self.machines.get(&node.name);
        let cordoned = self.store.get("nodes", &node.name).is_some_and(taint_is_due);
        if known
            .is_some_and(|known| known.seen == *node && known.ready == ready && known.extended == extended)
            && !cordoned
        {
            return;
        }
        let number = known.map_or_else(
            || self.machines.values().map(|machine| machine.number + 1).max().unwrap_or(2),
            |known| known.number,
        );
        let earlier = known.map(|known| known.seen.clone());
        let object = self.store.get("nodes", &node.name).cloned();
        let registered = object.is_some();
        let mut object = object.unwrap_or_else(|| fresh(&self.cloud, node, number));
        write_labels(&mut object, earlier.as_ref(), node);
        write_taints(&mut object, earlier.as_ref(), node, ready);
        let status = status(&self.cloud, &object, node, now, &extended, number);
        if registered {
            // Two doors, two managers: labels and taints are the cloud's, the status is the kubelet's.
            self.save(now, "nodes", object, "cloud-controller-manager", "");
            if let Some(mut stored) = self.store.get("nodes", &node.name).cloned() {
                stored["status"] = status;
                self.save(now, "nodes", stored, "kubelet", "status");
            }
        } else {
            object["status"] = status;
            self.save(now, "nodes", object, "kubelet", "");
        }
        self.machines.insert(node.name.clone(), Machine { seen: (*node).clone(), ready, extended, number });
    }
}

fn fresh(cloud: &str, node: &Node, number: u32) -> Value {
    let provider = match cloud {
        "gke" => format!("gce://sandbox/{}/{}", node.zone, node.name),
        "eks" => format!("aws:///{}/{}", node.zone, eks::instance_id(&node.uid)),
        _ => format!("azure:///subscriptions/sandbox/virtualMachines/{}", node.name),
    };
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node.name,
            "uid": node.uid,
            "creationTimestamp": rfc3339_seconds(node.created_at),
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": {"podCIDR": format!("10.244.{number}.0/24"), "podCIDRs": [format!("10.244.{number}.0/24")],
            "providerID": provider},
    })
}

/// The cloud's labels: what it newly says is written, what it no longer says is taken away, and what is as before is
/// left alone, whatever people made of it.
fn write_labels(object: &mut Value, earlier: Option<&Node>, node: &Node) {
    let none = BTreeMap::new();
    let before = earlier.map_or(&none, |earlier| &earlier.labels);
    let labels = &mut object["metadata"]["labels"];
    if labels.is_null() {
        *labels = json!({});
    }
    let Some(labels) = labels.as_object_mut() else { return };
    for key in before.keys().filter(|key| !node.labels.contains_key(*key)) {
        labels.remove(key);
    }
    for (key, value) in node.labels.iter().filter(|(key, value)| before.get(*key) != Some(value)) {
        labels.insert(key.clone(), json!(value));
    }
}

fn write_taints(object: &mut Value, earlier: Option<&Node>, node: &Node, ready: bool) {
    let same = |shown: &Value, taint: &Taint| shown["key"] == *taint.key && shown["effect"] == *taint.effect;
    let before = earlier.map_or(&[][..], |earlier| &earlier.taints);
    let system = [NOT_READY, UNSCHEDULABLE];
    let mut taints: Vec<_> = list(object, "/spec/taints")
        .iter()
        .filter(|shown| !system.contains(&text(shown, "/key")))
        .filter(|shown| !before.iter().any(|taint| same(shown, taint) && !node.taints.contains(taint)))
        .cloned()
        .collect();
    for taint in node.taints.iter().filter(|taint| !before.contains(taint)) {
        taints.retain(|shown| !same(shown, taint));
        let mut shown = json!({"key": taint.key, "effect": taint.effect});
        if !taint.value.is_empty() {
            shown["value"] = json!(taint.value);
        }
        taints.push(shown);
    }
    let no_schedule = |key: &str| json!({"key": key, "effect": "NoSchedule"});
    if !ready {
        taints.push(no_schedule(NOT_READY));
    }
    if object.pointer("/spec/unschedulable") == Some(&json!(true)) {
        taints.push(no_schedule(UNSCHEDULABLE));
    }
    object["spec"]["taints"] = if taints.is_empty() { Value::Null } else { json!(taints) };
    object::drop_nulls(object);
}

/// A node was cordoned or uncordoned and its taint does not say so yet.
fn taint_is_due(node: &Value) -> bool {
    let cordoned = node.pointer("/spec/unschedulable") == Some(&json!(true));
    let tainted = list(node, "/spec/taints").iter().any(|taint| taint["key"] == UNSCHEDULABLE);
    cordoned != tainted
}

fn status(
    cloud: &str,
    object: &Value,
    node: &Node,
    now: Millis,
    extended: &BTreeMap<String, u32>,
    number: u32,
) -> Value {
    let mut capacity = json!({
        "cpu": node.vcpus.to_string(),
        "memory": format!("{}Gi", node.memory_gib),
        "pods": node.max_pods.to_string(),
        "ephemeral-storage": "95Gi",
    });
    for (resource, count) in extended {
        capacity[resource] = json!(count.to_string());
    }
    // Of EKS's images only this one brings a device plugin.
    let bottlerocket = !node.advertised.is_empty();
    let (image, kernel, runtime) = match cloud {
        "gke" => ("Container-Optimized OS from Google", "6.12.46+", "containerd://2.1.4"),
        "eks" if bottlerocket => {
            ("Bottlerocket OS 1.68.0 (aws-k8s-nvidia)", "6.12.55", "containerd://2.1.4+bottlerocket")
        }
        "eks" => ("Amazon Linux 2023.9.20261112", "6.12.55-74.117.amzn2023.x86_64", "containerd://2.1.4"),
        _ => ("Ubuntu 24.04.3 LTS", "6.8.0-1034-azure", "containerd://2.0.6-1"),
    };
    let version = format!("v{}", node.version.trim_start_matches('v'));
    json!({
        "addresses": [
            {"type": "InternalIP", "address": format!("10.224.{}.{}", number / 250, number % 250 + 2)},
            {"type": "Hostname", "address": node.name},
        ],
        "allocatable": capacity,
        "capacity": capacity,
        "conditions": conditions(object, node, now),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": node.labels.get("kubernetes.io/arch").map_or("amd64", String::as_str),
            "bootID": node.boot_id(now),
            "containerRuntimeVersion": runtime,
            "kernelVersion": kernel,
            "kubeProxyVersion": "",
            "kubeletVersion": version,
            "machineID": node.uid.replace('-', ""),
            "operatingSystem": "linux",
            "osImage": image,
            "systemUUID": node.uid,
        },
    })
}

/// The conditions; a transition has the time of its cause.
fn conditions(object: &Value, node: &Node, now: Millis) -> Value {
    let ready = node.ready(now);
    let started = node.ready_at.min(now).max(node.created_at);
    let turned = match &node.restart {
        Some(restart) if ready && restart.ready_at <= now => restart.ready_at,
        Some(restart) if !ready && restart.at <= now => restart.at,
        _ if ready => node.ready_at,
        _ => node.created_at,
    };
    let condition = |kind: &str, status: &str, reason: &str, message: &str, at: Millis| {
        let before = list(object, "/status/conditions").iter().find(|condition| condition["type"] == kind);
        let since = before
            .filter(|before| before["status"] == status)
            .map(|before| text(before, "/lastTransitionTime"));
        let since = since.map_or_else(|| rfc3339_seconds(at), str::to_owned);
        json!({"type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": rfc3339_seconds(now), "lastTransitionTime": since})
    };
    let readiness = if ready {
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", turned)
    } else {
        let message = "container runtime network not ready: NetworkReady=false";
        condition("Ready", "False", "KubeletNotReady", message, turned)
    };
    json!([
        condition(
            "MemoryPressure",
            "False",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
            started
        ),
        condition(
            "DiskPressure",
            "False",
            "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure",
            started
        ),
        condition(
            "PIDPressure",
            "False",
            "KubeletHasSufficientPID",
            "kubelet has sufficient PID available",
            started
        ),
        readiness,
    ])
}
