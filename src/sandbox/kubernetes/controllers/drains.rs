//! Nodes that their cloud is about to replace: cordoned, and their pods evicted as far as disruption budgets allow.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::sandbox::kubernetes::cluster::{Cluster, Scene, View};
use crate::sandbox::kubernetes::object::{self, list, text};
use crate::sandbox::kubernetes::placement;

impl Cluster {
    pub(super) fn drain(&mut self, scene: &mut Scene<'_>, view: &View<'_>) {
        for machine in view.nodes.iter().filter(|node| node.draining) {
            let Some(mut node) = self.store.get("nodes", &machine.name).cloned() else { continue };
            if node.pointer("/spec/unschedulable") != Some(&json!(true)) {
                node["spec"]["unschedulable"] = json!(true);
                self.save(scene.now, "nodes", node, "cloud-controller-manager", "");
            }
            // One after the other: each takes from what a budget allows.
            let here = |pod: &&Value| text(pod, "/spec/nodeName") == machine.name;
            let names: Vec<_> = self.tenants().filter(here).map(object::key_of).collect();
            for name in names {
                let Some(pod) = self.store.get("pods", &name).cloned() else { continue };
                if !object::terminating(&pod) && self.forbids_eviction(&pod).is_none() {
                    self.end_pod(scene, &pod);
                }
            }
        }
    }

    /// The pods that a drain has to wait for: all on nodes that still hold something, but those of `DaemonSet`s.
    fn tenants(&self) -> impl Iterator<Item = &Value> {
        self.store.all("pods").filter(|pod| {
            let daemon =
                list(pod, "/metadata/ownerReferences").iter().any(|owner| owner["kind"] == "DaemonSet");
            !text(pod, "/spec/nodeName").is_empty() && placement::holds(pod) && !daemon
        })
    }

    /// The nodes that a drain would have to wait for.
    pub(crate) fn occupied(&self) -> BTreeSet<String> {
        self.tenants().map(|pod| text(pod, "/spec/nodeName").to_owned()).collect()
    }
}
