//! Strategic merge patch: JSON merge patch that knows which lists are merged and by which key, with directives.
//!
//! Source: "Strategic Merge Patch" in Kubernetes' API conventions for patches. Directives: `$patch: replace|delete`,
//! `$retainKeys`, `$deleteFromPrimitiveList/<field>`, `$setElementOrder/<field>`.

use serde_json::{Map, Value};

use crate::sandbox::kubernetes::schema::{Field, Patch, Type};

const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DROP: &str = "$deleteFromPrimitiveList/";

/// Merges `patch` into `target`; an error is a sentence.
pub(crate) fn merge(kind: &Type, target: &mut Value, patch: Value) -> Result<(), String> {
    let Value::Object(patch) = patch else {
        *target = patch;
        return Ok(());
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    match target {
        Value::Object(map) => merge_map(kind, map, patch),
        _ => Ok(()),
    }
}

fn field_of(kind: &Type, name: &str) -> Field {
    let loose =
        |kind: Type| Field { kind, patch: Patch::Replace, retain: false, path: Vec::new(), zero: false };
    match (kind.record(), kind) {
        (Some(record), _) => record.fields.get(name).cloned().unwrap_or_else(|| loose(Type::Any)),
        (None, Type::Map { element, .. }) => loose((**element).clone()),
        _ => loose(Type::Any),
    }
}

fn merge_map(
    kind: &Type,
    target: &mut Map<String, Value>,
    mut patch: Map<String, Value>,
) -> Result<(), String> {
    match patch.remove(DIRECTIVE).as_ref().and_then(Value::as_str) {
        None | Some("merge") => {}
        Some("replace") => {
            *target = patch;
            return Ok(());
        }
        Some("delete") => {
            target.clear();
            return Ok(());
        }
        Some(other) => return Err(format!("unknown patch type: {other}")),
    }
    if let Some(Value::Array(kept)) = patch.remove(RETAIN) {
        target.retain(|key, _| kept.iter().any(|name| name == key));
    }
    let (directives, fields): (Vec<_>, Vec<_>) = patch.into_iter().partition(|(key, _)| key.starts_with('$'));
    for (key, items) in &directives {
        if let (Some(name), Value::Array(items)) = (key.strip_prefix(DROP), items)
            && let Some(Value::Array(list)) = target.get_mut(name)
        {
            list.retain(|item| !items.contains(item));
        }
    }
    for (name, value) in fields {
        if value.is_null() {
            target.remove(&name);
            continue;
        }
        let field = field_of(kind, &name);
        match (value, target.get_mut(&name)) {
            (Value::Array(items), found) => {
                let old = found.and_then(|list| list.as_array().cloned()).unwrap_or_default();
                let merged = merge_list(&field, &name, old, items)?;
                target.insert(name, Value::Array(merged));
            }
            (value @ Value::Object(_), Some(found)) => merge(&field.kind, found, value)?,
            (value @ Value::Object(_), None) => {
                let mut fresh = Value::Object(Map::new());
                merge(&field.kind, &mut fresh, value)?;
                target.insert(name, fresh);
            }
            (value, _) => {
                target.insert(name, value);
            }
        }
    }
    for (key, order) in directives {
        if let (Some(name), Value::Array(order)) = (key.strip_prefix(ORDER), order) {
            let patch = field_of(kind, name).patch;
            if let Some(Value::Array(list)) = target.get_mut(name) {
                sort(list, &order, &patch);
            }
        }
    }
    Ok(())
}

fn merge_list(field: &Field, name: &str, old: Vec<Value>, patch: Vec<Value>) -> Result<Vec<Value>, String> {
    let element = match &field.kind {
        Type::List { element, .. } => (**element).clone(),
        _ => Type::Any,
    };
    match &field.patch {
        Patch::Replace => Ok(patch.into_iter().filter(|item| item.get(DIRECTIVE).is_none()).collect()),
        Patch::Values => {
            let mut merged = old;
            for item in patch {
                if !merged.contains(&item) {
                    merged.push(item);
                }
            }
            Ok(merged)
        }
        Patch::By(key) => {
            let replaces = patch.iter().any(|item| item[DIRECTIVE] == "replace");
            let mut merged = if replaces { Vec::new() } else { old };
            for mut item in patch {
                let directive = item.as_object_mut().and_then(|map| map.remove(DIRECTIVE));
                if directive.as_ref().is_some_and(|word| word == "replace") {
                    continue;
                }
                let Some(wanted) = item.get(key).cloned() else {
                    return Err(format!(
                        "map: {item} does not contain declared merge key: {key} (in {name})"
                    ));
                };
                let same = |found: &Value| found.get(key) == Some(&wanted);
                if directive.as_ref().is_some_and(|word| word == "delete") {
                    merged.retain(|found| !same(found));
                } else if let Some(found) = merged.iter_mut().find(|found| same(found)) {
                    merge(&element, found, item)?;
                } else {
                    let mut fresh = Value::Object(Map::new());
                    merge(&element, &mut fresh, item)?;
                    merged.push(fresh);
                }
            }
            Ok(merged)
        }
    }
}

/// Items that the order names come as it says; the others keep their places behind those that they stood behind.
fn sort(list: &mut [Value], order: &[Value], patch: &Patch) {
    let place = |item: &Value| {
        order.iter().position(|wanted| match patch {
            Patch::By(key) => wanted.get(key) == item.get(key),
            Patch::Values | Patch::Replace => wanted == item,
        })
    };
    let mut named: Vec<_> = list.iter().filter(|item| place(item).is_some()).cloned().collect();
    named.sort_by_key(|item| place(item));
    let mut named = named.into_iter();
    for item in list.iter_mut().filter(|item| place(item).is_some()) {
        if let Some(next) = named.next() {
            *item = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn after(kind: &str, mut target: Value, patch: Value) -> Value {
        merge(&Type::Named(kind.to_owned()), &mut target, patch).unwrap();
        target
    }

    fn containers(list: &Value) -> Value {
        json!({"spec": {"containers": list}})
    }

    #[test]
    fn lists_merge_by_their_key() {
        let pod = containers(&json!([{"name": "a", "image": "1"}, {"name": "b"}]));
        let patch = containers(&json!([{"name": "b", "image": "2"}, {"name": "a", "$patch": "delete"}]));
        assert_eq!(after("Pod", pod.clone(), patch), containers(&json!([{"name": "b", "image": "2"}])));
        let replace = containers(&json!([{"name": "c"}, {"$patch": "replace"}]));
        assert_eq!(after("Pod", pod, replace), containers(&json!([{"name": "c"}])));
        let mut pod = json!({});
        let error =
            merge(&Type::Named("Pod".into()), &mut pod, containers(&json!([{"image": "x"}]))).unwrap_err();
        assert!(error.contains("does not contain declared merge key: name"), "{error}");
    }

    #[test]
    fn taints_are_replaced_and_labels_are_merged() {
        let node = json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"taints": [{"key": "x"}]}});
        let patch =
            json!({"metadata": {"labels": {"a": null, "c": "3"}}, "spec": {"taints": [{"key": "y"}]}});
        let expected =
            json!({"metadata": {"labels": {"b": "2", "c": "3"}}, "spec": {"taints": [{"key": "y"}]}});
        assert_eq!(after("Node", node, patch), expected);
    }

    #[test]
    fn directives_of_values_order_and_kept_keys() {
        let object = json!({"metadata": {"finalizers": ["a", "b"]}});
        let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"],
            "$setElementOrder/finalizers": ["c", "b"], "finalizers": ["c"]}});
        assert_eq!(after("Pod", object, patch)["metadata"]["finalizers"], json!(["c", "b"]));
        let deployment =
            json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
        let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
        assert_eq!(after("Deployment", deployment, patch)["spec"]["strategy"], json!({"type": "Recreate"}));
        let gone =
            after("ConfigMap", json!({"data": {"a": "1"}}), json!({"data": {"$patch": "replace", "b": "2"}}));
        assert_eq!(gone["data"], json!({"b": "2"}));
    }
}
