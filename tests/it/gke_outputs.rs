//! What a pool of GKE says of itself: NVIDIA's figures, and what was sent to Google.

use serde_json::{Value, json};

use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool};
use crate::support::json;

/// A figure that need not be exact to the last binary place.
#[track_caller]
fn near(value: &Value, expected: f64) {
    let seen = value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    assert!((seen - expected).abs() < 0.001, "{seen} instead of {expected}");
}

#[test]
fn seven_small_slices_have_nvidias_figures() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let slices = desk.state()["slices"].clone();
    assert_eq!(
        (&slices["per_gpu"], &slices["per_node"], &slices["total"]),
        (&json!(7), &json!(7), &json!(7))
    );
    // Usable, which is less than the 5 in the profile's name.
    near(&slices["memory_gib"], 4.75);
    assert_eq!(slices["sm_count"], 14);
    near(&slices["compute_share"], 14.0 / 98.0);
    near(&slices["wasted_memory_gib"], 39.25 - 7.0 * 4.75);
    near(&slices["wasted_compute"], 0.0);
    assert_eq!(slices["resource_name"], "nvidia.com/gpu");
}

#[test]
fn two_large_slices_leave_a_seventh_of_the_gpu_idle() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal().text("machine_type", "a2-highgpu-2g").text("mig_profile", "3g.20gb"));
    let slices = desk.state()["slices"].clone();
    assert_eq!(
        (&slices["per_gpu"], &slices["per_node"], &slices["total"]),
        (&json!(2), &json!(4), &json!(4))
    );
    near(&slices["memory_gib"], 19.5);
    near(&slices["compute_share"], 42.0 / 98.0);
    near(&slices["wasted_memory_gib"], 39.25 - 2.0 * 19.5);
    near(&slices["wasted_compute"], 14.0 / 98.0);
}

#[test]
fn native_and_effective_are_what_was_sent() {
    let desk = Desk::new();
    let pool = Pool::zonal().set("labels", r#"{ team = "ml" }"#).set("tags", r#"{ cost = "research" }"#);
    let planned = json::change(&desk.planned(&pool), POOL)["after"].clone();
    desk.settle(&pool);
    let state = desk.state();
    let sent = desk.creates()[0]["request_body"]["nodePool"]["config"].clone();
    assert_eq!(state["effective_labels"], sent["labels"]);
    assert_eq!(state["effective_tags"], sent["resourceLabels"]);
    assert_eq!(state["effective_labels"]["team"], "ml");
    assert_eq!(state["effective_labels"]["nvidia.com/gpu.deploy.operands"], "false");
    let native = state["native"].as_object().expect("a map");
    assert_eq!(native["gpuPartitionSize"], "1g.5gb");
    assert_eq!(native["acceleratorType"], "nvidia-tesla-a100");
    for (name, value) in native {
        assert_eq!(sent["accelerators"][0][name], *value, "{name}");
    }
    for name in ["native", "effective_labels", "effective_tags"] {
        assert_eq!(planned[name], state[name], "{name} was known at plan");
    }
}

#[test]
fn the_gpu_taint_is_sent_once_and_is_not_the_users() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let sent = desk.creates()[0]["request_body"]["nodePool"]["config"]["taints"].clone();
    assert_eq!(sent, json!([{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]));
    assert!(desk.state()["taints"].is_null());
    assert_eq!(
        desk.nodes()[0]["taints"],
        json!([{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}])
    );
}
