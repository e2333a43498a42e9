//! From the pool as written to the pool as wanted.

use std::collections::BTreeMap;

use super::config::{NodePoolConfig, UpgradeConfig};
use super::gpu::NodeSlicing;
use super::labels::{plugin_labels, slicing_labels};
use super::problem::{Path, Step};
use super::spec::{Amount, CapacityType, SharingSwitches, Size, Upgrade};
use super::{CloudRules, Field, NodePoolSpec, Options, Problems};
use crate::slicing::{MigStrategy, Sharing};

/// What the provider block adds to every pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Defaults {
    /// `default_labels`.
    pub labels: BTreeMap<String, String>,
    /// `default_tags`.
    pub tags: BTreeMap<String, String>,
}

/// What the cloud would refuse of the provider's defaults, which reach every pool, on a pool with these options.
pub fn check_defaults(defaults: &Defaults, options: &Field<Options>, rules: &dyn CloudRules) -> Problems {
    let written = |map: &BTreeMap<String, String>| {
        Field::Known(map.iter().map(|(key, value)| (key.clone(), Field::Known(value.clone()))).collect())
    };
    let config = NodePoolConfig {
        labels: written(&defaults.labels),
        tags: written(&defaults.tags),
        options: options.clone(),
        ..NodePoolConfig::default()
    };
    let mut problems = Problems::default();
    super::checks::check(&config, Some(rules), &mut problems);
    problems.0.retain_mut(|problem| {
        let attribute = match problem.path.0.first() {
            Some(Step::Attribute(name)) if name == "labels" || name == "tags" => name.clone(),
            _ => return false,
        };
        // It is the provider block that is to be mended, and no attribute of the pool.
        problem.path = Path::default();
        problem.detail = format!("{} It comes from default_{attribute} of the provider.", problem.detail);
        true
    });
    problems
}

/// The pool as wanted: what was written is checked by every rule, and what is planned is built.
///
/// The two differ in what nobody wrote and an earlier apply has learnt from the cloud, which stays as it is. It may
/// contradict something that was written since (surge figures beside a new `blue_green`), and that is nobody's fault.
///
/// # Errors
/// The problems that stop it: broken rules, and inputs that should be known by now and are not.
pub fn resolve(
    written: &NodePoolConfig,
    planned: &NodePoolConfig,
    defaults: &Defaults,
    rules: &dyn CloudRules,
) -> Result<NodePoolSpec, Problems> {
    let mut problems = Problems::default();
    super::checks::check(written, Some(rules), &mut problems);
    if problems.has_errors() {
        return Err(problems);
    }
    build(planned, defaults, rules).map_err(|missing| {
        problems.error(
            missing,
            format!("{missing} is not known"),
            "It is needed to create or change the pool, and its value is still unknown. Check the resource or data \
             source that it comes from.",
        );
        problems
    })
}

/// The pool of a configuration that is taken to be valid, such as one that an earlier apply has left in the state.
///
/// # Errors
/// The name of the attribute that is missing.
pub fn build(
    config: &NodePoolConfig,
    defaults: &Defaults,
    rules: &dyn CloudRules,
) -> Result<NodePoolSpec, &'static str> {
    let slicing = NodeSlicing::of(config).ok_or("machine_type")?;
    Ok(NodePoolSpec {
        cluster: config.cluster_id.known().ok_or("cluster_id")?.clone(),
        name: config.name.known().ok_or("name")?.clone(),
        machine_type: config.machine_type.known().ok_or("machine_type")?.clone(),
        gpu: slicing.node_gpus(),
        mig_profile: absent_or_known(&config.mig_profile, "mig_profile")?,
        mig_strategy: config.mig_strategy.known_or(MigStrategy::Single).ok_or("mig_strategy")?,
        sharing: config.sharing.known_or(Sharing::None).ok_or("sharing_strategy")?,
        switches: SharingSwitches::of(&config.device_plugin).ok_or("device_plugin")?,
        size: size(config)?,
        capacity_type: config.capacity_type.known_or(CapacityType::OnDemand).ok_or("capacity_type")?,
        zones: absent_or_known(&config.zones, "zones")?,
        labels: effective_labels(config, defaults, rules).ok_or("labels")?,
        tags: effective_tags(config, defaults, rules).ok_or("tags")?,
        taints: config.taints.known_or(std::collections::BTreeSet::new()).ok_or("taints")?,
        gpu_taint: config.gpu_taint.known_or(true).ok_or("gpu_taint")?,
        disk_size_gb: config.disk_size_gb.known().copied(),
        disk_type: config.disk_type.known().cloned(),
        max_pods: config.max_pods.known().copied(),
        kubernetes_version: absent_or_known(&config.kubernetes_version, "kubernetes_version")?,
        upgrade: config.upgrade.known().map(upgrade).unwrap_or_default(),
        options: config.options.known().cloned().unwrap_or_default(),
    })
}

fn absent_or_known<T: Clone>(field: &Field<T>, name: &'static str) -> Result<Option<T>, &'static str> {
    match field {
        Field::Null => Ok(None),
        Field::Unknown => Err(name),
        Field::Known(value) => Ok(Some(value.clone())),
    }
}

fn size(config: &NodePoolConfig) -> Result<Size, &'static str> {
    match (&config.autoscaling, &config.node_count) {
        (Field::Known(limits), _) => Ok(Size::Autoscaling {
            min: *limits.min_nodes.known().ok_or("autoscaling.min_nodes")?,
            max: *limits.max_nodes.known().ok_or("autoscaling.max_nodes")?,
            initial: absent_or_known(&limits.initial_nodes, "autoscaling.initial_nodes")?,
        }),
        (Field::Null, Field::Known(nodes)) => Ok(Size::Fixed(*nodes)),
        (Field::Unknown, _) => Err("autoscaling"),
        (Field::Null, Field::Null | Field::Unknown) => Err("node_count"),
    }
}

fn upgrade(config: &UpgradeConfig) -> Upgrade {
    let amount = |field: &Field<String>| field.known().and_then(|text| text.parse::<Amount>().ok());
    Upgrade { max_surge: amount(&config.max_surge), max_unavailable: amount(&config.max_unavailable) }
}

/// All labels that are sent; `None` while one of them is unknown.
pub fn effective_labels(
    config: &NodePoolConfig,
    defaults: &Defaults,
    rules: &dyn CloudRules,
) -> Option<BTreeMap<String, String>> {
    let profile = match &config.mig_profile {
        Field::Null => None,
        Field::Unknown => return None,
        Field::Known(profile) => Some(*profile),
    };
    let mut labels = merged(&defaults.labels, &config.labels, |one, other| one == other)?;
    let sharing = config.sharing.known_or(Sharing::None)?;
    labels.extend(rules.own_labels(config)?);
    labels.extend(slicing_labels(profile, sharing));
    match &config.config_key {
        Field::Null => {}
        Field::Unknown => return None,
        Field::Known(key) => labels.extend(plugin_labels(key, sharing)),
    }
    Some(labels)
}

/// All tags that are sent; `None` while one of them is unknown.
pub fn effective_tags(
    config: &NodePoolConfig,
    defaults: &Defaults,
    rules: &dyn CloudRules,
) -> Option<BTreeMap<String, String>> {
    let ignore_case = rules.tag_keys_ignore_case();
    merged(&defaults.tags, &config.tags, |one, other| {
        if ignore_case { one.eq_ignore_ascii_case(other) } else { one == other }
    })
}

/// The defaults, and what was written in their place.
fn merged(
    defaults: &BTreeMap<String, String>,
    written: &Field<BTreeMap<String, Field<String>>>,
    same: impl Fn(&str, &str) -> bool,
) -> Option<BTreeMap<String, String>> {
    let written = match written {
        Field::Null => return Some(defaults.clone()),
        Field::Unknown => return None,
        Field::Known(map) => map,
    };
    let mut merged = defaults.clone();
    merged.retain(|key, _| !written.keys().any(|other| same(key, other)));
    for (key, value) in written {
        match value {
            Field::Known(value) => merged.insert(key.clone(), value.clone()),
            // A null value in a map is no entry.
            Field::Null => None,
            Field::Unknown => return None,
        };
    }
    Some(merged)
}
