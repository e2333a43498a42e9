//! The attributes that follow from others: known at plan as far as their inputs are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cloud;
use crate::kubernetes::config::ConfigKey;
use crate::nodepool::config::{GpuConfig, NodePoolConfig};
use crate::nodepool::gpu::NodeSlicing;
use crate::nodepool::labels::slicing_labels;
use crate::nodepool::resolve::{Defaults, effective_labels, effective_tags};
use crate::nodepool::rules::{PluginUse, SlicingChoice};
use crate::nodepool::spec::{CapacityType, SharingSwitches, Taint};
use crate::nodepool::{Change, CloudRules, ClusterId, Field, OptionValue, Options, Problems};
use crate::slicing::{Capacity, Catalogue, Cloud, GPU_RESOURCE, MigProfile, MigStrategy, Sharing};
use crate::tfplugin::{Derived, Inputs, Step, Value};

use super::super::session::Session;
use super::{Kind, clouds, from_value, plugin, tags};

/// What decides the slices of one node.
fn node_inputs(kind: Kind) -> Vec<&'static str> {
    [&["cloud", "machine_type", "gpu"], kind.slicing()].concat()
}

/// What decides the labels that are sent, besides the provider's defaults and some options.
fn label_inputs(kind: Kind) -> Vec<&'static str> {
    [&["cloud", "labels"], kind.labelled()].concat()
}

/// Every derived attribute, in the order of dependence.
pub(super) fn all(kind: Kind, session: &Arc<Session>) -> Vec<Derived> {
    let mut all = vec![Derived::new("cloud", &["cluster_id", "machine_type"], cloud).known_when_any()];
    all.extend(option_defaults());
    all.extend(plugin_leaves(kind));
    let deciding =
        |inputs: Vec<&'static str>| -> Vec<&str> { inputs.into_iter().chain(deciding_options()).collect() };
    let native_inputs = deciding([&node_inputs(kind)[..], &["config_key", "device_plugin"]].concat());
    let sent_inputs = deciding([&label_inputs(kind)[..], &["config_key"]].concat());
    let named_inputs = deciding([&node_inputs(kind)[..], &["device_plugin"]].concat());
    let slices = |leaf, read: fn(&Capacity) -> Value| slices(kind, leaf, read);
    all.extend([
        slices("per_gpu", |capacity| Value::from(capacity.per_gpu)),
        slices("per_node", |capacity| Value::from(capacity.per_node)),
        slices("memory_gib", |capacity| decimal(capacity.memory_gib)),
        slices("sm_count", |capacity| capacity.sm_count.into()),
        slices("compute_share", |capacity| decimal(capacity.compute_share)),
        Derived::new("slices.resource_name", &named_inputs, move |inputs| resource_name(kind, inputs))
            .known_when_any(),
        slices("wasted_memory_gib", |capacity| decimal(capacity.wasted_memory_gib)),
        slices("wasted_compute", |capacity| decimal(capacity.wasted_compute)),
        slices_in_total(),
        Derived::new("scheduling.node_selector", kind.labelled(), node_selector),
        Derived::new(
            "scheduling.tolerations",
            &["cloud", "machine_type", "gpu_taint", "taints", "capacity_type"],
            tolerations,
        ),
        Derived::new("scheduling.resource_limits", &["slices.resource_name"], resource_limits),
        Derived::new("native", &native_inputs, move |inputs| native(kind, inputs)).known_when_any(),
    ]);
    let labels = Arc::clone(session);
    let tags = Arc::clone(session);
    // The provider's defaults are no input of the resource, and drift in a label of ours is to be mended: both are
    // looked at anew in every plan.
    all.push(
        Derived::new("effective_labels", &sent_inputs, move |inputs| {
            let Some(defaults) = labels.defaults() else { return Value::UNKNOWN };
            sent_labels(kind, inputs, &defaults)
        })
        .known_when_any()
        .not_sticky(),
    );
    all.push(
        Derived::new("effective_tags", &["cloud", "tags"], move |inputs| {
            let Some(defaults) = tags.defaults() else { return Value::UNKNOWN };
            let Some(rules) = rules_input(inputs) else { return Value::Null };
            let config =
                NodePoolConfig { tags: from_value::text_map(inputs.get("tags")), ..Default::default() };
            effective_tags(&config, &defaults, rules).map_or(Value::UNKNOWN, text_map)
        })
        .not_sticky()
        .kept_while(|inputs, prior, value| {
            rules_input(inputs).is_some_and(|rules| tags::same(rules, prior, value))
        }),
    );
    all
}

/// What the device plugin is told. Both are looked at anew in every plan, so that a key whose text somebody has changed in
/// the cluster is mended.
fn plugin_leaves(kind: Kind) -> [Derived; 2] {
    let inputs: Vec<&str> = ["cloud", "device_plugin"]
        .into_iter()
        .chain(kind.slicing().iter().copied())
        .chain(deciding_options())
        .collect();
    let leaf = |name: &str, read: fn(ConfigKey) -> String| {
        Derived::new(name, &inputs, move |inputs| {
            let Some(rules) = rules_input(inputs) else { return Value::UNKNOWN };
            match told_input(kind, inputs, rules).map_or(Field::Unknown, |config| plugin::key(&config, rules))
            {
                Field::Null => Value::Null,
                Field::Unknown => Value::UNKNOWN,
                Field::Known(key) => Value::string(read(key)),
            }
        })
        .known_when_any()
        .compared_with_what_is_seen()
    };
    [leaf("config_key", |key| key.name), leaf("config_yaml", |key| key.yaml)]
}

/// The part of a configuration that the device plugin is told of; `None` while the options that decide are not known.
fn told_input(kind: Kind, inputs: &Inputs<'_>, rules: &dyn CloudRules) -> Option<NodePoolConfig> {
    let mut unread = Problems::default(); // the configuration's check has reported what cannot be read
    // What the other kind of pool has is nothing here.
    let own = |name: &str| if kind.slicing().contains(&name) { inputs.get(name) } else { &Value::Null };
    let profile = own("mig_profile");
    Some(NodePoolConfig {
        mig_profile: if profile.is_unknown() { Field::Unknown } else { profile_input(inputs).into() },
        mig_strategy: from_value::mig_strategy(own("mig_strategy"), &mut unread),
        sharing: from_value::sharing(own("replicas"), own("sharing_strategy"), &mut unread),
        device_plugin: from_value::device_plugin(inputs.get("device_plugin")),
        options: Field::Known(deciding_input(inputs, rules)?),
        ..NodePoolConfig::default()
    })
}

/// The name by which slices are requested: what the device plugin is told to announce, where it is told.
fn resource_name(kind: Kind, inputs: &Inputs<'_>) -> Value {
    if !known(inputs, &node_inputs(kind)) {
        return Value::UNKNOWN;
    }
    let Some(rules) = rules_input(inputs) else { return Value::Null };
    let Some(capacity) = capacity_input(inputs) else { return Value::Null };
    match told_input(kind, inputs, rules).map_or(Field::Unknown, |config| plugin::announced(&config, rules)) {
        Field::Null => Value::string(capacity.resource_name),
        Field::Unknown => Value::UNKNOWN,
        Field::Known(name) => Value::string(name),
    }
}

/// The options of a pool that are known without anybody writing them, each only on its own cloud, and only in an object
/// that is there: one that nobody writes is the cloud's to fill. What no cloud knows of has its default from the schema.
fn option_defaults() -> Vec<Derived> {
    let mut defaults = Vec::new();
    for rules in clouds::all() {
        for spec in rules.options().iter().filter(|spec| spec.change != Change::None) {
            let Some(default) = spec.default else { continue };
            let own = rules.cloud();
            defaults.push(Derived::new(&format!("{own}.{}", spec.name), &["cloud"], move |inputs| {
                if cloud_input(inputs) == Some(own) { Value::string(default) } else { Value::Null }
            }));
        }
    }
    defaults
}

/// The options of all clouds on which what is sent for slicing depends.
fn deciding_options() -> impl Iterator<Item = &'static str> {
    clouds::all().flat_map(|rules| rules.deciding_options().iter().copied())
}

/// Those of one cloud; `None` while they are not known. One that nobody writes is what the rules take it for when it is
/// absent, though the plan leaves the whole object to the cloud.
fn deciding_input(inputs: &Inputs<'_>, rules: &dyn CloudRules) -> Option<Options> {
    let mut options = Options::default();
    for path in rules.deciding_options() {
        let name = path.rsplit('.').next().unwrap_or(path);
        let value = inputs.get(path);
        if value.is_unknown() && !inputs.written(path).is_null() {
            return None;
        }
        options.set(name, value.as_str().map(|text| OptionValue::Text(text.to_owned())));
    }
    Some(options)
}

/// Whether all of these inputs are known.
fn known(inputs: &Inputs<'_>, names: &[&str]) -> bool {
    names.iter().all(|name| inputs.get(name).is_wholly_known())
}

/// Computes every derived attribute of a wholly known state, as after an import. An option that was read stays.
pub(super) fn complete(state: &mut Value, derived: &[Derived]) {
    let is_option = |one: &Derived| {
        let Some(Step::Attribute(first)) = one.path.steps().first() else { return false };
        first.parse::<Cloud>().is_ok()
    };
    for one in derived {
        let value = one.value(state);
        if !is_option(one) {
            place(state, one.path.steps(), value);
        } else if state.part(&one.path).is_null() {
            // Null are also the options of the clouds that the pool is not on: there is no place in them then.
            let _no_place = state.set_at(&one.path, value);
        }
    }
}

/// The same, but for what is sent in all: that stays as the state has it, so that what is missing of it is sent later.
pub(super) fn follow(state: &mut Value, derived: &[Derived]) {
    let effective = ["effective_labels", "effective_tags"].map(|name| (name, state.lookup(name).clone()));
    complete(state, derived);
    if let Value::Object(attributes) = state {
        attributes.extend(effective.map(|(name, value)| (name.to_owned(), value)));
    }
}

/// Puts a value in its place, and makes the objects on the way: a state that was never planned has none of them.
fn place(target: &mut Value, steps: &[Step], value: Value) {
    let [Step::Attribute(name), rest @ ..] = steps else {
        *target = value;
        return;
    };
    if !matches!(target, Value::Object(_)) {
        *target = Value::Object(BTreeMap::new());
    }
    if let Value::Object(attributes) = target {
        place(attributes.entry(name.clone()).or_insert(Value::Null), rest, value);
    }
}

fn cloud(inputs: &Inputs<'_>) -> Value {
    let known = match inputs.get("cluster_id") {
        Value::Unknown(_) => inputs.str("machine_type").and_then(|name| Catalogue::built_in().cloud_of(name)),
        id => id.as_str().and_then(|text| text.parse().ok()).map(|id: ClusterId| id.cloud()),
    };
    known.map_or(Value::UNKNOWN, |cloud| Value::string(cloud.to_string()))
}

fn cloud_input(inputs: &Inputs<'_>) -> Option<Cloud> {
    inputs.str("cloud")?.parse().ok()
}

fn rules_input(inputs: &Inputs<'_>) -> Option<&'static dyn CloudRules> {
    cloud_input(inputs).map(cloud::rules)
}

fn profile_input(inputs: &Inputs<'_>) -> Option<MigProfile> {
    inputs.str("mig_profile")?.parse().ok()
}

/// How GPUs are shared; not at all where the inputs are none of this kind's.
fn sharing_input(inputs: &Inputs<'_>) -> Sharing {
    let mut unread = Problems::default(); // the configuration's check has reported what cannot be read
    let replicas = inputs.get("replicas");
    from_value::sharing(replicas, inputs.get("sharing_strategy"), &mut unread)
        .known()
        .copied()
        .unwrap_or_default()
}

fn node(inputs: &Inputs<'_>) -> Option<NodeSlicing> {
    let gpu = match inputs.get("gpu") {
        Value::Null => Field::Null,
        gpu => Field::Known(GpuConfig {
            model: gpu.lookup("model").as_str().map(str::to_owned).into(),
            count: gpu.lookup("count").as_u64().and_then(|count| u32::try_from(count).ok()).into(),
        }),
    };
    NodeSlicing::find(cloud_input(inputs), inputs.str("machine_type")?, &gpu)
}

/// One leaf of `slices` that a node decides. A configuration that gives no slices has been refused already; until
/// the user sees that, the leaf is null.
fn slices(kind: Kind, leaf: &str, read: fn(&Capacity) -> Value) -> Derived {
    Derived::new(&format!("slices.{leaf}"), &node_inputs(kind), move |inputs| {
        capacity_input(inputs).map_or(Value::Null, |capacity| read(&capacity))
    })
}

/// What a node gives; `None` where the inputs give no slices.
fn capacity_input(inputs: &Inputs<'_>) -> Option<Capacity> {
    let strategy = match inputs.str("mig_strategy") {
        Some("mixed") => MigStrategy::Mixed,
        _ => MigStrategy::Single,
    };
    node(inputs)?.capacity(profile_input(inputs), sharing_input(inputs), strategy, None).ok()
}

/// The slices of the pool, which follow its size: also when somebody else has changed that.
pub(super) fn slices_in_total() -> Derived {
    Derived::new("slices.total", &["slices.per_node", "node_count", "autoscaling"], total)
}

fn total(inputs: &Inputs<'_>) -> Value {
    if !inputs.get("autoscaling").is_null() {
        return Value::Null;
    }
    let (per_node, nodes) = (inputs.u64("slices.per_node"), inputs.u64("node_count"));
    per_node.zip(nodes).and_then(|(per_node, nodes)| per_node.checked_mul(nodes)).into()
}

fn node_selector(inputs: &Inputs<'_>) -> Value {
    text_map(slicing_labels(profile_input(inputs), sharing_input(inputs)))
}

fn tolerations(inputs: &Inputs<'_>) -> Value {
    let gpu = (inputs.get("gpu_taint").as_bool() == Some(true)).then(Taint::gpu);
    let machine =
        inputs.str("machine_type").and_then(|name| Catalogue::built_in().machine(cloud_input(inputs), name));
    let capacity_type = inputs.str("capacity_type").and_then(CapacityType::from_word).unwrap_or_default();
    let system = rules_input(inputs)
        .map(|rules| rules.system_taints(machine.map(|machine| machine.arch), capacity_type))
        .unwrap_or_default();
    let mut unread = Problems::default(); // the configuration's check has reported what cannot be read
    let written = from_value::taints(inputs.get("taints"), &mut unread);
    let taints = gpu.iter().chain(&system).chain(written.known().into_iter().flatten());
    Value::list(taints.map(|taint| {
        Value::object([
            ("key", taint.key.as_str()),
            ("operator", "Equal"),
            ("value", taint.value.as_str()),
            ("effect", taint.effect.word()),
        ])
    }))
}

fn resource_limits(inputs: &Inputs<'_>) -> Value {
    Value::map([(inputs.str("slices.resource_name").unwrap_or(GPU_RESOURCE), "1")])
}

fn native(kind: Kind, inputs: &Inputs<'_>) -> Value {
    if !known(inputs, &node_inputs(kind)) {
        return Value::UNKNOWN;
    }
    let (Some(rules), Some(node)) = (rules_input(inputs), node(inputs)) else { return Value::Null };
    let profile = profile_input(inputs);
    let Some(options) = deciding_input(inputs, rules).filter(|_| known(inputs, &["config_key"])) else {
        return Value::UNKNOWN;
    };
    let Some(switches) = switches(kind, inputs, rules) else { return Value::UNKNOWN };
    text_map(rules.native(&SlicingChoice {
        gpu: &node.gpu,
        accelerator_type: node.accelerator_type.as_deref(),
        gpus_per_node: node.gpus_per_node,
        profile: profile.as_ref(),
        sharing: &sharing_input(inputs),
        switches,
        config_key: inputs.str("config_key"),
        options: &options,
    }))
}

/// How shared slices meet pods, where the pool's own nodes are told; `None` while that is not known.
fn switches(kind: Kind, inputs: &Inputs<'_>, rules: &dyn CloudRules) -> Option<SharingSwitches> {
    let config = told_input(kind, inputs, rules)?;
    let is_shared = config.sharing.known_or(Sharing::None)? != Sharing::None;
    if is_shared && rules.plugin_config(&config)? == PluginUse::BuiltIn {
        SharingSwitches::of(&config.device_plugin)
    } else {
        Some(SharingSwitches::default())
    }
}

fn sent_labels(kind: Kind, inputs: &Inputs<'_>, defaults: &Defaults) -> Value {
    if !known(inputs, &label_inputs(kind)) {
        return Value::UNKNOWN;
    }
    let Some(rules) = rules_input(inputs) else { return Value::Null };
    let Some(options) = deciding_input(inputs, rules) else { return Value::UNKNOWN };
    let config = NodePoolConfig {
        labels: from_value::text_map(inputs.get("labels")),
        mig_profile: profile_input(inputs).into(),
        sharing: Field::Known(sharing_input(inputs)),
        config_key: from_value::text(inputs.get("config_key")),
        options: Field::Known(options),
        ..Default::default()
    };
    effective_labels(&config, defaults, rules).map_or(Value::UNKNOWN, text_map)
}

fn text_map(map: BTreeMap<String, String>) -> Value {
    Value::map(map)
}

/// An exact decimal as a number: the printed form is the figure, where a float would only be near it.
fn decimal<const PLACES: u32>(figure: Option<crate::slicing::Fixed<PLACES>>) -> Value {
    let number = figure.and_then(|figure| figure.to_string().parse::<crate::tfplugin::Number>().ok());
    number.into()
}
