//! What a plan promises while some inputs are unknown, the final plan keeps.
//!
//! Terraform plans again when everything is known, just before it applies, and gives up ("Provider produced
//! inconsistent final plan") when the second plan differs from the first in anything that the first one knew. So the
//! node pool is planned here with every subset of its inputs unknown, and then with all of them known, and both plans
//! go through Terraform's own rules.

use gpuslice::tfplugin::Value;

use crate::plan_pool::{Pool, set};

/// The inputs that a configuration may take from something that does not exist yet.
const INPUTS: [&str; 12] = [
    "cluster_id",
    "name",
    "machine_type",
    "mig_profile",
    "node_count",
    "autoscaling",
    "zones",
    "labels",
    "taints",
    "tags",
    "gpu_taint",
    "capacity_type",
];

/// Those of them that planning treats each in its own way: enough where a plan starts from a pool that exists.
const FEW: [&str; 8] =
    ["cluster_id", "name", "machine_type", "mig_profile", "node_count", "autoscaling", "labels", "gpu_taint"];

const ZONAL: &str = "projects/p/locations/us-central1-a/clusters/c";
const REGIONAL: &str = "projects/p/locations/us-central1/clusters/c";

const AKS: &str =
    "/subscriptions/s/resourceGroups/Group/providers/Microsoft.ContainerService/managedClusters/main";
const SUBNET: &str =
    "/subscriptions/s/resourceGroups/Group/providers/Microsoft.Network/virtualNetworks/v/subnets/gpu";

fn labels(value: &str) -> Value {
    Value::map([("team", value)])
}

fn taints(value: &str) -> Value {
    Value::set([Value::object([("key", "team"), ("value", value), ("effect", "NoSchedule")])])
}

/// Two nodes in one zone, with everything written.
fn zonal() -> Vec<(&'static str, Value)> {
    vec![
        ("cluster_id", ZONAL.into()),
        ("name", "mig1g".into()),
        ("machine_type", "a2-highgpu-1g".into()),
        ("mig_profile", "1g.5gb".into()),
        ("node_count", Value::from(2_u32)),
        ("labels", labels("a")),
        ("taints", taints("a")),
        ("tags", labels("a")),
        ("gpu_taint", Value::Bool(false)),
    ]
}

/// Autoscaled spot machines in two zones, named by a prefix.
fn regional() -> Vec<(&'static str, Value)> {
    let limits = Value::object([
        ("min_nodes", Value::from(0_u32)),
        ("max_nodes", Value::from(4_u32)),
        ("initial_nodes", Value::Null),
    ]);
    vec![
        ("cluster_id", REGIONAL.into()),
        ("name_prefix", "mig-".into()),
        ("machine_type", "a3-highgpu-8g".into()),
        ("mig_profile", "3g.40gb".into()),
        ("autoscaling", limits),
        ("zones", Value::set(["us-central1-a", "us-central1-c"])),
        ("capacity_type", "spot".into()),
    ]
}

/// Two nodes on AKS, with everything written.
fn azure() -> Vec<(&'static str, Value)> {
    let mut parts = zonal();
    for (path, value) in [
        ("cluster_id", Value::from(AKS)),
        ("machine_type", "Standard_NC24ads_A100_v4".into()),
        ("mig_profile", "1g.10gb".into()),
    ] {
        parts = with(parts, path, value);
    }
    parts
}

/// Autoscaled spot machines on AKS, named by a prefix.
fn azure_spot() -> Vec<(&'static str, Value)> {
    let mut parts = regional();
    for (path, value) in [
        ("cluster_id", Value::from(AKS)),
        ("name_prefix", "mig".into()),
        ("machine_type", "Standard_ND96isr_H100_v5".into()),
        ("zones", Value::set(["1", "2"])),
    ] {
        parts = with(parts, path, value);
    }
    parts
}

/// The least that a configuration can say.
fn least() -> Vec<(&'static str, Value)> {
    zonal().into_iter().take(4).collect()
}

/// `parts` with `path` set to something else.
fn with(
    mut parts: Vec<(&'static str, Value)>,
    path: &'static str,
    value: Value,
) -> Vec<(&'static str, Value)> {
    parts.retain(|(name, _)| *name != path);
    parts.push((path, value));
    parts
}

#[test]
fn a_create_keeps_what_its_first_plan_knew() {
    let pool = Pool::new();
    for (parts, inputs) in
        [(zonal(), &INPUTS[..]), (regional(), &FEW[..]), (azure(), &FEW[..]), (azure_spot(), &INPUTS[..])]
    {
        pool.keeps_its_promises(&pool.config(&parts), &Value::Null, inputs);
    }
}

#[test]
fn a_plan_without_changes_keeps_what_its_first_plan_knew() {
    let pool = Pool::new();
    for parts in [zonal(), regional(), azure(), azure_spot()] {
        let config = pool.config(&parts);
        let prior = pool.made(&config);
        assert_eq!(pool.plan(&config, &prior), prior);
        pool.keeps_its_promises(&config, &prior, &FEW);
    }
}

#[test]
fn an_update_keeps_what_its_first_plan_knew() {
    let pool = Pool::new();
    let prior = pool.made(&pool.config(&zonal()));
    let mut parts = with(zonal(), "node_count", Value::from(3_u32));
    for (path, value) in [("labels", labels("b")), ("taints", taints("b")), ("tags", labels("b"))] {
        parts = with(parts, path, value);
    }
    pool.keeps_its_promises(&pool.config(&parts), &prior, &FEW);
    // What is no longer written goes back to its default, or stays.
    pool.keeps_its_promises(&pool.config(&least()), &prior, &FEW);
}

#[test]
fn a_replacement_keeps_what_its_first_plan_knew() {
    let pool = Pool::new();
    for (parts, other) in
        [(zonal(), "2g.10gb"), (regional(), "1g.10gb"), (azure(), "2g.20gb"), (azure_spot(), "1g.10gb")]
    {
        let prior = pool.made(&pool.config(&parts));
        pool.keeps_its_promises(&pool.config(&with(parts, "mig_profile", other.into())), &prior, &FEW);
    }
    // To the other cloud and back.
    for (from, to) in [(zonal(), azure()), (azure(), zonal())] {
        let prior = pool.made(&pool.config(&from));
        pool.keeps_its_promises(&pool.config(&to), &prior, &FEW);
    }
}

/// A pool that was interrupted is planned as an update until it is ready.
#[test]
fn an_incomplete_pool_keeps_what_its_first_plan_knew() {
    let pool = Pool::new();
    let config = pool.config(&zonal());
    let mut prior = pool.made(&config);
    set(&mut prior, "status", "incomplete".into());
    pool.keeps_its_promises(&config, &prior, &FEW);
}

/// Leaves inside objects and maps may be unknown one by one.
#[test]
fn a_part_of_an_input_may_be_unknown() {
    let pool = Pool::new();
    let mut parts = regional();
    for (path, value) in [
        ("autoscaling.min_nodes", Value::from(2_u32)),
        ("autoscaling.initial_nodes", Value::from(2_u32)),
        ("gke.driver_version", "LATEST".into()),
        ("gke.image_type", "COS_CONTAINERD".into()),
        ("disk_size_gb", Value::from(200_u32)),
    ] {
        parts = with(parts, path, value);
    }
    let config = pool.config(&parts);
    let inputs = [
        "name_prefix",
        "autoscaling.min_nodes",
        "autoscaling.max_nodes",
        "autoscaling.initial_nodes",
        "disk_size_gb",
        "upgrade",
        "gke",
        "gke.driver_version",
        "gke.image_type",
    ];
    for prior in [Value::Null, pool.made(&config)] {
        pool.keeps_its_promises(&config, &prior, &inputs);
    }
}

/// What the labels of a pool on AKS depend on is an option, which may be unknown too.
#[test]
fn an_option_of_aks_may_be_unknown() {
    let pool = Pool::new();
    let mut parts = azure();
    for (path, value) in [
        ("aks.gpu_stack", Value::from("gpu_operator")),
        ("aks.gpu_driver", "Install".into()),
        ("aks.mode", "User".into()),
        ("aks.vnet_subnet_id", SUBNET.into()),
        ("aks.drain_timeout", "45m".into()),
    ] {
        parts = with(parts, path, value);
    }
    let config = pool.config(&parts);
    let inputs = [
        "cluster_id",
        "machine_type",
        "aks",
        "aks.gpu_stack",
        "aks.gpu_driver",
        "aks.mode",
        "aks.vnet_subnet_id",
        "aks.drain_timeout",
        "mig_strategy",
    ];
    for prior in [Value::Null, pool.made(&config), pool.made(&pool.config(&azure()))] {
        pool.keeps_its_promises(&config, &prior, &inputs);
    }
}

/// A value that is not known yet may turn out to be anything, null included, so it breaks no rule.
#[test]
fn what_is_unknown_breaks_no_rule() {
    let pool = Pool::new();
    for parts in [zonal(), regional(), azure(), azure_spot()] {
        let config = pool.config(&parts);
        for subset in 0_u32..1 << INPUTS.len() {
            let mut early = config.clone();
            let chosen =
                INPUTS.iter().enumerate().filter(|(bit, _)| subset & (1 << bit) != 0).map(|(_, path)| *path);
            let chosen: Vec<_> = chosen.collect();
            chosen.iter().for_each(|path| set(&mut early, path, Value::UNKNOWN));
            let errors = pool.errors(&early);
            assert!(errors.is_empty(), "with {chosen:?} unknown: {errors}");
        }
    }
}
