//! mig-manager: makes the GPUs of a node what its label says (source: mig-parted v0.15 as the GPU operator v26.7 runs it).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{gpus, programs};
use crate::sandbox::clock::Millis;
use crate::sandbox::kubernetes::cluster::{Cluster, Scene, View};
use crate::sandbox::kubernetes::object::{self, text};
use crate::sandbox::kubernetes::placement;
use crate::sandbox::nodes::Node;

/// Says what a node's GPUs shall be, and how far that is.
pub(super) const CONFIG: &str = "nvidia.com/mig.config";
const STATE: &str = "nvidia.com/mig.config.state";

/// Operands that are sent away while GPUs are cut, and the word by which that is done.
const PAUSED: [&str; 4] = [
    "nvidia.com/gpu.deploy.device-plugin",
    "nvidia.com/gpu.deploy.gpu-feature-discovery",
    "nvidia.com/gpu.deploy.dcgm-exporter",
    "nvidia.com/gpu.deploy.dcgm",
];
const PAUSE: &str = "paused-for-mig-change";

/// What mig-manager did to a node, by the node's uid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cutting {
    /// The layout that it made: MIG off, or slices per GPU. None: it has made none.
    pub(crate) layout: Option<Option<Vec<(String, u32)>>>,
    /// What it works on, and when it is done with that.
    work: Option<(String, Millis)>,
    /// The configuration that it dealt with last.
    done: Option<String>,
    /// The machine was restarted for the work that goes on. (What else ran there does not notice in the sandbox.)
    #[serde(default)]
    restarted: bool,
}

impl Cluster {
    pub(super) fn cut_gpus(&mut self, scene: &mut Scene<'_>, view: &View<'_>) {
        self.cuttings.retain(|uid, _| view.nodes.iter().any(|node| node.uid == *uid));
        for node in &view.nodes {
            let manager = self.store.all("pods").find(|pod| {
                text(pod, "/spec/nodeName") == node.name
                    && !object::terminating(pod)
                    && programs::is_mig_manager(pod)
            });
            let Some(manager) = manager else { continue };
            let runs = self
                .runs
                .get(object::uid(manager))
                .is_some_and(|run| scene.now >= run.started_at && node.ready(scene.now));
            if runs {
                let may_restart = programs::mig_manager_restarts(manager);
                self.cut(scene, node, may_restart);
            }
        }
    }

    fn cut(&mut self, scene: &mut Scene<'_>, node: &Node, may_restart: bool) {
        let Some(shown) = self.store.get("nodes", &node.name).cloned() else { return };
        let Some(product) = node.gpus.as_ref().and_then(|gpus| gpus::product(&gpus.kind)) else { return };
        let Some(wanted) = object::label(&shown, CONFIG).filter(|label| !label.is_empty()).map(str::to_owned)
        else {
            return;
        };
        let mut cutting = self.cuttings.get(&node.uid).cloned().unwrap_or_default();
        match cutting.work.clone() {
            None if cutting.done.as_ref() == Some(&wanted) => {}
            None => {
                let there = self.layout(node, scene.now);
                match product.layout(&wanted) {
                    Err(_) => {
                        cutting.done = Some(wanted);
                        self.set_labels(scene, shown, "failed", false);
                    }
                    Ok(layout) if layout == there => {
                        cutting.done = Some(wanted);
                        self.set_labels(scene, shown, "success", false);
                    }
                    Ok(_) => {
                        cutting.work = Some((wanted, scene.now + scene.latency / 4));
                        self.set_labels(scene, shown, "pending", true);
                    }
                }
            }
            Some((config, at)) if scene.now >= at => {
                let uses_gpus = |pod: &&Value| {
                    text(pod, "/spec/nodeName") == node.name
                        && placement::holds(pod)
                        && placement::requests(&pod["spec"])
                            .keys()
                            .any(|name| name.starts_with("nvidia.com/"))
                };
                // Nobody's pods are sent away: with one on a GPU the device is busy and the change fails.
                let busy = self.store.all("pods").any(|pod| uses_gpus(&pod));
                let wanted = product.layout(&config);
                let mode = |layout: &Option<_>| layout.is_some();
                let switches =
                    wanted.as_ref().is_ok_and(|layout| mode(layout) != mode(&self.layout(node, scene.now)));
                if switches && product.restarts && may_restart && !busy && !cutting.restarted {
                    cutting.restarted = true;
                    cutting.work = Some((config, scene.now + scene.latency / 4));
                    self.set_labels(scene, shown, "rebooting", true);
                    self.cuttings.insert(node.uid.clone(), cutting);
                    return;
                }
                let state = match wanted {
                    // Without the restart the GPU stays in its mode, and cannot be cut.
                    Ok(layout) if !busy && (!switches || !product.restarts || cutting.restarted) => {
                        cutting.layout = Some(layout);
                        "success"
                    }
                    _ => "failed",
                };
                cutting.work = None;
                cutting.restarted = false;
                cutting.done = Some(config);
                self.set_labels(scene, shown, state, false);
            }
            Some(_) => {}
        }
        self.cuttings.insert(node.uid.clone(), cutting);
    }

    fn set_labels(&mut self, scene: &Scene<'_>, mut node: Value, state: &str, pause: bool) {
        let Some(labels) = node["metadata"]["labels"].as_object_mut() else { return };
        labels.insert(STATE.to_owned(), json!(state));
        for key in PAUSED {
            let now = labels.get(key).and_then(Value::as_str).map(str::to_owned);
            match (pause, now.as_deref()) {
                (true, Some("true")) => labels.insert(key.to_owned(), json!(PAUSE)),
                (false, Some(PAUSE)) => labels.insert(key.to_owned(), json!("true")),
                _ => None,
            };
        }
        self.save(scene.now, "nodes", node, "nvidia-mig-manager", "");
    }
}
