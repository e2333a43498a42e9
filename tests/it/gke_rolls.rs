//! Changes for which GKE replaces the nodes of the same pool: an update to Terraform, with a warning at plan.

use serde_json::json;

use crate::mig_desk::Desk;
use crate::mig_pool::{Pool, ZONAL};

/// Two nodes, so that one goes after the other.
fn pool() -> Pool {
    Pool::zonal().set("node_count", "2")
}

/// Applies `from`, then changes it to `to`, which rolls the nodes and is warned of at plan.
#[track_caller]
fn rolls(from: &Pool, to: &Pool, attribute: &str) -> Desk {
    let desk = Desk::new();
    desk.settle(from);
    desk.write(to);
    desk.workspace.plan().exits(2).says(attribute).says("rolls");
    desk.update(to).rolls_nodes();
    desk.await_slices(14);
    desk
}

#[test]
fn a_newer_version_rolls_the_nodes() {
    let older = pool().text("kubernetes_version", "1.34");
    let desk = rolls(&older, &pool().text("kubernetes_version", "1.35"), "kubernetes_version");
    assert!(
        desk.nodes()
            .iter()
            .all(|node| node["version"].as_str().is_some_and(|version| version.starts_with("1.35.")))
    );
}

#[test]
fn a_version_is_a_minimum() {
    let desk = Desk::new();
    desk.settle(&pool().text("kubernetes_version", "1.34"));
    assert!(desk.live(ZONAL)["version"].as_str().is_some_and(|version| version.starts_with("1.34.")));
    // GKE upgrades by itself: no difference, and never a way back.
    desk.actor("auto_upgrade", ZONAL, &json!({}));
    desk.await_status(ZONAL, "RUNNING");
    let upgraded = desk.live(ZONAL)["version"].clone();
    assert!(upgraded.as_str().is_some_and(|version| version.starts_with("1.35.")), "{upgraded}");
    desk.workspace.assert_empty_plan();
    // A lower minimum, or none at all, asks nothing of the cloud either.
    let nodes = desk.uids();
    desk.update(&pool().text("kubernetes_version", "1.33")).keeps_nodes().calls_nothing();
    desk.update(&pool()).keeps_nodes().calls_nothing();
    assert_eq!(desk.uids(), nodes);
    assert_eq!(desk.live(ZONAL)["version"], upgraded);
}

#[test]
fn a_version_matches_at_its_dots_only() {
    let desk = Desk::new();
    // 1.3 is older than 1.34, and no beginning of it.
    desk.settle(&pool().text("kubernetes_version", "1.34.3"));
    assert_eq!(desk.live(ZONAL)["version"], "1.34.3-gke.1245000");
}

#[test]
fn a_larger_disk_rolls_the_nodes() {
    let desk = rolls(&pool().set("disk_size_gb", "100"), &pool().set("disk_size_gb", "200"), "disk_size_gb");
    assert_eq!(desk.live(ZONAL)["config"]["diskSizeGb"], 200);
}

#[test]
fn another_disk_type_rolls_the_nodes() {
    let desk = rolls(&pool(), &pool().text("disk_type", "pd-ssd"), "disk_type");
    assert_eq!(desk.live(ZONAL)["config"]["diskType"], "pd-ssd");
}

#[test]
fn another_driver_rolls_the_nodes_and_keeps_the_slices() {
    let to = pool().set("gke", r#"{ driver_version = "LATEST" }"#);
    let desk = rolls(&pool(), &to, "gke.driver_version");
    let accelerator = desk.live(ZONAL)["config"]["accelerators"][0].clone();
    assert_eq!(accelerator["gpuPartitionSize"], "1g.5gb");
    assert_eq!(accelerator["gpuDriverInstallationConfig"]["gpuDriverVersion"], "LATEST");
}

#[test]
fn a_specific_driver_comes_by_its_version_and_goes_by_another_word() {
    let to = pool().set("gke", r#"{ driver_specific_version = "580.95.05" }"#);
    let desk = rolls(&pool(), &to, "gke.driver_specific_version");
    let driver =
        |desk: &Desk| desk.live(ZONAL)["config"]["accelerators"][0]["gpuDriverInstallationConfig"].clone();
    assert_eq!(driver(&desk), json!({"gpuDriverVersion": "SPECIFIC", "specificVersion": "580.95.05"}));
    assert_eq!(desk.state()["gke"]["driver_version"], "SPECIFIC");
    let spelt_out = r#"{ driver_version = "SPECIFIC", driver_specific_version = "580.95.05" }"#;
    desk.write(&pool().set("gke", spelt_out));
    desk.workspace.assert_empty_plan();
    desk.update(&pool().set("gke", r#"{ driver_version = "DEFAULT" }"#)).rolls_nodes();
    assert_eq!(driver(&desk), json!({"gpuDriverVersion": "DEFAULT"}));
}

#[test]
fn a_specific_driver_that_nobody_writes_any_more_stays() {
    let desk = Desk::new();
    let specific =
        pool().set("gke", r#"{ driver_version = "SPECIFIC", driver_specific_version = "580.95.05" }"#);
    desk.settle(&specific);
    desk.write(&pool());
    desk.workspace.assert_empty_plan();
    desk.update(&pool().set("labels", r#"{ team = "ml" }"#)).keeps_nodes();
}

#[test]
fn another_image_rolls_the_nodes() {
    rolls(&pool(), &pool().set("gke", r#"{ image_type = "UBUNTU_CONTAINERD" }"#), "gke.image_type");
}

#[test]
fn another_network_card_rolls_the_nodes() {
    rolls(&pool(), &pool().set("gke", "{ gvnic = true }"), "gke.gvnic");
}

#[test]
fn image_streaming_rolls_the_nodes() {
    rolls(&pool(), &pool().set("gke", "{ image_streaming = true }"), "gke.image_streaming");
}

#[test]
fn another_metadata_server_rolls_the_nodes() {
    let to = pool().set("gke", r#"{ workload_metadata_mode = "GKE_METADATA" }"#);
    rolls(&pool(), &to, "gke.workload_metadata_mode");
}

#[test]
fn a_limit_of_a_nodes_life_rolls_the_nodes() {
    let desk = rolls(&pool(), &pool().set("gke", r#"{ max_run_duration = "72h" }"#), "gke.max_run_duration");
    assert_eq!(desk.live(ZONAL)["config"]["maxRunDuration"], "259200s");
}

#[test]
fn private_nodes_roll_the_nodes() {
    rolls(&pool(), &pool().set("gke", "{ private_nodes = true }"), "gke.private_nodes");
}

#[test]
fn a_warning_tells_how_many_nodes_roll_and_what_it_takes() {
    let desk = Desk::new();
    desk.settle(&pool());
    desk.write(&pool().set("disk_size_gb", "300"));
    desk.workspace.plan().exits(2).says("2 nodes").says("spare").says("max_unavailable");
}

#[test]
fn a_surge_without_a_spare_gpu_does_not_lose_the_pool() {
    let desk = Desk::new();
    let surging = pool().set("upgrade", r#"{ max_surge = "1", max_unavailable = "0" }"#);
    desk.settle(&surging);
    desk.stock("us-central1-a", 2);
    let before = desk.uids();
    let rolled = surging.set("disk_size_gb", "300");
    desk.write(&rolled.clone().timeouts("update = \"3s\""));
    desk.workspace.apply().failure().says("operation-");
    assert!(!desk.workspace.is_tainted(crate::mig_pool::POOL));
    assert_eq!(desk.uids(), before, "nothing could surge");
    // A spare machine turns up, and the next apply ends what was begun.
    desk.stock("us-central1-a", 3);
    desk.write(&rolled);
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    assert!(desk.uids().is_disjoint(&before));
    assert_eq!(desk.live(ZONAL)["config"]["diskSizeGb"], 300);
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
}
