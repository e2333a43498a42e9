//! What others do in a cluster: somebody edits a `ConfigMap`, installs, removes or restarts the device plugin.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::cluster::{Cluster, Scene};
use super::components::breakage::{self, Breakage};
use super::components::charts::{self, Chart, PLUGIN_NAMESPACE};
use super::object;
use crate::sandbox::actors::ActorError;
use crate::sandbox::clock::rfc3339;
use crate::sandbox::parameters::Parameters;

/// kind, its fields, meaning.
const KINDS: &[(&str, &[&str], &str)] = &[
    (
        "edit_config_map",
        &["cluster", "namespace", "name", "set", "remove"],
        "set: object of keys with their texts, remove: list of keys; made if it is not there",
    ),
    ("delete_config_map", &["cluster", "namespace", "name"], "the ConfigMap is gone"),
    (
        "install_plugin",
        &["cluster", "namespace", "config_map"],
        "the device plugin's chart, by default in nvidia-device-plugin and without a ConfigMap",
    ),
    ("remove_plugin", &["cluster"], "every DaemonSet that runs a device plugin is gone"),
    ("restart_plugin", &["cluster"], "every device plugin starts anew"),
    (
        "break_plugin",
        &["cluster", "how"],
        "somebody breaks the DaemonSet of every device plugin: image (default) cannot be pulled, selector chooses no node, \
         environment sets MIG_STRATEGY=none, which beats the ConfigMap",
    ),
    ("mend_plugin", &["cluster"], "what break_plugin did is undone"),
    ("compact", &["cluster"], "the API server forgets old versions: watches and lists from them get 410"),
];

/// Something to do in a cluster.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    EditConfigMap { namespace: String, name: String, set: BTreeMap<String, String>, remove: Vec<String> },
    DeleteConfigMap { namespace: String, name: String },
    InstallPlugin(Chart),
    RemovePlugin,
    RestartPlugin,
    BreakPlugin(Breakage),
    MendPlugin,
    Compact,
}

impl Act {
    /// All kinds with their fields.
    pub(crate) fn kinds() -> Vec<Value> {
        let kinds = KINDS.iter();
        kinds
            .map(|(kind, fields, meaning)| {
                json!({"cloud": "kubernetes", "kind": kind, "fields": fields, "meaning": meaning})
            })
            .collect()
    }

    /// An act and its cluster's id from JSON fields; none where the kind is somebody else's.
    pub(crate) fn read(kind: &str, given: &Map<String, Value>) -> Option<Result<(String, Self), ActorError>> {
        let (_, fields, _) = KINDS.iter().find(|(known, ..)| *known == kind)?;
        Some(Self::fields(kind, given, fields))
    }

    fn fields(kind: &str, given: &Map<String, Value>, known: &[&str]) -> Result<(String, Self), ActorError> {
        let fields = Parameters::of(kind, given, known)?;
        let owned = |name: &str| fields.needed(name).map(str::to_owned);
        let cluster = owned("cluster")?;
        let impossible = |text: &str| ActorError::Impossible(text.to_owned());
        let act = match kind {
            "edit_config_map" => {
                let mut set = BTreeMap::new();
                for (key, value) in fields.value("set").and_then(Value::as_object).into_iter().flatten() {
                    let text = value.as_str().ok_or_else(|| impossible("set is an object of texts"))?;
                    set.insert(key.clone(), text.to_owned());
                }
                let remove = fields.value("remove").and_then(Value::as_array).into_iter().flatten();
                let remove = remove.filter_map(Value::as_str).map(str::to_owned).collect();
                Self::EditConfigMap { namespace: owned("namespace")?, name: owned("name")?, set, remove }
            }
            "delete_config_map" => {
                Self::DeleteConfigMap { namespace: owned("namespace")?, name: owned("name")? }
            }
            "install_plugin" => Self::InstallPlugin(Chart {
                namespace: fields.text("namespace")?.unwrap_or(PLUGIN_NAMESPACE).to_owned(),
                config_map: fields.text("config_map")?.map(str::to_owned),
                features: false,
            }),
            "remove_plugin" => Self::RemovePlugin,
            "restart_plugin" => Self::RestartPlugin,
            "break_plugin" => {
                Self::BreakPlugin(match fields.choice("how", &["image", "selector", "environment"])? {
                    "selector" => Breakage::Selector,
                    "environment" => Breakage::Environment,
                    _ => Breakage::Image,
                })
            }
            "mend_plugin" => Self::MendPlugin,
            _ => Self::Compact,
        };
        Ok((cluster, act))
    }
}

impl Cluster {
    /// Does it.
    pub(crate) fn act(&mut self, scene: &mut Scene<'_>, act: &Act) -> Result<(), ActorError> {
        match act {
            Act::EditConfigMap { namespace, name, set, remove } => {
                let fresh = json!({"apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": name, "namespace": namespace}});
                self.install(scene, "configmaps", fresh, "kubectl-edit");
                let found = self.store.get("configmaps", &object::key(namespace, name)).cloned();
                let Some(mut edited) = found else { return Ok(()) };
                for (key, text) in set {
                    edited["data"][key] = json!(text);
                }
                for key in remove {
                    if let Some(data) = edited.get_mut("data").and_then(Value::as_object_mut) {
                        data.remove(key);
                    }
                }
                self.save(scene.now, "configmaps", edited, "kubectl-edit", "");
            }
            Act::DeleteConfigMap { namespace, name } => {
                let gone = self.store.remove("configmaps", &object::key(namespace, name));
                let missing = || ActorError::Impossible(format!("there is no ConfigMap {namespace}/{name}"));
                gone.ok_or_else(missing)?;
            }
            Act::InstallPlugin(chart) => {
                for (resource, object) in charts::plugin(chart) {
                    self.install(scene, resource, object, "helm");
                }
            }
            Act::RemovePlugin => {
                for set in self.plugin_sets()? {
                    self.store.remove("daemonsets.apps", &object::key_of(&set));
                }
            }
            Act::RestartPlugin => {
                for set in self.plugin_sets()? {
                    let mut template = set["spec"]["template"].clone();
                    template["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] =
                        json!(rfc3339(scene.now));
                    self.replace_template(scene, set, template, "kubectl-rollout");
                }
            }
            Act::BreakPlugin(how) => {
                for set in self.plugin_sets()? {
                    let whole = set["spec"]["template"].clone();
                    let broken = breakage::broken(&whole, *how);
                    self.broken.entry(object::key_of(&set)).or_insert(whole);
                    self.replace_template(scene, set, broken, "helm");
                }
            }
            Act::MendPlugin => {
                if self.broken.is_empty() {
                    return Err(ActorError::Impossible(
                        "break_plugin broke nothing in the cluster".to_owned(),
                    ));
                }
                for (key, whole) in std::mem::take(&mut self.broken) {
                    // Whatever somebody removed in the meantime needs no mending.
                    if let Some(set) = self.store.get("daemonsets.apps", &key).cloned() {
                        self.replace_template(scene, set, whole, "helm");
                    }
                }
            }
            Act::Compact => self.store.compact(),
        }
        Ok(())
    }

    /// A `DaemonSet` gets another template, and so its pods are replaced.
    fn replace_template(&mut self, scene: &Scene<'_>, mut set: Value, template: Value, manager: &str) {
        set["spec"]["template"] = template;
        let generation = set["metadata"]["generation"].as_u64().unwrap_or(1);
        set["metadata"]["generation"] = json!(generation + 1);
        self.save(scene.now, "daemonsets.apps", set, manager, "");
    }

    /// The `DaemonSet`s that run device plugins.
    fn plugin_sets(&self) -> Result<Vec<Value>, ActorError> {
        let runs = |set: &&Value| super::components::is_device_plugin(&set["spec"]["template"]);
        let found: Vec<_> = self.store.all("daemonsets.apps").filter(runs).cloned().collect();
        if found.is_empty() {
            return Err(ActorError::Impossible(
                "no DaemonSet of the cluster runs a device plugin".to_owned(),
            ));
        }
        Ok(found)
    }
}
