//! A pool from its creation to its end: its slices are known, then seen, and nothing is left behind.

use serde_json::{Value, json};

use super::site::Site;
use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::path;
use crate::mig_pool::Pool;
use crate::support::json;

on_every_cloud!(
    cut_gpus_are_made_seen_and_gone,
    shared_gpus_are_made_seen_and_gone,
    another_size_is_looked_at_too,
    what_changes_no_slices_is_not_looked_at,
    another_machine_is_another_pool_and_is_looked_at,
);

/// What the plan knows of slices that nobody has seen yet; then the pool is made, seen, and destroyed.
#[track_caller]
fn lives(site: &Site, pool: &Pool, slices: u64) {
    let pool = pool.clone().set("node_count", "2");
    let change = json::change(&site.planned(&pool), site.address).clone();
    assert_eq!(change["after_unknown"]["allocatable_slices"], true, "the apply will look");
    assert_eq!(change["after"]["slice_check"], "warn");
    assert_eq!(change["after"]["slices"]["total"], slices);
    site.workspace
        .run(&["apply", "json.tfplan"])
        .success()
        .never_says("not verified")
        .never_says("nodes offer the planned");
    site.workspace.assert_empty_plan();
    let state = site.state();
    assert_eq!((&state["allocatable_slices"], &state["status"]), (&json!(slices), &json!("ready")));
    for name in ["config_key", "config_yaml"] {
        assert_eq!(change["after"][name], state[name], "{name} is known at plan");
    }
    match site.cloud {
        Cloud::Aks => {
            site.assert_key_in_place();
            site.assert_others_survive_a_restart();
        }
        Cloud::Gke | Cloud::Eks => {
            assert_eq!((&state["config_key"], &state["config_yaml"]), (&Value::Null, &Value::Null));
        }
    }
    site.workspace.apply().success().says("0 added, 0 changed, 0 destroyed");
    site.workspace.destroy().success().never_says("kubectl");
    assert!(!site.knows_the_pool());
    assert_eq!((site.creates().len(), site.deletes().len()), (1, 1));
    site.assert_left_as_found();
    match site.cloud {
        Cloud::Aks => assert_order(site),
        Cloud::Gke | Cloud::Eks => assert_eq!(site.key_writes(), 0),
    }
}

/// The key before the pool, and after the pool the key.
#[track_caller]
fn assert_order(site: &Site) {
    let records = site.sandbox.records();
    let writes = |record: &&Value| record["method"] == "PATCH" && path(record).contains("/configmaps/");
    let put = |record: &Value| record["method"] == "PUT" && path(record).contains("/agentPools/");
    let key = records.iter().position(|record| writes(&record)).expect("a key was written");
    let pool = records.iter().position(put).expect("a pool was made");
    let gone = records.iter().position(|record| record["method"] == "DELETE").expect("a pool was deleted");
    let last = records.iter().rposition(|record| writes(&record)).expect("a key was written");
    assert!(key < pool && pool < gone && gone < last, "{key} {pool} {gone} {last}");
    let between = records[pool..gone].iter().filter(writes).count();
    assert_eq!(between, 0, "nothing is written while the pool lives and nothing changes");
}

fn cut_gpus_are_made_seen_and_gone(cloud: Cloud) {
    lives(&Site::cut(cloud), &cloud.pool(), 14);
}

fn shared_gpus_are_made_seen_and_gone(cloud: Cloud) {
    lives(&Site::shared(cloud), &cloud.shared(), 8);
}

fn another_size_is_looked_at_too(cloud: Cloud) {
    let site = Site::shared(cloud);
    site.settle(&cloud.shared());
    let writes = site.key_writes();
    for (count, slices) in [("3", 12), ("1", 4)] {
        let pool = cloud.shared().set("node_count", count);
        let change = json::change(&site.planned(&pool), site.address).clone();
        assert_eq!(change["after_unknown"]["allocatable_slices"], true);
        site.update(&pool).replaces_no_node();
        assert_eq!(site.state()["allocatable_slices"], slices);
    }
    assert_eq!(site.key_writes(), writes, "the key is the same");
}

fn what_changes_no_slices_is_not_looked_at(cloud: Cloud) {
    let site = Site::shared(cloud);
    site.settle(&cloud.shared());
    let looks = site.asked("GET", "/api/v1/nodes").len();
    let pool = cloud.shared().set("labels", r#"{ team = "ml" }"#);
    let change = json::change(&site.planned(&pool), site.address).clone();
    assert_eq!(
        (&change["before"]["allocatable_slices"], &change["after"]["allocatable_slices"]),
        (&json!(4), &json!(4))
    );
    site.update(&pool).keeps_nodes();
    assert_eq!(site.state()["allocatable_slices"], 4);
    assert_eq!(site.asked("GET", "/api/v1/nodes").len(), looks);
}

fn another_machine_is_another_pool_and_is_looked_at(cloud: Cloud) {
    let site = Site::cut(cloud);
    site.settle(&cloud.pool());
    site.replace(&cloud.pool().text("machine_type", cloud.larger()), &["machine_type"]);
    assert_eq!(site.state()["allocatable_slices"], cloud.larger_slices());
    if cloud == Cloud::Aks {
        site.assert_key_in_place();
    }
}
