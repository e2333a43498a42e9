//! DaemonSets as NVIDIA's charts and GKE make them, for tests: the parts that matter here.

use k8s_openapi::api::apps::v1::DaemonSet;
use serde_json::{Value, json};

use super::installed::DevicePlugin;

/// The chart's plugin in the namespace `gpu`, with or without a ConfigMap.
pub(in crate::kubernetes) fn chart(config_map: Option<&str>) -> Value {
    let mut pod = json!({
        "containers": [{
            "name": "nvidia-device-plugin-ctr", "image": "nvcr.io/nvidia/k8s-device-plugin:v0.20.0",
            "command": ["nvidia-device-plugin"],
            "env": [{"name": "MPS_ROOT", "value": "/run/nvidia/mps"}],
            "volumeMounts": [{"name": "kubelet-device-plugins-dir", "mountPath": "/var/lib/kubelet/device-plugins"}],
        }],
        "volumes": [{"name": "kubelet-device-plugins-dir", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}],
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "nvidia.com/gpu.present", "operator": "In", "values": ["true"]}]},
        ]}}},
    });
    if let Some(name) = config_map {
        add_manager(&mut pod, "nvidia-device-plugin-sidecar", "available-configs", name);
        add_variables(&mut pod, &[("DEFAULT_CONFIG", ""), ("FALLBACK_STRATEGIES", "named,single")]);
    }
    set("gpu", "nvdp-nvidia-device-plugin", &pod)
}

/// The chart's feature discovery beside that.
pub(in crate::kubernetes) fn feature_discovery(config_map: &str) -> Value {
    let mut pod = json!({
        "containers": [{
            "name": "gpu-feature-discovery-ctr", "image": "nvcr.io/nvidia/k8s-device-plugin:v0.20.0",
            "command": ["gpu-feature-discovery"],
        }],
        "volumes": [],
    });
    add_manager(&mut pod, "gpu-feature-discovery-sidecar", "available-configs", config_map);
    set("gpu", "nvdp-gpu-feature-discovery", &pod)
}

/// The plugin of the GPU operator.
pub(in crate::kubernetes) fn operator(config_map: Option<&str>) -> Value {
    let mut pod = json!({
        "containers": [{
            "name": "nvidia-device-plugin", "image": "nvcr.io/nvidia/k8s-device-plugin:v0.20.0",
            "command": ["/bin/sh", "-c"], "args": ["/bin/entrypoint.sh"],
            "env": [{"name": "MIG_STRATEGY", "value": "single"}],
            "volumeMounts": [{"name": "device-plugin", "mountPath": "/var/lib/kubelet/device-plugins"}],
        }],
        "volumes": [{"name": "device-plugin", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}],
        "nodeSelector": {"nvidia.com/gpu.deploy.device-plugin": "true"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    });
    if let Some(name) = config_map {
        // The operator names the volume after the ConfigMap.
        add_manager(&mut pod, "config-manager", name, name);
        add_variables(&mut pod, &[("DEFAULT_CONFIG", ""), ("FALLBACK_STRATEGIES", "empty")]);
    }
    let mut set = set("gpu-operator", "nvidia-device-plugin-daemonset", &pod);
    set["metadata"]["ownerReferences"] = json!([{"apiVersion": "nvidia.com/v1", "kind": "ClusterPolicy", "name": "cluster-policy", "uid": "u"}]);
    set
}

/// GKE's own plugin.
pub(in crate::kubernetes) fn gke() -> Value {
    set(
        "kube-system",
        "nvidia-gpu-device-plugin-small-cos",
        &json!({
            "containers": [{
                "name": "nvidia-gpu-device-plugin", "image": "gke.gcr.io/nvidia-gpu-device-plugin@sha256:abc",
                "command": ["/usr/bin/nvidia-gpu-device-plugin", "-logtostderr"],
                "volumeMounts": [{"name": "device-plugin", "mountPath": "/device-plugin"}],
            }],
            "volumes": [{"name": "device-plugin", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}],
            "tolerations": [{"operator": "Exists"}],
        }),
    )
}

/// A device plugin for network cards, from NVIDIA too.
pub(in crate::kubernetes) fn network() -> Value {
    set(
        "network-operator",
        "rdma-shared-dp-ds",
        &json!({
            "containers": [{
                "name": "rdma-shared-dp", "image": "nvcr.io/nvidia/cloud-native/k8s-rdma-shared-dev-plugin:v1",
                "volumeMounts": [{"name": "device-plugin", "mountPath": "/var/lib/kubelet/device-plugins"}],
            }],
            "volumes": [{"name": "device-plugin", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}],
        }),
    )
}

/// What such a DaemonSet is seen as.
pub(in crate::kubernetes) fn seen(set: &Value) -> DevicePlugin {
    parsed(set).expect("it announces GPUs, or reads the configuration")
}

pub(super) fn parsed(set: &Value) -> Option<DevicePlugin> {
    let set: DaemonSet = serde_json::from_value(set.clone()).unwrap();
    DevicePlugin::of(&set)
}

fn set(namespace: &str, name: &str, pod: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"selector": {}, "template": {"metadata": {}, "spec": pod}},
    })
}

fn add_manager(pod: &mut Value, name: &str, volume: &str, config_map: &str) {
    let container = json!({
        "name": name, "image": "nvcr.io/nvidia/k8s-device-plugin:v0.20.0", "command": ["config-manager"],
        "env": [
            {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "NODE_LABEL", "value": "nvidia.com/device-plugin.config"},
            {"name": "CONFIG_FILE_SRCDIR", "value": "/available-configs"},
        ],
        "volumeMounts": [
            {"name": volume, "mountPath": "/available-configs"},
            {"name": "config", "mountPath": "/config"},
        ],
    });
    let volumes = [
        json!({"name": volume, "configMap": {"name": config_map}}),
        json!({"name": "config", "emptyDir": {}}),
    ];
    pod["containers"].as_array_mut().unwrap().push(container);
    pod["volumes"].as_array_mut().unwrap().extend(volumes);
}

/// More variables for the last container.
fn add_variables(pod: &mut Value, variables: &[(&str, &str)]) {
    let container = pod["containers"].as_array_mut().unwrap().last_mut().unwrap();
    let env = container["env"].as_array_mut().unwrap();
    env.extend(variables.iter().map(|(name, value)| json!({"name": name, "value": value})));
}
