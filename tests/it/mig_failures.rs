//! What cannot be mended by waiting: said in the cloud's own words, with the state that fits.

use serde_json::{Value, json};

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::Desk;
use crate::mig_pool::POOL;

on_every_cloud!(
    an_update_that_the_cloud_refuses_changes_nothing_about_the_pool,
    a_delete_that_keeps_failing_keeps_the_pool_in_the_state,
    a_cluster_that_is_not_there_is_named,
    one_pool_that_fails_does_not_take_the_others_along;
    // A node group that could not be made stays there.
    not eks:
    a_create_that_failed_and_left_nothing_leaves_nothing_in_the_state,
);

/// The operation that the next create starts fails at its end.
pub(crate) fn failing_create(desk: &Desk, leave_pool: bool) {
    let params = json!({"leave_pool": leave_pool, "message": "The disk caught fire."});
    desk.fault_on(&desk.cloud.creation(), "failed_operation", 1, &params);
}

fn a_create_that_failed_and_left_nothing_leaves_nothing_in_the_state(cloud: Cloud) {
    let desk = Desk::on(cloud);
    failing_create(&desk, false);
    desk.write(&cloud.pool());
    desk.workspace.apply().failure().says("The disk caught fire.").says(&desk.last_operation());
    assert!(!desk.knows_the_pool() && !desk.exists(cloud.home()));
    desk.settle(&cloud.pool());
    assert_eq!(desk.nodes().len(), 1);
}

fn an_update_that_the_cloud_refuses_changes_nothing_about_the_pool(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.write(&cloud.pool().text("kubernetes_version", "1.99"));
    desk.workspace.apply().failure().says("1.99");
    assert!(!desk.workspace.is_tainted(POOL));
    desk.write(&cloud.pool());
    desk.workspace.assert_empty_plan();
}

fn a_delete_that_keeps_failing_keeps_the_pool_in_the_state(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    let params = json!({"message": "The pool is held back."});
    desk.fault_on(&cloud.deletion(), "failed_operation", 1000, &params);
    desk.workspace.destroy().failure().says("The pool is held back.");
    assert!(desk.knows_the_pool() && desk.exists(cloud.home()));
    desk.sandbox.clear_faults();
    desk.workspace.destroy().success();
    assert!(!desk.knows_the_pool() && !desk.exists(cloud.home()));
}

fn a_cluster_that_is_not_there_is_named(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let nowhere = cloud.other_cluster();
    desk.write(&cloud.pool().text("cluster_id", &nowhere));
    desk.workspace.apply().failure().says(&nowhere);
    assert_eq!(desk.changes(0), Vec::<Value>::new());
}

fn one_pool_that_fails_does_not_take_the_others_along(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.fault_on(&cloud.creation(), "permission", 1, &json!({}));
    let pool = cloud.pool().set("for_each", "toset([\"a\", \"b\", \"c\"])").set("name", "each.key");
    desk.write(&pool);
    desk.workspace.apply().failure().says(cloud.forbidden().0);
    let known = crate::support::json::addresses(&desk.workspace.show_json()).len();
    assert_eq!((known, desk.creates().len()), (2, 2));
    desk.settle(&pool);
    assert_eq!(desk.creates().len(), 3);
}
