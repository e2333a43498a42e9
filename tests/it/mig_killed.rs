//! The provider dies while a pool is being made: Terraform knows nothing, the cloud goes on, and nothing is duplicated.

use serde_json::json;

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::{Desk, SOON};
use crate::mig_pool::{NAME, POOL, Pool};

on_every_cloud!(
    the_next_apply_shows_the_import_block_and_after_the_import_nothing_is_duplicated,
    the_import_may_come_before_the_pool_is_ready,
    a_pool_with_a_prefix_is_imported_and_not_replaced,
    a_provider_killed_during_an_update_leaves_the_pool_to_the_next_apply,
    a_provider_killed_during_a_delete_is_no_hindrance_to_the_next_destroy,
    a_pool_of_that_name_is_never_adopted,
);

/// Begins to create the pool, and kills the provider as soon as the cloud has accepted.
#[track_caller]
fn killed(cloud: Cloud, pool: &Pool, length: &str) -> Desk {
    let desk = Desk::on(cloud);
    desk.fault_on(&cloud.creation(), "hang_operation", 1, &json!({ "length": length }));
    desk.write(pool);
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the operation is polled", SOON, |_| desk.is_polled());
    assert!(apply.kill_provider() >= 1);
    apply.wait_with_timeout(SOON).failure();
    assert!(!desk.knows_the_pool(), "Terraform forgets what it was not told of");
    assert_eq!(desk.creates().len(), 1);
    desk
}

/// The import block of an error, with the resource's own name in it, as its text tells to write it.
#[track_caller]
fn import_block(said: &str) -> String {
    let block = said.split("import {").nth(1).and_then(|rest| rest.split(" id = \"").nth(1));
    let id = block.and_then(|rest| rest.split('"').next());
    let id = id.unwrap_or_else(|| panic!("no import block in: {said}"));
    format!("import {{\n to = {POOL}\n id = \"{id}\"\n}}")
}

fn the_next_apply_shows_the_import_block_and_after_the_import_nothing_is_duplicated(cloud: Cloud) {
    let desk = killed(cloud, &cloud.pool(), "5s");
    desk.await_ready();
    let nodes = desk.uids();
    let refused = desk.workspace.apply().failure().says("import {").says("to = gpuslice_mig_nodepool.");
    assert!(!desk.knows_the_pool(), "never adopted unasked");
    let block = import_block(&refused.text());
    assert!(block.contains(&cloud.id(cloud.home(), NAME)), "{block}");

    desk.settle(&cloud.pool().beside(&block)).says("1 imported, 0 added, 0 changed, 0 destroyed");
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
    assert_eq!(desk.uids(), nodes);
    // The block may go again.
    desk.write(&cloud.pool());
    desk.workspace.assert_empty_plan();
}

fn the_import_may_come_before_the_pool_is_ready(cloud: Cloud) {
    let desk = killed(cloud, &cloud.pool(), "6s");
    let block = import_block(&desk.workspace.apply().failure().text());
    desk.settle(&cloud.pool().beside(&block)).says("1 imported");
    assert_eq!(desk.state()["status"], "ready");
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
    desk.await_slices(7);
}

fn a_pool_with_a_prefix_is_imported_and_not_replaced(cloud: Cloud) {
    let prefixed = cloud.pool().unset("name").text("name_prefix", cloud.prefix());
    let desk = killed(cloud, &prefixed, "5s");
    let created = cloud.created_name(&desk.creates()[0]);
    let refused = desk.workspace.apply().failure().says("import {");
    let block = import_block(&refused.text());
    assert!(created.starts_with(cloud.prefix()) && block.contains(&created), "{created}: {block}");
    desk.settle(&prefixed.beside(&block)).says("1 imported").says("0 added").says("0 destroyed");
    assert_eq!(desk.state()["name"], *created);
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
}

fn a_provider_killed_during_an_update_leaves_the_pool_to_the_next_apply(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.fault_on(&cloud.sizing(), "hang_operation", 1, &json!({"length": "5s"}));
    let before = desk.met(&cloud.sizing());
    let pool = cloud.pool().set("node_count", "3");
    desk.write(&pool);
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the pool is resized", SOON, |_| desk.met(&cloud.sizing()) > before);
    assert!(apply.kill_provider() >= 1);
    apply.wait_with_timeout(SOON).failure();
    assert!(desk.knows_the_pool() && !desk.workspace.is_tainted(POOL));
    desk.settle(&pool);
    // A cloud that shows what it works towards, and works on, leaves nothing to do.
    desk.await_ready();
    assert_eq!((desk.uids().len(), desk.creates().len(), desk.deletes().len()), (3, 1, 0));
}

fn a_provider_killed_during_a_delete_is_no_hindrance_to_the_next_destroy(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.fault_on(&cloud.deletion(), "hang_operation", 1, &json!({"length": "5s"}));
    let mut destroy = desk.workspace.spawn(&["destroy", "-auto-approve"]);
    destroy.wait_until("the pool is being deleted", SOON, |_| !desk.deletes().is_empty());
    assert!(destroy.kill_provider() >= 1);
    destroy.wait_with_timeout(SOON).failure();
    assert!(desk.knows_the_pool());
    desk.workspace.destroy().success();
    assert!(!desk.exists(cloud.home()) && !desk.knows_the_pool());
}

fn a_pool_of_that_name_is_never_adopted(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.plain_pool();
    let nodes = desk.uids();
    desk.write(&cloud.pool());
    let refused = desk.workspace.apply().failure().says(NAME).says("import {");
    refused.says(&format!("id = \"{}\"", cloud.id(cloud.home(), NAME))).says("name_prefix");
    assert!(!desk.knows_the_pool());
    assert_eq!((desk.uids(), desk.creates().len()), (nodes, 1), "the one that was there");
}
