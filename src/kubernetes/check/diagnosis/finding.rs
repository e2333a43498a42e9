//! Causes, for people: what was seen, why it matters, and how to mend it.

use std::fmt;

use super::obstacle;
use crate::kubernetes::plugin::CONFIG_LABEL;
use crate::kubernetes::plugin::scheduling::Obstacle;

/// One cause of slices that are not as planned. `nodes` are the nodes that it concerns, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the sentences below say what each field is")]
pub enum Finding {
    /// No device plugin is installed.
    NoPlugin { advice: String },
    /// A device plugin does not come to the nodes.
    KeptAway { plugin: String, obstacles: Vec<Obstacle>, nodes: Vec<String> },
    /// More than one announces the GPUs.
    TwoPlugins { plugins: Vec<String>, nodes: Vec<String> },
    /// The label that chooses the configuration is not the pool's.
    WrongLabel { found: Option<String>, wanted: String, nodes: Vec<String> },
    /// The plugin reads no ConfigMap.
    Unconfigured { plugin: String, advice: String },
    /// The plugin reads another ConfigMap.
    OtherConfigMap { plugin: String, reads: String, ours: String },
    /// The plugin looks at another label.
    OtherLabel { plugin: String, label: String },
    /// The ConfigMap is gone.
    NoConfigMap { config_map: String },
    /// The label names a key that the ConfigMap does not have.
    UnknownKey { key: String, config_map: String },
    /// The key has another text than the pool's.
    OtherText { key: String, config_map: String, faults: Vec<String> },
    /// A variable of the plugin's container beats the configuration.
    VariableWins { plugin: String, by_operator: bool, variable: String, value: String, wanted: String },
    /// Pods of the plugin do not run.
    FailingPods { pods: Vec<String> },
    /// mig-manager has not done, or has undone, the cut.
    MigManager { config: String, state: String, disables: bool, nodes: Vec<String> },
    /// The label that tells mig-manager what to cut is not the pool's.
    NotToBeCut { nodes: Vec<String> },
    /// The GPUs of a node are cut in different ways.
    MigInvalid { nodes: Vec<String> },
    /// Pods hold the GPUs.
    HeldGpus { pods: Vec<String> },
    /// Resources of an earlier configuration are still there.
    Leftovers { resources: Vec<String>, wanted: String, nodes: Vec<String> },
    /// The MPS daemon does not come to the nodes.
    NoMpsLabel { nodes: Vec<String> },
    /// GKE's own plugin is switched off.
    GkePluginOff { nodes: Vec<String> },
    /// The cloud's monitoring of the node says that its plugin is not well.
    Condition { condition: String, nodes: Vec<String> },
    /// GPUs are whole.
    WholeGpus { cut: bool, gpus: u64, nodes: Vec<String> },
    /// Nodes are not ready.
    NotReady { nodes: Vec<String> },
}

/// Names that are told; the others are counted.
const TOLD: usize = 3;

/// `n1, n2, n3 and 4 more`.
fn some(names: &[String]) -> String {
    let told = names.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(TOLD) {
        Some(more) if more > 0 => format!("{told} and {more} more"),
        _ => told,
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::NoPlugin { advice } => {
                write!(f, "No device plugin is installed in the cluster. {advice}")
            }
            Finding::KeptAway { plugin, obstacles, nodes } => {
                let why: Vec<String> = obstacles.iter().map(obstacle).collect();
                write!(
                    f,
                    "The device plugin {plugin} does not come to {}: {}. Set its tolerations, affinity or node selector \
                     (values of its chart), or the labels of the pool.",
                    some(nodes),
                    why.join("; ")
                )
            }
            Finding::TwoPlugins { plugins, nodes } => write!(
                f,
                "More than one device plugin announces the GPUs of {}: {}. They take them from each other. Keep all but \
                 one away from this pool, by affinity or node selector.",
                some(nodes),
                plugins.join(", ")
            ),
            Finding::WrongLabel { found, wanted, nodes } => {
                let found = found.as_ref().map_or("is missing".to_owned(), |found| format!("is {found}"));
                write!(
                    f,
                    "The label {CONFIG_LABEL} of {} {found}; the pool's key is {wanted}. Somebody changed it on the \
                     nodes, or the nodes are older than the pool's label. Apply again; a node that keeps the old label \
                     has to be replaced, or labelled by hand.",
                    some(nodes)
                )
            }
            Finding::Unconfigured { plugin, advice } => {
                write!(f, "The device plugin {plugin} knows nothing of configurations per node. {advice}")
            }
            Finding::OtherConfigMap { plugin, reads, ours } => write!(
                f,
                "The device plugin {plugin} reads the ConfigMap {reads}; the pool's key is in {ours}. Name the one that \
                 is read in device_plugin.namespace and device_plugin.config_map, or set config.name of its chart."
            ),
            Finding::OtherLabel { plugin, label } => write!(
                f,
                "The device plugin {plugin} chooses its configuration by the label {label}, not by {CONFIG_LABEL}. Set \
                 the NODE_LABEL of its config-manager back."
            ),
            Finding::NoConfigMap { config_map } => write!(
                f,
                "The ConfigMap {config_map} is not there: somebody removed it. Apply again; the plugin's pods then start."
            ),
            Finding::UnknownKey { key, config_map } => write!(
                f,
                "The nodes name the key {key}, which the ConfigMap {config_map} does not have: the device plugin does \
                 not start with that. Apply again."
            ),
            Finding::OtherText { key, config_map, faults } => {
                write!(f, "The key {key} in the ConfigMap {config_map} does not say what this pool wants.")?;
                for fault in faults {
                    write!(f, " In it, {fault}.")?;
                }
                write!(f, " Apply again. The plugin reads a changed text only when its pod restarts.")
            }
            Finding::VariableWins { plugin, by_operator, variable, value, wanted } => {
                let mend = if *by_operator {
                    "mig.strategy in the ClusterPolicy"
                } else {
                    "migStrategy of its chart"
                };
                write!(
                    f,
                    "The device plugin {plugin} has {variable}={value} in its environment, which wins over the \
                     configuration; this pool needs {wanted}. Change {mend}; without the variable the configuration \
                     decides for each node."
                )
            }
            Finding::FailingPods { pods } => {
                write!(f, "Pods of the device plugin do not run: {}.", some(pods))
            }
            Finding::MigManager { config, state, disables, nodes } => {
                write!(
                    f,
                    "The GPU operator's mig-manager works on {}: nvidia.com/mig.config is {config}, its state is {state}.",
                    some(nodes)
                )?;
                match (disables, state.as_str()) {
                    (true, _) => f.write_str(
                        " It takes away the slices that the cloud made. The node label \
                         nvidia.com/gpu.deploy.mig-manager=false keeps it off; replace these nodes then.",
                    ),
                    (false, "failed") => f.write_str(
                        " It gives no reason there; the log of its pod on the node (app=nvidia-mig-manager) does. GPUs in \
                         use cannot be cut, and a file of configurations of one's own (migManager.config.name) may lack \
                         this one. It tries again only when that pod starts anew: mend the cause, then delete the pod, or \
                         replace the node.",
                    ),
                    (false, "rebooting") => f.write_str(" It restarts the machine, and goes on then."),
                    (false, "none") => f.write_str(
                        " It has not looked at them: its pod comes to a node with the label \
                         nvidia.com/gpu.deploy.mig-manager=true, which the operator sets where feature discovery finds \
                         GPUs that can be cut.",
                    ),
                    (false, _) => f.write_str(
                        " It is still at work, or waits for the operator's own pods to end there. After 5 minutes it gives \
                         that up without a word; it tries again when its pod on the node (app=nvidia-mig-manager) starts \
                         anew: delete that.",
                    ),
                }
            }
            Finding::NotToBeCut { nodes } => write!(
                f,
                "The label nvidia.com/mig.config of {} is missing, or all-disabled: mig-manager leaves their GPUs whole. The \
                 pool's own label says what to cut; somebody changed it on the nodes. Set it back with `kubectl label`, or \
                 replace such a node.",
                some(nodes)
            ),
            Finding::MigInvalid { nodes } => write!(
                f,
                "The GPUs of {} are cut in different ways, or some are not cut (MIG-INVALID). The strategy single \
                 announces only one and the same profile on all GPUs of a node.",
                some(nodes)
            ),
            Finding::HeldGpus { pods } => write!(
                f,
                "Pods hold the GPUs, and a GPU in use is neither cut nor given back: {}. Drain the node.",
                some(pods)
            ),
            Finding::Leftovers { resources, wanted, nodes } => write!(
                f,
                "On {}, {} is still offered beside {wanted}, from an earlier configuration or another plugin. A restart \
                 of the device plugin's pod there, or else of the kubelet, ends that.",
                some(nodes),
                resources.join(", ")
            ),
            Finding::NoMpsLabel { nodes } => write!(
                f,
                "The label nvidia.com/mps.capable=true is missing on {}: without it the MPS daemon of the plugin's chart \
                 does not come, and the plugin waits for it.",
                some(nodes)
            ),
            Finding::GkePluginOff { nodes } => write!(
                f,
                "The label gke-no-default-nvidia-gpu-device-plugin=true on {} keeps GKE's own device plugin away, which \
                 announces the slices. Remove it from the pool's labels.",
                some(nodes)
            ),
            Finding::Condition { condition, nodes } => write!(
                f,
                "The condition {condition} holds on {}: the cloud's own monitoring says that the GPU software there is \
                 not well. Replace such a node, or look into its log.",
                some(nodes)
            ),
            Finding::WholeGpus { cut, gpus, nodes } => {
                let what = if *cut {
                    "they were not cut (yet): the machine may still have to restart, or the cut has failed there"
                } else {
                    "nothing shares them: the device plugin has not taken its configuration over (yet)"
                };
                write!(f, "Whole GPUs ({gpus}) are offered on {}: {what}.", some(nodes))
            }
            Finding::NotReady { nodes } => {
                write!(f, "Not ready: {}. `kubectl describe node` tells why.", some(nodes))
            }
        }
    }
}
