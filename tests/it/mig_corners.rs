//! Empty, null and odd: what modules write without thinking of it.

use serde_json::json;

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, POOL};
use crate::support::json;

on_every_cloud!(
    empty_collections_are_as_good_as_none,
    nulls_are_as_good_as_silence,
    two_pools_that_get_one_name_are_one_pool_and_an_error_that_says_why,
    a_label_may_override_a_default_and_give_it_back,
    labels_of_an_imported_pool_that_nobody_wrote_down_are_shown_before_they_go,
    a_pool_moves_to_another_address_without_a_change;
    // It takes no label without a value, which plan says.
    not eks:
    an_empty_value_is_a_value,
);

fn empty_collections_are_as_good_as_none(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let empty = cloud.pool().set("labels", "{}").set("tags", "{}").set("taints", "[]");
    desk.settle(&empty);
    // From empty to none and back is nothing to ask the cloud for.
    let before = desk.changes(0).len();
    for pool in [&cloud.pool(), &empty] {
        desk.write(pool);
        desk.workspace.apply().success();
        desk.workspace.assert_empty_plan();
    }
    assert_eq!(desk.changes(before), Vec::<serde_json::Value>::new());
}

fn nulls_are_as_good_as_silence(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let mut pool = cloud.pool().set("labels", r#"{ team = "ml", stage = null }"#);
    for attribute in
        ["gpu", "autoscaling", "zones", "tags", "taints", "upgrade", "on_incomplete", "gpu_taint"]
    {
        pool = pool.set(attribute, "null");
    }
    // EKS has options that must be there.
    pool = match cloud {
        Cloud::Aks | Cloud::Gke => pool.set(cloud.name(), "null"),
        Cloud::Eks => pool.with("release_version = null, launch_template = null, node_repair = null"),
    };
    desk.settle(&pool);
    let labels = desk.live_labels();
    assert!(labels["team"] == "ml" && labels["stage"].is_null(), "{labels:#}");
    desk.write(&cloud.pool().set("labels", r#"{ team = "ml" }"#));
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
}

fn an_empty_value_is_a_value(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let pool = cloud
        .pool()
        .set("labels", r#"{ team = "" }"#)
        .set("taints", r#"[{ key = "a", effect = "NoExecute" }]"#);
    desk.settle(&pool);
    assert_eq!(desk.nodes()[0]["labels"]["team"], "");
    assert_eq!(desk.state()["taints"], json!([{"key": "a", "value": "", "effect": "NoExecute"}]));
}

fn two_pools_that_get_one_name_are_one_pool_and_an_error_that_says_why(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let pool = cloud.pool().unset("name").text("name_prefix", cloud.prefix()).set("count", "2");
    desk.write(&pool);
    let refused = desk.workspace.apply().failure();
    refused.says("name_prefix").says("import {");
    assert_eq!(desk.creates().len(), 1);
    assert_eq!(json::addresses(&desk.workspace.show_json()).len(), 1, "only the maker has it");
}

fn a_label_may_override_a_default_and_give_it_back(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let provider = "provider \"gpuslice\" {\n default_labels = { team = \"all\" }\n}";
    let own = cloud.pool().set("labels", r#"{ team = "ml" }"#).beside(provider);
    desk.settle(&own);
    desk.update(&cloud.pool().beside(provider)).keeps_nodes();
    assert_eq!(desk.nodes()[0]["labels"]["team"], "all");
    desk.update(&own).keeps_nodes();
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

fn labels_of_an_imported_pool_that_nobody_wrote_down_are_shown_before_they_go(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool().set("labels", r#"{ team = "ml" }"#));
    desk.workspace.state_rm(POOL).success();
    let block = format!("import {{\n to = {POOL}\n id = \"{}\"\n}}", cloud.id(cloud.home(), NAME));
    let plan = desk.planned(&cloud.pool().beside(&block));
    let change = json::change(&plan, POOL);
    assert_eq!(change["before"]["labels"], json!({"team": "ml"}));
    assert!(change["after"]["labels"].is_null(), "{change:#}");
    assert_eq!(json::actions(&plan, POOL), ["update"]);
}

fn a_pool_moves_to_another_address_without_a_change(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    let nodes = desk.uids();
    let moved = cloud.pool().hcl().replace("\"pool\" {", "\"other\" {");
    let block = "moved {\n from = gpuslice_mig_nodepool.pool\n to = gpuslice_mig_nodepool.other\n}\n";
    desk.workspace.write("main.tf", &format!("{moved}\n{block}"));
    desk.workspace.apply().success().says("0 added, 0 changed, 0 destroyed");
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.uids(), nodes);
    assert!(desk.exists(cloud.home()));
}
