//! Which ConfigMap the device plugin reads, or would read if it were installed. Pure.

use std::collections::BTreeMap;

use super::helm;
use super::installed::{DevicePlugin, Installed, Vendor};
use crate::kubernetes::config::{Fallback, Strategy};
use crate::kubernetes::error::KubeError;
use crate::nodepool::spec::Taint;

/// Where the ConfigMap goes when nothing is installed: the namespace of the chart's documentation.
pub const NAMESPACE: &str = "nvidia-device-plugin";

/// What it is called then.
pub const CONFIG_MAP: &str = "gpuslice-device-plugin";

/// What the configuration says about the place: the attributes `device_plugin.namespace` and `.config_map`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The namespace.
    pub namespace: Option<String>,
    /// The ConfigMap's name.
    pub config_map: Option<String>,
}

impl Wanted {
    /// Whether a place is as the configuration says.
    pub(super) fn allows(&self, place: &Place) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| *namespace == place.namespace)
            && self.config_map.as_ref().is_none_or(|name| *name == place.config_map)
    }
}

/// A ConfigMap for keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub config_map: String,
    /// What its reader gives to nodes without a label; what NVIDIA's chart does, where nobody reads it yet.
    pub fallback: Fallback,
    /// How it was found.
    pub origin: Origin,
}

/// How a place was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A DaemonSet, `namespace/name`, reads it.
    DaemonSet(String),
    /// A ClusterPolicy names it.
    ClusterPolicy(String),
    /// The configuration names it, and nobody reads it.
    Given,
    /// No device plugin is installed.
    NothingInstalled,
    /// A device plugin, `namespace/name`, is installed without a ConfigMap.
    Unconfigured(String),
    /// The GPU operator is installed without a ConfigMap; the ClusterPolicy's name.
    UnconfiguredOperator(String),
    /// The configuration names it, and the device plugin of its namespace reads another one.
    ReadsAnother {
        /// The DaemonSet, `namespace/name`.
        plugin: String,
        /// What it reads.
        config_map: String,
    },
}

impl Place {
    /// `namespace/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.config_map)
    }

    /// What is to be installed or set so that somebody reads the ConfigMap, in full sentences with the charts' values;
    /// `None` where somebody does. `taints` are those of the pool.
    pub fn advice(&self, taints: &[Taint]) -> Option<String> {
        match &self.origin {
            Origin::DaemonSet(_) | Origin::ClusterPolicy(_) => None,
            Origin::Given | Origin::NothingInstalled => Some(helm::install(self, taints)),
            Origin::Unconfigured(plugin) => {
                Some(helm::configure(self, &format!("The device plugin {plugin}"), taints))
            }
            Origin::ReadsAnother { plugin, config_map } => {
                Some(helm::configure_other(self, plugin, config_map, taints))
            }
            Origin::UnconfiguredOperator(policy) => Some(helm::configure_operator(self, policy)),
        }
    }
}

/// The place for the keys of a pool.
///
/// # Errors
/// [`KubeError::SeveralConfigMaps`] where what is installed reads more than one and the configuration does not say
/// which.
pub fn choose(wanted: &Wanted, installed: &Installed) -> Result<Place, KubeError> {
    let mut found = candidates(installed);
    found.retain(|place| wanted.allows(place));
    match (found.len(), found.pop()) {
        (1, Some(place)) => Ok(place),
        (0, _) | (_, None) => Ok(unread(wanted, installed)),
        (_, Some(last)) => {
            found.push(last);
            let who = |place: &Place| match &place.origin {
                Origin::DaemonSet(name) => format!("read by the DaemonSet {name}"),
                Origin::ClusterPolicy(name) => format!("named by the ClusterPolicy {name}"),
                _ => String::new(),
            };
            let found = found.iter().map(|place| format!("{}, {}", place.full_name(), who(place)));
            Err(KubeError::SeveralConfigMaps { found: found.collect() })
        }
    }
}

/// Every ConfigMap that is read, once, in the order of their names.
pub(super) fn candidates(installed: &Installed) -> Vec<Place> {
    let mut found: BTreeMap<(String, String), Place> = BTreeMap::new();
    for policy in &installed.policies {
        let Some(config_map) = &policy.config_map else { continue };
        let fallback = Fallback { default: policy.default.clone(), strategies: vec![Strategy::Empty] };
        let origin = Origin::ClusterPolicy(policy.name.clone());
        let place =
            Place { namespace: policy.namespace.clone(), config_map: config_map.clone(), fallback, origin };
        found.insert((place.namespace.clone(), place.config_map.clone()), place);
    }
    // Feature discovery and the MPS daemon read it too; who announces GPUs has the last word.
    let mut readers: Vec<&DevicePlugin> = installed.plugins.iter().collect();
    readers.sort_by_key(|plugin| plugin.announces);
    for plugin in readers {
        let Some(mounted) = &plugin.mounted else { continue };
        let place = Place {
            namespace: plugin.namespace.clone(),
            config_map: mounted.config_map.clone(),
            fallback: mounted.fallback.clone(),
            origin: Origin::DaemonSet(plugin.full_name()),
        };
        found.insert((place.namespace.clone(), place.config_map.clone()), place);
    }
    found.into_values().collect()
}

/// A place that nobody reads yet. Who will read it may be installed in any way, so it is taken to do with nodes without
/// a label what NVIDIA's chart does: that asks for the most care.
fn unread(wanted: &Wanted, installed: &Installed) -> Place {
    let announcers =
        || installed.plugins.iter().filter(|plugin| plugin.announces && plugin.vendor != Vendor::Gke);
    let mut unconfigured = announcers().filter(|plugin| plugin.mounted.is_none());
    let policy = installed.policies.iter().find(|policy| policy.config_map.is_none());
    let (namespace, origin) = match (policy, unconfigured.next(), unconfigured.next()) {
        (Some(policy), _, _) => (policy.namespace.clone(), Origin::UnconfiguredOperator(policy.name.clone())),
        (None, Some(plugin), None) => (plugin.namespace.clone(), Origin::Unconfigured(plugin.full_name())),
        (None, _, _) => (NAMESPACE.to_owned(), Origin::NothingInstalled),
    };
    let namespace = wanted.namespace.clone().filter(|wanted| *wanted != namespace).ok_or(namespace);
    let (namespace, origin) = match namespace {
        Err(found) => (found, origin),
        Ok(wanted) => (wanted, Origin::Given),
    };
    let config_map = wanted.config_map.clone().unwrap_or_else(|| CONFIG_MAP.to_owned());
    let neighbour = announcers().find_map(|plugin| {
        let reads = &plugin.mounted.as_ref()?.config_map;
        (plugin.namespace == namespace)
            .then(|| Origin::ReadsAnother { plugin: plugin.full_name(), config_map: reads.clone() })
    });
    Place { namespace, config_map, fallback: Fallback::default(), origin: neighbour.unwrap_or(origin) }
}

#[cfg(test)]
mod tests;
