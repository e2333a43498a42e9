//! Pools with shared GPUs that exist already: taken over as they are, or refused with the name of the right resource.

use serde_json::{Value, json};

use crate::mig_pool::{NAME, POOL, Pool, SHARED, ZONAL};
use crate::timeslice_lifecycle::{desk, sharing};

/// A pool as somebody makes it by hand.
fn made_by_hand(strategy: &str) -> Value {
    json!({
        "name": NAME,
        "initialNodeCount": 1,
        "config": {
            "machineType": "g2-standard-8",
            "accelerators": [{
                "acceleratorType": "nvidia-l4",
                "acceleratorCount": "1",
                "gpuSharingConfig": {"gpuSharingStrategy": strategy, "maxSharedClientsPerGpu": "4"},
            }],
        },
    })
}

fn id() -> String {
    format!("{ZONAL}/nodePools/{NAME}")
}

#[test]
fn a_pool_made_by_hand_is_imported_and_gets_our_labels_and_nothing_else() {
    let desk = desk();
    desk.foreign_pool(ZONAL, &made_by_hand("MPS"));
    let pool = Pool::shared().text("sharing_strategy", "mps");
    desk.write(&pool);
    desk.workspace.import(SHARED, &id()).success();
    let state = desk.state();
    assert_eq!(
        (&state["replicas"], &state["sharing_strategy"], &state["slices"]["total"]),
        (&json!(4), &json!("mps"), &json!(4))
    );
    assert!(state.get("mig_strategy").is_none());
    let update = desk.update(&pool).keeps_nodes();
    let bodies: Vec<_> = update.requests.iter().map(|record| record["request_body"].clone()).collect();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    assert_eq!(bodies[0]["labels"]["labels"]["gpuslice/sharing"], "mps");
}

#[test]
fn a_pool_of_ours_that_was_forgotten_comes_back_without_a_change() {
    let desk = desk();
    let pool = Pool::zonal().shared_by("3");
    desk.settle(&pool);
    desk.workspace.state_rm(SHARED).success();
    let before = desk.changes(0).len();
    let block = format!("import {{\n to = {SHARED}\n id = \"{}\"\n}}", id());
    desk.settle(&pool.beside(&block)).says("1 imported, 0 added, 0 changed, 0 destroyed");
    assert_eq!(desk.changes(before), Vec::<Value>::new());
    assert_eq!(sharing(&desk), (json!("TIME_SHARING"), json!("3")));
}

/// Either kind names the other one.
#[test]
fn a_pool_of_the_other_kind_is_refused_with_its_name() {
    let mut desk = desk();
    desk.write(&Pool::shared());
    desk.workspace.apply().success();
    desk.workspace.state_rm(SHARED).success();
    desk.write(&Pool::zonal());
    desk.workspace.import(POOL, &id()).failure().says("not cut by MIG").says("gpuslice_timeslice_nodepool");
    desk.write(&Pool::shared());
    for other in ["default-pool", "foreign-gpu"] {
        let other = format!("{ZONAL}/nodePools/{other}");
        desk.workspace
            .import(SHARED, &other)
            .failure()
            .says("not shared")
            .never_says("gpuslice_mig_nodepool");
    }
    desk.workspace.import(SHARED, &id()).success();
    desk.workspace.destroy().success();
    desk.address = POOL;
    desk.settle(&Pool::zonal());
    desk.workspace.state_rm(POOL).success();
    desk.write(&Pool::zonal().shared_by("2"));
    desk.workspace.import(SHARED, &id()).failure().says("not shared").says("gpuslice_mig_nodepool");
    assert!(!desk.workspace.has(SHARED));
}
