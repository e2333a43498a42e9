//! One configuration with pools on two clouds: one provider, one apply, and neither in the other's way.

use serde_json::json;

use crate::aks_pool::AKS;
use crate::mig_desk::Desk;
use crate::mig_pool::{Pool, ZONAL};
use crate::support::{Sandbox, Workspace, json};

const GOOGLE: &str = "gpuslice_mig_nodepool.google";
const AZURE: &str = "gpuslice_mig_nodepool.azure";

/// Both pools, with these attributes added to each.
fn both(inside: &str) -> String {
    let azure = Pool::aks().hcl().replace("\"pool\" {", &format!("\"azure\" {{\n{inside}"));
    let google = Pool::zonal().hcl().replace("\"pool\" {", &format!("\"google\" {{\n{inside}"));
    let (_, google) = google.split_once("resource ").expect("a resource");
    format!("{azure}\nresource {google}")
}

#[test]
fn one_apply_makes_pools_on_both_and_one_destroy_removes_them() {
    let sandbox = Sandbox::with_latency("100ms");
    let workspace = Workspace::on(&sandbox);
    workspace.write("main.tf", &both("node_count = 2"));
    workspace.apply().success().says("Resources: 2 added");
    workspace.assert_empty_plan();
    let (azure, google) = (workspace.attributes(AZURE), workspace.attributes(GOOGLE));
    assert_eq!((&azure["cloud"], &google["cloud"]), (&json!("aks"), &json!("gke")));
    assert!(azure["gke"].is_null() && google["aks"].is_null());
    assert_eq!((&azure["slices"]["total"], &google["slices"]["total"]), (&json!(14), &json!(14)));
    // The same workload runs on both.
    for part in ["node_selector", "resource_limits"] {
        let same = |state: &serde_json::Value| {
            state["scheduling"][part].as_object().map(|it| it.keys().cloned().collect::<Vec<_>>())
        };
        assert_eq!(same(&azure), same(&google), "{part}");
    }
    workspace.write("main.tf", &both("node_count = 2\n  labels = { team = \"ml\" }"));
    workspace.apply().success().says("2 changed");
    workspace.assert_empty_plan();
    workspace.destroy().success().says("Resources: 2 destroyed");
    assert!(sandbox.nodes_of(AKS, "mig").is_empty() && sandbox.nodes_of(ZONAL, "mig").is_empty());
}

#[test]
fn what_fails_on_one_does_not_hinder_the_other() {
    let sandbox = Sandbox::with_latency("100ms");
    let workspace = Workspace::on(&sandbox);
    let create = json!({"cloud": "aks", "method": "PUT"});
    sandbox.fault(json!({"kind": "permission", "match": create, "times": 1}));
    workspace.write("main.tf", &both(""));
    workspace.apply().failure().says("AuthorizationFailed");
    assert!(workspace.has(GOOGLE) && !workspace.has(AZURE));
    workspace.apply().success().says("Resources: 1 added");
    workspace.assert_empty_plan();
}

#[test]
fn one_module_makes_either_by_its_variables() {
    let sandbox = Sandbox::with_latency("100ms");
    for (cluster, machine, profile, cloud) in
        [(AKS, "Standard_NC24ads_A100_v4", "1g.10gb", "aks"), (ZONAL, "a2-highgpu-1g", "1g.5gb", "gke")]
    {
        let workspace = Workspace::on(&sandbox);
        let variable = |name: &str| format!("variable \"{name}\" {{\n type = string\n}}\n");
        let pool = Pool::empty()
            .set("cluster_id", "var.cluster_id")
            .text("name", "mig")
            .set("machine_type", "var.machine_type")
            .set("mig_profile", "var.mig_profile")
            .beside(&["cluster_id", "machine_type", "mig_profile"].map(variable).concat());
        workspace.write("main.tf", &pool.hcl());
        let values =
            format!("cluster_id = {cluster:?}\nmachine_type = {machine:?}\nmig_profile = {profile:?}\n");
        workspace.write("terraform.tfvars", &values);
        workspace.apply().success();
        workspace.assert_empty_plan();
        assert_eq!(workspace.attributes(crate::mig_pool::POOL)["cloud"], cloud);
        workspace.destroy().success();
    }
}

#[test]
fn a_pool_that_moves_to_the_other_cloud_is_another_pool() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    let plan = desk.planned(&Pool::zonal());
    let actions = json::actions(&plan, crate::mig_pool::POOL);
    assert_eq!(actions, ["delete", "create"]);
    desk.settle(&Pool::zonal());
    assert!(!desk.exists(AKS));
    assert_eq!(desk.state()["cloud"], "gke");
    assert_eq!(desk.sandbox.nodes_of(ZONAL, "mig").len(), 1);
}
