//! Whether what is installed in a cluster suits a pool that is to be made. Pure.
//!
//! What is wrong here costs a pool of machines that offer no slices, or lose their GPUs; it is told before there are any.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::plugin::{ClusterPolicy, DevicePlugin, Installed, MigManager, Vendor, helm};
use crate::nodepool::spec::Taint;
use crate::slicing::MigStrategy;

/// The nodes that a pool will have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prospect {
    /// Their labels, as far as they are known before there are any.
    pub labels: BTreeMap<String, String>,
    /// The taints that they have for good.
    pub taints: Vec<Taint>,
}

/// What the plan expects of mig-manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// How slices are announced.
    pub strategy: MigStrategy,
    /// Whether the machine has to restart for the change.
    pub restarts: bool,
}

/// What does not suit, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// What is wrong, in one line without a full stop.
    pub summary: String,
    /// Why, and how to mend it, in full sentences.
    pub detail: String,
    /// Whether another value of `mig_strategy` mends it as well.
    pub by_strategy: bool,
}

/// Keeps all of the GPU operator's components away from a node, and stands on every node that announces its GPUs itself
/// (source: NVIDIA GPU operator documentation, "Preventing Installation of Operands on Some Nodes").
const NO_OPERANDS: &str = "nvidia.com/gpu.deploy.operands";

/// What Node Feature Discovery says of a node with a device of NVIDIA's: by the vendor alone, as the configurations of
/// NVIDIA's charts have it, or by class and vendor, as its own default has it (source: node-feature-discovery
/// documentation, "Feature labels", PCI).
const DISCOVERED: [&str; 3] = [
    "feature.node.kubernetes.io/pci-10de.present",
    "feature.node.kubernetes.io/pci-0302_10de.present",
    "feature.node.kubernetes.io/pci-0300_10de.present",
];

/// What keeps the GPU operator from cutting GPUs as planned; `None` where it will. Every policy of several has to suit,
/// since nobody can tell which of them the operator follows.
pub fn uncut(policies: &[ClusterPolicy], cut: Cut) -> Option<Misfit> {
    policies.iter().find_map(|policy| misfit(policy, cut))
}

fn misfit(policy: &ClusterPolicy, cut: Cut) -> Option<Misfit> {
    let wanted = cut.strategy.as_str();
    let other_strategy = policy.mig_strategy != wanted;
    let restarts = cut.restarts && !policy.mig_manager.restarts();
    let mut faults = Vec::new();
    if other_strategy {
        let found = if policy.mig_strategy.is_empty() { "not set" } else { &policy.mig_strategy };
        faults.push(format!(
            "  - mig.strategy is {found}, and the plan promises slices as mig_strategy = {wanted:?} names them."
        ));
    }
    if !policy.mig_manager.enabled {
        faults.push("  - migManager.enabled is false, and nothing else cuts the GPUs.".to_owned());
    }
    if restarts {
        faults.push(format!(
            "  - migManager.env lacks {}=true, and these GPUs turn MIG on only when the machine restarts.",
            MigManager::WITH_REBOOT
        ));
    }
    if faults.is_empty() {
        return None;
    }
    let mut spec = json!({});
    if other_strategy {
        spec["mig"] = json!({"strategy": wanted});
    }
    if !policy.mig_manager.enabled {
        spec["migManager"]["enabled"] = json!(true);
    }
    if restarts {
        spec["migManager"]["env"] = json!(with_reboot(&policy.mig_manager.env));
    }
    let mut detail = format!(
        "{}\n\nUpgrade the operator with these values (of the chart gpu-operator):\n{}\nor change the policy itself:\n  \
         kubectl patch clusterpolicy {} --type merge --patch '{}'",
        faults.join("\n"),
        helm::indented(&values(&spec)),
        policy.name,
        json!({"spec": spec}).to_string().replace('\'', r"'\''"),
    );
    let taken = policy.announces_by().filter(|_| other_strategy);
    if let Some(taken) = taken {
        // Writing to a String cannot fail.
        let _ = write!(
            detail,
            "\nmig.strategy holds for every node of the operator: where other pools count on it as it is, set mig_strategy = \
             {:?} here instead.",
            taken.as_str()
        );
    }
    Some(Misfit {
        summary: format!(
            "The GPU operator (ClusterPolicy {}) would not cut these GPUs as planned",
            policy.name
        ),
        detail,
        by_strategy: taken.is_some(),
    })
}

/// The variables with the one that lets mig-manager restart machines.
fn with_reboot(env: &[Value]) -> Vec<Value> {
    let others = env.iter().filter(|one| one["name"] != MigManager::WITH_REBOOT).cloned();
    others.chain([json!({"name": MigManager::WITH_REBOOT, "value": "true"})]).collect()
}

/// The changes of a policy, in YAML: the chart's values have the same names. Lists hold JSON, which is YAML too.
fn values(spec: &Value) -> String {
    let mut yaml = String::new();
    for (part, fields) in spec.as_object().into_iter().flatten() {
        yaml.push_str(&format!("{part}:\n"));
        for (name, value) in fields.as_object().into_iter().flatten() {
            match (value, value.as_str()) {
                (Value::Array(entries), _) => {
                    yaml.push_str(&format!("  {name}:\n"));
                    entries.iter().for_each(|entry| yaml.push_str(&format!("  - {entry}\n")));
                }
                (_, Some(text)) => yaml.push_str(&format!("  {name}: {text}\n")),
                _ => yaml.push_str(&format!("  {name}: {value}\n")),
            }
        }
    }
    yaml
}

/// What is to be installed where there is no GPU operator, in full sentences with the values.
pub fn no_operator(cut: Cut) -> String {
    let mut spec = json!({"mig": {"strategy": cut.strategy.as_str()}});
    if cut.restarts {
        spec["migManager"]["env"] = json!(with_reboot(&[]));
    }
    format!(
        "Its mig-manager cuts the GPUs of these nodes as their label nvidia.com/mig.config says, and nothing else does. \
         Install it, for example with a helm_release of the chart gpu-operator from https://helm.ngc.nvidia.com/nvidia, and \
         these values (driver.enabled and toolkit.enabled are false where the nodes' image brings both):\n{}",
        helm::indented(&values(&spec))
    )
}

/// The device plugin that would come to nodes that announce their GPUs themselves; `None` where none would. One that may
/// come, by a label that nobody knows beforehand, is not told of.
pub fn intruder(prospect: &Prospect, installed: &Installed) -> Option<Misfit> {
    let mut labels = prospect.labels.clone();
    // NVIDIA's operator brings Node Feature Discovery along.
    let finds =
        |it: &super::plugin::scheduling::Scheduling| it.obstacles(&labels, &prospect.taints).is_empty();
    if !installed.policies.is_empty() || installed.discovery.iter().any(finds) {
        labels.extend(DISCOVERED.map(|label| (label.to_owned(), "true".to_owned())));
    }
    let comes = |plugin: &&DevicePlugin| {
        let announces = plugin.announces && plugin.vendor != Vendor::Gke;
        announces && plugin.scheduling.obstacles(&labels, &prospect.taints).is_empty()
    };
    let plugin = installed.plugins.iter().find(comes)?;
    let mend = match plugin.vendor {
        Vendor::Operator => format!(
            "The pool's labels send it there: leave out those that begin with nvidia.com/gpu.deploy., beside {NO_OPERANDS}, \
             which keeps the GPU operator away."
        ),
        Vendor::Nvidia | Vendor::Gke => format!(
            "Keep it away from nodes with the label {NO_OPERANDS}=false, which the pool's nodes have. Upgrade it with these \
             values (of the chart nvidia-device-plugin; a DaemonSet that was made otherwise takes the same in its pod's \
             spec):\n{}Other nodes keep it.",
            helm::indented(&kept_away(plugin))
        ),
    };
    Some(Misfit {
        summary: format!("The device plugin {} would come to the pool's nodes", plugin.full_name()),
        detail: format!(
            "These nodes announce their GPUs by a device plugin of their own, a service of the operating system. A second \
             one takes the GPUs from it, and pods get none. {mend}"
        ),
        by_strategy: false,
    })
}

/// The affinity of a plugin, with the pool's nodes left out.
fn kept_away(plugin: &DevicePlugin) -> String {
    let away = json!({"key": NO_OPERANDS, "operator": "NotIn", "values": ["false"]});
    let mut yaml = "affinity:\n  nodeAffinity:\n    requiredDuringSchedulingIgnoredDuringExecution:\n      \
                    nodeSelectorTerms:\n"
        .to_owned();
    for mut expressions in plugin.scheduling.alternatives() {
        expressions.push(away.clone());
        yaml.push_str("      - matchExpressions:\n");
        expressions.iter().for_each(|one| yaml.push_str(&format!("        - {one}\n")));
    }
    yaml
}

#[cfg(test)]
mod tests;
