//! Pools on AKS that exist already, taken over with their key, or refused with the name of the right resource.

use serde_json::{Value, json};

use super::site::{Site, Stack};
use crate::mig_pool::{NAME, POOL, Pool, SHARED};

#[track_caller]
fn id(site: &Site) -> String {
    site.cloud.id(site.cluster, NAME)
}

#[track_caller]
fn block(site: &Site) -> String {
    format!("import {{\n to = {}\n id = \"{}\"\n}}", site.address, id(site))
}

/// A pool of ours that was forgotten comes back without a change, and its key with it.
#[track_caller]
fn comes_back(site: &Site, pool: &Pool) {
    site.settle(pool);
    let (key, yaml) = (site.key(), site.state()["config_yaml"].clone());
    site.workspace.state_rm(site.address).success();
    let puts = site.puts().len();
    site.settle(&pool.clone().beside(&block(site))).says("1 imported, 0 added");
    assert_eq!((site.key(), &site.state()["config_yaml"]), (key, &yaml));
    assert_eq!(site.puts().len(), puts, "AKS is not asked to change anything");
    site.assert_key_in_place();
    site.write(pool);
    site.workspace.destroy().success().never_says("kubectl");
    site.assert_left_as_found();
}

#[test]
fn a_pool_with_shared_gpus_comes_back_with_its_key() {
    comes_back(&Site::at(Stack::Configured), &Stack::Configured.shared());
}

#[test]
fn a_pool_with_cut_gpus_comes_back_with_its_key() {
    comes_back(&Site::cut(crate::clouds::Cloud::Aks), &Pool::aks());
}

#[test]
fn what_is_shared_and_how_is_read_from_the_config_map() {
    let site = Site::at(Stack::Configured);
    let pool = Stack::Configured.shared().set("replicas", "6").text("sharing_strategy", "mps");
    site.settle(&pool);
    site.workspace.state_rm(SHARED).success();
    site.workspace.import(SHARED, &id(&site)).success();
    let state = site.state();
    assert_eq!((&state["replicas"], &state["sharing_strategy"]), (&json!(6), &json!("mps")));
    assert_eq!(state["slices"]["per_node"], 6);
    assert_eq!(state["mig_profile"], Value::Null);
    site.settle(&pool);
}

#[test]
fn a_pool_whose_key_somebody_else_wrote_is_taken_over_and_gets_a_key_of_ours() {
    let site = Site::at(Stack::Configured);
    let theirs = "version: v1\nsharing:\n  timeSlicing:\n    resources:\n    - name: nvidia.com/gpu\n      replicas: 4\n";
    site.edit_keys(&json!({"shared-by-four": theirs}), &[]);
    let by_hand = json!({
        "count": 1, "vmSize": "Standard_NC4as_T4_v3",
        "nodeLabels": {"nvidia.com/gpu.present": "true", "nvidia.com/device-plugin.config": "shared-by-four"},
    });
    site.az_put(NAME, &by_hand);
    site.await_offered(NAME, 4);
    let machines = site.machines();
    let pool = Stack::Configured.shared().set("gpu_taint", "false");
    site.write(&pool);
    site.workspace.import(SHARED, &id(&site)).success();
    assert_eq!(site.state()["replicas"], 4);
    site.update(&pool).keeps_nodes();
    assert_eq!(site.machines(), machines);
    assert_eq!(site.our_keys()["shared-by-four"], theirs, "it is theirs");
    site.assert_nodes_name(&site.key());
    site.await_offered(NAME, 4);
    site.workspace.destroy().success();
    assert_eq!(site.our_key_names(), ["shared-by-four"]);
}

#[test]
fn either_kind_names_the_other_one() {
    let mut site = Site::at(Stack::Configured);
    let cut = Pool::aks();
    site.settle(&Stack::Configured.shared());
    site.workspace.state_rm(SHARED).success();
    site.write(&cut);
    site.workspace.import(POOL, &id(&site)).failure().says("gpuslice_timeslice_nodepool");
    site.write(&Stack::Configured.shared());
    site.workspace.import(SHARED, &id(&site)).success();
    site.workspace.destroy().success();
    site.address = POOL;
    site.settle(&cut);
    site.workspace.state_rm(POOL).success();
    site.write(&Stack::Configured.shared());
    site.workspace.import(SHARED, &id(&site)).failure().says("gpuslice_mig_nodepool");
    assert!(!site.workspace.has(SHARED));
}
