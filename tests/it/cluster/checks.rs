//! Slices that do not come: the apply says what is wrong and how to mend it, and harms nothing.

use std::time::Duration;

use serde_json::{Value, json};

use super::site::{Site, Stack};
use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_pool::{NAME, POOL, Pool};
use crate::support::json;

on_every_cloud!(nobody_looks_where_the_check_is_off, another_kind_of_check_is_refused);

/// The device plugin does not come to nodes with this taint.
const TAINT: &str = r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#;

fn nobody_looks_where_the_check_is_off(cloud: Cloud) {
    let site = Site::shared(cloud);
    let off = cloud.shared().text("slice_check", "off");
    let change = json::change(&site.planned(&off), site.address).clone();
    assert_eq!(change["after"]["allocatable_slices"], Value::Null);
    assert_eq!(change["after_unknown"].get("allocatable_slices"), None);
    site.settle(&off);
    let nodes = || site.asked("GET", "/api/v1/nodes").len();
    assert_eq!((site.state()["allocatable_slices"].clone(), nodes()), (Value::Null, 0));
    // To look from now on is no reason to look now.
    let writes = || site.key_writes() + site.puts().len() + site.creates().len();
    let before = writes();
    site.settle(&cloud.shared());
    assert_eq!((site.state()["slice_check"].clone(), nodes(), writes()), (json!("warn"), 0, before));
    site.update(&cloud.shared().set("replicas", "2"));
    assert_eq!(site.state()["allocatable_slices"], 2);
}

fn another_kind_of_check_is_refused(cloud: Cloud) {
    let site = Site::shared(cloud);
    for (name, value, says) in [
        ("slice_check", "fail", r#""warn", "off""#),
        ("slice_check_timeout", "soon", "slice_check_timeout"),
        ("slice_check_timeout", "90", "slice_check_timeout"),
        ("slice_check_timeout", "-1s", "slice_check_timeout"),
    ] {
        site.write(&cloud.shared().text(name, value));
        site.workspace.plan().exits(1).says(name).says(says);
    }
}

#[test]
fn slices_that_do_not_come_are_a_warning_with_the_cause() {
    let site = Site::at(Stack::Configured);
    let pool = Stack::Configured.shared().set("taints", TAINT).text("slice_check_timeout", "2s");
    site.write(&pool);
    site.workspace
        .apply()
        .success()
        .says("0 of 1 nodes offer the planned 4 nvidia.com/gpu")
        .says("it does not tolerate the taint team=ml:NoSchedule")
        .says("nvidia-device-plugin/nvidia-device-plugin");
    site.workspace.assert_empty_plan();
    let state = site.state();
    assert_eq!((&state["allocatable_slices"], &state["status"]), (&json!(0), &json!("ready")));
    assert!(!site.workspace.is_tainted(site.address));
    site.assert_key_in_place();
    // What is wrong is mended, and the next change that concerns slices finds them.
    site.update(&pool.unset("taints").set("replicas", "8")).keeps_nodes();
    assert_eq!(site.state()["allocatable_slices"], 8);
}

#[test]
fn too_few_slices_are_told_with_their_number() {
    let site = Site::at(Stack::Configured);
    let pool = Stack::Configured.shared();
    site.settle(&pool);
    // The key is taken away again just before the nodes are told of it.
    let theirs = json!({"cloud": "aks", "method": "PUT", "path": "/agentPools/"});
    let (namespace, name) = site.config_map().split_once('/').expect("namespace/name");
    site.settle(&pool.clone().set("replicas", "8"));
    let key = site.key();
    site.settle(&pool);
    site.sandbox.actor(json!({
        "kind": "edit_config_map", "cluster": site.cluster, "namespace": namespace, "name": name,
        "remove": [key], "when": {"before": theirs},
    }));
    let eight = pool.set("replicas", "8").text("slice_check_timeout", "2s");
    site.write(&eight);
    site.workspace.apply().success().says("0 of 1 nodes offer the planned 8 nvidia.com/gpu").says(&key);
    let seen = site.state()["allocatable_slices"].as_u64().expect("the number that was seen");
    assert!(seen < 8, "{seen}");
    // The key is missing, so there is something to mend.
    site.heals();
    site.assert_key_in_place();
    // A plugin that has read nothing under that key reads it when it starts anew.
    site.restart_plugins();
    site.await_offered(NAME, 8);
}

#[test]
fn a_check_never_outlives_its_own_limit() {
    let site = Site::at(Stack::Configured);
    let pool = Stack::Configured.shared().set("taints", TAINT).text("slice_check_timeout", "1s");
    site.write(&pool);
    let mut apply = site.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the pool is ready", crate::mig_desk::SOON, |_| {
        site.exists(site.cluster) && site.properties()["provisioningState"] == "Succeeded"
    });
    let ready = apply.elapsed();
    apply.wait_until_said("0 of 1 nodes", Duration::from_secs(15));
    assert!(apply.elapsed() - ready < Duration::from_secs(15));
    apply.wait_with_timeout(crate::mig_desk::SOON).success();
}

#[test]
fn a_pool_without_nodes_is_not_verified_and_no_fault() {
    for cloud in [Cloud::Aks, Cloud::Gke, Cloud::Eks] {
        let site = Site::shared(cloud);
        site.settle(&cloud.shared().set("node_count", "0"));
        assert!(site.state()["allocatable_slices"].is_null());
        site.update(&cloud.shared().set("node_count", "1"));
        assert_eq!(site.state()["allocatable_slices"], 4);
    }
}

#[test]
fn a_plugin_that_was_removed_is_told_with_the_values_to_install() {
    let mut site = Site::at(Stack::Configured);
    site.address = POOL;
    site.sandbox.actor(json!({"kind": "remove_plugin", "cluster": site.cluster}));
    let applied = site.settle(&Pool::aks());
    applied.says("Install NVIDIA's device plugin").says("config: name: gpuslice-device-plugin");
    assert!(site.state()["allocatable_slices"].is_null());
    assert!(!site.workspace.is_tainted(POOL));
    site.sandbox.actor(json!({"kind": "install_plugin", "cluster": site.cluster, "config_map": "nvidia-device-plugin-configs"}));
    site.await_offered("foreigngpu", 1);
}

#[test]
fn two_plugins_on_one_node_are_told() {
    let site = Site::at(Stack::Twice);
    let pool = Stack::Twice.shared().text("slice_check_timeout", "2s");
    site.write(&pool);
    let applied = site.workspace.apply().success();
    // Which of the two has the last word on the node is luck.
    if site.state()["allocatable_slices"] != 4 {
        applied
            .says("More than one device plugin announces the GPUs")
            .says("kube-system/nvidia-device-plugin-daemonset");
    }
    site.workspace.assert_empty_plan();
    site.assert_others_untouched();
}

#[test]
fn nobody_who_may_not_look_at_nodes_is_kept_from_making_pools() {
    for cloud in [Cloud::Aks, Cloud::Gke, Cloud::Eks] {
        let site = Site::shared(cloud);
        site.trouble("permission", json!({"resource": "nodes"}), &json!({}));
        site.write(&cloud.shared());
        site.workspace.apply().success().says("list nodes").says("403");
        site.workspace.assert_empty_plan();
        assert!(site.state()["allocatable_slices"].is_null());
        assert!(!site.workspace.is_tainted(site.address));
        site.sandbox.clear_faults();
        site.update(&cloud.shared().set("replicas", "2"));
        assert_eq!(site.state()["allocatable_slices"], 2);
    }
}
