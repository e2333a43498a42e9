//! What is said and answered, before the models of Kubernetes' own Python client.

use std::fs;

use serde_json::{Value, json};

use super::{ZONAL, aks};
use crate::support::{Kubectl, Sandbox, tools};

/// The judge on records.
fn judge(files: &[&std::path::Path]) -> crate::support::Output {
    tools::run_python("tests/python/judge_kubernetes.py", files)
}

#[test]
fn exchanges_are_as_kubernetes_documents_them() {
    let sandbox = Sandbox::start();
    for cluster in [ZONAL.to_owned(), aks("stacks", "operator"), aks("stacks", "two-plugins")] {
        let Some(kubectl) = Kubectl::of(&sandbox, &cluster) else { return };
        kubectl
            .run("get nodes,pods,daemonsets,replicasets,deployments,configmaps,events,namespaces -A -o json")
            .success();
        kubectl.run("create configmap c --from-literal=a=1").success();
        kubectl.run("delete configmap c").success();
        kubectl.run("get nodes nothing").failure();
    }
    judge(&[sandbox.record_file()]).success().says("0 violations");
}

#[test]
fn the_judge_finds_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("record.jsonl");
    let node = |more: Value| {
        let mut node =
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": {}, "status": {}});
        for (pointer, value) in more.as_object().expect("an object") {
            let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
            node.pointer_mut(parent).expect("a parent")[name] = value.clone();
        }
        node
    };
    let exchange = |method: &str, path: &str, request: Value, status: u16, answer: Value| {
        json!({"method": method, "url": format!("https://127.0.0.1:1{path}"), "request_body": request, "status": status,
            "response_body": answer, "error_type": null, "fault": null})
    };
    let get = |answer: Value| exchange("GET", "/api/v1/nodes/n", Value::Null, 200, answer);
    let map = "/api/v1/namespaces/n/configmaps/c?fieldManager=gpuslice";
    for (wrong, words) in [
        (
            get(node(json!({"/spec/unschedulabel": true}))),
            "response.spec.unschedulabel: unknown field of V1NodeSpec",
        ),
        (get(node(json!({"/status/allocatable": {"nvidia.com/gpu": 7}}))), "7 is not a string"),
        (get(node(json!({"/metadata/creationTimestamp": "today"}))), "\"today\" is not a moment"),
        (
            get(node(json!({"/spec/taints": [{"key": "k"}]}))),
            "Invalid value for `effect`, must not be `None`",
        ),
        (exchange("GET", "/api/v1/knots", Value::Null, 200, json!({})), "Kubernetes has no such method"),
        (
            exchange("GET", "/api/v1/nodes?labels=a", Value::Null, 200, json!({"items": []})),
            "query.labels: unknown parameter of list_node",
        ),
        (
            exchange(
                "PATCH",
                map,
                json!({"data": {"key": 1}}),
                200,
                json!({"apiVersion": "v1", "kind": "ConfigMap"}),
            ),
            "request.data.key: 1 is not a string",
        ),
        (
            exchange("GET", "/api/v1/nodes/n", Value::Null, 403, json!({"error": "no"})),
            "unknown field of V1Status",
        ),
    ] {
        fs::write(&file, format!("{wrong}\n")).expect("a writable folder");
        judge(&[&file]).exits(1).says(words);
    }
    fs::write(&file, format!("{}\n", get(node(json!({"/status/allocatable": {"nvidia.com/gpu": "7"}})))))
        .expect("a writable folder");
    judge(&[&file]).success().says("0 violations");
}
