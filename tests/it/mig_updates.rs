//! Every attribute that changes in place: planned as an update, and the same pool with the same nodes afterwards.

use serde_json::{Value, json};

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::Desk;
use crate::mig_pool::Pool;

on_every_cloud!(
    labels_come_change_and_go_in_place,
    tags_come_change_and_go_in_place,
    taints_come_change_and_go_in_place,
    the_gpu_taint_goes_and_comes_in_place,
    a_pool_grows_and_shrinks_in_place,
    autoscaling_is_switched_on_moved_and_switched_off_in_place,
    switching_autoscaling_off_at_the_live_size_changes_no_size,
    on_incomplete_is_nobodys_business_but_terraforms,
    timeouts_are_nobodys_business_but_terraforms,
);

/// A desk with a pool that stands.
#[track_caller]
pub(crate) fn standing(cloud: Cloud, pool: &Pool) -> Desk {
    let desk = Desk::on(cloud);
    desk.settle(pool);
    desk
}

fn labels_come_change_and_go_in_place(cloud: Cloud) {
    let desk = standing(cloud, &cloud.pool());
    let with = |labels: &str| cloud.pool().set("labels", labels);
    desk.update(&with(r#"{ team = "ml", stage = "test" }"#)).keeps_nodes();
    let labels = desk.nodes()[0]["labels"].clone();
    assert_eq!((&labels["team"], &labels["stage"]), (&json!("ml"), &json!("test")));
    assert_eq!(labels["gpuslice/profile"], cloud.seventh(), "our own stay");
    desk.update(&with(r#"{ team = "infra" }"#)).keeps_nodes();
    let labels = desk.nodes()[0]["labels"].clone();
    assert_eq!((&labels["team"], &labels["stage"]), (&json!("infra"), &Value::Null));
    desk.update(&cloud.pool()).keeps_nodes();
    let labels = desk.live_labels();
    assert!(labels["team"].is_null() && labels["gpuslice/sharing"] == "none", "{labels:#}");
}

fn tags_come_change_and_go_in_place(cloud: Cloud) {
    let desk = standing(cloud, &cloud.pool());
    let with = |tags: &str| cloud.pool().set("tags", tags);
    desk.update(&with(r#"{ cost = "a", owner = "x" }"#)).keeps_nodes();
    desk.update(&with(r#"{ cost = "b" }"#)).keeps_nodes();
    let tags = desk.live_tags();
    assert_eq!((&tags["cost"], &tags["owner"]), (&json!("b"), &Value::Null));
    desk.update(&cloud.pool()).keeps_nodes();
    assert!(desk.live_tags()["cost"].is_null());
}

fn taints_come_change_and_go_in_place(cloud: Cloud) {
    let desk = standing(cloud, &cloud.pool());
    let with = |taints: &str| cloud.pool().set("taints", taints);
    let gpu = json!({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"});
    desk.update(&with(r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#)).keeps_nodes();
    let taints = desk.nodes()[0]["taints"].clone();
    assert!(taints.as_array().is_some_and(|taints| taints.len() == 2 && taints.contains(&gpu)), "{taints:#}");
    desk.update(&with(r#"[{ key = "team", effect = "PreferNoSchedule" }]"#)).keeps_nodes();
    let taints = desk.nodes()[0]["taints"].clone();
    let ours = json!({"key": "team", "value": "", "effect": "PreferNoSchedule"});
    assert!(
        taints.as_array().is_some_and(|taints| taints.len() == 2 && taints.contains(&ours)),
        "{taints:#}"
    );
    desk.update(&cloud.pool()).keeps_nodes();
    assert_eq!(desk.nodes()[0]["taints"], json!([gpu]));
}

fn the_gpu_taint_goes_and_comes_in_place(cloud: Cloud) {
    let desk = standing(cloud, &cloud.pool());
    desk.update(&cloud.pool().set("gpu_taint", "false")).keeps_nodes();
    assert_eq!(desk.nodes()[0]["taints"], json!([]));
    assert_eq!(desk.state()["scheduling"]["tolerations"], json!([]));
    desk.update(&cloud.pool()).keeps_nodes();
    assert_eq!(desk.nodes()[0]["taints"][0]["key"], "nvidia.com/gpu");
}

fn a_pool_grows_and_shrinks_in_place(cloud: Cloud) {
    let desk = standing(cloud, &cloud.pool().set("node_count", "2"));
    let sized = |nodes: u32| cloud.pool().set("node_count", &nodes.to_string());
    let grown = desk.update(&sized(4)).replaces_no_node();
    assert_eq!(grown.requests.len(), 1, "{:#?}", grown.requests);
    assert_eq!((desk.uids().len(), &desk.state()["slices"]["total"]), (4, &json!(28)));
    desk.update(&sized(1)).replaces_no_node();
    assert_eq!((desk.uids().len(), &desk.state()["slices"]["total"]), (1, &json!(7)));
    // Unset keeps what is there.
    desk.write(&cloud.pool());
    desk.workspace.assert_empty_plan();
}

fn autoscaling_is_switched_on_moved_and_switched_off_in_place(cloud: Cloud) {
    let desk = standing(cloud, &cloud.pool().set("node_count", "2"));
    let scaled = |limits: &str| cloud.pool().set("autoscaling", limits);
    desk.update(&scaled("{ min_nodes = 1, max_nodes = 4 }")).keeps_nodes();
    assert_eq!(desk.live_limits(), Some((1, 4)));
    assert!(desk.state()["node_count"].is_null());
    desk.update(&scaled("{ min_nodes = 0, max_nodes = 6 }")).keeps_nodes();
    assert_eq!(desk.live_limits(), Some((0, 6)));

    desk.write(&cloud.pool());
    let refused = desk.workspace.plan().exits(1);
    refused.says("node_count");
    desk.update(&cloud.pool().set("node_count", "3")).replaces_no_node();
    assert_eq!(desk.live_limits(), None);
    assert_eq!(desk.uids().len(), 3);
}

fn switching_autoscaling_off_at_the_live_size_changes_no_size(cloud: Cloud) {
    let desk = standing(cloud, &cloud.pool().set("autoscaling", "{ min_nodes = 2, max_nodes = 4 }"));
    desk.update(&cloud.pool().set("node_count", "2")).keeps_nodes();
    assert_eq!(desk.state()["slices"]["total"], 14);
}

fn on_incomplete_is_nobodys_business_but_terraforms(cloud: Cloud) {
    let desk = standing(cloud, &cloud.pool());
    desk.update(&cloud.pool().text("on_incomplete", "fail")).keeps_nodes().calls_nothing();
    desk.update(&cloud.pool()).keeps_nodes().calls_nothing();
}

fn timeouts_are_nobodys_business_but_terraforms(cloud: Cloud) {
    let desk = standing(cloud, &cloud.pool());
    desk.update(&cloud.pool().timeouts("create = \"90m\"\n update = \"1h30m\""))
        .keeps_nodes()
        .calls_nothing();
    desk.update(&cloud.pool()).keeps_nodes().calls_nothing();
}
