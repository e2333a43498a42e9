//! Empty, null and odd: what modules write without thinking of it.

use serde_json::json;

use crate::mig_desk::{Desk, slices};
use crate::mig_pool::{NAME, POOL, Pool, REGIONAL, ZONAL};
use crate::mig_refusals::offline;
use crate::support::json;

#[test]
fn empty_collections_are_as_good_as_none() {
    let desk = Desk::new();
    let empty = Pool::zonal().set("labels", "{}").set("tags", "{}").set("taints", "[]");
    desk.settle(&empty);
    // From empty to none and back is nothing to ask the cloud for.
    let before = desk.changes(0).len();
    for pool in [&Pool::zonal(), &empty] {
        desk.write(pool);
        desk.workspace.apply().success();
        desk.workspace.assert_empty_plan();
    }
    assert_eq!(desk.changes(before), Vec::<serde_json::Value>::new());
}

#[test]
fn nulls_are_as_good_as_silence() {
    let desk = Desk::new();
    let mut pool = Pool::zonal().set("labels", r#"{ team = "ml", stage = null }"#);
    for attribute in
        ["gpu", "autoscaling", "zones", "tags", "taints", "upgrade", "gke", "on_incomplete", "gpu_taint"]
    {
        pool = pool.set(attribute, "null");
    }
    desk.settle(&pool);
    let labels = desk.live(ZONAL)["config"]["labels"].clone();
    assert!(labels["team"] == "ml" && labels["stage"].is_null(), "{labels:#}");
    desk.write(&Pool::zonal().set("labels", r#"{ team = "ml" }"#));
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
}

#[test]
fn an_empty_value_is_a_value() {
    let desk = Desk::new();
    let pool = Pool::zonal()
        .set("labels", r#"{ team = "" }"#)
        .set("taints", r#"[{ key = "a", effect = "NoExecute" }]"#);
    desk.settle(&pool);
    assert_eq!(desk.nodes()[0]["labels"]["team"], "");
    assert_eq!(desk.state()["taints"], json!([{"key": "a", "value": "", "effect": "NoExecute"}]));
}

#[test]
fn a_profile_with_an_attribute_is_one_in_either_spelling() {
    let desk = Desk::new();
    let with =
        |profile: &str| Pool::zonal().text("machine_type", "g4-standard-48").text("mig_profile", profile);
    desk.settle(&with("1g.24gb+gfx"));
    let sent = desk.creates()[0]["request_body"]["nodePool"]["config"].clone();
    assert_eq!(sent["accelerators"][0]["gpuPartitionSize"], "1g.24gb.gfx");
    assert_eq!(sent["labels"]["gpuslice/profile"], "1g.24gb.gfx");
    desk.await_slices(4);
    assert_eq!(slices(&desk.nodes()[0]), 4);
    desk.write(&with("1g.24gb.gfx"));
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_first_size_that_does_not_divide_is_rounded_up_with_a_warning() {
    let desk = Desk::new();
    let scaling = "{ min_nodes = 0, max_nodes = 6, initial_nodes = 3 }";
    let pool = Pool::regional().unset("node_count").set("autoscaling", scaling);
    desk.write(&pool);
    desk.workspace.plan().exits(2).says("initial_nodes");
    desk.settle(&pool);
    assert_eq!(desk.nodes().len(), 4, "two in each zone");
}

#[test]
fn two_pools_that_get_one_name_are_one_pool_and_an_error_that_says_why() {
    let desk = Desk::new();
    let pool = Pool::zonal().unset("name").text("name_prefix", "mig-").set("count", "2");
    desk.write(&pool);
    let refused = desk.workspace.apply().failure();
    refused.says("name_prefix").says("import {");
    assert_eq!(desk.creates().len(), 1);
    assert_eq!(json::addresses(&desk.workspace.show_json()).len(), 1, "only the maker has it");
}

#[test]
fn the_providers_defaults_follow_the_same_rules() {
    let workspace = offline();
    for (wrong, key) in [
        (r#"default_labels = { "a b" = "x" }"#, "a b"),
        (r#"default_labels = { "kubernetes.io/role" = "x" }"#, "kubernetes.io/role"),
        (
            r#"default_labels = { "nvidia.com/gpu.deploy.operands" = "true" }"#,
            "nvidia.com/gpu.deploy.operands",
        ),
        (r#"default_tags = { Owner = "x" }"#, "Owner"),
    ] {
        let provider = format!("provider \"gpuslice\" {{\n {wrong}\n}}");
        workspace.write("main.tf", &Pool::real().beside(&provider).hcl());
        workspace.plan().exits(1).says(key);
    }
}

#[test]
fn a_label_may_override_a_default_and_give_it_back() {
    let desk = Desk::new();
    let provider = "provider \"gpuslice\" {\n default_labels = { team = \"all\" }\n}";
    let own = Pool::zonal().set("labels", r#"{ team = "ml" }"#).beside(provider);
    desk.settle(&own);
    desk.update(&Pool::zonal().beside(provider)).keeps_nodes();
    assert_eq!(desk.nodes()[0]["labels"]["team"], "all");
    desk.update(&own).keeps_nodes();
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

#[test]
fn labels_of_an_imported_pool_that_nobody_wrote_down_are_shown_before_they_go() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal().set("labels", r#"{ team = "ml" }"#));
    desk.workspace.state_rm(POOL).success();
    let block = format!("import {{\n to = {POOL}\n id = \"{ZONAL}/nodePools/{NAME}\"\n}}");
    let plan = desk.planned(&Pool::zonal().beside(&block));
    let change = json::change(&plan, POOL);
    assert_eq!(change["before"]["labels"], json!({"team": "ml"}));
    assert!(change["after"]["labels"].is_null(), "{change:#}");
    assert_eq!(json::actions(&plan, POOL), ["update"]);
}

#[test]
fn a_pool_moves_to_another_address_without_a_change() {
    let desk = Desk::new();
    desk.settle(&Pool::regional());
    let nodes = desk.uids();
    let moved = Pool::regional().hcl().replace("\"pool\" {", "\"other\" {");
    let block = "moved {\n from = gpuslice_mig_nodepool.pool\n to = gpuslice_mig_nodepool.other\n}\n";
    desk.workspace.write("main.tf", &format!("{moved}\n{block}"));
    desk.workspace.apply().success().says("0 added, 0 changed, 0 destroyed");
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.uids(), nodes);
    assert!(desk.exists(REGIONAL));
}
