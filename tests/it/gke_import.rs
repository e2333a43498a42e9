//! Pools that exist already: taken over as they are, or refused with the reason.

use serde_json::{Value, json};

use crate::mig_change::Update;
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, POOL, PROVIDER, Pool, REGIONAL, ZONAL};
use crate::support::json;

/// A pool with MIG as somebody makes it by hand, with labels, taints and tags of his own.
fn made_by_hand() -> Value {
    json!({
        "name": NAME,
        "initialNodeCount": 2,
        "config": {
            "machineType": "a2-highgpu-1g",
            "labels": {"team": "ml"},
            "resourceLabels": {"cost": "research"},
            "taints": [{"key": "team", "value": "ml", "effect": "NO_SCHEDULE"}],
            "accelerators": [{
                "acceleratorType": "nvidia-tesla-a100",
                "acceleratorCount": "1",
                "gpuPartitionSize": "1g.5gb",
            }],
        },
    })
}

/// The configuration that says the same.
fn as_made() -> Pool {
    Pool::zonal()
        .set("node_count", "2")
        .set("labels", r#"{ team = "ml" }"#)
        .set("tags", r#"{ cost = "research" }"#)
        .set("taints", r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#)
}

fn import_block(id: &str) -> String {
    format!("import {{\n to = {POOL}\n id = \"{id}\"\n}}")
}

fn id(cluster: &str) -> String {
    format!("{cluster}/nodePools/{NAME}")
}

/// What an update after an import may do: give the pool our own labels, and nothing else.
#[track_caller]
fn assert_only_labels(update: &Update) {
    let bodies: Vec<_> = update.requests.iter().map(|record| record["request_body"].clone()).collect();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    let labels = bodies[0]["labels"]["labels"].clone();
    assert_eq!(
        (&labels["team"], &labels["gpuslice/profile"]),
        (&json!("ml"), &json!("1g.5gb")),
        "{bodies:#?}"
    );
    let others: Vec<_> =
        bodies[0].as_object().expect("a body").keys().filter(|key| *key != "labels").collect();
    assert!(others.iter().all(|key| *key == "name" || *key == "etag"), "{others:?}");
}

#[test]
fn a_pool_made_by_hand_is_imported_and_gets_our_labels_and_nothing_else() {
    let desk = Desk::new();
    desk.foreign_pool(ZONAL, &made_by_hand());
    let nodes = desk.uids();
    desk.write(&as_made());
    desk.workspace.import(POOL, &id(ZONAL)).success();
    let state = desk.state();
    assert_eq!((&state["node_count"], &state["slices"]["total"]), (&json!(2), &json!(14)));
    assert_eq!((&state["labels"], &state["tags"]), (&json!({"team": "ml"}), &json!({"cost": "research"})));
    let update = desk.update(&as_made()).keeps_nodes();
    assert_only_labels(&update);
    assert_eq!(desk.uids(), nodes);
}

#[test]
fn an_import_block_takes_a_pool_over_in_one_apply() {
    let desk = Desk::new();
    desk.foreign_pool(ZONAL, &made_by_hand());
    let nodes = desk.uids();
    desk.settle(&as_made().beside(&import_block(&id(ZONAL))))
        .says("1 imported, 0 added, 1 changed, 0 destroyed");
    assert_eq!(desk.uids(), nodes);
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0), "the one by hand");
}

#[test]
fn a_pool_of_ours_that_was_forgotten_comes_back_without_a_change() {
    let desk = Desk::new();
    let pool = Pool::regional()
        .set("labels", r#"{ team = "ml" }"#)
        .set("tags", r#"{ cost = "research" }"#)
        .set("taints", r#"[{ key = "quiet", effect = "NoExecute" }]"#)
        .set("upgrade", r#"{ max_surge = "0", max_unavailable = "1" }"#)
        .set("gke", r#"{ driver_version = "LATEST", network_tags = ["gpu"] }"#);
    desk.settle(&pool);
    desk.workspace.state_rm(POOL).success();
    let before = desk.changes(0).len();
    let imported = desk.settle(&pool.beside(&import_block(&id(REGIONAL))));
    imported.says("1 imported, 0 added, 0 changed, 0 destroyed");
    assert_eq!(desk.changes(before), Vec::<Value>::new());
}

#[test]
fn settings_that_no_cloud_holds_take_one_update_without_a_call() {
    let desk = Desk::new();
    let pool = Pool::zonal().text("on_incomplete", "fail").timeouts("create = \"90m\"");
    desk.settle(&pool);
    desk.workspace.state_rm(POOL).success();
    desk.write(&pool);
    desk.workspace.import(POOL, &id(ZONAL)).success();
    desk.update(&pool).keeps_nodes().calls_nothing();
}

#[test]
fn an_autoscaled_spot_pool_is_imported_as_one() {
    let desk = Desk::new();
    let mut theirs = made_by_hand();
    theirs["config"]["spot"] = json!(true);
    theirs["autoscaling"] = json!({"enabled": true, "totalMinNodeCount": 1, "totalMaxNodeCount": 4});
    desk.foreign_pool(ZONAL, &theirs);
    let pool = as_made()
        .unset("node_count")
        .set("autoscaling", "{ min_nodes = 1, max_nodes = 4 }")
        .text("capacity_type", "spot");
    desk.write(&pool);
    desk.workspace.import(POOL, &id(ZONAL)).success();
    let update = desk.update(&pool).keeps_nodes();
    assert_only_labels(&update);
}

#[test]
fn limits_per_zone_are_imported_as_totals() {
    let desk = Desk::new();
    let mut theirs = made_by_hand();
    theirs["locations"] = json!(["us-central1-a", "us-central1-b"]);
    theirs["autoscaling"] = json!({"enabled": true, "minNodeCount": 1, "maxNodeCount": 3});
    desk.foreign_pool(REGIONAL, &theirs);
    desk.write(&as_made().text("cluster_id", REGIONAL));
    desk.workspace.import(POOL, &id(REGIONAL)).success();
    let scaling = desk.state()["autoscaling"].clone();
    assert_eq!((&scaling["min_nodes"], &scaling["max_nodes"]), (&json!(2), &json!(6)), "{scaling}");
}

#[test]
fn a_generated_configuration_is_valid_and_changes_labels_only() {
    let desk = Desk::new();
    desk.foreign_pool(ZONAL, &made_by_hand());
    desk.workspace.write("main.tf", &format!("{PROVIDER}{}", import_block(&id(ZONAL))));
    desk.workspace.run(&["plan", "-generate-config-out=generated.tf"]).success();
    let nodes = desk.uids();
    let applied = desk.workspace.apply().success();
    applied.says("1 imported, 0 added, 1 changed, 0 destroyed");
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.uids(), nodes);
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

#[test]
fn a_pool_that_is_still_being_made_is_imported_and_waited_for() {
    let desk = Desk::with_latency("1500ms");
    let (status, _) = desk.sandbox.call_cloud(
        "POST",
        &format!("/v1/{ZONAL}/nodePools"),
        Some(&json!({"nodePool": made_by_hand()})),
    );
    assert_eq!(status, 200);
    desk.settle(&as_made().beside(&import_block(&id(ZONAL)))).says("1 imported");
    assert_eq!(desk.state()["status"], "ready");
    assert_eq!(desk.uids().len(), 2);
}

#[test]
fn pools_that_are_not_cut_are_not_imported() {
    let desk = Desk::new();
    for (name, reason) in [("foreign-gpu", "MIG"), ("default-pool", "MIG")] {
        desk.write(&Pool::zonal().text("name", name));
        desk.workspace.import(POOL, &format!("{ZONAL}/nodePools/{name}")).failure().says(reason).says(name);
        assert!(!desk.knows_the_pool());
    }
    assert_eq!(desk.changes(0), Vec::<Value>::new());
}

#[test]
fn slices_that_are_shared_on_top_belong_to_another_kind_of_resource() {
    let desk = Desk::new();
    let mut theirs = made_by_hand();
    theirs["config"]["accelerators"][0]["gpuSharingConfig"] =
        json!({"gpuSharingStrategy": "TIME_SHARING", "maxSharedClientsPerGpu": "3"});
    desk.foreign_pool(ZONAL, &theirs);
    desk.write(&as_made());
    desk.workspace.import(POOL, &id(ZONAL)).failure().says("shar");
    assert!(!desk.knows_the_pool());
}

#[test]
fn a_pool_that_is_not_there_is_not_imported() {
    let desk = Desk::new();
    desk.write(&Pool::zonal());
    desk.workspace.import(POOL, &id(ZONAL)).failure().says(NAME);
    let nowhere = "projects/sandbox/locations/us-central1-a/clusters/nowhere/nodePools/mig";
    desk.workspace.import(POOL, nowhere).failure().says("nowhere");
    assert!(!desk.knows_the_pool());
}

#[test]
fn what_is_no_pools_id_is_refused_with_the_form_of_one() {
    let desk = Desk::new();
    desk.write(&Pool::zonal());
    for wrong in ["mig", ZONAL, "us-central1-a/zonal/mig"] {
        desk.workspace.import(POOL, wrong).failure().says("/nodePools/");
    }
}

#[test]
fn a_wrong_configuration_for_an_imported_pool_shows_the_replacement_before_it_happens() {
    let desk = Desk::new();
    desk.foreign_pool(ZONAL, &made_by_hand());
    let plan = desk.planned(&as_made().text("mig_profile", "2g.10gb").beside(&import_block(&id(ZONAL))));
    assert_eq!(json::actions(&plan, POOL), ["delete", "create"]);
    assert!(json::change(&plan, POOL)["importing"].is_object());
}
