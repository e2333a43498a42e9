use std::collections::BTreeMap;

use serde_json::json;

use crate::cloud::gke::testing::{ZONAL, options, problems, set};
use crate::nodepool::config::{AutoscalingConfig, GpuConfig, UpgradeConfig};
use crate::nodepool::spec::{CapacityType, Taint, TaintEffect};
use crate::nodepool::{Field, NodePoolConfig};
use crate::slicing::{MigStrategy, Sharing};

fn known(text: &str) -> Field<String> {
    Field::Known(text.to_owned())
}

fn labels(pairs: &[(&str, &str)]) -> Field<BTreeMap<String, Field<String>>> {
    Field::Known(pairs.iter().map(|(key, value)| ((*key).to_owned(), known(value))).collect())
}

fn limits(min: u32, max: u32, initial: Field<u32>) -> Field<AutoscalingConfig> {
    Field::Known(AutoscalingConfig {
        min_nodes: Field::Known(min),
        max_nodes: Field::Known(max),
        initial_nodes: initial,
    })
}

#[test]
fn a_good_configuration_has_no_problems() {
    assert_eq!(problems(|_| {}), "");
    assert_eq!(
        problems(|it| {
            it.cluster_id = Field::Known(ZONAL.parse().unwrap());
            it.zones = Field::Null;
            it.node_count = Field::Null;
            it.autoscaling = limits(0, 3, Field::Null);
            it.kubernetes_version = known("1.33.5-gke.1080000");
            it.max_pods = Field::Known(64);
            it.tags = labels(&[("cost-center", "ml_1"), ("größe", "")]);
            it.disk_type = known("pd-ssd");
            it.disk_size_gb = Field::Known(100);
        }),
        ""
    );
}

#[test]
fn what_is_unknown_breaks_no_rule() {
    assert_eq!(
        problems(|it| {
            *it = NodePoolConfig {
                cluster_id: Field::Unknown,
                name: Field::Unknown,
                machine_type: Field::Unknown,
                zones: Field::Unknown,
                node_count: Field::Unknown,
                autoscaling: Field::Unknown,
                labels: Field::Unknown,
                tags: Field::Unknown,
                taints: Field::Unknown,
                options: Field::Unknown,
                upgrade: Field::Unknown,
                mig_strategy: Field::Unknown,
                ..NodePoolConfig::default()
            };
        }),
        ""
    );
    // A machine that must be spot, with the capacity type or flex-start still open.
    assert_eq!(
        problems(|it| {
            it.machine_type = known("a3-highgpu-1g");
            it.capacity_type = Field::Unknown;
        }),
        ""
    );
    assert_eq!(
        problems(|it| {
            it.machine_type = known("a3-highgpu-1g");
            it.options = Field::Known(options(&json!({"flex_start": null})));
        }),
        ""
    );
}

#[test]
fn names() {
    for name in ["a", "mig-1g", &"a".repeat(40)] {
        assert_eq!(problems(|it| it.name = known(name)), "", "{name}");
    }
    for name in ["", "A", "1g", "mig_1g", "mig-", &"a".repeat(41)] {
        assert!(problems(|it| it.name = known(name)).starts_with("error at name: "), "{name}");
    }
    let prefixed = |prefix: &str| {
        problems(|it| {
            it.name = Field::Null;
            it.name_prefix = known(prefix);
        })
    };
    assert_eq!(prefixed(&format!("{}-", "a".repeat(35))), "");
    assert!(prefixed(&"a".repeat(37)).starts_with("error at name_prefix: "));
    assert!(prefixed("1-").starts_with("error at name_prefix: "));
}

#[test]
fn tags_and_labels() {
    for key in ["Team", "1st", "a.b", "goog-gke-x", "", &"a".repeat(64)] {
        let found = problems(|it| it.tags = labels(&[(key, "x")]));
        assert!(found.starts_with(&format!("error at tags[{key:?}]: ")), "{key}: {found}");
    }
    assert!(problems(|it| it.tags = labels(&[("a", "Upper")])).starts_with("error at tags[\"a\"]: "));
    let many: BTreeMap<String, Field<String>> = (0..65).map(|n| (format!("a{n}"), known(""))).collect();
    assert!(problems(|it| it.tags = Field::Known(many)).starts_with("error at tags: "));
    let long = labels(&[("a", &"x".repeat(600)), ("b", &"y".repeat(600))]);
    assert!(problems(|it| it.labels = long).starts_with("warning at labels: "));
}

#[test]
fn versions() {
    for version in ["1.33", "1.33.5", "1.33.5-gke.1080000"] {
        assert_eq!(problems(|it| it.kubernetes_version = known(version)), "", "{version}");
    }
    for version in ["1", "latest", "-", "v1.33", "1.33-gke.1", "1.33.5-gke", "1.33.5.1", "1.33.x", ""] {
        let found = problems(|it| it.kubernetes_version = known(version));
        assert!(found.starts_with("error at kubernetes_version: "), "{version}: {found}");
    }
}

/// Every message of this file, for reading.
#[test]
fn the_messages() {
    let taint =
        Taint { key: "kubernetes.io/arch".into(), value: "arm64".into(), effect: TaintEffect::NoSchedule };
    let upgrade = |surge: &str, unavailable: &str| {
        Field::Known(UpgradeConfig { max_surge: known(surge), max_unavailable: known(unavailable) })
    };
    let found = [
        problems(|it| it.name = known("MIG")),
        problems(|it| {
            it.name = Field::Null;
            it.name_prefix = known("Mig-");
        }),
        problems(|it| it.zones = Field::Null),
        problems(|it| it.zones = Field::Known(set(&[]))),
        problems(|it| it.zones = Field::Known(set(&["us-central1", "us-east1-b"]))),
        problems(|it| it.node_count = Field::Known(3)),
        problems(|it| {
            it.node_count = Field::Null;
            it.autoscaling = limits(1, 6, Field::Null);
        }),
        problems(|it| {
            it.node_count = Field::Null;
            it.autoscaling = limits(0, 3, Field::Known(3));
        }),
        problems(|it| it.machine_type = known("a3-highgpu-1g")),
        problems(|it| it.machine_type = known("a4x-highgpu-4g")),
        problems(|it| {
            it.machine_type = known("z9-highgpu-1g");
            it.gpu = Field::Known(GpuConfig { model: known("h100-80gb"), count: Field::Known(1) });
        }),
        problems(|it| it.mig_strategy = Field::Known(MigStrategy::Mixed)),
        problems(|it| it.sharing = Field::Known(Sharing::TimeSlicing { replicas: 49 })),
        problems(|it| it.tags = labels(&[("Team", "ML"), ("goog-x", "y")])),
        problems(|it| it.taints = Field::Known([taint].into())),
        problems(|it| it.disk_size_gb = Field::Known(10)),
        problems(|it| {
            it.machine_type = known("a4-highgpu-8g");
            it.disk_type = known("pd-ssd");
        }),
        problems(|it| it.disk_type = known("hyperdisk-balanced")),
        problems(|it| it.upgrade = upgrade("33%", "1")),
        problems(|it| it.upgrade = upgrade("11", "10")),
        problems(|it| it.max_pods = Field::Known(257)),
        problems(|it| it.kubernetes_version = known("latest")),
    ];
    assert!(found.iter().all(|it| !it.is_empty()), "{found:#?}");
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn spot_and_flex_start_get_the_small_h100_machines() {
    assert_eq!(
        problems(|it| {
            it.machine_type = known("a3-highgpu-1g");
            it.capacity_type = Field::Known(CapacityType::Spot);
        }),
        ""
    );
    assert_eq!(
        problems(|it| {
            it.machine_type = known("a3-highgpu-1g");
            it.node_count = Field::Null;
            it.autoscaling = limits(0, 4, Field::Null);
            it.options = Field::Known(options(&json!({"flex_start": true})));
        }),
        ""
    );
}
