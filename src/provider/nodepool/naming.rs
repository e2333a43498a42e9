//! The name that is computed from a prefix.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::cloud;
use crate::nodepool::{ClusterId, Field, NodePoolConfig, OptionKind, name};
use crate::slicing::{Cloud, MigProfile};
use crate::tfplugin::{Plan, Value};

use super::clouds::ground_on;
use super::planning::{put, replacing};

/// The name made from a prefix. It stays while the pool stays, and follows from the configuration alone when a new
/// pool is made, so that a replacement planned twice gets one name.
pub(super) fn plan(plan: &mut Plan<'_>, resource_type: &str, config: &NodePoolConfig, cloud: Option<Cloud>) {
    let prefix = match (&config.name, &config.name_prefix) {
        (Field::Null, Field::Known(prefix)) => prefix.clone(),
        (Field::Null, Field::Unknown) => return put(plan, "name", Value::UNKNOWN),
        _ => return,
    };
    if let (Some(prior), true) = (plan.prior, plan.requires_replace.is_empty()) {
        let kept = prior.lookup("name").clone();
        return put(plan, "name", kept);
    }
    let name =
        cloud.and_then(|cloud| name_inputs(plan.config, resource_type, &prefix, cloud)).map(|inputs| {
            let suffix = name::suffix(&inputs);
            Value::string(format!("{prefix}{suffix}"))
        });
    put(plan, "name", name.unwrap_or(Value::UNKNOWN));
}

/// Everything that a computed name depends on; `None` while any of it is unknown.
fn name_inputs(
    config: &Value,
    resource_type: &str,
    prefix: &str,
    cloud: Cloud,
) -> Option<BTreeMap<String, Json>> {
    let mut inputs = BTreeMap::from([
        ("resource_type".to_owned(), Json::from(resource_type)),
        ("name_prefix".to_owned(), Json::from(prefix)),
    ]);
    for path in replacing(ground_on(cloud, config)) {
        let value = config.lookup(&path);
        if matches!(path.as_str(), "name" | "name_prefix") || value.is_null() {
            continue;
        }
        if !value.is_wholly_known() {
            return None;
        }
        let canonical = match path.as_str() {
            "cluster_id" => Json::from(value.as_str()?.parse::<ClusterId>().ok()?.canonical()),
            "mig_profile" => Json::from(value.as_str()?.parse::<MigProfile>().ok()?.to_string()),
            // Only Azure's have capitals, and there they say nothing.
            "machine_type" => Json::from(value.as_str()?.to_lowercase()),
            path if is_resource_id(path, cloud) => Json::from(value.as_str()?.to_lowercase()),
            _ => json(value),
        };
        inputs.insert(path, canonical);
    }
    Some(inputs)
}

/// Whether the attribute is an option that holds another resource's id, in which case says nothing.
fn is_resource_id(path: &str, cloud: Cloud) -> bool {
    cloud::rules(cloud).options().iter().any(|spec| {
        spec.kind == OptionKind::ResourceId
            && path.strip_prefix(&format!("{cloud}.")).is_some_and(|name| name == spec.name)
    })
}

/// A known value as JSON, with sets in their sorted order.
fn json(value: &Value) -> Json {
    match value {
        Value::Null | Value::Unknown(_) => Json::Null,
        Value::Bool(value) => Json::from(*value),
        Value::Number(number) => Json::from(number.to_string()),
        Value::String(text) => Json::from(text.as_str()),
        Value::List(elements) | Value::Tuple(elements) => elements.iter().map(json).collect(),
        Value::Set(elements) => elements.iter().map(json).collect(),
        Value::Map(entries) | Value::Object(entries) => {
            // Pairs, since the order of a JSON object's members is the library's business.
            entries
                .iter()
                .map(|(name, value)| Json::from(vec![Json::from(name.as_str()), json(value)]))
                .collect()
        }
        Value::Dynamic(typed) => json(&typed.1),
    }
}
