//! Objects by their types: which fields they have, how two differ, what merging and removing makes of them.
//!
//! The rules are those of Kubernetes' structured merge (source: sigs.k8s.io/structured-merge-diff, v6).

use serde_json::{Map, Value, json};

use super::fieldset::FieldSet;
use crate::sandbox::kubernetes::schema::{ANY, Record, Shape, Type};

/// How an object differs from an earlier one.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) added: FieldSet,
    pub(crate) modified: FieldSet,
    pub(crate) removed: FieldSet,
}

fn field(name: &str) -> String {
    format!("f:{name}")
}

/// The step to an item of a list that is merged by keys.
fn keyed(item: &Value, keys: &[String]) -> String {
    let values = keys.iter().map(|key| {
        // The one key that has a default in Kubernetes' types.
        let default = if key == "protocol" { json!("TCP") } else { Value::Null };
        (key.clone(), item.get(key).cloned().unwrap_or(default))
    });
    format!("k:{}", Value::Object(values.collect()))
}

fn of(record: &Record, name: &str) -> Type {
    record.fields.get(name).map_or(Type::Any, |field| field.kind.clone())
}

/// The fields that an object has, for those who apply it.
pub(crate) fn fields(kind: &Type, value: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    collect(kind, value, &mut Vec::new(), &mut set);
    set
}

fn collect(kind: &Type, value: &Value, path: &mut Vec<String>, set: &mut FieldSet) {
    let mut visit = |step: String, kind: &Type, item: &Value, member: bool, set: &mut FieldSet| {
        path.push(step);
        collect(kind, item, path, set);
        if member {
            set.insert(path);
        }
        path.pop();
    };
    let empty = |item: &Value| item.is_null() || item.as_object().is_some_and(Map::is_empty);
    match (kind.shape(value), value) {
        (Shape::Record(record), Value::Object(map)) => {
            for (name, item) in map {
                let unknown = !record.fields.contains_key(name);
                visit(field(name), &of(record, name), item, unknown || empty(item), set);
            }
        }
        (Shape::Map(element), Value::Object(map)) => {
            for (name, item) in map {
                visit(field(name), element, item, true, set);
            }
        }
        (Shape::Keyed(element, keys), Value::Array(items)) => {
            for item in items {
                visit(keyed(item, keys), element, item, true, set);
            }
        }
        (Shape::Set(element), Value::Array(items)) => {
            for item in items {
                visit(format!("v:{item}"), element, item, true, set);
            }
        }
        _ => set.insert(path),
    }
}

/// How `new` differs from `old`.
pub(crate) fn compare(kind: &Type, old: &Value, new: &Value) -> Comparison {
    let mut found = Comparison::default();
    differ(kind, Some(old), Some(new), &mut Vec::new(), &mut found);
    found
}

fn differ(
    kind: &Type,
    old: Option<&Value>,
    new: Option<&Value>,
    path: &mut Vec<String>,
    found: &mut Comparison,
) {
    let hollow = |side: Option<&Value>| match side {
        None | Some(Value::Null) => true,
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    };
    let probe = new.or(old).unwrap_or(&Value::Null);
    let same_kind = match (old, new) {
        (Some(a), Some(b)) => std::mem::discriminant(a) == std::mem::discriminant(b),
        _ => true,
    };
    let shape = kind.shape(probe);
    if matches!(shape, Shape::Leaf) || !same_kind || (hollow(old) && hollow(new)) {
        match (old, new) {
            (None, Some(_)) => found.added.insert(path),
            (Some(_), None) => found.removed.insert(path),
            (Some(a), Some(b)) if a != b => found.modified.insert(path),
            _ => {}
        }
        return;
    }
    let old_parts = parts(&shape, old);
    let new_parts = parts(&shape, new);
    let mut steps: Vec<_> = new_parts.iter().chain(&old_parts).map(|(step, ..)| step.clone()).collect();
    steps.sort();
    steps.dedup();
    for step in steps {
        let before = old_parts.iter().find(|(found, ..)| *found == step);
        let after = new_parts.iter().find(|(found, ..)| *found == step);
        let kind = after.or(before).map_or(ANY.clone(), |(_, kind, _)| kind.clone());
        path.push(step);
        differ(&kind, before.map(|(.., item)| *item), after.map(|(.., item)| *item), path, found);
        path.pop();
    }
    match (old, new) {
        (None, Some(_)) => found.added.insert(path),
        (Some(_), None) => found.removed.insert(path),
        _ => {}
    }
}

/// The parts of a value that are compared one by one: step, type, part.
fn parts<'v>(shape: &Shape<'_>, value: Option<&'v Value>) -> Vec<(String, Type, &'v Value)> {
    match (shape, value) {
        (Shape::Record(record), Some(Value::Object(map))) => {
            map.iter().map(|(name, item)| (field(name), of(record, name), item)).collect()
        }
        (Shape::Map(element), Some(Value::Object(map))) => {
            map.iter().map(|(name, item)| (field(name), (*element).clone(), item)).collect()
        }
        (Shape::Keyed(element, keys), Some(Value::Array(items))) => {
            items.iter().map(|item| (keyed(item, keys), (*element).clone(), item)).collect()
        }
        (Shape::Set(element), Some(Value::Array(items))) => {
            items.iter().map(|item| (format!("v:{item}"), (*element).clone(), item)).collect()
        }
        _ => Vec::new(),
    }
}

/// What applying `config` on top of `live` gives. Items that `live` has keep their order, new ones follow.
pub(crate) fn merge(kind: &Type, live: &Value, config: &Value) -> Value {
    match (kind.shape(config), live, config) {
        (Shape::Record(_) | Shape::Map(_), Value::Object(old), Value::Object(new)) => {
            let mut merged = old.clone();
            for (name, item) in new {
                let kind = match kind.shape(config) {
                    Shape::Record(record) => of(record, name),
                    Shape::Map(element) => element.clone(),
                    _ => Type::Any,
                };
                let both = old.get(name).map_or_else(|| item.clone(), |live| merge(&kind, live, item));
                merged.insert(name.clone(), both);
            }
            Value::Object(merged)
        }
        (shape @ (Shape::Keyed(..) | Shape::Set(_)), Value::Array(old), Value::Array(_)) => {
            let mut merged: Vec<(String, Value)> =
                parts(&shape, Some(live)).into_iter().map(|(step, _, item)| (step, item.clone())).collect();
            for (step, kind, item) in parts(&shape, Some(config)) {
                match merged.iter_mut().find(|(found, _)| *found == step) {
                    Some((_, live)) => *live = merge(&kind, live, item),
                    None => merged.push((step, item.clone())),
                }
            }
            debug_assert!(merged.len() >= old.len());
            Value::Array(merged.into_iter().map(|(_, item)| item).collect())
        }
        _ => config.clone(),
    }
}

/// Without the fields and items of `set`. What holds nothing any more is null.
pub(crate) fn remove(kind: &Type, value: &Value, set: &FieldSet) -> Value {
    if set.is_empty() {
        return value.clone();
    }
    let shape = kind.shape(value);
    let left: Vec<(String, Value)> = match &shape {
        Shape::Leaf => return value.clone(),
        _ => parts(&shape, Some(value))
            .into_iter()
            .filter(|(step, ..)| !set.has(step))
            .map(|(step, kind, item)| {
                let item = remove(&kind, item, &set.below(&step));
                (step, item)
            })
            .collect(),
    };
    match (value, left.is_empty()) {
        (_, true) => Value::Null,
        (Value::Object(_), false) => Value::Object(
            left.into_iter()
                .map(|(step, item)| (step.strip_prefix("f:").unwrap_or(&step).to_owned(), item))
                .collect(),
        ),
        (_, false) => Value::Array(left.into_iter().map(|(_, item)| item).collect()),
    }
}

/// The set, with every field of a record on the way to a member being a member too: whoever owns `spec.replicas` keeps
/// `spec` alive.
pub(crate) fn with_records(kind: &Type, set: &FieldSet) -> FieldSet {
    let mut full = set.clone();
    for (step, below) in set.tops() {
        let (known, inner) = match (kind, kind.record()) {
            (_, Some(record)) => match step.strip_prefix("f:") {
                Some(name) => (record.fields.contains_key(name), of(record, name)),
                None => (false, Type::Any),
            },
            (Type::Map { element, .. } | Type::List { element, .. }, None) => (false, (**element).clone()),
            _ => (false, Type::Any),
        };
        full.set_below(step, with_records(&inner, below));
        if known && !below.is_empty() {
            full.mark(step);
        }
    }
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> Type {
        Type::Named(name.to_owned())
    }

    #[test]
    fn fields_of_an_applied_object() {
        let config_map = json!({"metadata": {"labels": {"a": "b"}}, "data": {"x": "1"}});
        assert_eq!(fields(&kind("ConfigMap"), &config_map).paths(), [".data.x", ".metadata.labels.a"]);
        let empty = json!({"data": {}});
        assert_eq!(
            fields(&kind("ConfigMap"), &empty).paths(),
            [".data"],
            "an empty map is a field of its own"
        );
        let pod = json!({"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}],
            "tolerations": [{"key": "a"}]}});
        assert_eq!(
            fields(&kind("Pod"), &pod).paths(),
            [
                r#".spec.containers[name="c"]"#,
                r#".spec.containers[name="c"].name"#,
                r#".spec.containers[name="c"].ports[containerPort=80,protocol="TCP"]"#,
                r#".spec.containers[name="c"].ports[containerPort=80,protocol="TCP"].containerPort"#,
                ".spec.tolerations",
            ]
        );
    }

    #[test]
    fn differences_name_the_smallest_field_that_is_merged() {
        let old = json!({"data": {"a": "1", "b": "2"}});
        let new = json!({"data": {"a": "1", "b": "3", "c": "4"}});
        let found = compare(&kind("ConfigMap"), &old, &new);
        assert_eq!(found.added.paths(), [".data.c"]);
        assert_eq!(found.modified.paths(), [".data.b"]);
        let created = compare(&kind("ConfigMap"), &json!({}), &new);
        assert_eq!(created.added.paths(), [".data", ".data.a", ".data.b", ".data.c"]);
        let taints = |key: &str| json!({"spec": {"taints": [{"key": key, "effect": "NoSchedule"}]}});
        let found = compare(&kind("Node"), &taints("a"), &taints("b"));
        assert_eq!(found.modified.paths(), [".spec.taints"], "a list that is replaced as a whole");
    }

    #[test]
    fn merging_keeps_what_others_have() {
        let live = json!({"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b"}]}});
        let config = json!({"spec": {"containers": [{"name": "b", "image": "2"}, {"name": "c"}]}});
        let merged = merge(&kind("Pod"), &live, &config);
        let expected = json!([{"name": "a", "image": "1"}, {"name": "b", "image": "2"}, {"name": "c"}]);
        assert_eq!(merged["spec"]["containers"], expected);
    }

    #[test]
    fn what_is_left_empty_by_a_removal_is_null() {
        let mut set = FieldSet::default();
        set.insert(&["f:data".to_owned(), "f:a".to_owned()]);
        let left = remove(&kind("ConfigMap"), &json!({"data": {"a": "1"}}), &set);
        assert_eq!(left, json!({"data": null}));
        let left = remove(&kind("ConfigMap"), &json!({"data": {"a": "1", "b": "2"}}), &set);
        assert_eq!(left, json!({"data": {"b": "2"}}));
    }

    #[test]
    fn records_on_the_way_are_owned_and_maps_are_not() {
        let mut set = FieldSet::default();
        set.insert(&["f:metadata".to_owned(), "f:labels".to_owned(), "f:a".to_owned()]);
        let full = with_records(&kind("ConfigMap"), &set);
        assert_eq!(full.paths(), [".metadata", ".metadata.labels", ".metadata.labels.a"]);
    }
}
