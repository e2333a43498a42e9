//! What a plan promises while some inputs are unknown, the final plan keeps.
//!
//! Terraform plans again when everything is known, just before it applies, and gives up ("Provider produced
//! inconsistent final plan") when the second plan differs from the first in anything that the first one knew. So the
//! node pool is planned here with every subset of its inputs unknown, and then with all of them known, and both plans
//! go through Terraform's own rules.

use gpuslice::provider::Provider;
use gpuslice::tfplugin::plan::plan_resource;
use gpuslice::tfplugin::self_check::{check_subsets, proposed_new};
use gpuslice::tfplugin::{AttributePath, Diagnostics, Plan, Provider as _, Resource, Schema, Value};

use std::sync::Arc;

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

const AZURE: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
const ZONAL: &str = "projects/p/locations/us-central1-a/clusters/c";
const REGIONAL: &str = "projects/p/locations/us-central1/clusters/c";

/// The node pool as tfplugin plans it.
struct Pool {
    resource: Arc<dyn Resource>,
    schema: Schema,
}

impl Pool {
    fn new() -> Pool {
        let resource =
            Provider::default().resources().remove("gpuslice_mig_nodepool").expect("it is one of ours");
        Pool { schema: resource.schema(), resource }
    }

    /// A configuration with these parts.
    #[track_caller]
    fn config(&self, parts: &[(&str, Value)]) -> Value {
        let mut config = self.schema.empty_value();
        for (path, value) in parts {
            if let Some((object, _)) = path.split_once('.')
                && config.lookup(object).is_null()
            {
                set(&mut config, object, self.empty(object));
            }
            set(&mut config, path, value.clone());
        }
        let errors = self.errors(&config);
        assert!(errors.is_empty(), "the configuration is not valid to begin with: {errors}");
        config
    }

    /// The object at the root that is there and says nothing.
    fn empty(&self, object: &str) -> Value {
        let attribute = self.schema.attribute_at(&AttributePath::parse(object)).expect("an attribute");
        Value::object(attribute.nested().iter().map(|inner| (inner.name(), Value::Null)))
    }

    /// What is wrong with a configuration.
    fn errors(&self, config: &Value) -> Diagnostics {
        let mut found = gpuslice::tfplugin::schema::validate_config(&self.schema, config);
        self.resource.validate(config, &mut found);
        found.into_iter().filter(gpuslice::tfplugin::Diagnostic::is_error).collect()
    }

    /// A pool that was made by this configuration.
    #[track_caller]
    fn made(&self, config: &Value) -> Value {
        let mut state = self.plan(config, &Value::Null);
        let name = state.lookup("name").as_str().expect("a name").to_owned();
        let cluster = state.lookup("cluster_id").as_str().expect("a cluster").to_owned();
        for (path, value) in [
            ("id", Value::from(format!("{cluster}/nodePools/{name}"))),
            ("status", Value::from("ready")),
            ("disk_size_gb", Value::from(100_u32)),
            ("disk_type", Value::from("pd-standard")),
            ("max_pods", Value::from(110_u32)),
            ("upgrade", Value::object([("max_surge", "1"), ("max_unavailable", "0")])),
        ] {
            if !state.lookup(path).is_wholly_known() {
                set(&mut state, path, value);
            }
        }
        state.null_unknowns()
    }

    /// The planned state.
    #[track_caller]
    fn plan(&self, config: &Value, prior: &Value) -> Value {
        let proposed = proposed_new(&self.schema, prior, config);
        let derived = self.resource.derived();
        let planned = plan_resource(&self.schema, &derived, &self.hook(), config, &proposed, prior, &[]);
        assert!(!planned.diagnostics.has_errors(), "{}", planned.diagnostics);
        planned.state
    }

    fn hook(&self) -> impl Fn(&mut Plan<'_>) {
        |plan| self.resource.plan(plan)
    }

    /// Demands that every subset of `inputs` may be unknown at first, for the change from `prior` to `config`.
    #[track_caller]
    fn keeps_its_promises(&self, config: &Value, prior: &Value, inputs: &[&str]) {
        let derived = self.resource.derived();
        let found = check_subsets(&self.schema, &derived, &self.hook(), config, prior, inputs);
        let shown: Vec<_> = found.iter().take(5).map(ToString::to_string).collect();
        assert!(
            found.is_empty(),
            "{} broken rules, the first ones:\n{}",
            found.iter().count(),
            shown.join("\n")
        );
    }
}

fn set(value: &mut Value, path: &str, part: Value) {
    value.set_at(&AttributePath::parse(path), part).unwrap_or_else(|error| panic!("{path}: {error}"));
}

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

/// A pool on AKS, whose labels follow from an option.
fn azure() -> Vec<(&'static str, Value)> {
    vec![
        ("cluster_id", AZURE.into()),
        ("name", "mig1g".into()),
        ("machine_type", "Standard_NC24ads_A100_v4".into()),
        ("mig_profile", "1g.10gb".into()),
        ("node_count", Value::from(2_u32)),
        ("labels", labels("a")),
        ("gpu_taint", Value::Bool(false)),
        ("aks.gpu_stack", "gpu_operator".into()),
        ("aks.mode", "System".into()),
    ]
}

/// What planning on AKS treats in its own way.
const AZURE_INPUTS: [&str; 9] = [
    "cluster_id",
    "machine_type",
    "mig_profile",
    "node_count",
    "labels",
    "gpu_taint",
    "aks",
    "aks.gpu_stack",
    "aks.mode",
];

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
    for parts in [zonal(), regional()] {
        pool.keeps_its_promises(&pool.config(&parts), &Value::Null, &INPUTS);
    }
}

#[test]
fn a_plan_without_changes_keeps_what_its_first_plan_knew() {
    let pool = Pool::new();
    for parts in [zonal(), regional()] {
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
    for parts in [zonal(), regional()] {
        let prior = pool.made(&pool.config(&parts));
        let other = if prior.lookup("zones").is_null() { "2g.10gb" } else { "1g.10gb" };
        pool.keeps_its_promises(&pool.config(&with(parts, "mig_profile", other.into())), &prior, &FEW);
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

/// Options decide labels on AKS, and the options of other clouds are null, as soon as the cloud is known.
#[test]
fn options_that_decide_may_be_unknown() {
    let pool = Pool::new();
    let config = pool.config(&azure());
    let prior = pool.made(&config);
    assert_eq!(pool.plan(&config, &prior), prior);
    let changed = pool.config(&with(with(azure(), "aks.mode", "User".into()), "labels", labels("b")));
    let other_stack = pool.config(&with(azure(), "aks.gpu_stack", "device_plugin".into()));
    let unset = pool.config(&azure().into_iter().take(4).collect::<Vec<_>>());
    for (config, prior) in [
        (&config, &Value::Null),
        (&unset, &Value::Null),
        (&config, &prior),
        (&changed, &prior),
        (&other_stack, &prior),
        (&unset, &prior),
    ] {
        pool.keeps_its_promises(config, prior, &AZURE_INPUTS);
    }
}

/// The stack is known without anybody writing it, and with it the labels.
#[test]
fn the_stack_of_aks_has_a_default_that_is_known_at_plan() {
    let pool = Pool::new();
    let planned = pool.plan(&pool.config(&azure().into_iter().take(4).collect::<Vec<_>>()), &Value::Null);
    assert_eq!(planned.lookup("aks.gpu_stack"), &Value::from("device_plugin"));
    assert_eq!(planned.lookup("gke"), &Value::Null);
    let labels = planned.lookup("effective_labels").as_map().expect("known labels");
    assert_eq!(labels["nvidia.com/gpu.present"], Value::from("true"));
    // On another cloud there are no options of AKS, and no label of it.
    let planned = pool.plan(&pool.config(&zonal()), &Value::Null);
    assert_eq!(planned.lookup("aks"), &Value::Null);
    let labels = planned.lookup("effective_labels").as_map().expect("known labels");
    assert!(!labels.contains_key("nvidia.com/gpu.present"));
}

/// A value that is not known yet may turn out to be anything, null included, so it breaks no rule.
#[test]
fn what_is_unknown_breaks_no_rule() {
    let pool = Pool::new();
    for parts in [zonal(), regional(), azure()] {
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
