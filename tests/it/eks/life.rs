//! Each stack with each way to slice: planned, made, seen by the nodes, and gone with all that belongs to it.

use serde_json::{Value, json};

use super::home::Home;
use crate::eks_pool::{OPERATOR, PLUGIN};
use crate::mig_pool::{Pool, SHARED};
use crate::support::{Checked, json};

/// The whole life of a pool whose nodes offer so many slices each; what its creation said.
#[track_caller]
fn lives(home: &Home, pool: &Pool, per_node: u64) -> Checked {
    let pool = pool.clone().set("node_count", "2");
    let planned = json::change(&home.planned(&pool), home.address).clone();
    assert_eq!(planned["after"]["slices"]["per_node"], per_node);
    assert_eq!(planned["after"]["slices"]["total"], 2 * per_node);
    let applied = home
        .workspace
        .run(&["apply", "json.tfplan"])
        .success()
        .says("1 added, 0 changed, 0 destroyed")
        .never_says("not verified")
        .never_says("nodes offer the planned");
    home.workspace.assert_empty_plan();
    let state = home.state();
    assert_eq!((&state["cloud"], &state["status"]), (&json!("eks"), &json!("ready")));
    assert_eq!(state["id"], format!("{}:mig", home.cluster));
    assert_eq!(state["allocatable_slices"], 2 * per_node, "{state:#}");
    let resource = state["slices"]["resource_name"].as_str().expect("a resource").to_owned();
    assert_eq!(home.offered(&resource), 2 * per_node);
    assert_eq!(home.machines().len(), 2);
    for name in ["native", "scheduling", "effective_labels", "config_key", "slices"] {
        assert_eq!(planned["after"][name], state[name], "{name} was known at plan");
    }
    home.run_pod("work");
    let node = home.pod("work")["node"].clone();
    assert!(home.machines().iter().any(|machine| machine["name"] == node), "it runs on the pool");

    home.workspace.apply().success().says("0 added, 0 changed, 0 destroyed");
    home.workspace.destroy().success().says("1 destroyed");
    assert_eq!((home.creates().len(), home.deletes().len()), (1, 1));
    home.assert_gone();
    applied
}

/// The labels of the nodes that say who cuts and who shares.
#[track_caller]
fn labels(home: &Home) -> Value {
    home.machines()[0]["labels"].clone()
}

#[test]
fn bottlerocket_cuts() {
    lives(&Home::cut(), &Pool::eks(), 7);
}

#[test]
fn bottlerocket_shares_by_time() {
    lives(&Home::shared(), &Pool::eks_shared(), 4);
}

#[test]
fn bottlerocket_shares_by_mps() {
    lives(&Home::shared(), &Pool::eks_shared().text("sharing_strategy", "mps"), 4);
}

#[test]
fn bottlerocket_shares_slices() {
    lives(&Home::shared(), &Pool::eks().shared_by("2"), 14);
}

#[test]
fn bottlerocket_gives_shared_gpus_a_name_of_their_own() {
    let renamed = Pool::eks_shared().set("device_plugin", "{ rename_resource = true }");
    let home = Home::shared();
    home.settle(&renamed);
    assert_eq!((home.offered("nvidia.com/gpu.shared"), home.offered("nvidia.com/gpu")), (4, 0));
    assert_eq!(home.state()["allocatable_slices"], 4);
}

/// Eight GPUs of Ampere, which take a restart of the machine.
#[test]
fn bottlerocket_cuts_every_gpu_of_a_large_machine() {
    let home = Home::cut();
    let pool = Pool::eks().text("machine_type", "p4d.24xlarge").text("mig_profile", "2g.10gb");
    home.settle(&pool);
    assert_eq!(home.state()["allocatable_slices"], 24);
    assert!(home.user_data().contains("\"a100.40gb\" = \"2g.10gb\""), "{}", home.user_data());
}

#[test]
fn the_operator_cuts() {
    let home = Home::operator();
    lives(&home, &Pool::eks_operator(), 7);
    home.settle(&Pool::eks_operator());
    let labels = labels(&home);
    assert_eq!(labels["nvidia.com/mig.config"], "all-1g.10gb");
    assert_eq!(labels["nvidia.com/mig.config.state"], "success");
}

#[test]
fn the_operator_shares_by_time() {
    let home = Home::at(OPERATOR, SHARED);
    let pool = Pool::eks_plugin().text("cluster_id", OPERATOR).with("gpu_stack = \"gpu_operator\"");
    lives(&home, &pool, 4);
    assert_eq!(home.api.keys("gpu-operator/device-plugin-config").len(), keys_without_us(&home));
}

#[test]
fn the_operator_shares_slices() {
    let home = Home::at(OPERATOR, SHARED);
    lives(&home, &Pool::eks_operator().shared_by("2"), 14);
    assert_eq!(home.api.keys("gpu-operator/device-plugin-config").len(), keys_without_us(&home));
}

#[test]
fn the_device_plugin_shares_by_time() {
    let home = Home::plugin();
    lives(&home, &Pool::eks_plugin(), 4);
    home.settle(&Pool::eks_plugin());
    let (labels, state) = (labels(&home), home.state());
    assert_eq!(labels["nvidia.com/gpu.present"], "true", "its DaemonSet comes by it");
    assert_eq!(labels["nvidia.com/device-plugin.config"], state["config_key"]);
    home.workspace.destroy().success();
    assert_eq!(
        home.api.keys("nvidia-device-plugin/nvidia-device-plugin-configs").len(),
        keys_without_us(&home)
    );
}

#[test]
fn the_device_plugin_shares_by_mps() {
    lives(&Home::plugin(), &Pool::eks_plugin().text("sharing_strategy", "mps"), 4);
}

/// The keys of the seeds, and `default` where the plugin would take an only key, which stays.
fn keys_without_us(home: &Home) -> usize {
    let fresh = crate::support::Sandbox::start();
    let seeded = crate::support::ApiServer::of(&fresh, home.cluster);
    let name = if home.cluster == PLUGIN {
        "nvidia-device-plugin/nvidia-device-plugin-configs"
    } else {
        "gpu-operator/device-plugin-config"
    };
    let keys = seeded.keys(name);
    // The operator's plugin takes no key unasked, so that nobody needs one to be kept from ours.
    keys.len() + usize::from(home.cluster == PLUGIN && !keys.contains_key("default"))
}

/// Nobody installed anything: the pool stands, and the apply tells what to install.
#[test]
fn where_there_is_no_plugin_the_values_to_install_are_told() {
    let home = Home::at("arn:aws:eks:us-west-2:000000000000:cluster/plain", SHARED);
    let pool = Pool::eks_plugin().text("cluster_id", home.cluster).text("slice_check_timeout", "3s");
    home.write(&pool);
    home.workspace.apply().success().says("gpuslice-device-plugin");
    home.workspace.assert_empty_plan();
    assert!(!home.workspace.is_tainted(SHARED));
    home.workspace.destroy().success();
    home.assert_gone();
}

#[test]
fn what_a_stack_cannot_do_fails_at_plan_and_names_the_one_that_can() {
    let home = Home::cut();
    let device_plugin = "gpu_stack = \"device_plugin\"";
    for (pool, says) in [
        (Pool::eks().with(device_plugin), "gpu_operator"),
        (Pool::eks().text("mig_strategy", "mixed"), "gpu_operator"),
        (Pool::eks().text("mig_profile", "1g.10gb+me"), "gpu_operator"),
        (Pool::eks().shared_by("2").text("sharing_strategy", "mps"), "time-slicing"),
        (Pool::eks().text("machine_type", "g5.xlarge").text("mig_profile", "1g.5gb"), "A10G"),
        (Pool::eks().set("upgrade", "{ max_surge = \"1\" }"), "max_surge"),
        (Pool::eks().set("zones", "[\"us-east-1a\"]"), "subnet_ids"),
        (Pool::eks().set("labels", "{ team = \"\" }"), "no value"),
        (Pool::eks().set("labels", "{ \"eks.amazonaws.com/x\" = \"y\" }"), "eks.amazonaws.com"),
        (Pool::eks().unset("eks"), "node_role_arn"),
        (Pool::eks().text("cluster_id", "sandbox"), "aws_eks_cluster"),
        (Pool::eks().with("release_version = \"1.20.0-0123abcd\""), "1.34"),
    ] {
        home.write(&pool);
        home.workspace.plan().exits(1).says(says);
    }
    assert_eq!(home.changes(0), Vec::<Value>::new());
}
