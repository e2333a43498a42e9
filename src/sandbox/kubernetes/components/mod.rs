//! NVIDIA's components on the nodes: what makes GPUs allocatable where the cloud does not do it itself.
//!
//! - [`programs`]: which of the components a pod is. [`config`], [`selection`], [`gpus`]: their rules, without time.
//! - [`plugin`]: the device plugin as it runs. [`features`]: the labels of gpu-feature-discovery.
//! - [`operator`], [`mig_manager`]: the GPU operator. [`charts`]: how all of it is installed,
//!   and [`breakage`]: how people break it.
//!
//! A component is recognised by its image and command, so that what somebody installs by hand works as what was seeded.

pub(crate) mod breakage;
pub(crate) mod charts;
mod config;
mod features;
mod gpus;
mod mig_manager;
mod operator;
mod plugin;
mod programs;
mod selection;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use mig_manager::Cutting;
pub(crate) use plugin::Plugin;

use super::cluster::{Cluster, Scene, View};
use super::object;
use super::quantity::thousandths;
use crate::sandbox::clock::Millis;
use crate::sandbox::nodes::Node;

/// The pod, or the template of one, runs a device plugin.
pub(crate) fn is_device_plugin(pod: &Value) -> bool {
    programs::device_plugin(pod).is_some()
}

/// Extended resources that somebody registered with a kubelet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) at: Millis,
    pub(crate) resources: BTreeMap<String, u32>,
}

impl Cluster {
    /// Lets the components take their turn.
    pub(super) fn run_components(&mut self, scene: &mut Scene<'_>, view: &View<'_>) {
        self.operate(scene, view);
        self.cut_gpus(scene, view);
        self.run_plugins(scene, view);
        self.label_features(scene, view);
    }

    /// How a machine's GPUs are cut now: by mig-manager, else by the cloud; none where MIG is off.
    pub(super) fn layout(&self, node: &Node, now: Millis) -> Option<Vec<(String, u32)>> {
        if let Some(cutting) = self.cuttings.get(&node.uid)
            && let Some(layout) = &cutting.layout
        {
            return layout.clone();
        }
        node.cut.as_ref().filter(|cut| cut.from <= now).map(|cut| cut.slices.clone())
    }

    /// Why a kubelet does not take a pod that was given to it: a container asks for several of what is shared.
    pub(super) fn inadmissible(&self, pod: &Value, node: &Node) -> Option<String> {
        if object::text(pod, "/status/phase") != "Pending" {
            return None;
        }
        let shared = node.labels.get("cloud.google.com/gke-gpu-sharing-strategy").map(String::as_str);
        let single = |name: &str| {
            let pods = self.store.all("pods").filter(|pod| object::text(pod, "/spec/nodeName") == node.name);
            let mut plugins = pods.filter_map(|pod| self.plugins.get(object::uid(pod)));
            plugins.any(|plugin| plugin.single.iter().any(|known| known == name))
        };
        for container in object::list(pod, "/spec/containers") {
            for (name, amount) in object::map(container, "/resources/requests").into_iter().flatten() {
                let asked = thousandths(amount).unwrap_or(0) / 1000;
                if asked < 2 || !name.starts_with("nvidia.com/") {
                    continue;
                }
                if shared == Some("time-sharing") && !node.advertised.is_empty() {
                    return Some(
                        "Allocate failed due to rpc error: code = Unknown desc = invalid request for sharing GPU \
                         (time-sharing), at most 1 nvidia.com/gpu can be requested on GPU nodes, which is unexpected"
                            .to_owned(),
                    );
                }
                if single(name) {
                    return Some(format!(
                        "Allocate failed due to rpc error: code = Unknown desc = request for '{name}: {asked}' too \
                         large: maximum request size for shared resources is 1; found {asked}, which is unexpected"
                    ));
                }
            }
        }
        None
    }

    /// Extended resources of a node, as its kubelet has them: of each the one registered last; what nobody offers any
    /// more stays with a count of zero.
    pub(crate) fn extended(&self, node: &Node, now: Millis) -> BTreeMap<String, u32> {
        let cloud = node.extended(now);
        let from = node.advertised.iter().map(|advertised| advertised.from).max().unwrap_or(0);
        let own = (!cloud.is_empty()).then_some(Claim { at: from, resources: cloud });
        let pods = self.store.all("pods").filter(|pod| object::text(pod, "/spec/nodeName") == node.name);
        let mut claims: Vec<_> = pods
            .filter_map(|pod| self.plugins.get(object::uid(pod))?.claim.clone())
            .chain(own)
            .filter(|claim| claim.at <= now)
            .collect();
        claims.sort_by_key(|claim| claim.at);
        let shown =
            self.store.get("nodes", &node.name).and_then(|shown| object::map(shown, "/status/capacity"));
        let known =
            shown.into_iter().flatten().map(|(name, _)| name).filter(|name| name.starts_with("nvidia.com/"));
        let mut extended: BTreeMap<String, u32> = known.map(|name| (name.clone(), 0)).collect();
        for claim in claims {
            extended.extend(claim.resources);
        }
        extended
    }
}
