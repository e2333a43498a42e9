//! What GKE refuses or fails at, in Google's words.

use serde_json::{Value, json};

use crate::mig_desk::Desk;
use crate::mig_failures::failing_create;
use crate::mig_pool::{AUTOPILOT, POOL, Pool, REGIONAL, ZONAL};

#[test]
fn a_create_that_failed_and_left_a_pool_leaves_it_to_terraform() {
    let desk = Desk::new();
    failing_create(&desk, true);
    // Such pools have been seen to heal, so it may be waited for; in no case is it forgotten.
    desk.write(&Pool::zonal().timeouts("create = \"4s\""));
    desk.workspace.apply().says("The disk caught fire.").says("operation-");
    assert!(desk.knows_the_pool() && desk.exists(ZONAL));
    desk.workspace.destroy().success();
    assert!(!desk.knows_the_pool() && !desk.exists(ZONAL));
}

#[test]
fn what_gke_refuses_is_told_in_its_words_and_leaves_nothing() {
    let desk = Desk::new();
    // GKE knows a version that nobody has.
    desk.write(&Pool::zonal().text("kubernetes_version", "1.99"));
    desk.workspace.apply().failure().says("1.99").says("unsupported");
    assert!(!desk.knows_the_pool() && !desk.exists(ZONAL));
}

#[test]
fn an_update_that_fails_half_way_keeps_what_it_reached() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let matching = json!({"method": "POST", "path": ":setSize"});
    let params = json!({"message": "No more machines today."});
    desk.sandbox.fault(json!({"kind": "failed_operation", "match": matching, "params": params}));
    let pool = Pool::zonal().set("labels", r#"{ team = "ml" }"#).set("node_count", "3");
    // It might heal, so it may be waited for.
    desk.write(&pool.clone().timeouts("update = \"6s\""));
    desk.workspace.apply().failure().says("No more machines today.");
    assert!(!desk.workspace.is_tainted(POOL));
    desk.settle(&pool);
    assert_eq!(desk.uids().len(), 3);
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
}

#[test]
fn growth_without_capacity_is_an_error_that_taints_nothing_and_heals() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let first = desk.uids();
    desk.stock("us-central1-a", 2);
    let pool = Pool::zonal().set("node_count", "4");
    desk.write(&pool.clone().timeouts("update = \"4s\""));
    desk.workspace.apply().failure().says("does not have enough resources");
    assert!(!desk.workspace.is_tainted(POOL));
    desk.stock("us-central1-a", 4);
    desk.settle(&pool);
    assert!(desk.uids().is_superset(&first));
    assert_eq!((desk.uids().len(), desk.creates().len(), desk.deletes().len()), (4, 1, 0));
}

#[test]
fn autopilot_is_refused_with_advice() {
    let desk = Desk::new();
    desk.write(&Pool::regional().text("cluster_id", AUTOPILOT));
    let refused = desk.workspace.apply().failure().says("Autopilot");
    // What to do there instead: pods select what they need.
    refused.says("cloud.google.com/gke-gpu-partition-size");
    assert_eq!(desk.changes(0), Vec::<Value>::new(), "it was not even asked");
}

#[test]
fn a_release_channel_that_demands_upgrades_is_told_in_googles_words() {
    let desk = Desk::new();
    desk.write(&Pool::regional().set("gke", "{ auto_upgrade = false }"));
    desk.workspace.apply().failure().says("REGULAR");
    assert!(!desk.knows_the_pool() && !desk.exists(REGIONAL));
}

#[test]
fn an_api_that_cannot_be_reached_is_an_error_in_time_and_no_secret_is_logged() {
    let mut workspace = crate::mig_refusals::offline();
    workspace.set_env("TF_LOG_PROVIDER", "TRACE");
    // Nobody listens there.
    let provider = "provider \"gpuslice\" {\n google = {\n access_token = \"not-for-other-eyes\"\n \
                    container_custom_endpoint = \"http://127.0.0.1:9/v1/\"\n }\n}";
    workspace.write("main.tf", &Pool::real().timeouts("create = \"2s\"").beside(provider).hcl());
    let refused = workspace.apply().failure().says("127.0.0.1:9");
    refused.never_says("not-for-other-eyes");
    assert!(!workspace.has(POOL));
}
