//! What is installed: DaemonSets that announce GPUs or read the plugin's configuration, and ClusterPolicies of the GPU
//! operator.
//!
//! Recognised by what they do, not by their names: installations are renamed, and the GPU operator names the volume of
//! the configuration after its ConfigMap (sources: NVIDIA k8s-device-plugin v0.20.0, its chart; NVIDIA gpu-operator
//! v26.7.0, `controllers/object_controls.go`).

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Container, PodSpec};
use serde_json::Value;

use super::scheduling::Scheduling;
use crate::kubernetes::config::Fallback;
use crate::slicing::MigStrategy;

/// What a cluster has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Installed {
    /// The DaemonSets that matter, by namespace and name.
    pub plugins: Vec<DevicePlugin>,
    /// The ClusterPolicies; a cluster of the GPU operator has one.
    pub policies: Vec<ClusterPolicy>,
    /// Whether ClusterPolicies may not be listed, so that there may be some.
    pub hides_policies: bool,
    /// Where Node Feature Discovery runs, which labels nodes with the devices that they have.
    pub discovery: Vec<Scheduling>,
}

impl Installed {
    /// Whether the GPU operator is there for certain, or may be.
    pub fn may_be_operated(&self) -> bool {
        let by_operator = |plugin: &DevicePlugin| plugin.vendor == Vendor::Operator;
        !self.policies.is_empty() || self.hides_policies || self.plugins.iter().any(by_operator)
    }
}

/// A DaemonSet that announces GPUs, or that reads the configuration beside such a one (feature discovery, MPS daemon).
#[derive(Debug, Clone, PartialEq)]
pub struct DevicePlugin {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub vendor: Vendor,
    /// Whether it announces GPUs itself.
    pub announces: bool,
    /// The ConfigMap that it takes its configuration from; `None` where it knows nothing of per-node configuration.
    pub mounted: Option<Mounted>,
    /// The variables of the container that announces. They win over the configuration file.
    pub variables: BTreeMap<String, String>,
    /// Which nodes its pods come to.
    pub scheduling: Scheduling,
}

/// Who made a plugin, and manages it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// NVIDIA's chart of the plugin, or anything made from its image.
    Nvidia,
    /// NVIDIA's GPU operator.
    Operator,
    /// GKE, for its own node pools.
    Gke,
}

/// A mounted configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// The ConfigMap, in the plugin's namespace.
    pub config_map: String,
    /// The node label that chooses the key.
    pub label: String,
    /// What nodes without the label get.
    pub fallback: Fallback,
}

/// A ClusterPolicy of the GPU operator. The operator makes its DaemonSets only when the first GPU node is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterPolicy {
    /// Its name.
    pub name: String,
    /// The operator's namespace, where its ConfigMaps are.
    pub namespace: String,
    /// The ConfigMap of the plugin's configuration, if one is set.
    pub config_map: Option<String>,
    /// The key for nodes without the label.
    pub default: Option<String>,
    /// `mig.strategy`: how slices are announced, whatever a ConfigMap says; empty where it is not set.
    pub mig_strategy: String,
    /// What cuts GPUs.
    pub mig_manager: MigManager,
}

/// The GPU operator's mig-manager, as a ClusterPolicy sets it (source: NVIDIA gpu-operator v26.7.0,
/// `api/nvidia/v1/clusterpolicy_types.go`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigManager {
    /// Whether it runs; it does where nothing is said.
    pub enabled: bool,
    /// Its variables, as the policy lists them.
    pub env: Vec<Value>,
}

impl MigManager {
    /// Whether it restarts a machine that needs that for the change.
    pub fn restarts(&self) -> bool {
        self.env.iter().any(|one| one["name"] == Self::WITH_REBOOT && one["value"] == "true")
    }

    /// The variable that lets it restart machines.
    pub const WITH_REBOOT: &str = "WITH_REBOOT";
}

impl Default for MigManager {
    fn default() -> Self {
        MigManager { enabled: true, env: Vec::new() }
    }
}

/// Where a `config-manager` finds the configurations when nothing else is said.
const CONFIGS: &str = "/available-configs";

impl DevicePlugin {
    /// `namespace/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// What a DaemonSet is to GPUs; `None` where it is nothing to them.
    pub fn of(set: &DaemonSet) -> Option<Self> {
        let pod = set.spec.template.spec.as_ref()?;
        let announcer = pod.containers.iter().find(|container| announces(container));
        let mounted = mounted(pod);
        if announcer.is_none() && mounted.is_none() {
            return None;
        }
        let owners = set.metadata.owner_references.iter().flatten();
        let by_operator = owners.into_iter().any(|owner| owner.kind == "ClusterPolicy");
        let vendor = match announcer {
            _ if by_operator => Vendor::Operator,
            Some(container) if image_name(container).starts_with("nvidia-gpu-device-plugin") => Vendor::Gke,
            _ => Vendor::Nvidia,
        };
        Some(DevicePlugin {
            namespace: set.metadata.namespace.clone().unwrap_or_default(),
            name: set.metadata.name.clone().unwrap_or_default(),
            vendor,
            announces: announcer.is_some(),
            mounted,
            variables: announcer.map(variables).unwrap_or_default(),
            scheduling: Scheduling::of(pod),
        })
    }
}

/// Where the workers of Node Feature Discovery run, if that is what a DaemonSet is (source: node-feature-discovery, its
/// chart).
pub(super) fn discovery(set: &DaemonSet) -> Option<Scheduling> {
    let pod = set.spec.template.spec.as_ref()?;
    let works = |container: &Container| {
        let words = container.command.iter().chain(&container.args).flatten();
        words.into_iter().any(|word| word.rsplit('/').next() == Some("nfd-worker"))
    };
    pod.containers.iter().any(works).then(|| Scheduling::of(pod))
}

/// Whether a container is a device plugin for NVIDIA GPUs: by its program, else by its image or its own name. The image
/// alone does not tell, since feature discovery and the MPS daemon are in the same one.
fn announces(container: &Container) -> bool {
    const NAMES: [&str; 3] = ["k8s-device-plugin", "nvidia-device-plugin", "nvidia-gpu-device-plugin"];
    let says = |text: &str| NAMES.iter().any(|name| text.contains(name));
    let program = container.command.iter().flatten().next().and_then(|word| word.rsplit('/').next());
    match program {
        // A shell that waits for the driver and then starts what the image is for.
        None | Some("sh" | "bash" | "entrypoint.sh") => says(image_name(container)) || says(&container.name),
        Some(program) => says(program),
    }
}

/// The last part of an image's name, without its tag.
fn image_name(container: &Container) -> &str {
    let image = container.image.as_deref().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split([':', '@']).next().unwrap_or_default()
}

/// The configuration that the pod's `config-manager` hands on.
fn mounted(pod: &PodSpec) -> Option<Mounted> {
    let is_manager = |container: &&Container| {
        let command = container.command.iter().chain(&container.args).flatten();
        command.into_iter().any(|word| word.rsplit('/').next() == Some("config-manager"))
            || container.name == "config-manager"
    };
    // The side-car goes on watching; its settings are those that count.
    let init = pod.init_containers.iter().flatten();
    let manager = pod.containers.iter().chain(init).find(is_manager)?;
    let variables = variables(manager);
    let variable = |name: &str| variables.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let folder = variable("CONFIG_FILE_SRCDIR").unwrap_or(CONFIGS).trim_end_matches('/');
    let mounts = manager.volume_mounts.iter().flatten();
    let mount = mounts.into_iter().find(|mount| mount.mount_path.trim_end_matches('/') == folder)?;
    let volume = pod.volumes.iter().flatten().find(|volume| volume.name == mount.name)?;
    Some(Mounted {
        config_map: volume.config_map.as_ref()?.name.clone(),
        label: variable("NODE_LABEL").unwrap_or(super::CONFIG_LABEL).to_owned(),
        fallback: Fallback::of(variable("DEFAULT_CONFIG"), variable("FALLBACK_STRATEGIES")),
    })
}

/// The variables of a container that are written out.
fn variables(container: &Container) -> BTreeMap<String, String> {
    let written = container.env.iter().flatten();
    written.filter_map(|one| Some((one.name.clone(), one.value.clone()?))).collect()
}

impl ClusterPolicy {
    /// What a ClusterPolicy says, as the API shows it.
    pub fn of(policy: &Value, namespace: &str) -> Self {
        let text = |path: &str| policy.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        ClusterPolicy {
            name: text("/metadata/name").unwrap_or_default().to_owned(),
            namespace: namespace.to_owned(),
            config_map: text("/spec/devicePlugin/config/name").map(str::to_owned),
            default: text("/spec/devicePlugin/config/default").map(str::to_owned),
            mig_strategy: text("/spec/mig/strategy").unwrap_or_default().to_owned(),
            mig_manager: MigManager {
                enabled: policy.pointer("/spec/migManager/enabled") != Some(&Value::Bool(false)),
                env: policy
                    .pointer("/spec/migManager/env")
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default(),
            },
        }
    }

    /// How slices are announced; `None` where they are not.
    pub fn announces_by(&self) -> Option<MigStrategy> {
        [MigStrategy::Single, MigStrategy::Mixed].into_iter().find(|one| one.as_str() == self.mig_strategy)
    }

    /// Whether the operator says that it does not follow this policy: of several it follows one.
    pub fn is_ignored(policy: &Value) -> bool {
        policy.pointer("/status/state").and_then(Value::as_str) == Some("ignored")
    }
}

#[cfg(test)]
mod tests;
