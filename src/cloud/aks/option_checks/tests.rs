use serde_json::{Value, json};

use crate::cloud::aks::checks::testing::{SUBNET, known, map, options, problems};
use crate::nodepool::spec::{CapacityType, Taint, TaintEffect};
use crate::nodepool::{Field, NodePoolConfig};
use crate::slicing::{MigStrategy, Sharing};

fn of(json: &Value) -> String {
    with(json, |_| {})
}

fn with(json: &Value, change: impl FnOnce(&mut NodePoolConfig)) -> String {
    problems(|it| {
        it.options = Field::Known(options(json));
        change(it);
    })
}

fn spot(config: &mut NodePoolConfig) {
    config.capacity_type = Field::Known(CapacityType::Spot);
}

fn untainted(config: &mut NodePoolConfig) {
    config.gpu_taint = Field::Known(false);
}

const RESERVATIONS: &str =
    "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/capacityreservationgroups/r";

#[test]
fn good_options_have_no_problems() {
    for good in [
        json!({}),
        json!({"gpu_stack": "managed", "gpu_driver": "Install"}),
        json!({"gpu_stack": "gpu_operator", "os_sku": "AzureLinux3"}),
        json!({"vnet_subnet_id": SUBNET, "pod_subnet_id": SUBNET.to_uppercase()}),
        json!({"capacity_reservation_group_id": RESERVATIONS}),
        json!({"drain_timeout": "24h", "node_soak": "30m", "undrainable_node_behavior": "Cordon"}),
        json!({"drain_timeout": "5m", "node_soak": "0s"}),
        json!({"scale_down_mode": "Deallocate"}),
        json!({"kubelet_config": {"image_gc_low_threshold": 70, "image_gc_high_threshold": 70}}),
    ] {
        assert_eq!(of(&good), "", "{good}");
    }
    for price in ["-1", "0.00001", "12.5"] {
        let good = json!({"eviction_policy": "Deallocate", "spot_max_price": null});
        let decimal = |it: &mut NodePoolConfig| {
            spot(it);
            let mut options = options(&good);
            options
                .set("spot_max_price", Some(crate::nodepool::OptionValue::Decimal(price.parse().unwrap())));
            it.options = Field::Known(options);
        };
        assert_eq!(with(&good, decimal), "", "{price}");
    }
    assert_eq!(with(&json!({"mode": "System"}), untainted), "");
}

#[test]
fn what_is_unknown_breaks_no_rule() {
    for unknown in [
        json!({"gpu_stack": null, "gpu_driver": null, "mode": null}),
        json!({"vnet_subnet_id": null, "drain_timeout": null, "os_sku": null}),
        json!({"kubelet_config": null}),
        json!({"kubelet_config": {"image_gc_low_threshold": 90, "image_gc_high_threshold": null}}),
    ] {
        assert_eq!(of(&unknown), "", "{unknown}");
    }
    assert_eq!(with(&json!({"mode": "System"}), |it| it.gpu_taint = Field::Unknown), "");
    assert_eq!(with(&json!({"eviction_policy": "Delete"}), |it| it.capacity_type = Field::Unknown), "");
    let managed = json!({"gpu_stack": "managed"});
    assert_eq!(with(&managed, |it| it.mig_strategy = Field::Unknown), "");
}

/// Every message of this file, for reading.
#[test]
fn the_messages() {
    let managed = json!({"gpu_stack": "managed"});
    let taint = Taint { key: "team".into(), value: "ml".into(), effect: TaintEffect::NoSchedule };
    let found = [
        with(&managed, |it| it.mig_strategy = Field::Known(MigStrategy::Mixed)),
        with(&managed, |it| it.sharing = Field::Known(Sharing::TimeSlicing { replicas: 2 })),
        with(&managed, |it| it.labels = map(&[("nvidia.com/gpu.present", "true")])),
        of(&json!({"gpu_driver": "None"})),
        with(&json!({"gpu_stack": "managed", "gpu_driver": "None"}), |it| it.mig_profile = Field::Null),
        of(&json!({"mode": "System"})),
        with(&json!({"mode": "System"}), |it| {
            untainted(it);
            it.taints = Field::Known([taint].into());
        }),
        with(&json!({"mode": "System"}), |it| {
            untainted(it);
            spot(it);
        }),
        of(&json!({"eviction_policy": "Delete", "spot_max_price": -1})),
        with(&json!({"spot_max_price": -0.5}), spot),
        with(&json!({"capacity_reservation_group_id": RESERVATIONS}), spot),
        with(&json!({"os_sku": "AzureLinux"}), |it| {
            it.machine_type = known("Standard_NC40ads_H100_v5");
            it.mig_profile = Field::Known("1g.12gb".parse().unwrap());
        }),
        with(&json!({"scale_down_mode": "Deallocate"}), |it| it.disk_type = known("Ephemeral")),
        of(&json!({"kubelet_config": {"image_gc_low_threshold": 90, "image_gc_high_threshold": 80}})),
        of(&json!({"vnet_subnet_id": "subnet-1", "snapshot_id": SUBNET})),
        of(&json!({"capacity_reservation_group_id": "r", "proximity_placement_group_id": "p"})),
        of(&json!({"drain_timeout": "90s", "node_soak": "31m"})),
        of(&json!({"drain_timeout": "4m"})),
    ];
    assert!(found.iter().all(|it| !it.is_empty()), "{found:#?}");
    insta::assert_snapshot!(found.join("\n"));
}

/// What the rules about the device plugin say on AKS, for reading.
#[test]
fn the_messages_about_the_device_plugin() {
    use crate::cloud::aks::checks::testing::{all_problems, limits};
    use crate::nodepool::config::DevicePluginConfig;

    let mps = |replicas| Field::Known(Sharing::Mps { replicas });
    let renamed =
        || Field::Known(DevicePluginConfig { rename_resource: Field::Known(true), ..Default::default() });
    let failing = || {
        let fail = Field::Known(false);
        Field::Known(DevicePluginConfig { fail_requests_greater_than_one: fail, ..Default::default() })
    };
    let found = [
        all_problems(|it| it.sharing = mps(4)),
        all_problems(|it| {
            it.mig_profile = Field::Null;
            it.sharing = mps(49);
        }),
        all_problems(|it| it.device_plugin = renamed()),
        all_problems(|it| it.device_plugin = failing()),
        all_problems(|it| {
            it.sharing = Field::Known(Sharing::TimeSlicing { replicas: 2 });
            it.device_plugin = renamed();
            it.node_count = Field::Null;
            it.autoscaling = limits(0, 2);
        }),
        all_problems(|it| {
            it.options =
                Field::Known(crate::cloud::aks::checks::testing::options(&json!({"gpu_stack": "managed"})));
            it.device_plugin = failing();
        }),
        // Whole GPUs that are shared: from zero the autoscaler counts those.
        all_problems(|it| {
            it.mig_profile = Field::Null;
            it.sharing = Field::Known(Sharing::TimeSlicing { replicas: 4 });
            it.max_pods = Field::Known(110);
            it.node_count = Field::Null;
            it.autoscaling = limits(0, 8);
        }),
    ];
    assert!(found.iter().all(|it| !it.is_empty()), "{found:#?}");
    insta::assert_snapshot!(found.join("\n\n"));
}
