//! Gone is only what is certainly gone; everything else that hides a pool is an error.

use serde_json::{Value, json};

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, POOL};
use crate::support::json;

on_every_cloud!(
    a_pool_deleted_behind_our_back_is_planned_for_creation,
    destroying_what_is_gone_succeeds,
    a_pool_that_goes_between_plan_and_update_is_an_error_and_then_created,
    a_whole_cluster_that_is_gone_takes_its_pools_along,
    a_missing_permission_is_not_gone,
    refused_credentials_are_not_gone,
    a_pool_that_is_missing_while_its_cluster_cannot_be_seen_is_not_gone,
    an_api_that_cannot_be_reached_is_not_gone,
    answers_that_nobody_can_read_are_not_gone,
    a_service_that_stays_away_is_an_error_in_time,
    a_plan_of_a_new_pool_asks_nobody;
    // It tells of one node group at a time.
    not eks:
    one_refresh_asks_each_cluster_once,
);

/// A pool that stands.
#[track_caller]
fn standing(cloud: Cloud) -> Desk {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
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
    let matching = json!({"cloud": desk.cloud.name(), "path": path});
    desk.sandbox.fault(json!({"kind": kind, "match": matching, "times": 1000}));
}

fn a_pool_deleted_behind_our_back_is_planned_for_creation(cloud: Cloud) {
    let desk = standing(cloud);
    desk.actor("delete_pool", cloud.home(), &json!({}));
    let plan = desk.planned(&cloud.pool());
    // On AKS its key is still in the device plugin's ConfigMap, and goes first.
    let actions: &[&str] = if cloud == Cloud::Aks { &["delete", "create"] } else { &["create"] };
    assert_eq!(json::actions(&plan, POOL), actions);
    desk.settle(&cloud.pool());
    assert_eq!(desk.creates().len(), 2);
    desk.await_slices(7);
}

fn destroying_what_is_gone_succeeds(cloud: Cloud) {
    let desk = standing(cloud);
    desk.actor("delete_pool", cloud.home(), &json!({}));
    desk.workspace.destroy().success();
    // Gone only after Terraform had looked.
    desk.settle(&cloud.pool());
    desk.actor_before("delete_pool", &cloud.deletion(), &json!({}));
    desk.workspace.destroy().success();
    assert!(!desk.knows_the_pool());
}

fn a_pool_that_goes_between_plan_and_update_is_an_error_and_then_created(cloud: Cloud) {
    let desk = standing(cloud);
    desk.actor_before("delete_pool", &cloud.labelling(), &json!({}));
    let pool = cloud.pool().set("labels", r#"{ team = "ml" }"#);
    desk.write(&pool);
    desk.workspace.apply().failure().says(NAME);
    assert_eq!(desk.creates().len(), 1, "an update makes no pool");
    desk.settle(&pool);
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

fn a_whole_cluster_that_is_gone_takes_its_pools_along(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let other = cloud.other_cluster();
    desk.sandbox.actor(json!({"kind": "add_cluster", "cluster": other, "when": "now"}));
    let pool = cloud.pool().text("cluster_id", &other);
    desk.settle(&pool);
    desk.sandbox.actor(json!({"kind": "delete_cluster", "cluster": other, "when": "now"}));
    assert_eq!(desk.actions(&pool), ["create"]);
    desk.workspace.destroy().success();
    assert!(!desk.knows_the_pool());
}

fn a_missing_permission_is_not_gone(cloud: Cloud) {
    let desk = standing(cloud);
    always(&desk, cloud.pools(), "permission");
    assert_error(&desk, cloud.forbidden().0);
}

fn refused_credentials_are_not_gone(cloud: Cloud) {
    let desk = standing(cloud);
    always(&desk, "/", "unauthenticated");
    assert_error(&desk, "credentials");
}

fn a_pool_that_is_missing_while_its_cluster_cannot_be_seen_is_not_gone(cloud: Cloud) {
    let desk = standing(cloud);
    desk.actor("delete_pool", cloud.home(), &json!({}));
    // The list of pools is empty of it, a GET says 404, and the cluster's own GET is forbidden.
    desk.fault_on(&cloud.preflight(), "permission", 1000, &json!({}));
    desk.workspace.plan().exits(1).says(cloud.forbidden().0);
    assert!(desk.knows_the_pool());
}

fn an_api_that_cannot_be_reached_is_not_gone(cloud: Cloud) {
    let mut desk = standing(cloud);
    desk.write(&cloud.pool().timeouts("read = \"2s\""));
    desk.workspace.apply().success();
    // Nobody listens there.
    desk.workspace.set_env("GPUSLICE_SANDBOX", "http://127.0.0.1:9");
    desk.workspace.plan().exits(1).says("127.0.0.1:9");
    desk.workspace.destroy().failure();
    let url = desk.sandbox.url().to_owned();
    desk.workspace.set_env("GPUSLICE_SANDBOX", url);
    assert!(desk.knows_the_pool() && desk.exists(cloud.home()));
    desk.workspace.assert_empty_plan();
}

fn answers_that_nobody_can_read_are_not_gone(cloud: Cloud) {
    let desk = standing(cloud);
    desk.write(&cloud.pool().timeouts("read = \"2s\""));
    desk.workspace.apply().success();
    always(&desk, cloud.pools(), "wrong_answer");
    desk.workspace.plan().exits(1);
    assert!(desk.knows_the_pool());
    desk.sandbox.clear_faults();
    desk.workspace.assert_empty_plan();
}

fn a_service_that_stays_away_is_an_error_in_time(cloud: Cloud) {
    let desk = standing(cloud);
    desk.write(&cloud.pool().timeouts("read = \"2s\""));
    desk.workspace.apply().success();
    always(&desk, "/", "unavailable");
    desk.workspace.plan().exits(1);
    assert!(desk.knows_the_pool());
}

fn one_refresh_asks_each_cluster_once(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let pools =
        cloud.pool().set("for_each", "toset([for i in range(6) : \"p${i}\"])").set("name", "each.key");
    desk.settle(&pools);
    let before = desk.sandbox.records().len();
    desk.workspace.assert_empty_plan();
    let asked = desk.sandbox.records().split_off(before);
    let paths: Vec<_> = asked.iter().map(crate::mig_desk::path).collect();
    // GKE tells sizes elsewhere: one list of pools there, and one of instance groups. On AKS all keys are looked at
    // together: the cluster, its kubeconfig, the ConfigMap.
    let calls = if cloud == Cloud::Gke { 2 } else { 4 };
    assert_eq!(paths.len(), calls, "{paths:#?}");
}

fn a_plan_of_a_new_pool_asks_nobody(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.planned(&cloud.pool());
    assert_eq!(desk.sandbox.records(), Vec::<Value>::new());
}
