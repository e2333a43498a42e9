//! Pools that exist and are not ready when the apply ends: kept and gone on with, or failed where the user wants it.

use std::time::Duration;

use serde_json::json;

use crate::mig_desk::{Desk, SOON};
use crate::mig_pool::{NAME, POOL, Pool, ZONAL};
use crate::support::{Checked, json};

/// What every pool that is not ready has in common: it is in the state, known to be incomplete, and not tainted.
#[track_caller]
fn assert_kept(desk: &Desk) {
    assert!(desk.knows_the_pool(), "the pool is lost");
    assert!(!desk.workspace.is_tainted(POOL), "the next apply would destroy scarce GPUs");
    let state = desk.state();
    assert_eq!(state["status"], "incomplete");
    assert_eq!(state["id"], format!("{ZONAL}/nodePools/{NAME}"));
    assert_eq!(state["slices"]["total"], 7, "what was planned is not forgotten");
    assert_eq!(desk.creates().len(), 1);
}

/// The next apply ends with the very same pool.
#[track_caller]
fn assert_goes_on(desk: &Desk) {
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.state()["status"], "ready");
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0), "the pool was made anew");
    desk.await_slices(7);
}

/// Tainted, as wished for, and replaced by the next apply.
#[track_caller]
fn assert_tainted_and_replaced(desk: &Desk) {
    assert!(desk.workspace.is_tainted(POOL));
    let plan = desk.workspace.plan_json();
    assert_eq!(json::actions(&plan, POOL), ["delete", "create"]);
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    assert_eq!((desk.creates().len(), desk.deletes().len()), (2, 1));
}

/// A pool that is not waited for long: GKE goes on trying for machines, and so would the provider.
fn hurried() -> Pool {
    Pool::zonal().timeouts("create = \"4s\"")
}

/// Operations that creates start take this long, or never end.
fn slow_create(desk: &Desk, length: Option<&str>) {
    let params = length.map_or_else(|| json!({}), |length| json!({"length": length}));
    let matching = json!({"method": "POST", "path": "/nodePools"});
    desk.sandbox.fault(json!({"kind": "hang_operation", "match": matching, "params": params}));
}

/// Begins to apply, and presses Ctrl-C as soon as `reached` holds.
#[track_caller]
fn interrupted(desk: &Desk, what: &str, reached: impl Fn(&Desk) -> bool) -> Checked {
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until(what, SOON, |_| reached(desk));
    apply.interrupt();
    apply.wait_with_timeout(SOON).failure()
}

fn is_polled(desk: &Desk) -> bool {
    desk.sandbox.count("GET", "/operations/") > 0
}

#[test]
fn ctrl_c_keeps_the_pool_and_the_next_apply_goes_on_with_it() {
    let desk = Desk::new();
    slow_create(&desk, Some("4s"));
    desk.write(&Pool::zonal());
    interrupted(&desk, "the operation is polled", is_polled).says("incomplete").says("operation-");
    assert_kept(&desk);
    assert_goes_on(&desk);
}

#[test]
fn ctrl_c_is_answered_at_once() {
    let desk = Desk::new();
    slow_create(&desk, None);
    desk.write(&Pool::zonal());
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the operation is polled", SOON, |_| is_polled(&desk));
    apply.interrupt();
    let pressed = apply.elapsed();
    apply.wait_until("it says what it leaves behind", Duration::from_secs(5), |apply| {
        apply.said().contains("incomplete")
    });
    assert!(apply.elapsed() - pressed < Duration::from_secs(5));
    apply.wait_with_timeout(SOON).failure();
    assert_kept(&desk);
}

#[test]
fn while_the_pool_is_incomplete_every_plan_is_an_update_that_waits() {
    let desk = Desk::new();
    slow_create(&desk, None);
    let hurried = Pool::zonal().timeouts("create = \"2s\"\n update = \"1s\"");
    desk.write(&hurried);
    desk.workspace.apply().success().says("incomplete");
    assert_kept(&desk);
    let plan = desk.workspace.plan_json();
    assert_eq!(json::actions(&plan, POOL), ["update"]);
    assert_eq!(json::change(&plan, POOL)["after_unknown"]["status"], true);
    // It waits in vain, which is an error, and taints nothing.
    desk.workspace.apply().failure().says("operation-");
    assert_kept(&desk);
}

#[test]
fn ctrl_c_while_the_request_is_on_its_way_loses_nothing() {
    let desk = Desk::new();
    // GKE has accepted, and its answer is late.
    let matching = json!({"method": "POST", "path": "/nodePools"});
    desk.sandbox.fault(json!({"kind": "slow_answer", "match": matching, "params": {"delay": "1500ms"}}));
    desk.write(&Pool::zonal());
    interrupted(&desk, "GKE has the pool", |desk| desk.exists(ZONAL));
    assert!(desk.knows_the_pool(), "the pool is lost");
    assert!(!desk.workspace.is_tainted(POOL));
    assert_goes_on(&desk);
}

#[test]
fn ctrl_c_before_anything_was_asked_for_leaves_nothing() {
    let desk = Desk::new();
    let matching = json!({"method": "GET", "path": "/clusters/zonal"});
    let slow = json!({"kind": "slow_answer", "match": matching, "times": 100, "params": {"delay": "20s"}});
    desk.write(&Pool::zonal());
    desk.sandbox.fault(slow);
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until_said("Creating...", SOON);
    // The provider is asking for the cluster by now, or about to.
    std::thread::sleep(Duration::from_millis(300));
    apply.interrupt();
    apply.wait_with_timeout(Duration::from_secs(10)).failure();
    assert!(!desk.knows_the_pool() && desk.creates().is_empty());
}

#[test]
fn a_time_out_keeps_the_pool_and_the_next_apply_goes_on_with_it() {
    let desk = Desk::new();
    slow_create(&desk, Some("5s"));
    desk.write(&Pool::zonal().timeouts("create = \"2s\""));
    desk.workspace.apply().success().says("2s").says("incomplete").says("operation-");
    assert_kept(&desk);
    assert_goes_on(&desk);
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
fn an_incomplete_pool_can_be_changed_once_it_is_ready() {
    let desk = Desk::new();
    slow_create(&desk, Some("4s"));
    desk.write(&Pool::zonal().timeouts("create = \"2s\""));
    desk.workspace.apply().success();
    assert_kept(&desk);
    desk.settle(&Pool::zonal().set("labels", r#"{ team = "ml" }"#).set("node_count", "2"));
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
    assert_eq!((desk.uids().len(), desk.creates().len()), (2, 1));
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

#[test]
fn a_pool_under_construction_can_be_destroyed_when_it_is_done() {
    let desk = Desk::new();
    slow_create(&desk, Some("4s"));
    desk.write(&Pool::zonal().timeouts("create = \"2s\""));
    desk.workspace.apply().success();
    // GKE refuses until the operation that creates it ends.
    desk.workspace.destroy().success();
    assert!(!desk.exists(ZONAL) && !desk.knows_the_pool());
}

fn failing() -> Pool {
    Pool::zonal().text("on_incomplete", "fail")
}

#[test]
fn with_fail_ctrl_c_taints() {
    let desk = Desk::new();
    slow_create(&desk, Some("3s"));
    desk.write(&failing());
    interrupted(&desk, "the operation is polled", is_polled);
    assert_tainted_and_replaced(&desk);
}

#[test]
fn with_fail_a_time_out_taints() {
    let desk = Desk::new();
    slow_create(&desk, Some("4s"));
    desk.write(&failing().timeouts("create = \"2s\""));
    desk.workspace.apply().failure().says("on_incomplete");
    assert!(desk.workspace.is_tainted(POOL));
    desk.write(&failing());
    assert_tainted_and_replaced(&desk);
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

#[test]
fn ctrl_c_during_an_update_loses_nothing_and_taints_nothing() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let matching = json!({"method": "POST", "path": ":setSize"});
    desk.sandbox.fault(json!({"kind": "hang_operation", "match": matching, "params": {"length": "3s"}}));
    let pool = Pool::zonal().set("labels", r#"{ team = "ml" }"#).set("node_count", "3");
    desk.write(&pool);
    let resizes = |desk: &Desk| desk.sandbox.count("POST", ":setSize") > 0;
    interrupted(&desk, "the pool is resized", resizes).says("operation-");
    assert!(!desk.workspace.is_tainted(POOL));
    desk.settle(&pool);
    assert_eq!((desk.uids().len(), &desk.nodes()[0]["labels"]["team"]), (3, &json!("ml")));
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
}

#[test]
fn a_time_out_during_an_update_is_an_error_that_the_next_apply_mends() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let matching = json!({"method": "PUT", "path": "/nodePools/"});
    desk.sandbox.fault(json!({"kind": "hang_operation", "match": matching, "params": {"length": "4s"}}));
    let pool = Pool::zonal().set("disk_size_gb", "200");
    desk.write(&pool.clone().timeouts("update = \"2s\""));
    desk.workspace.apply().failure().says("operation-").says("2s");
    assert!(!desk.workspace.is_tainted(POOL));
    desk.settle(&pool);
    assert_eq!(desk.live(ZONAL)["config"]["diskSizeGb"], 200);
    assert_eq!(desk.sandbox.count("PUT", "/nodePools/"), 1, "what was begun is waited for, not begun again");
}

#[test]
fn ctrl_c_during_a_delete_keeps_the_pool_in_the_state_until_it_is_gone() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let matching = json!({"method": "DELETE"});
    desk.sandbox.fault(json!({"kind": "hang_operation", "match": matching, "params": {"length": "4s"}}));
    let mut destroy = desk.workspace.spawn(&["destroy", "-auto-approve"]);
    destroy.wait_until("the pool is being deleted", SOON, |_| !desk.deletes().is_empty());
    destroy.interrupt();
    destroy.wait_with_timeout(SOON).failure();
    assert!(desk.knows_the_pool() && desk.exists(ZONAL));
    desk.workspace.destroy().success();
    assert!(!desk.exists(ZONAL) && !desk.knows_the_pool());
    assert_eq!(desk.deletes().len(), 1, "what was begun is waited for");
}

#[test]
fn after_an_interrupted_delete_an_apply_makes_the_pool_anew() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let matching = json!({"method": "DELETE"});
    desk.sandbox.fault(json!({"kind": "hang_operation", "match": matching, "params": {"length": "2s"}}));
    let mut destroy = desk.workspace.spawn(&["destroy", "-auto-approve"]);
    destroy.wait_until("the pool is being deleted", SOON, |_| !desk.deletes().is_empty());
    destroy.interrupt();
    destroy.wait_with_timeout(SOON).failure();
    desk.await_gone(ZONAL);
    desk.settle(&Pool::zonal());
    assert_eq!(desk.live(ZONAL)["status"], "RUNNING");
    assert_eq!((desk.creates().len(), desk.deletes().len()), (2, 1));
}
