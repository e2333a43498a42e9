//! Pools on AKS for which there are no machines. AKS does not go on by itself after it has failed: the pool is kept,
//! and the next apply asks it to try again.

use serde_json::{Value, json};

use crate::aks_pool::AKS;
use crate::mig_change::assert_replaces;
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, POOL, Pool};
use crate::mig_waiting::{assert_goes_on, assert_kept, assert_tainted_and_replaced};
use crate::support::json;

/// No machine was to be had at the first apply, which kept the pool all the same.
#[track_caller]
fn kept() -> Desk {
    let desk = Desk::aks();
    desk.machines(0);
    desk.write(&Pool::aks());
    let applied = desk.workspace.apply().success();
    applied.says("Warning").says("incomplete").says("AllocationFailed").says("sufficient capacity");
    assert_kept(&desk);
    desk
}

#[test]
fn no_capacity_keeps_the_pool_and_the_next_apply_goes_on_with_it() {
    let desk = kept();
    assert_eq!(desk.properties()["provisioningState"], "Failed");
    let plan = desk.workspace.plan_json();
    assert_eq!(json::actions(&plan, POOL), ["update"]);
    assert_eq!(json::change(&plan, POOL)["after_unknown"]["status"], true);
    desk.machines(5);
    let so_far = desk.puts().len();
    assert_goes_on(&desk);
    let again = desk.puts().split_off(so_far);
    assert_eq!(again.len(), 1, "one more attempt with the same pool: {again:#?}");
    assert_eq!(again[0]["request_body"]["properties"]["gpuInstanceProfile"], "MIG1g");
    assert_eq!(desk.properties()["provisioningState"], "Succeeded");
}

#[test]
fn still_no_capacity_is_an_error_without_harm() {
    let desk = kept();
    desk.workspace.apply().failure().says("AllocationFailed");
    assert_kept(&desk);
    desk.workspace.apply().failure();
    assert_kept(&desk);
    desk.machines(1);
    assert_goes_on(&desk);
}

#[test]
fn the_way_out_is_told() {
    let desk = Desk::aks();
    desk.machines_in("1", 0);
    desk.write(&Pool::aks().set("zones", r#"["1"]"#));
    let told = desk.workspace.apply().success().says("ZonalAllocationFailed");
    told.says("other zones").says("aks.capacity_reservation_group_id").says("Standard_NC24ads_A100_v4");
    assert_eq!(desk.state()["status"], "incomplete");
}

#[test]
fn each_of_azures_words_for_no_capacity_keeps_the_pool() {
    for (code, wrapped) in [
        ("SkuNotAvailable", false),
        ("OverconstrainedAllocationRequest", false),
        ("OverconstrainedZonalAllocationRequest", true),
        ("AllocationFailed", true),
    ] {
        let desk = Desk::aks();
        let params = json!({"code": code, "wrapped": wrapped, "heal_after": "1s"});
        desk.fault_on(&desk.cloud.creation(), "stockout", 1, &params);
        desk.write(&Pool::aks());
        desk.workspace.apply().success().says(code).says("incomplete");
        assert_kept(&desk);
        // Healed by then, or soon: the errors of further attempts harm nothing.
        std::thread::sleep(std::time::Duration::from_secs(1));
        assert_goes_on(&desk);
    }
}

#[test]
fn some_machines_without_the_others_are_no_ready_pool() {
    let desk = Desk::aks();
    desk.machines(1);
    let pool = Pool::aks().set("node_count", "3");
    desk.write(&pool);
    desk.workspace.apply().success().says("incomplete");
    assert!(!desk.workspace.is_tainted(POOL));
    let first = desk.uids();
    assert_eq!((first.len(), &desk.state()["status"]), (1, &json!("incomplete")));
    desk.machines(3);
    desk.settle(&pool);
    assert!(desk.uids().is_superset(&first), "the machine that was had is kept");
    assert_eq!((desk.creates().len(), desk.uids().len()), (1, 3));
}

#[test]
fn a_pool_that_somebody_healed_needs_no_apply() {
    let desk = kept();
    desk.machines(5);
    // Somebody asks for the same pool again, as `az aks nodepool update` does.
    desk.az_update(|_| ());
    desk.workspace.refresh().success();
    assert_eq!(desk.state()["status"], "ready");
    desk.workspace.assert_empty_plan();
}

#[test]
fn an_incomplete_pool_is_made_smaller_and_fits() {
    let desk = Desk::aks();
    desk.machines(2);
    desk.write(&Pool::aks().set("node_count", "4"));
    desk.workspace.apply().success().says("incomplete");
    desk.settle(&Pool::aks().set("node_count", "2"));
    assert_eq!((desk.state()["status"].clone(), desk.uids().len()), (json!("ready"), 2));
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
}

#[test]
fn an_incomplete_pool_moves_to_another_zone_as_another_pool() {
    let desk = Desk::aks();
    desk.machines_in("1", 0);
    desk.write(&Pool::aks().set("zones", r#"["1"]"#));
    desk.workspace.apply().success().says("incomplete");
    let elsewhere = Pool::aks().set("zones", r#"["2"]"#);
    assert_replaces(&desk.planned(&elsewhere), &["zones"]);
    desk.settle(&elsewhere);
    assert_eq!((desk.creates().len(), desk.deletes().len(), desk.uids().len()), (2, 1, 1));
}

#[test]
fn an_incomplete_pool_can_be_destroyed() {
    let desk = kept();
    desk.workspace.destroy().success();
    assert!(!desk.exists(AKS) && !desk.knows_the_pool());
}

#[test]
fn an_incomplete_pool_that_somebody_deleted_is_planned_anew() {
    let desk = kept();
    desk.actor("delete_pool", AKS, &json!({}));
    desk.machines(5);
    // Its key is still in the device plugin's ConfigMap, and goes first.
    assert_eq!(desk.actions(&Pool::aks()), ["delete", "create"]);
    desk.settle(&Pool::aks());
    assert_eq!(desk.state()["status"], "ready");
}

#[test]
fn with_fail_no_capacity_taints() {
    let desk = Desk::aks();
    desk.machines(0);
    desk.write(&Pool::aks().text("on_incomplete", "fail"));
    desk.workspace.apply().failure().says("AllocationFailed").says("on_incomplete");
    desk.machines(5);
    assert_tainted_and_replaced(&desk);
}

#[test]
fn a_postcondition_on_the_status_fails_the_apply_and_harms_nothing() {
    let desk = Desk::aks();
    desk.machines(0);
    let condition = "lifecycle {\n postcondition {\n condition = self.status == \"ready\"\n \
                     error_message = \"The pool waits for GPUs.\"\n }\n }";
    desk.write(&Pool::aks().block(condition));
    desk.workspace.apply().failure().says("The pool waits for GPUs.");
    assert!(!desk.workspace.is_tainted(POOL));
    desk.machines(5);
    assert_goes_on(&desk);
}

#[test]
fn an_operation_that_somebody_cancelled_is_taken_up_again() {
    let desk = Desk::aks();
    desk.fault_on(&desk.cloud.creation(), "cancel_operation", 1, &json!({}));
    desk.write(&Pool::aks());
    desk.workspace.apply().says("ancel");
    assert!(desk.knows_the_pool(), "the pool is lost");
    assert!(!desk.workspace.is_tainted(POOL), "the next apply would destroy it");
    desk.settle(&Pool::aks());
    assert_eq!((desk.state()["status"].clone(), desk.creates().len()), (json!("ready"), 1));
}

#[test]
fn growth_without_capacity_is_an_error_that_taints_nothing_and_heals() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    let first = desk.uids();
    desk.machines(2);
    let grown = Pool::aks().set("node_count", "4");
    desk.write(&grown);
    desk.workspace.apply().failure().says("AllocationFailed").says("capacity");
    assert!(!desk.workspace.is_tainted(POOL));
    desk.machines(4);
    desk.settle(&grown);
    assert!(desk.uids().is_superset(&first));
    assert_eq!((desk.uids().len(), desk.creates().len(), desk.deletes().len()), (4, 1, 0));
}

#[test]
fn a_pool_that_fails_later_says_so_and_is_mended_by_an_apply() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    // Somebody else's scaling fails, and leaves the pool in Failed with the reason.
    desk.machines(1);
    let mut properties = desk.properties();
    properties["count"] = json!(3);
    for name in ["eTag", "provisioningState", "currentOrchestratorVersion", "nodeImageVersion", "status"] {
        properties.as_object_mut().expect("an object").remove(name);
    }
    let path = desk.cloud.pool_path(AKS, NAME);
    let (status, answer) = desk.sandbox.call_cloud("PUT", &path, Some(&json!({ "properties": properties })));
    assert_eq!(status, 200, "{answer:#}");
    desk.await_state("Failed");
    // Nothing of ours is different, so nothing is done unasked; but it is told.
    let told = desk.workspace.plan().says("Warning: The node pool mig is not well");
    told.says("state Failed").says("AllocationFailed");
    desk.machines(5);
    desk.settle(&Pool::aks().set("node_count", "3").set("labels", r#"{ team = "ml" }"#));
    assert_eq!(desk.properties()["provisioningState"], "Succeeded");
    assert_eq!((desk.uids().len(), desk.deletes().len()), (3, 0));
}

#[test]
fn no_pool_is_left_of_a_creation_that_failed_for_good_and_cost_nothing_unseen() {
    // A quota is no matter of waiting: an error, and what AKS left of the pool is Terraform's to remove.
    let desk = Desk::aks();
    let params = json!({"code": "QuotaExceeded", "message": "Family quota exceeded."});
    desk.fault_on(&desk.cloud.creation(), "failed_operation", 1, &params);
    desk.write(&Pool::aks());
    desk.workspace.apply().failure().says("QuotaExceeded").says("Family quota exceeded.");
    assert!(desk.exists(AKS), "AKS leaves a failed pool");
    assert!(desk.knows_the_pool() && desk.workspace.is_tainted(POOL));
    desk.settle(&Pool::aks());
    assert_eq!((desk.creates().len(), desk.deletes().len()), (2, 1));
    assert_eq!(
        desk.changes(0).iter().map(|it| it["method"].clone()).collect::<Vec<Value>>(),
        ["PUT", "DELETE", "PUT"]
    );
}
