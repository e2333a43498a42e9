//! The sandbox's own API.

use serde_json::{Value, json};

use super::{CLUSTER, create, google, wait_for};
use crate::support::Sandbox;

#[test]
fn clusters_and_nodes_are_told() {
    let sandbox = Sandbox::start();
    let clusters = sandbox.clusters();
    let ids: Vec<_> = clusters.iter().map(|cluster| cluster["cluster_id"].as_str().expect("an id")).collect();
    assert!(
        ids.contains(&CLUSTER) && ids.contains(&"projects/sandbox/locations/us-central1-a/clusters/zonal")
    );
    let of_gke = clusters.iter().filter(|cluster| cluster["cloud"] == "gke");
    assert_eq!(of_gke.filter(|cluster| cluster["note"].is_string()).count(), 5);
    let foreign = sandbox.nodes_of(CLUSTER, "foreign-gpu").remove(0);
    assert_eq!(foreign["allocatable"]["nvidia.com/gpu"], "1");
    assert_eq!(
        foreign["taints"],
        json!([{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}])
    );
    for field in ["name", "uid", "boot_id", "zone", "machine_type", "version"] {
        assert!(foreign[field].is_string(), "{field}");
    }
    assert_eq!(foreign["ready"], true);
}

#[test]
fn mistakes_are_answered_with_a_sentence() {
    let sandbox = Sandbox::start();
    let mistake = |method: &str, path: &str, body: Option<Value>, status: u16, part: &str| {
        let (found, answer) = sandbox.call(method, path, body.as_ref());
        let sentence = answer["error"].as_str().unwrap_or_default();
        assert!(found == status && sentence.contains(part), "{method} {path}: {found} {answer:#}");
    };
    mistake("GET", "/sandbox/nodes?cluster=x", None, 404, CLUSTER);
    mistake("GET", "/sandbox/nodes", None, 400, "cluster");
    mistake("GET", "/sandbox/nothing", None, 404, "/sandbox/faults");
    mistake("POST", "/sandbox/faults", Some(json!({"kind": "x"})), 400, "throttle");
    mistake("POST", "/sandbox/faults", Some(json!({"kind": "busy", "time": 1})), 400, "`times`");
    mistake("POST", "/sandbox/faults", Some(json!("busy")), 400, "a fault is an object");
    mistake("DELETE", "/sandbox/faults/f9", None, 404, "f9");
    mistake("POST", "/sandbox/actors", Some(json!({"kind": "x"})), 400, "delete_pool");
    let delete = |pool: &str, when: Value| {
        Some(json!({"kind": "delete_pool", "cluster": CLUSTER, "pool": pool, "when": when}))
    };
    mistake("POST", "/sandbox/actors", delete("none", json!("now")), 400, "foreign-gpu");
    mistake("POST", "/sandbox/actors", delete("foreign-gpu", json!("later")), 400, "before");
    mistake("POST", "/sandbox/actors", delete("x", json!({"before": {"host": "x"}})), 400, "method");
}

#[test]
fn an_actor_waits_for_its_call() {
    let sandbox = Sandbox::start();
    create(&sandbox, "mig");
    wait_for(&sandbox, "mig", "RUNNING");
    sandbox
        .actor(json!({"kind": "edit_labels", "cluster": CLUSTER, "pool": "mig", "set": {"by": "somebody"},
        "when": {"before": {"method": "PUT", "path": "/nodePools/mig"}}}));
    let path = format!("{CLUSTER}/nodePools/mig");
    let (_, pool) = google(&sandbox, "GET", &path, &Value::Null);
    let etag = pool["etag"].clone();
    assert_eq!(pool["config"].get("labels"), None, "not yet");
    let update = json!({"labels": {"labels": {}}, "etag": etag});
    let (status, answer) = google(&sandbox, "PUT", &path, &update);
    assert_eq!((status, &answer["error"]["status"]), (409, &json!("ABORTED")), "between GET and PUT");
    let (_, pool) = google(&sandbox, "GET", &path, &Value::Null);
    assert_eq!(pool["config"]["labels"], json!({"by": "somebody"}));
    assert_eq!(sandbox.get("/sandbox/actors")["waiting"], json!([]), "once");
}

#[test]
fn a_reset_goes_back_to_the_seeds() {
    let sandbox = Sandbox::start();
    sandbox.fault(json!({"kind": "busy", "times": 9}));
    sandbox.actor(json!({"kind": "delete_cluster", "cluster": CLUSTER}));
    let there = || sandbox.clusters().iter().any(|cluster| cluster["cluster_id"] == CLUSTER);
    assert!(!there());
    sandbox.reset();
    assert!(there());
    assert_eq!(sandbox.get("/sandbox/faults")["active"], json!([]));
    create(&sandbox, "mig");
}
