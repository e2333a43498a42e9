//! What a pool says of itself: figures, what a workload pastes, and what was sent to the cloud.

use serde_json::{Value, json};

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, POOL};
use crate::support::json;

on_every_cloud!(
    a_pod_that_pastes_the_scheduling_lands_on_the_pool_and_nowhere_else,
    the_providers_default_labels_and_tags_reach_every_pool,
);

fn a_pod_that_pastes_the_scheduling_lands_on_the_pool_and_nowhere_else(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let taints =
        r#"[{ key = "team", value = "ml", effect = "NoExecute" }, { key = "quiet", effect = "NoSchedule" }]"#;
    let pool = cloud.pool().text("capacity_type", "spot").set("taints", taints);
    let planned = json::change(&desk.planned(&pool), POOL)["after"]["scheduling"].clone();
    desk.settle(&pool);
    let scheduling = desk.state()["scheduling"].clone();
    assert_eq!(planned, scheduling, "it was known at plan");
    assert_eq!(scheduling["resource_limits"], json!({"nvidia.com/gpu": "1"}));
    let selector = scheduling["node_selector"].as_object().expect("a map").clone();
    assert_eq!(selector["gpuslice/profile"], cloud.seventh());
    assert_eq!(selector["gpuslice/sharing"], "none");

    let selected = |node: &Value| selector.iter().all(|(key, value)| node["labels"][key] == *value);
    let tolerations = scheduling["tolerations"].as_array().expect("a list").clone();
    let tolerated = |taint: &Value| {
        let same = |toleration: &&Value| {
            ["key", "value", "effect"].iter().all(|part| toleration[part] == taint[part])
        };
        tolerations.iter().find(same).is_some_and(|toleration| toleration["operator"] == "Equal")
    };
    let nodes = desk.sandbox.nodes(cloud.home());
    let (ours, others): (Vec<_>, Vec<_>) = nodes.iter().partition(|node| node["pool"] == NAME);
    assert!(ours.iter().all(|node| selected(node)) && !others.iter().any(|node| selected(node)));
    for node in ours {
        let taints = node["taints"].as_array().expect("a list");
        assert!(taints.len() >= 3, "the GPU taint and ours: {taints:?}");
        assert!(taints.iter().all(tolerated), "{taints:#?} against {tolerations:#?}");
    }
}

fn the_providers_default_labels_and_tags_reach_every_pool(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let provider = |team: &str| {
        format!(
            "provider \"gpuslice\" {{\n default_labels = {{ team = \"{team}\", tier = \"gpu\" }}\n \
             default_tags = {{ owner = \"{team}\" }}\n}}"
        )
    };
    let pool = |team: &str| cloud.pool().set("labels", r#"{ tier = "own" }"#).beside(&provider(team));
    desk.settle(&pool("ml"));
    assert_eq!(desk.state()["labels"], json!({"tier": "own"}));
    let labels = desk.nodes()[0]["labels"].clone();
    assert_eq!((&labels["team"], &labels["tier"]), (&json!("ml"), &json!("own")));
    assert_eq!(desk.live_tags()["owner"], "ml");
    desk.update(&pool("infra")).keeps_nodes();
    assert_eq!(desk.nodes()[0]["labels"]["team"], "infra");
    assert_eq!(desk.live_tags()["owner"], "infra");
    assert_eq!(desk.state()["effective_labels"]["team"], "infra");
    // Taken away from the provider block, they are taken from the pool.
    desk.update(&cloud.pool().set("labels", r#"{ tier = "own" }"#)).keeps_nodes();
    assert!(desk.nodes()[0]["labels"]["team"].is_null());
    assert!(desk.live_tags()["owner"].is_null());
}
