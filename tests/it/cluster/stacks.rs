//! Every seeded stack: our first pool, our second and the end of both, and a foreign GPU pool that must not notice.

use super::site::{Site, Stack};
use crate::mig_pool::{NAME, Pool};

const SECOND: &str = "gpuslice_timeslice_nodepool.second";

/// A pool, with the check only where somebody is there who announces what it looks for.
fn pool(stack: Stack, replicas: &str) -> Pool {
    let check = if matches!(stack, Stack::Configured | Stack::Operator) { "warn" } else { "off" };
    stack.shared().set("replicas", replicas).text("slice_check", check)
}

/// First pool, second pool, first goes, last goes. Who reads the ConfigMap only later is installed in between.
#[track_caller]
fn first_second_last(stack: Stack) {
    let site = Site::at(stack);
    let (first, second) = (pool(stack, "4"), pool(stack, "8"));
    site.settle(&first);
    site.assert_key_in_place();
    site.assert_others_survive_a_restart();

    site.settle(&first.clone().and_second(&second));
    let keys =
        [site.key(), site.workspace.attributes(SECOND)["config_key"].as_str().expect("a key").to_owned()];
    let mut sorted = keys.clone();
    sorted.sort();
    assert_eq!(site.our_key_names(), sorted);
    site.assert_others_survive_a_restart();
    if matches!(stack, Stack::Configured | Stack::Operator) {
        site.await_offered(NAME, 4);
        site.await_offered("second", 8);
    }

    site.settle(&first).says("0 added, 0 changed, 1 destroyed").never_says("kubectl");
    assert_eq!(site.our_key_names(), [site.key()]);
    site.assert_nodes_name(&keys[0]);
    site.workspace.destroy().success().never_says("kubectl");
    site.assert_left_as_found();
}

#[test]
fn with_a_plugin_that_has_a_config_map() {
    first_second_last(Stack::Configured);
}

#[test]
fn with_a_plugin_without_a_config_map() {
    first_second_last(Stack::Unconfigured);
}

#[test]
fn with_two_plugins() {
    first_second_last(Stack::Twice);
}

#[test]
fn with_an_operator() {
    first_second_last(Stack::Operator);
}

#[test]
fn with_nothing_installed() {
    first_second_last(Stack::Bare);
}

/// Where nobody reads the ConfigMap the apply says what to install, once, and what is installed then finds everything.
#[track_caller]
fn advised(stack: Stack, words: &str) {
    let site = Site::at(stack);
    let applied = site.settle(&stack.shared());
    let applied = applied.says(words).says("config: name: gpuslice-device-plugin");
    let told = applied.text().matches("config: name: gpuslice-device-plugin").count();
    assert_eq!(told, 1, "one of our warnings is enough: {applied}");
    assert!(site.state()["allocatable_slices"].is_null() && site.state()["status"] == "ready");
    site.assert_key_in_place();
    if stack == Stack::Unconfigured {
        // An upgrade of the chart, as far as nodes see it.
        site.sandbox.actor(serde_json::json!({"kind": "remove_plugin", "cluster": site.cluster}));
    }
    site.install_plugin();
    site.await_offered(NAME, 4);
    site.await_offered("foreigngpu", 1);
    // Now that somebody is there, the next pool is seen.
    let second = stack.shared().set("replicas", "8");
    site.settle(&stack.shared().and_second(&second)).never_says("config: name:").never_says("not verified");
    assert_eq!(site.workspace.attributes(SECOND)["allocatable_slices"], 8);
    site.workspace.destroy().success();
    site.await_offered("foreigngpu", 1);
    assert_eq!(site.our_key_names(), Vec::<String>::new());
    site.restart_plugins();
    site.await_offered("foreigngpu", 1);
}

#[test]
fn without_a_plugin_the_values_to_install_are_said_and_they_are_right() {
    advised(Stack::Bare, "Install NVIDIA's device plugin in the namespace nvidia-device-plugin");
}

#[test]
fn a_plugin_that_reads_nothing_is_named_with_the_values_to_set() {
    advised(
        Stack::Unconfigured,
        "nvidia-device-plugin/nvidia-device-plugin is installed and reads no ConfigMap",
    );
}
