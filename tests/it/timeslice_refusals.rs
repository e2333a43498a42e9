//! What cannot be shared fails at plan, with the reason. No cloud and no credentials are needed.

use crate::clouds::Cloud;
use crate::mig_pool::Pool;
use crate::mig_refusals::{offline, refused};

/// A pool of shared GPUs at a cluster that nobody reaches.
fn real() -> Pool {
    Pool::real().unset("mig_profile").text("machine_type", "g2-standard-8").shared_by("4")
}

#[test]
fn a_gpu_without_mig_can_be_shared() {
    let workspace = offline();
    workspace.write("main.tf", &real().hcl());
    workspace.plan().exits(2).says("Plan: 1 to add").says(r#"+ "gpuslice/sharing" = "time-slicing""#);
}

#[test]
fn too_few_and_too_many_are_refused_with_the_limits() {
    for (wrong, says) in [("0", "At least 2"), ("1", "At least 2"), ("49", "2 to 48")] {
        refused(&real().set("replicas", wrong), "replicas").says(&format!("replicas = {wrong}")).says(says);
    }
    for wrong in ["2.5", "-1"] {
        refused(&real().set("replicas", wrong), "replicas").says("whole number");
    }
    for right in ["2", "48"] {
        let workspace = offline();
        workspace.write("main.tf", &real().set("replicas", right).hcl());
        workspace.plan().exits(2);
    }
}

#[test]
fn another_strategy_than_the_two_is_refused() {
    refused(&real().text("sharing_strategy", "time-sharing"), "sharing_strategy")
        .says(r#""time-slicing", "mps""#);
}

#[test]
fn a_profile_is_checked_as_for_slices_that_are_not_shared() {
    refused(&real().text("mig_profile", "1g.5gb"), "mig_profile").says("L4").says("no MIG");
    let cut = Pool::real().shared_by("4");
    refused(&cut.text("mig_profile", "1g.18gb"), "mig_profile").says("1g.5gb: 7 slices per GPU");
}

#[test]
fn a_node_that_takes_too_few_pods_for_its_slices_is_told() {
    let workspace = offline();
    let crowded = Pool::real().shared_by("48").set("max_pods", "110");
    workspace.write("main.tf", &crowded.hcl());
    workspace.plan().exits(2).says("max_pods = 110").says("A node gives 336 slices");
    workspace.write("main.tf", &real().set("max_pods", "32").hcl());
    workspace.plan().exits(2).never_says("may leave slices unused");
}

#[test]
fn on_aks_the_device_plugin_is_told() {
    let workspace = offline();
    workspace.write("main.tf", &Cloud::Aks.real().shared_by("4").hcl());
    workspace
        .plan()
        .exits(2)
        .says("config_key")
        .says("mig-ts4-")
        .says("failRequestsGreaterThanOne: true")
        .says("nvidia.com/device-plugin.config");
}

#[test]
fn a_stack_that_reads_no_configuration_does_not_share() {
    let managed = Cloud::Aks.real().shared_by("4").set("aks", r#"{ gpu_stack = "managed" }"#);
    let workspace = offline();
    workspace.write("main.tf", &managed.hcl());
    workspace.plan().exits(1).says("Managed GPU pools do not share GPUs").says("device_plugin");
}

#[test]
fn what_the_device_plugin_cannot_do_is_told() {
    let mps = Cloud::Aks.real().shared_by("4").text("sharing_strategy", "mps");
    refused(&mps, "sharing_strategy").says("shares no MIG slices by MPS").says("time-slicing");
    let told = |object: &str| Cloud::Aks.real().shared_by("4").set("device_plugin", object);
    let workspace = offline();
    for (object, says) in [
        (r#"{ namespace = "GPU" }"#, "no name of a namespace"),
        (r#"{ config_map = "a_b" }"#, "no name of a ConfigMap"),
    ] {
        workspace.write("main.tf", &told(object).hcl());
        workspace.plan().exits(1).says(says);
    }
    let by_hand = Cloud::Aks.real().shared_by("4");
    let by_hand = by_hand.set("labels", r#"{ "nvidia.com/device-plugin.config" = "mine" }"#);
    refused(&by_hand, "labels").says("is set by the provider").says("config_key");
    refused(&real().set("device_plugin", "{ manage_config = false }"), "device_plugin")
        .says("No device plugin of the cluster announces these slices")
        .says("Google GKE");
}

#[test]
fn attributes_of_the_other_kind_are_none_here() {
    let workspace = offline();
    workspace.write("main.tf", &real().text("mig_strategy", "single").hcl());
    workspace.plan().exits(1).says("mig_strategy");
    workspace.write("main.tf", &Pool::real().set("replicas", "2").hcl());
    workspace.plan().exits(1).says("replicas");
}
