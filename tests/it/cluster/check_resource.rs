//! `gpuslice_slice_check`: fails the apply, and itself, when slices do not appear; never the pool.

use serde_json::{Value, json};

use super::site::{Site, Stack};
use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_pool::Pool;
use crate::support::json;

on_every_cloud!(
    slices_that_are_there_pass,
    a_pool_that_is_not_there_is_no_id_to_check,
    other_triggers_look_again,
);

const CHECK: &str = "gpuslice_slice_check.check";

const TAINT: &str = r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#;

/// The resource beside the pool, with more attributes.
fn check(site: &Site, more: &str) -> String {
    format!("resource \"gpuslice_slice_check\" \"check\" {{\n nodepool_id = {}.id\n {more}\n}}", site.address)
}

fn slices_that_are_there_pass(cloud: Cloud) {
    let site = Site::shared(cloud);
    let pool = cloud.shared().text("slice_check", "off").beside(&check(&site, ""));
    site.settle(&pool).says("2 added");
    assert!(site.state()["allocatable_slices"].is_null(), "the pool itself did not look");
    let seen = site.workspace.attributes(CHECK);
    assert_eq!(seen["nodepool_id"], site.state()["id"]);
    site.workspace.destroy().success().says("2 destroyed");
    site.assert_left_as_found();
}

fn a_pool_that_is_not_there_is_no_id_to_check(cloud: Cloud) {
    let site = Site::shared(cloud);
    let missing = cloud.id(cloud.home(), "missing");
    let check = format!(
        "resource \"gpuslice_slice_check\" \"check\" {{\n nodepool_id = {missing:?}\n timeout = \"5s\"\n}}"
    );
    site.write(&cloud.shared().text("slice_check", "off").beside(&check));
    site.workspace.apply().failure().says("missing");
    assert!(site.knows_the_pool() && !site.workspace.is_tainted(site.address));
    for nonsense in ["", "nothing", cloud.home()] {
        let check =
            format!("resource \"gpuslice_slice_check\" \"check\" {{\n nodepool_id = {nonsense:?}\n}}");
        site.write(&cloud.shared().text("slice_check", "off").beside(&check));
        site.workspace.plan().exits(1).says("nodepool_id");
    }
}

fn other_triggers_look_again(cloud: Cloud) {
    let site = Site::shared(cloud);
    let with = |trigger: &str| {
        let check = check(&site, &format!("triggers = {{ version = \"{trigger}\" }}"));
        cloud.shared().text("slice_check", "off").beside(&check)
    };
    site.settle(&with("1"));
    let nodes = site.asked("GET", "/api/v1/nodes").len();
    let plan = site.planned(&with("2"));
    assert_eq!(json::actions(&plan, site.address), ["no-op"]);
    assert_eq!(json::actions(&plan, CHECK), ["delete", "create"]);
    site.settle(&with("2")).says("1 added, 0 changed, 1 destroyed");
    assert!(site.asked("GET", "/api/v1/nodes").len() > nodes);
}

#[test]
fn slices_that_do_not_come_fail_the_apply_and_taint_the_check_alone() {
    let site = Site::at(Stack::Configured);
    let pool = |taints: &str| {
        let pool = Stack::Configured.shared().text("slice_check", "off").set("taints", taints);
        pool.beside(&check(&site, "timeout = \"2s\""))
    };
    site.write(&pool(TAINT));
    site.workspace
        .apply()
        .failure()
        .says("0 of 1 nodes offer the planned 4 nvidia.com/gpu")
        .says("it does not tolerate the taint team=ml:NoSchedule");
    assert!(site.knows_the_pool() && !site.workspace.is_tainted(site.address));
    assert_eq!(site.state()["status"], "ready");
    let uids = site.uids();
    // Once the cause is gone, only the check is made anew.
    let plan = site.planned(&pool("[]"));
    assert_eq!(json::actions(&plan, site.address), ["update"]);
    assert!(json::actions(&plan, CHECK).contains(&"create".to_owned()));
    site.settle(&pool("[]"));
    assert_eq!((site.uids(), site.creates().len(), site.deletes().len()), (uids, 1, 0));
}

#[test]
fn without_a_plugin_it_fails_with_the_values_to_install_and_later_passes() {
    let site = Site::at(Stack::Bare);
    let pool = Stack::Bare.shared().text("slice_check", "off").beside(&check(&site, "timeout = \"20s\""));
    site.write(&pool);
    site.workspace.apply().failure().says("config: name: gpuslice-device-plugin");
    assert!(!site.workspace.is_tainted(site.address));
    site.install_plugin();
    site.settle(&pool);
    assert_eq!((site.creates().len(), site.deletes().len()), (1, 0));
    site.workspace.destroy().success();
}

#[test]
fn a_cluster_that_cannot_be_asked_fails_it_with_the_cause() {
    for cloud in [Cloud::Aks, Cloud::Gke, Cloud::Eks] {
        let site = Site::shared(cloud);
        let pool = cloud.shared().text("slice_check", "off");
        site.settle(&pool);
        site.trouble("permission", json!({"resource": "nodes", "verb": "list"}), &json!({}));
        let with = pool.beside(&check(&site, "timeout = \"20s\""));
        site.write(&with);
        site.workspace.apply().failure().says("list nodes").says("403");
        assert!(!site.workspace.is_tainted(site.address));
        site.sandbox.clear_faults();
        site.settle(&with);
    }
}

/// A pool that is made by something else, known by its id alone.
#[test]
fn the_pool_may_belong_to_another_configuration() {
    let site = Site::cut(Cloud::Aks);
    site.settle(&Pool::aks());
    let provider = crate::mig_pool::PROVIDER;
    let elsewhere = crate::support::Workspace::on(&site.sandbox);
    let id = site.cloud.id(site.cluster, crate::mig_pool::NAME);
    elsewhere.write(
        "main.tf",
        &format!("{provider}resource \"gpuslice_slice_check\" \"check\" {{\n nodepool_id = {id:?}\n}}\n"),
    );
    elsewhere.apply().success();
    elsewhere.assert_empty_plan();
    assert_eq!(elsewhere.attributes(CHECK)["triggers"], Value::Null);
}
