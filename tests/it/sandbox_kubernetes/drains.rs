//! Rollouts of the clouds before pods and disruption budgets: AKS and GKE drain what they replace.

use serde_json::{Value, json};

use super::{ZONAL, aks, until};
use crate::support::{Kubectl, Sandbox};

const WORK: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: work}
spec:
  replicas: 2
  selector: {matchLabels: {app: work}}
  template:
    metadata: {labels: {app: work}}
    spec:
      nodeSelector: {team: ours}
      terminationGracePeriodSeconds: 1
      containers: [{name: c, image: example.com/work:1}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: work}
spec:
  minAvailable: 2
  selector: {matchLabels: {app: work}}
";

/// A pool of ours, its workload, and the uids of its nodes.
fn at_work(sandbox: &Sandbox, kubectl: &Kubectl, cluster: &str) -> Vec<Value> {
    until("the nodes are ready", || {
        sandbox.nodes_of(cluster, "ours").iter().any(|node| node["ready"] == true)
    });
    kubectl.write("work.yaml", WORK);
    kubectl.run("apply -f work.yaml").success().says("deployment.apps/work created");
    kubectl.run("rollout status deployment/work --timeout=20s").success();
    uids(sandbox, cluster)
}

fn uids(sandbox: &Sandbox, cluster: &str) -> Vec<Value> {
    sandbox.nodes_of(cluster, "ours").iter().map(|node| node["uid"].clone()).collect()
}

fn aks_pool(sandbox: &Sandbox, cluster: &str, upgrade: &Value) {
    let pool = json!({"properties": {"count": 1, "vmSize": "Standard_D4ds_v5", "nodeLabels": {"team": "ours"},
        "upgradeSettings": upgrade}});
    let path = format!("{cluster}/agentPools/ours?api-version=2026-08-01");
    let (status, answer) = sandbox.call_cloud("PUT", &path, Some(&pool));
    assert!(status == 201, "{answer}");
}

fn aks_state(sandbox: &Sandbox, cluster: &str) -> Value {
    let path = format!("{cluster}/agentPools/ours?api-version=2026-08-01");
    sandbox.call_cloud("GET", &path, None).1["properties"].clone()
}

fn aks_upgrade(sandbox: &Sandbox, cluster: &str) {
    sandbox.actor(json!({"kind": "auto_upgrade_image", "cluster": cluster, "pool": "ours"}));
}

#[test]
fn aks_gives_up_an_upgrade_that_a_budget_forbids() {
    let sandbox = Sandbox::with_latency("300ms");
    let cluster = aks("sandbox", "sandbox");
    let Some(kubectl) = Kubectl::of(&sandbox, &cluster) else { return };
    aks_pool(&sandbox, &cluster, &json!({"drainTimeoutInMinutes": 30}));
    let before = at_work(&sandbox, &kubectl, &cluster);
    until("the pool is there", || aks_state(&sandbox, &cluster)["provisioningState"] == "Succeeded");
    aks_upgrade(&sandbox, &cluster);
    until("the node is cordoned", || {
        kubectl.run("get nodes").success().stdout.contains("SchedulingDisabled")
    });
    until("AKS gives up", || aks_state(&sandbox, &cluster)["provisioningState"] == "Failed");
    let error = aks_state(&sandbox, &cluster)["status"]["provisioningError"].to_string();
    assert!(error.contains("disruption budget"), "{error}");
    assert!(before.iter().all(|uid| uids(&sandbox, &cluster).contains(uid)), "nothing was killed");
    kubectl.run("get deployment work").success().says("work 2/2");
    // The remedy that the error names: room in the budget, and once more.
    kubectl.run("delete pdb work").success();
    kubectl.run("uncordon -l team=ours").success();
    aks_upgrade(&sandbox, &cluster);
    until("AKS is through", || aks_state(&sandbox, &cluster)["provisioningState"] == "Succeeded");
    assert!(before.iter().all(|uid| !uids(&sandbox, &cluster).contains(uid)));
    kubectl.run("rollout status deployment/work --timeout=20s").success();
}

#[test]
fn gke_waits_for_a_budget_and_then_goes_on_without_it() {
    let sandbox = Sandbox::with_latency("300ms");
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    let pool = json!({"nodePool": {"name": "ours", "initialNodeCount": 1, "config": {"machineType": "e2-standard-4",
        "labels": {"team": "ours"}}}});
    let (status, answer) = sandbox.call_cloud("POST", &format!("/v1/{ZONAL}/nodePools"), Some(&pool));
    assert_eq!(status, 200, "{answer}");
    let before = at_work(&sandbox, &kubectl, ZONAL);
    until("the pool is ready", || {
        sandbox.call_cloud("GET", &format!("/v1/{ZONAL}/nodePools/ours"), None).1["status"] == "RUNNING"
    });
    let path = format!("/v1/{ZONAL}/nodePools/ours");
    let (status, operation) = sandbox.call_cloud("PUT", &path, Some(&json!({"diskSizeGb": "200"})));
    assert_eq!(status, 200, "{operation}");
    let name = operation["name"].as_str().expect("a name").to_owned();
    let status = || {
        let path = format!("/v1/projects/sandbox/locations/us-central1-a/operations/{name}");
        sandbox.call_cloud("GET", &path, None).1["status"].clone()
    };
    until("the node is cordoned", || {
        status();
        kubectl.run("get nodes").success().stdout.contains("SchedulingDisabled")
    });
    std::thread::sleep(std::time::Duration::from_millis(900));
    assert_eq!(status(), "RUNNING", "three times the length of an operation");
    assert!(uids(&sandbox, ZONAL).contains(&before[0]), "the budget is kept");
    until("GKE waits no longer", || status() == "DONE");
    assert!(!uids(&sandbox, ZONAL).contains(&before[0]));
    kubectl.run("rollout status deployment/work --timeout=20s").success();
}

#[test]
fn a_pool_that_is_deleted_takes_its_nodes_and_their_pods_along() {
    let sandbox = Sandbox::with_latency("300ms");
    let cluster = aks("sandbox", "sandbox");
    let Some(kubectl) = Kubectl::of(&sandbox, &cluster) else { return };
    aks_pool(&sandbox, &cluster, &json!({}));
    at_work(&sandbox, &kubectl, &cluster);
    until("the pool is there", || aks_state(&sandbox, &cluster)["provisioningState"] == "Succeeded");
    let nodes = kubectl.print("get nodes -l team=ours -o name");
    let (status, answer) =
        sandbox.call_cloud("DELETE", &format!("{cluster}/agentPools/ours?api-version=2026-08-01"), None);
    assert_eq!(status, 202, "{answer}");
    kubectl.run(&format!("wait --for=delete {nodes} --timeout=20s")).success();
    until("the pods wait for another pool", || {
        kubectl.print("get pods -l app=work --no-headers").matches("Pending").count() == 2
    });
    kubectl.run("get nodes").success().says("aks-foreigngpu").says("aks-system");
}
