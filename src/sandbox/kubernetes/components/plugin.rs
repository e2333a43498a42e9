//! The device plugin as it runs on a node, with the config-manager beside it.
//!
//! The config-manager watches the node's label and nothing else: another label makes it read the mounted files, and if
//! that leads to another file, the plugin reads its configuration again. A changed `ConfigMap` reaches the mount after
//! the kubelet's sync, and nobody looks at it until then (source: k8s-device-plugin v0.20, cmd/config-manager).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::{Config, Found, Shown};
use super::programs::{self, Installed};
use super::{Claim, gpus};
use crate::sandbox::clock::Millis;
use crate::sandbox::kubernetes::cluster::{Cluster, Scene, View};
use crate::sandbox::kubernetes::controllers::unpullable;
use crate::sandbox::kubernetes::object::{self, map, text};
use crate::sandbox::nodes::Node;

/// The label that chooses the configuration.
const LABEL: &str = "nvidia.com/device-plugin.config";

/// A device plugin in a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plugin {
    /// The start of the pod's containers that this belongs to.
    started_at: Millis,
    /// The files of the `ConfigMap` as they are mounted.
    files: BTreeMap<String, String>,
    /// When the kubelet brings the mount up to date.
    sync_at: Option<Millis>,
    /// The label when the config-manager last decided.
    label: Option<String>,
    /// The file that it decided for.
    file: Option<String>,
    /// The config-manager has decided for the first time.
    chosen: bool,
    /// When the plugin reads its configuration, after a start or a signal; none once it has.
    reads_at: Option<Millis>,
    /// What it read; the plugin failed with it where there is no claim.
    text: String,
    pub(crate) claim: Option<Claim>,
    /// Resources of which a container may ask for one only.
    pub(crate) single: Vec<String>,
    /// `none`, `time-slicing` or `mps`, with the replicas, for the node's labels.
    pub(crate) sharing: String,
    pub(crate) replicas: u32,
    pub(crate) mig_strategy: String,
}

impl Cluster {
    pub(super) fn run_plugins(&mut self, scene: &mut Scene<'_>, view: &View<'_>) {
        let pods: Vec<_> = self.store.all("pods").cloned().collect();
        self.plugins.retain(|uid, _| pods.iter().any(|pod| object::uid(pod) == uid));
        for pod in pods {
            let Some(installed) = programs::device_plugin(&pod) else { continue };
            let node = view.nodes.iter().find(|node| node.name == text(&pod, "/spec/nodeName"));
            let (Some(node), false) = (node, object::terminating(&pod)) else {
                // On its way out: its resources go with it.
                self.plugins.remove(object::uid(&pod));
                continue;
            };
            let mut plugin = self.plugins.remove(object::uid(&pod)).unwrap_or_default();
            let trouble =
                unpullable(&pod).or_else(|| self.step_plugin(scene, &pod, &installed, node, &mut plugin));
            if let Some(run) = self.runs.get_mut(object::uid(&pod)) {
                run.trouble.clone_from(&trouble);
            }
            if let Some((_, reason, message)) = &trouble {
                let reason = match reason.as_str() {
                    "ContainerCreating" => "FailedMount",
                    "ImagePullBackOff" => "Failed",
                    _ => "BackOff",
                };
                self.tell(scene, &pod, "Warning", reason, message);
            }
            self.plugins.insert(object::uid(&pod).to_owned(), plugin);
        }
    }

    /// One turn of a plugin. What is returned keeps a container of its pod from running: in an init container or not,
    /// the reason, a sentence.
    fn step_plugin(
        &self,
        scene: &Scene<'_>,
        pod: &Value,
        installed: &Installed,
        node: &Node,
        plugin: &mut Plugin,
    ) -> Option<(bool, String, String)> {
        let crash = |init: bool, message: String| Some((init, "CrashLoopBackOff".to_owned(), message));
        let run = self.runs.get(object::uid(pod))?;
        let up = node.ready(scene.now);
        if run.started_at != plugin.started_at {
            // A new start: everything is read anew, and what was registered is gone.
            *plugin = Plugin { started_at: run.started_at, ..Plugin::default() };
        }
        if !up || scene.now < run.started_at {
            return None;
        }
        if let Some((name, choice)) = &installed.managed {
            if let Some(missing) = self.mount(scene, pod, name, plugin) {
                return Some((false, "ContainerCreating".to_owned(), missing));
            }
            let shown = self.store.get("nodes", &node.name)?;
            let label = object::label(shown, LABEL).map(str::to_owned);
            if !plugin.chosen || label != plugin.label {
                match choice.of(label.as_deref(), &plugin.files) {
                    Err(message) if plugin.chosen => {
                        // The plugin beside it goes on with what it has.
                        return crash(false, message);
                    }
                    Err(message) => return crash(true, message),
                    Ok(file) => {
                        let cause = if plugin.chosen { scene.now } else { run.started_at };
                        if !plugin.chosen || file != plugin.file {
                            plugin.reads_at = Some(cause + scene.latency / 20);
                        }
                        (plugin.label, plugin.file, plugin.chosen) = (label, file, true);
                    }
                }
            }
            let current =
                plugin.file.as_ref().and_then(|file| plugin.files.get(file)).cloned().unwrap_or_default();
            if plugin.claim.is_none() && plugin.reads_at.is_none() && current != plugin.text {
                // A plugin that failed is started again and again, and reads its file each time.
                plugin.reads_at = Some(scene.now + scene.latency / 20);
            }
        } else if !plugin.chosen {
            plugin.chosen = true;
            plugin.reads_at = Some(run.started_at + scene.latency / 20);
        }
        if plugin.reads_at.is_some_and(|at| scene.now >= at) {
            let at = plugin.reads_at.take().unwrap_or(scene.now);
            let file = plugin.file.as_ref().and_then(|file| plugin.files.get(file));
            plugin.text = file.cloned().unwrap_or_default();
            return match self.read_config(&plugin.text, installed, node, at) {
                Ok(shown) => {
                    plugin.serve(shown, at);
                    None
                }
                Err(message) => {
                    plugin.claim = None;
                    crash(false, message)
                }
            };
        }
        if plugin.claim.is_none() && plugin.reads_at.is_none() {
            let failed = self.read_config(&plugin.text, installed, node, scene.now);
            return match failed {
                // What kept it from starting is gone.
                Ok(shown) => {
                    plugin.serve(shown, scene.now);
                    None
                }
                Err(message) => crash(false, message),
            };
        }
        None
    }

    /// Keeps the mount: whole at the start, then as far as the kubelet has synced it. A sentence where there is no such
    /// `ConfigMap`; what is mounted already stays even then.
    fn mount(&self, scene: &Scene<'_>, pod: &Value, name: &str, plugin: &mut Plugin) -> Option<String> {
        let found = self.store.get("configmaps", &object::key(object::namespace(pod), name));
        let files: Option<BTreeMap<String, String>> = found.map(|found| {
            let data = map(found, "/data").into_iter().flatten();
            data.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
        });
        let Some(files) = files else {
            plugin.sync_at = None;
            let missing = format!(
                "MountVolume.SetUp failed for volume \"available-configs\" : configmap {name:?} not found"
            );
            return (!plugin.chosen).then_some(missing);
        };
        if !plugin.chosen {
            // Not running yet: the kubelet mounts what there is.
            plugin.files = files;
        } else if files == plugin.files {
            plugin.sync_at = None;
        } else {
            // Up to a minute and a half in reality; here half of a cloud's operation.
            let at = *plugin.sync_at.get_or_insert(scene.now + scene.latency / 2);
            if scene.now >= at {
                plugin.files = files;
                plugin.sync_at = None;
            }
        }
        None
    }

    fn read_config(
        &self,
        text: &str,
        installed: &Installed,
        node: &Node,
        at: Millis,
    ) -> Result<Shown, String> {
        let config = Config::read(text)?;
        let driver = node.driver || self.brings_driver(node);
        let gpus = node.gpus.as_ref().filter(|_| driver).map_or(0, |gpus| gpus.count);
        if gpus == 0 {
            // Without a driver or without GPUs it waits and shows nothing.
            return Ok(Shown { sharing: "none", ..Shown::default() });
        }
        let known = node.gpus.as_ref().and_then(|gpus| gpus::product(&gpus.kind));
        let slices = self.layout(node, at).filter(|_| known.is_none_or(gpus::Product::mig_capable));
        let here = |pod: &&Value| text_of(pod, "/spec/nodeName") == node.name && !object::terminating(pod);
        let mps_daemon = self.store.all("pods").filter(here).any(programs::is_mps_daemon);
        config.shown(installed.mig_strategy.as_deref(), &Found { gpus, slices, mps_daemon })
    }
}

fn text_of<'a>(object: &'a Value, pointer: &str) -> &'a str {
    text(object, pointer)
}

impl Plugin {
    fn serve(&mut self, shown: Shown, at: Millis) {
        self.claim = Some(Claim { at, resources: shown.resources });
        self.single = shown.single.into_iter().collect();
        shown.sharing.clone_into(&mut self.sharing);
        self.replicas = shown.replicas;
        self.mig_strategy = shown.mig_strategy;
    }
}
