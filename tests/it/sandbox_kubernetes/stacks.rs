//! NVIDIA's components as they are seeded: what becomes allocatable, and what somebody else's pool keeps.

use serde_json::{Value, json};

use super::{aks, until};
use crate::support::{Kubectl, Sandbox};

const MAP: (&str, &str) = ("nvidia-device-plugin", "nvidia-device-plugin-configs");

/// The allocatable of somebody else's GPU pool.
fn foreign(sandbox: &Sandbox, cluster: &str) -> Value {
    sandbox.nodes_of(cluster, "foreigngpu")[0]["allocatable"]["nvidia.com/gpu"].clone()
}

#[test]
fn each_stack_shows_what_it_should_of_somebody_elses_pool() {
    let sandbox = Sandbox::start();
    for (group, name, expected) in [
        ("sandbox", "sandbox", json!("1")),
        ("platform", "overlay", Value::Null),
        ("stacks", "plain", json!("1")),
        ("stacks", "operator", json!("1")),
        ("stacks", "two-plugins", json!("1")),
    ] {
        let cluster = aks(group, name);
        until(&format!("{name} shows {expected}"), || foreign(&sandbox, &cluster) == expected);
        let system = &sandbox.nodes_of(&cluster, "system")[0]["allocatable"];
        assert_eq!(system.get("nvidia.com/gpu"), None, "{name}: a CPU pool has no GPUs");
    }
}

#[test]
fn a_key_and_a_label_slice_a_pool_and_nobody_elses() {
    let sandbox = Sandbox::start();
    let cluster = aks("sandbox", "sandbox");
    let put = |name: &str, labels: Value| {
        let pool =
            json!({"properties": {"count": 1, "vmSize": "Standard_NC24ads_A100_v4", "nodeLabels": labels}});
        let path = format!("{cluster}/agentPools/{name}?api-version=2026-08-01");
        let (status, answer) = sandbox.call_cloud("PUT", &path, Some(&pool));
        assert!(status == 200 || status == 201, "{answer}");
    };
    let slicing = "version: v1\nsharing:\n  timeSlicing:\n    resources:\n    - name: nvidia.com/gpu\n      replicas: 4\n";
    let edit = |set: Value| {
        sandbox.actor(json!({"kind": "edit_config_map", "cluster": cluster, "namespace": MAP.0, "name": MAP.1, "set": set}));
    };
    edit(json!({"default": "version: v1\n", "ts4": slicing}));
    put("ts", json!({"nvidia.com/gpu.present": "true", "nvidia.com/device-plugin.config": "ts4"}));
    until("the slices are there", || {
        sandbox.nodes_of(&cluster, "ts").iter().any(|node| node["allocatable"]["nvidia.com/gpu"] == "4")
    });
    assert_eq!(foreign(&sandbox, &cluster), "1");
    sandbox.actor(json!({"kind": "restart_plugin", "cluster": cluster}));
    until("somebody else's pool is as before after a restart", || foreign(&sandbox, &cluster) == "1");
    sandbox.actor(json!({"kind": "remove_plugin", "cluster": cluster}));
    until("without a plugin nothing is left", || foreign(&sandbox, &cluster) == "0");
    sandbox.actor(json!({"kind": "install_plugin", "cluster": cluster}));
    until("a new plugin shows whole GPUs", || foreign(&sandbox, &cluster) == "1");
    sandbox
        .actor(json!({"kind": "delete_config_map", "cluster": cluster, "namespace": MAP.0, "name": MAP.1}));
}

#[test]
fn kubectl_sees_the_operator_and_its_policy() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, &aks("stacks", "operator")) else { return };
    kubectl.run("get clusterpolicies").success().says("NAME STATUS AGE").says("cluster-policy ready");
    kubectl.run("describe clusterpolicy cluster-policy").success().says("device-plugin-config");
    kubectl.run("get deploy -n gpu-operator").success().says("gpu-operator 1/1");
    kubectl
        .run("get ds -n gpu-operator")
        .success()
        .says("nvidia-mig-manager")
        .says("nvidia.com/gpu.deploy.mig-manager=true");
    kubectl.run("get crd").success().says("clusterpolicies.nvidia.com");
    let label = "nvidia\\.com/gpu\\.product";
    let product = kubectl.print(&format!(
        "get nodes -l nvidia.com/gpu.present=true -o jsonpath={{.items[0].metadata.labels.{label}}}"
    ));
    assert_eq!(product, "NVIDIA-A100-80GB-PCIe");
}

#[test]
fn mistakes_of_actors_are_answered() {
    let sandbox = Sandbox::start();
    let mistake = |actor: Value, part: &str| {
        let (status, answer) = sandbox.call("POST", "/sandbox/actors", Some(&actor));
        assert!(status == 400 && answer.to_string().contains(part), "{actor}: {status} {answer}");
    };
    mistake(json!({"kind": "compact", "cluster": "nowhere"}), "there is no cluster");
    mistake(json!({"kind": "remove_plugin", "cluster": aks("platform", "overlay")}), "no DaemonSet");
    mistake(json!({"kind": "edit_config_map", "cluster": aks("sandbox", "sandbox")}), "needs namespace");
    let gone = json!({"kind": "delete_config_map", "cluster": aks("sandbox", "sandbox"), "namespace": "a", "name": "b"});
    mistake(gone, "there is no ConfigMap a/b");
}
