//! Pools and people that have a key or a ConfigMap in common.

use serde_json::json;

use super::site::{DEFAULT, Site, Stack};
use crate::clouds::Cloud;
use crate::mig_pool::NAME;

const FOUR: &str = "version: v1\nsharing:\n  timeSlicing:\n    renameByDefault: false\n    failRequestsGreaterThanOne: \
                    true\n    resources:\n    - name: nvidia.com/gpu\n      replicas: 4\n";

#[test]
fn two_pools_share_a_key_and_the_one_that_goes_leaves_it() {
    let site = Site::at(Stack::Configured);
    let pool = Stack::Configured.shared();
    site.settle(&pool.clone().and_second(&pool));
    let key = site.key();
    assert_eq!(site.workspace.attributes("gpuslice_timeslice_nodepool.second")["config_key"], *key);
    assert_eq!(site.our_key_names(), std::slice::from_ref(&key));
    assert_eq!(site.api.owners(site.config_map(), &key).len(), 2);
    site.settle(&pool).says("1 destroyed").never_says("kubectl");
    assert_eq!(site.our_key_names(), [key]);
    site.restart_plugins();
    site.await_offered(NAME, 4);
    site.assert_key_in_place();
    site.workspace.destroy().success();
    site.assert_left_as_found();
}

#[test]
fn a_pool_that_changes_its_key_leaves_the_old_one_to_the_other_pool() {
    let site = Site::at(Stack::Configured);
    let pool = Stack::Configured.shared();
    site.settle(&pool.clone().and_second(&pool));
    let old = site.key();
    site.settle(&pool.clone().set("replicas", "2").and_second(&pool));
    let mut both = vec![old.clone(), site.key()];
    both.sort();
    assert_eq!(site.our_key_names(), both);
    assert_eq!(site.api.owners(site.config_map(), &old).len(), 1);
    site.restart_plugins();
    site.await_offered(NAME, 2);
    site.await_offered("second", 4);
}

#[test]
fn a_default_key_of_somebody_elses_is_left_as_it_is() {
    let site = Site::at(Stack::Configured);
    // Their default slices everybody's GPUs, by two.
    let two = FOUR.replace("replicas: 4", "replicas: 2");
    site.edit_keys(&json!({DEFAULT: two}), &[]);
    site.restart_plugins();
    site.await_offered("foreigngpu", 2);
    site.settle(&Stack::Configured.shared());
    assert_eq!(site.api.keys(site.config_map())[DEFAULT], two);
    site.restart_plugins();
    site.await_offered("foreigngpu", 2);
    site.await_offered(NAME, 4);
    site.workspace.destroy().success();
    assert_eq!(site.api.keys(site.config_map())[DEFAULT], two);
    assert_eq!(site.our_key_names(), Vec::<String>::new());
    // As the others are found at the end of the test.
    site.edit_keys(&json!({}), &[DEFAULT]);
    site.restart_plugins();
    site.await_offered("foreigngpu", 1);
}

#[test]
fn keys_of_somebody_elses_that_look_like_ours_are_left() {
    let site = Site::at(Stack::Configured);
    site.edit_keys(&json!({"ts4-00000000": FOUR, "mig-0123abcd": "version: v1\n"}), &[]);
    site.settle(&Stack::Configured.shared());
    let key = site.key();
    site.settle(&Stack::Configured.shared().set("replicas", "2"));
    site.workspace.destroy().success();
    let left = site.our_keys();
    assert_eq!(left.keys().collect::<Vec<_>>(), ["mig-0123abcd", "ts4-00000000"], "and not {key}");
    assert_eq!((left["ts4-00000000"].as_str(), left["mig-0123abcd"].as_str()), (FOUR, "version: v1\n"));
}

/// `GitOps` or a colleague has the very same key already: it is shared, and theirs when we go.
#[test]
fn the_very_key_of_somebody_else_stays_when_we_go() {
    let site = Site::at(Stack::Configured);
    site.settle(&Stack::Configured.shared());
    let key = site.key();
    site.workspace.destroy().success();
    site.edit_keys(&json!({&key: FOUR}), &[]);
    site.settle(&Stack::Configured.shared());
    assert_eq!((site.key(), site.state()["allocatable_slices"].clone()), (key.clone(), json!(4)));
    site.workspace.destroy().success();
    assert_eq!(site.our_key_names(), [key]);
}

/// Nodes outside the pool that name our key would break without it.
#[test]
fn a_key_that_foreign_nodes_name_is_left_with_a_word() {
    let site = Site::at(Stack::Configured);
    site.settle(&Cloud::Aks.shared());
    let key = site.key();
    let theirs = json!({
        "count": 1, "vmSize": "Standard_NC4as_T4_v3",
        "nodeLabels": {"nvidia.com/gpu.present": "true", "nvidia.com/device-plugin.config": key},
    });
    site.az_put("theirs", &theirs);
    site.await_offered("theirs", 4);
    site.workspace.destroy().success().says(&key).says("nvidia-device-plugin-configs");
    assert!(!site.knows_the_pool() && !site.exists(site.cluster));
    assert_eq!(site.our_key_names(), [key]);
    site.restart_plugins();
    site.await_offered("theirs", 4);
}

#[test]
fn several_config_maps_are_listed_and_one_can_be_chosen() {
    let site = Site::at(Stack::Configured);
    site.sandbox.actor(json!({
        "kind": "install_plugin", "cluster": site.cluster, "namespace": "team", "config_map": "slices",
    }));
    let pool = Stack::Configured.shared();
    site.write(&pool);
    site.workspace
        .apply()
        .failure()
        .says("Several ConfigMaps")
        .says("team/slices")
        .says(site.config_map())
        .says("device_plugin");
    assert_eq!((site.creates().len(), site.key_writes()), (0, 0));
    assert!(!site.knows_the_pool());
    let place = "{ namespace = \"nvidia-device-plugin\", config_map = \"nvidia-device-plugin-configs\" }";
    site.settle(&pool.set("device_plugin", place).text("slice_check", "off"));
    site.assert_key_in_place();
    site.workspace.destroy().success();
    assert_eq!(site.our_key_names(), Vec::<String>::new());
}
