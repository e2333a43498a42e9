//! Gone is only what is certainly gone; everything else that hides a pool is an error.

use serde_json::{Value, json};

use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool, ZONAL};
use crate::support::json;

/// A pool that stands.
#[track_caller]
fn standing() -> Desk {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    desk
}

/// Plan and apply fail and say this, and the state still has the pool.
#[track_caller]
fn assert_error(desk: &Desk, reason: &str) {
    desk.workspace.plan().exits(1).says(reason);
    desk.workspace.apply().failure();
    desk.workspace.refresh().failure();
    assert!(desk.knows_the_pool(), "an error was taken for gone");
    desk.sandbox.clear_faults();
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.creates().len(), 1);
}

fn always(desk: &Desk, path: &str, kind: &str) {
    desk.sandbox.fault(json!({"kind": kind, "match": {"path": path}, "times": 1000}));
}

#[test]
fn a_pool_deleted_behind_our_back_is_planned_for_creation() {
    let desk = standing();
    desk.actor("delete_pool", ZONAL, &json!({}));
    let plan = desk.planned(&Pool::zonal());
    assert_eq!(json::actions(&plan, POOL), ["create"]);
    desk.settle(&Pool::zonal());
    assert_eq!(desk.creates().len(), 2);
    desk.await_slices(7);
}

#[test]
fn destroying_what_is_gone_succeeds() {
    let desk = standing();
    desk.actor("delete_pool", ZONAL, &json!({}));
    desk.workspace.destroy().success();
    // Gone only after Terraform had looked.
    desk.settle(&Pool::zonal());
    let before = json!({"before": {"method": "DELETE"}});
    desk.sandbox.actor(json!({"kind": "delete_pool", "cluster": ZONAL, "pool": "mig", "when": before}));
    desk.workspace.destroy().success();
    assert!(!desk.knows_the_pool());
}

#[test]
fn a_pool_that_goes_between_plan_and_update_is_an_error_and_then_created() {
    let desk = standing();
    let before = json!({"before": {"method": "PUT", "path": "/nodePools/mig"}});
    desk.sandbox.actor(json!({"kind": "delete_pool", "cluster": ZONAL, "pool": "mig", "when": before}));
    let pool = Pool::zonal().set("labels", r#"{ team = "ml" }"#);
    desk.write(&pool);
    desk.workspace.apply().failure().says("mig");
    desk.settle(&pool);
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

#[test]
fn a_whole_cluster_that_is_gone_takes_its_pools_along() {
    let desk = Desk::new();
    let other = "projects/sandbox/locations/us-central1-b/clusters/other";
    desk.sandbox.actor(json!({"kind": "add_cluster", "cluster": other, "when": "now"}));
    let pool = Pool::zonal().text("cluster_id", other);
    desk.settle(&pool);
    desk.sandbox.actor(json!({"kind": "delete_cluster", "cluster": other, "when": "now"}));
    assert_eq!(desk.actions(&pool), ["create"]);
    desk.workspace.destroy().success();
    assert!(!desk.knows_the_pool());
}

#[test]
fn a_missing_permission_is_not_gone() {
    let desk = standing();
    always(&desk, "/nodePools", "permission");
    assert_error(&desk, "permission");
}

#[test]
fn refused_credentials_are_not_gone() {
    let desk = standing();
    always(&desk, "/v1/", "unauthenticated");
    assert_error(&desk, "credentials");
}

#[test]
fn a_pool_that_is_missing_while_its_cluster_cannot_be_seen_is_not_gone() {
    let desk = standing();
    desk.actor("delete_pool", ZONAL, &json!({}));
    // The list of pools is empty of it, a GET says 404, and the cluster's own GET is forbidden.
    let matching = json!({"method": "GET", "path": "/clusters/zonal"});
    desk.sandbox.fault(json!({"kind": "permission", "match": matching, "times": 1000}));
    desk.workspace.plan().exits(1);
    assert!(desk.knows_the_pool());
}

#[test]
fn an_api_that_cannot_be_reached_is_not_gone() {
    let mut desk = standing();
    desk.write(&Pool::zonal().timeouts("read = \"2s\""));
    desk.workspace.apply().success();
    // Nobody listens there.
    desk.workspace.set_env("GPUSLICE_SANDBOX", "http://127.0.0.1:9");
    desk.workspace.plan().exits(1).says("127.0.0.1:9");
    desk.workspace.destroy().failure();
    let url = desk.sandbox.url().to_owned();
    desk.workspace.set_env("GPUSLICE_SANDBOX", url);
    assert!(desk.knows_the_pool() && desk.exists(ZONAL));
    desk.workspace.assert_empty_plan();
}

#[test]
fn answers_that_nobody_can_read_are_not_gone() {
    let desk = standing();
    desk.write(&Pool::zonal().timeouts("read = \"2s\""));
    desk.workspace.apply().success();
    always(&desk, "/nodePools", "wrong_answer");
    desk.workspace.plan().exits(1);
    assert!(desk.knows_the_pool());
    desk.sandbox.clear_faults();
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_service_that_stays_away_is_an_error_in_time() {
    let desk = standing();
    desk.write(&Pool::zonal().timeouts("read = \"2s\""));
    desk.workspace.apply().success();
    always(&desk, "/v1/", "unavailable");
    let begun = std::time::Instant::now();
    desk.workspace.plan().exits(1);
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(desk.knows_the_pool());
}

#[test]
fn one_refresh_asks_each_cluster_once() {
    let desk = Desk::new();
    let both =
        Pool::zonal().set("for_each", "toset([for i in range(6) : \"p${i}\"])").set("name", "each.key");
    desk.settle(&both);
    let before = desk.sandbox.records().len();
    desk.workspace.assert_empty_plan();
    let asked = desk.sandbox.records().split_off(before);
    let paths: Vec<_> = asked.iter().map(crate::mig_desk::path).collect();
    assert_eq!(paths.len(), 2, "one list of pools, one of instance groups: {paths:#?}");
}

#[test]
fn a_plan_of_a_new_pool_asks_nobody() {
    let desk = Desk::new();
    desk.planned(&Pool::zonal());
    assert_eq!(desk.sandbox.records(), Vec::<Value>::new());
}
