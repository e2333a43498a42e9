use serde_json::{Value, json};

use crate::cloud::gke::testing::{options, problems, set};
use crate::nodepool::config::{AutoscalingConfig, UpgradeConfig};
use crate::nodepool::spec::CapacityType;
use crate::nodepool::{Field, NodePoolConfig};

/// The problems of these options on a pool that scales from 0 in one zone.
fn of(json: &Value) -> String {
    with(json, |_| {})
}

fn with(json: &Value, change: impl FnOnce(&mut NodePoolConfig)) -> String {
    problems(|it| {
        it.node_count = Field::Null;
        it.zones = Field::Known(set(&["us-central1-a"]));
        it.autoscaling = Field::Known(AutoscalingConfig {
            min_nodes: Field::Known(0),
            max_nodes: Field::Known(4),
            initial_nodes: Field::Null,
        });
        it.options = Field::Known(options(json));
        change(it);
    })
}

fn spot(config: &mut NodePoolConfig) {
    config.capacity_type = Field::Known(CapacityType::Spot);
}

#[test]
fn good_options_have_no_problems() {
    for good in [
        json!({}),
        json!({"driver_version": "LATEST"}),
        json!({"driver_version": "SPECIFIC", "driver_specific_version": "580.65.06", "image_type": "cos_containerd"}),
        json!({"driver_specific_version": "580.65.06"}),
        json!({"reservation": {"type": "SPECIFIC_RESERVATION", "name": "r"}}),
        json!({"reservation": {"type": "ANY_RESERVATION"}}),
        json!({"reservation": {"type": "NO_RESERVATION"}, "flex_start": true, "queued_provisioning": true}),
        json!({"flex_start": true, "max_run_duration": "168h", "auto_repair": false}),
        json!({"queued_provisioning": true}),
        json!({"blue_green": {"node_pool_soak": "1h", "batch_node_count": 2}}),
        json!({"compact_placement": true, "location_policy": "ANY"}),
        json!({"service_account": "default", "boot_disk_kms_key": "projects/p/locations/l/keyRings/r/cryptoKeys/k"}),
        json!({"network_tags": ["gpu-1"], "metadata": {"ssh_keys": "x", "disable-legacy-endpoints": "false"}}),
    ] {
        assert_eq!(of(&good), "", "{good}");
    }
}

#[test]
fn what_is_unknown_breaks_no_rule() {
    for unknown in [
        json!({"driver_version": "SPECIFIC", "driver_specific_version": null}),
        json!({"driver_version": null, "driver_specific_version": "580.65.06"}),
        json!({"reservation": {"type": null, "name": "r"}}),
        json!({"reservation": {"type": "SPECIFIC_RESERVATION", "name": null}}),
        json!({"flex_start": null, "auto_repair": true}),
        json!({"max_run_duration": null, "service_account": null, "network_tags": null}),
    ] {
        assert_eq!(of(&unknown), "", "{unknown}");
    }
}

/// Every message of this file, for reading.
#[test]
fn the_messages() {
    let surge = |it: &mut NodePoolConfig| {
        it.upgrade =
            Field::Known(UpgradeConfig { max_surge: Field::Known("1".into()), ..UpgradeConfig::default() });
    };
    let fixed = |it: &mut NodePoolConfig| {
        it.autoscaling = Field::Null;
        it.node_count = Field::Known(1);
    };
    let found = [
        of(&json!({"driver_version": "SPECIFIC"})),
        of(&json!({"driver_version": "LATEST", "driver_specific_version": "580.65.06"})),
        of(
            &json!({"driver_version": "SPECIFIC", "driver_specific_version": "1", "image_type": "UBUNTU_CONTAINERD"}),
        ),
        of(&json!({"driver_version": "INSTALLATION_DISABLED"})),
        of(&json!({"reservation": {"name": "r"}})),
        of(&json!({"reservation": {"type": "SPECIFIC_RESERVATION"}})),
        of(&json!({"reservation": {"type": "ANY_RESERVATION", "name": "r"}})),
        with(
            &json!({"reservation": {"type": "ANY_RESERVATION"}, "flex_start": true, "queued_provisioning": true}),
            spot,
        ),
        with(&json!({"flex_start": true, "auto_repair": true}), |it| {
            spot(it);
            fixed(it);
        }),
        with(&json!({"queued_provisioning": true, "compact_placement": true}), |it| {
            spot(it);
            fixed(it);
        }),
        with(
            &json!({"blue_green": {"batch_node_count": 1, "batch_percentage": 10}, "flex_start": true}),
            surge,
        ),
        of(&json!({"blue_green": {}, "compact_placement": true})),
        with(&json!({"location_policy": "ANY"}), fixed),
        with(&json!({"compact_placement": true, "flex_start": true}), |it| {
            it.zones = Field::Known(set(&["us-central1-a", "us-central1-b"]));
        }),
        of(&json!({"max_run_duration": "1500ms"})),
        of(&json!({"max_run_duration": "169h", "flex_start": true})),
        of(&json!({"blue_green": {"node_pool_soak": "169h"}})),
        of(&json!({"service_account": "nodes"})),
        of(&json!({"boot_disk_kms_key": "k"})),
        of(&json!({"network_tags": ["GPU", "gpu-", "1"]})),
        of(&json!({"metadata": {"a b": "", "kube-env": "x", "disable-legacy-endpoints": "true"}})),
        with(&json!({}), |it| it.gpu_taint = Field::Known(false)),
    ];
    assert!(found.iter().all(|it| !it.is_empty()), "{found:#?}");
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn a_long_run_without_flex_start_is_allowed() {
    assert_eq!(of(&json!({"max_run_duration": "720h"})), "");
}
