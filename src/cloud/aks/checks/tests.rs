use std::collections::BTreeMap;

use serde_json::json;

use super::testing::{SUBNET, known, limits, map, options, problems, set};
use crate::nodepool::config::{GpuConfig, UpgradeConfig};
use crate::nodepool::spec::{CapacityType, Taint, TaintEffect};
use crate::nodepool::{Field, NodePoolConfig};
use crate::slicing::MigStrategy;

/// Eight GPUs, which give 56 slices.
const EIGHT: &str = "Standard_ND96amsr_A100_v4";

fn upgrade(surge: Option<&str>, unavailable: Option<&str>) -> Field<UpgradeConfig> {
    let field = |text: Option<&str>| text.map_or(Field::Null, known);
    Field::Known(UpgradeConfig { max_surge: field(surge), max_unavailable: field(unavailable) })
}

fn scaled(config: &mut NodePoolConfig, min: u32, max: u32) {
    config.node_count = Field::Null;
    config.autoscaling = limits(min, max);
}

fn system(config: &mut NodePoolConfig) {
    config.options = Field::Known(options(&json!({"mode": "System"})));
    config.gpu_taint = Field::Known(false);
}

#[test]
fn a_good_configuration_has_no_problems() {
    assert_eq!(problems(|_| {}), "");
    assert_eq!(
        problems(|it| {
            it.machine_type = known("standard_nd96asr_v4");
            it.mig_profile = Field::Known("1g.5gb".parse().unwrap());
            scaled(it, 1, 4);
            it.zones = Field::Known(set(&["1", "3"]));
            it.max_pods = Field::Known(66);
            it.kubernetes_version = known("1.33.5");
            it.tags = map(&[("Cost Center", "ml/1"), ("größe", "")]);
            it.labels = map(&[("nvidia.com/device-plugin.config", "mig")]);
            it.disk_type = known("Managed");
            it.disk_size_gb = Field::Known(2048);
            it.upgrade = upgrade(Some("0"), Some("50%"));
        }),
        ""
    );
}

#[test]
fn what_is_unknown_breaks_no_rule() {
    let unknown = NodePoolConfig {
        cluster_id: Field::Unknown,
        name: Field::Unknown,
        machine_type: Field::Unknown,
        mig_profile: Field::Unknown,
        mig_strategy: Field::Unknown,
        zones: Field::Unknown,
        node_count: Field::Unknown,
        autoscaling: Field::Unknown,
        capacity_type: Field::Unknown,
        labels: Field::Unknown,
        tags: Field::Unknown,
        taints: Field::Unknown,
        max_pods: Field::Unknown,
        options: Field::Unknown,
        upgrade: Field::Unknown,
        ..NodePoolConfig::default()
    };
    assert_eq!(problems(|it| *it = unknown), "");
    // One thing unknown each, of what a rule would else speak about.
    assert_eq!(
        problems(|it| {
            it.machine_type = known(EIGHT);
            it.max_pods = Field::Unknown;
        }),
        ""
    );
    assert_eq!(problems(|it| it.upgrade = upgrade(None, None)), "");
    assert_eq!(
        problems(|it| {
            it.upgrade =
                Field::Known(UpgradeConfig { max_surge: Field::Unknown, max_unavailable: known("1") });
        }),
        ""
    );
}

#[test]
fn names() {
    for name in ["a", "mig1g", "a23456789012"] {
        assert_eq!(problems(|it| it.name = known(name)), "", "{name}");
    }
    for name in ["", "A", "1g", "mig-1g", "mig_1", "aksMigNode", "a234567890123", "ä"] {
        assert!(problems(|it| it.name = known(name)).starts_with("error at name: "), "{name}");
    }
    let prefixed = |prefix: &str| {
        problems(|it| {
            it.name = Field::Null;
            it.name_prefix = known(prefix);
        })
    };
    assert_eq!(prefixed("a2345678"), "");
    for prefix in ["a23456789", "mig-", "1", ""] {
        assert!(prefixed(prefix).starts_with("error at name_prefix: "), "{prefix}");
    }
}

#[test]
fn versions() {
    for version in ["1.33", "1.33.5", "1.100.0"] {
        assert_eq!(problems(|it| it.kubernetes_version = known(version)), "", "{version}");
    }
    for version in ["1", "latest", "v1.33", "1.33.5-gke.1080000", "1.33.", "1.33.5.1", "1.x", ""] {
        let found = problems(|it| it.kubernetes_version = known(version));
        assert!(found.starts_with("error at kubernetes_version: "), "{version}: {found}");
    }
}

#[test]
fn tags() {
    for key in ["a<b", "a>b", "a%b", "a&b", "a\\b", "a?b", "a/b", "", &"a".repeat(513)] {
        let found = problems(|it| it.tags = map(&[(key, "x")]));
        assert!(found.starts_with(&format!("error at tags[{key:?}]: ")), "{key}: {found}");
    }
    assert_eq!(problems(|it| it.tags = map(&[(&"a".repeat(512), &"ü".repeat(256))])), "");
    assert!(problems(|it| it.tags = map(&[("a", &"x".repeat(257))])).starts_with("error at tags[\"a\"]: "));
    let many = |count: u32| {
        let tags: BTreeMap<_, _> = (0..count).map(|n| (format!("a{n}"), known(""))).collect();
        problems(|it| it.tags = Field::Known(tags))
    };
    assert_eq!(many(50), "");
    assert!(many(51).starts_with("error at tags: "));
}

#[test]
fn the_autoscaler_is_warned_of_in_numbers() {
    let warned = |machine: &str, profile: &str, min: u32, max: u32| {
        problems(|it| {
            it.machine_type = known(machine);
            it.mig_profile = Field::Known(profile.parse().unwrap());
            it.max_pods = Field::Known(100);
            scaled(it, min, max);
        })
    };
    let one = warned("Standard_NC24ads_A100_v4", "1g.10gb", 0, 10);
    assert!(one.contains("nvidia.com/gpu: 1,") && one.contains("starts 7 nodes, where"), "{one}");
    let eight = warned(EIGHT, "1g.10gb", 0, 10);
    assert!(
        eight.contains("nvidia.com/gpu: 8,") && eight.contains("56 pods") && eight.contains("starts 7 nodes"),
        "{eight}"
    );
    // Never more than it may, and no word where it counts right.
    assert!(warned(EIGHT, "1g.10gb", 0, 3).contains("starts 3 nodes, as many as max_nodes allows"));
    for (profile, min, max) in [("1g.10gb", 1, 10), ("1g.10gb", 0, 1), ("7g.80gb", 0, 10)] {
        assert_eq!(warned(EIGHT, profile, min, max), "", "{profile} {min} {max}");
    }
}

#[test]
fn pods_are_counted_against_slices() {
    let with = |change: &dyn Fn(&mut NodePoolConfig)| {
        problems(|it| {
            it.machine_type = known(EIGHT);
            change(it);
        })
    };
    let unset = with(&|_| {});
    assert!(unset.starts_with("warning at max_pods: ") && unset.contains("max_pods = 66"), "{unset}");
    // A subnet for pods has a higher default.
    assert_eq!(with(&|it| it.options = Field::Known(options(&json!({"pod_subnet_id": SUBNET})))), "");
    assert_eq!(with(&|it| it.options = Field::Unknown), "");
    assert!(with(&|it| it.max_pods = Field::Known(55)).starts_with("error at max_pods: "));
    assert_eq!(with(&|it| it.max_pods = Field::Known(56)), "");
    // Two GPUs give 14 slices, for which the smallest default suffices.
    assert_eq!(problems(|it| it.machine_type = known("Standard_NC48ads_A100_v4")), "");
}

/// Every message of these files, for reading.
#[test]
fn the_messages() {
    let spot = Taint {
        key: "kubernetes.azure.com/scalesetpriority".into(),
        value: "spot".into(),
        effect: TaintEffect::NoExecute,
    };
    let found = [
        problems(|it| it.name = known("MIG-1")),
        problems(|it| {
            it.name = Field::Null;
            it.name_prefix = known("inference");
        }),
        problems(|it| it.zones = Field::Known(set(&[]))),
        problems(|it| it.zones = Field::Known(set(&["westeurope-1"]))),
        problems(|it| it.node_count = Field::Known(1001)),
        problems(|it| scaled(it, 1, 1001)),
        problems(|it| {
            system(it);
            it.node_count = Field::Known(0);
        }),
        problems(|it| {
            system(it);
            it.mig_profile = Field::Known("7g.80gb".parse().unwrap());
            scaled(it, 0, 2);
        }),
        problems(|it| it.max_pods = Field::Known(251)),
        problems(|it| {
            it.machine_type = known(EIGHT);
            it.max_pods = Field::Known(32);
        }),
        problems(|it| {
            it.node_count = Field::Known(1);
            it.max_pods = Field::Known(17);
        }),
        problems(|it| it.machine_type = known(EIGHT)),
        problems(|it| scaled(it, 0, 4)),
        problems(|it| {
            it.machine_type = known(EIGHT);
            it.max_pods = Field::Known(66);
            scaled(it, 0, 4);
        }),
        problems(|it| {
            it.mig_strategy = Field::Known(MigStrategy::Mixed);
            scaled(it, 0, 4);
        }),
        problems(|it| {
            it.mig_strategy = Field::Known(MigStrategy::Mixed);
            scaled(it, 1, 4);
        }),
        problems(|it| {
            it.options = Field::Known(options(&json!({"gpu_stack": "managed"})));
            scaled(it, 1, 4);
        }),
        problems(|it| {
            it.machine_type = known("nc24ads_a100_v4");
            it.gpu = Field::Known(GpuConfig { model: known("a100-80gb"), count: Field::Known(1) });
        }),
        problems(|it| it.tags = map(&[("Team", "a"), ("team", "b")])),
        problems(|it| it.tags = map(&[("enablemanagedGPUexperience", "true")])),
        problems(|it| it.tags = map(&[("a/b", "x")])),
        problems(|it| it.tags = map(&[("a", &"x".repeat(257))])),
        problems(|it| it.taints = Field::Known([spot].into())),
        problems(|it| it.disk_size_gb = Field::Known(4096)),
        problems(|it| it.disk_type = known("managed")),
        problems(|it| {
            it.capacity_type = Field::Known(CapacityType::Spot);
            it.upgrade = upgrade(Some("1"), None);
        }),
        problems(|it| it.upgrade = upgrade(Some("101%"), None)),
        problems(|it| it.upgrade = upgrade(Some("0"), None)),
        problems(|it| it.upgrade = upgrade(None, Some("1"))),
        problems(|it| it.upgrade = upgrade(Some("33%"), Some("1"))),
        problems(|it| {
            system(it);
            it.upgrade = upgrade(Some("0"), Some("1"));
        }),
        problems(|it| it.kubernetes_version = known("latest")),
    ];
    assert!(found.iter().all(|it| !it.is_empty()), "{found:#?}");
    insta::assert_snapshot!(found.join("\n"));
}
