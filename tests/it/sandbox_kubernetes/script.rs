//! One script for kubectl, from looking around to cleaning up, on every seeded stack of both clouds.

use serde_json::{Value, json};

use super::until;
use crate::support::{Kubectl, Sandbox};

/// A pool's configuration, as a person would apply it by hand.
const MAP: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: slices, namespace: slicing}
data:
  ts4: |
    version: v1
    sharing:
      timeSlicing:
        resources: [{name: nvidia.com/gpu, replicas: REPLICAS}]
";

/// A workload and its budget.
const WORK: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: work, namespace: slicing}
spec:
  replicas: 1
  selector: {matchLabels: {app: work}}
  template:
    metadata: {labels: {app: work}}
    spec: {containers: [{name: c, image: example.com/work:1}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: work, namespace: slicing}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: work}}}
";

#[test]
fn kubectl_passes_one_script_on_every_stack() {
    let sandbox = Sandbox::with_latency("300ms");
    let runs = |cluster: &&Value| {
        let note = cluster["note"].as_str().unwrap_or_default();
        !note.contains("stopped") && !note.contains("Autopilot")
    };
    let clusters: Vec<_> = sandbox.clusters().into_iter().filter(|cluster| runs(&cluster)).collect();
    assert!(clusters.len() >= 9, "{clusters:?}");
    for cluster in clusters {
        let id = cluster["cluster_id"].as_str().expect("an id");
        let Some(kubectl) = Kubectl::of(&sandbox, id) else { return };
        script(&sandbox, id, &kubectl);
    }
}

/// What is allocatable of GPUs on somebody else's pool.
fn foreign(sandbox: &Sandbox, cluster: &str) -> Value {
    let nodes = [sandbox.nodes_of(cluster, "foreigngpu"), sandbox.nodes_of(cluster, "foreign-gpu")].concat();
    nodes.iter().map(|node| node["allocatable"]["nvidia.com/gpu"].clone()).collect()
}

fn script(sandbox: &Sandbox, cluster: &str, kubectl: &Kubectl) {
    let before = foreign(sandbox, cluster);
    // Who am I, what is there, and what may I?
    kubectl.run("auth whoami").success().says("Username");
    kubectl.run("auth can-i patch configmaps -n slicing").success().says("yes");
    kubectl.run("auth can-i create pods --subresource=eviction").success().says("yes");
    // On EKS a node is named after its address, and only a label says which group it is of.
    kubectl.run("get nodes -o wide -L eks.amazonaws.com/nodegroup").success().says("Ready").says("foreign");
    kubectl.run("get daemonsets,deployments,configmaps,pods -A").success();
    let columns = "NAME:.metadata.name,GPUS:.status.allocatable.nvidia\\.com/gpu";
    kubectl.run(&format!("get nodes -o custom-columns={columns}")).success().says("NAME GPUS");
    let node = kubectl.print("get nodes -l !nvidia.com/gpu.present -o jsonpath={.items[0].metadata.name}");
    kubectl.run(&format!("describe node {node}")).success().says("Allocatable").says("Allocated resources");
    // Apply, diff, and apply again.
    kubectl.run("create namespace slicing").success();
    kubectl.write("map.yaml", &MAP.replace("REPLICAS", "4"));
    kubectl
        .run("apply --server-side --field-manager=platform -f map.yaml")
        .success()
        .says("serverside-applied");
    kubectl.run("diff --server-side --field-manager=platform -f map.yaml").success();
    kubectl.write("map.yaml", &MAP.replace("REPLICAS", "8"));
    kubectl.run("diff --server-side --field-manager=platform -f map.yaml").exits(1).says("replicas: 8");
    kubectl
        .run("apply --server-side --field-manager=other -f map.yaml")
        .failure()
        .says("conflict with \"platform\": .data.ts4");
    kubectl.run("apply --server-side --field-manager=platform -f map.yaml").success();
    let yaml = kubectl.run("get cm slices -n slicing -o yaml --show-managed-fields").success();
    let yaml = yaml.says("replicas: 8").says("manager: platform").says("f:ts4");
    assert!(yaml.stdout.starts_with("apiVersion: v1\n"), "{yaml}");
    kubectl.run("describe cm slices -n slicing").success().says("ts4:");
    // Watch a change.
    let waiting = kubectl.spawn("wait --for=jsonpath={.data.more}=yes cm/slices -n slicing --timeout=20s");
    until("the wait watches", || {
        sandbox
            .requests("GET", "watch=true")
            .iter()
            .any(|record| record["url"].to_string().contains("slicing"))
    });
    kubectl.run_with("patch cm slices -n slicing --type=merge -p", r#"{"data":{"more":"yes"}}"#).success();
    waiting.wait_with_timeout(std::time::Duration::from_secs(20)).success().says("condition met");
    // A workload, a cordon and a drain.
    kubectl.write("work.yaml", WORK);
    kubectl.run("apply -f work.yaml").success();
    kubectl.run("rollout status deployment/work -n slicing --timeout=20s").success();
    let pod = "get pods -n slicing -l app=work -o jsonpath={.items[0].spec.nodeName}";
    let at_work = kubectl.print(pod);
    kubectl.run(&format!("cordon {at_work}")).success().says("cordoned");
    kubectl
        .run(&format!(
            "drain {at_work} --ignore-daemonsets --delete-emptydir-data --pod-selector=app=work --timeout=20s"
        ))
        .success()
        .says("drained");
    kubectl.run(&format!("uncordon {at_work}")).success().says("uncordoned");
    kubectl.run("wait --for=condition=Available deployment/work -n slicing --timeout=20s").success();
    // Clean up; what others have is as it was.
    kubectl.run("delete -f work.yaml --timeout=20s").success();
    kubectl.run("delete namespace slicing --timeout=20s").success().says("deleted");
    kubectl.run("get cm slices -n slicing").failure().says("not found");
    until("somebody else's GPUs are as before", || foreign(sandbox, cluster) == before);
    assert_eq!(kubectl.print("get nodes --field-selector spec.unschedulable=true -o name"), "");
}

#[test]
fn a_broken_plugin_is_seen_and_mended_with_kubectl() {
    let sandbox = Sandbox::with_latency("300ms");
    let cluster = super::aks("sandbox", "sandbox");
    let Some(kubectl) = Kubectl::of(&sandbox, &cluster) else { return };
    let namespace = "-n nvidia-device-plugin";
    kubectl.run(&format!("rollout status ds/nvidia-device-plugin {namespace} --timeout=20s")).success();
    for (how, sign) in
        [("image", "ImagePullBackOff"), ("selector", "No resources found"), ("environment", "Running")]
    {
        sandbox.actor(json!({"kind": "break_plugin", "cluster": cluster, "how": how}));
        let pods = format!("get pods {namespace} -l app.kubernetes.io/name=nvidia-device-plugin");
        until(&format!("kubectl shows {sign}"), || kubectl.run(&pods).success().text().contains(sign));
        sandbox.actor(json!({"kind": "mend_plugin", "cluster": cluster}));
        kubectl.run(&format!("rollout status ds/nvidia-device-plugin {namespace} --timeout=20s")).success();
    }
}
