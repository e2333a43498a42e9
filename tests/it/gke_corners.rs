//! Odd spellings and sizes on GKE.

use crate::mig_desk::{Desk, slices};
use crate::mig_pool::Pool;
use crate::mig_refusals::offline;

#[test]
fn a_profile_with_an_attribute_is_one_in_either_spelling() {
    let desk = Desk::new();
    let with =
        |profile: &str| Pool::zonal().text("machine_type", "g4-standard-48").text("mig_profile", profile);
    desk.settle(&with("1g.24gb+gfx"));
    let sent = desk.creates()[0]["request_body"]["nodePool"]["config"].clone();
    assert_eq!(sent["accelerators"][0]["gpuPartitionSize"], "1g.24gb.gfx");
    assert_eq!(sent["labels"]["gpuslice/profile"], "1g.24gb.gfx");
    desk.await_slices(4);
    assert_eq!(slices(&desk.nodes()[0]), 4);
    desk.write(&with("1g.24gb.gfx"));
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_first_size_that_does_not_divide_is_rounded_up_with_a_warning() {
    let desk = Desk::new();
    let scaling = "{ min_nodes = 0, max_nodes = 6, initial_nodes = 3 }";
    let pool = Pool::regional().unset("node_count").set("autoscaling", scaling);
    desk.write(&pool);
    desk.workspace.plan().exits(2).says("initial_nodes");
    desk.settle(&pool);
    assert_eq!(desk.nodes().len(), 4, "two in each zone");
}

#[test]
fn the_providers_defaults_follow_the_same_rules() {
    let workspace = offline();
    for (wrong, key) in [
        (r#"default_labels = { "a b" = "x" }"#, "a b"),
        (r#"default_labels = { "kubernetes.io/role" = "x" }"#, "kubernetes.io/role"),
        (
            r#"default_labels = { "nvidia.com/gpu.deploy.operands" = "true" }"#,
            "nvidia.com/gpu.deploy.operands",
        ),
        (r#"default_tags = { Owner = "x" }"#, "Owner"),
    ] {
        let provider = format!("provider \"gpuslice\" {{\n {wrong}\n}}");
        workspace.write("main.tf", &Pool::real().beside(&provider).hcl());
        workspace.plan().exits(1).says(key);
    }
}
