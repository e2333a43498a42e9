//! Pools for the tests of this folder.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::wire;
use crate::cloud::settings::ApiVersion;
use crate::nodepool::spec::{CapacityType, NodeGpus, SharingSwitches, Size, Upgrade};
use crate::nodepool::{NodePoolSpec, OptionValue, Options, PoolId};
use crate::slicing::{MigStrategy, Sharing};

pub(crate) const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";

/// One A100 per node, cut into three.
pub(crate) fn spec() -> NodePoolSpec {
    NodePoolSpec {
        cluster: CLUSTER.parse().unwrap(),
        name: "mig2g".to_owned(),
        machine_type: "Standard_NC24ads_A100_v4".to_owned(),
        gpu: NodeGpus { model: "a100-80gb".to_owned(), accelerator_type: None, count: 1 },
        mig_profile: Some("2g.20gb".parse().unwrap()),
        mig_strategy: MigStrategy::Single,
        sharing: Sharing::None,
        switches: SharingSwitches::default(),
        size: Size::Fixed(2),
        capacity_type: CapacityType::OnDemand,
        zones: Some(["1", "2"].map(ToOwned::to_owned).into()),
        labels: map(&[
            ("gpuslice/profile", "2g.20gb"),
            ("nvidia.com/gpu.deploy.mig-manager", "false"),
            ("nvidia.com/gpu.present", "true"),
        ]),
        tags: map(&[("cost", "research")]),
        taints: BTreeSet::new(),
        gpu_taint: true,
        disk_size_gb: None,
        disk_type: None,
        max_pods: None,
        kubernetes_version: None,
        upgrade: Upgrade::default(),
        options: Options::default(),
    }
}

pub(crate) fn id() -> PoolId {
    PoolId { cluster: CLUSTER.parse().unwrap(), name: "mig2g".to_owned() }
}

pub(crate) fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Options from JSON: texts, numbers (with a point: decimals), truth values, lists as sets of texts, objects.
pub(crate) fn options(json: &Value) -> Options {
    let of = |value: &Value| match value {
        Value::Null => OptionValue::Unknown,
        Value::Bool(on) => OptionValue::Bool(*on),
        Value::Number(number) if number.is_f64() => OptionValue::Decimal(number.to_string().parse().unwrap()),
        Value::Number(number) => OptionValue::Number(number.as_i64().unwrap()),
        Value::String(text) => OptionValue::Text(text.clone()),
        Value::Array(texts) => {
            OptionValue::TextSet(texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect())
        }
        Value::Object(_) => OptionValue::Object(options(value)),
    };
    Options(json.as_object().unwrap().iter().map(|(name, value)| (name.clone(), of(value))).collect())
}

/// Every option that AKS shows, with a value that differs from its own choice where it has one.
pub(crate) fn every_option() -> Options {
    let resource = |path: &str| format!("/subscriptions/s/resourceGroups/g/providers/{path}");
    options(&json!({
        "gpu_stack": "device_plugin",
        "gpu_driver": "Install",
        "mode": "System",
        "os_sku": "AzureLinux",
        "vnet_subnet_id": resource("Microsoft.Network/virtualNetworks/v/subnets/nodes"),
        "pod_subnet_id": resource("Microsoft.Network/virtualNetworks/v/subnets/pods"),
        "eviction_policy": "Deallocate",
        "spot_max_price": 0.12345,
        "capacity_reservation_group_id": resource("Microsoft.Compute/capacityReservationGroups/r"),
        "proximity_placement_group_id": resource("Microsoft.Compute/proximityPlacementGroups/p"),
        "host_encryption_enabled": true,
        "fips_enabled": true,
        "node_public_ip_enabled": true,
        "scale_down_mode": "Deallocate",
        "kubelet_config": {
            "cpu_manager_policy": "static",
            "cpu_cfs_quota_enabled": false,
            "cpu_cfs_quota_period": "200ms",
            "image_gc_high_threshold": 90,
            "image_gc_low_threshold": 70,
            "topology_manager_policy": "best-effort",
            "allowed_unsafe_sysctls": ["kernel.msg*", "net.core.somaxconn"],
            "container_log_max_size_mb": 20,
            "container_log_max_files": 4,
            "pod_max_pids": 4096,
        },
        "kubelet_disk_type": "Temporary",
        "drain_timeout": "1h",
        "node_soak": "5m",
        "undrainable_node_behavior": "Cordon",
        "snapshot_id": resource("Microsoft.ContainerService/snapshots/s"),
    }))
}

/// A pool of an answer, from its properties.
pub(crate) fn shown(properties: &Value) -> wire::Shown {
    let whole =
        json!({"id": format!("{CLUSTER}/agentPools/mig2g"), "name": "mig2g", "properties": properties});
    serde_json::from_value(whole).unwrap()
}

/// The properties of a pool as AKS would show them right after its creation.
pub(crate) fn live(spec: &NodePoolSpec) -> Value {
    let body = serde_json::to_value(super::translate::create(spec, ApiVersion::Stable).unwrap()).unwrap();
    let mut properties = body["properties"].clone();
    let filled_in = json!({
        "eTag": "e1",
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
        "currentOrchestratorVersion": "1.33.5",
        "orchestratorVersion": "1.33",
        "nodeImageVersion": "AKSUbuntu-2204gen2containerd-202608.1.0",
        "status": {"provisioningError": null},
        "gpuProfile": {"driver": "Install", "driverType": "", "nvidia": null},
        "messageOfTheDay": "aGVsbG8=",
    });
    for (name, value) in filled_in.as_object().unwrap() {
        let there = &mut properties[name.as_str()];
        if there.is_null() {
            *there = value.clone();
        }
    }
    properties
}
