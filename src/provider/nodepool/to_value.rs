//! From the pool as its cloud shows it to Terraform's state.

use std::collections::{BTreeMap, BTreeSet};

use crate::nodepool::labels::{CONFIG_LABEL, MPS_LABEL, slicing_labels};
use crate::nodepool::rules::PluginUse;
use crate::nodepool::spec::{Amount, SharingSwitches, Taint};
use crate::nodepool::{
    Change, CloudRules, ClusterId, Field, NodePool, NodePoolConfig, OptionKind, OptionSpec, OptionValue,
    Options,
};
use crate::slicing::{Catalogue, MigProfile, Sharing};
use crate::tfplugin::{Number, Value};

use super::{checking, equivalent, from_value, tags};

/// Why a pool is turned into state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To refresh a state: what the user owns is compared, what others own stays invisible.
    Refresh,
    /// To import: everything is taken that a configuration could have written.
    Import,
}

/// The state of `pool`, where `prior` is what is known of it so far.
///
/// Of labels, tags and taints the state holds the keys that the prior state holds, so that what others add is no
/// difference. Values that only mean something to Terraform are carried over. Derived values are carried over too:
/// they follow from the rest at the next plan. What only one kind of pool has is there where the prior state has it; an
/// import gets what any kind has.
pub(super) fn seen(pool: &NodePool, prior: &Value, purpose: Purpose, rules: &dyn CloudRules) -> Value {
    let import = purpose == Purpose::Import;
    let cloud = pool.id.cluster.cloud().to_string();
    let mut state: BTreeMap<String, Value> = prior.as_object().cloned().unwrap_or_default();
    let mut put = |name: &str, value: Value| {
        state.insert(name.to_owned(), value);
    };

    put("id", keep(prior, "id", Value::string(pool.id.to_string()), equivalent::pools));
    put("cloud", Value::string(cloud.clone()));
    put("name", Value::string(pool.id.name.clone()));
    put(
        "cluster_id",
        keep(prior, "cluster_id", Value::string(pool.id.cluster.to_string()), equivalent::clusters),
    );
    put(
        "machine_type",
        keep(prior, "machine_type", Value::string(pool.machine_type.clone()), equivalent::machine_types),
    );
    let profile = pool.mig_profile.as_ref().map(MigProfile::to_string);
    put("mig_profile", keep(prior, "mig_profile", profile.into(), equivalent::mig_profiles));
    let has = |name: &str| import || prior.get(name).is_some();
    let told = is_told_by_plugin(pool, rules);
    if told && !import {
        // The cloud knows nothing of sharing there: the label names what the nodes do.
        put("config_key", pool.labels.get(CONFIG_LABEL).cloned().into());
    }
    // Where a device plugin in the cluster shares GPUs, the cloud does not show it: the label that names its key does.
    if has("replicas") && (import || !told) {
        let shared = pool.sharing != Sharing::None;
        put("replicas", shared.then(|| pool.sharing.replicas()).into());
        put("sharing_strategy", shared.then(|| pool.sharing.to_string()).into());
    }
    if let Some(plugin) = switches(pool, prior, rules).filter(|_| has("replicas") && !import) {
        put("device_plugin", plugin);
    }
    put("capacity_type", Value::string(pool.capacity_type.word()));
    for (name, value) in size(pool, prior) {
        put(name, value);
    }
    put("zones", zones(pool, prior, import));
    let exact = |one: &str, other: &str| one == other;
    put("labels", owned(prior.lookup("labels"), &user_labels(pool, rules), import, exact));
    // What is sent follows from the plan: nothing at all is a value that it differs from, other than an absent one.
    let sent = |owned: Value| if import && owned.is_null() { Value::Map(BTreeMap::new()) } else { owned };
    put("effective_labels", sent(owned(prior.lookup("effective_labels"), &pool.labels, import, exact)));
    let loose = |one: &str, other: &str| tags::same_key(rules, one, other);
    put("tags", owned(prior.lookup("tags"), &pool.tags, import, loose));
    put("effective_tags", sent(owned(prior.lookup("effective_tags"), &pool.tags, import, loose)));
    put("taints", taints(prior.lookup("taints"), &pool.taints, import));
    // The cloud may add the taint by itself: one that was not asked for is no difference.
    let unwanted = prior.lookup("gpu_taint").as_bool() == Some(false) && !import;
    put("gpu_taint", Value::Bool(pool.gpu_taint && !unwanted));
    put("disk_size_gb", pool.disk_size_gb.into());
    put("disk_type", pool.disk_type.clone().into());
    put("max_pods", pool.max_pods.into());
    put("kubernetes_version", version(pool, prior));
    put("upgrade", upgrade(pool, prior));
    put(&cloud, options(&pool.options, prior.lookup(&cloud), rules));
    if import {
        put("gpu", imported_gpu(pool));
        put("name_prefix", Value::Null);
        put("mig_strategy", Value::string("single"));
        put("on_incomplete", Value::string("keep"));
        put("slice_check", Value::string(checking::WARN));
        put("slice_check_timeout", Value::Null);
        put("allocatable_slices", Value::Null);
        put("device_plugin", switches(pool, &Value::Null, rules).unwrap_or(Value::Null));
        put("timeouts", Value::Null);
    }
    Value::Object(state)
}

/// The planned state with everything that was unknown taken from what is seen.
pub(super) fn fill(planned: &Value, seen: &Value) -> Value {
    match (planned, seen) {
        (Value::Unknown(_), seen) => seen.clone(),
        (Value::Object(attributes), _) => Value::Object(
            attributes.iter().map(|(name, value)| (name.clone(), fill(value, seen.lookup(name)))).collect(),
        ),
        (planned, _) => planned.clone(),
    }
}

/// The value that is there, in the spelling the user chose where that means the same.
fn keep(prior: &Value, name: &str, live: Value, same: fn(&Value, &Value) -> bool) -> Value {
    let prior = prior.lookup(name);
    if same(prior, &live) { prior.clone() } else { live }
}

fn size(pool: &NodePool, prior: &Value) -> [(&'static str, Value); 2] {
    let Some((min, max)) = pool.autoscaling else {
        let count = pool.node_count.map_or_else(|| prior.lookup("node_count").clone(), Value::from);
        return [("node_count", count), ("autoscaling", Value::Null)];
    };
    let initial = prior.lookup("autoscaling.initial_nodes").clone();
    let limits = Value::object([
        ("min_nodes", Value::from(min)),
        ("max_nodes", Value::from(max)),
        ("initial_nodes", initial),
    ]);
    [("node_count", Value::Null), ("autoscaling", limits)]
}

/// A cluster in one zone has that zone, and nobody has to write it.
fn zones(pool: &NodePool, prior: &Value, import: bool) -> Value {
    let only_the_clusters_own = match &pool.id.cluster {
        ClusterId::Gke { location, .. } => pool.zones.iter().eq([location]),
        ClusterId::Aks { .. } => pool.zones.is_empty(),
        // The subnets' zones, which nobody can write.
        ClusterId::Eks { .. } => true,
    };
    if only_the_clusters_own && (import || prior.lookup("zones").is_null()) {
        return Value::Null;
    }
    Value::set(pool.zones.iter().map(String::as_str))
}

/// Whether a device plugin in the cluster announces the pool's slices.
pub(in crate::provider) fn is_told_by_plugin(pool: &NodePool, rules: &dyn CloudRules) -> bool {
    plugin_use(pool, rules).is_some_and(PluginUse::is_by_config)
}

fn plugin_use(pool: &NodePool, rules: &dyn CloudRules) -> Option<PluginUse> {
    let config = NodePoolConfig { options: Field::Known(pool.options.clone()), ..NodePoolConfig::default() };
    rules.plugin_config(&config)
}

/// What `device_plugin` says where the pool's own nodes are told of its switches; `None` where they are not, and where
/// the prior value says the same.
fn switches(pool: &NodePool, prior: &Value, rules: &dyn CloudRules) -> Option<Value> {
    let is_told = plugin_use(pool, rules) == Some(PluginUse::BuiltIn) && pool.sharing != Sharing::None;
    let said = SharingSwitches::of(&from_value::device_plugin(prior.lookup("device_plugin")));
    (is_told && said != Some(pool.switches)).then(|| device_plugin(pool.switches))
}

/// An object with these switches. What is as it would be anyway is left out, as most configurations leave it out.
pub(super) fn device_plugin(switches: SharingSwitches) -> Value {
    let default = SharingSwitches::default();
    let unlike = |value: bool, default: bool| if value == default { Value::Null } else { Value::Bool(value) };
    if switches == default {
        return Value::Null;
    }
    Value::object([
        ("manage_config", Value::Null),
        ("namespace", Value::Null),
        ("config_map", Value::Null),
        ("rename_resource", unlike(switches.rename_resource, default.rename_resource)),
        (
            "fail_requests_greater_than_one",
            unlike(switches.fail_requests_greater_than_one, default.fail_requests_greater_than_one),
        ),
    ])
}

/// The labels that a user may have written: all but our own.
fn user_labels(pool: &NodePool, rules: &dyn CloudRules) -> BTreeMap<String, String> {
    let config = NodePoolConfig {
        mig_profile: pool.mig_profile.into(),
        sharing: Field::Known(pool.sharing),
        options: Field::Known(pool.options.clone()),
        ..NodePoolConfig::default()
    };
    let mut own = rules.own_labels(&config).unwrap_or_default();
    own.extend(slicing_labels(pool.mig_profile, pool.sharing));
    if is_told_by_plugin(pool, rules) {
        own.extend([CONFIG_LABEL, MPS_LABEL].map(|key| (key.to_owned(), String::new())));
    }
    let users = pool.labels.iter().filter(|(key, _)| !own.contains_key(*key));
    users.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The entries of `live` whose keys the prior map holds; all of them on import. A key that is written as null is no
/// entry, and stays written.
fn owned(
    prior: &Value,
    live: &BTreeMap<String, String>,
    import: bool,
    same: impl Fn(&str, &str) -> bool,
) -> Value {
    if import {
        let entries = live.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        return if live.is_empty() { Value::Null } else { Value::map(entries) };
    }
    let Some(prior) = prior.as_map() else { return Value::Null };
    let ours = prior.iter().filter_map(|(key, value)| match value {
        Value::Null => Some((key.as_str(), Value::Null)),
        _ => {
            let (_, value) = live.iter().find(|(found, _)| same(found, key))?;
            Some((key.as_str(), Value::string(value.as_str())))
        }
    });
    Value::map(ours)
}

fn taints(prior: &Value, live: &BTreeSet<Taint>, import: bool) -> Value {
    let keys: BTreeSet<&str> = prior
        .as_elements()
        .unwrap_or_default()
        .iter()
        .filter_map(|taint| taint.lookup("key").as_str())
        .collect();
    if prior.is_null() && (!import || live.is_empty()) {
        return Value::Null;
    }
    let ours = live.iter().filter(|taint| import || keys.contains(taint.key.as_str()));
    Value::set(ours.map(|taint| {
        Value::object([
            ("key", Value::string(taint.key.clone())),
            ("value", Value::string(taint.value.clone())),
            ("effect", Value::string(taint.effect.word())),
        ])
    }))
}

/// The version as written while the nodes have it or a newer one; the nodes' own when they are behind.
fn version(pool: &NodePool, prior: &Value) -> Value {
    match (prior.lookup("kubernetes_version").as_str(), &pool.kubernetes_version) {
        (Some(wanted), Some(live)) if !crate::nodepool::version::satisfies(live, wanted) => {
            Value::string(live.clone())
        }
        (Some(wanted), _) => Value::string(wanted),
        (None, _) => Value::Null,
    }
}

fn upgrade(pool: &NodePool, prior: &Value) -> Value {
    let amount = |name: &str, live: Option<Amount>| {
        let written = prior.lookup(&format!("upgrade.{name}"));
        match written.as_str().map(str::parse::<Amount>) {
            Some(Ok(amount)) if Some(amount) == live => written.clone(),
            _ => live.map(|amount| amount.to_string()).into(),
        }
    };
    Value::object([
        ("max_surge", amount("max_surge", pool.upgrade.max_surge)),
        ("max_unavailable", amount("max_unavailable", pool.upgrade.max_unavailable)),
    ])
}

fn options(live: &Options, prior: &Value, rules: &dyn CloudRules) -> Value {
    Value::object(rules.options().iter().map(|spec| {
        let (live, prior) = (live.get(spec.name), prior.lookup(spec.name));
        let value = match (live, prior.as_str()) {
            // What no cloud holds, only the state can.
            _ if spec.change == Change::None => prior.clone(),
            (Some(OptionValue::Text(live)), Some(kept)) if rules.may_show_as(spec.name, kept, live) => {
                prior.clone()
            }
            _ => option(live, prior, spec.kind),
        };
        (spec.name, value)
    }))
}

fn parts(live: &Options, prior: &Value, specs: &'static [OptionSpec]) -> Value {
    Value::object(
        specs.iter().map(|spec| (spec.name, option(live.get(spec.name), prior.lookup(spec.name), spec.kind))),
    )
}

fn option(live: Option<&OptionValue>, prior: &Value, kind: OptionKind) -> Value {
    match (live, kind) {
        (Some(OptionValue::Bool(value)), _) => Value::Bool(*value),
        (Some(OptionValue::Number(value)), _) => Value::number(*value),
        (Some(OptionValue::Decimal(value)), _) => value.to_string().parse::<Number>().ok().into(),
        (Some(OptionValue::Text(live)), OptionKind::Duration) => spelt(prior, live, equivalent::durations),
        (Some(OptionValue::Text(live)), OptionKind::ResourceId) => {
            spelt(prior, live, equivalent::resource_ids)
        }
        (Some(OptionValue::Text(live)), _) => Value::string(live.clone()),
        (Some(OptionValue::TextSet(live)), _) => Value::set(live.iter().map(String::as_str)),
        (Some(OptionValue::TextMap(live)), _) => {
            Value::map(live.iter().map(|(key, value)| (key.as_str(), value.as_str())))
        }
        (Some(OptionValue::Object(live)), OptionKind::Object(specs)) => parts(live, prior, specs),
        (None | Some(OptionValue::Unknown | OptionValue::Object(_)), _) => Value::Null,
    }
}

/// The text that is there, in the spelling the user chose where that means the same.
fn spelt(prior: &Value, live: &str, same: fn(&Value, &Value) -> bool) -> Value {
    let live = Value::string(live);
    if same(prior, &live) { prior.clone() } else { live }
}

/// The GPU of an imported pool, where its machine type does not say it.
fn imported_gpu(pool: &NodePool) -> Value {
    let known = Catalogue::built_in().machine(Some(pool.id.cluster.cloud()), &pool.machine_type);
    match (&pool.gpu, known.is_some_and(|machine| machine.gpu_count().is_some())) {
        (Some(gpu), false) => {
            Value::object([("model", Value::string(gpu.model.clone())), ("count", Value::from(gpu.count))])
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests;
