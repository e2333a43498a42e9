//! Messages that a guide quotes are what the provider says.

use serde_json::json;

use super::pages::{pages, read};
use crate::support::tools::repository;
use crate::support::{Sandbox, Workspace};

/// The blocks of plain text on a page.
fn quoted(page: &str) -> Vec<&str> {
    let blocks = page.split("\n```text\n").skip(1);
    blocks.map(|rest| rest.split_once("\n```").expect("a block has an end").0).collect()
}

/// The guide's words for a pool whose provider died: here the state was lost, which comes to the same.
#[test]
fn the_import_block_of_the_guide_is_what_an_apply_says() {
    let page = &pages()[std::path::Path::new("guides/bad-days.md")];
    let [message] = quoted(page)[..] else { panic!("the guide quotes one message") };
    let sandbox = Sandbox::start();
    let workspace = Workspace::on(&sandbox);
    let example = read(&repository().join("examples/resources/gpuslice_mig_nodepool/resource.tf"));
    let first = example.split("\n# On AKS").next().expect("split yields at least one part");
    workspace.write("main.tf", &format!("{}\n{first}", super::examples::REQUIRED));
    let cluster = "projects/sandbox/locations/us-central1-a/clusters/zonal";
    workspace.write("terraform.tfvars.json", &json!({ "gke_cluster_id": cluster }).to_string());
    let _ = workspace.apply().success();
    let _ = workspace.state_rm("gpuslice_mig_nodepool.inference").success();
    let failed = workspace.apply().failure();
    // Between headline and explanation Terraform shows where in the configuration it is.
    let (headline, explanation) = message.split_once("\n\n").expect("a headline");
    let _ = failed.says(headline).says(explanation);
    assert_eq!(sandbox.count("POST", "/nodePools"), 1, "nothing is created twice");
}
