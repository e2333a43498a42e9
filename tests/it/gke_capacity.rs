//! Pools of GKE for which there are no machines: it goes on trying for them, and so does the next apply.

use serde_json::json;

use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool, ZONAL};
use crate::mig_waiting::{assert_goes_on, assert_kept, assert_tainted_and_replaced};

/// A pool that is not waited for long: GKE goes on trying for machines, and so would the provider.
fn hurried() -> Pool {
    Pool::zonal().timeouts("create = \"4s\"")
}

#[test]
fn no_capacity_keeps_the_pool_and_the_next_apply_goes_on_with_it() {
    let desk = Desk::new();
    desk.stock("us-central1-a", 0);
    desk.write(&hurried());
    desk.workspace.apply().success().says("incomplete").says("does not have enough resources");
    assert_kept(&desk);
    // Still none: the next apply fails without harm.
    desk.write(&Pool::zonal().timeouts("update = \"1s\""));
    desk.workspace.apply().failure();
    assert_kept(&desk);
    desk.stock("us-central1-a", 5);
    desk.write(&Pool::zonal());
    assert_goes_on(&desk);
}

#[test]
fn a_pool_that_heals_by_itself_needs_no_apply() {
    let desk = Desk::new();
    desk.stock("us-central1-a", 0);
    desk.write(&hurried());
    desk.workspace.apply().success();
    assert_kept(&desk);
    desk.stock("us-central1-a", 5);
    desk.await_status(ZONAL, "RUNNING");
    // Read sees it; at most the status changes in the state.
    desk.workspace.refresh().success();
    assert_eq!(desk.state()["status"], "ready");
    desk.workspace.assert_empty_plan();
}

#[test]
fn some_machines_without_the_others_are_no_ready_pool() {
    let desk = Desk::new();
    desk.stock("us-central1-a", 1);
    let pool = hurried().set("node_count", "3");
    desk.write(&pool);
    desk.workspace.apply().success().says("incomplete");
    assert!(!desk.workspace.is_tainted(POOL));
    let first = desk.uids();
    assert_eq!((first.len(), &desk.state()["status"]), (1, &json!("incomplete")));
    desk.stock("us-central1-a", 3);
    desk.settle(&pool);
    assert!(desk.uids().is_superset(&first), "the machine that was had is kept");
    assert_eq!((desk.creates().len(), desk.uids().len()), (1, 3));
}

#[test]
fn an_incomplete_pool_can_be_destroyed() {
    let desk = Desk::new();
    desk.stock("us-central1-a", 0);
    desk.write(&hurried());
    desk.workspace.apply().success();
    desk.workspace.destroy().success();
    assert!(!desk.exists(ZONAL) && !desk.knows_the_pool());
}

fn failing() -> Pool {
    Pool::zonal().text("on_incomplete", "fail")
}

#[test]
fn with_fail_no_capacity_taints() {
    let desk = Desk::new();
    desk.stock("us-central1-a", 0);
    desk.write(&failing().timeouts("create = \"4s\""));
    desk.workspace.apply().failure().says("does not have enough resources");
    desk.stock("us-central1-a", 5);
    assert_tainted_and_replaced(&desk);
}

#[test]
fn a_postcondition_on_the_status_fails_the_apply_and_harms_nothing() {
    let desk = Desk::new();
    desk.stock("us-central1-a", 0);
    let condition = "lifecycle {\n postcondition {\n condition = self.status == \"ready\"\n \
                     error_message = \"The pool waits for GPUs.\"\n }\n }";
    desk.write(&hurried().block(condition));
    desk.workspace.apply().failure().says("The pool waits for GPUs.");
    assert!(!desk.workspace.is_tainted(POOL));
    desk.stock("us-central1-a", 5);
    assert_goes_on(&desk);
}
