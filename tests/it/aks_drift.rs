//! What AKS does by itself is never a difference; what others change is shown and mended, each in its own attribute.

use serde_json::{Value, json};

use crate::aks_pool::AKS;
use crate::clouds::Cloud;
use crate::mig_desk::Desk;
use crate::mig_drift::{shown_and_mended, standing};
use crate::mig_pool::{POOL, Pool};
use crate::support::json;

#[test]
fn what_aks_fills_in_is_no_drift() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    let live = desk.properties();
    for name in [
        "osDiskSizeGB",
        "osDiskType",
        "osSKU",
        "maxPods",
        "currentOrchestratorVersion",
        "nodeImageVersion",
        "eTag",
    ] {
        assert!(!live[name].is_null(), "{name}: {live:#}");
    }
    assert_eq!(live["gpuProfile"]["driver"], "Install");
    let state = desk.state();
    assert!(state["tags"].is_null() && state["taints"].is_null() && state["labels"].is_null());
}

#[test]
fn a_driver_that_was_never_written_is_no_drift_on_any_way() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    desk.workspace.refresh().success();
    desk.workspace.assert_empty_plan();
    desk.workspace.state_rm(POOL).success();
    desk.write(&Pool::aks());
    desk.workspace.import(POOL, &desk.cloud.id(AKS, crate::mig_pool::NAME)).success();
    desk.workspace.assert_empty_plan();
    desk.update(&Pool::aks().set("node_count", "2"));
}

#[test]
fn an_image_upgrade_is_no_drift() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    desk.actor("auto_upgrade_image", AKS, &json!({}));
    // While it runs and when it is done.
    desk.workspace.plan().exits(0);
    desk.await_state("Succeeded");
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.state()["status"], "ready");
}

#[test]
fn tags_of_a_policy_are_no_drift_and_survive() {
    let desk = standing(Cloud::Aks);
    desk.edit_tags(&json!({"policy": "applied"}));
    desk.workspace.assert_empty_plan();
    desk.update(&crate::mig_drift::pool(Cloud::Aks).set("tags", r#"{ cost = "b" }"#)).keeps_nodes();
    let tags = desk.live_tags();
    assert_eq!((&tags["policy"], &tags["cost"]), (&json!("applied"), &json!("b")));
    assert!(desk.state()["tags"]["policy"].is_null());
}

#[test]
fn options_that_somebody_changed_are_shown_and_mended() {
    let options =
        r#"scale_down_mode = "Delete", drain_timeout = "45m", undrainable_node_behavior = "Cordon""#;
    let pool = Pool::aks().options(options).set("upgrade", r#"{ max_surge = "33%" }"#);
    let desk = Desk::aks();
    desk.settle(&pool);
    desk.az_update(|live| {
        live["scaleDownMode"] = json!("Deallocate");
        live["upgradeSettings"] =
            json!({"maxSurge": "50%", "drainTimeoutInMinutes": 60, "undrainableNodeBehavior": "Schedule"});
    });
    let change = json::change(&desk.planned(&pool), POOL).clone();
    assert_eq!(change["actions"], json!(["update"]));
    let before = &change["before"];
    assert_eq!(before["aks"]["scale_down_mode"], "Deallocate");
    assert_eq!(before["aks"]["drain_timeout"], "1h");
    assert_eq!(before["aks"]["undrainable_node_behavior"], "Schedule");
    assert_eq!(before["upgrade"]["max_surge"], "50%");
    let update = desk.update(&pool).keeps_nodes();
    assert_eq!(update.requests.len(), 1);
    let live = desk.properties();
    assert_eq!(
        (&live["scaleDownMode"], &live["upgradeSettings"]["maxSurge"]),
        (&json!("Delete"), &json!("33%"))
    );
}

#[test]
fn options_that_nobody_wrote_follow_the_pool() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    desk.az_update(|live| {
        live["scaleDownMode"] = json!("Deallocate");
        live["upgradeSettings"] = json!({"maxSurge": "50%", "drainTimeoutInMinutes": 60});
    });
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    let state = desk.state();
    assert_eq!(
        (&state["aks"]["scale_down_mode"], &state["upgrade"]["max_surge"]),
        (&json!("Deallocate"), &json!("50%"))
    );
    assert_eq!(desk.properties()["scaleDownMode"], "Deallocate");
}

#[test]
fn the_mode_that_somebody_changed_is_shown_and_mended() {
    let desk = Desk::aks();
    let pool = Pool::aks().options(r#"mode = "User""#).set("gpu_taint", "false");
    desk.settle(&pool);
    desk.az_update(|live| live["mode"] = json!("System"));
    assert_eq!(json::change(&desk.planned(&pool), POOL)["before"]["aks"]["mode"], "System");
    desk.update(&pool).keeps_nodes();
    assert_eq!(desk.properties()["mode"], "User");
}

#[test]
fn an_operating_system_that_somebody_changed_is_shown_and_rolled_back() {
    let desk = Desk::aks();
    let pool = Pool::aks().options(r#"os_sku = "Ubuntu""#);
    desk.settle(&pool);
    desk.az_update(|live| live["osSKU"] = json!("AzureLinux"));
    let plan = desk.planned(&pool);
    assert_eq!(json::actions(&plan, POOL), ["update"]);
    assert_eq!(json::change(&plan, POOL)["before"]["aks"]["os_sku"], "AzureLinux");
    desk.update(&pool).rolls_nodes();
}

#[test]
fn every_taint_that_somebody_took_away_is_shown_and_mended_at_once() {
    let desk = standing(Cloud::Aks);
    desk.az_update(|live| live["nodeTaints"] = json!([]));
    shown_and_mended(&desk, "taints");
    assert_eq!(desk.nodes()[0]["taints"].as_array().map(Vec::len), Some(2));
}

#[test]
fn all_labels_that_somebody_took_away_are_shown_and_mended_at_once() {
    let desk = standing(Cloud::Aks);
    // An update by others that sends its own labels replaces all of them.
    desk.az_update(|live| live["nodeLabels"] = json!({"theirs": "yes"}));
    shown_and_mended(&desk, "labels");
    let labels = desk.live_labels();
    for (key, value) in [
        ("theirs", "yes"),
        ("team", "ml"),
        ("gpuslice/profile", "1g.10gb"),
        ("nvidia.com/gpu.present", "true"),
        ("nvidia.com/gpu.deploy.mig-manager", "false"),
    ] {
        assert_eq!(labels[key], value, "{key}");
    }
}

#[test]
fn a_pool_that_somebody_stopped_is_neither_lost_nor_replaced() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    desk.az_update(|live| live["powerState"] = json!({"code": "Stopped"}));
    assert_eq!(desk.nodes(), Vec::<Value>::new());
    desk.workspace.assert_empty_plan();
    assert!(desk.knows_the_pool() && !desk.workspace.is_tainted(POOL));
    assert_eq!(desk.state()["node_count"], 1, "its count stays, and comes back with its start");
}

#[test]
fn a_cluster_of_another_case_is_no_drift_in_the_answer_either() {
    // AKS itself spells `resourcegroups` in lower case in the ids that it answers with.
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    let shown = desk.live(AKS)["id"].as_str().expect("an id").to_owned();
    assert!(shown.eq_ignore_ascii_case(&desk.cloud.id(AKS, crate::mig_pool::NAME)));
    desk.workspace.refresh().success();
    assert_eq!(desk.state()["id"], desk.cloud.id(AKS, crate::mig_pool::NAME));
    assert_eq!(desk.state()["cluster_id"], AKS);
}
