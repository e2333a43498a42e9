//! What changes in place on EKS alone, or is nobody's business but Terraform's: the nodes stay.

use serde_json::{Value, json};

use super::home::Home;
use crate::eks_pool::OPERATOR;
use crate::mig_pool::{Pool, SHARED};

#[test]
fn how_nodes_are_replaced() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    let with = |upgrade: &str| Pool::eks().set("upgrade", upgrade);
    home.update(&with("{ max_unavailable = \"2\" }")).keeps_nodes();
    assert_eq!(home.group()["updateConfig"]["maxUnavailable"], 2);
    home.update(&with("{ max_unavailable = \"50%\" }")).keeps_nodes();
    let config = home.group()["updateConfig"].clone();
    assert_eq!((&config["maxUnavailablePercentage"], &config["maxUnavailable"]), (&json!(50), &Value::Null));
    home.update(&with("{ max_unavailable = \"1\", max_surge = \"0\" }")).keeps_nodes();
    assert_eq!(home.group()["updateConfig"]["updateStrategy"], "MINIMAL");
    // Unset means unchanged.
    home.write(&Pool::eks());
    home.workspace.assert_empty_plan();
}

#[test]
fn repair_and_warm_pool() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    let repair = "node_repair = { enabled = true, max_parallel_count = 1 }";
    home.update(&Pool::eks().with(repair)).keeps_nodes();
    let live = home.group()["nodeRepairConfig"].clone();
    assert_eq!((&live["enabled"], &live["maxParallelNodesRepairedCount"]), (&json!(true), &json!(1)));
    let both = format!("{repair}, warm_pool = {{ enabled = true, min_size = 1, pool_state = \"STOPPED\" }}");
    home.update(&Pool::eks().with(&both)).keeps_nodes();
    let live = home.group()["warmPoolConfig"].clone();
    assert_eq!((&live["minSize"], &live["poolState"]), (&json!(1), &json!("STOPPED")));
    home.update(&Pool::eks().with(&format!("{repair}, warm_pool = {{ enabled = false }}"))).keeps_nodes();
    assert!(home.group()["warmPoolConfig"].is_null());
}

#[test]
fn what_eks_is_not_told_of() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    home.update(&Pool::eks().with("force_update = true")).keeps_nodes().calls_nothing();
    home.update(&Pool::eks()).keeps_nodes().calls_nothing();
    assert!(home.state()["eks"]["force_update"].is_null());
    assert_eq!(home.state()["eks"]["scale_down"], "drain");
    home.update(&Pool::eks().with("scale_down = \"immediate\"")).keeps_nodes().calls_nothing();
    assert_eq!(home.state()["eks"]["scale_down"], "immediate");
    // Who does not ask for it any more must not lose pods by it.
    home.update(&Pool::eks()).keeps_nodes().calls_nothing();
    assert_eq!(home.state()["eks"]["scale_down"], "drain");
}

#[test]
fn all_that_is_of_one_call_is_sent_in_one() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    let much = Pool::eks()
        .set("labels", "{ team = \"ml\" }")
        .set("taints", "[{ key = \"team\", value = \"ml\", effect = \"NoSchedule\" }]")
        .set("node_count", "2")
        .set("upgrade", "{ max_unavailable = \"2\" }");
    let update = home.update(&much).replaces_no_node();
    assert_eq!(update.bodies("/update-config").len(), 1, "{:#?}", update.requests);
    assert_eq!(home.machines().len(), 2);
    assert_eq!(home.machines()[0]["labels"]["team"], "ml");
}

/// What changes in a call of another service, or another call of the same, comes beside it.
#[test]
fn tags_of_the_group_are_those_of_the_template_and_reach_no_machine() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    home.update(&Pool::eks().set("tags", "{ cost = \"a\" }")).keeps_nodes();
    assert_eq!(home.group()["tags"]["cost"], "a");
    let _ = home.our_template();
    home.update(&Pool::eks()).keeps_nodes();
    assert!(home.group()["tags"]["cost"].is_null());
}

/// A changed key comes before the label that names it, and the old one goes when the nodes have the new one.
#[track_caller]
fn replicas_follow_the_label(home: &Home, pool: &Pool) {
    home.settle(&pool.clone().set("node_count", "2"));
    home.run_pod("work");
    let (before, old) = (home.pod("work"), home.state()["config_key"].clone());
    for (replicas, slices) in [("8", 16), ("2", 4)] {
        let changed = pool.clone().set("node_count", "2").set("replicas", replicas);
        let update = home.update(&changed).keeps_nodes();
        assert_eq!(update.bodies("/update-config").len(), 1, "{:#?}", update.requests);
        assert_eq!(home.state()["allocatable_slices"], slices);
        assert_eq!(home.offered("nvidia.com/gpu"), slices);
    }
    assert_eq!(home.pod("work"), before, "the pod noticed nothing");
    let key = home.state()["config_key"].clone();
    assert_ne!(key, old);
    for node in home.machines() {
        assert_eq!(node["labels"]["nvidia.com/device-plugin.config"], key);
    }
    assert_eq!(home.forms("CreateLaunchTemplateVersion").len(), 0);
}

#[test]
fn replicas_with_the_device_plugin() {
    replicas_follow_the_label(&Home::plugin(), &Pool::eks_plugin());
}

#[test]
fn replicas_with_the_operator() {
    let pool = Pool::eks_plugin().text("cluster_id", OPERATOR).with("gpu_stack = \"gpu_operator\"");
    replicas_follow_the_label(&Home::at(OPERATOR, SHARED), &pool);
}
