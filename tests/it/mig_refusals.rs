//! Wrong slices and machines fail at plan, with the choices in the message. No cloud and no credentials are needed.

use crate::mig_pool::Pool;
use crate::support::{Checked, Workspace};

/// Plans where nothing can be reached: a refusal must not need anything else.
#[track_caller]
pub(crate) fn offline() -> Workspace {
    let mut workspace = Workspace::new();
    for proxy in ["HTTPS_PROXY", "HTTP_PROXY"] {
        workspace.set_env(proxy, "http://127.0.0.1:9");
    }
    workspace
}

/// The refusal of a configuration at plan, which points at this attribute.
#[track_caller]
pub(crate) fn refused(pool: &Pool, attribute: &str) -> Checked {
    let workspace = offline();
    workspace.write("main.tf", &pool.hcl());
    let refused = workspace.plan().exits(1);
    // Terraform quotes the line of the configuration that the attribute's path leads to.
    refused.says(&format!(": {attribute} ="))
}

#[test]
fn a_right_configuration_is_planned_without_credentials_or_network() {
    let workspace = offline();
    workspace.write("main.tf", &Pool::real().hcl());
    workspace.plan().exits(2).says("Plan: 1 to add").says(r#"+ "gpuslice/profile" = "1g.5gb""#);
}

#[test]
fn a_profile_of_another_gpu_is_refused_with_the_choices_and_the_nearest() {
    let refused = refused(&Pool::real().text("mig_profile", "1g.10gb.x"), "mig_profile");
    refused.says("A100").says("1g.5gb: 7 slices per GPU, 4.75 GiB");
    let refused = self::refused(&Pool::real().text("mig_profile", "1g.18gb"), "mig_profile");
    refused
        .says("1g.18gb")
        .says("1g.5gb: 7 slices per GPU, 4.75 GiB")
        .says("2g.10gb: 3 slices per GPU, 9.62 GiB")
        .says("3g.20gb: 2 slices per GPU, 19.50 GiB")
        .says("7g.40gb: 1 slice per GPU, 39.25 GiB")
        .never_says("4g.20gb")
        .says("Did you mean");
}

#[test]
fn the_choices_are_those_of_gke_and_not_all_of_nvidias() {
    // NVIDIA has 1g.10gb and 1g.5gb+me on the A100 40GB; GKE's own list has not.
    let refused = refused(&Pool::real().text("mig_profile", "1g.18gb"), "mig_profile");
    refused
        .never_says("1g.10gb:")
        .never_says("1g.5gb+me")
        .never_says("4g.20gb")
        .says(r#"Did you mean "1g.5gb"?"#);
}

#[test]
fn what_gke_does_not_list_is_told_at_plan() {
    let workspace = offline();
    workspace.write("main.tf", &Pool::real().text("mig_profile", "1g.10gb").hcl());
    let planned = workspace.plan().says("nvidia-tesla-a100");
    assert!(planned.text().contains("1g.10gb may not") || planned.code() == Some(1), "{planned}");
}

#[test]
fn a_slip_of_the_pen_gets_the_nearest_name() {
    refused(&Pool::real().text("mig_profile", "1g.5g"), "mig_profile").says(r#""1g.5gb""#);
    refused(&Pool::real().text("mig_profile", "mig-3g.20gb"), "mig_profile").says(r#""3g.20gb""#);
}

#[test]
fn the_choices_follow_the_machine() {
    let ultra = Pool::real().text("machine_type", "a2-ultragpu-4g");
    let refused = refused(&ultra.text("mig_profile", "1g.5gb"), "mig_profile");
    refused.says("1g.10gb: 7 slices per GPU, 9.50 GiB").says("7g.80gb: 1 slice per GPU, 78.50 GiB");
}

#[test]
fn four_sevenths_of_an_a100_are_refused_on_gke() {
    refused(&Pool::real().text("mig_profile", "4g.20gb"), "mig_profile").says("4g.20gb").says("GKE");
    let ultra = Pool::real().text("machine_type", "a2-ultragpu-1g").text("mig_profile", "4g.40gb");
    refused(&ultra, "mig_profile").says("4g.40gb");
    let hopper = Pool::real().text("machine_type", "a3-highgpu-8g").text("mig_profile", "4g.40gb");
    refused(&hopper, "mig_profile").says("4g.40gb");
}

#[test]
fn the_whole_of_an_rtx_pro_is_allowed_and_four_sevenths_of_an_h200_are_doubted() {
    let workspace = offline();
    let rtx = Pool::real().text("machine_type", "g4-standard-48").text("mig_profile", "4g.96gb");
    workspace.write("main.tf", &rtx.hcl());
    workspace.plan().exits(2).says("Plan: 1 to add");
    let h200 = Pool::real().text("machine_type", "a3-ultragpu-8g").text("mig_profile", "4g.71gb");
    workspace.write("main.tf", &h200.hcl());
    workspace.plan().exits(2).says("4g.71gb");
}

#[test]
fn machines_without_mig_are_refused_with_others_that_have_it() {
    let pool = Pool::real().text("machine_type", "g2-standard-8").text("mig_profile", "1g.5gb");
    let refused = refused(&pool, "mig_profile");
    refused.says("g2-standard-8").says("L4").says("a2-highgpu-1g");
}

#[test]
fn a_fraction_of_a_gpu_cannot_be_cut_again() {
    let pool = Pool::real().text("machine_type", "g4-standard-12").text("mig_profile", "1g.24gb");
    refused(&pool, "mig_profile").says("g4-standard-12");
}

#[test]
fn n1_machines_have_no_gpu_that_can_be_cut() {
    let pool =
        Pool::real().text("machine_type", "n1-standard-8").set("gpu", r#"{ model = "t4", count = 1 }"#);
    refused(&pool, "mig_profile").says("n1-standard-8").says("T4");
}

#[test]
fn a_misspelt_machine_is_refused_with_the_nearest() {
    refused(&Pool::real().text("machine_type", "a2-highgpu-1"), "machine_type").says("a2-highgpu-1g");
}

#[test]
fn a_machine_that_nobody_knows_needs_its_gpus_told() {
    refused(&Pool::real().text("machine_type", "a9-hypergpu-1g"), "machine_type").says("gpu = {");
}

#[test]
fn a_machine_that_nobody_knows_is_believed_with_a_warning_when_its_gpus_are_told() {
    let workspace = offline();
    let told = Pool::real()
        .text("machine_type", "a9-hypergpu-4g")
        .set("gpu", r#"{ model = "nvidia-h100-80gb", count = 4 }"#)
        .text("mig_profile", "1g.20gb");
    workspace.write("main.tf", &told.hcl());
    workspace.plan().exits(2).says("a9-hypergpu-4g");
    let slices = workspace.plan_json()["resource_changes"][0]["change"]["after"]["slices"].clone();
    assert_eq!((&slices["per_gpu"], &slices["per_node"]), (&4.into(), &16.into()));
    // The profile is checked all the same.
    workspace.write("main.tf", &told.text("mig_profile", "1g.5gb").hcl());
    workspace.plan().exits(1).says("1g.10gb: 7 slices per GPU");
}

#[test]
fn a_machine_of_another_cloud_is_refused() {
    refused(&Pool::real().text("machine_type", "p4d.24xlarge"), "machine_type").says("EKS").says("GKE");
    let azure = Pool::real().text("machine_type", "Standard_NC24ads_A100_v4");
    refused(&azure, "machine_type").says("AKS");
}

#[test]
fn gpus_that_the_machine_does_not_have_are_refused() {
    for wrong in [r#"{ model = "a100-80gb", count = 1 }"#, r#"{ model = "a100-40gb", count = 2 }"#] {
        refused(&Pool::real().set("gpu", wrong), "gpu").says("a2-highgpu-1g").says("a100-40gb");
    }
}

#[test]
fn mixed_names_of_slices_are_refused_on_gke() {
    refused(&Pool::real().text("mig_strategy", "mixed"), "mig_strategy").says("GKE").says("single");
    refused(&Pool::real().text("mig_strategy", "none"), "mig_strategy").says("single");
}
