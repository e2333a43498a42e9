//! Why nodes do not offer what was planned, from what was seen. Pure: one function for each cause.
//!
//! Sources of the causes: NVIDIA k8s-device-plugin v0.20.0 and gpu-operator v26.7.0; NVIDIA mig-parted v0.15.0 for the
//! states of mig-manager.

use crate::kubernetes::config::key::is_ours;
use crate::kubernetes::config::lint;
use crate::kubernetes::nodes::NodeSeen;
use crate::kubernetes::plugin::scheduling::Obstacle;
use crate::kubernetes::plugin::{CONFIG_LABEL, DevicePlugin, Vendor};
use crate::nodepool::spec::Taint;
use crate::slicing::{MigStrategy, Sharing};

use super::evidence::{ConfigSeen, Evidence};
use super::judge::is_right;
use super::{Announcer, SliceCheck, announcers};

mod finding;

pub use finding::Finding;

/// Everything that explains what the nodes offer, the surest first.
pub fn diagnose(check: &SliceCheck, evidence: &Evidence) -> Vec<Finding> {
    let scene = Scene::new(check, evidence);
    let mut found: Vec<Finding> = Vec::new();
    found.extend(scene.no_plugin());
    found.extend(scene.kept_away());
    found.extend(scene.two_plugins());
    found.extend(scene.wrong_label());
    found.extend(scene.unread_config());
    found.extend(scene.unknown_key());
    found.extend(scene.variable_wins());
    found.extend(scene.failing_pods());
    found.extend(scene.mig_manager());
    found.extend(scene.not_to_be_cut());
    found.extend(scene.mig_invalid());
    found.extend(scene.held_gpus());
    found.extend(scene.leftovers());
    found.extend(scene.no_mps_label());
    found.extend(scene.cloud_plugin());
    found.extend(scene.whole_gpus(!found.is_empty()));
    found.extend(scene.not_ready());
    found
}

/// What tells mig-manager to leave GPUs whole.
const DISABLED: &str = "all-disabled";

/// The case, with the nodes in question.
struct Scene<'a> {
    check: &'a SliceCheck,
    evidence: &'a Evidence,
    wrong: Vec<&'a NodeSeen>,
}

impl<'a> Scene<'a> {
    fn new(check: &'a SliceCheck, evidence: &'a Evidence) -> Self {
        let wrong = evidence.nodes.iter().filter(|node| !is_right(check, node)).collect();
        Scene { check, evidence, wrong }
    }

    /// The taints of the nodes in question.
    fn taints(&self) -> &'a [Taint] {
        self.wrong.first().map(|node| node.taints.as_slice()).unwrap_or_default()
    }

    /// The names of the nodes in question for which something holds.
    fn nodes(&self, holds: impl Fn(&NodeSeen) -> bool) -> Vec<String> {
        self.wrong.iter().filter(|node| holds(node)).map(|node| node.name.clone()).collect()
    }

    /// The plugins that may announce this pool's GPUs: GKE's own one is the cloud's.
    fn announcers(&self) -> impl Iterator<Item = &'a DevicePlugin> {
        let plugins = self.evidence.installed.iter().flat_map(|installed| &installed.plugins);
        plugins.filter(|plugin| plugin.announces && plugin.vendor != Vendor::Gke)
    }

    /// Those that come to a node.
    fn reaching(&self, node: &NodeSeen) -> Vec<&'a DevicePlugin> {
        self.announcers()
            .filter(|plugin| plugin.scheduling.obstacles(&node.labels, &node.taints).is_empty())
            .collect()
    }

    fn by_cloud(&self) -> bool {
        self.check.announcer == Announcer::Cloud
    }

    fn key(
        &self,
    ) -> Option<(&'a crate::kubernetes::plugin::Place, &'a crate::kubernetes::config::ConfigKey)> {
        match &self.check.announcer {
            Announcer::DevicePlugin { key: Some((place, key)) } => Some((place, key)),
            Announcer::Cloud | Announcer::DevicePlugin { key: None } => None,
        }
    }

    /// Nothing announces GPUs, anywhere.
    fn no_plugin(&self) -> Option<Finding> {
        let is_question = !self.by_cloud() && !self.wrong.is_empty();
        let installed = self.evidence.installed.as_ref().filter(|_| is_question)?;
        let any = self.announcers().next().is_some() || !installed.policies.is_empty();
        let advice = || {
            let place = self.key().map(|(place, _)| place);
            announcers::advice(self.check, place, installed, self.taints()).unwrap_or_default()
        };
        (!any).then(|| Finding::NoPlugin { advice: advice() })
    }

    /// Something is installed, and does not come to the nodes.
    fn kept_away(&self) -> Vec<Finding> {
        if self.by_cloud() {
            return Vec::new();
        }
        let unreached = |node: &NodeSeen| self.reaching(node).is_empty();
        let Some(first) = self.wrong.iter().find(|node| unreached(node)) else { return Vec::new() };
        self.announcers()
            .map(|plugin| {
                let obstacles = plugin.scheduling.obstacles(&first.labels, &first.taints);
                Finding::KeptAway { plugin: plugin.full_name(), obstacles, nodes: self.nodes(unreached) }
            })
            .collect()
    }

    /// More than one announces a node's GPUs: they take them from each other.
    fn two_plugins(&self) -> Option<Finding> {
        let names = |node: &NodeSeen| -> Vec<String> {
            let cloud = self.by_cloud().then(|| "the cloud's own".to_owned());
            cloud.into_iter().chain(self.reaching(node).iter().map(|plugin| plugin.full_name())).collect()
        };
        let node = self.wrong.iter().find(|node| names(node).len() > 1)?;
        Some(Finding::TwoPlugins { plugins: names(node), nodes: self.nodes(|node| names(node).len() > 1) })
    }

    /// The nodes' label names another key than the pool's, or none.
    fn wrong_label(&self) -> Option<Finding> {
        let (_, key) = self.key()?;
        let differs = |node: &NodeSeen| node.label(CONFIG_LABEL) != Some(key.name.as_str());
        let node = self.wrong.iter().find(|node| differs(node))?;
        Some(Finding::WrongLabel {
            found: node.label(CONFIG_LABEL).map(str::to_owned),
            wanted: key.name.clone(),
            nodes: self.nodes(differs),
        })
    }

    /// The plugin on the nodes takes its configuration from elsewhere.
    fn unread_config(&self) -> Option<Finding> {
        let (place, _) = self.key()?;
        let plugin = self.wrong.iter().find_map(|node| self.reaching(node).into_iter().next())?;
        let installed = self.evidence.installed.as_ref()?;
        match &plugin.mounted {
            None => {
                // The place's own advice may date from before the plugin was there.
                let advice = announcers::advice(self.check, Some(place), installed, self.taints());
                let advice = advice.or_else(|| place.advice(self.taints())).unwrap_or_default();
                Some(Finding::Unconfigured { plugin: plugin.full_name(), advice })
            }
            Some(mounted) if mounted.label != CONFIG_LABEL => {
                Some(Finding::OtherLabel { plugin: plugin.full_name(), label: mounted.label.clone() })
            }
            Some(mounted)
                if (&plugin.namespace, &mounted.config_map) != (&place.namespace, &place.config_map) =>
            {
                Some(Finding::OtherConfigMap {
                    plugin: plugin.full_name(),
                    reads: format!("{}/{}", plugin.namespace, mounted.config_map),
                    ours: place.full_name(),
                })
            }
            Some(_) => None,
        }
    }

    /// The label names a key that is not there, or whose text is not ours.
    fn unknown_key(&self) -> Option<Finding> {
        let (place, key) = self.key()?;
        let config_map = place.full_name();
        let data = match self.evidence.config.as_ref()? {
            ConfigSeen::Absent => return Some(Finding::NoConfigMap { config_map }),
            ConfigSeen::Data(data) => data,
        };
        let label = self.wrong.iter().find_map(|node| node.label(CONFIG_LABEL))?;
        let Some(text) = data.get(label) else {
            return Some(Finding::UnknownKey { key: label.to_owned(), config_map });
        };
        // A pool may be configured by somebody else's key too.
        if label == key.name && (*text == key.yaml || is_ours(label, text)) {
            return None;
        }
        let faults = lint(text).iter().map(ToString::to_string).collect();
        Some(Finding::OtherText { key: label.to_owned(), config_map, faults })
    }

    /// A variable of the plugin's container wins over the configuration.
    fn variable_wins(&self) -> Option<Finding> {
        if self.by_cloud() {
            return None;
        }
        let plugin = self.wrong.iter().find_map(|node| self.reaching(node).into_iter().next())?;
        let set = plugin.variables.get("MIG_STRATEGY").filter(|value| !value.is_empty())?;
        let wanted = match (self.check.mig, self.check.sharing) {
            (Some(strategy), _) if set != strategy.as_str() => strategy.as_str(),
            // The plugin does not start with both.
            (None, Sharing::Mps { .. }) if set == MigStrategy::Mixed.as_str() => "none",
            _ => return None,
        };
        Some(Finding::VariableWins {
            plugin: plugin.full_name(),
            by_operator: plugin.vendor == Vendor::Operator,
            variable: "MIG_STRATEGY".to_owned(),
            value: set.clone(),
            wanted: wanted.to_owned(),
        })
    }

    /// A pod of the plugin does not run.
    fn failing_pods(&self) -> Option<Finding> {
        let installed = self.evidence.installed.as_ref()?;
        let names: Vec<String> = installed.plugins.iter().map(DevicePlugin::full_name).collect();
        let pods: Vec<String> = self
            .evidence
            .pods
            .iter()
            .filter(|pod| pod.daemon_set.as_ref().is_some_and(|set| names.contains(set)))
            .filter_map(|pod| Some(format!("{} on {}: {}", pod.name, pod.node, pod.trouble.as_ref()?)))
            .collect();
        (!pods.is_empty()).then_some(Finding::FailingPods { pods })
    }

    /// The GPU operator's mig-manager is at work, has failed, or has taken the slices away.
    fn mig_manager(&self) -> Option<Finding> {
        let state = |node: &NodeSeen| {
            let config = node.label("nvidia.com/mig.config")?.to_owned();
            let state = node.mig_state().unwrap_or("none").to_owned();
            let disables = self.check.mig.is_some() && self.check.mig_manager.is_none() && config == DISABLED;
            (disables || state != "success").then_some((config, state))
        };
        let (config, state_now) = self.wrong.iter().find_map(|node| state(node))?;
        Some(Finding::MigManager {
            disables: self.check.mig.is_some() && self.check.mig_manager.is_none() && config == DISABLED,
            config,
            state: state_now,
            nodes: self.nodes(|node| state(node).is_some()),
        })
    }

    /// Nothing tells mig-manager to cut.
    fn not_to_be_cut(&self) -> Option<Finding> {
        self.check.mig_manager?;
        let whole =
            |node: &NodeSeen| matches!(node.label("nvidia.com/mig.config"), None | Some("" | DISABLED));
        let nodes = self.nodes(whole);
        (!nodes.is_empty()).then_some(Finding::NotToBeCut { nodes })
    }

    /// Feature discovery found slices that the strategy `single` cannot announce.
    fn mig_invalid(&self) -> Option<Finding> {
        let invalid = |node: &NodeSeen| {
            node.label("nvidia.com/gpu.product").is_some_and(|it| it.ends_with("MIG-INVALID"))
        };
        let nodes = self.nodes(invalid);
        (!nodes.is_empty()).then_some(Finding::MigInvalid { nodes })
    }

    /// Pods hold GPUs that are to be cut.
    fn held_gpus(&self) -> Option<Finding> {
        self.check.mig?;
        let pods: Vec<String> = self
            .evidence
            .pods
            .iter()
            .filter(|pod| !pod.holds.is_empty())
            .map(|pod| format!("{} on {}", pod.name, pod.node))
            .collect();
        (!pods.is_empty()).then_some(Finding::HeldGpus { pods })
    }

    /// Resources of an earlier configuration are still offered.
    fn leftovers(&self) -> Option<Finding> {
        let has_others = |node: &NodeSeen| !node.others(&self.check.resource).is_empty();
        let node = self.wrong.iter().find(|node| has_others(node))?;
        Some(Finding::Leftovers {
            resources: node.others(&self.check.resource).into_keys().map(str::to_owned).collect(),
            wanted: self.check.resource.clone(),
            nodes: self.nodes(has_others),
        })
    }

    /// The chart's MPS daemon comes only to nodes with a label.
    fn no_mps_label(&self) -> Option<Finding> {
        if self.by_cloud() || !matches!(self.check.sharing, Sharing::Mps { .. }) {
            return None;
        }
        let nodes = self.nodes(|node| node.label("nvidia.com/mps.capable") != Some("true"));
        (!nodes.is_empty()).then_some(Finding::NoMpsLabel { nodes })
    }

    /// The cloud's own plugin is switched off, or says itself that it is not well.
    fn cloud_plugin(&self) -> Vec<Finding> {
        let off = self.nodes(|node| node.label("gke-no-default-nvidia-gpu-device-plugin") == Some("true"));
        let mut found = Vec::new();
        if !off.is_empty() {
            found.push(Finding::GkePluginOff { nodes: off });
        }
        let says =
            |node: &NodeSeen| node.conditions.iter().find(|it| it.starts_with("UnhealthyNvidia")).cloned();
        if let Some(condition) = self.wrong.iter().find_map(|node| says(node)) {
            found.push(Finding::Condition { condition, nodes: self.nodes(|node| says(node).is_some()) });
        }
        found
    }

    /// The nodes offer whole GPUs: nothing has cut or shared them. Told where no cause of it was found.
    fn whole_gpus(&self, explained: bool) -> Option<Finding> {
        let gpus = u64::from(self.check.gpus);
        let is_whole = |node: &NodeSeen| {
            node.slices.get(crate::slicing::GPU_RESOURCE) == Some(&gpus) && gpus != self.check.per_node
        };
        let nodes = self.nodes(is_whole);
        (!explained && !nodes.is_empty()).then_some(Finding::WholeGpus {
            cut: self.check.mig.is_some(),
            gpus,
            nodes,
        })
    }

    fn not_ready(&self) -> Option<Finding> {
        let nodes = self.nodes(|node| !node.ready);
        (!nodes.is_empty()).then_some(Finding::NotReady { nodes })
    }
}

/// An obstacle in words.
fn obstacle(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Taint(taint) => format!("it does not tolerate the taint {taint}"),
        Obstacle::Selector(label) => format!("it selects nodes with the label {label}"),
        Obstacle::Affinity(terms) => format!("it wants nodes with {}", terms.join(", or ")),
    }
}

#[cfg(test)]
mod tests;
