//! Importing pools of AKS whose sharing only the key says that their label names.

use serde_json::{Value, json};

use crate::aks_pool::AKS;
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, POOL, Pool, SHARED};

fn shared() -> Pool {
    Pool::empty()
        .text("cluster_id", AKS)
        .text("name", NAME)
        .text("machine_type", "Standard_NC4as_T4_v3")
        .shared_by("4")
}

fn desk() -> Desk {
    let mut desk = Desk::aks();
    desk.address = SHARED;
    desk
}

/// Forgets the pool, takes it over again, and demands that nothing differs.
fn taken_over(desk: &Desk, pool: &Pool) {
    desk.settle(pool);
    let before = desk.state();
    let id = before["id"].as_str().expect("an id").to_owned();
    let _ = desk.workspace.state_rm(desk.address).success();
    let _ = desk.workspace.import(desk.address, &id).success();
    desk.workspace.assert_empty_plan();
    let after = desk.state();
    for name in [
        "replicas",
        "sharing_strategy",
        "mig_strategy",
        "device_plugin",
        "config_key",
        "config_yaml",
        "slices",
    ] {
        assert_eq!(after[name], before[name], "{name}");
    }
    let _ = desk.workspace.destroy().success();
    assert!(!desk.exists(AKS));
    assert!(
        !keys(desk).iter().any(|key| Some(key.as_str()) == before["config_key"].as_str()),
        "the key went with it"
    );
}

/// The keys of the ConfigMap.
fn keys(desk: &Desk) -> Vec<String> {
    let kubectl = crate::support::Kubectl::of(&desk.sandbox, AKS);
    let Some(kubectl) = kubectl else { return Vec::new() };
    let text = kubectl.print("get cm nvidia-device-plugin-configs -n nvidia-device-plugin -o json");
    let map: Value = serde_json::from_str(&text).expect("JSON");
    map["data"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

#[test]
fn what_this_provider_has_made_is_taken_over_without_a_change() {
    let desk = desk();
    taken_over(&desk, &shared());
    taken_over(&desk, &shared().text("sharing_strategy", "mps"));
    let loud = "{ rename_resource = true, fail_requests_greater_than_one = false }";
    taken_over(&desk, &shared().set("device_plugin", loud));
}

#[test]
fn cut_pools_are_taken_over_with_their_naming() {
    let desk = Desk::aks();
    taken_over(&desk, &Pool::aks().text("mig_strategy", "mixed"));
    let mut desk = desk;
    desk.address = SHARED;
    taken_over(&desk, &Pool::aks().shared_by("2"));
}

#[test]
fn a_key_of_ours_says_it_by_its_name_while_the_cluster_is_away() {
    let desk = desk();
    desk.settle(&shared());
    let id = desk.state()["id"].as_str().expect("an id").to_owned();
    let _ = desk.workspace.state_rm(SHARED).success();
    desk.sandbox.fault(json!({"kind": "unauthenticated", "match": {"cloud": "kubernetes"}, "times": 1000}));
    let _ = desk
        .workspace
        .import(SHARED, &id)
        .success()
        .says("was not seen")
        .says("Its name says all that is needed");
    desk.sandbox.clear_faults();
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.state()["replicas"], 4);
}

#[test]
fn a_foreign_key_is_read_and_replaced_by_one_of_ours() {
    let desk = desk();
    let text = "version: v1\nsharing:\n  timeSlicing:\n    resources:\n    - {name: gpu, replicas: 3}\n";
    let map = |set: &Value| {
        desk.sandbox.actor(json!({
            "kind": "edit_config_map", "cluster": AKS, "namespace": "nvidia-device-plugin",
            "name": "nvidia-device-plugin-configs", "set": set,
        }));
    };
    map(&json!({"default": "version: v1\n", "team": text}));
    desk.az_put(
        NAME,
        &json!({"count": 1, "mode": "User", "vmSize": "Standard_NC4as_T4_v3", "nodeTaints": ["nvidia.com/gpu=present:NoSchedule"],
            "nodeLabels": {"nvidia.com/gpu.present": "true", "nvidia.com/device-plugin.config": "team"}}),
    );
    let id = format!("{AKS}/agentPools/{NAME}");
    desk.write(&shared().set("replicas", "3"));
    let _ = desk.workspace.import(SHARED, &id).success();
    let state = desk.state();
    assert_eq!((&state["replicas"], &state["config_key"]), (&json!(3), &json!("team")));
    assert_eq!(state["device_plugin"]["fail_requests_greater_than_one"], false, "the plugin's own default");
    desk.settle(&shared().set("replicas", "3"));
    let state = desk.state();
    assert_eq!(state["allocatable_slices"], 3);
    assert!(state["config_key"].as_str().is_some_and(|key| key.starts_with("ts3-")));
    // As the other kind it is refused, and so is one whose key is not there.
    let _ = desk.workspace.state_rm(SHARED).success();
    desk.workspace.write(
        "main.tf",
        &format!("{}resource \"gpuslice_mig_nodepool\" \"pool\" {{\n cluster_id = {AKS:?}\n name = {NAME:?}\n machine_type = \"Standard_NC24ads_A100_v4\"\n mig_profile = \"1g.10gb\"\n}}\n", crate::mig_pool::PROVIDER),
    );
    desk.workspace.import(POOL, &id).failure().says("Import it as gpuslice_timeslice_nodepool");
}

#[test]
fn a_foreign_key_that_is_not_there_is_told() {
    let desk = desk();
    desk.az_put(
        NAME,
        &json!({"count": 1, "mode": "User", "vmSize": "Standard_NC4as_T4_v3",
            "nodeLabels": {"nvidia.com/gpu.present": "true", "nvidia.com/device-plugin.config": "lost"}}),
    );
    desk.write(&shared());
    desk.workspace
        .import(SHARED, &format!("{AKS}/agentPools/{NAME}"))
        .failure()
        .says("How the GPUs of the node pool mig are shared is not known")
        .says("does not have it");
}
