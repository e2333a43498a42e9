//! A pool whose GPUs are shared: made, changed in place, replaced, mended and destroyed.

use serde_json::{Value, json};

use crate::mig_desk::{Desk, slices};
use crate::mig_pool::{Pool, SHARED, ZONAL};
use crate::support::json;

/// A desk for the resource whose GPUs are shared.
pub(crate) fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.address = SHARED;
    desk
}

/// Two nodes, so that one goes after the other.
fn two() -> Pool {
    Pool::shared().set("node_count", "2")
}

/// How GPUs are shared at GKE: the strategy, and how many share.
pub(crate) fn sharing(desk: &Desk) -> (Value, Value) {
    let entry = desk.live(ZONAL)["config"]["accelerators"][0]["gpuSharingConfig"].clone();
    (entry["gpuSharingStrategy"].clone(), entry["maxSharedClientsPerGpu"].clone())
}

#[test]
fn a_pool_is_made_offers_its_slices_and_goes() {
    let desk = desk();
    desk.settle(&two());
    desk.await_slices(8);
    assert_eq!(sharing(&desk), (json!("TIME_SHARING"), json!("4")));
    let labels = desk.nodes()[0]["labels"].clone();
    assert_eq!(
        (&labels["gpuslice/profile"], &labels["gpuslice/sharing"]),
        (&json!("none"), &json!("time-slicing"))
    );
    desk.workspace.destroy().success();
    assert!(!desk.exists(ZONAL) && !desk.knows_the_pool());
}

#[test]
fn the_slices_of_a_shared_gpu_are_known_at_plan() {
    let desk = desk();
    let change = json::change(&desk.planned(&two()), SHARED).clone();
    let after = &change["after"];
    let slices = &after["slices"];
    assert_eq!(
        (&slices["per_gpu"], &slices["per_node"], &slices["total"], &slices["resource_name"]),
        (&json!(4), &json!(4), &json!(8), &json!("nvidia.com/gpu"))
    );
    // Nothing is set aside for anybody, and no source says what a whole GPU leaves to containers.
    assert_eq!((&slices["memory_gib"], &slices["compute_share"]), (&Value::Null, &json!(0.25)));
    assert_eq!(
        after["scheduling"]["node_selector"],
        json!({"gpuslice/profile": "none", "gpuslice/sharing": "time-slicing"})
    );
    assert_eq!(
        after["native"],
        json!({
            "acceleratorType": "nvidia-l4",
            "acceleratorCount": "1",
            "gpuSharingStrategy": "TIME_SHARING",
            "maxSharedClientsPerGpu": "4",
        })
    );
}

/// Memory is a part of its own under MPS, and all of what is shared under time-slicing.
#[test]
fn slices_of_mig_are_shared_on_top() {
    let desk = desk();
    let cut = Pool::zonal().shared_by("3");
    desk.settle(&cut);
    desk.await_slices(21);
    let state = desk.state();
    assert_eq!((&state["slices"]["per_gpu"], &state["slices"]["memory_gib"]), (&json!(21), &json!(4.75)));
    assert_eq!(state["native"]["gpuPartitionSize"], "1g.5gb");
    assert_eq!(
        state["scheduling"]["node_selector"],
        json!({"gpuslice/profile": "1g.5gb", "gpuslice/sharing": "time-slicing"})
    );
    desk.update(&cut.text("sharing_strategy", "mps")).rolls_nodes();
    desk.await_slices(21);
    let memory = desk.state()["slices"]["memory_gib"].as_f64().expect("a number");
    assert!((memory - 4.75 / 3.0).abs() < 0.01, "{memory}");
    assert_eq!(sharing(&desk), (json!("MPS"), json!("3")));
    assert_eq!(desk.live(ZONAL)["config"]["accelerators"][0]["gpuPartitionSize"], "1g.5gb");
}

#[test]
fn replicas_change_in_the_same_pool_and_the_plan_says_what_rolls() {
    let desk = desk();
    desk.settle(&two());
    let more = two().set("replicas", "6");
    desk.write(&more);
    desk.workspace
        .plan()
        .exits(2)
        .says("Changing replicas rolls all 2 nodes")
        .says("spare")
        .never_says("Fewer containers");
    let update = desk.update(&more).rolls_nodes();
    let sent: Vec<_> = update.requests.iter().map(|record| record["request_body"].clone()).collect();
    assert_eq!(sent.len(), 1, "{sent:#?}");
    // The whole entry: GKE takes what is left out as taken away.
    let entry = &sent[0]["accelerators"][0];
    assert_eq!(
        (&entry["acceleratorType"], &entry["acceleratorCount"], &entry["gpuSharingConfig"]),
        (
            &json!("nvidia-l4"),
            &json!("1"),
            &json!({"gpuSharingStrategy": "TIME_SHARING", "maxSharedClientsPerGpu": "6"})
        )
    );
    desk.await_slices(12);
    assert_eq!(desk.state()["slices"]["total"], 12);
}

#[test]
fn fewer_replicas_are_warned_of() {
    let desk = desk();
    desk.settle(&two());
    let fewer = two().set("replicas", "2");
    desk.write(&fewer);
    desk.workspace
        .plan()
        .exits(2)
        .says("2 instead of 4")
        .says("A node gives 2 slices instead of 4")
        .says("pending");
    desk.update(&fewer).rolls_nodes();
    desk.await_slices(4);
}

#[test]
fn another_strategy_is_the_same_pool_and_the_plan_says_that_pods_must_follow() {
    let desk = desk();
    desk.settle(&two());
    let mps = two().text("sharing_strategy", "mps");
    desk.write(&mps);
    desk.workspace
        .plan()
        .exits(2)
        .says("sharing_strategy rolls all 2 nodes")
        .says("gpuslice/sharing = mps instead of time-slicing");
    desk.update(&mps).rolls_nodes();
    assert_eq!(sharing(&desk), (json!("MPS"), json!("4")));
    assert!(desk.nodes().iter().all(|node| node["labels"]["gpuslice/sharing"] == "mps"));
    // Not written means the default again, not what is there.
    desk.update(&two()).rolls_nodes();
    assert_eq!(sharing(&desk), (json!("TIME_SHARING"), json!("4")));
}

#[test]
fn labels_and_size_change_without_touching_the_gpus() {
    let desk = desk();
    desk.settle(&two());
    let pool = two().set("labels", r#"{ team = "ml" }"#).set("node_count", "3");
    let update = desk.update(&pool).replaces_no_node();
    let bodies: Vec<_> = update.requests.iter().map(|record| record["request_body"].clone()).collect();
    assert!(!bodies.is_empty() && bodies.iter().all(|body| body["accelerators"].is_null()), "{bodies:#?}");
    desk.await_slices(12);
}

#[test]
fn another_profile_is_another_pool() {
    let desk = desk();
    let cut = Pool::zonal().shared_by("3");
    desk.settle(&cut);
    desk.replace(&cut.clone().text("mig_profile", "2g.10gb"), &["mig_profile"]);
    desk.await_slices(9);
    // So is none at all.
    desk.replace(&cut.unset("mig_profile"), &["mig_profile"]);
    desk.await_slices(3);
}

#[test]
fn what_others_change_about_sharing_is_shown_and_mended() {
    let desk = desk();
    desk.settle(&two());
    let theirs = |entry: &Value| {
        let mut full = json!({"acceleratorType": "nvidia-l4", "acceleratorCount": "1"});
        full["gpuSharingConfig"] = entry.clone();
        desk.meddle("PUT", ZONAL, "", &json!({"accelerators": [full]}));
    };
    theirs(&json!({"gpuSharingStrategy": "MPS", "maxSharedClientsPerGpu": "7"}));
    let change = json::change(&desk.planned(&two()), SHARED).clone();
    assert_eq!(
        (&change["before"]["replicas"], &change["before"]["sharing_strategy"]),
        (&json!(7), &json!("mps"))
    );
    desk.update(&two()).rolls_nodes();
    assert_eq!(sharing(&desk), (json!("TIME_SHARING"), json!("4")));
    // Also when they take it away altogether.
    theirs(&Value::Null);
    let change = json::change(&desk.planned(&two()), SHARED).clone();
    assert_eq!((&change["before"]["replicas"], &change["after"]["replicas"]), (&Value::Null, &json!(4)));
    desk.update(&two()).rolls_nodes();
    assert_eq!(sharing(&desk), (json!("TIME_SHARING"), json!("4")));
}

#[test]
fn an_autoscaled_pool_is_shared_too() {
    let desk = desk();
    let pool = Pool::shared().set("autoscaling", "{ min_nodes = 1, max_nodes = 3 }");
    desk.settle(&pool);
    assert_eq!(desk.state()["slices"]["total"], Value::Null);
    assert_eq!(desk.nodes().iter().map(slices).sum::<u64>(), 4);
}

#[test]
fn a_prefix_makes_another_name_than_for_a_pool_of_the_other_kind() {
    let desk = desk();
    let cut = Pool::zonal().unset("name").text("name_prefix", "gpu-");
    let name = |pool: &Pool, address: &str| {
        json::change(&desk.planned(pool), address)["after"]["name"].as_str().expect("known").to_owned()
    };
    let (one, other) = (name(&cut, crate::mig_pool::POOL), name(&cut.clone().shared_by("2"), SHARED));
    assert!(one.starts_with("gpu-") && other.starts_with("gpu-") && one != other, "{one} {other}");
}
