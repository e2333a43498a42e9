//! What is particular to a kind of object: what the server fills in, what it refuses, what may not change.

mod defaults;
mod names;
mod rules;

use serde_json::{Value, json};

use super::object;
use super::resources::Resource;
use super::status::{About, Refusal};

/// Completes an object that is about to be created.
pub(crate) fn prepare_create(resource: &Resource, object: &mut Value) {
    if let (true, Some(map)) = (resource.has("status"), object.as_object_mut())
        && resource.id() != "nodes"
    {
        map.remove("status");
    }
    if counts_generations(resource) {
        object["metadata"]["generation"] = json!(1);
    }
    defaults::fill(resource, object);
    defaults::at_birth(resource, object);
}

/// Makes of `new` what an update through this door (the object itself or a subresource) may make of `old`.
pub(crate) fn prepare_update(resource: &Resource, old: &Value, new: &mut Value, subresource: &str) {
    if subresource == "status" {
        let mut kept = old.clone();
        // The status door of nodes takes labels and annotations too.
        if resource.id() == "nodes" {
            for field in ["labels", "annotations"] {
                take(&mut kept["metadata"], &new["metadata"], field);
            }
        }
        take(&mut kept, new, "status");
        kept["metadata"]["managedFields"] = new["metadata"]["managedFields"].clone();
        *new = kept;
        object::drop_nulls(new);
    } else if resource.has("status") {
        take(new, old, "status");
    }
    defaults::fill(resource, new);
    if counts_generations(resource) {
        let generation = old.pointer("/metadata/generation").and_then(Value::as_u64).unwrap_or(1);
        let changed = old.get("spec") != new.get("spec");
        new["metadata"]["generation"] = json!(generation + u64::from(changed));
    }
}

/// Copies a field, or its absence.
fn take(into: &mut Value, from: &Value, field: &str) {
    let Some(map) = into.as_object_mut() else { return };
    match from.get(field).filter(|value| !value.is_null()) {
        Some(value) => map.insert(field.to_owned(), value.clone()),
        None => map.remove(field),
    };
}

fn counts_generations(resource: &Resource) -> bool {
    resource.custom
        || matches!(
            resource.plural.as_str(),
            "daemonsets"
                | "deployments"
                | "replicasets"
                | "poddisruptionbudgets"
                | "customresourcedefinitions"
        )
}

/// Refuses an object that breaks the rules; `old` is none for a create.
pub(crate) fn validate(resource: &Resource, object: &Value, old: Option<&Value>) -> Result<(), Refusal> {
    let mut causes = names::check(resource, object);
    causes.extend(rules::check(resource, object, old));
    if causes.is_empty() {
        return Ok(());
    }
    let about = About { plural: &resource.plural, group: &resource.group, name: object::name(object) };
    Err(Refusal::invalid(&resource.kind, &about, &causes))
}
