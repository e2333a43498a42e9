//! Wrong slices, machines and options on AKS fail at plan, at their attribute and with the choices in the message.

use crate::mig_pool::{POOL, Pool};
use crate::mig_refusals::{offline, refused};
use crate::support::Checked;

/// The refusal of something inside a nested attribute, where Terraform quotes no line but the resource's first.
#[track_caller]
fn refused_inside(pool: &Pool, attribute: &str) -> Checked {
    let workspace = offline();
    workspace.write("main.tf", &pool.hcl());
    workspace.plan().exits(1).says(POOL).says(attribute)
}

/// A plan that goes through with a warning.
#[track_caller]
fn warned(pool: &Pool) -> Checked {
    let workspace = offline();
    workspace.write("main.tf", &pool.hcl());
    workspace.plan().exits(2).says("Warning")
}

/// A plan that goes through without a warning of any kind.
#[track_caller]
fn silent(pool: &Pool) {
    let workspace = offline();
    workspace.write("main.tf", &pool.hcl());
    let planned = workspace.plan().exits(2);
    // The override of the installed provider is Terraform's own warning, in every test.
    assert_eq!(planned.text().matches("Warning:").count(), 1, "{planned}");
}

#[test]
fn a_profile_of_another_gpu_is_refused_with_those_of_this_one() {
    refused(&Pool::real_aks().text("mig_profile", "1g.5gb"), "mig_profile")
        .says("1g.5gb")
        .says("1g.10gb: 7 slices per GPU, 9.50 GiB")
        .says("2g.20gb: 3 slices per GPU, 19.50 GiB")
        .says("7g.80gb: 1 slice per GPU, 78.50 GiB")
        .says("Did you mean");
    refused(&Pool::real_aks().text("mig_profile", "1g.10g"), "mig_profile").says(r#""1g.10gb""#);
}

#[test]
fn an_h100_nvl_is_no_h100_with_80_gb() {
    let nvl = Pool::real_aks().text("machine_type", "Standard_NC40ads_H100_v5");
    refused(&nvl.text("mig_profile", "1g.10gb"), "mig_profile")
        .says("Standard_NC40ads_H100_v5")
        .says("1g.12gb: 7 slices per GPU, 10.75 GiB")
        .says("94");
}

#[test]
fn profiles_that_no_value_of_azure_means_are_refused() {
    for (profile, reason) in [("1g.20gb", "MIG1g"), ("1g.10gb+me", "media")] {
        refused(&Pool::real_aks().text("mig_profile", profile), "mig_profile").says(profile).says(reason);
    }
    // They are not among the choices either.
    refused(&Pool::real_aks().text("mig_profile", "9g.80gb"), "mig_profile")
        .never_says("1g.20gb")
        .never_says("+me")
        .says("4g.40gb: 1 slice per GPU");
}

#[test]
fn machines_without_mig_are_refused_with_others_that_have_it() {
    let with = |machine: &str| Pool::real_aks().text("machine_type", machine);
    refused(&with("Standard_NC16as_T4_v3"), "mig_profile")
        .says("Standard_NC16as_T4_v3")
        .says("T4")
        .says("Standard_NC24ads_A100_v4");
    refused(&with("Standard_NV36ads_A10_v5"), "mig_profile").says("A10");
    let rtx = with("Standard_NC144ds_xl_RTXPRO6000BSE_v6").text("mig_profile", "1g.24gb");
    refused(&rtx, "mig_profile").says("AKS").says("four");
}

#[test]
fn sizes_of_which_aks_says_nothing_are_doubted_and_not_refused() {
    let gb200 = Pool::real_aks()
        .text("machine_type", "Standard_ND128isr_NDR_GB200_v6")
        .text("mig_profile", "1g.23gb")
        .set("max_pods", "110");
    warned(&gb200).says("Standard_ND128isr_NDR_GB200_v6");
}

#[test]
fn a_misspelt_size_is_refused_with_the_nearest() {
    let pool = Pool::real_aks().text("machine_type", "Standard_NC24ads_A100_v5");
    refused(&pool, "machine_type").says("Standard_NC24ads_A100_v4");
}

#[test]
fn machines_and_objects_of_another_cloud_are_refused() {
    refused(&Pool::real_aks().text("machine_type", "a2-highgpu-1g"), "machine_type").says("GKE").says("AKS");
    refused(&Pool::real_aks().set("gke", "{ auto_repair = true }"), "gke").says("AKS");
    let google = Pool::real().set("aks", r#"{ mode = "User" }"#);
    refused(&google, "aks").says("GKE");
}

#[test]
fn a_driver_that_nobody_installs_cuts_nothing() {
    refused_inside(&Pool::real_aks().options(r#"gpu_driver = "None""#), "gpu_driver").says("Install");
    refused_inside(&Pool::real_aks().options(r#"gpu_driver = "none""#), "gpu_driver").says("Install");
}

#[test]
fn a_managed_pool_knows_one_strategy() {
    let pool = Pool::real_aks().options(r#"gpu_stack = "managed""#).text("mig_strategy", "mixed");
    refused(&pool, "mig_strategy").says("managed").says("nvidia.com/gpu");
}

#[test]
fn a_pool_of_the_system_takes_every_pod() {
    refused_inside(&Pool::real_aks().options(r#"mode = "System""#), "gpu_taint").says("System");
    let none = Pool::real_aks().options(r#"mode = "System""#).set("gpu_taint", "false");
    refused(&none.clone().set("node_count", "0"), "node_count").says("mode");
    refused_inside(&none.set("autoscaling", "{ min_nodes = 0, max_nodes = 2 }"), "min_nodes").says("mode");
}

#[test]
fn spot_conditions_need_spot_machines_and_sense() {
    for options in [r#"eviction_policy = "Delete""#, "spot_max_price = 2.5"] {
        let attribute = options.split(' ').next().expect("a name");
        refused_inside(&Pool::real_aks().options(options), attribute).says("capacity_type").says("spot");
    }
    let spot = |price: &str| {
        Pool::real_aks().text("capacity_type", "spot").options(&format!("spot_max_price = {price}"))
    };
    for wrong in ["0", "-2", "-0.5"] {
        refused_inside(&spot(wrong), "spot_max_price").says("-1");
    }
    refused_inside(&spot("1.234567"), "spot_max_price").says("5 digits");
    let surging = Pool::real_aks().text("capacity_type", "spot").set("upgrade", r#"{ max_surge = "1" }"#);
    refused_inside(&surging, "max_surge").says("spot");
}

#[test]
fn pods_must_reach_the_slices() {
    let eight = Pool::real_aks().text("machine_type", "Standard_ND96asr_v4").text("mig_profile", "1g.5gb");
    // Thirty pods are AKS's default in many clusters: most of 56 slices could not be used.
    warned(&eight).says("56 slices").says("max_pods").says("30");
    refused(&eight.clone().set("max_pods", "40"), "max_pods").says("56 slices").says("66");
    silent(&eight.set("max_pods", "110"));
    silent(&Pool::real_aks());
    refused(&Pool::real_aks().set("max_pods", "9"), "max_pods").says("10");
    refused(&Pool::real_aks().set("max_pods", "251"), "max_pods").says("250");
}

#[test]
fn what_the_autoscaler_cannot_see_is_told() {
    let scaled = |limits: &str| Pool::real_aks().set("autoscaling", limits);
    // From zero it does not know the slices of a node, and starts one for every pod that waits.
    warned(&scaled("{ min_nodes = 0, max_nodes = 4 }")).says("min_nodes").says("7");
    warned(&scaled("{ min_nodes = 1, max_nodes = 4 }").text("mig_strategy", "mixed"))
        .says("autoscaler")
        .says("nvidia.com/mig-1g.10gb");
    warned(&scaled("{ min_nodes = 1, max_nodes = 4 }").options(r#"gpu_stack = "managed""#)).says("managed");
    silent(&scaled("{ min_nodes = 1, max_nodes = 4 }"));
}
