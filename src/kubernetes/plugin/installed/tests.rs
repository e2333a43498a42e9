use serde_json::json;

use super::*;
use crate::kubernetes::config::Strategy;
use crate::kubernetes::plugin::fixtures::{chart, feature_discovery, gke, network, operator, parsed, seen};

#[test]
fn the_charts_plugin_is_known_with_what_it_reads() {
    let plugin = seen(&chart(Some("slices")));
    assert_eq!(plugin.full_name(), "gpu/nvdp-nvidia-device-plugin");
    assert_eq!((plugin.vendor, plugin.announces), (Vendor::Nvidia, true));
    let mounted = Mounted {
        config_map: "slices".to_owned(),
        label: "nvidia.com/device-plugin.config".to_owned(),
        fallback: Fallback::default(),
    };
    assert_eq!(plugin.mounted, Some(mounted));
    assert_eq!(plugin.variables["MPS_ROOT"], "/run/nvidia/mps");
    assert_eq!(seen(&chart(None)).mounted, None);
}

#[test]
fn the_operators_volume_may_have_any_name() {
    let plugin = seen(&operator(Some("time-slicing")));
    assert_eq!((plugin.vendor, plugin.announces), (Vendor::Operator, true));
    let mounted = plugin.mounted.unwrap();
    assert_eq!(mounted.config_map, "time-slicing");
    assert_eq!(mounted.fallback, Fallback { default: None, strategies: vec![Strategy::Empty] });
    assert_eq!(plugin.variables["MIG_STRATEGY"], "single");
}

#[test]
fn who_only_reads_does_not_announce() {
    let plugin = seen(&feature_discovery("slices"));
    assert!(!plugin.announces && plugin.mounted.is_some());
}

#[test]
fn gkes_plugin_is_its_own() {
    let plugin = seen(&gke());
    assert_eq!((plugin.vendor, plugin.announces, plugin.mounted), (Vendor::Gke, true, None));
}

#[test]
fn other_daemon_sets_are_nothing_to_gpus() {
    assert_eq!(parsed(&network()), None);
    let mut daemon = chart(None);
    daemon["spec"]["template"]["spec"]["containers"][0]["command"] = json!(["mps-control-daemon"]);
    assert_eq!(parsed(&daemon), None, "the same image");
    let mut plain = chart(None);
    plain["spec"]["template"]["spec"]["containers"][0]["command"] = json!(null);
    assert!(seen(&plain).announces, "what the image is for");
}

#[test]
fn a_cluster_policy_names_its_config_map() {
    let policy = json!({
        "metadata": {"name": "cluster-policy"},
        "spec": {"devicePlugin": {"config": {"name": "slices", "default": "any"}}},
    });
    let wanted = ClusterPolicy {
        name: "cluster-policy".to_owned(),
        namespace: "gpu-operator".to_owned(),
        config_map: Some("slices".to_owned()),
        default: Some("any".to_owned()),
        mig_strategy: String::new(),
        mig_manager: MigManager { enabled: true, env: Vec::new() },
    };
    assert_eq!(ClusterPolicy::of(&policy, "gpu-operator"), wanted);
    let without =
        json!({"metadata": {"name": "cluster-policy"}, "spec": {"devicePlugin": {"config": {"name": ""}}}});
    assert_eq!(ClusterPolicy::of(&without, "gpu-operator").config_map, None);
}

#[test]
fn a_cluster_policy_says_how_gpus_are_cut() {
    let policy = json!({
        "metadata": {"name": "cluster-policy"},
        "spec": {"mig": {"strategy": "mixed"}, "migManager": {"enabled": false, "env": [
            {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "WITH_REBOOT", "value": "true"},
        ]}},
    });
    let found = ClusterPolicy::of(&policy, "gpu-operator");
    assert_eq!(found.mig_strategy, "mixed");
    assert!(!found.mig_manager.enabled && found.mig_manager.restarts());
    let off = json!({"spec": {"migManager": {"env": [{"name": "WITH_REBOOT", "value": "false"}]}}});
    let off = ClusterPolicy::of(&off, "gpu-operator").mig_manager;
    assert!(off.enabled && !off.restarts());
    assert!(ClusterPolicy::is_ignored(&json!({"status": {"state": "ignored"}})));
    assert!(!ClusterPolicy::is_ignored(&json!({"status": {"state": "notReady"}})));
}
