//! Pools that exist and are not ready when the apply ends: kept and gone on with, or failed where the user wants it.

use std::time::Duration;

use serde_json::json;

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::{Desk, SOON};
use crate::mig_pool::{NAME, POOL, Pool};
use crate::support::{Checked, json};

on_every_cloud!(
    ctrl_c_keeps_the_pool_and_the_next_apply_goes_on_with_it,
    ctrl_c_is_answered_at_once,
    while_the_pool_is_incomplete_every_plan_is_an_update_that_waits,
    ctrl_c_while_the_request_is_on_its_way_loses_nothing,
    ctrl_c_before_anything_was_asked_for_leaves_nothing,
    a_time_out_keeps_the_pool_and_the_next_apply_goes_on_with_it,
    an_incomplete_pool_can_be_changed_once_it_is_ready,
    a_pool_under_construction_can_be_destroyed_when_it_is_done,
    with_fail_ctrl_c_taints,
    with_fail_a_time_out_taints,
    ctrl_c_during_an_update_loses_nothing_and_taints_nothing,
    a_time_out_during_an_update_is_an_error_that_the_next_apply_mends,
    ctrl_c_during_a_delete_keeps_the_pool_in_the_state_until_it_is_gone,
    after_an_interrupted_delete_an_apply_makes_the_pool_anew,
);

/// What every pool that is not ready has in common: it is in the state, known to be incomplete, and not tainted.
#[track_caller]
pub(crate) fn assert_kept(desk: &Desk) {
    assert!(desk.knows_the_pool(), "the pool is lost");
    assert!(!desk.workspace.is_tainted(POOL), "the next apply would destroy scarce GPUs");
    let state = desk.state();
    assert_eq!(state["status"], "incomplete");
    assert_eq!(state["id"], desk.cloud.id(desk.cloud.home(), NAME));
    assert_eq!(state["slices"]["total"], 7, "what was planned is not forgotten");
    assert_eq!(desk.creates().len(), 1);
}

/// The next apply ends with the very same pool.
#[track_caller]
pub(crate) fn assert_goes_on(desk: &Desk) {
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.state()["status"], "ready");
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0), "the pool was made anew");
    desk.await_slices(7);
}

/// Tainted, as wished for, and replaced by the next apply.
#[track_caller]
pub(crate) fn assert_tainted_and_replaced(desk: &Desk) {
    assert!(desk.workspace.is_tainted(POOL));
    let plan = desk.workspace.plan_json();
    assert_eq!(json::actions(&plan, POOL), ["delete", "create"]);
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    assert_eq!((desk.creates().len(), desk.deletes().len()), (2, 1));
}

/// Operations that creates start take this long, or never end.
fn slow_create(desk: &Desk, length: Option<&str>) {
    let params = length.map_or_else(|| json!({}), |length| json!({"length": length}));
    desk.fault_on(&desk.cloud.creation(), "hang_operation", 1, &params);
}

/// Begins to apply, and presses Ctrl-C as soon as `reached` holds.
#[track_caller]
fn interrupted(desk: &Desk, what: &str, reached: impl Fn(&Desk) -> bool) -> Checked {
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until(what, SOON, |_| reached(desk));
    apply.interrupt();
    apply.wait_with_timeout(SOON).failure()
}

fn ctrl_c_keeps_the_pool_and_the_next_apply_goes_on_with_it(cloud: Cloud) {
    let desk = Desk::on(cloud);
    slow_create(&desk, Some("4s"));
    desk.write(&cloud.pool());
    interrupted(&desk, "the operation is polled", Desk::is_polled)
        .says("incomplete")
        .says(&desk.last_operation());
    assert_kept(&desk);
    assert_goes_on(&desk);
}

fn ctrl_c_is_answered_at_once(cloud: Cloud) {
    let desk = Desk::on(cloud);
    slow_create(&desk, None);
    desk.write(&cloud.pool());
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the operation is polled", SOON, |_| desk.is_polled());
    apply.interrupt();
    let pressed = apply.elapsed();
    apply.wait_until("it says what it leaves behind", Duration::from_secs(5), |apply| {
        apply.said().contains("incomplete")
    });
    assert!(apply.elapsed() - pressed < Duration::from_secs(5));
    apply.wait_with_timeout(SOON).failure();
    assert_kept(&desk);
}

fn while_the_pool_is_incomplete_every_plan_is_an_update_that_waits(cloud: Cloud) {
    let desk = Desk::on(cloud);
    slow_create(&desk, None);
    let hurried = cloud.pool().timeouts("create = \"2s\"\n update = \"1s\"");
    desk.write(&hurried);
    desk.workspace.apply().success().says("incomplete");
    assert_kept(&desk);
    let plan = desk.workspace.plan_json();
    assert_eq!(json::actions(&plan, POOL), ["update"]);
    assert_eq!(json::change(&plan, POOL)["after_unknown"]["status"], true);
    // It waits in vain, which is an error, and taints nothing.
    desk.workspace.apply().failure().says(&desk.last_operation());
    assert_kept(&desk);
}

fn ctrl_c_while_the_request_is_on_its_way_loses_nothing(cloud: Cloud) {
    let desk = Desk::on(cloud);
    // The cloud has accepted, and its answer is late.
    desk.fault_on(&cloud.creation(), "slow_answer", 1, &json!({"delay": "1500ms"}));
    desk.write(&cloud.pool());
    interrupted(&desk, "the cloud has the pool", |desk| desk.exists(cloud.home()));
    assert!(desk.knows_the_pool(), "the pool is lost");
    assert!(!desk.workspace.is_tainted(POOL));
    assert_goes_on(&desk);
}

fn ctrl_c_before_anything_was_asked_for_leaves_nothing(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.write(&cloud.pool());
    desk.fault_on(&cloud.preflight(), "slow_answer", 100, &json!({"delay": "20s"}));
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until_said("Creating...", SOON);
    // The provider is asking for the cluster by now, or about to.
    std::thread::sleep(Duration::from_millis(300));
    apply.interrupt();
    apply.wait_with_timeout(Duration::from_secs(10)).failure();
    assert!(!desk.knows_the_pool() && desk.creates().is_empty());
}

fn a_time_out_keeps_the_pool_and_the_next_apply_goes_on_with_it(cloud: Cloud) {
    let desk = Desk::on(cloud);
    slow_create(&desk, Some("12s"));
    desk.write(&cloud.pool().timeouts("create = \"5s\""));
    desk.workspace.apply().success().says("5s").says("incomplete").says(&desk.last_operation());
    assert_kept(&desk);
    assert_goes_on(&desk);
}

fn an_incomplete_pool_can_be_changed_once_it_is_ready(cloud: Cloud) {
    let desk = Desk::on(cloud);
    slow_create(&desk, Some("4s"));
    desk.write(&cloud.pool().timeouts("create = \"2s\""));
    desk.workspace.apply().success();
    assert_kept(&desk);
    desk.settle(&cloud.pool().set("labels", r#"{ team = "ml" }"#).set("node_count", "2"));
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
    assert_eq!((desk.uids().len(), desk.creates().len()), (2, 1));
}

fn a_pool_under_construction_can_be_destroyed_when_it_is_done(cloud: Cloud) {
    let desk = Desk::on(cloud);
    slow_create(&desk, Some("4s"));
    desk.write(&cloud.pool().timeouts("create = \"2s\""));
    desk.workspace.apply().success();
    // The cloud refuses until the operation that creates it ends.
    desk.workspace.destroy().success();
    assert!(!desk.exists(cloud.home()) && !desk.knows_the_pool());
}

fn failing(cloud: Cloud) -> Pool {
    cloud.pool().text("on_incomplete", "fail")
}

fn with_fail_ctrl_c_taints(cloud: Cloud) {
    let desk = Desk::on(cloud);
    slow_create(&desk, Some("3s"));
    desk.write(&failing(cloud));
    interrupted(&desk, "the operation is polled", Desk::is_polled);
    assert_tainted_and_replaced(&desk);
}

fn with_fail_a_time_out_taints(cloud: Cloud) {
    let desk = Desk::on(cloud);
    slow_create(&desk, Some("4s"));
    desk.write(&failing(cloud).timeouts("create = \"2s\""));
    desk.workspace.apply().failure().says("on_incomplete");
    assert!(desk.workspace.is_tainted(POOL));
    desk.write(&failing(cloud));
    assert_tainted_and_replaced(&desk);
}

fn ctrl_c_during_an_update_loses_nothing_and_taints_nothing(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.fault_on(&cloud.sizing(), "hang_operation", 1, &json!({"length": "3s"}));
    let pool = cloud.pool().set("labels", r#"{ team = "ml" }"#).set("node_count", "3");
    desk.write(&pool);
    let before = desk.met(&cloud.sizing());
    let resizes = |desk: &Desk| desk.met(&cloud.sizing()) > before;
    interrupted(&desk, "the pool is resized", resizes).says(cloud.operation());
    assert!(!desk.workspace.is_tainted(POOL));
    desk.settle(&pool);
    assert_eq!((desk.uids().len(), &desk.nodes()[0]["labels"]["team"]), (3, &json!("ml")));
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
}

fn a_time_out_during_an_update_is_an_error_that_the_next_apply_mends(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.fault_on(&cloud.labelling(), "hang_operation", 1, &json!({"length": "4s"}));
    let before = desk.met(&cloud.labelling());
    let pool = cloud.pool().set("labels", r#"{ team = "ml" }"#);
    desk.write(&pool.clone().timeouts("update = \"2s\""));
    desk.workspace.apply().failure().says(&desk.last_operation()).says("2s");
    assert!(!desk.workspace.is_tainted(POOL));
    desk.settle(&pool);
    assert_eq!(desk.live_labels()["team"], "ml");
    assert_eq!(desk.met(&cloud.labelling()), before + 1, "what was begun is waited for, not begun again");
}

fn ctrl_c_during_a_delete_keeps_the_pool_in_the_state_until_it_is_gone(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.fault_on(&cloud.deletion(), "hang_operation", 1, &json!({"length": "4s"}));
    let mut destroy = desk.workspace.spawn(&["destroy", "-auto-approve"]);
    destroy.wait_until("the pool is being deleted", SOON, |_| !desk.deletes().is_empty());
    destroy.interrupt();
    destroy.wait_with_timeout(SOON).failure();
    assert!(desk.knows_the_pool() && desk.exists(cloud.home()));
    desk.workspace.destroy().success();
    assert!(!desk.exists(cloud.home()) && !desk.knows_the_pool());
    assert_eq!(desk.deletes().len(), 1, "what was begun is waited for");
}

fn after_an_interrupted_delete_an_apply_makes_the_pool_anew(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.fault_on(&cloud.deletion(), "hang_operation", 1, &json!({"length": "2s"}));
    let mut destroy = desk.workspace.spawn(&["destroy", "-auto-approve"]);
    destroy.wait_until("the pool is being deleted", SOON, |_| !desk.deletes().is_empty());
    destroy.interrupt();
    destroy.wait_with_timeout(SOON).failure();
    desk.await_gone(cloud.home());
    desk.settle(&cloud.pool());
    desk.await_ready();
    assert_eq!((desk.creates().len(), desk.deletes().len()), (2, 1));
}
