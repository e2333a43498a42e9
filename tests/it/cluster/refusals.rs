//! What cannot be shared, or not in this way, fails at plan with the reason. No cloud and no credentials are needed.

use super::site::Stack;
use crate::aks_pool::REAL_AKS;
use crate::clouds::Cloud;
use crate::mig_pool::Pool;
use crate::mig_refusals::{offline, refused};

fn real() -> Pool {
    Cloud::Aks.shared().text("cluster_id", REAL_AKS)
}

#[test]
fn on_aks_gpus_can_be_shared() {
    let workspace = offline();
    for pool in [
        real(),
        real().text("sharing_strategy", "mps"),
        real().set("replicas", "60"),
        Pool::real_aks().shared_by("2"),
        real().options("gpu_stack = \"gpu_operator\""),
    ] {
        workspace.write("main.tf", &pool.hcl());
        workspace.plan().exits(2).says("Plan: 1 to add");
    }
}

#[test]
fn too_few_and_too_many_replicas() {
    for wrong in ["0", "1"] {
        refused(&real().set("replicas", wrong), "replicas").says("2");
    }
    let mps = real().text("sharing_strategy", "mps");
    refused(&mps.set("replicas", "49"), "replicas").says("48");
}

#[test]
fn the_plugin_that_aks_manages_reads_no_configuration() {
    let managed = real().options("gpu_stack = \"managed\"");
    let workspace = offline();
    workspace.write("main.tf", &managed.hcl());
    workspace.plan().exits(1).says("managed").says("device_plugin").says("gpu_operator");
    let managed = Pool::real_aks().options("gpu_stack = \"managed\"").shared_by("2");
    workspace.write("main.tf", &managed.hcl());
    workspace.plan().exits(1).says("managed");
}

#[test]
fn mps_over_slices_is_refused_where_nvidias_plugin_shares() {
    let pool = Pool::real_aks().shared_by("2").text("sharing_strategy", "mps");
    let workspace = offline();
    workspace.write("main.tf", &pool.hcl());
    workspace.plan().exits(1).says("MPS").says("MIG").says("time-slicing");
    workspace.write("main.tf", &Pool::real().shared_by("2").text("sharing_strategy", "mps").hcl());
    workspace.plan().exits(2);
}

#[test]
fn device_plugin_is_refused_where_nvidias_plugin_is_not_the_one() {
    let workspace = offline();
    let managed = Pool::real_aks().options("gpu_stack = \"managed\"");
    for (pool, says) in
        [(Pool::real(), "GKE"), (Pool::real().shared_by("2"), "GKE"), (managed, "device plugin of its own")]
    {
        let pool = pool.set("device_plugin", "{ namespace = \"gpu\" }");
        workspace.write("main.tf", &pool.hcl());
        workspace.plan().exits(1).says("device_plugin = {").says(says);
    }
}

#[test]
fn labels_that_are_ours_are_refused() {
    for label in ["nvidia.com/device-plugin.config", "nvidia.com/mps.capable"] {
        refused(&real().set("labels", &format!("{{ {label:?} = \"x\" }}")), "labels").says(label);
    }
    let handed_over = real().set("device_plugin", "{ manage_config = false }");
    let labels = "{ \"nvidia.com/device-plugin.config\" = \"x\" }";
    refused(&handed_over.set("labels", labels), "labels").says("nvidia.com/device-plugin.config");
}

/// AKS gives a node 30 pods where nothing is said and the network is flat; a GPU in 60 leaves most of it unused.
#[test]
fn more_slices_than_pods_is_a_warning_with_the_number_to_set() {
    let workspace = offline();
    workspace.write("main.tf", &real().set("replicas", "60").hcl());
    workspace.plan().exits(2).says("max_pods").says("60");
    workspace.write("main.tf", &real().set("max_pods", "110").set("replicas", "60").hcl());
    workspace.plan().exits(2).never_says("may leave slices unused");
}

#[test]
fn what_an_autoscaler_cannot_know_is_said() {
    let workspace = offline();
    let scaled = real().set("autoscaling", "{ min_nodes = 0, max_nodes = 3 }");
    let renamed = scaled.clone().set("device_plugin", "{ rename_resource = true }");
    workspace.write("main.tf", &renamed.hcl());
    workspace.plan().exits(2).says("rename_resource").says("autoscaler");
    workspace.write("main.tf", &scaled.hcl());
    workspace.plan().exits(2).never_says("rename_resource");
}

#[test]
fn names_that_kubernetes_does_not_take_are_refused() {
    for (name, value) in [("namespace", "Not A Name"), ("config_map", "UPPER"), ("config_map", "")] {
        let workspace = offline();
        let pool = real().set("device_plugin", &format!("{{ {name} = {value:?} }}"));
        workspace.write("main.tf", &pool.hcl());
        workspace.plan().exits(1).says(&format!("{value:?}")).says(&format!("{name} ="));
    }
}

/// What shapes sharing does nothing where nothing is shared.
#[test]
fn sharing_options_on_a_pool_that_shares_nothing_are_told() {
    let workspace = offline();
    for option in ["rename_resource", "fail_requests_greater_than_one"] {
        let pool = Pool::real_aks().set("device_plugin", &format!("{{ {option} = true }}"));
        workspace.write("main.tf", &pool.hcl());
        let plan = workspace.plan();
        assert!(matches!(plan.code(), Some(1 | 2)), "{plan}");
        let _ = plan.says(option).says("shar");
    }
}

#[test]
fn every_stack_of_the_sandbox_plans_without_asking_it() {
    let workspace = offline();
    for stack in [Stack::Configured, Stack::Bare, Stack::Operator] {
        assert!(!stack.config_map().is_empty() && (stack.is_read() || stack == Stack::Bare));
        workspace.write("main.tf", &stack.shared().text("cluster_id", REAL_AKS).hcl());
        workspace.plan().exits(2);
    }
}
