//! What others do to our key and our label is seen by the next plan, and mended by the next apply.

use serde_json::{Value, json};

use super::site::{DEFAULT, Site, Stack};
use crate::mig_pool::{NAME, Pool, SHARED};
use crate::support::json;

/// A pool with its key, and the key's name and text.
#[track_caller]
fn settled() -> (Site, Pool, String, String) {
    let (site, pool) = (Site::at(Stack::Configured), Stack::Configured.shared());
    site.settle(&pool);
    let (key, yaml) = (site.key(), site.our_keys().into_values().next().expect("a key"));
    (site, pool, key, yaml)
}

/// The plan shows what was found, and an apply mends it with no call that changes anything at the cloud.
#[track_caller]
fn shown_and_mended(site: &Site, pool: &Pool, found: &Value, key: &str, yaml: &str) {
    let puts = site.puts().len();
    let machines = site.machines();
    let change = json::change(&site.planned(pool), SHARED).clone();
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!((&change["before"]["config_yaml"], &change["after"]["config_yaml"]), (found, &json!(yaml)));
    assert_eq!(change["after"]["config_key"], key);
    site.workspace.run(&["apply", "json.tfplan"]).success();
    site.workspace.assert_empty_plan();
    site.assert_key_in_place();
    assert_eq!((site.puts().len(), site.machines()), (puts, machines));
    site.restart_plugins();
    site.await_offered(NAME, 4);
}

#[test]
fn an_edited_key() {
    let (site, pool, key, yaml) = settled();
    let edited = yaml.replace("replicas: 4", "replicas: 9");
    site.edit_keys(&json!({&key: edited}), &[]);
    shown_and_mended(&site, &pool, &json!(edited), &key, &yaml);
    site.assert_others_untouched();
}

#[test]
fn a_deleted_key() {
    let (site, pool, key, yaml) = settled();
    site.edit_keys(&json!({}), &[&key]);
    shown_and_mended(&site, &pool, &Value::Null, &key, &yaml);
    site.assert_others_untouched();
}

#[test]
fn a_deleted_config_map() {
    let (site, pool, key, yaml) = settled();
    site.delete_config_map();
    shown_and_mended(&site, &pool, &Value::Null, &key, &yaml);
    // The others' key went with the ConfigMap, and `default` keeps our key from becoming everybody's.
    assert_eq!(site.api.keys(site.config_map())[DEFAULT], "version: v1\n");
    site.await_offered("foreigngpu", 1);
    site.workspace.destroy().success();
    assert_eq!(site.api.keys(site.config_map()).keys().collect::<Vec<_>>(), [DEFAULT]);
}

#[test]
fn a_config_map_that_is_gone_is_no_hindrance_to_the_destroy() {
    let (site, ..) = settled();
    site.delete_config_map();
    site.workspace.destroy().success();
    assert_eq!(site.api.config_map(site.config_map()), None, "and it is not made anew");
}

#[test]
fn a_key_that_was_edited_goes_with_its_pool_or_stays_with_who_edited_it() {
    let (site, _, key, yaml) = settled();
    let edited = yaml.replace("replicas: 4", "replicas: 9");
    site.edit_keys(&json!({&key: edited}), &[]);
    site.workspace.destroy().success();
    assert!(!site.knows_the_pool() && !site.exists(site.cluster));
    assert!(site.our_keys().get(&key).is_none_or(|text| *text == edited));
}

#[test]
fn a_label_that_was_taken_away_or_changed() {
    let (site, pool, key, _) = settled();
    let label = "nvidia.com/device-plugin.config";
    for change in [json!({"remove": [label]}), json!({"set": {label: "whole"}})] {
        site.actor("edit_labels", site.cluster, &change);
        let before = json::change(&site.planned(&pool), SHARED)["before"]["config_key"].clone();
        assert_ne!(before, *key);
        site.update(&pool).keeps_nodes();
        site.assert_key_in_place();
        site.await_offered(NAME, 4);
    }
    site.assert_others_survive_a_restart();
}

#[test]
fn a_refresh_shows_drift_and_mends_nothing() {
    let (site, _, key, yaml) = settled();
    site.edit_keys(&json!({}), &[&key]);
    let writes = site.key_writes();
    site.workspace.refresh().success();
    assert_eq!((&site.state()["config_yaml"], site.key_writes()), (&Value::Null, writes));
    site.edit_keys(&json!({&key: yaml}), &[]);
    site.workspace.refresh().success();
    assert_eq!(site.state()["config_yaml"], yaml);
    site.workspace.assert_empty_plan();
}

#[test]
fn the_config_map_is_read_once_for_all_pools_of_a_refresh() {
    let site = Site::at(Stack::Configured);
    let pool = Stack::Configured.shared();
    site.settle(&pool.clone().and_second(&pool.set("replicas", "8")));
    let before = site.asked("GET", "/configmaps/").len();
    site.workspace.assert_empty_plan();
    assert_eq!(site.asked("GET", "/configmaps/").len(), before + 1);
}
