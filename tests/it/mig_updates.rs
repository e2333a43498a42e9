//! Every attribute that changes in place: planned as an update, and the same pool with the same nodes afterwards.

use serde_json::{Value, json};

use crate::mig_desk::Desk;
use crate::mig_pool::{Pool, REGIONAL, ZONAL};

/// A desk with a pool that stands.
#[track_caller]
fn standing(pool: &Pool) -> Desk {
    let desk = Desk::new();
    desk.settle(pool);
    desk
}

#[test]
fn labels_come_change_and_go_in_place() {
    let desk = standing(&Pool::zonal());
    let with = |labels: &str| Pool::zonal().set("labels", labels);
    desk.update(&with(r#"{ team = "ml", stage = "test" }"#)).keeps_nodes();
    let labels = desk.nodes()[0]["labels"].clone();
    assert_eq!((&labels["team"], &labels["stage"]), (&json!("ml"), &json!("test")));
    assert_eq!(labels["gpuslice/profile"], "1g.5gb", "our own stay");
    desk.update(&with(r#"{ team = "infra" }"#)).keeps_nodes();
    let labels = desk.nodes()[0]["labels"].clone();
    assert_eq!((&labels["team"], &labels["stage"]), (&json!("infra"), &Value::Null));
    desk.update(&Pool::zonal()).keeps_nodes();
    let labels = desk.live(ZONAL)["config"]["labels"].clone();
    assert!(labels["team"].is_null() && labels["gpuslice/sharing"] == "none", "{labels:#}");
}

#[test]
fn tags_come_change_and_go_in_place() {
    let desk = standing(&Pool::zonal());
    let with = |tags: &str| Pool::zonal().set("tags", tags);
    desk.update(&with(r#"{ cost = "a", owner = "x" }"#)).keeps_nodes();
    desk.update(&with(r#"{ cost = "b" }"#)).keeps_nodes();
    let tags = desk.live(ZONAL)["config"]["resourceLabels"].clone();
    assert_eq!((&tags["cost"], &tags["owner"]), (&json!("b"), &Value::Null));
    desk.update(&Pool::zonal()).keeps_nodes();
    assert!(desk.live(ZONAL)["config"]["resourceLabels"]["cost"].is_null());
}

#[test]
fn taints_come_change_and_go_in_place() {
    let desk = standing(&Pool::zonal());
    let with = |taints: &str| Pool::zonal().set("taints", taints);
    let gpu = json!({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"});
    desk.update(&with(r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#)).keeps_nodes();
    let taints = desk.nodes()[0]["taints"].clone();
    assert!(taints.as_array().is_some_and(|taints| taints.len() == 2 && taints.contains(&gpu)), "{taints:#}");
    desk.update(&with(r#"[{ key = "team", effect = "PreferNoSchedule" }]"#)).keeps_nodes();
    let taints = desk.nodes()[0]["taints"].clone();
    let ours = json!({"key": "team", "value": "", "effect": "PreferNoSchedule"});
    assert!(
        taints.as_array().is_some_and(|taints| taints.len() == 2 && taints.contains(&ours)),
        "{taints:#}"
    );
    desk.update(&Pool::zonal()).keeps_nodes();
    assert_eq!(desk.nodes()[0]["taints"], json!([gpu]));
}

#[test]
fn the_gpu_taint_goes_and_comes_in_place() {
    let desk = standing(&Pool::zonal());
    desk.update(&Pool::zonal().set("gpu_taint", "false")).keeps_nodes();
    assert_eq!(desk.nodes()[0]["taints"], json!([]));
    assert_eq!(desk.state()["scheduling"]["tolerations"], json!([]));
    desk.update(&Pool::zonal()).keeps_nodes();
    assert_eq!(desk.nodes()[0]["taints"][0]["key"], "nvidia.com/gpu");
}

#[test]
fn a_pool_grows_and_shrinks_in_place() {
    let desk = standing(&Pool::zonal().set("node_count", "2"));
    let sized = |nodes: u32| Pool::zonal().set("node_count", &nodes.to_string());
    let grown = desk.update(&sized(4)).replaces_no_node();
    assert_eq!(grown.bodies(":setSize"), [json!({"nodeCount": 4})]);
    assert_eq!((desk.uids().len(), &desk.state()["slices"]["total"]), (4, &json!(28)));
    desk.update(&sized(1)).replaces_no_node();
    assert_eq!((desk.uids().len(), &desk.state()["slices"]["total"]), (1, &json!(7)));
    // Unset keeps what is there.
    desk.write(&Pool::zonal());
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_regional_pool_grows_by_the_zone() {
    let desk = standing(&Pool::regional());
    let grown = desk.update(&Pool::regional().set("node_count", "6")).replaces_no_node();
    assert_eq!(grown.bodies(":setSize"), [json!({"nodeCount": 3})], "GKE counts per zone");
    assert_eq!(desk.uids().len(), 6);
}

#[test]
fn autoscaling_is_switched_on_moved_and_switched_off_in_place() {
    let desk = standing(&Pool::zonal().set("node_count", "2"));
    let scaled = |limits: &str| Pool::zonal().set("autoscaling", limits);
    desk.update(&scaled("{ min_nodes = 1, max_nodes = 4 }")).keeps_nodes();
    let live = desk.live(ZONAL)["autoscaling"].clone();
    assert_eq!((&live["enabled"], &live["totalMaxNodeCount"]), (&json!(true), &json!(4)), "{live:#}");
    assert!(desk.state()["node_count"].is_null());
    desk.update(&scaled("{ min_nodes = 0, max_nodes = 6 }")).keeps_nodes();
    assert_eq!(desk.live(ZONAL)["autoscaling"]["totalMaxNodeCount"], 6);

    desk.write(&Pool::zonal());
    let refused = desk.workspace.plan().exits(1);
    refused.says("node_count");
    desk.update(&Pool::zonal().set("node_count", "3")).replaces_no_node();
    assert_ne!(desk.live(ZONAL)["autoscaling"]["enabled"], true);
    assert_eq!(desk.uids().len(), 3);
}

#[test]
fn switching_autoscaling_off_at_the_live_size_changes_no_size() {
    let desk = standing(&Pool::zonal().set("autoscaling", "{ min_nodes = 2, max_nodes = 4 }"));
    desk.update(&Pool::zonal().set("node_count", "2")).keeps_nodes();
    assert_eq!(desk.state()["slices"]["total"], 14);
}

#[test]
fn zones_are_added_and_taken_away_in_place() {
    let desk = standing(&Pool::regional());
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
    let desk = standing(&Pool::regional().set("node_count", "4"));
    // Fewer zones and more nodes: the new count is no multiple of the old number of zones, and need not be.
    desk.update(&Pool::regional().set("zones", r#"["us-central1-a"]"#).set("node_count", "5"));
    assert_eq!(desk.uids().len(), 5);
    assert_eq!(desk.state()["slices"]["total"], 35);
}

#[test]
fn upgrade_settings_change_in_place() {
    let desk = standing(&Pool::zonal());
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
fn on_incomplete_is_nobodys_business_but_terraforms() {
    let desk = standing(&Pool::zonal());
    desk.update(&Pool::zonal().text("on_incomplete", "fail")).keeps_nodes().calls_nothing();
    desk.update(&Pool::zonal()).keeps_nodes().calls_nothing();
}

#[test]
fn timeouts_are_nobodys_business_but_terraforms() {
    let desk = standing(&Pool::zonal());
    desk.update(&Pool::zonal().timeouts("create = \"90m\"\n update = \"1h30m\""))
        .keeps_nodes()
        .calls_nothing();
    desk.update(&Pool::zonal()).keeps_nodes().calls_nothing();
}

#[test]
fn much_changes_at_once_and_nothing_is_lost() {
    let desk = standing(&Pool::zonal().set("labels", r#"{ team = "ml" }"#).set("node_count", "1"));
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
    let desk = standing(&Pool::zonal());
    let pool = Pool::zonal().set("labels", r#"{ team = "ml" }"#).set("gke", r#"{ network_tags = ["gpu"] }"#);
    let update = desk.update(&pool).keeps_nodes();
    let bodies: Vec<_> = update.requests.iter().map(|record| record["request_body"].clone()).collect();
    assert!(!bodies.is_empty() && bodies.iter().all(|body| body["accelerators"].is_null()), "{bodies:#?}");
}
