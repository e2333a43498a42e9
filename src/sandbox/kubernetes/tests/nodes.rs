//! Nodes: the clouds' machines as objects, and what people write on them.

use super::*;
use crate::sandbox::nodes::{Advertised, Restart};

fn taints(node: &Value) -> Vec<String> {
    let taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    taints
        .iter()
        .map(|taint| format!("{}:{}", taint["key"].as_str().unwrap(), taint["effect"].as_str().unwrap()))
        .collect()
}

fn ready(node: &Value) -> String {
    let conditions = node["status"]["conditions"].as_array().unwrap();
    conditions.iter().find(|condition| condition["type"] == "Ready").unwrap()["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_machine_is_a_node_with_everything_that_clients_read() {
    let mut desk = Desk::with(Stack::Nothing, vec![machine("n1")]);
    let node = desk.node("n1");
    assert_eq!((&node["kind"], &node["metadata"]["uid"]), (&json!("Node"), &json!("uid-of-n1")));
    assert_eq!(node["status"]["nodeInfo"]["bootID"], "first");
    assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], "v1.34.4");
    assert_eq!(node["status"]["allocatable"]["cpu"], "24");
    assert_eq!(ready(&node), "True");
    assert_eq!(labels(&node)["pool"], "gpu");
    assert_eq!(taints(&node), ["nvidia.com/gpu:NoSchedule"]);
}

#[test]
fn what_people_write_on_a_node_survives_what_the_cloud_writes() {
    let mut desk = Desk::with(Stack::Nothing, vec![machine("n1")]);
    let edit =
        json!({"metadata": {"labels": {"mine": "1", "pool": "taken"}}, "spec": {"unschedulable": true}});
    desk.patch("merge-patch+json", "/api/v1/nodes/n1", &edit);
    let node = desk.node("n1");
    assert_eq!(taints(&node), ["nvidia.com/gpu:NoSchedule", "node.kubernetes.io/unschedulable:NoSchedule"]);

    desk.nodes[0].labels.insert("new".to_owned(), "2".to_owned());
    desk.nodes[0].labels.remove("kubernetes.io/arch");
    desk.nodes[0].taints.clear();
    let node = desk.node("n1");
    let found = labels(&node);
    assert_eq!((found["mine"].as_str(), found["pool"].as_str(), found["new"].as_str()), ("1", "taken", "2"));
    assert!(!found.contains_key("kubernetes.io/arch"), "what the cloud takes away goes");
    assert_eq!(taints(&node), ["node.kubernetes.io/unschedulable:NoSchedule"]);

    desk.nodes[0].labels.insert("pool".to_owned(), "renamed".to_owned());
    assert_eq!(labels(&desk.node("n1"))["pool"], "renamed", "what the cloud newly says is written");
    desk.patch("merge-patch+json", "/api/v1/nodes/n1", &json!({"spec": {"unschedulable": null}}));
    assert!(taints(&desk.node("n1")).is_empty());
}

#[test]
fn a_node_comes_goes_and_restarts_with_its_machine() {
    let mut desk = Desk::with(Stack::Nothing, Vec::new());
    let mut node = machine("n1");
    (node.created_at, node.ready_at) = (desk.now, desk.now + 500);
    node.restart =
        Some(Restart { at: desk.now + 700, ready_at: desk.now + 900, boot_id: "second".to_owned() });
    desk.nodes.push(node);
    let seen = |desk: &mut Desk| {
        let node = desk.node("n1");
        (ready(&node), taints(&node).len(), node["status"]["nodeInfo"]["bootID"].as_str().unwrap().to_owned())
    };
    let expected = |ready: &str, taints: usize, boot: &str| (ready.to_owned(), taints, boot.to_owned());
    assert_eq!(seen(&mut desk), expected("False", 2, "first"), "with the taint that a new node gets");
    desk.pass(600);
    assert_eq!(seen(&mut desk), expected("True", 1, "first"));
    desk.pass(200);
    assert_eq!(seen(&mut desk), expected("False", 2, "second"));
    desk.pass(200);
    assert_eq!(seen(&mut desk), expected("True", 1, "second"));
    desk.nodes.clear();
    assert_eq!(desk.refused("GET", "/api/v1/nodes/n1", &Value::Null).0, 404);
}

#[test]
fn what_the_clouds_own_plugin_shows_is_allocatable() {
    let mut desk = Desk::with(Stack::Nothing, vec![machine("n1")]);
    desk.nodes[0].advertised =
        vec![Advertised { resource: "nvidia.com/gpu".into(), count: 7, from: desk.now + 100 }];
    assert_eq!(desk.node("n1")["status"]["allocatable"].get("nvidia.com/gpu"), None);
    desk.pass(100);
    let status = desk.node("n1")["status"].clone();
    assert_eq!(
        (&status["allocatable"]["nvidia.com/gpu"], &status["capacity"]["nvidia.com/gpu"]),
        (&json!("7"), &json!("7"))
    );
}

#[test]
fn a_status_patch_changes_the_status_and_nothing_else() {
    let mut desk = Desk::with(Stack::Nothing, vec![machine("n1")]);
    let patch = json!({"status": {"capacity": {"example.com/dongle": "4"}}, "spec": {"unschedulable": true}});
    let (status, node) = desk.patch("merge-patch+json", "/api/v1/nodes/n1/status", &patch);
    assert_eq!((status, &node["status"]["capacity"]["example.com/dongle"]), (200, &json!("4")));
    assert_eq!(node["spec"].get("unschedulable"), None);
    let (_, node) =
        desk.patch("merge-patch+json", "/api/v1/nodes/n1", &json!({"status": {"capacity": null}}));
    assert_eq!(
        node["status"]["capacity"]["example.com/dongle"], "4",
        "the other door leaves the status alone"
    );
}
