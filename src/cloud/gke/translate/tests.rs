use serde_json::json;

use super::*;
use crate::cloud::gke::testing::{ZONAL, every_option, map, options, set, spec};
use crate::nodepool::spec::{Amount, Taint, TaintEffect, Upgrade};
use crate::slicing::Sharing;

fn body(spec: &NodePoolSpec) -> String {
    serde_json::to_string_pretty(&create(spec).unwrap()).unwrap()
}

#[test]
fn the_least_that_is_sent() {
    insta::assert_snapshot!(body(&spec()));
}

#[test]
fn every_option_that_is_sent() {
    let spec = NodePoolSpec {
        options: every_option(),
        size: Size::Autoscaling { min: 0, max: 6, initial: Some(3) },
        capacity_type: CapacityType::Spot,
        taints: [Taint { key: "team".into(), value: String::new(), effect: TaintEffect::NoExecute }].into(),
        disk_size_gb: Some(200),
        disk_type: Some("pd-ssd".into()),
        max_pods: Some(64),
        kubernetes_version: Some("1.33".into()),
        ..spec()
    };
    insta::assert_snapshot!(body(&spec));
}

#[test]
fn a_zonal_cluster_without_zones_has_its_own() {
    let spec = NodePoolSpec { cluster: ZONAL.parse().unwrap(), zones: None, size: Size::Fixed(1), ..spec() };
    let sent = create(&spec).unwrap().node_pool;
    assert_eq!(sent.locations, ["us-central1-a"]);
    assert_eq!(sent.initial_node_count, Some(1.into()));
}

#[test]
fn a_regional_cluster_needs_zones_and_an_even_count() {
    let without = NodePoolSpec { zones: None, ..spec() };
    assert_eq!(create(&without), Err(Untranslatable::NoZones("us-central1".into())));
    let uneven = NodePoolSpec { size: Size::Fixed(5), ..spec() };
    assert_eq!(create(&uneven), Err(Untranslatable::Uneven { count: 5, zones: 2, below: 4, above: 6 }));
}

#[test]
fn sharing_and_partition_go_together() {
    let with = |sharing| {
        let sent = create(&NodePoolSpec { sharing, ..spec() }).unwrap().node_pool.config.unwrap();
        serde_json::to_value(&sent.accelerators[0]).unwrap()
    };
    assert_eq!(
        with(Sharing::Mps { replicas: 3 }),
        json!({
            "acceleratorCount": "1",
            "acceleratorType": "nvidia-tesla-a100",
            "gpuPartitionSize": "1g.5gb",
            "gpuSharingConfig": {"gpuSharingStrategy": "MPS", "maxSharedClientsPerGpu": "3"},
        })
    );
    let time = with(Sharing::TimeSlicing { replicas: 2 });
    assert_eq!(time["gpuSharingConfig"]["gpuSharingStrategy"], "TIME_SHARING");
}

#[test]
fn suffixes_are_sent_with_a_dot() {
    let spec = NodePoolSpec { mig_profile: Some("1g.24gb+me.all".parse().unwrap()), ..spec() };
    let config = create(&spec).unwrap().node_pool.config.unwrap();
    assert_eq!(config.accelerators[0].gpu_partition_size.as_deref(), Some("1g.24gb.me.all"));
}

#[test]
fn the_gpu_taint_is_sent_once_or_not_at_all() {
    let count = |gpu_taint, taints: &[Taint]| {
        let spec = NodePoolSpec { gpu_taint, taints: taints.iter().cloned().collect(), ..spec() };
        create(&spec).unwrap().node_pool.config.unwrap().taints.len()
    };
    assert_eq!(count(true, &[]), 1);
    assert_eq!(count(true, &[Taint::gpu()]), 1);
    assert_eq!(count(false, &[]), 0);
}

#[test]
fn how_nodes_are_replaced() {
    let settings = |upgrade, json: serde_json::Value| {
        let spec = NodePoolSpec { upgrade, options: options(&json), ..spec() };
        create(&spec).map(|sent| serde_json::to_value(sent.node_pool.upgrade_settings).unwrap())
    };
    let reserved = json!({"reservation": {"type": "SPECIFIC_RESERVATION", "name": "r"}});
    let unset = Upgrade::default();
    let surge = Upgrade { max_surge: Some(Amount::Nodes(2)), max_unavailable: None };
    let surged = json!({"strategy": "SURGE", "maxSurge": 2, "maxUnavailable": 0});
    assert_eq!(settings(unset, json!({})), Ok(json!(null)), "left to GKE");
    assert_eq!(
        settings(unset, reserved.clone()),
        Ok(json!({"strategy": "SURGE", "maxSurge": 0, "maxUnavailable": 1}))
    );
    assert_eq!(settings(surge, reserved), Ok(surged.clone()));
    assert_eq!(settings(surge, json!({})), Ok(surged));
    assert_eq!(
        settings(unset, json!({"blue_green": {"batch_node_count": 1}})),
        Ok(json!({
            "strategy": "BLUE_GREEN",
            "blueGreenSettings": {"standardRolloutPolicy": {"batchNodeCount": 1}},
        }))
    );
    let percent = Upgrade { max_surge: Some(Amount::Percent(33)), max_unavailable: None };
    assert_eq!(settings(percent, json!({})), Err(Untranslatable::Percent(Amount::Percent(33))));
}

#[test]
fn switches_that_are_off_are_not_asked_for() {
    let off = options(&json!({
        "flex_start": false, "queued_provisioning": false, "compact_placement": false, "metadata": {},
        "resource_manager_tags": {}, "network_tags": [],
    }));
    assert_eq!(create(&NodePoolSpec { options: off, ..spec() }), create(&spec()));
}

#[test]
fn metadata_keeps_legacy_endpoints_off() {
    let with = |json| {
        let spec = NodePoolSpec { options: options(&json), ..spec() };
        create(&spec).unwrap().node_pool.config.unwrap().metadata
    };
    assert_eq!(
        with(json!({"metadata": {"a": "b"}})),
        map(&[("a", "b"), ("disable-legacy-endpoints", "true")])
    );
    assert_eq!(
        with(json!({"metadata": {"disable-legacy-endpoints": "false"}})),
        map(&[("disable-legacy-endpoints", "false")])
    );
    assert_eq!(with(json!({})), map(&[]));
}

#[test]
fn a_gpu_without_gkes_name_goes_by_the_users() {
    let mut spec = spec();
    spec.gpu.accelerator_type = None;
    spec.gpu.model = "nvidia-new".into();
    let config = create(&spec).unwrap().node_pool.config.unwrap();
    assert_eq!(config.accelerators[0].accelerator_type.as_deref(), Some("nvidia-new"));
}

#[test]
fn another_clouds_cluster_is_refused() {
    let spec = NodePoolSpec {
        cluster: "arn:aws:eks:us-east-1:123456789012:cluster/c".parse().unwrap(),
        zones: Some(set(&["us-central1-a"])),
        ..spec()
    };
    assert!(matches!(create(&spec), Err(Untranslatable::NotGke(_))));
}
