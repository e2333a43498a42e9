//! How pools of GKE come and stand over the zones of a region, and on every machine that can be cut.

use serde_json::json;

use crate::mig_desk::{Desk, slices};
use crate::mig_pool::{POOL, Pool, REGIONAL};
use crate::support::json;

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
fn an_autoscaled_pool_in_a_region_has_totals() {
    let desk = Desk::new();
    let scaling = "{ min_nodes = 2, max_nodes = 7 }";
    desk.settle(&Pool::regional().unset("node_count").set("autoscaling", scaling));
    assert_eq!(desk.nodes().len(), 2);
    let live = desk.live(REGIONAL)["autoscaling"].clone();
    assert_eq!((&live["totalMinNodeCount"], &live["totalMaxNodeCount"]), (&json!(2), &json!(7)), "{live:#}");
}
