//! All clusters' Kubernetes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cluster::{Cluster, Scene, View};
use super::components::charts;
use super::object;
use super::store::Store;
use crate::sandbox::clock::Millis;
use crate::sandbox::nodes::Occupied;

/// Namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Time between two turns for those who look again and again.
const TURNS: Millis = 20;

/// All clusters, by their id in the cloud.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Kubernetes {
    clusters: BTreeMap<String, Cluster>,
}

impl Kubernetes {
    /// A cluster, brought up to the present. One that was not looked at before begins now, with what its cloud has in
    /// store for it. The flag: something changed.
    pub(crate) fn present(&mut self, scene: &mut Scene<'_>, view: &View<'_>) -> (&mut Cluster, bool) {
        self.looked_at(scene, view, 0)
    }

    /// As [`Self::present`] for those who look again and again: everybody takes a turn only so often.
    pub(crate) fn glance(&mut self, scene: &mut Scene<'_>, view: &View<'_>) -> (&mut Cluster, bool) {
        self.looked_at(scene, view, TURNS)
    }

    fn looked_at(&mut self, scene: &mut Scene<'_>, view: &View<'_>, rest: Millis) -> (&mut Cluster, bool) {
        // One that was deleted and made again is another cluster.
        let known = self.clusters.get(&view.id).is_some_and(|cluster| cluster.created_at == view.created_at);
        if !known {
            self.clusters.remove(&view.id);
        }
        let cluster = self.clusters.entry(view.id.clone()).or_insert_with(|| Cluster::seeded(scene, view));
        let due = scene.now >= cluster.settled_at + rest;
        let changed = due && cluster.settle(scene, view);
        (cluster, changed || !known)
    }

    /// What a drain would have to wait for: nodes with pods of their own, by cluster. A cluster that nobody looked at has
    /// none.
    pub(crate) fn occupied(&self) -> Occupied {
        let clusters = self.clusters.iter();
        Occupied(clusters.map(|(id, cluster)| (id.clone(), cluster.occupied())).collect())
    }

    /// The uids of nodes that are to be restarted now.
    pub(crate) fn take_reboots(&mut self) -> Vec<String> {
        self.clusters.values_mut().flat_map(|cluster| std::mem::take(&mut cluster.reboots)).collect()
    }

    /// Labels, taints and allocatable of the nodes as Kubernetes has them, in place of the cloud's idea of them.
    pub(crate) fn correct(&self, id: &str, nodes: &mut Value) {
        let Some(cluster) = self.clusters.get(id) else { return };
        for shown in nodes.as_array_mut().into_iter().flatten() {
            let Some(node) = shown["name"].as_str().and_then(|name| cluster.store.get("nodes", name)) else {
                continue;
            };
            let taints: Vec<_> = object::list(node, "/spec/taints")
                .iter()
                .map(|taint| {
                    json!({"key": taint["key"], "value": object::text(taint, "/value"), "effect": taint["effect"]})
                })
                .collect();
            shown["labels"] = node["metadata"]["labels"].clone();
            shown["taints"] = json!(taints);
            shown["allocatable"] = node["status"]["allocatable"].clone();
        }
    }
}

impl Cluster {
    /// A cluster as it is when somebody first looks.
    fn seeded(scene: &mut Scene<'_>, view: &View<'_>) -> Self {
        let mut cluster = Self {
            cloud: view.cloud.to_owned(),
            version: view.version.to_owned(),
            created_at: view.created_at,
            store: Store::default(),
            machines: BTreeMap::new(),
            runs: BTreeMap::new(),
            plugins: BTreeMap::new(),
            cuttings: BTreeMap::new(),
            reboots: BTreeSet::new(),
            broken: BTreeMap::new(),
            settled_at: view.created_at,
        };
        // As old as the cluster itself, and long since at work.
        let mut then = Scene { now: view.created_at, latency: 0, random: &mut *scene.random };
        for name in NAMESPACES {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            cluster.install(&mut then, "namespaces", namespace, "kube-apiserver");
        }
        for (resource, object) in charts::stack(view.stack) {
            cluster.install(&mut then, resource, object, "helm");
        }
        // What shows GPUs comes first, and then somebody asks for one.
        cluster.settle(&mut then, view);
        if view.workload {
            for (resource, object) in charts::workload() {
                cluster.install(&mut then, resource, object, "helm");
            }
            cluster.settle(&mut then, view);
        }
        cluster
    }
}
