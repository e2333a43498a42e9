//! What is not known at plan: what depends on it waits, what does not is known, and apply keeps the word.

use serde_json::{Value, json};

use super::site::Site;
use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_pool::Pool;
use crate::mig_unknowns::{LATER, later};
use crate::support::json;

on_every_cloud!(an_unknown_cluster, unknown_replicas, replicas_that_become_unknown,);

#[track_caller]
fn change(site: &Site, pool: &Pool) -> Value {
    json::change(&site.planned(pool), site.address).clone()
}

/// Applies what was planned; everything known in the plan came true.
#[track_caller]
fn kept(site: &Site, change: &Value) {
    site.workspace.run(&["apply", "json.tfplan"]).success().never_says("inconsistent");
    site.workspace.assert_empty_plan();
    let state = site.state();
    for (name, value) in change["after"].as_object().expect("an object") {
        assert!(holds(value, &state[name]), "{name}: planned {value:#}, became {:#}", state[name]);
    }
    if site.cloud == Cloud::Aks {
        site.assert_key_in_place();
    }
}

fn holds(planned: &Value, became: &Value) -> bool {
    match planned {
        Value::Object(fields) => fields.iter().all(|(name, value)| holds(value, &became[name])),
        planned => planned == became,
    }
}

fn an_unknown_cluster(cloud: Cloud) {
    let site = Site::shared(cloud);
    let pool = cloud.shared().set("cluster_id", LATER).beside(&later(&format!("{:?}", cloud.home())));
    let change = change(&site, &pool);
    assert_eq!(change["after_unknown"]["cluster_id"], true);
    assert_eq!(change["after"]["slices"]["per_node"], 4);
    if cloud == Cloud::Aks {
        assert!(
            change["after"]["config_key"].as_str().is_some_and(|key| key.starts_with("ts4-")),
            "{change:#}"
        );
    }
    kept(&site, &change);
    assert_eq!(site.state()["allocatable_slices"], 4);
}

fn unknown_replicas(cloud: Cloud) {
    let site = Site::shared(cloud);
    let pool = cloud.shared().set("replicas", LATER).beside(&later("6"));
    let change = change(&site, &pool);
    assert_eq!(change["after_unknown"]["replicas"], true);
    assert_eq!(change["after_unknown"]["slices"]["per_node"], true);
    if cloud == Cloud::Aks {
        for name in ["config_key", "config_yaml", "effective_labels"] {
            assert_eq!(change["after_unknown"][name], true, "{name}");
        }
    }
    kept(&site, &change);
    assert_eq!(site.state()["allocatable_slices"], 6);
}

/// An update whose key is not known at plan is the same update.
fn replicas_that_become_unknown(cloud: Cloud) {
    let site = Site::shared(cloud);
    site.settle(&cloud.shared());
    let machines = site.uids();
    let pool = cloud.shared().set("replicas", LATER).beside(&later("3"));
    let change = change(&site, &pool);
    assert_eq!(change["actions"], json!(["update"]));
    kept(&site, &change);
    assert_eq!(site.state()["allocatable_slices"], 3);
    assert_eq!(site.creates().len(), 1);
    if cloud == Cloud::Aks {
        assert_eq!(site.uids(), machines);
        site.assert_others_survive_a_restart();
    }
}

/// All of the object, or a part of it.
#[test]
fn an_unknown_device_plugin() {
    for (device_plugin, value) in [
        ("{ rename_resource = terraform_data.later.output }", "true"),
        ("terraform_data.later.output", "{ rename_resource = true }"),
        ("{ config_map = terraform_data.later.output }", "\"nvidia-device-plugin-configs\""),
        ("{ manage_config = terraform_data.later.output }", "true"),
    ] {
        let site = Site::shared(Cloud::Aks);
        let pool = Cloud::Aks.shared().set("device_plugin", device_plugin).beside(&later(value));
        let change = change(&site, &pool);
        kept(&site, &change);
        let renamed = value.contains("true") && !device_plugin.contains("manage_config");
        let resource = if renamed { "nvidia.com/gpu.shared" } else { "nvidia.com/gpu" };
        assert_eq!(site.state()["slices"]["resource_name"], resource, "{device_plugin}");
        assert_eq!(site.state()["allocatable_slices"], 4);
    }
}
