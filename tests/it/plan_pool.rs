//! The node pool as `tfplugin` plans it, with no process and no Terraform in between.

use std::sync::Arc;
use std::time::Duration;

use gpuslice::provider::Provider;
use gpuslice::tfplugin::plan::{Planned, plan_resource};
use gpuslice::tfplugin::self_check::{check_plan, check_subsets, proposed_new};
use gpuslice::tfplugin::{
    AttributePath, Diagnostics, Operation, Plan, Provider as _, Resource, Schema, Value,
};

/// The node pool as tfplugin plans it.
pub(crate) struct Pool {
    resource: Arc<dyn Resource>,
    schema: Schema,
}

impl Pool {
    pub(crate) fn new() -> Pool {
        Pool::of(&Provider::default())
    }

    /// The node pool whose GPUs are shared.
    pub(crate) fn shared() -> Pool {
        Pool::named(&Provider::default(), "gpuslice_timeslice_nodepool")
    }

    /// The node pool of a provider that may be configured.
    pub(crate) fn of(provider: &Provider) -> Pool {
        Pool::named(provider, "gpuslice_mig_nodepool")
    }

    fn named(provider: &Provider, name: &str) -> Pool {
        let resource = provider.resources().remove(name).expect("it is one of ours");
        Pool { schema: resource.schema(), resource }
    }

    /// A configuration with these parts.
    #[track_caller]
    pub(crate) fn config(&self, parts: &[(&str, Value)]) -> Value {
        let mut config = self.schema.empty_value();
        for (path, value) in parts {
            for (end, _) in path.match_indices('.') {
                let object = &path[..end];
                if config.lookup(object).is_null() {
                    set(&mut config, object, self.empty(object));
                }
            }
            set(&mut config, path, value.clone());
        }
        let errors = self.errors(&config);
        assert!(errors.is_empty(), "the configuration is not valid to begin with: {errors}");
        config
    }

    /// The object at the root that is there and says nothing.
    pub(crate) fn empty(&self, object: &str) -> Value {
        let attribute = self.schema.attribute_at(&AttributePath::parse(object)).expect("an attribute");
        Value::object(attribute.nested().iter().map(|inner| (inner.name(), Value::Null)))
    }

    /// What is wrong with a configuration.
    pub(crate) fn errors(&self, config: &Value) -> Diagnostics {
        let mut found = gpuslice::tfplugin::schema::validate_config(&self.schema, config);
        self.resource.validate(config, &mut found);
        found.into_iter().filter(gpuslice::tfplugin::Diagnostic::is_error).collect()
    }

    /// A pool that was made by this configuration.
    #[track_caller]
    pub(crate) fn made(&self, config: &Value) -> Value {
        let mut state = self.plan(config, &Value::Null);
        let name = state.lookup("name").as_str().expect("a name").to_owned();
        let cluster = state.lookup("cluster_id").as_str().expect("a cluster").to_owned();
        let cloud = state.lookup("cloud").as_str().expect("a cloud").to_owned();
        let azure = cloud == "aks";
        let (id, disk) = match cloud.as_str() {
            "aks" => (format!("{cluster}/agentPools/{name}"), "Ephemeral"),
            "gke" => (format!("{cluster}/nodePools/{name}"), "pd-standard"),
            _ => (format!("{cluster}:{name}"), "gp3"),
        };
        let surge = if cloud == "eks" { Value::Null } else { "1".into() };
        let missing = if cloud == "eks" { "1" } else { "0" };
        let upgrade = Value::object([("max_surge", surge), ("max_unavailable", missing.into())]);
        let mut filled = vec![
            ("id", Value::from(id)),
            ("status", Value::from("ready")),
            ("disk_size_gb", Value::from(100_u32)),
            ("disk_type", Value::from(disk)),
            ("max_pods", Value::from(110_u32)),
            ("upgrade", upgrade),
        ];
        if azure && state.lookup("aks").is_unknown() {
            let unknown = self.empty("aks").as_object().expect("an object").clone();
            let unknown = unknown.into_keys().map(|name| (name, Value::UNKNOWN));
            set(&mut state, "aks", Value::object(unknown));
            set(&mut state, "aks.gpu_stack", "device_plugin".into());
        }
        if azure {
            // What AKS answers whether it was asked for or not.
            filled.extend([
                ("aks.gpu_driver", Value::from("Install")),
                ("aks.mode", "User".into()),
                ("aks.os_sku", "Ubuntu".into()),
                ("aks.fips_enabled", Value::Bool(false)),
                ("aks.scale_down_mode", "Delete".into()),
                ("aks.kubelet_disk_type", "OS".into()),
            ]);
        }
        if cloud == "eks" {
            let parts = self.empty("eks.launch_template").as_object().expect("an object").clone();
            let parts = parts.into_keys().map(|name| (name, Value::UNKNOWN));
            if state.lookup("eks.launch_template").is_unknown() {
                set(&mut state, "eks.launch_template", Value::object(parts));
            }
            // What EKS answers whether it was asked for or not.
            filled.extend([
                ("eks.ami_type", Value::from("BOTTLEROCKET_x86_64_NVIDIA")),
                ("eks.release_version", "1.54.0-0123abcd".into()),
                ("eks.launch_template.imds_hop_limit", Value::from(2_u32)),
            ]);
        }
        for (path, value) in filled {
            if !state.lookup(path).is_wholly_known() {
                set(&mut state, path, value);
            }
        }
        state.null_unknowns()
    }

    /// The planned state.
    #[track_caller]
    pub(crate) fn plan(&self, config: &Value, prior: &Value) -> Value {
        self.planned(config, prior).state
    }

    /// The whole plan, which must hold no error.
    #[track_caller]
    pub(crate) fn planned(&self, config: &Value, prior: &Value) -> Planned {
        let proposed = proposed_new(&self.schema, prior, config);
        let derived = self.resource.derived();
        let planned = plan_resource(&self.schema, &derived, &self.hook(), config, &proposed, prior, &[]);
        assert!(!planned.diagnostics.has_errors(), "{}", planned.diagnostics);
        let broken = check_plan(&self.schema, config, prior, &planned.state, &planned.requires_replace);
        assert!(broken.is_empty(), "{broken}");
        planned
    }

    /// What a plan is refused for.
    #[track_caller]
    pub(crate) fn refused(&self, config: &Value, prior: &Value) -> String {
        let proposed = proposed_new(&self.schema, prior, config);
        let derived = self.resource.derived();
        let planned = plan_resource(&self.schema, &derived, &self.hook(), config, &proposed, prior, &[]);
        assert!(planned.diagnostics.has_errors(), "not refused: {}", planned.diagnostics);
        planned.diagnostics.to_string()
    }

    /// How long an operation may take.
    pub(crate) fn timeout(&self, operation: Operation, value: &Value) -> Option<Duration> {
        self.resource.timeout(operation, value)
    }

    fn hook(&self) -> impl Fn(&mut Plan<'_>) {
        |plan| self.resource.plan(plan)
    }

    /// Demands that every subset of `inputs` may be unknown at first, for the change from `prior` to `config`.
    #[track_caller]
    pub(crate) fn keeps_its_promises(&self, config: &Value, prior: &Value, inputs: &[&str]) {
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

/// Puts a part into a value; the path is one of the schema's.
#[track_caller]
pub(crate) fn set(value: &mut Value, path: &str, part: Value) {
    value.set_at(&AttributePath::parse(path), part).unwrap_or_else(|error| panic!("{path}: {error}"));
}
