//! How NVIDIA's components are installed: the objects that their charts make.
//!
//! Sources: the chart nvidia-device-plugin 0.20.0, the device plugin's static manifest, the chart gpu-operator v26.7.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::sandbox::kubernetes::cluster::Stack;
use crate::sandbox::kubernetes::object::text;

/// Where the chart of the device plugin is installed.
pub(crate) const PLUGIN_NAMESPACE: &str = "nvidia-device-plugin";

/// The `ConfigMap` that the seeded chart was given.
const CONFIGS: &str = "nvidia-device-plugin-configs";

/// Where the operator is.
pub(super) const OPERATOR_NAMESPACE: &str = "gpu-operator";

/// The `ConfigMap` that the seeded policy names.
const OPERATOR_CONFIGS: &str = "device-plugin-config";

const PLUGIN_IMAGE: &str = "nvcr.io/nvidia/k8s-device-plugin:v0.20.0";
const OPERATOR_IMAGE: &str = "nvcr.io/nvidia/gpu-operator:v26.7.0";
const MIG_MANAGER_IMAGE: &str = "nvcr.io/nvidia/cloud-native/k8s-mig-manager:v0.15.0";

/// Nothing is shared and MIG is not looked at.
const WHOLE: &str = "version: v1\nflags:\n  migStrategy: none\n";

/// An object and the resource that it is one of.
pub(crate) type Made = (&'static str, Value);

/// How the chart of the device plugin is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chart {
    pub(crate) namespace: String,
    /// `config.name`.
    pub(crate) config_map: Option<String>,
    /// `gfd.enabled`.
    pub(crate) features: bool,
}

/// What was installed in a cluster before anybody looked.
pub(crate) fn stack(stack: Stack) -> Vec<Made> {
    let with_config = || Chart {
        namespace: PLUGIN_NAMESPACE.to_owned(),
        config_map: Some(CONFIGS.to_owned()),
        features: true,
    };
    // An only key, which the plugin therefore gives to every node without a label: another key beside it, and those
    // nodes lose their GPUs at the plugin's next start.
    let only = || config_map(PLUGIN_NAMESPACE, CONFIGS, &json!({"whole": WHOLE}));
    let named = || config_map(PLUGIN_NAMESPACE, CONFIGS, &json!({"default": WHOLE}));
    match stack {
        Stack::Nothing => Vec::new(),
        Stack::Plugin => plugin(&Chart { namespace: PLUGIN_NAMESPACE.to_owned(), ..Chart::default() }),
        Stack::PluginWithConfig => {
            [vec![namespace(PLUGIN_NAMESPACE), only()], plugin(&with_config())].concat()
        }
        Stack::TwoPlugins => {
            [static_manifest(), vec![namespace(PLUGIN_NAMESPACE), named()], plugin(&with_config())].concat()
        }
        Stack::Operator => operator(false, &json!([])),
        Stack::OperatorWithReboot => operator(false, &json!([{"name": "WITH_REBOOT", "value": "true"}])),
        Stack::OperatorWithDriver => operator(true, &json!([])),
        Stack::Manifest => static_manifest(),
    }
}

/// Somebody's work on somebody's GPU pool: a pod that holds a GPU, and is made anew when it is evicted.
pub(crate) fn workload() -> Vec<Made> {
    let labels = json!({"app": "training"});
    let container = json!({"name": "training", "image": "example.com/training:1",
        "resources": {"limits": {"nvidia.com/gpu": "1"}}});
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "training", "namespace": "somebody-else", "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"nodeSelector": {"team": "somebody-else"}, "containers": [container],
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]}}},
    });
    vec![namespace("somebody-else"), ("deployments.apps", deployment)]
}

fn namespace(name: &str) -> Made {
    ("namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
}

fn config_map(namespace: &str, name: &str, data: &Value) -> Made {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace},
        "data": data});
    ("configmaps", object)
}

/// The chart nvidia-device-plugin, with its namespace.
pub(crate) fn plugin(chart: &Chart) -> Vec<Made> {
    let mut main = vec![json!({
        "name": "nvidia-device-plugin-ctr",
        "image": PLUGIN_IMAGE,
        "command": ["nvidia-device-plugin"],
        "env": [{"name": "MPS_ROOT", "value": "/run/nvidia/mps"},
            {"name": "NVIDIA_MIG_MONITOR_DEVICES", "value": "all"}],
    })];
    if chart.features {
        main.push(json!({"name": "gpu-feature-discovery-ctr", "image": PLUGIN_IMAGE,
            "command": ["gpu-feature-discovery"]}));
    }
    let mut spec = json!({"containers": main, "volumes": [{"name": "device-plugin",
        "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}]});
    if let Some(name) = &chart.config_map {
        add_config_manager(&mut spec, name, "", "named,single");
    }
    spec["affinity"] = affinity();
    spec["tolerations"] = tolerations();
    let mut daemon = json!({"containers": [{"name": "mps-control-daemon-ctr", "image": PLUGIN_IMAGE,
        "command": ["mps-control-daemon"]}], "nodeSelector": {"nvidia.com/mps.capable": "true"}});
    daemon["affinity"] = affinity();
    daemon["tolerations"] = tolerations();
    vec![
        namespace(&chart.namespace),
        daemon_set(&chart.namespace, "nvidia-device-plugin", &spec),
        daemon_set(&chart.namespace, "nvidia-device-plugin-mps-control-daemon", &daemon),
    ]
}

/// The manifest without a chart, on every node.
fn static_manifest() -> Vec<Made> {
    let mut spec = json!({"containers": [{"name": "nvidia-device-plugin-ctr", "image": PLUGIN_IMAGE,
        "env": [{"name": "FAIL_ON_INIT_ERROR", "value": "false"}]}]});
    spec["tolerations"] = tolerations();
    vec![daemon_set("kube-system", "nvidia-device-plugin-daemonset", &spec)]
}

/// Any of the labels by which a node with GPUs is known.
fn affinity() -> Value {
    let term = |key: &str, value: &str| json!({"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]});
    json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        term("feature.node.kubernetes.io/pci-10de.present", "true"),
        term("feature.node.kubernetes.io/cpu-model.vendor_id", "NVIDIA"),
        term("nvidia.com/gpu.present", "true"),
    ]}}})
}

fn tolerations() -> Value {
    json!([{"key": "CriticalAddonsOnly", "operator": "Exists"},
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}])
}

/// The config-manager, once before the plugin and then beside it.
fn add_config_manager(spec: &mut Value, config_map: &str, default: &str, fallbacks: &str) {
    let container = |name: &str, once: bool| {
        json!({
            "name": name,
            "image": PLUGIN_IMAGE,
            "command": ["config-manager"],
            "env": [
                {"name": "ONESHOT", "value": once.to_string()},
                {"name": "NODE_LABEL", "value": "nvidia.com/device-plugin.config"},
                {"name": "CONFIG_FILE_SRCDIR", "value": "/available-configs"},
                {"name": "CONFIG_FILE_DST", "value": "/config/config.yaml"},
                {"name": "DEFAULT_CONFIG", "value": default},
                {"name": "FALLBACK_STRATEGIES", "value": fallbacks},
                {"name": "SEND_SIGNAL", "value": (!once).to_string()},
            ],
            "volumeMounts": [{"name": "available-configs", "mountPath": "/available-configs"},
                {"name": "config", "mountPath": "/config"}],
        })
    };
    spec["initContainers"] = json!([container("nvidia-device-plugin-init", true)]);
    if let Some(containers) = spec["containers"].as_array_mut() {
        containers.insert(0, container("nvidia-device-plugin-sidecar", false));
    }
    let mut volumes = spec["volumes"].as_array().cloned().unwrap_or_default();
    volumes.push(json!({"name": "available-configs", "configMap": {"name": config_map}}));
    volumes.push(json!({"name": "config", "emptyDir": {}}));
    spec["volumes"] = json!(volumes);
}

fn daemon_set(namespace: &str, name: &str, spec: &Value) -> Made {
    let labels = json!({"app.kubernetes.io/name": name});
    let hash: String =
        Sha256::digest(spec.to_string()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let object = json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": namespace, "labels": labels,
            "annotations": {"nvidia.com/last-applied-hash": hash}},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    });
    ("daemonsets.apps", object)
}

/// The chart gpu-operator, on nodes whose cloud brings driver and container toolkit, or with both of its own.
fn operator(driver: bool, mig_manager: &Value) -> Vec<Made> {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "clusterpolicies.nvidia.com"},
        "spec": {
            "group": "nvidia.com",
            "scope": "Cluster",
            "names": {"plural": "clusterpolicies", "singular": "clusterpolicy", "kind": "ClusterPolicy",
                "listKind": "ClusterPolicyList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                "additionalPrinterColumns": [
                    {"name": "Status", "type": "string", "jsonPath": ".status.state"},
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                ]}],
        },
    });
    let policy = json!({
        "apiVersion": "nvidia.com/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "cluster-policy"},
        "spec": {
            "devicePlugin": {"enabled": true, "config": {"name": OPERATOR_CONFIGS, "default": ""}},
            "driver": {"enabled": driver},
            "gfd": {"enabled": true},
            "mig": {"strategy": "single"},
            "migManager": {"enabled": true, "env": mig_manager, "config": {"name": "", "default": "all-disabled"}},
            "toolkit": {"enabled": driver},
        },
    });
    let labels = json!({"app.kubernetes.io/component": "gpu-operator"});
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "gpu-operator", "namespace": OPERATOR_NAMESPACE, "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "gpu-operator", "image": OPERATOR_IMAGE}]}}},
    });
    vec![
        namespace(OPERATOR_NAMESPACE),
        config_map(OPERATOR_NAMESPACE, OPERATOR_CONFIGS, &json!({"whole": "version: v1\n"})),
        ("customresourcedefinitions.apiextensions.k8s.io", definition),
        ("clusterpolicies.nvidia.com", policy),
        ("deployments.apps", deployment),
    ]
}

/// The operands that a policy asks for.
pub(super) fn operands(policy: &Value) -> Vec<Value> {
    let enabled = |part: &str| policy["spec"][part]["enabled"] != false;
    let on = |label: &str| json!({(format!("nvidia.com/gpu.deploy.{label}")): "true"});
    let strategy = json!([{"name": "MIG_STRATEGY", "value": policy["spec"]["mig"]["strategy"]}]);
    let mut made = Vec::new();
    let mut add = |name: &str, mut spec: Value| {
        spec["tolerations"] = tolerations();
        made.push(daemon_set(OPERATOR_NAMESPACE, name, &spec).1);
    };
    if enabled("devicePlugin") {
        let mut spec = json!({"nodeSelector": on("device-plugin"), "containers": [{"name": "nvidia-device-plugin",
            "image": PLUGIN_IMAGE, "command": ["nvidia-device-plugin"], "env": strategy}]});
        let config = &policy["spec"]["devicePlugin"]["config"];
        if !text(config, "/name").is_empty() {
            add_config_manager(&mut spec, text(config, "/name"), text(config, "/default"), "empty");
        }
        add("nvidia-device-plugin-daemonset", spec);
        let mut chosen = on("device-plugin");
        chosen["nvidia.com/mps.capable"] = json!("true");
        add(
            "nvidia-device-plugin-mps-control-daemon",
            json!({"nodeSelector": chosen, "containers": [{"name": "mps-control-daemon-ctr", "image": PLUGIN_IMAGE,
                "command": ["mps-control-daemon"]}]}),
        );
    }
    if enabled("gfd") {
        let container = json!({"name": "gpu-feature-discovery", "image": PLUGIN_IMAGE,
            "command": ["gpu-feature-discovery"], "env": strategy});
        add(
            "gpu-feature-discovery",
            json!({"nodeSelector": on("gpu-feature-discovery"), "containers": [container]}),
        );
    }
    if enabled("migManager") {
        let env = policy["spec"]["migManager"]["env"].as_array().cloned().unwrap_or_default();
        let container = json!({"name": "nvidia-mig-manager", "image": MIG_MANAGER_IMAGE, "env": env});
        add("nvidia-mig-manager", json!({"nodeSelector": on("mig-manager"), "containers": [container]}));
    }
    made
}
