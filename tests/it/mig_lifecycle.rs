//! A pool comes, stands and goes, and what was planned is what there is.

use serde_json::json;

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::Desk;
use crate::mig_pool::NAME;
use crate::support::{Sandbox, Workspace};

on_every_cloud!(
    a_pool_is_created_stands_and_is_destroyed,
    an_empty_pool_is_a_pool,
    an_autoscaled_pool_has_no_count_of_its_own,
    an_autoscaled_pool_begins_with_its_initial_nodes,
    a_spot_pool_is_one_at_the_cloud,
    many_pools_at_once_share_the_operations_of_the_cluster,
    the_installed_provider_creates_and_destroys_a_pool,
);

fn a_pool_is_created_stands_and_is_destroyed(cloud: Cloud) {
    let desk = Desk::on(cloud);

    desk.settle(&cloud.pool().set("node_count", "2")).says("Resources: 1 added, 0 changed, 0 destroyed");
    let state = desk.state();
    assert_eq!(state["id"], cloud.id(cloud.home(), NAME));
    assert_eq!((&state["cloud"], &state["status"]), (&json!(cloud.name()), &json!("ready")));
    assert_eq!(state["slices"]["total"], 14);
    assert_eq!(desk.uids().len(), 2);
    desk.await_slices(14);
    assert_eq!(desk.creates().len(), 1);

    desk.workspace.destroy().success().says("Resources: 1 destroyed");
    assert!(!desk.knows_the_pool() && !desk.exists(cloud.home()));
    assert_eq!(desk.nodes(), Vec::<serde_json::Value>::new());
    assert_eq!(desk.deletes().len(), 1);
}

fn an_empty_pool_is_a_pool(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool().set("node_count", "0"));
    assert_eq!(desk.state()["slices"]["total"], 0);
    desk.await_ready();
    let grown = cloud.pool().set("node_count", "1");
    desk.update(&grown);
    desk.await_slices(7);
}

fn an_autoscaled_pool_has_no_count_of_its_own(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool().set("autoscaling", "{ min_nodes = 0, max_nodes = 3 }"));
    let state = desk.state();
    assert!(state["node_count"].is_null() && state["slices"]["total"].is_null(), "{state:#}");
    assert_eq!(state["slices"]["per_node"], 7);
    assert_eq!(desk.nodes().len(), 0);
    assert_eq!(desk.live_limits(), Some((0, 3)), "limits are those of the whole pool");
    // The autoscaler's own work is never a difference.
    desk.actor("resize", cloud.home(), &json!({"node_count": 2}));
    desk.workspace.assert_empty_plan();
    desk.await_slices(14);
    desk.workspace.destroy().success();
    assert!(!desk.exists(cloud.home()));
}

fn an_autoscaled_pool_begins_with_its_initial_nodes(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let scaling = |initial: u32| format!("{{ min_nodes = 0, max_nodes = 4, initial_nodes = {initial} }}");
    desk.settle(&cloud.pool().set("autoscaling", &scaling(2)));
    let nodes = desk.uids();
    assert_eq!(nodes.len(), 2);
    // At creation only.
    desk.update(&cloud.pool().set("autoscaling", &scaling(3))).keeps_nodes().calls_nothing();
}

fn a_spot_pool_is_one_at_the_cloud(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool().text("capacity_type", "spot"));
    assert!(desk.live_spot());
    let (label, value) = cloud.spot_label();
    assert_eq!(desk.nodes()[0]["labels"][label], value);
}

fn many_pools_at_once_share_the_operations_of_the_cluster(cloud: Cloud) {
    let desk = Desk::on_with_latency(cloud, "300ms");
    // More than any cloud takes at a time: GKE five operations, AKS one.
    let pool = cloud.pool().set("for_each", "toset([for i in range(8) : \"p${i}\"])").set("name", "each.key");
    desk.settle(&pool).says("Resources: 8 added");
    assert_eq!(desk.creates().len(), 8);
    desk.workspace.destroy().success().says("Resources: 8 destroyed");
}

fn the_installed_provider_creates_and_destroys_a_pool(cloud: Cloud) {
    let sandbox = Sandbox::with_latency("100ms");
    let mut workspace = Workspace::with_mirror();
    workspace.set_env("GPUSLICE_SANDBOX", sandbox.url());
    // A proxy that nobody answers: whatever asked the network would fail.
    workspace.set_env("HTTPS_PROXY", "http://127.0.0.1:9");
    workspace.write("main.tf", &cloud.pool().hcl());
    workspace.init().success();
    workspace.validate().success();
    workspace.apply().success().says("Resources: 1 added");
    workspace.assert_empty_plan();
    workspace.destroy().success().says("Resources: 1 destroyed");
}
