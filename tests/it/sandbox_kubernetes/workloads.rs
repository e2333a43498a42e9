//! Pods, daemons and drains before kubectl.

use super::{ZONAL, aks};
use crate::support::{Kubectl, Sandbox};

const GPU_POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: NAME}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: example.com/cuda:1
    resources: {limits: {nvidia.com/gpu: 1}}
";

#[test]
fn a_pod_gets_a_gpu_or_is_told_why_not() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    for name in ["one", "two"] {
        kubectl.write(&format!("{name}.yaml"), &GPU_POD.replace("NAME", name));
        kubectl.run(&format!("create -f {name}.yaml")).success().says("created");
    }
    kubectl.run("wait --for=condition=Ready pod/one --timeout=20s").success();
    kubectl.run("get pods -o wide").success().says("one 1/1 Running").says("two 0/1 Pending");
    kubectl.run("describe pod two").success().says("FailedScheduling").says("Insufficient nvidia.com/gpu");
    kubectl.run("get events --field-selector reason=FailedScheduling").success().says("pod/two");
    kubectl.run("delete pod one --wait --timeout=20s").success();
    kubectl.run("wait --for=jsonpath={.status.phase}=Running pod/two --timeout=20s").success();
}

#[test]
fn a_drain_evicts_and_leaves_daemons() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, &aks("sandbox", "sandbox")) else { return };
    kubectl.run("run plain --image=example.com/plain:1 --restart=Never").success();
    kubectl.run("wait --for=condition=Ready pod/plain --timeout=20s").success();
    let node = kubectl.print("get pod plain -o jsonpath={.spec.nodeName}");
    kubectl
        .run(&format!("drain {node} --ignore-daemonsets --force --delete-emptydir-data --timeout=30s"))
        .success()
        .says("evicted")
        .says("drained");
    kubectl.run("get pod plain").failure().says("not found");
    kubectl.run("get nodes").success().says("SchedulingDisabled");
    kubectl.run(&format!("uncordon {node}")).success();
}

#[test]
fn a_daemon_set_is_seen_restarted_and_removed() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, &aks("sandbox", "sandbox")) else { return };
    let namespace = "-n nvidia-device-plugin";
    kubectl.run(&format!("rollout status ds/nvidia-device-plugin {namespace} --timeout=20s")).success();
    kubectl.run(&format!("get ds {namespace} -o wide")).success().says("nvidia-device-plugin 1 1 1 1 1");
    kubectl.run(&format!("describe ds nvidia-device-plugin {namespace}")).success().says("available-configs");
    let uid = |kubectl: &Kubectl| {
        let chosen = "-l app.kubernetes.io/name=nvidia-device-plugin";
        kubectl.print(&format!("get pods {namespace} {chosen} -o jsonpath={{.items[0].metadata.uid}}"))
    };
    let before = uid(&kubectl);
    kubectl.run(&format!("rollout restart ds/nvidia-device-plugin {namespace}")).success();
    kubectl.run(&format!("rollout status ds/nvidia-device-plugin {namespace} --timeout=30s")).success();
    super::until("another pod runs", || uid(&kubectl) != before);
    kubectl.run("delete namespace nvidia-device-plugin --timeout=30s").success();
    kubectl.run("get ds -A").success().says("No resources found");
}
