//! Writes: versions, rules, patches, deletions, dry runs.

use super::*;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn apply(desk: &mut Desk, manager: &str, data: &Value, more: &str) -> (u16, Value) {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data});
    desk.patch("apply-patch+yaml", &format!("{MAPS}/c?fieldManager={manager}{more}"), &object)
}

#[test]
fn an_update_with_an_old_version_is_refused() {
    let mut desk = Desk::new();
    let mut object = desk.config_map("a", &json!({"x": "1"}));
    let path = format!("{MAPS}/a");
    desk.patch("merge-patch+json", &path, &json!({"data": {"y": "2"}}));
    object["data"]["x"] = json!("9");
    let (code, reason, message) = desk.refused("PUT", &path, &object);
    assert_eq!((code, reason.as_str()), (409, "Conflict"));
    assert_eq!(
        message,
        "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes \
         to the latest version and try again"
    );
    object["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    assert_eq!(desk.ok("PUT", &path, &object)["data"], json!({"x": "9"}));
    let before = desk.get(&path)["metadata"]["resourceVersion"].clone();
    desk.ok("PUT", &path, &object);
    assert_eq!(desk.get(&path)["metadata"]["resourceVersion"], before, "no change, no version");
}

#[test]
fn names_keys_namespaces_and_fields_are_checked() {
    let mut desk = Desk::new();
    let post = |object: Value| ("POST", MAPS, object);
    for ((method, path, object), code, part) in [
        (post(json!({"metadata": {"name": "A b"}})), 422, "a lowercase RFC 1123 subdomain"),
        (post(json!({"metadata": {}})), 422, "name or generateName is required"),
        (post(json!({"metadata": {"name": "a"}, "data": {"a b": ""}})), 422, "a valid config key"),
        (post(json!({"metadata": {"name": "a", "labels": {"x": "-"}}})), 422, "a valid label must be"),
        (post(json!({"metadata": {"name": "a"}, "data": {"a": 1}})), 400, "data.a: a string is expected"),
        (post(json!({"metadata": {"name": "a", "namespace": "other"}})), 400, "does not match the namespace"),
        (post(json!({"kind": "Secret", "metadata": {"name": "a"}})), 400, "no kind \"Secret\" is registered"),
        (
            ("POST", "/api/v1/namespaces/none/configmaps", json!({"metadata": {"name": "a"}})),
            404,
            "namespaces \"none\"",
        ),
        (("PATCH", "/api/v1/namespaces/default/configmaps/none", json!({})), 415, "accepted media types"),
        (("POST", "/api/v1/nodes/n/status", json!({})), 405, "does not allow this method"),
        (("GET", "/api/v1/gadgets", Value::Null), 404, "could not find the requested resource"),
    ] {
        let (found, _, message) = desk.refused(method, path, &object);
        assert!(found == code && message.contains(part), "{method} {path} {object}: {found} {message}");
    }
    desk.config_map("a", &json!({}));
    let (code, reason, _) = desk.refused("POST", MAPS, &json!({"metadata": {"name": "a"}}));
    assert_eq!((code, reason.as_str()), (409, "AlreadyExists"));
}

#[test]
fn unknown_fields_are_refused_told_or_ignored() {
    let mut desk = Desk::new();
    let object = json!({"metadata": {"name": "a"}, "dota": {}});
    let strict = desk.refused("POST", &format!("{MAPS}?fieldValidation=Strict"), &object);
    assert!(strict.2.contains("strict decoding error: unknown field \"dota\""), "{}", strict.2);
    let (_, made, warnings) = desk.send(&call("POST", MAPS, &object));
    assert_eq!(warnings, [r#"299 - "unknown field \"dota\"""#]);
    assert_eq!(made.get("dota"), None);
    let other = json!({"metadata": {"name": "b"}, "dota": {}});
    let (_, _, warnings) = desk.send(&call("POST", &format!("{MAPS}?fieldValidation=Ignore"), &other));
    assert!(warnings.is_empty());
}

#[test]
fn server_side_apply_creates_merges_and_conflicts() {
    let mut desk = Desk::new();
    let (code, made) = apply(&mut desk, "one", &json!({"a": "1"}), "");
    assert_eq!((code, &made["data"]), (201, &json!({"a": "1"})));
    let version = made["metadata"]["resourceVersion"].clone();
    let (code, same) = apply(&mut desk, "one", &json!({"a": "1"}), "");
    assert_eq!((code, &same["metadata"]["resourceVersion"]), (200, &version), "nothing changed");
    let (_, both) = apply(&mut desk, "two", &json!({"b": "2"}), "");
    assert_eq!(both["data"], json!({"a": "1", "b": "2"}));
    let (code, conflict) = apply(&mut desk, "two", &json!({"a": "x"}), "");
    assert_eq!((code, &conflict["reason"]), (409, &json!("Conflict")));
    assert_eq!(conflict["message"], "Apply failed with 1 conflict: conflict with \"one\": .data.a");
    assert_eq!(conflict["details"]["causes"][0]["field"], ".data.a");
    let (code, forced) = apply(&mut desk, "two", &json!({"a": "x"}), "&force=true");
    assert_eq!((code, &forced["data"]), (200, &json!({"a": "x"})), "two no longer applies b");
    let (code, nobody) = apply(&mut desk, "", &json!({}), "");
    assert!(
        code == 422 && nobody["message"].as_str().unwrap().contains("is required for apply patch"),
        "{nobody}"
    );
    let target = format!("{MAPS}/c?force=true");
    let (code, _) = desk.patch("merge-patch+json", &target, &json!({}));
    assert_eq!(code, 422, "force is for apply alone");
}

#[test]
fn an_applied_object_of_another_shape_is_refused() {
    let mut desk = Desk::new();
    let path = format!("{MAPS}/c?fieldManager=m");
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "dota": {}});
    let (code, status) = desk.patch("apply-patch+yaml", &path, &object);
    assert!(
        code == 500 && status["message"].as_str().unwrap().ends_with(".dota: field not declared in schema")
    );
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}});
    let (code, status) = desk.patch("apply-patch+yaml", &path, &object);
    assert!(
        code == 400 && status["message"].as_str().unwrap().contains("does not match the name on the URL")
    );
    let mut yaml = call("PATCH", &path, &Value::Null);
    yaml.body = b"apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    version: v1\n".to_vec();
    yaml.headers.insert("content-type", "application/apply-patch+yaml".parse().unwrap());
    let (code, made, _) = desk.send(&yaml);
    assert_eq!((code, &made["data"]["a"]), (201, &json!("version: v1\n")));
}

#[test]
fn an_immutable_map_stays_as_it_is() {
    let mut desk = Desk::new();
    let object = json!({"metadata": {"name": "a"}, "data": {"x": "1"}, "immutable": true});
    desk.ok("POST", MAPS, &object);
    let path = format!("{MAPS}/a");
    let (code, status) = desk.patch("merge-patch+json", &path, &json!({"data": {"x": "2"}}));
    assert!(
        code == 422
            && status["message"].as_str().unwrap().contains("field is immutable when `immutable` is set")
    );
}

#[test]
fn a_dry_run_changes_nothing() {
    let mut desk = Desk::new();
    desk.ok("POST", &format!("{MAPS}?dryRun=All"), &json!({"metadata": {"name": "a"}}));
    assert_eq!(desk.refused("GET", &format!("{MAPS}/a"), &Value::Null).0, 404);
}

#[test]
fn deletions_have_conditions_and_wait_for_finalizers() {
    let mut desk = Desk::new();
    let object = json!({"metadata": {"name": "a", "finalizers": ["example.com/hold"]}});
    let uid = desk.ok("POST", MAPS, &object)["metadata"]["uid"].clone();
    let path = format!("{MAPS}/a");
    let wrong = json!({"preconditions": {"uid": "another"}});
    let (code, _, message) = desk.refused("DELETE", &path, &wrong);
    assert!(code == 409 && message.contains("UID in precondition: another"), "{message}");
    let marked = desk.ok("DELETE", &path, &json!({"preconditions": {"uid": uid}}));
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    desk.patch("merge-patch+json", &path, &json!({"metadata": {"finalizers": null}}));
    assert_eq!(desk.refused("GET", &path, &Value::Null).0, 404);
    desk.config_map("b", &json!({}));
    let gone = desk.ok("DELETE", &format!("{MAPS}/b"), &Value::Null);
    assert_eq!((&gone["status"], &gone["details"]["kind"]), (&json!("Success"), &json!("configmaps")));
    desk.config_map("c", &json!({}));
    desk.config_map("d", &json!({}));
    desk.ok("DELETE", &format!("{MAPS}?fieldSelector=metadata.name%3Dc"), &Value::Null);
    assert_eq!(desk.get(MAPS)["items"].as_array().unwrap().len(), 1);
}
