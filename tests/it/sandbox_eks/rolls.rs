//! Updates that replace nodes, and the pods on them.

use serde_json::{Value, json};

use super::{CLUSTER, done, group, wait_for};
use crate::support::{Kubectl, Sandbox};

const GROUP: &str = "/clusters/sandbox/node-groups/gpu";

/// A pod that is not moved, on the group's nodes.
const PINNED: &str = "apiVersion: v1
kind: Pod
metadata: {name: work, labels: {app: work}}
spec:
  nodeSelector: {eks.amazonaws.com/nodegroup: gpu}
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: example.com/work:1}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: keep}
spec:
  minAvailable: 1
  selector: {matchLabels: {app: work}}
";

/// A group with one node of an old release, and a pod on it that a budget keeps there.
fn held(sandbox: &Sandbox) -> Option<Kubectl> {
    let kubectl = Kubectl::of(sandbox, CLUSTER)?;
    let mut body = group("gpu", 1);
    body["releaseVersion"] = json!("1.66.0-3c0d9e57");
    done(sandbox, "POST", "/clusters/sandbox/node-groups", &body);
    wait_for(sandbox, GROUP, |answer| answer["nodegroup"]["status"] == "ACTIVE");
    kubectl.run("wait --for=condition=Ready --timeout=60s node -l eks.amazonaws.com/nodegroup=gpu").success();
    kubectl.write("pod.yaml", PINNED);
    kubectl.run("apply -f pod.yaml").success();
    kubectl.run("wait --for=condition=Ready --timeout=60s pod/work").success();
    Some(kubectl)
}

/// Replaces the nodes by such with the newest release; the update as it ends.
#[track_caller]
fn rolled(sandbox: &Sandbox, force: bool) -> Value {
    let started = done(sandbox, "POST", &format!("{GROUP}/update-version"), &json!({"force": force}));
    let id = started["update"]["id"].as_str().expect("an id").to_owned();
    let path = format!("/clusters/sandbox/updates/{id}?nodegroupName=gpu");
    wait_for(sandbox, &path, |answer| answer["update"]["status"] != "InProgress")["update"].take()
}

#[test]
fn a_budget_fails_an_update_unless_it_is_forced() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = held(&sandbox) else { return };
    let before = sandbox.nodes_of(CLUSTER, "gpu");
    let failed = rolled(&sandbox, false);
    assert_eq!(failed["status"], "Failed", "{failed:#}");
    assert_eq!(failed["errors"][0]["errorCode"], "PodEvictionFailure");
    assert_eq!(failed["errors"][0]["resourceIds"], json!([before[0]["name"]]));
    let shown = done(&sandbox, "GET", GROUP, &Value::Null)["nodegroup"].take();
    assert_eq!((&shown["status"], &shown["releaseVersion"]), (&json!("ACTIVE"), &json!("1.66.0-3c0d9e57")));
    kubectl.run("get pod work").success();
    let node = before[0]["name"].as_str().expect("a name");
    assert_eq!(kubectl.print(&format!("get node {node} -o jsonpath={{.spec.unschedulable}}")), "true");
    let forced = rolled(&sandbox, true);
    assert_eq!(forced["status"], "Successful", "{forced:#}");
    kubectl.run("get pod work").failure();
    assert!(sandbox.nodes_of(CLUSTER, "gpu").iter().all(|node| node["uid"] != before[0]["uid"]));
}

#[test]
fn an_update_waits_for_pods_to_go() {
    let sandbox = Sandbox::with_latency("2s");
    let Some(kubectl) = held(&sandbox) else { return };
    let before = sandbox.nodes_of(CLUSTER, "gpu");
    done(&sandbox, "POST", &format!("{GROUP}/update-version"), &json!({}));
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(
        sandbox.nodes_of(CLUSTER, "gpu").iter().any(|node| node["uid"] == before[0]["uid"]),
        "it is still there"
    );
    kubectl.run("delete poddisruptionbudget keep").success();
    wait_for(&sandbox, GROUP, |answer| answer["nodegroup"]["releaseVersion"] == "1.68.0-5d93c8e4");
    assert!(sandbox.nodes_of(CLUSTER, "gpu").iter().all(|node| node["uid"] != before[0]["uid"]));
}

#[test]
fn a_smaller_size_kills_what_runs() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = held(&sandbox) else { return };
    let update = json!({"scalingConfig": {"desiredSize": 0}});
    done(&sandbox, "POST", &format!("{GROUP}/update-config"), &update);
    wait_for(&sandbox, GROUP, |answer| answer["nodegroup"]["status"] == "ACTIVE");
    assert!(sandbox.nodes_of(CLUSTER, "gpu").is_empty(), "no budget holds them");
    kubectl.run("get pod work").failure();
}
