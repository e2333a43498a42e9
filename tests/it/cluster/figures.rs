//! What the key says: the very text, for each way of cutting and sharing on AKS, and that the plugin follows it.

use serde_json::{Value, json};

use super::site::{Site, Stack};
use crate::aks_pool::MACHINE;
use crate::clouds::Cloud;
use crate::mig_pool::{NAME, POOL, Pool};

/// The text for shared GPUs or slices.
fn sharing(flags: &str, section: &str, resource: &str, replicas: u32) -> String {
    format!(
        "version: v1\n{flags}sharing:\n  {section}:\n    renameByDefault: false\n    failRequestsGreaterThanOne: \
         true\n    resources:\n    - name: {resource}\n      replicas: {replicas}\n"
    )
}

const SINGLE: &str = "flags:\n  migStrategy: single\n";

/// Makes the pool, and demands the key's kind, its text, and what the pool's one node offers.
#[track_caller]
fn says(site: &Site, pool: &Pool, kind: &str, text: &str, resource: &str, slices: u64) {
    site.settle(pool).never_says("not verified");
    site.assert_key_in_place();
    let state = site.state();
    assert_eq!(state["config_yaml"], text);
    let key = site.key();
    let digest = key.strip_prefix(kind).unwrap_or_else(|| panic!("{key} is not {kind}…"));
    assert!(digest.len() == 8 && digest.chars().all(|it| it.is_ascii_hexdigit()), "{key}");
    assert_eq!(
        (&state["slices"]["resource_name"], &state["slices"]["per_node"]),
        (&json!(resource), &json!(slices))
    );
    assert_eq!(site.offered(NAME, resource), slices);
    assert_eq!(state["allocatable_slices"], slices);
    site.assert_others_untouched();
}

#[test]
fn shared_gpus() {
    let text = sharing("", "timeSlicing", "nvidia.com/gpu", 4);
    says(&Site::at(Stack::Configured), &Cloud::Aks.shared(), "ts4-", &text, "nvidia.com/gpu", 4);
}

#[test]
fn gpus_shared_by_mps() {
    let pool = Cloud::Aks.shared().text("sharing_strategy", "mps");
    let text = sharing("", "mps", "nvidia.com/gpu", 4);
    says(&Site::at(Stack::Configured), &pool, "mps4-", &text, "nvidia.com/gpu", 4);
}

#[test]
fn cut_gpus() {
    let text = format!("version: v1\n{SINGLE}");
    says(&Site::cut(Cloud::Aks), &Pool::aks(), "mig-", &text, "nvidia.com/gpu", 7);
}

#[test]
fn cut_gpus_under_names_of_their_profiles() {
    let site = Site::cut(Cloud::Aks);
    let text = "version: v1\nflags:\n  migStrategy: mixed\n";
    let pool = Pool::aks().text("mig_strategy", "mixed");
    says(&site, &pool, "mig-", text, "nvidia.com/mig-1g.10gb", 7);
    site.update(&Pool::aks()).keeps_nodes();
    assert_eq!(site.state()["allocatable_slices"], 7);
    site.assert_key_in_place();
}

#[test]
fn cut_gpus_whose_slices_are_shared_have_one_key() {
    let pool = Pool::aks().shared_by("3");
    let text = sharing(SINGLE, "timeSlicing", "nvidia.com/gpu", 3);
    says(&Site::at(Stack::Configured), &pool, "mig-ts3-", &text, "nvidia.com/gpu", 21);
}

#[test]
fn beside_an_operator_it_is_the_same_key_in_the_operators_config_map() {
    let stack = "{ gpu_stack = \"gpu_operator\" }";
    let site = Site::at(Stack::Operator);
    let text = sharing("", "timeSlicing", "nvidia.com/gpu", 4);
    says(&site, &Stack::Operator.shared().set("aks", stack), "ts4-", &text, "nvidia.com/gpu", 4);
    assert!(!site.our_keys().is_empty(), "in gpu-operator/device-plugin-config");
    site.workspace.destroy().success();
    site.assert_left_as_found();
}

#[test]
fn cut_gpus_beside_an_operator_keep_their_slices() {
    let mut site = Site::at(Stack::Operator);
    site.address = POOL;
    let pool = Pool::aks().text("cluster_id", Stack::Operator.cluster());
    let pool = pool.set("aks", "{ gpu_stack = \"gpu_operator\" }");
    let text = format!("version: v1\n{SINGLE}");
    says(&site, &pool, "mig-", &text, "nvidia.com/gpu", 7);
    for node in site.nodes_called(NAME) {
        assert_eq!(node["labels"]["nvidia.com/gpu.deploy.mig-manager"], "false");
    }
}

#[test]
fn what_aks_manages_needs_no_key() {
    let site = Site::cut(Cloud::Aks);
    site.settle(&Pool::aks().options("gpu_stack = \"managed\"")).never_says("not verified");
    let state = site.state();
    assert_eq!((&state["config_key"], &state["config_yaml"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&state["allocatable_slices"], &state["native"]["gpuInstanceProfile"]),
        (&json!(7), &json!("MIG1g"))
    );
    assert_eq!((site.key_writes(), site.our_key_names().len()), (0, 0));
    for node in site.nodes_called(NAME) {
        assert_eq!(node["labels"]["nvidia.com/device-plugin.config"], Value::Null);
    }
    assert_eq!(site.nodes_called(NAME)[0]["machine_type"], MACHINE);
    site.workspace.destroy().success();
    site.assert_left_as_found();
}
