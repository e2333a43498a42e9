//! Pools and configurations for the tests of this folder.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{translate, wire};
use crate::nodepool::spec::{CapacityType, NodeGpus, SharingSwitches, Size, Upgrade};
use crate::nodepool::{
    CloudRules, Field, NodePoolConfig, NodePoolSpec, OptionValue, Options, PoolId, Problem, Problems,
    Severity, checks,
};
use crate::slicing::{MigStrategy, Sharing};

pub(crate) const CLUSTER: &str = "arn:aws:eks:us-east-1:123456789012:cluster/main";
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/nodes";

/// Eight A100 per node, each cut into three, on Bottlerocket.
pub(crate) fn spec() -> NodePoolSpec {
    NodePoolSpec {
        cluster: CLUSTER.parse().unwrap(),
        name: "mig2g".to_owned(),
        machine_type: "p4d.24xlarge".to_owned(),
        gpu: NodeGpus { model: "a100-40gb".to_owned(), accelerator_type: None, count: 8 },
        mig_profile: Some("2g.10gb".parse().unwrap()),
        mig_strategy: MigStrategy::Single,
        sharing: Sharing::None,
        switches: SharingSwitches::default(),
        size: Size::Fixed(2),
        capacity_type: CapacityType::OnDemand,
        zones: None,
        labels: map(&[
            ("gpuslice/profile", "2g.10gb"),
            ("gpuslice/sharing", "none"),
            ("nvidia.com/gpu.deploy.operands", "false"),
        ]),
        tags: map(&[("cost", "research")]),
        taints: BTreeSet::new(),
        gpu_taint: true,
        disk_size_gb: None,
        disk_type: None,
        max_pods: None,
        kubernetes_version: None,
        upgrade: Upgrade::default(),
        options: required(),
    }
}

pub(crate) fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The options that every pool has.
pub(crate) fn required() -> Options {
    options(&json!({}))
}

/// These options beside those that every pool has. Texts, numbers, truth values, lists as sets of texts, objects; null
/// is unknown.
pub(crate) fn options(more: &Value) -> Options {
    let mut all = json!({"node_role_arn": ROLE, "subnet_ids": ["subnet-0123abcd", "subnet-4567abcd"]});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object(&all)
}

fn object(json: &Value) -> Options {
    let members = json.as_object().unwrap();
    Options(members.iter().map(|(name, value)| (name.clone(), option(name, value))).collect())
}

fn option(name: &str, value: &Value) -> OptionValue {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match value {
        Value::Null => OptionValue::Unknown,
        Value::Bool(on) => OptionValue::Bool(*on),
        Value::Number(number) => OptionValue::Number(number.as_i64().unwrap()),
        Value::String(text) => OptionValue::Text(text.clone()),
        Value::Array(texts) => OptionValue::TextSet(texts.iter().map(text).collect()),
        Value::Object(members) if name == "instance_tags" => {
            OptionValue::TextMap(members.iter().map(|(key, value)| (key.clone(), text(value))).collect())
        }
        Value::Object(_) => OptionValue::Object(object(value)),
    }
}

/// Every option that is sent, with a value that differs from our own choice.
pub(crate) fn every_option() -> Options {
    options(&json!({
        "gpu_stack": "gpu_operator",
        "ami_type": "AL2023_x86_64_NVIDIA",
        "release_version": "1.34.2-20261015",
        "launch_template": {
            "security_group_ids": ["sg-0123abcd"],
            "key_name": "ops",
            "imds_hop_limit": 3,
            "kms_key_id": "arn:aws:kms:us-east-1:123456789012:key/k",
            "instance_tags": {"team": "ml"},
            "extra_user_data": "#!/bin/sh\nnvidia-smi -pm 1\n",
            "placement_group": "close",
        },
        "capacity_reservation_id": "cr-0123456789abcdef0",
        "capacity_block": true,
        "node_repair": {"enabled": true, "max_unhealthy_percentage": 20, "max_parallel_count": 1},
        "warm_pool": {
            "enabled": true, "min_size": 1, "max_prepared_capacity": 3, "pool_state": "STOPPED",
            "reuse_on_scale_in": true,
        },
        "force_update": true,
        "scale_down": "immediate",
        "scale_from_zero_tags": true,
    }))
}

/// The cluster's own security group.
pub(crate) const GROUP: &str = "sg-0c0c0c0c";

pub(crate) fn id() -> PoolId {
    PoolId { cluster: CLUSTER.parse().unwrap(), name: spec().name }
}

/// The node group that EKS shows after a create of this pool, at rest, and the launch template that we made for it.
pub(crate) fn live(spec: &NodePoolSpec) -> (wire::Nodegroup, wire::TemplateVersion) {
    let number = 3_u64;
    let data = translate::template(spec, Some(GROUP)).unwrap();
    let used = wire::LaunchTemplate { id: "lt-0123456789abcdef0".into(), version: number.to_string() };
    let mut shown = serde_json::to_value(translate::create(spec, used, String::new()).unwrap()).unwrap();
    shown["status"] = json!("ACTIVE");
    shown["launchTemplate"]["name"] = json!("gpuslice-main-mig2g-0a1b2c");
    // What EKS fills in.
    for (name, value) in [("version", json!("1.34")), ("updateConfig", json!({}))] {
        if shown.get(name).is_none() {
            shown[name] = value;
        }
    }
    let update = shown["updateConfig"].as_object_mut().unwrap();
    if !update.contains_key("maxUnavailablePercentage") {
        update.entry("maxUnavailable").or_insert(json!(1));
    }
    update.entry("updateStrategy").or_insert(json!("DEFAULT"));
    shown["resources"] = json!({"autoScalingGroups": [{"name": "eks-mig2g-0a1b2c"}]});
    (serde_json::from_value(shown).unwrap(), wire::TemplateVersion { number, data: data.shown() })
}

pub(crate) fn known(text: &str) -> Field<String> {
    Field::Known(text.to_owned())
}

/// A map of a configuration.
pub(crate) fn written(pairs: &[(&str, &str)]) -> Field<BTreeMap<String, Field<String>>> {
    Field::Known(pairs.iter().map(|(key, value)| ((*key).to_owned(), known(value))).collect())
}

/// The configuration of [`spec`].
pub(crate) fn config() -> NodePoolConfig {
    NodePoolConfig {
        cluster_id: Field::Known(CLUSTER.parse().unwrap()),
        name: known("mig2g"),
        machine_type: known("p4d.24xlarge"),
        mig_profile: Field::Known("2g.10gb".parse().unwrap()),
        sharing: Field::Known(Sharing::None),
        node_count: Field::Known(2),
        options: Field::Known(required()),
        ..NodePoolConfig::default()
    }
}

/// The problems that all rules find, the common ones and EKS's, a line each: how bad, where, what, and why.
pub(crate) fn problems(change: impl FnOnce(&mut NodePoolConfig)) -> String {
    let mut config = config();
    change(&mut config);
    let mut problems = Problems::default();
    let rules: &dyn CloudRules = &super::RULES;
    checks::check(&config, Some(rules), &mut problems);
    let line = |problem: &Problem| {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        format!("{severity} at {}: {}\n  {}", problem.path, problem.summary, problem.detail)
    };
    problems.0.iter().map(line).collect::<Vec<_>>().join("\n")
}
