//! The `gke` object: options that change in place, and what omitting, setting and removing each of them means.

use serde_json::{Value, json};

use crate::mig_desk::Desk;
use crate::mig_pool::{Pool, ZONAL};

fn with(gke: &str) -> Pool {
    Pool::zonal().set("gke", gke)
}

/// Sets the option on a pool that stands without it, changes it, and removes it from the configuration: in place, in
/// place, and nothing, since unset means unchanged. `at` is where GKE shows it.
#[track_caller]
fn in_place(first: (&str, &Value), second: (&str, &Value), at: &str) {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    for (gke, expected) in [first, second] {
        desk.update(&with(gke)).keeps_nodes();
        let live = desk.live(ZONAL);
        // What is false or empty may be left out of an answer.
        let seen = live.pointer(at).cloned().unwrap_or(json!(false));
        assert_eq!(seen, *expected, "{gke}");
    }
    desk.write(&Pool::zonal());
    desk.workspace.assert_empty_plan();
}

#[test]
fn network_tags_change_in_place() {
    in_place(
        (r#"{ network_tags = ["gpu"] }"#, &json!(["gpu"])),
        (r#"{ network_tags = ["mig"] }"#, &json!(["mig"])),
        "/config/tags",
    );
}

#[test]
fn network_tags_can_be_emptied() {
    let desk = Desk::new();
    desk.settle(&with(r#"{ network_tags = ["gpu"] }"#));
    desk.update(&with("{ network_tags = [] }")).keeps_nodes();
    let tags = desk.live(ZONAL)["config"]["tags"].clone();
    assert!(tags.is_null() || tags == json!([]), "{tags}");
}

#[test]
fn auto_repair_changes_in_place() {
    let at = "/management/autoRepair";
    in_place(("{ auto_repair = false }", &json!(false)), ("{ auto_repair = true }", &json!(true)), at);
}

#[test]
fn auto_upgrade_changes_in_place() {
    let at = "/management/autoUpgrade";
    in_place(("{ auto_upgrade = false }", &json!(false)), ("{ auto_upgrade = true }", &json!(true)), at);
}

#[test]
fn changing_one_half_of_the_management_keeps_the_other() {
    let desk = Desk::new();
    desk.settle(&with("{ auto_repair = false, auto_upgrade = true }"));
    desk.update(&with("{ auto_repair = true }")).keeps_nodes();
    assert_eq!(desk.live(ZONAL)["management"]["autoUpgrade"], true);
    desk.update(&with("{ auto_upgrade = false }")).keeps_nodes();
    assert_eq!(desk.live(ZONAL)["management"]["autoRepair"], true);
}

#[test]
fn draining_changes_in_place() {
    in_place(
        (r#"{ node_drain = { respect_pdb_during_deletion = true } }"#, &json!(true)),
        (r#"{ node_drain = { respect_pdb_during_deletion = false } }"#, &json!(false)),
        "/nodeDrainConfig/respectPdbDuringNodePoolDeletion",
    );
}

#[test]
fn resource_manager_tags_change_in_place() {
    let tag =
        |value: u32| format!("{{ resource_manager_tags = {{ \"tagKeys/1\" = \"tagValues/{value}\" }} }}");
    in_place(
        (&tag(1), &json!({"tagKeys/1": "tagValues/1"})),
        (&tag(2), &json!({"tagKeys/1": "tagValues/2"})),
        "/config/resourceManagerTags/tags",
    );
}

#[test]
fn the_location_policy_changes_in_place_and_keeps_the_limits() {
    let desk = Desk::new();
    let scaled = |gke: &str| with(gke).set("autoscaling", "{ min_nodes = 1, max_nodes = 3 }");
    desk.settle(&scaled(r#"{ location_policy = "BALANCED" }"#));
    desk.update(&scaled(r#"{ location_policy = "ANY" }"#)).keeps_nodes();
    let live = desk.live(ZONAL)["autoscaling"].clone();
    assert_eq!((&live["locationPolicy"], &live["totalMaxNodeCount"]), (&json!("ANY"), &json!(3)));
    // And the other way round: new limits keep the policy.
    let moved = with(r#"{ location_policy = "ANY" }"#).set("autoscaling", "{ min_nodes = 1, max_nodes = 5 }");
    desk.update(&moved).keeps_nodes();
    assert_eq!(desk.live(ZONAL)["autoscaling"]["locationPolicy"], "ANY");
}

#[test]
fn blue_green_comes_and_goes_in_place() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let blue_green =
        r#"{ blue_green = { node_pool_soak = "10m", batch_node_count = 1, batch_soak = "30s" } }"#;
    desk.update(&with(blue_green)).keeps_nodes();
    let live = desk.live(ZONAL)["upgradeSettings"].clone();
    assert_eq!(
        (&live["strategy"], &live["blueGreenSettings"]["nodePoolSoakDuration"]),
        (&json!("BLUE_GREEN"), &json!("600s"))
    );
    // Not computed: without it nodes are replaced as `upgrade` says.
    desk.update(&Pool::zonal()).keeps_nodes();
    assert_eq!(desk.live(ZONAL)["upgradeSettings"]["strategy"], "SURGE");
}

/// Every option that goes together with the others, with values that are not the defaults.
const EVERYTHING: &str = r#"{
    driver_version         = "LATEST"
    image_type             = "UBUNTU_CONTAINERD"
    service_account        = "nodes@sandbox.iam.gserviceaccount.com"
    oauth_scopes           = ["https://www.googleapis.com/auth/devstorage.read_only"]
    network_tags           = ["gpu", "mig"]
    metadata               = { foo = "bar" }
    workload_metadata_mode = "GKE_METADATA"
    reservation            = { type = "SPECIFIC_RESERVATION", name = "a100s" }
    location_policy        = "ANY"
    auto_repair            = true
    auto_upgrade           = false
    blue_green             = { node_pool_soak = "1h", batch_percentage = 50, batch_soak = "1m30s" }
    node_drain             = { respect_pdb_during_deletion = true }
    pod_range              = "pods-2"
    private_nodes          = true
    secure_boot            = true
    gvnic                  = true
    image_streaming        = true
    boot_disk_kms_key      = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
    resource_manager_tags  = { "tagKeys/1" = "tagValues/2" }
  }"#;

#[test]
fn every_option_set_and_then_removed_stays_as_it_is() {
    let desk = Desk::new();
    let scaled = Pool::zonal().set("autoscaling", "{ min_nodes = 1, max_nodes = 3 }");
    desk.settle(&scaled.clone().set("gke", EVERYTHING));
    let state = desk.state()["gke"].clone();
    for (option, value) in [
        ("service_account", json!("nodes@sandbox.iam.gserviceaccount.com")),
        ("reservation", json!({"type": "SPECIFIC_RESERVATION", "name": "a100s"})),
        ("location_policy", json!("ANY")),
        ("private_nodes", json!(true)),
        ("auto_upgrade", json!(false)),
    ] {
        assert_eq!(state[option], value, "{option}");
    }
    let config = desk.creates()[0]["request_body"]["nodePool"]["config"].clone();
    assert_eq!(config["reservationAffinity"]["values"], json!(["a100s"]));
    assert_eq!(config["bootDiskKmsKey"], "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k");
    assert_eq!(config["shieldedInstanceConfig"]["enableSecureBoot"], true);
    assert_eq!(config["metadata"]["foo"], "bar");

    // All but the one that is not filled in by GKE.
    let blue_green =
        r#"{ blue_green = { node_pool_soak = "1h", batch_percentage = 50, batch_soak = "90s" } }"#;
    desk.write(&scaled.clone().set("gke", blue_green));
    desk.workspace.assert_empty_plan();
    // One that was removed can be set again, and the others still stay.
    let again = scaled.set(
        "gke",
        r#"{ blue_green = { node_pool_soak = "1h", batch_percentage = 50, batch_soak = "90s" }, auto_upgrade = true }"#,
    );
    desk.update(&again).keeps_nodes();
    assert_eq!(desk.state()["gke"]["image_type"], "UBUNTU_CONTAINERD");
}

#[test]
fn compact_placement_once_set_and_removed_stays() {
    let desk = Desk::new();
    desk.settle(&with("{ compact_placement = true }"));
    assert_eq!(desk.live(ZONAL)["placementPolicy"]["type"], "COMPACT");
    desk.write(&Pool::zonal());
    desk.workspace.assert_empty_plan();
}

#[test]
fn options_that_are_omitted_are_what_gke_made_of_them() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let state = desk.state();
    assert_eq!(state["gke"]["driver_version"], "DEFAULT", "GKE fills it in");
    assert_eq!(state["gke"]["image_type"], "COS_CONTAINERD");
    assert_eq!(state["gke"]["oauth_scopes"], json!(["https://www.googleapis.com/auth/cloud-platform"]));
    assert_eq!(state["disk_size_gb"], 100);
    assert_eq!(state["disk_type"], "pd-standard");
    assert_eq!(state["max_pods"], 110);
    assert_eq!(state["upgrade"]["max_surge"], "1");
    assert!(state["gke"]["blue_green"].is_null() && state["gke"]["reservation"]["name"].is_null());
}

#[test]
fn an_empty_object_is_as_good_as_none() {
    let desk = Desk::new();
    desk.settle(&with("{}"));
    desk.write(&Pool::zonal());
    desk.workspace.assert_empty_plan();
    desk.write(&with("null"));
    desk.workspace.assert_empty_plan();
    // An object with leaves that are null, as modules write it.
    desk.write(&with("{ driver_version = null, network_tags = null, node_drain = null }"));
    desk.workspace.assert_empty_plan();
}

#[test]
fn writing_what_is_there_already_is_no_change() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let written = with(r#"{ driver_version = "DEFAULT", image_type = "COS_CONTAINERD" }"#)
        .set("disk_size_gb", "100")
        .text("disk_type", "pd-standard")
        .set("max_pods", "110")
        .set("upgrade", r#"{ max_surge = "1" }"#);
    desk.write(&written);
    desk.workspace.assert_empty_plan();
}

#[test]
fn one_spelling_of_a_duration_is_as_good_as_another() {
    let desk = Desk::new();
    let soak = |text: &str| {
        with(&format!("{{ blue_green = {{ node_pool_soak = \"{text}\", batch_node_count = 1 }} }}"))
    };
    desk.settle(&soak("1h30m"));
    // The same length in other words may be written into the state, but is nothing to ask the cloud for.
    desk.write(&soak("90m"));
    let before = desk.changes(0).len();
    desk.workspace.apply().success();
    assert_eq!(desk.changes(before), Vec::<Value>::new());
    desk.workspace.assert_empty_plan();
}

#[test]
fn common_leaves_once_set_and_removed_stay() {
    let desk = Desk::new();
    let set = Pool::zonal()
        .set("disk_size_gb", "150")
        .text("disk_type", "pd-ssd")
        .set("max_pods", "64")
        .set("upgrade", r#"{ max_surge = "2", max_unavailable = "1" }"#);
    desk.settle(&set);
    desk.write(&Pool::zonal());
    desk.workspace.assert_empty_plan();
    // Half of an object removed.
    desk.write(&Pool::zonal().set("upgrade", r#"{ max_surge = "2" }"#));
    desk.workspace.assert_empty_plan();
    let live = desk.live(ZONAL);
    assert_eq!(
        (&live["config"]["diskType"], &live["upgradeSettings"]["maxUnavailable"]),
        (&json!("pd-ssd"), &json!(1))
    );
}
