//! Pools for the tests of this folder.

use std::collections::{BTreeMap, BTreeSet};

use super::wire;
use crate::nodepool::spec::{CapacityType, NodeGpus, SharingSwitches, Size, Upgrade};
use crate::nodepool::{
    Field, NodePoolConfig, NodePoolSpec, OptionValue, Options, PoolId, Problems, Severity,
};
use crate::slicing::{MigStrategy, Sharing};

pub(crate) const REGIONAL: &str = "projects/p/locations/us-central1/clusters/c";
pub(crate) const ZONAL: &str = "projects/p/locations/us-central1-a/clusters/c";

/// One A100 per node, cut into seven, in two zones.
pub(crate) fn spec() -> NodePoolSpec {
    NodePoolSpec {
        cluster: REGIONAL.parse().unwrap(),
        name: "mig1g".to_owned(),
        machine_type: "a2-highgpu-1g".to_owned(),
        gpu: NodeGpus {
            model: "a100-40gb".to_owned(),
            accelerator_type: Some("nvidia-tesla-a100".to_owned()),
            count: 1,
        },
        mig_profile: Some("1g.5gb".parse().unwrap()),
        mig_strategy: MigStrategy::Single,
        sharing: Sharing::None,
        switches: SharingSwitches::default(),
        size: Size::Fixed(4),
        capacity_type: CapacityType::OnDemand,
        zones: Some(set(&["us-central1-a", "us-central1-b"])),
        labels: map(&[("gpuslice/profile", "1g.5gb"), ("team", "ml")]),
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
    PoolId { cluster: REGIONAL.parse().unwrap(), name: "mig1g".to_owned() }
}

pub(crate) fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(crate) fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Options from JSON: texts, numbers, truth values, lists as sets of texts; `objects` names the maps that are objects.
pub(crate) fn options(json: &serde_json::Value) -> Options {
    let members = json.as_object().unwrap();
    Options(members.iter().map(|(name, value)| (name.clone(), option(name, value))).collect())
}

fn option(name: &str, value: &serde_json::Value) -> OptionValue {
    use serde_json::Value;
    match value {
        Value::Null => OptionValue::Unknown,
        Value::Bool(on) => OptionValue::Bool(*on),
        Value::Number(number) => OptionValue::Number(number.as_i64().unwrap()),
        Value::String(text) => OptionValue::Text(text.clone()),
        Value::Array(texts) => {
            OptionValue::TextSet(texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect())
        }
        Value::Object(members) if matches!(name, "metadata" | "resource_manager_tags") => {
            OptionValue::TextMap(
                members
                    .iter()
                    .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
                    .collect(),
            )
        }
        Value::Object(_) => OptionValue::Object(options(value)),
    }
}

/// Every option with a value that differs from GKE's own choice.
pub(crate) fn every_option() -> Options {
    options(&serde_json::json!({
        "driver_version": "SPECIFIC",
        "driver_specific_version": "580.65.06",
        "image_type": "COS_CONTAINERD",
        "service_account": "nodes@p.iam.gserviceaccount.com",
        "oauth_scopes": ["https://www.googleapis.com/auth/devstorage.read_only"],
        "network_tags": ["gpu", "batch"],
        "metadata": {"team": "ml"},
        "workload_metadata_mode": "GKE_METADATA",
        "reservation": {"type": "SPECIFIC_RESERVATION", "name": "gpus"},
        "flex_start": true,
        "queued_provisioning": true,
        "max_run_duration": "24h",
        "location_policy": "ANY",
        "auto_repair": false,
        "auto_upgrade": false,
        "blue_green": {"node_pool_soak": "1h", "batch_percentage": 25, "batch_soak": "10m"},
        "node_drain": {"respect_pdb_during_deletion": true, "grace_termination": "10m", "pdb_timeout": "30m"},
        "local_ssd_count": 2,
        "pod_range": "pods",
        "private_nodes": true,
        "compact_placement": true,
        "secure_boot": true,
        "gvnic": true,
        "image_streaming": true,
        "boot_disk_kms_key": "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "resource_manager_tags": {"tagKeys/1": "tagValues/2"},
    }))
}

/// The pool as GKE would show it right after its creation.
pub(crate) fn live(spec: &NodePoolSpec) -> wire::NodePool {
    let body = super::translate::create(spec).unwrap();
    let mut pool = body.node_pool;
    pool.status = "RUNNING".to_owned();
    pool.etag = Some("e1".to_owned());
    pool
}

/// The configuration of [`spec`], as written.
pub(crate) fn config() -> NodePoolConfig {
    NodePoolConfig {
        cluster_id: Field::Known(REGIONAL.parse().unwrap()),
        name: Field::Known("mig1g".to_owned()),
        machine_type: Field::Known("a2-highgpu-1g".to_owned()),
        mig_profile: Field::Known("1g.5gb".parse().unwrap()),
        sharing: Field::Known(Sharing::None),
        node_count: Field::Known(4),
        zones: Field::Known(set(&["us-central1-a", "us-central1-b"])),
        ..NodePoolConfig::default()
    }
}

/// The problems that GKE's rules find, a line each: how bad, where, what, and why.
pub(crate) fn problems(change: impl FnOnce(&mut NodePoolConfig)) -> String {
    use crate::nodepool::CloudRules;
    let mut config = config();
    change(&mut config);
    let mut problems = Problems::default();
    super::RULES.check(&config, &mut problems);
    let lines: Vec<String> = problems
        .0
        .into_iter()
        .map(|problem| {
            let severity = match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            format!("{severity} at {}: {}\n  {}", problem.path, problem.summary, problem.detail)
        })
        .collect();
    lines.join("\n")
}
