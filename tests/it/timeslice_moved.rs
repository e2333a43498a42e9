//! From one kind of node pool to the other, by a `moved` block: the pool stays, and its GPUs are shared, or no longer.

use serde_json::{Value, json};

use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool, SHARED, ZONAL};
use crate::support::json;
use crate::timeslice_lifecycle::sharing;

fn moved(from: &str, to: &str) -> String {
    format!("moved {{\n  from = {from}\n  to   = {to}\n}}")
}

fn cut() -> Pool {
    Pool::zonal().set("labels", r#"{ team = "ml" }"#)
}

fn cut_and_shared() -> Pool {
    cut().shared_by("3")
}

#[test]
fn slices_are_shared_from_now_on_in_the_same_pool() {
    let mut desk = Desk::new();
    desk.settle(&cut());
    let (id, before) = (desk.state()["id"].clone(), desk.uids());
    desk.address = SHARED;
    let to = cut_and_shared().beside(&moved(POOL, SHARED));
    desk.write(&to);
    desk.workspace
        .plan()
        .exits(2)
        .says("0 to add, 1 to change, 0 to destroy")
        .says("rolls")
        .says("gpuslice/sharing = time-slicing instead of none");
    let change = json::change(&desk.planned(&to), SHARED).clone();
    assert_eq!(
        (&change["before"]["slices"]["per_gpu"], &change["after"]["slices"]["per_gpu"]),
        (&json!(7), &json!(21))
    );
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
    assert_eq!((&desk.state()["id"], sharing(&desk)), (&id, (json!("TIME_SHARING"), json!("3"))));
    assert_eq!(desk.live(ZONAL)["config"]["accelerators"][0]["gpuPartitionSize"], "1g.5gb");
    assert_eq!(desk.live(ZONAL)["config"]["labels"]["team"], "ml");
    assert!(desk.uids().is_disjoint(&before), "GKE makes the nodes anew");
    desk.await_slices(21);
}

#[test]
fn slices_are_no_longer_shared_in_the_same_pool() {
    let mut desk = Desk::new();
    desk.address = SHARED;
    desk.settle(&cut_and_shared());
    let id = desk.state()["id"].clone();
    desk.address = POOL;
    let to = cut().beside(&moved(SHARED, POOL));
    desk.write(&to);
    desk.workspace
        .plan()
        .exits(2)
        .says("0 to add, 1 to change, 0 to destroy")
        .says("shared by time-slicing")
        .says("3 containers share each slice");
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
    assert_eq!((&desk.state()["id"], sharing(&desk)), (&id, (Value::Null, Value::Null)));
    assert_eq!(desk.state()["slices"]["per_gpu"], 7);
    assert!(desk.nodes().iter().all(|node| node["labels"]["gpuslice/sharing"] == "none"));
    desk.await_slices(7);
}

/// Whole GPUs that are to be cut need another pool, and the plan says so before anything happens.
#[test]
fn gpus_that_were_whole_are_cut_in_another_pool() {
    let mut desk = Desk::new();
    desk.address = SHARED;
    desk.settle(&Pool::zonal().unset("mig_profile").shared_by("3"));
    let plan = desk.planned(&cut().beside(&moved(SHARED, POOL)));
    assert_eq!(json::actions(&plan, POOL), ["delete", "create"]);
    let change = json::change(&plan, POOL);
    assert_eq!(change["replace_paths"], json!([["mig_profile"]]));
}

/// No attribute of the resource shows it, and still it is seen.
#[test]
fn sharing_that_somebody_puts_on_slices_of_their_own_is_taken_away() {
    let desk = Desk::new();
    desk.settle(&cut());
    let entry = json!({
        "acceleratorType": "nvidia-tesla-a100",
        "acceleratorCount": "1",
        "gpuPartitionSize": "1g.5gb",
        "gpuSharingConfig": {"gpuSharingStrategy": "MPS", "maxSharedClientsPerGpu": "2"},
    });
    desk.meddle("PUT", ZONAL, "", &json!({"accelerators": [entry]}));
    desk.workspace.plan().exits(2).says("shared by mps").says("will no longer be");
    desk.update(&cut()).rolls_nodes();
    assert_eq!(sharing(&desk), (Value::Null, Value::Null));
    desk.await_slices(7);
}

#[test]
fn nothing_else_can_be_moved_here() {
    let desk = Desk::new();
    let provider = crate::mig_pool::PROVIDER;
    desk.workspace.write("main.tf", &format!("{provider}resource \"terraform_data\" \"x\" {{}}\n"));
    desk.workspace.apply().success();
    desk.write(&Pool::shared().beside(&moved("terraform_data.x", SHARED)));
    desk.workspace.plan().exits(1).says("terraform_data cannot be moved").says("gpuslice_mig_nodepool");
}
