//! The look at slices on AKS, where it is a device plugin in the cluster that announces them: on each seeded stack.

use std::time::Duration;

use serde_json::{Value, json};

use crate::aks_pool::AKS;
use crate::mig_desk::{Desk, SOON};
use crate::mig_pool::{NAME, Pool, SHARED};
use crate::support::json;

/// A seeded cluster.
fn cluster(group: &str, name: &str) -> String {
    AKS.replace("resourceGroups/sandbox", &format!("resourceGroups/{group}"))
        .replace("managedClusters/sandbox", &format!("managedClusters/{name}"))
}

/// A desk for the resource whose GPUs are shared.
fn desk() -> Desk {
    let mut desk = Desk::aks();
    desk.address = SHARED;
    desk
}

/// One T4 per node, shared by four containers, looked at for a short time.
fn shared(cluster: &str) -> Pool {
    Pool::empty()
        .text("cluster_id", cluster)
        .text("name", NAME)
        .text("machine_type", "Standard_NC4as_T4_v3")
        .shared_by("4")
        .text("slice_check_timeout", "20s")
}

const CHECK: &str = "gpuslice_slice_check.check";

fn checked(pool: Pool) -> Pool {
    pool.text("slice_check", "off").beside(
        "resource \"gpuslice_slice_check\" \"check\" {\n  nodepool_id = gpuslice_timeslice_nodepool.pool.id\n  timeout     = \"20s\"\n}",
    )
}

#[test]
fn slices_of_each_kind_are_seen() {
    let desk = desk();
    desk.settle(&shared(AKS).set("node_count", "2"))
        .never_says("not verified")
        .never_says("offer the planned");
    assert_eq!(desk.state()["allocatable_slices"], 8);
    // More and fewer, in the same nodes.
    for (replicas, slices) in [("6", 12), ("2", 4)] {
        desk.settle(&shared(AKS).set("node_count", "2").set("replicas", replicas))
            .never_says("not verified")
            .never_says("offer the planned");
        assert_eq!(desk.state()["allocatable_slices"], slices, "{replicas}");
    }
    desk.workspace.destroy().success();
    // Another name for what is shared.
    desk.settle(&shared(AKS).set("device_plugin", "{ rename_resource = true }"));
    let state = desk.state();
    assert_eq!(
        (&state["slices"]["resource_name"], &state["allocatable_slices"]),
        (&json!("nvidia.com/gpu.shared"), &json!(4))
    );
}

#[test]
fn mig_slices_are_seen_after_the_restart() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks().text("slice_check_timeout", "30s"));
    assert_eq!(desk.state()["allocatable_slices"], 7);
    desk.settle(&Pool::aks().text("slice_check_timeout", "30s").text("mig_strategy", "mixed"));
    let state = desk.state();
    assert_eq!(
        (&state["slices"]["resource_name"], &state["allocatable_slices"]),
        (&json!("nvidia.com/mig-1g.10gb"), &json!(7))
    );
}

#[test]
fn the_gpu_operators_slices_are_seen() {
    let desk = desk();
    let pool = shared(&cluster("stacks", "operator")).set("aks", "{ gpu_stack = \"gpu_operator\" }");
    desk.settle(&pool).never_says("offer the planned");
    assert_eq!(desk.state()["allocatable_slices"], 4);
}

#[test]
fn without_a_plugin_that_reads_the_key_nothing_is_waited_for_and_the_remedy_is_told_once() {
    for (group, name, words) in
        [("platform", "overlay", "Install NVIDIA's device plugin"), ("stacks", "plain", "reads no ConfigMap")]
    {
        let desk = desk();
        let pool = shared(&cluster(group, name)).unset("slice_check_timeout");
        let applied = desk.settle(&pool);
        let applied = applied.says("The slices of the node pool mig were not verified");
        let text = applied.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(text.matches("name: gpuslice-device-plugin").count(), 1, "{name}: {text}");
        assert!(text.contains(words), "{name}: {text}");
        assert_eq!(desk.state()["allocatable_slices"], Value::Null);
    }
}

#[test]
fn two_plugins_are_a_warning_or_harmless() {
    let desk = desk();
    let pool =
        shared(&cluster("stacks", "two-plugins")).text("slice_check_timeout", "3s").set("replicas", "5");
    desk.write(&pool);
    let applied = desk.workspace.apply().success();
    let state = desk.state();
    // Which of the two wins on the node is luck.
    if state["allocatable_slices"] != 5 {
        applied.says("More than one device plugin announces the GPUs");
    }
    assert_eq!(state["status"], "ready");
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_taint_that_the_plugin_does_not_tolerate_is_found() {
    let desk = desk();
    let pool = shared(AKS)
        .text("slice_check_timeout", "2s")
        .set("taints", r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#);
    desk.settle(&pool)
        .says("0 of 1 nodes offer the planned 4 nvidia.com/gpu")
        .says("it does not tolerate the taint team=ml:NoSchedule");
    assert_eq!(desk.state()["allocatable_slices"], 0);
}

#[test]
fn fewer_replicas_are_seen_while_pods_run() {
    let desk = desk();
    desk.settle(&shared(AKS));
    desk.sandbox.actor(json!({"cloud": "aks", "kind": "occupy", "cluster": AKS, "pool": NAME}));
    desk.settle(&shared(AKS).set("replicas", "2")).never_says("offer the planned");
    assert_eq!(desk.state()["allocatable_slices"], 2);
}

#[test]
fn the_resource_reads_the_pools_key() {
    let desk = desk();
    desk.settle(&checked(shared(AKS).set("node_count", "2")));
    let seen = desk.workspace.attributes(CHECK);
    assert_eq!(
        (&seen["resource_name"], &seen["slices_per_node"], &seen["nodes"], &seen["allocatable_slices"]),
        (&json!("nvidia.com/gpu"), &json!(4), &json!(2), &json!(8))
    );
    desk.settle(&checked(
        shared(AKS).set("node_count", "2").set("device_plugin", "{ rename_resource = true }"),
    ));
    desk.workspace.run(&["apply", "-auto-approve", "-replace", CHECK]).success();
    assert_eq!(desk.workspace.attributes(CHECK)["resource_name"], "nvidia.com/gpu.shared");
}

#[test]
fn the_resource_fails_without_a_plugin_and_passes_once_there_is_one() {
    let desk = desk();
    let bare = cluster("platform", "overlay");
    desk.write(&checked(shared(&bare)));
    desk.workspace
        .apply()
        .failure()
        .says("The slices of the node pool mig were not verified")
        .says("Nothing on the cluster announces them yet");
    assert!(!desk.workspace.is_tainted(SHARED) && !desk.workspace.has(CHECK));
    let state = desk.state();
    let key = state["config_key"].as_str().expect("a key").to_owned();
    assert!(key.starts_with("ts4-"), "{key}");
    desk.sandbox.actor(json!({
        "kind": "install_plugin", "cluster": bare, "namespace": "nvidia-device-plugin", "config_map": "gpuslice-device-plugin",
    }));
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.workspace.attributes(CHECK)["allocatable_slices"], 4);
}

#[test]
fn a_key_that_somebody_removed_is_found_by_the_resource() {
    let desk = desk();
    desk.settle(&shared(AKS));
    let state = desk.state();
    let key = state["config_key"].as_str().expect("a key");
    desk.sandbox.actor(json!({
        "kind": "edit_config_map", "cluster": AKS, "namespace": "nvidia-device-plugin",
        "name": "nvidia-device-plugin-configs", "remove": [key],
    }));
    // Without the pool's own resource nobody mends it.
    desk.workspace.write(
        "main.tf",
        &format!(
            "{}resource \"gpuslice_slice_check\" \"check\" {{\n  nodepool_id = {:?}\n}}\n",
            crate::mig_pool::PROVIDER,
            state["id"].as_str().expect("an id")
        ),
    );
    desk.workspace.run(&["state", "rm", SHARED]).success();
    desk.workspace.apply().failure().says(&format!("names the key {key}")).says("does not have it");
}

#[test]
fn ctrl_c_during_the_look_after_a_change_keeps_a_sound_pool() {
    let desk = desk();
    desk.settle(&shared(AKS));
    let pool = shared(AKS).set("replicas", "2").unset("slice_check_timeout");
    desk.write(&pool);
    // From now on no node shows anything new.
    desk.sandbox.actor(json!({"kind": "remove_plugin", "cluster": AKS}));
    desk.sandbox.actor(json!({
        "kind": "install_plugin", "cluster": AKS, "namespace": "elsewhere", "config_map": "nvidia-device-plugin-configs",
    }));
    let plan = desk.planned(&pool);
    assert_eq!(json::actions(&plan, SHARED), ["update"]);
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until_said("Modifying...", SOON);
    std::thread::sleep(Duration::from_secs(4));
    apply.interrupt();
    let _ = apply.wait_with_timeout(SOON);
    assert!(!desk.workspace.is_tainted(SHARED));
    assert!(desk.exists(AKS));
}
