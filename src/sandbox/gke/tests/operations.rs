//! Operations: what excludes what, how they fail, and how they are asked for.

use super::*;

#[test]
fn one_operation_at_a_time_on_a_pool() {
    let mut google = Google::new();
    let started = google.create(REGIONAL, &a100("mig", 1, &["a"]));
    let path = format!("{REGIONAL}/nodePools/mig");
    let (status, answer) = google.call("DELETE", &path, &Value::Null);
    assert_eq!((status, &answer["error"]["status"]), (400, &json!("FAILED_PRECONDITION")));
    assert_eq!(answer["error"]["errors"][0]["reason"], "failedPrecondition");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains(started["name"].as_str().unwrap()), "{message}");
    assert!(message.ends_with("Please wait and try again once it is done."), "{message}");
    google.create(REGIONAL, &a100("other", 1, &["a"]));
    google.pass(LATENCY);
    google.ok("DELETE", &path, &Value::Null);
}

#[test]
fn five_operations_at_a_time_on_a_cluster() {
    let mut google = Google::new();
    for index in 0..5 {
        google.create(REGIONAL, &a100(&format!("p{index}"), 0, &["a"]));
    }
    let body = json!({"nodePool": a100("p5", 0, &["a"])});
    let (status, answer) = google.call("POST", &format!("{REGIONAL}/nodePools"), &body);
    assert_eq!((status, &answer["error"]["status"]), (429, &json!("RESOURCE_EXHAUSTED")));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("cluster \"sandbox\" hits the concurrent operations quota 5"), "{message}");
    google.create(ZONAL, &a100("elsewhere", 0, &["a"]));
    google.pass(LATENCY);
    google.create(REGIONAL, &a100("p5", 0, &["a"]));
}

#[test]
fn an_operation_of_the_cluster_excludes_those_of_its_pools() {
    let mut google = Google::new();
    google.act(&json!({"kind": "occupy", "cluster": REGIONAL}));
    let body = json!({"nodePool": a100("mig", 0, &["a"])});
    assert_eq!(google.refused("POST", &format!("{REGIONAL}/nodePools"), &body).0, 400);
    google.pass(LATENCY);
    google.create(REGIONAL, &a100("mig", 0, &["a"]));
}

#[test]
fn a_failing_create_leaves_no_pool_or_one_in_error() {
    let mut google = Google::new();
    for (leave, name) in [(false, "gone"), (true, "left")] {
        let params = json!({"leave_pool": leave, "message": "It broke."});
        google.fault(&json!({"kind": "failed_operation", "match": {"path": "/nodePools"}, "params": params}));
        let started = google.create(REGIONAL, &a100(name, 1, &["a"]));
        google.pass(LATENCY);
        let done = google.operation(&started);
        assert_eq!(done["error"]["message"], "It broke.");
        assert_eq!(done["statusMessage"], "It broke.");
        let (status, answer) = google.call("GET", &format!("{REGIONAL}/nodePools/{name}"), &Value::Null);
        assert_eq!(status, if leave { 200 } else { 404 });
        assert_eq!(answer["status"] == "ERROR", leave);
    }
}

#[test]
fn a_failing_update_changes_nothing() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 1, &["a"]));
    google.fault(&json!({"kind": "failed_operation", "match": {"method": "PUT"}}));
    let path = format!("{REGIONAL}/nodePools/mig");
    let started = google.ok("PUT", &path, &json!({"labels": {"labels": {"a": "b"}}}));
    google.pass(LATENCY);
    assert_eq!(google.operation(&started)["error"]["message"], "Internal error.");
    let pool = google.pool(REGIONAL, "mig");
    assert_eq!((&pool["status"], pool["config"].get("labels")), (&json!("RUNNING_WITH_ERROR"), None));
}

#[test]
fn a_hanging_operation_ends_after_its_length_or_never() {
    let mut google = Google::new();
    google.fault(&json!({"kind": "hang_operation", "params": {"length": "10s"}}));
    let long = google.create(REGIONAL, &a100("long", 1, &["a"]));
    google.fault(&json!({"kind": "hang_operation"}));
    let endless = google.create(REGIONAL, &a100("endless", 1, &["a"]));
    google.pass(9 * LATENCY);
    assert_eq!(google.operation(&long)["status"], "RUNNING");
    google.pass(2 * LATENCY);
    assert_eq!(google.operation(&long)["status"], "DONE");
    assert_eq!(google.pool(REGIONAL, "long")["status"], "RUNNING");
    google.pass(1_000 * LATENCY);
    assert_eq!(google.operation(&endless)["status"], "RUNNING");
}

#[test]
fn an_outcome_waits_for_a_call_that_starts_an_operation() {
    let mut google = Google::new();
    google.fault(&json!({"kind": "failed_operation"}));
    google.get(REGIONAL);
    google.refused("POST", &format!("{REGIONAL}/nodePools"), &json!({"nodePool": {"name": "X"}}));
    let started = google.create(REGIONAL, &a100("mig", 1, &["a"]));
    google.pass(LATENCY);
    assert!(google.operation(&started)["error"].is_object());
}

#[test]
fn operations_are_listed_and_found_by_location() {
    let mut google = Google::new();
    let started = google.create(REGIONAL, &a100("mig", 1, &["a"]));
    google.create(ZONAL, &a100("mig", 1, &["a"]));
    let list = |google: &mut Google, location: &str| {
        let listed = google.get(&format!("projects/sandbox/locations/{location}/operations"));
        listed["operations"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(list(&mut google, "us-central1"), 1);
    assert_eq!(list(&mut google, "-"), 2);
    assert_eq!(list(&mut google, "us-east1"), 0);
    let name = started["name"].as_str().unwrap();
    let elsewhere = format!("projects/sandbox/locations/us-central1-a/operations/{name}");
    assert_eq!(google.refused("GET", &elsewhere, &Value::Null).0, 404);
    let cancel = format!("projects/sandbox/locations/us-central1/operations/{name}:cancel");
    assert_eq!(google.refused("POST", &cancel, &json!({})).0, 400, "a create cannot be cancelled");
}

#[test]
fn a_deleted_cluster_ends_what_was_under_way() {
    let mut google = Google::new();
    let started = google.create(REGIONAL, &a100("mig", 1, &["a"]));
    google.act(&json!({"kind": "delete_cluster", "cluster": REGIONAL}));
    google.pass(LATENCY);
    assert_eq!(google.operation(&started)["status"], "DONE");
    let (status, message) = google.refused("GET", &format!("{REGIONAL}/nodePools/mig"), &Value::Null);
    assert_eq!((status, message), (404, format!("Not found: {REGIONAL}.")));
}
