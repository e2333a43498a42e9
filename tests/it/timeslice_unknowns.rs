//! What a plan of shared GPUs promises while some inputs are unknown, the final plan keeps; see `plan_unknowns`.

use gpuslice::tfplugin::Value;

use crate::plan_pool::{Pool, set};

const INPUTS: [&str; 9] = [
    "cluster_id",
    "name",
    "machine_type",
    "mig_profile",
    "replicas",
    "sharing_strategy",
    "node_count",
    "autoscaling",
    "labels",
];

fn whole() -> Vec<(&'static str, Value)> {
    vec![
        ("cluster_id", "projects/p/locations/us-central1-a/clusters/c".into()),
        ("name", "shared".into()),
        ("machine_type", "g2-standard-24".into()),
        ("replicas", Value::from(4_u32)),
        ("node_count", Value::from(2_u32)),
        ("labels", Value::map([("team", "a")])),
    ]
}

fn cut() -> Vec<(&'static str, Value)> {
    let mut parts = with(whole(), "machine_type", "a2-highgpu-1g".into());
    parts.push(("mig_profile", "1g.5gb".into()));
    parts.push(("sharing_strategy", "mps".into()));
    parts
}

/// On AKS, where the device plugin in the cluster is told: its key and its label are promised too.
fn azure() -> Vec<(&'static str, Value)> {
    let cluster = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
    let mut parts = with(whole(), "cluster_id", cluster.into());
    parts = with(parts, "machine_type", "Standard_NC24ads_A100_v4".into());
    parts.push(("mig_profile", "1g.10gb".into()));
    parts.push(("device_plugin.rename_resource", Value::Bool(true)));
    parts
}

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
fn a_create_and_a_plan_without_changes_keep_what_their_first_plan_knew() {
    let pool = Pool::shared();
    for parts in [whole(), cut(), azure()] {
        let config = pool.config(&parts);
        pool.keeps_its_promises(&config, &Value::Null, &INPUTS);
        let prior = pool.made(&config);
        assert_eq!(pool.plan(&config, &prior), prior);
        pool.keeps_its_promises(&config, &prior, &INPUTS);
    }
}

#[test]
fn a_change_keeps_what_its_first_plan_knew() {
    let pool = Pool::shared();
    let prior = pool.made(&pool.config(&whole()));
    for (path, value) in [
        ("replicas", Value::from(2_u32)),
        ("sharing_strategy", "mps".into()),
        ("node_count", Value::from(3_u32)),
        ("machine_type", "g2-standard-8".into()),
    ] {
        pool.keeps_its_promises(&pool.config(&with(whole(), path, value)), &prior, &INPUTS);
    }
    // From shared GPUs to shared slices.
    pool.keeps_its_promises(&pool.config(&cut()), &prior, &INPUTS);
}

/// So does a pool whose sharing somebody has taken away, or that came from the other kind.
#[test]
fn a_pool_that_is_not_shared_yet_keeps_what_its_first_plan_knew() {
    let pool = Pool::shared();
    let config = pool.config(&cut());
    let mut prior = pool.made(&config);
    set(&mut prior, "replicas", Value::Null);
    set(&mut prior, "sharing_strategy", Value::Null);
    pool.keeps_its_promises(&config, &prior, &INPUTS);
}

#[test]
fn what_is_unknown_breaks_no_rule() {
    let pool = Pool::shared();
    for parts in [whole(), cut()] {
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

/// Where only one of two unknown inputs is the one that matters, the other figures are known.
#[test]
fn an_unknown_number_of_replicas_leaves_the_rest_known() {
    let pool = Pool::shared();
    let mut config = pool.config(&cut());
    set(&mut config, "replicas", Value::UNKNOWN);
    let planned = pool.plan(&config, &Value::Null);
    assert!(planned.lookup("slices.per_gpu").is_unknown() && planned.lookup("native").is_unknown());
    assert!(planned.lookup("scheduling.tolerations").is_wholly_known());
    assert_eq!(planned.lookup("cloud").as_str(), Some("gke"));
}

/// What decides the device plugin's key may be unknown too: the switches, the stack, the whole object.
#[test]
fn the_device_plugins_key_is_known_as_far_as_its_inputs_are() {
    let pool = Pool::shared();
    let parts = with(azure(), "aks.gpu_stack", "gpu_operator".into());
    let config = pool.config(&parts);
    let inputs = [
        "cluster_id",
        "machine_type",
        "mig_profile",
        "replicas",
        "sharing_strategy",
        "aks",
        "aks.gpu_stack",
        "device_plugin",
        "device_plugin.rename_resource",
        "device_plugin.fail_requests_greater_than_one",
        "device_plugin.namespace",
    ];
    for prior in [Value::Null, pool.made(&config), pool.made(&pool.config(&azure()))] {
        pool.keeps_its_promises(&config, &prior, &inputs);
    }
    let planned = pool.plan(&config, &Value::Null);
    assert_eq!(planned.lookup("slices.resource_name"), &Value::from("nvidia.com/gpu.shared"));
    let key = planned.lookup("config_key").as_str().expect("a key").to_owned();
    assert!(key.starts_with("mig-ts4-"), "{key}");
    let label =
        planned.lookup("effective_labels").as_map().expect("labels")["nvidia.com/device-plugin.config"]
            .clone();
    assert_eq!(label, Value::from(key.as_str()));
    let mut open = config.clone();
    set(&mut open, "replicas", Value::UNKNOWN);
    let early = pool.plan(&open, &Value::Null);
    for leaf in ["config_key", "config_yaml", "effective_labels"] {
        assert!(early.lookup(leaf).is_unknown(), "{leaf}");
    }
    assert_eq!(early.lookup("slices.resource_name"), &Value::UNKNOWN);
}

/// GKE announces slices itself: there is nothing to tell, whatever else is open.
#[test]
fn nothing_is_told_on_gke() {
    let pool = Pool::shared();
    let mut open = pool.config(&whole());
    set(&mut open, "replicas", Value::UNKNOWN);
    let planned = pool.plan(&open, &Value::Null);
    assert_eq!((planned.lookup("config_key"), planned.lookup("config_yaml")), (&Value::Null, &Value::Null));
}
