//! `manage_config = false`: somebody else puts the key into the ConfigMap, and we name it.

use serde_json::{Value, json};

use super::site::{Site, Stack};
use crate::mig_pool::{NAME, Pool, SHARED};
use crate::support::{Kubectl, json};

const HANDS_OFF: &str = "{ manage_config = false }";

fn handed_over() -> Pool {
    Stack::Configured.shared().set("device_plugin", HANDS_OFF)
}

/// The manifest that `GitOps` would commit, of what the outputs say.
fn manifest(key: &str, yaml: &str) -> String {
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "nvidia-device-plugin-configs", "namespace": "nvidia-device-plugin"},
        "data": {"default": "version: v1\n", key: yaml},
    });
    object.to_string()
}

#[test]
fn the_key_is_handed_over_and_slices_come_when_somebody_applies_it() {
    let site = Site::at(Stack::Configured);
    let outputs = format!(
        "output \"key\" {{\n value = {SHARED}.config_key\n}}\noutput \"yaml\" {{\n value = {SHARED}.config_yaml\n}}"
    );
    let pool = handed_over().text("slice_check", "off").beside(&outputs);
    site.settle(&pool);
    let outputs = site.workspace.outputs();
    let (key, yaml) = (outputs["key"].as_str().expect("a key"), outputs["yaml"].as_str().expect("a text"));
    assert_eq!((site.key_writes(), site.our_key_names().len()), (0, 0), "nothing was written");
    site.assert_nodes_name(key);
    assert_eq!(site.offered(NAME, "nvidia.com/gpu"), 0);

    match Kubectl::of(&site.sandbox, site.cluster) {
        Some(kubectl) => {
            kubectl.write("config.json", &manifest(key, yaml));
            kubectl.run("apply --server-side --force-conflicts -f config.json").success();
        }
        None => site.edit_keys(&json!({"default": "version: v1\n", key: yaml}), &[]),
    }
    site.await_offered(NAME, 4);
    let check = format!("resource \"gpuslice_slice_check\" \"check\" {{\n nodepool_id = {SHARED}.id\n}}");
    site.settle(&pool.clone().beside(&check));
    // Nobody asks us about the key from now on either.
    let asked = site.asked("GET", "/configmaps/").len();
    site.workspace.assert_empty_plan();
    assert_eq!(site.asked("GET", "/configmaps/").len(), asked);
    site.restart_plugins();
    site.await_offered("foreigngpu", 1);
    site.workspace.destroy().success().never_says("kubectl");
    assert_eq!(site.our_key_names(), [key], "it is theirs");
    assert_eq!(site.key_writes(), usize::from(site.key_writes() > 0), "at most kubectl's own");
}

#[test]
fn without_rights_in_the_cluster_it_works_all_the_same() {
    let site = Site::at(Stack::Configured);
    site.trouble("permission", json!({"resource": "configmaps"}), &json!({}));
    site.trouble("permission", json!({"resource": "daemonsets"}), &json!({}));
    site.settle(&handed_over().text("slice_check", "off"));
    site.update(&handed_over().text("slice_check", "off").set("replicas", "8")).keeps_nodes();
    site.workspace.destroy().success().never_says("configmaps");
}

#[test]
fn a_check_says_that_the_key_is_missing() {
    let site = Site::at(Stack::Configured);
    let pool = handed_over().text("slice_check_timeout", "2s");
    site.write(&pool);
    let applied = site.workspace.apply().success();
    let key = site.key();
    applied.says(&key).says("nvidia-device-plugin/nvidia-device-plugin-configs");
    site.workspace.assert_empty_plan();
}

#[test]
fn a_key_is_handed_over_and_taken_back_without_a_gap() {
    let site = Site::at(Stack::Configured);
    let managed = Stack::Configured.shared();
    site.settle(&managed);
    let (key, machines) = (site.key(), site.machines());
    let puts = site.puts().len();
    site.write(&handed_over());
    site.workspace.plan().exits(2).says("The device plugin's key is left to others");
    site.settle(&handed_over());
    assert_eq!((site.our_key_names(), site.puts().len()), (vec![key.clone()], puts), "it stays where it is");
    site.await_offered(NAME, 4);
    // GitOps edits what is its own now: no drift of ours.
    let yaml = site.our_keys()[&key].clone();
    site.edit_keys(&json!({&key: format!("{yaml}# ours now\n")}), &[]);
    site.workspace.assert_empty_plan();
    // Back again.
    site.settle(&managed);
    assert_eq!(site.our_keys()[&key], yaml);
    assert_eq!(site.machines(), machines);
    site.assert_nodes_name(&key);
    site.workspace.destroy().success();
    assert!(!site.exists(site.cluster));
}

#[test]
fn a_key_that_was_handed_over_stays_when_the_pool_goes() {
    let site = Site::at(Stack::Configured);
    site.settle(&Stack::Configured.shared());
    let key = site.key();
    site.settle(&handed_over());
    site.workspace.destroy().success();
    assert_eq!(site.our_key_names(), [key]);
}

#[test]
fn the_plan_shows_the_key_to_be_put_there() {
    let site = Site::at(Stack::Configured);
    let plan = site.planned(&handed_over());
    let after = &json::change(&plan, SHARED)["after"];
    assert!(after["config_key"].as_str().is_some_and(|key| key.starts_with("ts4-")), "{after:#}");
    assert!(after["config_yaml"].as_str().is_some_and(|yaml| yaml.contains("replicas: 4")));
    assert_ne!(after["config_yaml"], Value::Null);
}
