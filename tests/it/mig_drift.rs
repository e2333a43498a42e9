//! What others change: shown and mended where it is ours, and never a difference where it is not.

use serde_json::{Value, json};

use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool, REGIONAL, ZONAL};
use crate::support::json;

fn pool() -> Pool {
    Pool::zonal()
        .set("labels", r#"{ team = "ml" }"#)
        .set("tags", r#"{ cost = "research" }"#)
        .set("taints", r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#)
        .set("node_count", "2")
}

/// A pool that stands.
#[track_caller]
fn standing() -> Desk {
    let desk = Desk::new();
    desk.settle(&pool());
    desk
}

/// The next plan shows the drift of this attribute as an update in place, and the apply mends it.
#[track_caller]
fn shown_and_mended(desk: &Desk, attribute: &str) {
    let before = desk.planned(&pool());
    let change = json::change(&before, POOL);
    assert_eq!(change["actions"], json!(["update"]));
    assert_ne!(change["before"][attribute], change["after"][attribute], "{attribute} is shown: {change:#}");
    desk.update(&pool()).replaces_no_node();
}

#[test]
fn a_label_of_ours_that_somebody_changed_is_shown_and_mended() {
    let desk = standing();
    desk.actor("edit_labels", ZONAL, &json!({"set": {"team": "theirs"}}));
    shown_and_mended(&desk, "labels");
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

#[test]
fn a_label_of_ours_that_somebody_removed_is_shown_and_mended() {
    let desk = standing();
    desk.actor("edit_labels", ZONAL, &json!({"remove": ["team"]}));
    shown_and_mended(&desk, "labels");
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

#[test]
fn the_label_that_workloads_select_by_is_mended_too() {
    let desk = standing();
    desk.actor(
        "edit_labels",
        ZONAL,
        &json!({"set": {"gpuslice/sharing": "mps"}, "remove": ["gpuslice/profile"]}),
    );
    shown_and_mended(&desk, "effective_labels");
    let labels = desk.nodes()[0]["labels"].clone();
    assert_eq!(
        (&labels["gpuslice/profile"], &labels["gpuslice/sharing"]),
        (&json!("1g.5gb"), &json!("none"))
    );
}

#[test]
fn labels_of_others_are_no_difference_and_survive_our_updates() {
    let desk = standing();
    desk.actor("edit_labels", ZONAL, &json!({"set": {"theirs": "yes"}}));
    desk.workspace.assert_empty_plan();
    let changed = pool().set("labels", r#"{ team = "infra", ours = "too" }"#);
    desk.update(&changed).keeps_nodes();
    let labels = desk.live(ZONAL)["config"]["labels"].clone();
    assert_eq!((&labels["theirs"], &labels["team"]), (&json!("yes"), &json!("infra")), "{labels:#}");
    assert!(desk.state()["labels"]["theirs"].is_null());
    // Even when all of ours go.
    desk.update(&changed.unset("labels")).keeps_nodes();
    let labels = desk.live(ZONAL)["config"]["labels"].clone();
    assert_eq!((&labels["theirs"], &labels["team"]), (&json!("yes"), &Value::Null), "{labels:#}");
}

#[test]
fn a_label_of_others_becomes_ours_when_it_is_written() {
    let desk = standing();
    desk.actor("edit_labels", ZONAL, &json!({"set": {"theirs": "yes"}}));
    desk.update(&pool().set("labels", r#"{ team = "ml", theirs = "ours" }"#)).keeps_nodes();
    assert_eq!(desk.nodes()[0]["labels"]["theirs"], "ours");
}

#[test]
fn a_tag_of_ours_that_somebody_changed_is_shown_and_mended_and_others_survive() {
    let desk = standing();
    let mut labels = desk.live(ZONAL)["config"]["resourceLabels"].clone();
    labels["cost"] = json!("theirs");
    labels["theirs"] = json!("yes");
    desk.meddle("PUT", ZONAL, "", &json!({"resourceLabels": {"labels": labels}}));
    shown_and_mended(&desk, "tags");
    let labels = desk.live(ZONAL)["config"]["resourceLabels"].clone();
    assert_eq!((&labels["cost"], &labels["theirs"]), (&json!("research"), &json!("yes")), "{labels:#}");
}

#[test]
fn a_taint_of_ours_that_somebody_removed_is_shown_and_mended() {
    let desk = standing();
    desk.actor("remove_taint", ZONAL, &json!({"key": "team"}));
    shown_and_mended(&desk, "taints");
    let taints = desk.nodes()[0]["taints"].as_array().expect("a list").len();
    assert_eq!(taints, 2);
}

#[test]
fn a_taint_of_others_is_no_difference_and_survives_our_updates() {
    let desk = standing();
    desk.actor("add_taint", ZONAL, &json!({"key": "theirs", "value": "yes", "effect": "NO_SCHEDULE"}));
    desk.workspace.assert_empty_plan();
    desk.update(&pool().set("taints", r#"[{ key = "ours", effect = "NoExecute" }]"#)).keeps_nodes();
    let taints = desk.nodes()[0]["taints"].clone();
    let keys: Vec<_> = taints.as_array().into_iter().flatten().map(|taint| taint["key"].clone()).collect();
    assert!(
        keys.contains(&json!("theirs"))
            && keys.contains(&json!("ours"))
            && keys.contains(&json!("nvidia.com/gpu"))
    );
    assert!(!keys.contains(&json!("team")), "{keys:?}");
}

#[test]
fn the_gpu_taint_that_somebody_removed_is_shown_and_mended() {
    let desk = standing();
    desk.actor("remove_taint", ZONAL, &json!({"key": "nvidia.com/gpu"}));
    shown_and_mended(&desk, "gpu_taint");
    let taints = desk.nodes()[0]["taints"].clone();
    assert!(
        taints.as_array().into_iter().flatten().any(|taint| taint["key"] == "nvidia.com/gpu"),
        "{taints:#}"
    );
}

#[test]
fn a_size_that_somebody_changed_is_shown_and_mended() {
    let desk = standing();
    desk.meddle("POST", ZONAL, ":setSize", &json!({"nodeCount": 5}));
    assert_eq!(desk.uids().len(), 5);
    shown_and_mended(&desk, "node_count");
    assert_eq!(desk.uids().len(), 2);
}

#[test]
fn a_size_in_a_region_is_seen_over_all_zones() {
    let desk = Desk::new();
    let regional = Pool::regional().set("node_count", "2");
    desk.settle(&regional);
    desk.meddle("POST", REGIONAL, ":setSize", &json!({"nodeCount": 2}));
    let change = json::change(&desk.planned(&regional), POOL).clone();
    assert_eq!((&change["before"]["node_count"], &change["after"]["node_count"]), (&json!(4), &json!(2)));
    desk.update(&regional).replaces_no_node();
}

#[test]
fn a_size_that_nobody_wrote_follows_the_pool() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    desk.meddle("POST", ZONAL, ":setSize", &json!({"nodeCount": 3}));
    // Unset keeps what is there: the state follows, and nothing is taken back.
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    let state = desk.state();
    assert_eq!((&state["node_count"], &state["slices"]["total"]), (&json!(3), &json!(21)));
    assert_eq!(desk.uids().len(), 3);
}

#[test]
fn autoscaling_that_somebody_switched_on_is_shown_and_mended() {
    let desk = standing();
    let theirs = json!({"autoscaling": {"enabled": true, "totalMinNodeCount": 1, "totalMaxNodeCount": 9}});
    desk.actor("edit_autoscaling", ZONAL, &theirs);
    shown_and_mended(&desk, "autoscaling");
    assert_ne!(desk.live(ZONAL)["autoscaling"]["enabled"], true);
    assert_eq!(desk.uids().len(), 2);
}

#[test]
fn limits_that_somebody_moved_are_shown_and_mended() {
    let desk = Desk::new();
    let scaled = Pool::zonal().set("autoscaling", "{ min_nodes = 1, max_nodes = 3 }");
    desk.settle(&scaled);
    let theirs = json!({"autoscaling": {"enabled": true, "totalMinNodeCount": 1, "totalMaxNodeCount": 99}});
    desk.actor("edit_autoscaling", ZONAL, &theirs);
    let change = json::change(&desk.planned(&scaled), POOL).clone();
    assert_eq!(change["before"]["autoscaling"]["max_nodes"], 99);
    desk.update(&scaled).keeps_nodes();
    assert_eq!(desk.live(ZONAL)["autoscaling"]["totalMaxNodeCount"], 3);
}

#[test]
fn an_option_that_somebody_changed_is_shown_and_mended() {
    let desk = Desk::new();
    let with = Pool::zonal().set("gke", "{ auto_repair = true, auto_upgrade = true }");
    desk.settle(&with);
    let theirs = json!({"management": {"autoRepair": false, "autoUpgrade": true}});
    desk.meddle("POST", ZONAL, ":setManagement", &theirs);
    let change = json::change(&desk.planned(&with), POOL).clone();
    assert_eq!(change["before"]["gke"]["auto_repair"], false);
    desk.update(&with).keeps_nodes();
    assert_eq!(desk.live(ZONAL)["management"]["autoRepair"], true);
}

#[test]
fn what_gke_adds_by_itself_is_no_drift() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let live = desk.live(ZONAL)["config"].clone();
    // It has added all of this, and the plan was empty.
    assert!(live["resourceLabels"]["goog-gke-node-pool-provisioning-model"].is_string(), "{live:#}");
    assert_eq!(live["metadata"]["disable-legacy-endpoints"], "true");
    assert_eq!(live["accelerators"][0]["gpuDriverInstallationConfig"]["gpuDriverVersion"], "DEFAULT");
    assert!(desk.state()["tags"].is_null() && desk.state()["taints"].is_null());
    // Nor is what GKE restarts or repairs by itself.
    desk.actor("reboot_nodes", ZONAL, &json!({}));
    desk.workspace.assert_empty_plan();
}

#[test]
fn the_gpu_taint_that_gke_adds_unasked_is_no_drift() {
    let desk = Desk::new();
    let without = Pool::zonal().set("gpu_taint", "false");
    desk.settle(&without);
    assert_eq!(desk.nodes()[0]["taints"], json!([]), "it is taken off again");
}

#[test]
fn an_upgrade_by_gke_is_no_drift() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal().text("kubernetes_version", "1.34"));
    desk.actor("auto_upgrade", ZONAL, &json!({}));
    // While it runs and when it is done.
    desk.workspace.assert_empty_plan();
    desk.await_status(ZONAL, "RUNNING");
    desk.workspace.assert_empty_plan();
}

#[test]
fn only_the_size_of_a_pool_may_be_unreadable_and_then_it_is_kept() {
    let desk = standing();
    // No permission for Compute: the size stays as it was, with one warning, and all else works.
    let matching = json!({"method": "GET", "path": "/instanceGroupManagers"});
    desk.sandbox.fault(json!({"kind": "permission", "match": matching, "times": 1000}));
    let planned = desk.workspace.plan().exits(0).says("compute.instanceGroupManagers");
    assert_eq!(planned.text().matches("compute.instanceGroupManagers").count(), 1, "{planned}");
    desk.actor("edit_labels", ZONAL, &json!({"set": {"team": "theirs"}}));
    shown_and_mended(&desk, "labels");
}
