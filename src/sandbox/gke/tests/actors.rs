//! What others do.

use super::*;

fn pool(kind: &str, more: &Value) -> Value {
    let mut actor = json!({"kind": kind, "cluster": REGIONAL, "pool": "mig"});
    actor.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    actor
}

#[test]
fn everybody_leaves_their_mark() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 1, &["a", "b"]));
    let before = google.uids(REGIONAL, "mig");
    google.act(&pool("edit_labels", &json!({"set": {"x": "1", "y": "2"}})));
    google.act(&pool("edit_labels", &json!({"remove": ["x"]})));
    google.act(&pool("add_taint", &json!({"key": "k", "value": "v", "effect": "NO_EXECUTE"})));
    google.act(&pool("remove_taint", &json!({"key": "nvidia.com/gpu"})));
    google.act(&pool("edit_autoscaling", &json!({"autoscaling": {"enabled": true, "totalMaxNodeCount": 5}})));
    let seen = google.pool(REGIONAL, "mig");
    assert_eq!(seen["config"]["labels"], json!({"y": "2"}));
    assert_eq!(seen["config"]["taints"], json!([{"key": "k", "value": "v", "effect": "NO_EXECUTE"}]));
    assert_eq!(seen["autoscaling"]["totalMaxNodeCount"], 5);
    assert_eq!(google.nodes(REGIONAL, "mig")[0]["labels"]["y"], "2");
    assert_eq!(google.uids(REGIONAL, "mig"), before);
    google.act(&pool("resize", &json!({"node_count": 3})));
    assert_eq!(google.nodes(REGIONAL, "mig").len(), 3);
    google.act(&pool("resize", &json!({"node_count": 1})));
    assert_eq!(google.nodes(REGIONAL, "mig").len(), 1);
    google.act(&pool("delete_pool", &json!({})));
    assert_eq!(google.refused("GET", &format!("{REGIONAL}/nodePools/mig"), &Value::Null).0, 404);
}

#[test]
fn an_automatic_upgrade_is_an_operation() {
    let mut google = Google::new();
    let mut old = a100("mig", 1, &["a"]);
    old["version"] = json!("1.34");
    google.created(REGIONAL, &old);
    let before = google.uids(REGIONAL, "mig");
    google.act(&pool("auto_upgrade", &json!({})));
    let labels = json!({"labels": {"labels": {}}});
    assert_eq!(
        google.refused("PUT", &format!("{REGIONAL}/nodePools/mig"), &labels).0,
        400,
        "it is in the way"
    );
    google.pass(2 * LATENCY);
    assert_eq!(google.pool(REGIONAL, "mig")["version"], "1.35.2-gke.1485000");
    assert_ne!(google.uids(REGIONAL, "mig"), before);
}

#[test]
fn a_restart_keeps_the_node() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 1, &["a"]));
    let before = google.nodes(REGIONAL, "mig").remove(0);
    google.act(&pool("reboot_nodes", &json!({})));
    assert_eq!(google.nodes(REGIONAL, "mig")[0]["ready"], false);
    google.pass(LATENCY);
    let after = google.nodes(REGIONAL, "mig").remove(0);
    assert_eq!((&after["uid"], &after["ready"]), (&before["uid"], &json!(true)));
    assert_ne!(after["boot_id"], before["boot_id"]);
}

#[test]
fn clusters_come_and_go() {
    let mut google = Google::new();
    let added = "projects/sandbox/locations/europe-west4/clusters/another";
    google.act(&json!({"kind": "add_cluster", "cluster": added}));
    assert_eq!(google.get(added)["locations"][0], "europe-west4-a");
    google.act(&json!({"kind": "delete_cluster", "cluster": added}));
    assert_eq!(google.refused("GET", added, &Value::Null).0, 404);
}

#[test]
fn mistakes_name_the_choices() {
    let read = |kind: &str, fields: Value| {
        let error = Act::read(kind, fields.as_object().unwrap()).unwrap_err();
        error.to_string()
    };
    assert!(read("dance", json!({})).contains("the kinds are delete_pool"));
    assert!(
        read("resize", json!({"cluster": "c", "pool": "p", "count": 1}))
            .contains("cluster, pool, node_count")
    );
    assert!(read("resize", json!({"cluster": "c", "pool": "p"})).contains("needs node_count"));
    assert!(read("resize", json!({"cluster": "c", "pool": "p", "node_count": -1})).contains("whole number"));
    assert!(
        read("set_stock", json!({"zone": "z", "accelerator": "x", "count": 1})).contains("no accelerator")
    );
    assert!(read("add_cluster", json!({"cluster": "c"})).contains("projects/sandbox/locations/"));
    assert!(
        read("add_taint", json!({"cluster": "c", "pool": "p", "key": "k", "effect": "x"}))
            .contains("NO_EXECUTE")
    );
}
