//! The GPU operator: from a `ClusterPolicy` to labels on nodes and to its operands (source: gpu-operator v26.7).

use serde_json::{Value, json};

use super::mig_manager::CONFIG;
use super::{charts, gpus};
use crate::sandbox::kubernetes::cluster::{Cluster, Scene, View};
use crate::sandbox::kubernetes::object::{self, text};
use crate::sandbox::nodes::Node;

const POLICIES: &str = "clusterpolicies.nvidia.com";

/// Switches all operands off on a node.
const OPERANDS: &str = "nvidia.com/gpu.deploy.operands";

/// The operands' own switches; mig-manager's is set where MIG is possible.
const DEPLOYED: &[&str] = &[
    "nvidia.com/gpu.deploy.container-toolkit",
    "nvidia.com/gpu.deploy.dcgm",
    "nvidia.com/gpu.deploy.dcgm-exporter",
    "nvidia.com/gpu.deploy.device-plugin",
    "nvidia.com/gpu.deploy.driver",
    "nvidia.com/gpu.deploy.gpu-feature-discovery",
    "nvidia.com/gpu.deploy.node-status-exporter",
    "nvidia.com/gpu.deploy.operator-validator",
];
const MIG_MANAGER: &str = "nvidia.com/gpu.deploy.mig-manager";

impl Cluster {
    pub(super) fn operate(&mut self, scene: &mut Scene<'_>, view: &View<'_>) {
        let policy = self.store.all(POLICIES).find(|policy| !object::terminating(policy)).cloned();
        let Some(policy) = policy else { return };
        // The operator itself does the work; without it the policy is a piece of paper.
        let running = self.store.all("deployments.apps").any(|found| object::name(found) == "gpu-operator");
        if !running {
            return;
        }
        for node in view.nodes.iter().filter(|node| node.gpus.is_some()) {
            self.label_for_operands(scene, node, &policy);
        }
        for operand in charts::operands(&policy) {
            self.keep(scene, "daemonsets.apps", operand, &policy);
        }
        if policy["status"]["state"] != "ready" {
            let mut ready = policy;
            ready["status"] = json!({"state": "ready", "namespace": charts::OPERATOR_NAMESPACE});
            self.save(scene.now, POLICIES, ready, "gpu-operator", "status");
        }
    }

    /// The operator installs the driver on that node.
    pub(super) fn brings_driver(&self, node: &Node) -> bool {
        let enabled = |policy: &Value| policy["spec"]["driver"]["enabled"] != false;
        let deployed = |node: &Value| object::label(node, "nvidia.com/gpu.deploy.driver") == Some("true");
        self.store.all(POLICIES).any(enabled) && self.store.get("nodes", &node.name).is_some_and(deployed)
    }

    /// Labels that say which operands a node gets. One that is there already stays as it is.
    fn label_for_operands(&mut self, scene: &Scene<'_>, node: &Node, policy: &Value) {
        let Some(mut shown) = self.store.get("nodes", &node.name).cloned() else { return };
        let mig = node
            .gpus
            .as_ref()
            .and_then(|gpus| gpus::product(&gpus.kind))
            .is_some_and(gpus::Product::mig_capable);
        let Some(labels) = shown["metadata"]["labels"].as_object_mut() else { return };
        let has = |labels: &serde_json::Map<String, Value>, key: &str| labels.contains_key(key);
        labels.insert("feature.node.kubernetes.io/pci-10de.present".to_owned(), json!("true"));
        labels.insert("nvidia.com/gpu.present".to_owned(), json!("true"));
        if labels.get(OPERANDS) == Some(&json!("false")) {
            DEPLOYED.iter().for_each(|key| {
                labels.remove(*key);
            });
            // Somebody's own "false" stays.
            if labels.get(MIG_MANAGER) == Some(&json!("true")) {
                labels.remove(MIG_MANAGER);
            }
        } else {
            for key in DEPLOYED.iter().filter(|key| !has(labels, key)).copied().collect::<Vec<_>>() {
                labels.insert(key.to_owned(), json!("true"));
            }
            if mig && !has(labels, MIG_MANAGER) {
                labels.insert(MIG_MANAGER.to_owned(), json!("true"));
            }
            let default = text(policy, "/spec/migManager/config/default");
            let unset = labels.get(CONFIG).and_then(Value::as_str).unwrap_or_default().is_empty();
            if mig && unset && default == "all-disabled" {
                labels.insert(CONFIG.to_owned(), json!(default));
            }
        }
        self.save(scene.now, "nodes", shown, "gpu-operator", "");
    }

    /// Makes an object, or brings its spec back to what it should be.
    fn keep(&mut self, scene: &mut Scene<'_>, resource: &str, mut wanted: Value, owner: &Value) {
        wanted["metadata"]["ownerReferences"] = json!([{"apiVersion": "nvidia.com/v1", "kind": "ClusterPolicy",
            "name": object::name(owner), "uid": object::uid(owner), "controller": true, "blockOwnerDeletion": true}]);
        match self.store.get(resource, &object::key_of(&wanted)).cloned() {
            None => self.install(scene, resource, wanted, "gpu-operator"),
            Some(mut found) => {
                let hash = "nvidia.com/last-applied-hash";
                if object::annotation(&found, hash) != object::annotation(&wanted, hash) {
                    found["spec"] = wanted["spec"].clone();
                    found["metadata"]["annotations"] = wanted["metadata"]["annotations"].clone();
                    let generation = found["metadata"]["generation"].as_u64().unwrap_or(1);
                    found["metadata"]["generation"] = json!(generation + 1);
                    self.save(scene.now, resource, found, "gpu-operator", "");
                }
            }
        }
    }
}
