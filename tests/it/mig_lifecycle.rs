//! A pool comes, stands and goes, and what was planned is what there is.

use serde_json::json;

use crate::mig_desk::{Desk, slices};
use crate::mig_pool::{NAME, POOL, Pool, REGIONAL, ZONAL};
use crate::support::{Sandbox, Workspace, json};

#[test]
fn a_zonal_pool_is_created_stands_and_is_destroyed() {
    let desk = Desk::new();

    desk.settle(&Pool::zonal().set("node_count", "2")).says("Resources: 1 added, 0 changed, 0 destroyed");
    let state = desk.state();
    assert_eq!(state["id"], format!("{ZONAL}/nodePools/{NAME}"));
    assert_eq!((&state["cloud"], &state["status"]), (&json!("gke"), &json!("ready")));
    assert_eq!(state["slices"]["total"], 14);
    assert_eq!(desk.uids().len(), 2);
    desk.await_slices(14);
    assert_eq!(desk.creates().len(), 1);

    desk.workspace.destroy().success().says("Resources: 1 destroyed");
    assert!(!desk.knows_the_pool() && !desk.exists(ZONAL));
    assert_eq!(desk.nodes(), Vec::<serde_json::Value>::new());
    assert_eq!(desk.deletes().len(), 1);
}

#[test]
fn a_regional_pool_counts_its_nodes_over_all_its_zones() {
    let desk = Desk::new();
    desk.settle(&Pool::regional().set("node_count", "4"));
    let nodes = desk.nodes();
    for zone in ["us-central1-a", "us-central1-b"] {
        assert_eq!(nodes.iter().filter(|node| node["zone"] == zone).count(), 2, "{zone}");
    }
    assert_eq!(nodes.len(), 4);
    let state = desk.state();
    assert_eq!((&state["node_count"], &state["slices"]["total"]), (&json!(4), &json!(28)));
    desk.await_slices(28);
    desk.workspace.destroy().success();
    assert!(!desk.exists(REGIONAL));
}

#[test]
fn a_pool_in_one_zone_of_a_region_needs_no_size() {
    let desk = Desk::new();
    desk.settle(&Pool::regional().set("zones", r#"["us-central1-c"]"#).unset("node_count"));
    let zones: Vec<_> = desk.nodes().iter().map(|node| node["zone"].clone()).collect();
    assert_eq!(zones, ["us-central1-c"]);
    assert_eq!(desk.state()["node_count"], 1);
}

#[test]
fn an_empty_pool_is_a_pool() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal().set("node_count", "0"));
    assert_eq!(desk.state()["slices"]["total"], 0);
    assert_eq!(desk.live(ZONAL)["status"], "RUNNING");
    let grown = Pool::zonal().set("node_count", "1");
    desk.update(&grown);
    desk.await_slices(7);
}

#[test]
fn what_the_nodes_offer_is_what_was_planned() {
    for (machine_type, profile, per_gpu, per_node) in [
        ("a2-highgpu-2g", "3g.20gb", 2, 4),
        ("a2-ultragpu-1g", "1g.10gb", 7, 7),
        ("a3-highgpu-8g", "1g.20gb", 4, 32),
        ("a3-ultragpu-8g", "1g.18gb", 7, 56),
        ("g4-standard-48", "2g.48gb", 2, 2),
        ("g4-standard-96", "4g.96gb", 1, 2),
    ] {
        let desk = Desk::new();
        let pool = Pool::zonal().text("machine_type", machine_type).text("mig_profile", profile);
        let planned = json::change(&desk.planned(&pool), POOL)["after"]["slices"].clone();
        assert_eq!(
            (&planned["per_gpu"], &planned["per_node"]),
            (&json!(per_gpu), &json!(per_node)),
            "{profile}"
        );
        desk.settle(&pool);
        desk.await_slices(per_node);
        assert!(desk.nodes().iter().all(|node| slices(node) == per_node), "{machine_type} {profile}");
        assert_eq!(desk.state()["slices"], planned);
    }
}

#[test]
fn an_autoscaled_pool_has_no_count_of_its_own() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal().set("autoscaling", "{ min_nodes = 0, max_nodes = 3 }"));
    let state = desk.state();
    assert!(state["node_count"].is_null() && state["slices"]["total"].is_null(), "{state:#}");
    assert_eq!(state["slices"]["per_node"], 7);
    assert_eq!(desk.nodes().len(), 0);
    let live = desk.live(ZONAL);
    assert_eq!(live["autoscaling"]["enabled"], true);
    assert_eq!(live["autoscaling"]["totalMaxNodeCount"], 3, "limits are those of the whole pool: {live:#}");
    // The autoscaler's own work is never a difference.
    desk.actor("resize", ZONAL, &json!({"node_count": 2}));
    desk.workspace.assert_empty_plan();
    desk.await_slices(14);
    desk.workspace.destroy().success();
    assert!(!desk.exists(ZONAL));
}

#[test]
fn an_autoscaled_pool_begins_with_its_initial_nodes() {
    let desk = Desk::new();
    let scaling = |initial: u32| format!("{{ min_nodes = 0, max_nodes = 4, initial_nodes = {initial} }}");
    desk.settle(&Pool::zonal().set("autoscaling", &scaling(2)));
    let nodes = desk.uids();
    assert_eq!(nodes.len(), 2);
    // At creation only.
    desk.update(&Pool::zonal().set("autoscaling", &scaling(3))).keeps_nodes().calls_nothing();
}

#[test]
fn an_autoscaled_pool_in_a_region_has_totals() {
    let desk = Desk::new();
    let scaling = "{ min_nodes = 2, max_nodes = 7 }";
    desk.settle(&Pool::regional().unset("node_count").set("autoscaling", scaling));
    assert_eq!(desk.nodes().len(), 2);
    let live = desk.live(REGIONAL)["autoscaling"].clone();
    assert_eq!((&live["totalMinNodeCount"], &live["totalMaxNodeCount"]), (&json!(2), &json!(7)), "{live:#}");
}

#[test]
fn a_spot_pool_is_one_at_the_cloud() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal().text("capacity_type", "spot"));
    assert_eq!(desk.live(ZONAL)["config"]["spot"], true);
    assert_eq!(desk.nodes()[0]["labels"]["cloud.google.com/gke-spot"], "true");
}

#[test]
fn many_pools_at_once_share_the_clusters_operations() {
    let desk = Desk::with_latency("300ms");
    // GKE takes five operations at a time.
    let pool =
        Pool::zonal().set("for_each", "toset([for i in range(8) : \"p${i}\"])").set("name", "each.key");
    desk.settle(&pool).says("Resources: 8 added");
    assert_eq!(desk.creates().len(), 8);
    desk.workspace.destroy().success().says("Resources: 8 destroyed");
}

#[test]
fn the_installed_provider_creates_and_destroys_a_pool() {
    let sandbox = Sandbox::with_latency("100ms");
    let mut workspace = Workspace::with_mirror();
    workspace.set_env("GPUSLICE_SANDBOX", sandbox.url());
    // A proxy that nobody answers: whatever asked the network would fail.
    workspace.set_env("HTTPS_PROXY", "http://127.0.0.1:9");
    workspace.write("main.tf", &Pool::zonal().hcl());
    workspace.init().success();
    workspace.validate().success();
    workspace.apply().success().says("Resources: 1 added");
    workspace.assert_empty_plan();
    workspace.destroy().success().says("Resources: 1 destroyed");
}
