//! What changes in place in the way of GKE: by zones, by settings of its own, by requests that carry nothing else.

use serde_json::{Value, json};

use crate::clouds::Cloud;
use crate::mig_desk::Desk;
use crate::mig_pool::{Pool, REGIONAL, ZONAL};
use crate::mig_updates::standing;

#[test]
fn a_regional_pool_grows_by_the_zone() {
    let desk = standing(Cloud::Gke, &Pool::regional());
    let grown = desk.update(&Pool::regional().set("node_count", "6")).replaces_no_node();
    assert_eq!(grown.bodies(":setSize"), [json!({"nodeCount": 3})], "GKE counts per zone");
    assert_eq!(desk.uids().len(), 6);
}

#[test]
fn zones_are_added_and_taken_away_in_place() {
    let desk = standing(Cloud::Gke, &Pool::regional());
    let three = r#"["us-central1-a", "us-central1-b", "us-central1-c"]"#;
    desk.update(&Pool::regional().set("zones", three).set("node_count", "3")).replaces_no_node();
    let zones = |desk: &Desk| {
        let mut zones: Vec<_> = desk.nodes().iter().map(|node| node["zone"].clone()).collect();
        zones.sort_by_key(Value::to_string);
        zones
    };
    assert_eq!(zones(&desk), ["us-central1-a", "us-central1-b", "us-central1-c"]);
    desk.update(&Pool::regional().set("zones", r#"["us-central1-b"]"#).set("node_count", "1"))
        .replaces_no_node();
    assert_eq!(zones(&desk), ["us-central1-b"]);
    assert_eq!(desk.live(REGIONAL)["locations"], json!(["us-central1-b"]));
}

#[test]
fn zones_and_size_change_together() {
    let desk = standing(Cloud::Gke, &Pool::regional().set("node_count", "4"));
    // Fewer zones and more nodes: the new count is no multiple of the old number of zones, and need not be.
    desk.update(&Pool::regional().set("zones", r#"["us-central1-a"]"#).set("node_count", "5"));
    assert_eq!(desk.uids().len(), 5);
    assert_eq!(desk.state()["slices"]["total"], 35);
}

#[test]
fn upgrade_settings_change_in_place() {
    let desk = standing(Cloud::Gke, &Pool::zonal());
    let with = |upgrade: &str| Pool::zonal().set("upgrade", upgrade);
    desk.update(&with(r#"{ max_surge = "0", max_unavailable = "1" }"#)).keeps_nodes();
    let live = desk.live(ZONAL)["upgradeSettings"].clone();
    assert_eq!(live["maxUnavailable"], 1);
    assert!(live["maxSurge"].is_null() || live["maxSurge"] == 0, "{live:#}");
    desk.update(&with(r#"{ max_surge = "2", max_unavailable = "0" }"#)).keeps_nodes();
    assert_eq!(desk.live(ZONAL)["upgradeSettings"]["maxSurge"], 2);
    // Unset means unchanged.
    desk.write(&Pool::zonal());
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.live(ZONAL)["upgradeSettings"]["maxSurge"], 2);
}

#[test]
fn much_changes_at_once_and_nothing_is_lost() {
    let desk =
        standing(Cloud::Gke, &Pool::zonal().set("labels", r#"{ team = "ml" }"#).set("node_count", "1"));
    let pool = Pool::zonal()
        .set("labels", r#"{ team = "infra", stage = "test" }"#)
        .set("tags", r#"{ cost = "b" }"#)
        .set("taints", r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#)
        .set("node_count", "3")
        .set("upgrade", r#"{ max_surge = "0", max_unavailable = "1" }"#)
        .set("gke", r#"{ network_tags = ["gpu"], auto_repair = true }"#)
        .text("on_incomplete", "fail");
    desk.update(&pool).replaces_no_node();
    let live = desk.live(ZONAL);
    assert_eq!(live["config"]["labels"]["stage"], "test");
    assert_eq!(live["config"]["tags"], json!(["gpu"]));
    assert_eq!(live["config"]["accelerators"][0]["gpuPartitionSize"], "1g.5gb");
    assert_eq!(desk.uids().len(), 3);
    desk.await_slices(21);
}

#[test]
fn no_update_carries_the_accelerators_unless_they_changed() {
    let desk = standing(Cloud::Gke, &Pool::zonal());
    let pool = Pool::zonal().set("labels", r#"{ team = "ml" }"#).set("gke", r#"{ network_tags = ["gpu"] }"#);
    let update = desk.update(&pool).keeps_nodes();
    let bodies: Vec<_> = update.requests.iter().map(|record| record["request_body"].clone()).collect();
    assert!(!bodies.is_empty() && bodies.iter().all(|body| body["accelerators"].is_null()), "{bodies:#?}");
}
