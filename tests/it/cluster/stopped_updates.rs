//! An update to another key that is stopped between any two of its steps: the pool goes on with one of the two keys, and
//! the next apply comes to the new one alone.

use serde_json::json;

use super::site::{Site, Stack};
use super::stopped_creates::Stop;
use crate::mig_desk::SOON;
use crate::mig_pool::{NAME, Pool, SHARED};

fn eight() -> Pool {
    Stack::Configured.shared().set("replicas", "8")
}

/// A pool with four, and the configuration of one with eight.
#[track_caller]
fn about_to_change() -> Site {
    let site = Site::at(Stack::Configured);
    site.settle(&Stack::Configured.shared());
    site.run_pod("a");
    site.write(&eight());
    site
}

/// The same nodes with the new key, and no other key is left.
#[track_caller]
fn goes_on(site: &Site, machines: &[(serde_json::Value, serde_json::Value)]) {
    assert!(site.knows_the_pool() && !site.workspace.is_tainted(SHARED));
    site.heals();
    assert_eq!(site.machines(), machines);
    assert_eq!((site.creates().len(), site.deletes().len()), (1, 0));
    assert_eq!(site.pod("a")["phase"], "Running");
    site.assert_key_in_place();
    site.await_offered(NAME, 8);
    site.assert_others_survive_a_restart();
    site.workspace.destroy().success();
    site.assert_left_as_found();
}

#[track_caller]
fn between_key_and_label(stop: Stop) {
    let site = about_to_change();
    let (machines, old) = (site.machines(), site.key());
    let puts = site.puts().len();
    site.trouble(
        "slow_answer",
        json!({"verb": "patch", "resource": "configmaps"}),
        &json!({"delay": "1500ms"}),
    );
    let mut apply = site.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("both keys are there", SOON, |_| site.our_keys().len() == 2);
    stop.stop(apply);
    site.sandbox.clear_faults();
    assert_eq!(site.puts().len(), puts, "the label was not changed");
    assert!(site.our_keys().contains_key(&old), "nodes name it");
    site.assert_nodes_name(&old);
    goes_on(&site, &machines);
}

#[test]
fn ctrl_c_between_key_and_label() {
    between_key_and_label(Stop::CtrlC);
}

#[test]
fn a_provider_killed_between_key_and_label() {
    between_key_and_label(Stop::Kill);
}

#[track_caller]
fn while_the_label_is_changed(stop: Stop) {
    let site = about_to_change();
    let machines = site.machines();
    let (puts, polls) = (site.puts().len(), site.sandbox.count("GET", "/operations/"));
    site.fault_on(&site.cloud.labelling(), "hang_operation", 1, &json!({"length": "3s"}));
    let mut apply = site.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the operation is polled", SOON, |_| {
        site.puts().len() > puts && site.sandbox.count("GET", "/operations/") > polls
    });
    stop.stop(apply);
    assert_eq!(site.our_keys().len(), 2, "nodes may name either");
    site.await_ready();
    goes_on(&site, &machines);
}

#[test]
fn ctrl_c_while_the_label_is_changed() {
    while_the_label_is_changed(Stop::CtrlC);
}

#[test]
fn a_provider_killed_while_the_label_is_changed() {
    while_the_label_is_changed(Stop::Kill);
}

#[track_caller]
fn between_label_and_verification(stop: Stop) {
    let site = about_to_change();
    let machines = site.machines();
    let puts = site.puts().len();
    let mut apply = site.workspace.spawn(&["apply", "-auto-approve"]);
    // Set only now: the update itself asks for the pool's nodes too.
    apply.wait_until("the label is changed", SOON, |_| site.puts().len() > puts);
    site.trouble("unavailable", json!({"resource": "nodes", "verb": "list"}), &json!({}));
    apply.wait_until("nodes are asked for", SOON, |_| {
        site.asked("GET", "/api/v1/nodes").iter().any(|record| record["fault"] == "unavailable")
    });
    stop.stop(apply);
    site.sandbox.clear_faults();
    goes_on(&site, &machines);
}

#[test]
fn ctrl_c_between_label_and_verification() {
    between_label_and_verification(Stop::CtrlC);
}

#[test]
fn a_provider_killed_between_label_and_verification() {
    between_label_and_verification(Stop::Kill);
}

/// The label is not changed: the old key stays, and the new one goes with the next apply's success.
#[test]
fn an_update_that_aks_refuses_leaves_the_pool_as_it_was() {
    let site = about_to_change();
    let (machines, old) = (site.machines(), site.key());
    site.fault_on(&site.cloud.labelling(), "permission", 1, &json!({}));
    site.workspace.apply().failure();
    assert!(site.our_keys().contains_key(&old));
    site.assert_nodes_name(&old);
    site.await_offered(NAME, 4);
    goes_on(&site, &machines);
}

/// The user changes his mind after a failed update: the first key again, and no trace of the second.
#[test]
fn an_update_that_failed_can_be_taken_back() {
    let site = about_to_change();
    let old = site.key();
    site.fault_on(&site.cloud.labelling(), "permission", 1, &json!({}));
    site.workspace.apply().failure();
    site.write(&Stack::Configured.shared());
    site.workspace.apply().success();
    site.workspace.assert_empty_plan();
    assert_eq!(site.key(), old);
    site.assert_nodes_name(&old);
    site.await_offered(NAME, 4);
    site.workspace.destroy().success();
    site.assert_left_as_found();
}
