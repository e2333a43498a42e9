//! What others change: shown and mended where it is ours, and never a difference where it is not.

use serde_json::{Value, json};

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool};
use crate::support::json;

on_every_cloud!(
    a_label_of_ours_that_somebody_changed_is_shown_and_mended,
    a_label_of_ours_that_somebody_removed_is_shown_and_mended,
    the_label_that_workloads_select_by_is_mended_too,
    labels_of_others_are_no_difference_and_survive_our_updates,
    a_label_of_others_becomes_ours_when_it_is_written,
    a_tag_of_ours_that_somebody_changed_is_shown_and_mended_and_others_survive,
    a_taint_of_ours_that_somebody_removed_is_shown_and_mended,
    a_taint_of_others_is_no_difference_and_survives_our_updates,
    the_gpu_taint_that_somebody_removed_is_shown_and_mended,
    a_size_that_somebody_changed_is_shown_and_mended,
    a_size_that_nobody_wrote_follows_the_pool,
    autoscaling_that_somebody_switched_on_is_shown_and_mended,
    limits_that_somebody_moved_are_shown_and_mended,
);

pub(crate) fn pool(cloud: Cloud) -> Pool {
    cloud
        .pool()
        .set("labels", r#"{ team = "ml" }"#)
        .set("tags", r#"{ cost = "research" }"#)
        .set("taints", r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#)
        .set("node_count", "2")
}

/// A pool that stands.
#[track_caller]
pub(crate) fn standing(cloud: Cloud) -> Desk {
    let desk = Desk::on(cloud);
    desk.settle(&pool(cloud));
    desk
}

/// The next plan shows the drift of this attribute as an update in place, and the apply mends it.
#[track_caller]
pub(crate) fn shown_and_mended(desk: &Desk, attribute: &str) {
    let before = desk.planned(&pool(desk.cloud));
    let change = json::change(&before, POOL);
    assert_eq!(change["actions"], json!(["update"]));
    assert_ne!(change["before"][attribute], change["after"][attribute], "{attribute} is shown: {change:#}");
    desk.update(&pool(desk.cloud)).replaces_no_node();
}

fn a_label_of_ours_that_somebody_changed_is_shown_and_mended(cloud: Cloud) {
    let desk = standing(cloud);
    desk.edit_labels(&json!({"team": "theirs"}), &[]);
    shown_and_mended(&desk, "labels");
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

fn a_label_of_ours_that_somebody_removed_is_shown_and_mended(cloud: Cloud) {
    let desk = standing(cloud);
    desk.edit_labels(&json!({}), &["team"]);
    shown_and_mended(&desk, "labels");
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

fn the_label_that_workloads_select_by_is_mended_too(cloud: Cloud) {
    let desk = standing(cloud);
    desk.edit_labels(&json!({"gpuslice/sharing": "mps"}), &["gpuslice/profile"]);
    shown_and_mended(&desk, "effective_labels");
    let labels = desk.nodes()[0]["labels"].clone();
    assert_eq!(
        (&labels["gpuslice/profile"], &labels["gpuslice/sharing"]),
        (&json!(cloud.seventh()), &json!("none"))
    );
}

fn labels_of_others_are_no_difference_and_survive_our_updates(cloud: Cloud) {
    let desk = standing(cloud);
    desk.edit_labels(&json!({"theirs": "yes"}), &[]);
    desk.workspace.assert_empty_plan();
    let changed = pool(cloud).set("labels", r#"{ team = "infra", ours = "too" }"#);
    desk.update(&changed).keeps_nodes();
    let labels = desk.live_labels();
    assert_eq!((&labels["theirs"], &labels["team"]), (&json!("yes"), &json!("infra")), "{labels:#}");
    assert!(desk.state()["labels"]["theirs"].is_null());
    // Even when all of ours go.
    desk.update(&changed.unset("labels")).keeps_nodes();
    let labels = desk.live_labels();
    assert_eq!((&labels["theirs"], &labels["team"]), (&json!("yes"), &Value::Null), "{labels:#}");
}

fn a_label_of_others_becomes_ours_when_it_is_written(cloud: Cloud) {
    let desk = standing(cloud);
    desk.edit_labels(&json!({"theirs": "yes"}), &[]);
    desk.update(&pool(cloud).set("labels", r#"{ team = "ml", theirs = "ours" }"#)).keeps_nodes();
    assert_eq!(desk.nodes()[0]["labels"]["theirs"], "ours");
}

fn a_tag_of_ours_that_somebody_changed_is_shown_and_mended_and_others_survive(cloud: Cloud) {
    let desk = standing(cloud);
    desk.edit_tags(&json!({"cost": "theirs", "theirs": "yes"}));
    shown_and_mended(&desk, "tags");
    let tags = desk.live_tags();
    assert_eq!((&tags["cost"], &tags["theirs"]), (&json!("research"), &json!("yes")), "{tags:#}");
}

fn a_taint_of_ours_that_somebody_removed_is_shown_and_mended(cloud: Cloud) {
    let desk = standing(cloud);
    desk.remove_taint("team");
    shown_and_mended(&desk, "taints");
    let taints = desk.nodes()[0]["taints"].as_array().expect("a list").len();
    assert_eq!(taints, 2);
}

fn a_taint_of_others_is_no_difference_and_survives_our_updates(cloud: Cloud) {
    let desk = standing(cloud);
    desk.add_taint("theirs", "yes", "NoSchedule");
    desk.workspace.assert_empty_plan();
    desk.update(&pool(cloud).set("taints", r#"[{ key = "ours", effect = "NoExecute" }]"#)).keeps_nodes();
    let taints = desk.nodes()[0]["taints"].clone();
    let keys: Vec<_> = taints.as_array().into_iter().flatten().map(|taint| taint["key"].clone()).collect();
    assert!(
        keys.contains(&json!("theirs"))
            && keys.contains(&json!("ours"))
            && keys.contains(&json!("nvidia.com/gpu"))
    );
    assert!(!keys.contains(&json!("team")), "{keys:?}");
}

fn the_gpu_taint_that_somebody_removed_is_shown_and_mended(cloud: Cloud) {
    let desk = standing(cloud);
    desk.remove_taint("nvidia.com/gpu");
    shown_and_mended(&desk, "gpu_taint");
    let taints = desk.nodes()[0]["taints"].clone();
    assert!(
        taints.as_array().into_iter().flatten().any(|taint| taint["key"] == "nvidia.com/gpu"),
        "{taints:#}"
    );
}

fn a_size_that_somebody_changed_is_shown_and_mended(cloud: Cloud) {
    let desk = standing(cloud);
    desk.set_size(5);
    assert_eq!(desk.uids().len(), 5);
    shown_and_mended(&desk, "node_count");
    assert_eq!(desk.uids().len(), 2);
}

fn a_size_that_nobody_wrote_follows_the_pool(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.set_size(3);
    // Unset keeps what is there: the state follows, and nothing is taken back.
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    let state = desk.state();
    assert_eq!((&state["node_count"], &state["slices"]["total"]), (&json!(3), &json!(21)));
    assert_eq!(desk.uids().len(), 3);
}

fn autoscaling_that_somebody_switched_on_is_shown_and_mended(cloud: Cloud) {
    let desk = standing(cloud);
    desk.set_limits(1, 9);
    shown_and_mended(&desk, "autoscaling");
    assert_eq!(desk.live_limits(), None);
    assert_eq!(desk.uids().len(), 2);
}

fn limits_that_somebody_moved_are_shown_and_mended(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let scaled = cloud.pool().set("autoscaling", "{ min_nodes = 1, max_nodes = 3 }");
    desk.settle(&scaled);
    desk.set_limits(1, 99);
    let change = json::change(&desk.planned(&scaled), POOL).clone();
    assert_eq!(change["before"]["autoscaling"]["max_nodes"], 99);
    desk.update(&scaled).keeps_nodes();
    assert_eq!(desk.live_limits(), Some((1, 3)));
}
