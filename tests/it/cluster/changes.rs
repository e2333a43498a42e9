//! What changes in place: on AKS by another key and another label, so that nodes and pods stay; on GKE by one call.

use serde_json::{Value, json};

use super::site::{Site, until};
use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::path;
use crate::mig_pool::NAME;
use crate::support::json;

// On EKS it is an update of labels or of the launch template, by stack.
on_every_cloud!(; not eks: another_number_of_replicas_is_seen, another_strategy_is_seen);

fn another_number_of_replicas_is_seen(cloud: Cloud) {
    let site = Site::shared(cloud);
    site.settle(&cloud.shared());
    for replicas in ["8", "2"] {
        let pool = cloud.shared().set("replicas", replicas);
        let change = json::change(&site.planned(&pool), site.address).clone();
        assert_eq!(change["after_unknown"]["allocatable_slices"], true);
        let update = site.update(&pool);
        assert_eq!(update.bodies(NAME).len(), 1, "one call, in the same pool: {:#?}", update.requests);
        let slices: u64 = replicas.parse().expect("a number");
        assert_eq!(site.state()["allocatable_slices"], slices);
        assert_eq!(site.offered(NAME, "nvidia.com/gpu"), slices);
        if cloud == Cloud::Aks {
            site.assert_key_in_place();
        }
    }
}

fn another_strategy_is_seen(cloud: Cloud) {
    let site = Site::shared(cloud);
    site.settle(&cloud.shared());
    let update = site.update(&cloud.shared().text("sharing_strategy", "mps"));
    // GKE takes labels in a call of their own.
    let labels = |body: &&Value| !body["labels"].is_null();
    let sharing = update.bodies(NAME).iter().filter(|body| !labels(body)).count();
    assert_eq!(sharing, 1, "{:#?}", update.requests);
    assert_eq!(site.state()["allocatable_slices"], 4);
    for node in site.nodes_called(NAME) {
        assert_eq!(node["labels"]["gpuslice/sharing"], "mps");
        if cloud == Cloud::Aks {
            assert_eq!(
                node["labels"]["nvidia.com/mps.capable"], "true",
                "the plugin's MPS daemon comes by it"
            );
        }
    }
    if cloud == Cloud::Aks {
        site.assert_key_in_place();
        assert!(site.key().starts_with("mps4-"), "{}", site.key());
    }
    site.update(&cloud.shared());
    assert_eq!(site.state()["allocatable_slices"], 4);
    if cloud == Cloud::Aks {
        site.assert_key_in_place();
        for node in site.nodes_called(NAME) {
            assert_eq!(node["labels"]["nvidia.com/mps.capable"], Value::Null, "{node:#}");
        }
        site.assert_others_survive_a_restart();
    }
}

/// The way of the keys through an update, and pods that notice nothing.
#[test]
fn nodes_and_pods_stay_on_aks_while_the_key_changes() {
    let site = Site::shared(Cloud::Aks);
    site.settle(&Cloud::Aks.shared().set("node_count", "2"));
    for name in ["a", "b", "c"] {
        site.run_pod(name);
    }
    let pods = || ["a", "b", "c"].map(|name| site.pod(name));
    let (before, machines, old) = (pods(), site.machines(), site.key());
    let so_far = site.sandbox.records().len();
    let eight = Cloud::Aks.shared().set("node_count", "2").set("replicas", "8");
    site.write(&eight);
    site.workspace.plan().exits(2).never_says("rolls").says("config_key");
    site.update(&eight).keeps_nodes();
    assert_eq!((site.machines(), pods()), (machines, before));
    assert_eq!(site.state()["allocatable_slices"], 16);
    site.assert_key_in_place();

    // Both keys, then the label, then the new key alone.
    let new = site.key();
    let records = site.sandbox.records().split_off(so_far);
    let changes = records.iter().filter(|record| {
        let path = path(record);
        record["method"] == "PATCH" && path.contains("/configmaps/")
            || record["method"] == "PUT" && path.contains("/agentPools/")
    });
    let seen: Vec<Value> = changes
        .map(|record| {
            let body = &record["request_body"];
            match body["data"].as_object() {
                Some(data) => json!(data.keys().collect::<Vec<_>>()),
                None => body["properties"]["nodeLabels"]["nvidia.com/device-plugin.config"].clone(),
            }
        })
        .collect();
    let mut both = [&old, &new];
    both.sort();
    assert_eq!(seen, [json!(both), json!(new), json!([new])]);
}

#[test]
fn fewer_replicas_leave_pods_running_and_the_plan_says_what_that_means() {
    let site = Site::shared(Cloud::Aks);
    site.settle(&Cloud::Aks.shared());
    for name in ["a", "b", "c", "d"] {
        site.run_pod(name);
    }
    let fewer = Cloud::Aks.shared().set("replicas", "2");
    site.write(&fewer);
    site.workspace.plan().exits(2).says("2 slices instead of 4");
    let machines = site.machines();
    site.update(&fewer).keeps_nodes();
    assert_eq!(site.machines(), machines);
    assert_eq!(site.state()["allocatable_slices"], 2);
    for name in ["a", "b", "c", "d"] {
        assert_eq!(site.pod(name)["phase"], "Running", "{name}");
    }
    site.assert_key_in_place();
}

#[test]
fn a_name_of_their_own_for_shared_gpus_comes_and_goes_in_place() {
    let site = Site::shared(Cloud::Aks);
    let renamed = Cloud::Aks.shared().set("device_plugin", "{ rename_resource = true }");
    let change = json::change(&site.planned(&renamed), site.address).clone();
    assert_eq!(change["after"]["slices"]["resource_name"], "nvidia.com/gpu.shared");
    assert_eq!(change["after"]["scheduling"]["resource_limits"], json!({"nvidia.com/gpu.shared": "1"}));
    site.settle(&renamed);
    assert_eq!((site.offered(NAME, "nvidia.com/gpu.shared"), site.offered(NAME, "nvidia.com/gpu")), (4, 0));
    assert_eq!(site.state()["allocatable_slices"], 4);
    site.run_pod("a");
    let machines = site.machines();
    site.update(&Cloud::Aks.shared()).keeps_nodes();
    assert_eq!(site.machines(), machines);
    assert_eq!((site.offered(NAME, "nvidia.com/gpu.shared"), site.offered(NAME, "nvidia.com/gpu")), (0, 4));
    assert_eq!(site.state()["slices"]["resource_name"], "nvidia.com/gpu");
    site.assert_key_in_place();
}

#[test]
fn a_pod_that_asks_for_two_slices_is_refused_unless_that_is_allowed() {
    let site = Site::shared(Cloud::Aks);
    site.settle(&Cloud::Aks.shared());
    let ask = |name: &str| {
        site.api.start_pod(name, "nvidia.com/gpu", 2, &site.state()["scheduling"]);
        until(&format!("{name} is judged"), || {
            matches!(site.pod(name)["phase"].as_str(), Some("Running" | "Failed"))
        });
        site.pod(name)["phase"].clone()
    };
    assert_eq!(ask("greedy"), "Failed");
    let allowed = "{ fail_requests_greater_than_one = false }";
    site.update(&Cloud::Aks.shared().set("device_plugin", allowed)).keeps_nodes();
    assert_eq!(ask("allowed"), "Running");
    assert!(
        site.state()["config_yaml"]
            .as_str()
            .is_some_and(|yaml| yaml.contains("failRequestsGreaterThanOne: false"))
    );
    site.assert_key_in_place();
}
