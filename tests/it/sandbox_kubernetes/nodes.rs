//! Nodes before kubectl.

use std::time::Duration;

use serde_json::{Value, json};

use super::ZONAL;
use crate::support::{Kubectl, Sandbox};

/// The name of the one node of a pool.
fn node(kubectl: &Kubectl, pool: &str) -> String {
    kubectl.print(&format!(
        "get nodes -l cloud.google.com/gke-nodepool={pool} -o jsonpath={{.items[0].metadata.name}}"
    ))
}

#[test]
fn kubectl_lists_describes_and_waits_for_nodes() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    kubectl
        .run("get nodes")
        .success()
        .says("NAME STATUS ROLES AGE VERSION")
        .says("Ready")
        .says("v1.35.2-gke");
    kubectl.run("get no -o wide").success().says("INTERNAL-IP").says("containerd://");
    let gpu = node(&kubectl, "foreign-gpu");
    kubectl
        .run(&format!("describe node {gpu}"))
        .success()
        .says("cloud.google.com/gke-accelerator=nvidia-tesla-a100")
        .says("nvidia.com/gpu: 1")
        .says("KubeletReady");
    kubectl
        .run(&format!("wait --for=condition=Ready node/{gpu} --timeout=10s"))
        .success()
        .says("condition met");
    let path = "--for=jsonpath={.status.allocatable.nvidia\\.com/gpu}=1";
    kubectl.run(&format!("wait {path} node/{gpu} --timeout=10s")).success().says("condition met");
    let nodes: Value = serde_json::from_str(&kubectl.print("get nodes -o json")).expect("JSON");
    let seen = sandbox.nodes(ZONAL);
    assert_eq!(nodes["items"].as_array().map(Vec::len), Some(seen.len()));
    assert_eq!(nodes["items"][0]["metadata"]["uid"], seen[0]["uid"]);
    kubectl.run("get nodes nothing").failure().says("nodes \"nothing\" not found");
    kubectl.run("get nodes --chunk-size=1").success().says("foreign-gpu").says("default-pool");
    kubectl.run("get nodes --sort-by=.metadata.name").success();
}

#[test]
fn kubectl_writes_on_nodes_and_the_cloud_keeps_its_own() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    let gpu = node(&kubectl, "foreign-gpu");
    kubectl.run(&format!("label node {gpu} mine=1")).success().says("labeled");
    kubectl.run(&format!("label node {gpu} mine=2")).failure().says("already has a value");
    kubectl.run(&format!("annotate node {gpu} note=x")).success();
    kubectl.run(&format!("taint node {gpu} team=a:NoSchedule")).success().says("tainted");
    kubectl.run(&format!("taint node {gpu} team=a:Nonsense")).failure();
    kubectl.run(&format!("cordon {gpu}")).success();
    kubectl.run("get nodes").success().says("Ready,SchedulingDisabled");
    kubectl.run("get nodes --field-selector spec.unschedulable=true").success().says(&gpu);
    sandbox.actor(
        json!({"kind": "edit_labels", "cluster": ZONAL, "pool": "foreign-gpu", "set": {"theirs": "1"}}),
    );
    let labels = kubectl.print(&format!("get node {gpu} -o jsonpath={{.metadata.labels}}"));
    assert!(labels.contains("\"mine\":\"1\"") && labels.contains("\"theirs\":\"1\""), "{labels}");
    kubectl.run(&format!("uncordon {gpu}")).success();
    kubectl.run(&format!("taint node {gpu} team-")).success();
    kubectl.run(&format!("label node {gpu} mine-")).success();
    let taints = kubectl.print(&format!("get node {gpu} -o jsonpath={{.spec.taints[*].key}}"));
    assert_eq!(taints, "nvidia.com/gpu");
    let status = r#"{"status":{"capacity":{"example.com/dongle":"2"}}}"#;
    kubectl.run_with(&format!("patch node {gpu} --subresource=status --type=merge -p"), status).success();
    kubectl.run(&format!("describe node {gpu}")).success().says("example.com/dongle: 2");
}

#[test]
fn kubectl_watches_nodes_come_and_go() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    let gpu = node(&kubectl, "foreign-gpu");
    let mut watching = kubectl.spawn("get nodes --watch --output-watch-events");
    watching.wait_until_said(&gpu, Duration::from_secs(20));
    sandbox.actor(json!({"kind": "resize", "cluster": ZONAL, "pool": "default-pool", "node_count": 2}));
    watching.wait_until("a third node is there", Duration::from_secs(20), |running| {
        running.said().matches("ADDED").count() >= 3
    });
    let gone = kubectl.spawn(&format!("wait --for=delete node/{gpu} --timeout=30s"));
    sandbox.actor(json!({"kind": "delete_pool", "cluster": ZONAL, "pool": "foreign-gpu"}));
    watching.wait_until_said("DELETED", Duration::from_secs(20));
    gone.wait_with_timeout(Duration::from_secs(30)).success();
}

#[test]
fn kubectl_finds_out_what_there_is() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    kubectl.run("version").success().says("Server Version: v1.35.2-gke");
    kubectl.run("api-versions").success().says("apps/v1").says("coordination.k8s.io/v1");
    kubectl
        .run("api-resources")
        .success()
        .says("configmaps cm v1 true ConfigMap")
        .says("daemonsets ds apps/v1 true DaemonSet");
    kubectl.run("api-resources --verbs=list --namespaced -o name").success().says("daemonsets.apps");
    kubectl.run("get --raw /readyz").success().says("ok");
    kubectl.run("get ns").success().says("kube-system Active");
    kubectl.run("explain configmap.data").success().says("FIELD: data");
    kubectl.run("get gadgets").failure().says("the server doesn't have a resource type \"gadgets\"");
}
