use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::cloud::gke::testing::{every_option, id, live, map, options, spec};
use crate::nodepool::spec::Size;
use crate::nodepool::{Health, NodePoolSpec};

fn read(json: serde_json::Value) -> Result<NodePool, Unreadable> {
    pool(&id(), &serde_json::from_value(json).unwrap(), None)
}

#[test]
fn what_is_sent_is_what_is_seen() {
    let spec = NodePoolSpec {
        options: every_option(),
        size: Size::Autoscaling { min: 1, max: 6, initial: None },
        disk_size_gb: Some(200),
        disk_type: Some("pd-ssd".into()),
        max_pods: Some(64),
        kubernetes_version: Some("1.33".into()),
        ..spec()
    };
    let seen = pool(&id(), &live(&spec), None).unwrap();
    assert_eq!(seen.options, spec.options);
    assert_eq!(seen.autoscaling, Some((1, 6)));
    assert_eq!((seen.labels, seen.tags, seen.taints), (spec.labels, spec.tags, spec.taints));
    assert_eq!(seen.gpu, Some(spec.gpu));
    assert_eq!(seen.mig_profile, spec.mig_profile);
    assert_eq!((seen.disk_size_gb, seen.disk_type), (spec.disk_size_gb, spec.disk_type));
    assert_eq!((seen.max_pods, seen.kubernetes_version), (spec.max_pods, spec.kubernetes_version));
    assert_eq!((seen.zones, seen.gpu_taint), (spec.zones.unwrap(), true));
    assert_eq!(seen.health, Health::Ready);
}

#[test]
fn every_option_of_the_table_is_seen() {
    let size = Size::Autoscaling { min: 0, max: 6, initial: None };
    let spec = NodePoolSpec { options: every_option(), size, ..spec() };
    let seen = pool(&id(), &live(&spec), None).unwrap();
    for option in super::super::options::OPTIONS {
        let Some(value) = seen.options.get(option.name) else { panic!("{} is not seen", option.name) };
        if let (crate::nodepool::OptionKind::Object(inner), OptionValue::Object(shown)) = (option.kind, value)
        {
            // Of the two sizes of a batch only one can be set.
            for leaf in inner.iter().filter(|leaf| leaf.name != "batch_node_count") {
                assert!(shown.get(leaf.name).is_some(), "{}.{} is not seen", option.name, leaf.name);
            }
        }
    }
    assert_eq!(seen.options.0.len(), super::super::options::OPTIONS.len(), "no option beside the table");
}

#[test]
fn what_gke_adds_is_hidden() {
    let seen = read(json!({
        "name": "x",
        "status": "RUNNING",
        "config": {
            "labels": {"team": "ml", "cloud.google.com/gke-nodepool": "x"},
            "resourceLabels": {"cost": "y", "goog-gke-node": "", "goog-gke-accelerator-type": "z"},
            "metadata": {"disable-legacy-endpoints": "true", "mine": "1"},
            "taints": [
                {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"},
                {"key": "kubernetes.io/arch", "value": "arm64", "effect": "NO_SCHEDULE"},
                {"key": "mine", "effect": "NO_EXECUTE"},
            ],
        },
    }))
    .unwrap();
    assert_eq!(seen.labels, map(&[("team", "ml")]));
    assert_eq!(seen.tags, map(&[("cost", "y")]));
    assert_eq!(seen.options.map_of("metadata"), Some(&map(&[("mine", "1")])));
    let taints: Vec<String> = seen.taints.iter().map(ToString::to_string).collect();
    assert_eq!((taints, seen.gpu_taint), (vec!["mine=:NoExecute".to_owned()], true));
}

#[test]
fn numbers_come_as_texts_or_numbers_and_zero_is_left_out() {
    let seen = read(json!({
        "status": "RUNNING",
        "locations": ["us-central1-a", "us-central1-b"],
        "autoscaling": {"enabled": true, "maxNodeCount": 3},
        "maxPodsConstraint": {"maxPodsPerNode": "110"},
        "upgradeSettings": {"strategy": "SURGE", "maxSurge": 1},
        "config": {
            "machineType": "a2-highgpu-1g",
            "bootDisk": {"sizeGb": "250", "diskType": "hyperdisk-balanced"},
            "accelerators": [{"acceleratorCount": 1, "acceleratorType": "nvidia-tesla-a100"}],
            "preemptible": true,
        },
    }))
    .unwrap();
    assert_eq!(seen.autoscaling, Some((0, 6)), "per zone, two zones");
    assert_eq!((seen.max_pods, seen.disk_size_gb), (Some(110), Some(250)));
    assert_eq!(seen.disk_type.as_deref(), Some("hyperdisk-balanced"));
    assert_eq!(
        seen.upgrade,
        Upgrade { max_surge: Some(Amount::Nodes(1)), max_unavailable: Some(Amount::Nodes(0)) }
    );
    assert_eq!(seen.capacity_type, CapacityType::Spot);
    assert_eq!(seen.mig_profile, None);
}

#[test]
fn a_disabled_autoscaler_has_no_limits() {
    let seen = read(json!({"autoscaling": {"totalMinNodeCount": 1, "totalMaxNodeCount": 3}})).unwrap();
    assert_eq!(seen.autoscaling, None);
}

#[test]
fn blue_green_upgrades_have_no_surge() {
    let seen = read(json!({"upgradeSettings": {
        "strategy": "BLUE_GREEN",
        "blueGreenSettings": {"nodePoolSoakDuration": "3600s", "standardRolloutPolicy": {"batchNodeCount": 1}},
    }}))
    .unwrap();
    assert_eq!(seen.upgrade, Upgrade::default());
    let expected = options(&json!({"blue_green": {"node_pool_soak": "1h", "batch_node_count": 1}}));
    assert_eq!(seen.options.get("blue_green"), expected.get("blue_green"));
}

#[test]
fn what_cannot_be_described_is_an_error() {
    let accelerator = |extra: serde_json::Value| {
        let mut entry = json!({"acceleratorCount": "1", "acceleratorType": "nvidia-x"});
        entry.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        read(json!({"config": {"accelerators": [entry]}}))
    };
    assert_eq!(accelerator(json!({"gpuPartitionSize": "half"})), Err(Unreadable::Partition("half".into())));
    assert_eq!(
        accelerator(json!({"gpuSharingConfig": {"gpuSharingStrategy": "NEW"}})),
        Err(Unreadable::Sharing("NEW".into()))
    );
    assert!(matches!(
        read(json!({"config": {"taints": [{"key": "k", "effect": "NEW"}]}})),
        Err(Unreadable::Taint { .. })
    ));
    assert_eq!(read(json!({"autopilotConfig": {"enabled": true}})), Err(Unreadable::Managed));
}

#[test]
fn an_unknown_accelerator_goes_by_gkes_name() {
    let seen = read(json!({"config": {"machineType": "z9-highgpu-1g", "accelerators": [
        {"acceleratorCount": "2", "acceleratorType": "nvidia-new"},
    ]}}))
    .unwrap();
    let gpu = seen.gpu.unwrap();
    assert_eq!((gpu.model.as_str(), gpu.count), ("nvidia-new", 2));
}

proptest! {
    /// Whatever labels, tags and taints are sent come back as they were.
    #[test]
    fn maps_and_taints_survive(
        labels in proptest::collection::btree_map("[a-z]{1,8}", "[a-z0-9]{0,8}", 0..4),
        tags in proptest::collection::btree_map("[a-f]{1,8}", "[a-z0-9]{0,8}", 0..4),
        keys in proptest::collection::btree_map("[a-z]{1,8}", "[a-z0-9]{0,8}", 0..4),
        gpu_taint in any::<bool>(),
    ) {
        let taints = keys
            .into_iter()
            .map(|(key, value)| Taint { key, value, effect: TaintEffect::NoSchedule })
            .collect();
        let spec = NodePoolSpec { labels, tags, taints, gpu_taint, ..spec() };
        let text = serde_json::to_string(&live(&spec)).unwrap();
        let seen = pool(&id(), &serde_json::from_str(&text).unwrap(), None).unwrap();
        prop_assert_eq!(seen.labels, spec.labels);
        prop_assert_eq!(seen.tags, spec.tags);
        prop_assert_eq!(seen.taints, spec.taints);
        prop_assert_eq!(seen.gpu_taint, gpu_taint);
    }
}
