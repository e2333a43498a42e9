//! `gpuslice_slice_check`: an apply that fails when slices do not come, and harms nothing.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::mig_desk::{Desk, SOON};
use crate::mig_pool::{POOL, Pool, ZONAL};
use crate::support::json;

const CHECK: &str = "gpuslice_slice_check.check";

/// A pool that nobody looks at, and the resource that does, with these attributes.
fn checked(pool: Pool, inside: &str) -> Pool {
    let (kind, name) = pool.address().split_once('.').expect("an address");
    let check = format!(
        "resource \"gpuslice_slice_check\" \"check\" {{\n  nodepool_id = {kind}.{name}.id\n{inside}\n}}"
    );
    pool.text("slice_check", "off").beside(&check)
}

fn broken() -> Pool {
    Pool::zonal().set("gke", r#"{ driver_version = "INSTALLATION_DISABLED" }"#)
}

#[test]
fn slices_that_are_seen_are_shown_and_stay() {
    let desk = Desk::new();
    let pool = Pool::zonal().set("node_count", "2");
    desk.settle(&checked(pool.clone(), ""));
    let seen = desk.workspace.attributes(CHECK);
    assert_eq!(
        (
            &seen["id"],
            &seen["resource_name"],
            &seen["slices_per_node"],
            &seen["nodes"],
            &seen["allocatable_slices"]
        ),
        (&desk.state()["id"], &json!("nvidia.com/gpu"), &json!(7), &json!(2), &json!(14))
    );
    // The time-out is for later; a trigger is another look.
    let plan = desk.planned(&checked(pool.clone(), "  timeout = \"90s\""));
    assert_eq!(json::actions(&plan, CHECK), ["update"]);
    desk.settle(&checked(pool.clone(), "  timeout = \"90s\""));
    desk.settle(&checked(pool.clone(), "  timeout = \"1m30s\""));
    let triggered = checked(pool, "  triggers = { plugin = \"0.17\" }");
    let plan = desk.planned(&triggered);
    let change = json::change(&plan, CHECK);
    assert_eq!(change["actions"], json!(["delete", "create"]));
    assert_eq!(change["replace_paths"], json!([["triggers"]]));
    desk.settle(&triggered);
    desk.workspace.destroy().success();
    assert!(!desk.exists(ZONAL));
}

#[test]
fn a_failed_check_fails_the_apply_and_leaves_the_pool_alone_until_it_is_mended() {
    let desk = Desk::new();
    desk.write(&checked(broken(), "  timeout = \"1s\""));
    desk.workspace
        .apply()
        .failure()
        .says("Node pool mig: 0 of 1 nodes offer the planned 7 nvidia.com/gpu")
        .says("The node pool stays as it is");
    assert!(!desk.workspace.is_tainted(POOL) && !desk.workspace.has(CHECK));
    let plan = desk.workspace.plan_json();
    assert_eq!(
        (json::actions(&plan, POOL), json::actions(&plan, CHECK)),
        (vec!["no-op".to_owned()], vec!["create".to_owned()])
    );
    let mended = Pool::zonal().set("gke", r#"{ driver_version = "DEFAULT" }"#);
    desk.settle(&checked(mended, "  timeout = \"30s\""));
    assert_eq!(desk.workspace.attributes(CHECK)["allocatable_slices"], 7);
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0), "the same pool all the way");
}

#[test]
fn what_cannot_be_verified_fails_it_too() {
    let desk = Desk::new();
    desk.sandbox.fault(json!({"kind": "permission", "match": {"cloud": "kubernetes", "verb": "list", "resource": "nodes"}, "times": 1000}));
    desk.write(&checked(Pool::zonal(), ""));
    desk.workspace.apply().failure().says("were not verified").says("Not permitted (403)");
    desk.sandbox.clear_faults();
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_pool_that_is_not_ready_is_waited_for() {
    let desk = Desk::with_latency("4s");
    let slow = Pool::zonal().timeouts("create = \"500ms\"");
    desk.write(&checked(slow.clone(), "  timeout = \"60s\""));
    desk.workspace.apply().success().says("is not ready yet");
    assert_eq!(desk.workspace.attributes(CHECK)["allocatable_slices"], 7);
    // One that takes too long is told, and waited for by the next apply.
    let other = Pool::zonal().text("name", "mig2").timeouts("create = \"500ms\"");
    desk.write(&checked(other, "  timeout = \"1s\""));
    let failed = desk.workspace.apply().failure();
    failed.says("Timed out: the node pool mig2 is not ready yet");
}

#[test]
fn ctrl_c_ends_it_at_once() {
    let desk = Desk::new();
    desk.write(&checked(broken(), ""));
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until_said("gpuslice_slice_check.check: Creating...", SOON);
    std::thread::sleep(Duration::from_millis(500));
    let interrupted = Instant::now();
    apply.interrupt();
    apply.wait_with_timeout(SOON).failure().says("The check was interrupted");
    assert!(interrupted.elapsed() < Duration::from_secs(5), "{:?}", interrupted.elapsed());
    assert!(!desk.workspace.has(CHECK) && !desk.workspace.is_tainted(POOL));
}

#[test]
fn it_goes_with_its_pool() {
    let desk = Desk::new();
    let pool = checked(Pool::zonal(), "");
    desk.settle(&pool);
    desk.sandbox.actor(json!({"cloud": "gke", "kind": "delete_pool", "cluster": ZONAL, "pool": "mig"}));
    let plan = desk.planned(&pool);
    assert_eq!(
        (json::actions(&plan, POOL), json::actions(&plan, CHECK)),
        (vec!["create".to_owned()], vec!["create".to_owned()])
    );
    desk.settle(&pool);
}

#[test]
fn wrong_ids_and_times_are_refused_at_plan() {
    let desk = Desk::new();
    for (inside, words) in [
        ("nodepool_id = \"mig\"", "This is not the id of a node pool"),
        (
            "nodepool_id = \"projects/p/locations/us-central1-a/clusters/c/nodePools/n\"",
            "this is no cluster of the sandbox",
        ),
        (
            "nodepool_id = \"projects/sandbox/locations/us-central1-a/clusters/zonal/nodePools/none\"\n timeout = \"soon\"",
            "This is no time to wait",
        ),
    ] {
        desk.workspace.write(
            "main.tf",
            &format!(
                "{}resource \"gpuslice_slice_check\" \"check\" {{\n {inside}\n}}\n",
                crate::mig_pool::PROVIDER
            ),
        );
        desk.workspace.plan().exits(1).says(words);
    }
    desk.workspace.write("main.tf", &format!(
        "{}resource \"gpuslice_slice_check\" \"check\" {{\n  nodepool_id = \"{ZONAL}/nodePools/none\"\n}}\n", crate::mig_pool::PROVIDER));
    desk.workspace.apply().failure().says("There is no node pool none");
    // A pool whose GPUs nobody slices offers them whole, and one without GPUs nothing.
    desk.workspace.write("main.tf", &format!(
        "{}resource \"gpuslice_slice_check\" \"check\" {{\n  nodepool_id = \"{ZONAL}/nodePools/default-pool\"\n}}\n", crate::mig_pool::PROVIDER));
    desk.workspace.apply().failure().says("The pool has no GPUs that the cloud tells of");
}
