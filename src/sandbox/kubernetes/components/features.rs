//! gpu-feature-discovery: what it writes on nodes (source: gpu-feature-discovery's labels, k8s-device-plugin v0.20).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{gpus, programs};
use crate::sandbox::kubernetes::cluster::{Cluster, Scene, View};
use crate::sandbox::kubernetes::object::{self, text};
use crate::sandbox::nodes::Node;

/// Labels that are its own; those of slices begin with `nvidia.com/mig-`.
const OWN: &[&str] = &[
    "nvidia.com/gpu.product",
    "nvidia.com/gpu.count",
    "nvidia.com/gpu.memory",
    "nvidia.com/gpu.family",
    "nvidia.com/gpu.replicas",
    "nvidia.com/gpu.sharing-strategy",
    "nvidia.com/gpu.machine",
    "nvidia.com/mig.capable",
    "nvidia.com/mig.strategy",
];

impl Cluster {
    pub(super) fn label_features(&mut self, scene: &Scene<'_>, view: &View<'_>) {
        for node in &view.nodes {
            let pods: Vec<_> = self
                .store
                .all("pods")
                .filter(|pod| text(pod, "/spec/nodeName") == node.name && !object::terminating(pod))
                .cloned()
                .collect();
            let runs =
                |pod: &Value| self.runs.get(object::uid(pod)).is_some_and(|run| scene.now >= run.started_at);
            if !pods.iter().any(|pod| programs::discovers_features(pod) && runs(pod)) {
                continue;
            }
            let Some(shown) = self.store.get("nodes", &node.name) else { continue };
            let wanted = self.features(scene, node, &pods);
            let mut labelled = shown.clone();
            let Some(labels) = labelled["metadata"]["labels"].as_object_mut() else { continue };
            labels.retain(|key, _| {
                wanted.contains_key(key)
                    || !(OWN.contains(&key.as_str()) || key.starts_with("nvidia.com/mig-"))
            });
            labels.extend(wanted.into_iter().map(|(key, value)| (key, json!(value))));
            self.save(scene.now, "nodes", labelled, "nfd-master", "");
        }
    }

    fn features(&self, scene: &Scene<'_>, node: &Node, pods: &[Value]) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        let Some(gpus) = node.gpus.as_ref().filter(|_| node.driver) else { return labels };
        let Some(product) = gpus::product(&gpus.kind) else { return labels };
        let plugin = pods
            .iter()
            .find_map(|pod| self.plugins.get(object::uid(pod)).filter(|plugin| plugin.claim.is_some()));
        let replicas = plugin.map_or(1, |plugin| plugin.replicas.max(1));
        let sharing = plugin.map_or("none", |plugin| plugin.sharing.as_str());
        let strategy = plugin.map_or("none", |plugin| plugin.mig_strategy.as_str());
        let slices = self.layout(node, scene.now);
        let mut name = product.product.to_owned();
        let (mut count, mut shown_replicas) = (gpus.count, replicas);
        match (strategy, slices.as_deref()) {
            ("single", Some([(profile, per_gpu)])) => {
                name = format!("{name}-MIG-{}", profile.replace('+', "."));
                count = gpus.count * per_gpu;
            }
            ("single", Some(_)) => {
                name = format!("{name}-MIG-INVALID");
                (count, shown_replicas) = (0, 0);
            }
            _ => {}
        }
        if shown_replicas > 1 && plugin.is_some_and(|plugin| !renamed(plugin)) {
            name = format!("{name}-SHARED");
        }
        let mut put = |key: &str, value: String| labels.insert(format!("nvidia.com/{key}"), value);
        put("gpu.product", name);
        put("gpu.count", count.to_string());
        put("gpu.memory", product.memory.to_string());
        put("gpu.family", product.family.to_owned());
        put("gpu.replicas", shown_replicas.to_string());
        put("gpu.sharing-strategy", sharing.to_owned());
        put(
            "gpu.machine",
            node.machine_type.replace(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)), "-"),
        );
        put("mig.capable", product.mig_capable().to_string());
        if product.mig_capable() {
            put("mig.strategy", if strategy.is_empty() { "none".to_owned() } else { strategy.to_owned() });
        }
        if strategy == "mixed" {
            for (profile, per_gpu) in slices.unwrap_or_default() {
                put(&format!("mig-{}.count", profile.replace('+', ".")), (gpus.count * per_gpu).to_string());
            }
        }
        labels
    }
}

fn renamed(plugin: &super::Plugin) -> bool {
    plugin.claim.as_ref().is_some_and(|claim| claim.resources.keys().any(|name| name.ends_with(".shared")))
}
