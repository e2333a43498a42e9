//! What a pool says of itself: figures, what a workload pastes, and what was sent to the cloud.

use serde_json::{Value, json};

use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool, ZONAL};
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
fn a_pod_that_pastes_the_scheduling_lands_on_the_pool_and_nowhere_else() {
    let desk = Desk::new();
    let taints =
        r#"[{ key = "team", value = "ml", effect = "NoExecute" }, { key = "quiet", effect = "NoSchedule" }]"#;
    let pool = Pool::zonal().text("capacity_type", "spot").set("taints", taints);
    let planned = json::change(&desk.planned(&pool), POOL)["after"]["scheduling"].clone();
    desk.settle(&pool);
    let scheduling = desk.state()["scheduling"].clone();
    assert_eq!(planned, scheduling, "it was known at plan");
    assert_eq!(scheduling["resource_limits"], json!({"nvidia.com/gpu": "1"}));
    let selector = scheduling["node_selector"].as_object().expect("a map").clone();
    assert_eq!(selector["gpuslice/profile"], "1g.5gb");
    assert_eq!(selector["gpuslice/sharing"], "none");

    let selected = |node: &Value| selector.iter().all(|(key, value)| node["labels"][key] == *value);
    let tolerations = scheduling["tolerations"].as_array().expect("a list").clone();
    let tolerated = |taint: &Value| {
        let same = |toleration: &&Value| {
            ["key", "value", "effect"].iter().all(|part| toleration[part] == taint[part])
        };
        tolerations.iter().find(same).is_some_and(|toleration| toleration["operator"] == "Equal")
    };
    let nodes = desk.sandbox.nodes(ZONAL);
    let (ours, others): (Vec<_>, Vec<_>) = nodes.iter().partition(|node| node["pool"] == "mig");
    assert!(ours.iter().all(|node| selected(node)) && !others.iter().any(|node| selected(node)));
    for node in ours {
        let taints = node["taints"].as_array().expect("a list");
        assert!(taints.len() >= 3, "the GPU taint and ours: {taints:?}");
        assert!(taints.iter().all(tolerated), "{taints:#?} against {tolerations:#?}");
    }
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

#[test]
fn the_providers_default_labels_and_tags_reach_every_pool() {
    let desk = Desk::new();
    let provider = |team: &str| {
        format!(
            "provider \"gpuslice\" {{\n default_labels = {{ team = \"{team}\", tier = \"gpu\" }}\n \
             default_tags = {{ owner = \"{team}\" }}\n}}"
        )
    };
    let pool = |team: &str| Pool::zonal().set("labels", r#"{ tier = "own" }"#).beside(&provider(team));
    desk.settle(&pool("ml"));
    assert_eq!(desk.state()["labels"], json!({"tier": "own"}));
    let labels = desk.nodes()[0]["labels"].clone();
    assert_eq!((&labels["team"], &labels["tier"]), (&json!("ml"), &json!("own")));
    assert_eq!(desk.live(ZONAL)["config"]["resourceLabels"]["owner"], "ml");
    desk.update(&pool("infra")).keeps_nodes();
    assert_eq!(desk.nodes()[0]["labels"]["team"], "infra");
    assert_eq!(desk.live(ZONAL)["config"]["resourceLabels"]["owner"], "infra");
    assert_eq!(desk.state()["effective_labels"]["team"], "infra");
    // Taken away from the provider block, they are taken from the pool.
    desk.update(&Pool::zonal().set("labels", r#"{ tier = "own" }"#)).keeps_nodes();
    assert!(desk.nodes()[0]["labels"]["team"].is_null());
    assert!(desk.live(ZONAL)["config"]["resourceLabels"]["owner"].is_null());
}
