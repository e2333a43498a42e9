//! `OpenAPI` v3, as far as kubectl reads it: which paths check fields on the server, and how lists are merged.

use serde_json::{Map, Value, json};

use super::resources::Resource;
use super::schema::{Merge, Patch, Type};

const SCHEMAS: &str = "#/components/schemas/";

/// The document at a path below `/openapi/v3`; the empty path is the list of documents.
pub(crate) fn document(resources: &[Resource], path: &str) -> Option<Value> {
    if path.is_empty() {
        let mut paths = Map::new();
        for resource in resources {
            let place = place(resource);
            paths.insert(place.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{place}")}));
        }
        return Some(json!({"paths": paths}));
    }
    let here: Vec<_> = resources.iter().filter(|resource| place(resource) == path).collect();
    if here.is_empty() {
        return None;
    }
    let mut names = Vec::new();
    here.iter().for_each(|resource| resource.schema.closure(&mut names));
    let mut schemas: Map<String, Value> = names.iter().map(|name| (name.clone(), record(name))).collect();
    let mut paths = Map::new();
    for resource in here {
        let kind = json!({"group": resource.group, "version": resource.version, "kind": resource.kind});
        let schema = match &resource.schema {
            Type::Named(name) => name.clone(),
            _ => {
                let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
                schemas.insert(resource.kind.clone(), open);
                resource.kind.clone()
            }
        };
        if let Some(schema) = schemas.get_mut(&schema) {
            schema["x-kubernetes-group-version-kind"] = json!([kind]);
        }
        let scope = if resource.namespaced { "namespaces/{namespace}/" } else { "" };
        let collection = format!("/{path}/{scope}{}", resource.plural);
        let body =
            json!({"content": {"application/json": {"schema": {"$ref": format!("{SCHEMAS}{schema}")}}}});
        let parameters: Vec<_> = ["dryRun", "fieldManager", "fieldValidation"]
            .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}}))
            .to_vec();
        let operation = |action: &str| {
            json!({"parameters": parameters, "requestBody": body, "responses": {"200": {"description": "OK"}},
                "x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind})
        };
        paths.insert(collection.clone(), json!({"post": operation("post")}));
        if !resource.review {
            let one = json!({"patch": operation("patch"), "put": operation("put")});
            paths.insert(format!("{collection}/{{name}}"), one);
        }
    }
    Some(
        json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "unversioned"}, "paths": paths,
        "components": {"schemas": schemas}}),
    )
}

/// `api/v1`, `apis/apps/v1`.
fn place(resource: &Resource) -> String {
    let root = if resource.group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", resource.api_version())
}

fn record(name: &str) -> Value {
    let named = Type::Named(name.to_owned());
    let mut properties = Map::new();
    for (field, found) in named.record().into_iter().flat_map(|record| &record.fields) {
        let mut shown = shape(&found.kind);
        let (merges, key) = match &found.patch {
            Patch::Replace => (false, None),
            Patch::Values => (true, None),
            Patch::By(key) => (true, Some(key)),
        };
        let strategy = match (merges, found.retain) {
            (true, true) => Some("merge,retainKeys"),
            (true, false) => Some("merge"),
            (false, true) => Some("retainKeys"),
            (false, false) => None,
        };
        if let Some(strategy) = strategy {
            shown["x-kubernetes-patch-strategy"] = json!(strategy);
        }
        if let Some(key) = key {
            shown["x-kubernetes-patch-merge-key"] = json!(key);
        }
        properties.insert(field.clone(), shown);
    }
    let mut shown = json!({"type": "object", "properties": properties});
    if named.record().is_some_and(|record| record.atomic) {
        shown["x-kubernetes-map-type"] = json!("atomic");
    }
    shown
}

/// A type, with Kubernetes' extensions.
fn shape(kind: &Type) -> Value {
    match kind {
        Type::String => json!({"type": "string"}),
        Type::Bytes => json!({"type": "string", "format": "byte"}),
        Type::Time => json!({"type": "string", "format": "date-time"}),
        Type::Quantity | Type::IntOrString => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        Type::Number => json!({"type": "integer"}),
        Type::Bool => json!({"type": "boolean"}),
        Type::Raw => json!({"type": "object"}),
        Type::Any => json!({"x-kubernetes-preserve-unknown-fields": true}),
        Type::Named(name) => json!({"allOf": [{"$ref": format!("{SCHEMAS}{name}")}], "default": {}}),
        Type::Map { element, atomic } => {
            let mut shown = json!({"type": "object", "additionalProperties": shape(element)});
            if *atomic {
                shown["x-kubernetes-map-type"] = json!("atomic");
            }
            shown
        }
        Type::List { element, merge } => {
            let mut shown = json!({"type": "array", "items": shape(element)});
            let kind = match merge {
                Merge::Atomic => "atomic",
                Merge::Set => "set",
                Merge::Keyed(keys) => {
                    shown["x-kubernetes-list-map-keys"] = json!(keys);
                    "map"
                }
            };
            shown["x-kubernetes-list-type"] = json!(kind);
            shown
        }
    }
}
