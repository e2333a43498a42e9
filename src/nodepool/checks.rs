//! The rules that hold on every cloud. A cloud's own rules are in its [`CloudRules`].

use std::collections::BTreeMap;

use super::config::{AutoscalingConfig, NodePoolConfig};
use super::gpu::{self, NodeSlicing};
use super::labels::{CONFIG_LABEL, MPS_LABEL, key_fault, value_fault};
use super::problem::Path;
use super::rules::{PluginUse, ProfileVerdict};
use super::spec::{Amount, Taint};
use super::{CloudRules, Field, Options, Problems, Severity, device_plugin, sharing};
use crate::slicing::{
    Catalogue, Cloud, MigStrategy, MigSupport, ProfileFacts, ProfileMatch, ProfileNameError, Sharing,
};

/// Finds everything wrong with `config` that can be known now. `rules` is the cloud's, where the cloud is known.
pub fn check(config: &NodePoolConfig, rules: Option<&dyn CloudRules>, problems: &mut Problems) {
    cloud(config, problems);
    name(config, problems);
    machine(config, problems);
    size(config, problems);
    labels(config, rules, problems);
    taints(config, problems);
    upgrade(config, problems);
    sharing::check(config, problems);
    if let Some(rules) = rules {
        device_plugin::check(config, rules, problems);
        profile(config, rules, problems);
        pods(config, problems);
        rules.check(config, problems);
    }
}

/// The cluster and the machine type must be of one cloud.
fn cloud(config: &NodePoolConfig, problems: &mut Problems) {
    let (Some(cluster), Some(machine_type)) = (config.cluster_id.known(), config.machine_type.known()) else {
        return;
    };
    let catalogue = Catalogue::built_in();
    if catalogue.machine(Some(cluster.cloud()), machine_type).is_some() {
        return;
    }
    // The cluster's own cloud: a misspelt or too new type of it, which is reported as one.
    if let Some(of) = catalogue.cloud_of(machine_type).filter(|of| *of != cluster.cloud()) {
        problems.error(
            "machine_type",
            format!("{machine_type} is a machine type of another cloud"),
            format!(
                "The cluster is on {}, and {machine_type:?} is a machine type of {}. Choose a machine type of the \
                 cluster's cloud, or mend cluster_id.",
                display(cluster.cloud()),
                display(of)
            ),
        );
    }
}

/// A cloud's name in a sentence.
pub fn display(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Aks => "Azure AKS",
        Cloud::Gke => "Google GKE",
        Cloud::Eks => "Amazon EKS",
    }
}

fn name(config: &NodePoolConfig, problems: &mut Problems) {
    // One that is unknown may still turn out to be null.
    if config.name.known().is_some() && config.name_prefix.known().is_some() {
        problems.error(
            "name_prefix",
            "Both name and name_prefix are set",
            "A pool is named either by name, or by name_prefix and a computed suffix. Remove one of them.",
        );
    } else if config.name.is_null() && config.name_prefix.is_null() {
        problems.error(
            "name",
            "The pool has no name",
            "Set name, or name_prefix for a name with a computed suffix (which lets create_before_destroy put the \
             new pool beside the old one).",
        );
    }
}

fn machine(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(machine_type) = config.machine_type.known() else { return };
    let cloud = config.cluster_id.known().map(super::ClusterId::cloud);
    match Catalogue::built_in().machine(cloud, machine_type) {
        Some(machine) => gpu::check_choice(&machine, &config.gpu, problems),
        None => unknown_machine(config, machine_type, cloud, problems),
    }
}

fn unknown_machine(
    config: &NodePoolConfig,
    machine_type: &str,
    cloud: Option<Cloud>,
    problems: &mut Problems,
) {
    let catalogue = Catalogue::built_in();
    if cloud.is_some_and(|cloud| catalogue.cloud_of(machine_type).is_some_and(|of| of != cloud)) {
        return; // reported as a machine type of another cloud
    }
    let near = catalogue
        .nearest_machine(cloud, machine_type)
        .map(|near| format!(" The nearest name it holds is {:?}.", near.name))
        .unwrap_or_default();
    if config.gpu.is_null() {
        problems.error(
            "machine_type",
            format!("{machine_type} is not in the catalogue of GPU machine types"),
            format!(
                "Without knowing the machine's GPUs, its slices cannot be computed.{near} If the type is right and \
                 only too new for this version of the provider, say what it holds: gpu = {{ model = \"a100-80gb\", \
                 count = 1 }}."
            ),
        );
    } else {
        problems.warning(
            "machine_type",
            format!("{machine_type} is not in the catalogue of GPU machine types"),
            format!("What gpu says is believed without a check.{near}"),
        );
    }
}

fn profile(config: &NodePoolConfig, rules: &dyn CloudRules, problems: &mut Problems) {
    // Shared GPUs may be whole, also where that is not known yet.
    if sharing::is_wanted(config) && config.mig_profile.known().is_none() {
        return;
    }
    let Some(slicing) = NodeSlicing::of(config) else { return };
    let Some(machine_type) = config.machine_type.known() else { return };
    if let Some(reason) = no_mig(&slicing, rules.cloud(), machine_type) {
        problems.error(
            "mig_profile",
            format!("{machine_type} cannot be cut by MIG"),
            format!("{reason}. {}", gpu::mig_capable_advice(rules.cloud())),
        );
        return;
    }
    let Some(wanted) = config.mig_profile.known() else { return };
    let Some(found) = slicing.gpu.find(*wanted) else {
        wrong_profile(&wanted.to_string(), &slicing, machine_type, (rules, &config.options), problems);
        return;
    };
    let verdict = rules.profile(&slicing.gpu, slicing.accelerator_type.as_deref(), wanted);
    if !matches!(verdict, ProfileVerdict::Refused(_)) {
        unsure_machine(machine_type, rules.cloud(), problems);
        waste(&slicing, found.facts(), problems);
    }
    match verdict {
        ProfileVerdict::Allowed => {}
        ProfileVerdict::Doubtful(why) => {
            problems.warning("mig_profile", format!("{wanted} may not work here"), why);
        }
        ProfileVerdict::Refused(why) => problems.error(
            "mig_profile",
            format!("{} does not offer the MIG profile {wanted}", display(rules.cloud())),
            format!("{why} {}", offers(&slicing, machine_type, (rules, &config.options))),
        ),
    }
    if let ProfileMatch::OtherName(facts) = found {
        problems.warning(
            "mig_profile",
            format!("{wanted} is another driver's name of {}", facts.profile),
            format!(
                "Some drivers report another amount of memory for {}, and with it other profile names. Whether \
                 {wanted} works depends on the driver of the nodes; {} is the usual name.",
                slicing.gpu.name, facts.profile
            ),
        );
    } else if !found.facts().confidence.is_firm() {
        problems.warning(
            "mig_profile",
            format!("{wanted} on {} is not confirmed", slicing.gpu.name),
            format!(
                "What is known of it rests on: {} ({}). Compare the nodes' allocatable resources with the planned \
                 slices after the apply.",
                found.facts().source,
                found.facts().confidence
            ),
        );
    }
}

/// Warns of a machine whose GPUs have MIG, and of which nobody can say whether its cloud cuts them.
fn unsure_machine(machine_type: &str, cloud: Cloud, problems: &mut Problems) {
    let machine = Catalogue::built_in().machine(Some(cloud), machine_type);
    if let Some(MigSupport::HardwareOnly { note } | MigSupport::Unverified { note }) =
        machine.map(|machine| machine.mig.clone())
    {
        problems.warning(
            "mig_profile",
            format!("MIG on {machine_type} is not confirmed"),
            format!(
                "What is known: {note}. Compare the nodes' allocatable resources with the planned slices after the \
                 apply."
            ),
        );
    }
}

/// Warns of a profile that one slice of a GPU can have and that leaves a part of the GPU to nobody.
fn waste(slicing: &NodeSlicing, facts: &ProfileFacts, problems: &mut Problems) {
    let takes_all = slicing.gpu.full_profile().is_none_or(|full| full.profile.slices <= facts.profile.slices);
    if facts.max_instances > 1 || takes_all {
        return;
    }
    let capacity = slicing.capacity(Some(facts.profile), Sharing::None, MigStrategy::Single, None).ok();
    let unused = capacity.and_then(|capacity| {
        let (memory, compute) = (capacity.wasted_memory_gib?, capacity.wasted_compute?);
        Some(format!(": {memory} GiB of memory and {:.0} % of the compute", 100.0 * compute.to_f64()))
    });
    problems.warning(
        "mig_profile",
        format!("{} leaves a part of every GPU unused", facts.profile),
        format!(
            "One GPU has one slice of {}, and nothing can use the rest of it{}. Choose a narrower profile for more \
             slices, or a wider one for a larger slice.",
            facts.profile,
            unused.unwrap_or_default()
        ),
    );
}

/// Why a machine's GPUs cannot be cut on this cloud, as a clause without a full stop.
fn no_mig(slicing: &NodeSlicing, cloud: Cloud, machine_type: &str) -> Option<String> {
    let machine = Catalogue::built_in().machine(Some(cloud), machine_type);
    match machine.map(|machine| machine.mig.clone()) {
        Some(MigSupport::No { reason }) if slicing.gpu.has_mig() => Some(format!("{machine_type}: {reason}")),
        _ if !slicing.gpu.has_mig() => {
            Some(format!("{machine_type} holds {} GPUs, which have no MIG", slicing.gpu.name))
        }
        _ => None,
    }
}

/// Reports a profile that the GPU does not have, whether it can be read as a profile or not.
fn wrong_profile(
    wrong: &str,
    slicing: &NodeSlicing,
    machine_type: &str,
    (rules, options): (&dyn CloudRules, &Field<Options>),
    problems: &mut Problems,
) {
    let near = gpu::nearest(slicing, rules, options, wrong)
        .map(|name| format!("Did you mean {name:?}? "))
        .unwrap_or_default();
    problems.error(
        "mig_profile",
        format!("{} has no MIG profile {wrong}", slicing.gpu.name),
        format!("{near}{}", offers(slicing, machine_type, (rules, options))),
    );
}

fn offers(
    slicing: &NodeSlicing,
    machine_type: &str,
    (rules, options): (&dyn CloudRules, &Field<Options>),
) -> String {
    format!(
        "On {machine_type} ({} x {}) these profiles can be had:\n{}",
        slicing.gpus_per_node,
        slicing.gpu.name,
        gpu::choices(slicing, rules, options)
    )
}

/// Reports a text that is no MIG profile at all, with the choices where they are known.
pub fn unreadable_profile(
    text: &str,
    error: &ProfileNameError,
    config: &NodePoolConfig,
    rules: Option<&dyn CloudRules>,
    problems: &mut Problems,
) {
    match (NodeSlicing::of(config), config.machine_type.known(), rules) {
        (Some(slicing), Some(machine_type), Some(rules)) if slicing.gpu.has_mig() => {
            wrong_profile(text, &slicing, machine_type, (rules, &config.options), problems);
        }
        _ => problems.error("mig_profile", format!("{text:?} is no MIG profile"), format!("{error}.")),
    }
}

/// More slices than pods would leave slices that nothing can use.
fn pods(config: &NodePoolConfig, problems: &mut Problems) {
    let (Some(slicing), Some(max_pods)) = (NodeSlicing::of(config), config.max_pods.known()) else { return };
    let Some(sharing) = config.sharing.known_or(Sharing::None) else { return };
    let Ok(capacity) =
        slicing.capacity(config.mig_profile.known().copied(), sharing, MigStrategy::Single, None)
    else {
        return; // reported by the check of the profile
    };
    let per_node = capacity.per_node;
    // A handful of system pods (networking, logging, device plugin) runs on every node.
    const SYSTEM_PODS: u64 = 10;
    if u64::from(*max_pods) < per_node + SYSTEM_PODS {
        problems.warning(
            "max_pods",
            format!("max_pods = {max_pods} may leave slices unused"),
            format!(
                "A node gives {per_node} slices, each of which takes a pod of its own, and about {SYSTEM_PODS} \
                 system pods run beside them. Set max_pods to {} or more.",
                per_node + SYSTEM_PODS
            ),
        );
    }
}

fn size(config: &NodePoolConfig, problems: &mut Problems) {
    // One that is unknown may still turn out to be null.
    if config.node_count.known().is_some() && config.autoscaling.known().is_some() {
        problems.error(
            "node_count",
            "Both node_count and autoscaling are set",
            "Either the pool has a fixed number of nodes (node_count), or the autoscaler decides (autoscaling). \
             Remove one of them; autoscaling.initial_nodes sets the number at creation.",
        );
    }
    if let Some(autoscaling) = config.autoscaling.known() {
        limits(autoscaling, problems);
    }
}

fn limits(autoscaling: &AutoscalingConfig, problems: &mut Problems) {
    let AutoscalingConfig { min_nodes, max_nodes, initial_nodes } = autoscaling;
    if max_nodes.known() == Some(&0) {
        problems.error(
            "autoscaling.max_nodes",
            "The autoscaler may never make a node",
            "max_nodes is 0, so the pool would stay empty for ever. Set it to the most nodes you will pay for.",
        );
    }
    if let (Some(min), Some(max)) = (min_nodes.known(), max_nodes.known())
        && min > max
    {
        problems.error(
            "autoscaling.min_nodes",
            format!("min_nodes = {min} is more than max_nodes = {max}"),
            "Lower min_nodes or raise max_nodes. Both count the nodes of the whole pool, over all zones.",
        );
    }
    if let Some(initial) = initial_nodes.known() {
        let low = min_nodes.known().is_some_and(|min| initial < min);
        let high = max_nodes.known().is_some_and(|max| initial > max);
        if low || high {
            problems.error(
                "autoscaling.initial_nodes",
                format!("initial_nodes = {initial} is outside the autoscaler's limits"),
                "It must lie between min_nodes and max_nodes. It counts at creation only.",
            );
        }
    }
}

fn labels(config: &NodePoolConfig, rules: Option<&dyn CloudRules>, problems: &mut Problems) {
    let none = BTreeMap::new();
    let own = rules.and_then(|rules| rules.own_labels(config)).unwrap_or_default();
    for (key, value) in config.labels.known().unwrap_or(&none) {
        let path = || Path::of("labels").key(key);
        let fault = key_fault(key)
            .map(|fault| ("is no label key", format!("Kubernetes refuses the key: {fault}.")))
            .or_else(|| {
                key.starts_with("gpuslice/").then(|| {
                    (
                        "is set by the provider",
                        "Keys that begin with gpuslice/ are the provider's own. Choose another prefix."
                            .to_owned(),
                    )
                })
            })
            .or_else(|| {
                own.contains_key(key).then(|| {
                    (
                        "is set by the provider",
                        "The provider gives it to the pool, so that the right components run on its nodes. Remove \
                         it."
                            .to_owned(),
                    )
                })
            })
            .or_else(|| {
                let by_key = [CONFIG_LABEL, MPS_LABEL].contains(&key.as_str())
                    && rules?.plugin_config(config).is_some_and(PluginUse::is_by_config);
                by_key.then(|| {
                    (
                        "is set by the provider",
                        "It tells the device plugin how to divide the GPUs, which is what this resource does \
                         (config_key is its value). Remove it."
                            .to_owned(),
                    )
                })
            })
            .or_else(|| rules?.reserved_label(key).map(|why| ("is reserved", why)));
        if let Some((what, why)) = fault {
            problems.push(Severity::Error, path(), format!("The label {key:?} {what}"), why);
        }
        if let Some(fault) = value.known().and_then(|value| value_fault(value)) {
            problems.push(
                Severity::Error,
                path(),
                format!("The label {key:?} has a value that Kubernetes refuses"),
                format!("The value {fault}. Use at most 63 letters, digits, '-', '_' and '.'."),
            );
        }
    }
}

fn taints(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(taints) = config.taints.known() else { return };
    let mut seen = BTreeMap::new();
    for taint in taints {
        if let Some(fault) = key_fault(&taint.key) {
            problems.error(
                "taints",
                format!("The taint key {:?} is not valid", taint.key),
                format!("Kubernetes refuses the key: {fault}."),
            );
        }
        if let Some(fault) = value_fault(&taint.value) {
            problems.error(
                "taints",
                format!("The value of the taint {:?} is not valid", taint.key),
                format!("Kubernetes refuses the value: {fault}."),
            );
        }
        if let Some(other) = seen.insert((&taint.key, taint.effect), &taint.value) {
            problems.error(
                "taints",
                format!("The taint {} with effect {} is written twice", taint.key, taint.effect.word()),
                format!("A node has at most one taint of a key and an effect, and this one has the values {other:?} and {:?}. Keep one.", taint.value),
            );
        }
        let gpu = Taint::gpu();
        if taint.key == gpu.key && taint.effect == gpu.effect && config.gpu_taint != Field::Known(false) {
            problems.error(
                "taints",
                "The GPU taint is written by hand",
                format!(
                    "{gpu} is what gpu_taint = true (the default) sets, and a cloud refuses the same taint twice. \
                     Remove it from taints, or set gpu_taint = false to write your own."
                ),
            );
        }
    }
}

fn upgrade(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(upgrade) = config.upgrade.known() else { return };
    for (path, value) in
        [("upgrade.max_surge", &upgrade.max_surge), ("upgrade.max_unavailable", &upgrade.max_unavailable)]
    {
        if let Some(Err(error)) = value.known().map(|text| text.parse::<Amount>()) {
            problems.error(path, "This is no number of nodes", format!("{error}."));
        }
    }
    let zero = |value: &Field<String>| {
        matches!(value.known().map(|text| text.parse()), Some(Ok(Amount::Nodes(0) | Amount::Percent(0))))
    };
    if zero(&upgrade.max_surge) && zero(&upgrade.max_unavailable) {
        problems.error(
            "upgrade",
            "Nodes could never be replaced",
            "With max_surge and max_unavailable both 0, no node may be added and none may be missing. Raise one of \
             them; max_unavailable = \"1\" needs no spare GPU.",
        );
    }
}
