//! Owners of fields, as a real API server (1.36) was seen to keep them.

use serde_json::{Value, json};

use super::{Conflict, Writer, apply, note_update};
use crate::sandbox::kubernetes::schema::Type;

fn kind() -> Type {
    Type::Named("ConfigMap".to_owned())
}

fn writer(manager: &str) -> Writer<'_> {
    Writer { manager, api_version: "v1", subresource: "", now: "2026-01-01T00:00:00Z" }
}

fn config(data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}, "data": data})
}

fn applied(live: &Value, manager: &str, data: &Value, force: bool) -> Result<Value, Vec<Conflict>> {
    apply(&kind(), false, live, &config(data), &writer(manager), force).map(|done| done.object)
}

fn ok(live: &Value, manager: &str, data: &Value) -> Value {
    applied(live, manager, data, false).unwrap()
}

/// The fields of a manager, as text.
fn owns(object: &Value, manager: &str) -> String {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let found = entries.iter().find(|entry| entry["manager"] == manager);
    found.map_or_else(|| "nothing".to_owned(), |entry| entry["fieldsV1"].to_string())
}

#[test]
fn two_managers_own_their_keys_and_lose_only_their_own() {
    let first = ok(&Value::Null, "one", &json!({"a": "1"}));
    let both = ok(&first, "two", &json!({"b": "2"}));
    assert_eq!(both["data"], json!({"a": "1", "b": "2"}));
    assert_eq!(owns(&both, "one"), r#"{"f:data":{"f:a":{}}}"#);
    assert_eq!(owns(&both, "two"), r#"{"f:data":{"f:b":{}}}"#);
    let without = ok(&both, "one", &json!({}));
    assert_eq!(
        without["data"],
        json!({"b": "2"}),
        "a manager that applies without its key loses just that key"
    );
    assert_eq!(owns(&without, "one"), r#"{"f:data":{}}"#);
    assert_eq!(owns(&without, "two"), r#"{"f:data":{"f:b":{}}}"#);
}

#[test]
fn another_managers_key_is_a_conflict_unless_it_is_forced() {
    let first = ok(&Value::Null, "one", &json!({"a": "1"}));
    let conflicts = applied(&first, "two", &json!({"a": "2"}), false).unwrap_err();
    assert_eq!(
        Conflict::message(&conflicts),
        r#"Apply failed with 1 conflict: conflict with "one": .data.a"#
    );
    let forced = applied(&first, "two", &json!({"a": "2"}), true).unwrap();
    assert_eq!(forced["data"]["a"], "2");
    assert_eq!(owns(&forced, "one"), "nothing");
    assert_eq!(owns(&forced, "two"), r#"{"f:data":{"f:a":{}}}"#);
}

#[test]
fn equal_values_are_shared_and_stay_until_the_last_owner_goes() {
    let shared = ok(&ok(&Value::Null, "one", &json!({"a": "1"})), "two", &json!({"a": "1"}));
    assert_eq!(owns(&shared, "one"), owns(&shared, "two"));
    let one_left = ok(&shared, "one", &json!({"x": "1"}));
    assert_eq!(one_left["data"], json!({"a": "1", "x": "1"}));
    let none_left = ok(&one_left, "two", &json!({}));
    assert_eq!(none_left["data"], json!({"x": "1"}));
}

#[test]
fn an_update_takes_what_it_changes() {
    let first = ok(&Value::Null, "one", &json!({"a": "1", "b": "2"}));
    let mut edited = first.clone();
    edited["data"] = json!({"a": "9", "c": "3"});
    note_update(&kind(), false, &first, &mut edited, &writer("kubectl-edit"));
    assert_eq!(owns(&edited, "one"), "nothing", "b is gone, a is somebody else's");
    assert_eq!(owns(&edited, "kubectl-edit"), r#"{"f:data":{"f:a":{},"f:c":{}}}"#);
    let conflicts = applied(&edited, "one", &json!({"a": "1", "c": "1"}), false).unwrap_err();
    assert_eq!(
        Conflict::message(&conflicts),
        "Apply failed with 2 conflicts: conflicts with \"kubectl-edit\" using v1:\n- .data.a\n- .data.c"
    );
    let causes = Conflict::causes(&conflicts);
    assert_eq!(causes[0]["reason"], "FieldManagerConflict");
    assert_eq!(causes[0]["field"], ".data.a");
}

#[test]
fn a_created_object_is_owned_whole() {
    let mut created = config(&json!({"a": "1"}));
    note_update(&kind(), false, &Value::Null, &mut created, &writer("kubectl-create"));
    assert_eq!(owns(&created, "kubectl-create"), r#"{"f:data":{".":{},"f:a":{}}}"#);
    let mut same = created.clone();
    note_update(&kind(), false, &created, &mut same, &writer("other"));
    assert_eq!(owns(&same, "other"), "nothing", "no change, no owner");
}

#[test]
fn owners_can_be_forgotten_and_the_first_apply_notes_who_was_before() {
    let mut forgotten = config(&json!({"a": "1"}));
    forgotten["metadata"]["managedFields"] = json!([{}]);
    let before = ok(&Value::Null, "one", &json!({"a": "1"}));
    note_update(&kind(), false, &before, &mut forgotten, &writer("x"));
    assert!(forgotten["metadata"].get("managedFields").is_none());
    let conflicts = applied(&forgotten, "one", &json!({"a": "2"}), false).unwrap_err();
    assert_eq!(conflicts[0].manager, "\"before-first-apply\" using v1");
}

#[test]
fn kubectl_may_take_over_what_it_applied_before() {
    let last = config(&json!({"a": "1"})).to_string();
    let mut live = config(&json!({"a": "1"}));
    live["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": last});
    note_update(&kind(), false, &Value::Null, &mut live, &writer("kubectl-client-side-apply"));
    assert!(applied(&live, "helm", &json!({"a": "2"}), false).is_err());
    assert_eq!(ok(&live, "kubectl", &json!({"a": "2"}))["data"]["a"], "2");
}
