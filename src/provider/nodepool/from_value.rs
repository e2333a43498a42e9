//! From Terraform's values to the node pool as written.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud;
use crate::nodepool::config::{AutoscalingConfig, DevicePluginConfig, GpuConfig, UpgradeConfig};
use crate::nodepool::spec::{CapacityType, Taint, TaintEffect};
use crate::nodepool::{
    CloudRules, ClusterId, Decimal, Field, NodePoolConfig, OptionKind, OptionSpec, OptionValue, Options,
    Problems, checks,
};
use crate::slicing::{Catalogue, Cloud, MigProfile, MigStrategy, Sharing};
use crate::tfplugin::Value;

/// Reads a configuration, a plan or a state. What cannot be read is a problem, and unknown in the result.
pub(super) fn config(value: &Value, problems: &mut Problems) -> NodePoolConfig {
    let mut config = NodePoolConfig {
        cluster_id: parsed(value, "cluster_id", "The cluster id cannot be read", problems),
        name: text(value.lookup("name")),
        name_prefix: text(value.lookup("name_prefix")),
        machine_type: text(value.lookup("machine_type")),
        gpu: gpu(value.lookup("gpu"), problems),
        mig_profile: Field::Null,
        mig_strategy: mig_strategy(value.lookup("mig_strategy"), problems),
        sharing: sharing(value.lookup("replicas"), value.lookup("sharing_strategy"), problems),
        node_count: count(value, "node_count", problems),
        autoscaling: autoscaling(value.lookup("autoscaling"), problems),
        capacity_type: word(
            value.lookup("capacity_type"),
            "capacity_type",
            &["on_demand", "spot"],
            CapacityType::from_word,
            problems,
        ),
        zones: text_set(value.lookup("zones")),
        labels: text_map(value.lookup("labels")),
        tags: text_map(value.lookup("tags")),
        taints: taints(value.lookup("taints"), problems),
        gpu_taint: boolean(value.lookup("gpu_taint")),
        disk_size_gb: count(value, "disk_size_gb", problems),
        disk_type: text(value.lookup("disk_type")),
        max_pods: count(value, "max_pods", problems),
        kubernetes_version: text(value.lookup("kubernetes_version")),
        upgrade: upgrade(value.lookup("upgrade")),
        device_plugin: device_plugin(value.lookup("device_plugin")),
        config_key: text(value.lookup("config_key")),
        options: Field::Null,
    };
    let rules = cloud_of(&config).map(cloud::rules);
    config.mig_profile = profile(value.lookup("mig_profile"), &config, rules, problems);
    if let Some(rules) = rules {
        let cloud = rules.cloud();
        config.options =
            options(value.lookup(&cloud.to_string()), &cloud.to_string(), rules.options(), problems);
    }
    config
}

/// The cloud of a pool: its cluster's, or else its machine type's.
pub(super) fn cloud_of(config: &NodePoolConfig) -> Option<Cloud> {
    config
        .cluster_id
        .known()
        .map(ClusterId::cloud)
        .or_else(|| Catalogue::built_in().cloud_of(config.machine_type.known()?))
}

fn profile(
    value: &Value,
    config: &NodePoolConfig,
    rules: Option<&dyn CloudRules>,
    problems: &mut Problems,
) -> Field<MigProfile> {
    field(value, |value| {
        let text = value.as_str()?;
        match text.parse() {
            Ok(profile) => Some(profile),
            Err(error) => {
                checks::unreadable_profile(text, &error, config, rules, problems);
                None
            }
        }
    })
}

/// How MIG slices are named.
pub(super) fn mig_strategy(value: &Value, problems: &mut Problems) -> Field<MigStrategy> {
    let read = |word: &str| match word {
        "single" => Some(MigStrategy::Single),
        "mixed" => Some(MigStrategy::Mixed),
        _ => None,
    };
    word(value, "mig_strategy", &["single", "mixed"], read, problems)
}

/// How GPUs are shared: not at all without replicas, as in a resource that has none. Their number is judged elsewhere.
pub(super) fn sharing(replicas: &Value, strategy: &Value, problems: &mut Problems) -> Field<Sharing> {
    const WORDS: [&str; 2] = ["time-slicing", "mps"];
    if let Some(wrong) = strategy.as_str().filter(|word| !WORDS.contains(word)) {
        not_one_of("sharing_strategy", wrong, &WORDS, problems);
        return Field::Unknown;
    }
    match (counted(replicas, "replicas", problems), strategy) {
        (Field::Null, _) => Field::Known(Sharing::None),
        (Field::Unknown, _) | (_, Value::Unknown(_)) => Field::Unknown,
        (Field::Known(replicas), strategy) => Field::Known(match strategy.as_str() {
            Some("mps") => Sharing::Mps { replicas },
            _ => Sharing::TimeSlicing { replicas },
        }),
    }
}

fn field<T>(value: &Value, read: impl FnOnce(&Value) -> Option<T>) -> Field<T> {
    match value {
        Value::Null => Field::Null,
        Value::Unknown(_) => Field::Unknown,
        known => read(known).map_or(Field::Unknown, Field::Known),
    }
}

pub(super) fn text(value: &Value) -> Field<String> {
    field(value, |value| value.as_str().map(str::to_owned))
}

fn boolean(value: &Value) -> Field<bool> {
    field(value, Value::as_bool)
}

fn parsed<T>(value: &Value, path: &str, summary: &str, problems: &mut Problems) -> Field<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    field(value.lookup(path), |value| match value.as_str()?.parse() {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            problems.error(path, summary, format!("{error}."));
            None
        }
    })
}

fn word<T>(
    value: &Value,
    path: &str,
    words: &[&str],
    read: impl Fn(&str) -> Option<T>,
    problems: &mut Problems,
) -> Field<T> {
    field(value, |value| {
        let word = value.as_str()?;
        let found = read(word);
        if found.is_none() {
            not_one_of(path, word, words, problems);
        }
        found
    })
}

/// Reports a word that is not among the choices; also used for the provider's own enums.
pub(super) fn not_one_of(path: &str, word: &str, words: &[&str], problems: &mut Problems) {
    let choices: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    problems.error(
        path,
        format!("{word:?} is none of the choices"),
        format!("{path} takes one of {}.", choices.join(", ")),
    );
}

/// A number of things: whole, and not negative.
fn count(value: &Value, path: &str, problems: &mut Problems) -> Field<u32> {
    counted(value.lookup(path), path, problems)
}

fn counted(value: &Value, path: &str, problems: &mut Problems) -> Field<u32> {
    field(value, |value| {
        let number = value.as_number()?;
        let count = number.as_u64().and_then(|number| u32::try_from(number).ok());
        if count.is_none() {
            problems.error(
                path,
                format!("{number} is no number of things"),
                format!("{path} takes a whole number that is not negative."),
            );
        }
        count
    })
}

fn gpu(value: &Value, problems: &mut Problems) -> Field<GpuConfig> {
    match value {
        Value::Null => Field::Null,
        Value::Unknown(_) => Field::Unknown,
        object => Field::Known(GpuConfig {
            model: text(object.lookup("model")),
            count: counted(object.lookup("count"), "gpu.count", problems),
        }),
    }
}

fn autoscaling(value: &Value, problems: &mut Problems) -> Field<AutoscalingConfig> {
    match value {
        Value::Null => Field::Null,
        Value::Unknown(_) => Field::Unknown,
        object => Field::Known(AutoscalingConfig {
            min_nodes: counted(object.lookup("min_nodes"), "autoscaling.min_nodes", problems),
            max_nodes: counted(object.lookup("max_nodes"), "autoscaling.max_nodes", problems),
            initial_nodes: counted(object.lookup("initial_nodes"), "autoscaling.initial_nodes", problems),
        }),
    }
}

fn upgrade(value: &Value) -> Field<UpgradeConfig> {
    match value {
        Value::Null => Field::Null,
        Value::Unknown(_) => Field::Unknown,
        object => Field::Known(UpgradeConfig {
            max_surge: text(object.lookup("max_surge")),
            max_unavailable: text(object.lookup("max_unavailable")),
        }),
    }
}

pub(super) fn device_plugin(value: &Value) -> Field<DevicePluginConfig> {
    match value {
        Value::Null => Field::Null,
        Value::Unknown(_) => Field::Unknown,
        object => Field::Known(DevicePluginConfig {
            manage_config: boolean(object.lookup("manage_config")),
            namespace: text(object.lookup("namespace")),
            config_map: text(object.lookup("config_map")),
            rename_resource: boolean(object.lookup("rename_resource")),
            fail_requests_greater_than_one: boolean(object.lookup("fail_requests_greater_than_one")),
        }),
    }
}

/// A set of texts; unknown as a whole when an element is, since an unknown element may equal another.
fn text_set(value: &Value) -> Field<BTreeSet<String>> {
    field(value, |value| value.as_elements()?.iter().map(|text| text.as_str().map(str::to_owned)).collect())
}

/// A map of texts, whose values may be unknown one by one.
pub(super) fn text_map(value: &Value) -> Field<BTreeMap<String, Field<String>>> {
    field(value, |value| {
        Some(value.as_map()?.iter().map(|(key, value)| (key.clone(), text(value))).collect())
    })
}

pub(super) fn taints(value: &Value, problems: &mut Problems) -> Field<BTreeSet<Taint>> {
    field(value, |value| value.as_elements()?.iter().map(|taint| one_taint(taint, problems)).collect())
}

fn one_taint(value: &Value, problems: &mut Problems) -> Option<Taint> {
    let effect = value.lookup("effect").as_str()?;
    let known = TaintEffect::from_word(effect);
    if known.is_none() {
        not_one_of("taints", effect, &TaintEffect::ALL.map(TaintEffect::word), problems);
    }
    Some(Taint {
        key: value.lookup("key").as_str()?.to_owned(),
        value: match value.lookup("value") {
            Value::Null => String::new(),
            value => value.as_str()?.to_owned(),
        },
        effect: known?,
    })
}

fn options(
    value: &Value,
    path: &str,
    specs: &'static [OptionSpec],
    problems: &mut Problems,
) -> Field<Options> {
    field(value, |object| {
        let mut options = Options::default();
        for spec in specs {
            let path = format!("{path}.{}", spec.name);
            options.set(spec.name, option(object.lookup(spec.name), &path, spec, problems));
        }
        Some(options)
    })
}

fn option(value: &Value, path: &str, spec: &OptionSpec, problems: &mut Problems) -> Option<OptionValue> {
    if let OptionKind::Object(specs) = spec.kind {
        return match options(value, path, specs, problems) {
            Field::Null => None,
            Field::Unknown => Some(OptionValue::Unknown),
            Field::Known(options) => Some(OptionValue::Object(options)),
        };
    }
    match value {
        Value::Null => None,
        Value::Unknown(_) => Some(OptionValue::Unknown),
        known => Some(scalar(known, path, spec.kind, problems).unwrap_or(OptionValue::Unknown)),
    }
}

fn scalar(value: &Value, path: &str, kind: OptionKind, problems: &mut Problems) -> Option<OptionValue> {
    match kind {
        OptionKind::Bool => value.as_bool().map(OptionValue::Bool),
        OptionKind::Number(low, high) => {
            let number = value.as_i64().filter(|number| (low..=high).contains(number));
            if number.is_none() {
                problems.error(
                    path,
                    "This number is out of bounds",
                    format!("{path} takes a whole number from {low} to {high}."),
                );
            }
            number.map(OptionValue::Number)
        }
        OptionKind::Decimal(places) => {
            let decimal = value.as_number().and_then(|number| number.to_string().parse::<Decimal>().ok());
            let decimal = decimal.filter(|decimal| decimal.places() <= places);
            if decimal.is_none() {
                problems.error(
                    path,
                    "This number is too long",
                    format!("{path} takes a number with at most {places} digits after the point."),
                );
            }
            decimal.map(OptionValue::Decimal)
        }
        OptionKind::Text | OptionKind::ResourceId => {
            let text = value.as_str()?;
            if text.is_empty() {
                problems.error(
                    path,
                    "This text is empty",
                    format!("Give {path} a value, or leave it out to let the cloud choose."),
                );
            }
            Some(OptionValue::Text(text.to_owned()))
        }
        OptionKind::Choice(words) => {
            let word = value.as_str()?;
            if !words.contains(&word) {
                not_one_of(path, word, words, problems);
                return None;
            }
            Some(OptionValue::Text(word.to_owned()))
        }
        OptionKind::Duration => {
            let text = value.as_str()?;
            if let Err(error) = text.parse::<crate::duration::GoDuration>() {
                problems.error(path, "This is no duration", format!("{error}."));
                return None;
            }
            Some(OptionValue::Text(text.to_owned()))
        }
        OptionKind::TextSet => match text_set(value) {
            Field::Known(set) => Some(OptionValue::TextSet(set)),
            Field::Null | Field::Unknown => None,
        },
        OptionKind::TextMap => value.as_map().and_then(|map| {
            let entries: Option<BTreeMap<_, _>> =
                map.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
            entries.map(OptionValue::TextMap)
        }),
        OptionKind::Object(_) => None,
    }
}
