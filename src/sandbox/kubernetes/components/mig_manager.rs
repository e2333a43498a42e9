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
    /// The boot id of the machine when it asked for a restart.
    #[serde(default)]
    restarts: Option<String>,
    /// The configuration that it dealt with last.
    done: Option<String>,
}

impl Cluster {
    pub(super) fn cut_gpus(&mut self, scene: &mut Scene<'_>, view: &View<'_>) {
        self.cuttings.retain(|uid, _| view.nodes.iter().any(|node| node.uid == *uid));
        for node in &view.nodes {
            let here = |pod: &&Value| text(pod, "/spec/nodeName") == node.name && !object::terminating(pod);
            let manager = |pod: &Value| Some((object::uid(pod).to_owned(), programs::mig_manager(pod)?));
            let found = self.store.all("pods").filter(here).find_map(manager);
            let Some((pod, with_reboot)) = found else { continue };
            let run = self.runs.get(&pod);
            if run.is_some_and(|run| scene.now >= run.started_at && node.ready(scene.now)) {
                self.cut(scene, node, with_reboot);
            }
        }
    }

    /// One turn on a node.
    fn cut(&mut self, scene: &mut Scene<'_>, node: &Node, with_reboot: bool) {
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
                let layout = product.layout(&config);
                // MIG is switched on by a restart on these GPUs. Where that is not permitted, the mode stays, and what
                // is made of it then fails.
                let off = self.layout(node, scene.now).is_none();
                let switched = !(product.restarts && off && matches!(layout, Ok(Some(_))));
                let boot = node.boot_id(scene.now).to_owned();
                let restarted = cutting.restarts.as_ref().is_some_and(|before| *before != boot);
                if with_reboot && !busy && !switched && !restarted {
                    if cutting.restarts.is_none() {
                        cutting.restarts = Some(boot);
                        self.reboots.insert(node.uid.clone());
                        self.set_labels(scene, shown, "rebooting", false);
                    }
                } else {
                    let state = match layout {
                        Ok(layout) if !busy && (switched || restarted) => {
                            cutting.layout = Some(layout);
                            "success"
                        }
                        _ => "failed",
                    };
                    cutting.restarts = None;
                    cutting.work = None;
                    cutting.done = Some(config);
                    self.set_labels(scene, shown, state, false);
                }
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
