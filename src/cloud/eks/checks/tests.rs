use serde_json::json;

use crate::cloud::eks::testing::{config, known, options, problems, written};
use crate::nodepool::config::{AutoscalingConfig, GpuConfig, UpgradeConfig};
use crate::nodepool::spec::{CapacityType, Taint, TaintEffect};
use crate::nodepool::{Field, NodePoolConfig};

fn clean(change: impl FnOnce(&mut NodePoolConfig)) {
    assert_eq!(problems(change), "");
}

fn from_zero() -> Field<AutoscalingConfig> {
    Field::Known(AutoscalingConfig {
        min_nodes: Field::Known(0),
        max_nodes: Field::Known(4),
        initial_nodes: Field::Null,
    })
}

#[test]
fn an_ordinary_pool_has_no_problems() {
    clean(|_| {});
    clean(|it| {
        it.name = known(&"a".repeat(63));
        it.disk_size_gb = Field::Known(16_384);
        it.disk_type = known("gp2");
        it.kubernetes_version = known("1.34");
        it.labels = written(&[("team", "ml")]);
        it.tags = written(&[("cost", "")]);
        it.upgrade = Field::Known(UpgradeConfig { max_surge: known("0"), max_unavailable: known("100%") });
    });
    clean(|it| {
        it.name = Field::Null;
        it.name_prefix = known(&"a".repeat(59));
        it.node_count = Field::Null;
        it.autoscaling = from_zero();
    });
}

/// Every message of this file, for reading.
#[test]
fn the_messages() {
    let upgrade = |surge: &str, missing: &str| {
        problems(|it| {
            it.upgrade =
                Field::Known(UpgradeConfig { max_surge: known(surge), max_unavailable: known(missing) });
        })
    };
    let found = [
        problems(|it| it.name = known("a.b")),
        problems(|it| it.name = known(&"a".repeat(64))),
        problems(|it| {
            it.name = Field::Null;
            it.name_prefix = known(&"a".repeat(60));
        }),
        problems(|it| it.zones = Field::Known(["us-east-1a".to_owned()].into())),
        problems(|it| {
            it.machine_type = known("g6f.large");
            it.mig_profile = Field::Null;
            it.sharing = Field::Known(crate::slicing::Sharing::TimeSlicing { replicas: 2 });
            let own =
                json!({"gpu_stack": "device_plugin", "launch_template": {"id": "lt-0123abcd", "version": 1}});
            it.options = Field::Known(options(&own));
        }),
        problems(|it| {
            it.machine_type = known("p9.48xlarge");
            it.gpu = Field::Known(GpuConfig { model: known("a100-40gb"), count: Field::Known(8) });
        }),
        problems(|it| it.labels = written(&[("node-role", "")])),
        problems(|it| it.labels = written(&[("eks.amazonaws.com/x", "y"), ("team", "1g.5gb+me")])),
        problems(|it| {
            let taint = |number| Taint {
                key: format!("k{number}"),
                value: String::new(),
                effect: TaintEffect::NoSchedule,
            };
            it.taints = Field::Known((0..50).map(taint).collect());
        }),
        problems(|it| {
            let long = "x".repeat(129);
            let value = "y".repeat(257);
            it.tags = written(&[("aws:x", "y"), ("gpuslice:size", "y"), (&long, "y"), ("cost", &value)]);
        }),
        problems(|it| {
            let keys: Vec<String> = (0..50).map(|number| format!("k{number}")).collect();
            let pairs: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "v")).collect();
            it.tags = written(&pairs);
        }),
        problems(|it| {
            // With the tags for the autoscaler they are too many.
            let keys: Vec<String> = (0..46).map(|number| format!("k{number}")).collect();
            let pairs: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "v")).collect();
            it.tags = written(&pairs);
            it.node_count = Field::Null;
            it.autoscaling = from_zero();
        }),
        problems(|it| it.disk_size_gb = Field::Known(0)),
        problems(|it| it.disk_type = known("io2")),
        upgrade("1", "1"),
        upgrade("0%", "1"),
        upgrade("0", "0"),
        upgrade("0", "101"),
        upgrade("0", "101%"),
        problems(|it| it.kubernetes_version = known("1.34.2")),
        problems(|it| {
            it.capacity_type = Field::Known(CapacityType::Spot);
            let block = json!({"capacity_reservation_id": "cr-0123abcd", "capacity_block": true});
            it.options = Field::Known(options(&block));
        }),
    ];
    assert!(found.iter().all(|it| !it.is_empty()), "{found:#?}");
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn tags_for_the_autoscaler_count_only_where_there_are_some() {
    let keys: Vec<String> = (0..46).map(|number| format!("k{number}")).collect();
    let pairs: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "v")).collect();
    let with = |tagged: serde_json::Value| {
        problems(|it| {
            it.tags = written(&pairs);
            it.node_count = Field::Null;
            it.autoscaling = from_zero();
            it.options = Field::Known(options(&tagged));
        })
    };
    assert_eq!(with(json!({"scale_from_zero_tags": false})), "");
    assert_eq!(with(json!({"scale_from_zero_tags": null})), "", "not known yet");
    assert!(with(json!({"scale_from_zero_tags": true})).contains("too many tags"));
}

/// What is not known yet breaks no rule.
#[test]
fn unknown_parts_wait() {
    let written = config();
    assert_eq!(problems(|it| it.options = Field::Unknown), "");
    assert_eq!(problems(|it| it.machine_type = Field::Unknown), "");
    assert_eq!(problems(|it| it.cluster_id = Field::Unknown), "");
    assert_eq!(
        problems(|it| {
            *it = NodePoolConfig {
                options: written.options.clone(),
                name: Field::Unknown,
                ..NodePoolConfig::default()
            };
        }),
        ""
    );
}
