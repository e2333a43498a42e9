//! Machines that do not come: waited for as long as EKS tries, and told in its words when it gives up.

use serde_json::json;

use super::home::Home;
use crate::mig_pool::{POOL, Pool};

#[test]
fn capacity_that_comes_later_is_waited_for() {
    let home = Home::cut();
    home.on("POST", "/node-groups", "stockout", 1, &json!({"heal_after": "2s", "pool": "provisioning"}));
    home.settle(&Pool::eks());
    assert_eq!(home.state()["status"], "ready");
    assert_eq!((home.creates().len(), home.deletes().len()), (1, 0));
    home.await_slices(7);
}

#[test]
fn capacity_that_does_not_come_in_time_leaves_a_pool_that_the_next_apply_goes_on_with() {
    let home = Home::cut();
    home.on("POST", "/node-groups", "stockout", 1, &json!({"heal_after": "8s", "pool": "provisioning"}));
    home.write(&Pool::eks().timeouts("create = \"3s\""));
    let waited = home.workspace.apply().success().says("incomplete").says("3s");
    waited.says("InsufficientInstanceCapacity").says("AsgInstanceLaunchFailures");
    assert!(home.knows_the_pool() && !home.workspace.is_tainted(POOL));
    assert_eq!(home.state()["status"], "incomplete");
    home.write(&Pool::eks());
    home.goes_on();
    home.await_slices(7);
}

#[test]
fn a_group_that_eks_gives_up_is_tainted_and_replaced() {
    let home = Home::cut();
    home.on("POST", "/node-groups", "stockout", 1, &json!({}));
    home.write(&Pool::eks());
    let failed = home.workspace.apply().failure().says("CREATE_FAILED").says("InsufficientInstanceCapacity");
    failed.says("capacity");
    assert!(home.workspace.is_tainted(POOL));
    home.settle(&Pool::eks());
    assert_eq!((home.creates().len(), home.deletes().len()), (2, 1));
    let _ = home.our_template();
    home.await_slices(7);
}

#[test]
fn nodes_that_do_not_join_are_told_with_what_to_look_at() {
    let home = Home::cut();
    let params =
        json!({"code": "NodeCreationFailure", "message": "Instances failed to join the kubernetes cluster"});
    home.on("POST", "/node-groups", "failed_operation", 1, &params);
    home.write(&Pool::eks());
    let failed = home.workspace.apply().failure().says("Instances failed to join the kubernetes cluster");
    failed.says("NodeCreationFailure").says("the subnets").says("the role").says("the labels");
    assert!(home.workspace.is_tainted(POOL));
    home.workspace.destroy().success();
    home.assert_gone();
}

/// More nodes than there are machines: EKS says the update is done, and the group is unwell.
#[test]
fn growth_without_machines_is_told_and_mended_by_machines() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    let stock = |count: u32| json!({"cloud": "eks", "kind": "set_stock", "zone": "us-east-1a", "machine_type": "p5.4xlarge", "count": count});
    home.sandbox.actor(stock(1));
    let more =
        Pool::eks().set("node_count", "2").timeouts("update = \"6s\"").text("slice_check_timeout", "2s");
    home.write(&more);
    // Whether it is an error or a warning, it names the cause, and harms nothing.
    let applied = home.workspace.apply();
    assert!(applied.text().contains("InsufficientInstanceCapacity"), "{applied}");
    assert!(!home.workspace.is_tainted(POOL));
    assert_eq!(home.machines().len(), 1);
    home.sandbox.actor(stock(2));
    home.settle(&more);
    assert_eq!((home.machines().len(), home.creates().len()), (2, 1));
}

#[test]
fn a_roll_that_fails_leaves_the_pool_as_it_was_and_is_tried_again() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    let nodes = home.uids();
    let params = json!({"code": "NodeCreationFailure", "message": "Couldn't proceed with upgrade process"});
    home.on("POST", "/update-version", "failed_operation", 1, &params);
    let to = Pool::eks().set("disk_size_gb", "300");
    home.write(&to);
    home.workspace
        .apply()
        .failure()
        .says("Couldn't proceed with upgrade process")
        .says("NodeCreationFailure");
    assert!(!home.workspace.is_tainted(POOL));
    assert_eq!(home.uids(), nodes);
    home.settle(&to);
    assert!(home.uids().is_disjoint(&nodes));
    let _ = home.our_template();
}
