//! Which GPUs a node of the configuration has, and what they can be cut into on its cloud.

use std::sync::Arc;

use super::config::GpuConfig;
use super::problem::Problems;
use super::rules::ProfileVerdict;
use super::spec::NodeGpus;
use super::{CloudRules, ClusterId, Field, NodePoolConfig, Options};
use crate::slicing::{
    Attachable, Capacity, CapacityError, Catalogue, Cloud, Gpu, GpuCount, Layout, Machine, MachineGpus,
    MigProfile, MigStrategy, MigSupport, PoolShape, ProfileFacts, Sharing, capacity, suggest,
};

/// The GPUs of a node, as far as slicing is concerned.
#[derive(Debug, Clone)]
pub struct NodeSlicing {
    /// The model.
    pub gpu: Arc<Gpu>,
    /// GPU devices per node.
    pub gpus_per_node: u32,
    /// The cloud's own name of the accelerator, where it has one.
    pub accelerator_type: Option<String>,
}

impl NodeSlicing {
    /// The GPUs of a configuration; `None` while they are unknown, or where nothing tells them.
    pub fn of(config: &NodePoolConfig) -> Option<Self> {
        let cloud = config.cluster_id.known().map(ClusterId::cloud);
        Self::find(cloud, config.machine_type.known()?, &config.gpu)
    }

    /// The GPUs of a machine type and what the user says about them.
    pub fn find(cloud: Option<Cloud>, machine_type: &str, choice: &Field<GpuConfig>) -> Option<Self> {
        match Catalogue::built_in().machine(cloud, machine_type) {
            Some(machine) => Self::of_machine(&machine, choice),
            None => Self::of_choice(choice),
        }
    }

    fn of_machine(machine: &Machine, choice: &Field<GpuConfig>) -> Option<Self> {
        match &machine.gpus {
            MachineGpus::BuiltIn { gpu, count } => Some(NodeSlicing {
                gpu: Arc::clone(gpu),
                gpus_per_node: count.devices(),
                accelerator_type: machine.accelerator_type.clone(),
            }),
            MachineGpus::Attached(choices) => {
                let choice = choice.known()?;
                let chosen = attachable(choices, choice.model.known()?)?;
                Some(NodeSlicing {
                    gpu: Arc::clone(&chosen.gpu),
                    gpus_per_node: *choice.count.known()?,
                    accelerator_type: Some(chosen.accelerator_type.clone()),
                })
            }
        }
    }

    fn of_choice(choice: &Field<GpuConfig>) -> Option<Self> {
        let choice = choice.known()?;
        let model = choice.model.known()?;
        let gpu = Catalogue::built_in().gpu(model)?;
        // An alias is a cloud's own name of the accelerator; so is the only alias of a model.
        let accelerator_type = match gpu.aliases.as_slice() {
            aliases if aliases.contains(model) => Some(model.clone()),
            [only] => Some(only.clone()),
            _ => None,
        };
        Some(NodeSlicing { gpu: Arc::clone(gpu), gpus_per_node: *choice.count.known()?, accelerator_type })
    }

    /// What a pool of such nodes gives.
    ///
    /// # Errors
    /// When the profile does not fit the GPU.
    pub fn capacity(
        &self,
        profile: Option<MigProfile>,
        sharing: Sharing,
        strategy: MigStrategy,
        nodes: Option<u32>,
    ) -> Result<Capacity, CapacityError> {
        let layout = profile.map(|profile| Layout::uniform(&self.gpu, profile)).transpose()?;
        capacity(&PoolShape {
            gpu: &self.gpu,
            layout: layout.as_ref(),
            gpus_per_node: self.gpus_per_node,
            sharing,
            strategy,
            nodes,
        })
    }

    /// The GPUs in the words of the pool as wanted.
    pub fn node_gpus(&self) -> NodeGpus {
        NodeGpus {
            model: self.gpu.id.clone(),
            accelerator_type: self.accelerator_type.clone(),
            count: self.gpus_per_node,
        }
    }
}

fn attachable<'a>(choices: &'a [Attachable], model: &str) -> Option<&'a Attachable> {
    choices.iter().find(|choice| choice.gpu.is_called(model) || choice.accelerator_type == model)
}

/// Checks what the user says about the GPUs of a machine type that the catalogue knows.
pub fn check_choice(machine: &Machine, choice: &Field<GpuConfig>, problems: &mut Problems) {
    match &machine.gpus {
        MachineGpus::BuiltIn { gpu, count } => {
            let Some(choice) = choice.known() else { return };
            let other_model = choice.model.known().is_some_and(|model| !gpu.is_called(model));
            let other_count = choice.count.known().is_some_and(|given| count.whole() != Some(*given));
            if other_model || other_count {
                problems.error(
                    "gpu",
                    format!("{} has other GPUs", machine.name),
                    format!(
                        "{} comes with {count} x {}, which cannot be chosen. Remove gpu, or write model = {:?} and \
                         count = {count}.",
                        machine.name, gpu.name, gpu.id
                    ),
                );
            }
        }
        MachineGpus::Attached(choices) => check_attached(machine, choices, choice, problems),
    }
}

fn check_attached(
    machine: &Machine,
    choices: &[Attachable],
    choice: &Field<GpuConfig>,
    problems: &mut Problems,
) {
    let listed = || {
        let lines: Vec<String> = choices
            .iter()
            .map(|choice| {
                let counts: Vec<String> = choice.counts.iter().map(|count| count.gpus.to_string()).collect();
                format!("  {}: {} per node", choice.gpu.id, counts.join(", "))
            })
            .collect();
        lines.join("\n")
    };
    match choice {
        Field::Null => problems.error(
            "gpu",
            format!("{} leaves the GPU open", machine.name),
            format!(
                "Say which GPUs are attached: gpu = {{ model = …, count = … }}. The choices:\n{}",
                listed()
            ),
        ),
        Field::Unknown => {}
        Field::Known(GpuConfig { model, count }) => {
            let Some(model) = model.known() else { return };
            let Some(chosen) = attachable(choices, model) else {
                problems.error(
                    "gpu.model",
                    format!("{model:?} cannot be attached to {}", machine.name),
                    format!("The choices:\n{}", listed()),
                );
                return;
            };
            if count.known().is_some_and(|count| !chosen.counts.iter().any(|one| one.gpus == *count)) {
                problems.error(
                    "gpu.count",
                    format!("So many {} cannot be attached to {}", chosen.gpu.name, machine.name),
                    format!("The choices:\n{}", listed()),
                );
            }
        }
    }
}

/// The profiles that the cloud offers on this GPU to a pool with these options, a line each.
pub fn choices(slicing: &NodeSlicing, rules: &dyn CloudRules, options: &Field<Options>) -> String {
    let offered = offered(slicing, rules, options);
    let lines = suggest::choices(offered);
    lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// The offered profile that a wrong name most likely means.
pub fn nearest(
    slicing: &NodeSlicing,
    rules: &dyn CloudRules,
    options: &Field<Options>,
    wrong: &str,
) -> Option<String> {
    suggest::nearest_profile(wrong, offered(slicing, rules, options)).map(|facts| facts.profile.to_string())
}

/// What the cloud is known to cut; where it is known of nothing, what it may.
fn offered<'a>(
    slicing: &'a NodeSlicing,
    rules: &dyn CloudRules,
    options: &Field<Options>,
) -> Vec<&'a ProfileFacts> {
    let left = |profile: &MigProfile| match options {
        Field::Unknown => true,
        options => rules.leaves(options.known(), &slicing.gpu, profile),
    };
    let judged: Vec<(&ProfileFacts, ProfileVerdict)> = slicing
        .gpu
        .profiles
        .iter()
        .filter(|facts| left(&facts.profile))
        .map(|facts| {
            (facts, rules.profile(&slicing.gpu, slicing.accelerator_type.as_deref(), &facts.profile))
        })
        .collect();
    let any_allowed = judged.iter().any(|(_, verdict)| *verdict == ProfileVerdict::Allowed);
    judged
        .into_iter()
        .filter(|(_, verdict)| match verdict {
            ProfileVerdict::Allowed => true,
            ProfileVerdict::Doubtful(_) => !any_allowed,
            ProfileVerdict::Refused(_) => false,
        })
        .map(|(facts, _)| facts)
        .collect()
}

/// Where to go when a machine's GPUs have no MIG: the smallest machine types of the cloud that have.
pub fn mig_capable_advice(cloud: Cloud) -> String {
    let mut names: Vec<&str> = Catalogue::built_in()
        .machines(cloud)
        .filter(|machine| machine.mig == MigSupport::Yes)
        .filter(|machine| machine.gpu_count().and_then(GpuCount::whole) == Some(1))
        .map(|machine| machine.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => "Choose a machine type whose GPUs have MIG, such as A100 or H100.".to_owned(),
        names => format!("Machine types with one GPU that has MIG: {}.", names.join(", ")),
    }
}
