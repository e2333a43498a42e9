//! A destroy that is stopped between pool and key: the state remembers, and the next destroy or apply finishes.

use serde_json::json;

use super::site::{Site, Stack};
use super::stopped_creates::Stop;
use crate::mig_desk::SOON;
use crate::mig_pool::SHARED;

/// Stops a destroy when the pool is gone and its key not yet.
#[track_caller]
fn between_pool_and_key(stop: Stop) -> Site {
    let site = Site::at(Stack::Configured);
    site.settle(&Stack::Configured.shared());
    site.trouble("unavailable", json!({"verb": "patch", "resource": "configmaps"}), &json!({}));
    let mut destroy = site.workspace.spawn(&["destroy", "-auto-approve"]);
    destroy.wait_until("the key is to be released", SOON, |_| {
        site.asked("PATCH", "/configmaps/").iter().any(|record| record["fault"] == "unavailable")
    });
    stop.stop(destroy);
    site.sandbox.clear_faults();
    assert!(!site.exists(site.cluster));
    assert_eq!(site.our_key_names().len(), 1);
    assert!(site.knows_the_pool(), "the key would be forgotten");
    site
}

#[test]
fn ctrl_c_and_the_next_destroy_finishes() {
    let site = between_pool_and_key(Stop::CtrlC);
    site.workspace.destroy().success();
    assert!(!site.knows_the_pool());
    assert_eq!(site.deletes().len(), 1);
    site.assert_left_as_found();
}

#[test]
fn a_killed_provider_and_the_next_destroy_finishes() {
    let site = between_pool_and_key(Stop::Kill);
    site.workspace.destroy().success();
    assert!(!site.knows_the_pool());
    site.assert_left_as_found();
}

/// The pool is wanted after all: it is made anew, with its key, and nothing of the old one is left.
#[test]
fn a_killed_provider_and_an_apply_makes_the_pool_anew() {
    let site = between_pool_and_key(Stop::Kill);
    site.workspace.apply().success();
    site.workspace.apply().success();
    site.workspace.assert_empty_plan();
    assert!(site.exists(site.cluster) && !site.workspace.is_tainted(SHARED));
    assert_eq!(site.state()["allocatable_slices"], 4);
    site.assert_key_in_place();
    site.workspace.destroy().success();
    site.assert_left_as_found();
}

/// The provider dies while AKS deletes: the key is not forgotten.
#[test]
fn a_provider_killed_while_the_pool_goes() {
    let site = Site::at(Stack::Configured);
    site.settle(&Stack::Configured.shared());
    site.fault_on(&site.cloud.deletion(), "hang_operation", 1, &json!({"length": "2s"}));
    let mut destroy = site.workspace.spawn(&["destroy", "-auto-approve"]);
    destroy.wait_until("the pool is being deleted", SOON, |_| !site.deletes().is_empty());
    Stop::Kill.stop(destroy);
    site.await_gone(site.cluster);
    assert!(site.knows_the_pool());
    site.workspace.destroy().success();
    assert!(!site.knows_the_pool());
    site.assert_left_as_found();
}

/// Somebody else deletes the pool: the next plan makes it anew, and a destroy takes the key along.
#[test]
fn a_pool_that_somebody_else_deleted_leaves_no_key_behind() {
    let site = Site::at(Stack::Configured);
    site.settle(&Stack::Configured.shared());
    site.actor("delete_pool", site.cluster, &json!({}));
    site.workspace.plan().exits(2);
    site.workspace.apply().success();
    site.workspace.assert_empty_plan();
    site.assert_key_in_place();
    assert_eq!(site.creates().len(), 2);
    site.workspace.destroy().success();
    site.assert_left_as_found();
}
