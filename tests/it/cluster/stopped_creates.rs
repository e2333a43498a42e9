//! A create that is stopped by Ctrl-C, or whose provider dies, between any two of its steps: nothing is duplicated, and the
//! next apply goes on.

use serde_json::json;

use super::site::{Site, Stack};
use crate::mig_desk::SOON;
use crate::mig_pool::{NAME, Pool, SHARED};
use crate::support::{Checked, command::Running};

fn pool() -> Pool {
    Stack::Configured.shared()
}

/// How an apply is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    CtrlC,
    Kill,
}

impl Stop {
    /// Stops it, and waits for its end, which is no success.
    #[track_caller]
    pub(super) fn stop(self, running: Running) -> Checked {
        match self {
            Self::CtrlC => running.interrupt(),
            Self::Kill => assert!(running.kill_provider() >= 1),
        }
        running.wait_with_timeout(SOON).failure()
    }
}

/// Stops a create when its key is written and its pool not yet asked for.
#[track_caller]
fn between_key_and_pool(stop: Stop) -> Site {
    let site = Site::at(Stack::Configured);
    // The write has its effect at once, and its answer is late.
    site.trouble(
        "slow_answer",
        json!({"verb": "patch", "resource": "configmaps"}),
        &json!({"delay": "1500ms"}),
    );
    site.write(&pool());
    let mut apply = site.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the key is there", SOON, |_| !site.our_keys().is_empty());
    stop.stop(apply);
    site.sandbox.clear_faults();
    assert!(!site.knows_the_pool());
    assert_eq!((site.creates().len(), site.exists(site.cluster)), (0, false));
    site
}

#[track_caller]
fn goes_on(site: &Site) {
    site.settle(&pool());
    assert_eq!((site.creates().len(), site.deletes().len()), (1, 0));
    assert_eq!(site.state()["allocatable_slices"], 4);
    site.assert_key_in_place();
    site.workspace.destroy().success();
    site.assert_left_as_found();
}

#[test]
fn ctrl_c_between_key_and_pool_takes_the_key_back() {
    let site = between_key_and_pool(Stop::CtrlC);
    assert_eq!(site.our_key_names(), Vec::<String>::new());
    goes_on(&site);
}

#[test]
fn a_provider_killed_between_key_and_pool_leaves_a_key_that_the_next_apply_uses() {
    let site = between_key_and_pool(Stop::Kill);
    assert_eq!(site.our_key_names().len(), 1, "nobody was left to take it back");
    site.assert_others_survive_a_restart();
    goes_on(&site);
}

/// Stops a create when AKS works on the pool.
#[track_caller]
fn while_the_pool_is_made(stop: Stop) -> Site {
    let site = Site::at(Stack::Configured);
    site.fault_on(&site.cloud.creation(), "hang_operation", 1, &json!({"length": "4s"}));
    site.write(&pool());
    let mut apply = site.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the operation is polled", SOON, |_| site.sandbox.count("GET", "/operations/") > 0);
    stop.stop(apply);
    site
}

#[test]
fn ctrl_c_while_the_pool_is_made_keeps_both_and_the_next_apply_sees_the_slices() {
    let site = while_the_pool_is_made(Stop::CtrlC);
    let state = site.state();
    assert_eq!((&state["status"], &state["allocatable_slices"]), (&json!("incomplete"), &json!(null)));
    assert!(!site.workspace.is_tainted(SHARED));
    assert_eq!(site.our_key_names(), [site.key()]);
    let healed = site.heals();
    assert_eq!((site.creates().len(), site.deletes().len()), (1, 0));
    // On a busy machine the refresh may find the pool ready: then there is nothing to apply, and nobody looks.
    let looked = healed.text().contains("1 changed");
    let seen = site.state()["allocatable_slices"].clone();
    assert_eq!(seen, if looked { json!(4) } else { json!(null) }, "{healed}");
    site.assert_key_in_place();
    site.workspace.destroy().success();
    site.assert_left_as_found();
}

#[test]
fn a_provider_killed_while_the_pool_is_made_leaves_key_and_pool_to_an_import() {
    let site = while_the_pool_is_made(Stop::Kill);
    assert!(!site.knows_the_pool());
    site.await_ready();
    let keys = site.our_keys();
    assert_eq!(keys.len(), 1);
    site.workspace.apply().failure().says("import {");
    assert_eq!(site.our_keys(), keys, "the key of a pool that exists is not touched");
    let id = site.cloud.id(site.cluster, NAME);
    site.settle(&pool().beside(&format!("import {{\n to = {SHARED}\n id = {id:?}\n}}"))).says("1 imported");
    assert_eq!(site.creates().len(), 1);
    site.assert_key_in_place();
    site.write(&pool());
    site.workspace.destroy().success();
    site.assert_left_as_found();
}

/// Stops a create while it looks for slices in a cluster that says nothing about its nodes.
#[track_caller]
fn in_the_slice_check(stop: Stop) -> Site {
    let site = Site::at(Stack::Configured);
    site.trouble("unavailable", json!({"resource": "nodes", "verb": "list"}), &json!({}));
    site.write(&pool());
    let mut apply = site.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("nodes are asked for", SOON, |_| {
        site.asked("GET", "/api/v1/nodes").iter().any(|record| record["fault"] == "unavailable")
    });
    stop.stop(apply);
    site.sandbox.clear_faults();
    site
}

#[test]
fn ctrl_c_in_the_slice_check_keeps_the_pool() {
    let site = in_the_slice_check(Stop::CtrlC);
    assert!(site.knows_the_pool() && !site.workspace.is_tainted(SHARED));
    assert!(site.state()["allocatable_slices"].is_null());
    site.heals();
    assert_eq!((site.creates().len(), site.deletes().len()), (1, 0));
    site.assert_key_in_place();
    site.await_offered(NAME, 4);
    site.workspace.destroy().success();
    site.assert_left_as_found();
}

#[test]
fn a_provider_killed_in_the_slice_check_leaves_key_and_pool_to_an_import() {
    let site = in_the_slice_check(Stop::Kill);
    let id = site.cloud.id(site.cluster, NAME);
    site.workspace.apply().failure().says("import {").says(&id);
    site.settle(&pool().beside(&format!("import {{\n to = {SHARED}\n id = {id:?}\n}}"))).says("1 imported");
    assert_eq!((site.creates().len(), site.deletes().len()), (1, 0));
    site.assert_key_in_place();
}

/// A create that AKS refuses, or that ends with no pool, leaves no key.
#[test]
fn a_create_that_fails_takes_its_key_back() {
    let site = Site::at(Stack::Configured);
    site.fault_on(&site.cloud.creation(), "quota", 1, &json!({}));
    site.write(&pool());
    site.workspace.apply().failure();
    assert_eq!((site.creates().len(), site.our_key_names()), (0, Vec::new()));
    goes_on(&site);
}

#[test]
fn a_create_that_fails_where_the_key_is_another_pools_too_leaves_it() {
    let site = Site::at(Stack::Configured);
    site.settle(&pool());
    let key = site.key();
    site.fault_on(&site.cloud.creation(), "quota", 1, &json!({}));
    site.write(&pool().and_second(&pool()));
    site.workspace.apply().failure();
    assert_eq!(site.our_key_names(), [key]);
    site.assert_key_in_place();
}
