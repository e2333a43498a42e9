//! What GKE does by itself is never a difference; what others change about its own settings is shown and mended.

use serde_json::json;

use crate::clouds::Cloud;
use crate::mig_desk::Desk;
use crate::mig_drift::{shown_and_mended, standing};
use crate::mig_pool::{POOL, Pool, REGIONAL, ZONAL};
use crate::support::json;

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
    let desk = standing(Cloud::Gke);
    // No permission for Compute: the size stays as it was, with one warning, and all else works.
    let matching = json!({"method": "GET", "path": "/instanceGroupManagers"});
    desk.sandbox.fault(json!({"kind": "permission", "match": matching, "times": 1000}));
    let planned = desk.workspace.plan().exits(0).says("compute.instanceGroupManagers");
    assert_eq!(planned.text().matches("compute.instanceGroupManagers").count(), 1, "{planned}");
    desk.actor("edit_labels", ZONAL, &json!({"set": {"team": "theirs"}}));
    shown_and_mended(&desk, "labels");
}
