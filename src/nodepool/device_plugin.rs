//! The rules of what the cluster's device plugin is told, on every cloud where it is NVIDIA's own plugin that announces
//! a pool's slices.

use super::config::DevicePluginConfig;
use super::rules::PluginUse;
use super::{CloudRules, NodePoolConfig, Problems};
use crate::nodepool::checks::display;
use crate::slicing::{GPU_RESOURCE, MAX_MPS_CLIENTS, MigStrategy, Sharing};

/// Finds what the device plugin could not be told, and settings for it where it is told nothing.
pub(super) fn check(config: &NodePoolConfig, rules: &dyn CloudRules, problems: &mut Problems) {
    let Some(told) = rules.plugin_config(config) else { return };
    if told == PluginUse::Never {
        if config.device_plugin.known().is_some() {
            problems.error(
                "device_plugin",
                "No device plugin of the cluster announces these slices",
                format!(
                    "{} announces the slices of this pool by a device plugin of its own, which reads no ConfigMap. \
                     Remove device_plugin; in a module for several clouds, write null for the pools that have none.",
                    display(rules.cloud())
                ),
            );
        }
        return;
    }
    let is_built_in = told == PluginUse::BuiltIn;
    if !is_built_in {
        mps(config, problems);
    }
    let Some(plugin) = config.device_plugin.known() else { return };
    if is_built_in {
        no_config_map(plugin, problems);
    } else {
        place(plugin, problems);
    }
    shared_alone(config, plugin, problems);
    renamed(config, plugin, problems);
}

/// A device plugin that is built into the nodes reads no ConfigMap. The switches hold there, too.
fn no_config_map(plugin: &DevicePluginConfig, problems: &mut Problems) {
    let about_it = [
        ("manage_config", plugin.manage_config.is_written()),
        ("namespace", plugin.namespace.is_written()),
        ("config_map", plugin.config_map.is_written()),
    ];
    for (name, _) in about_it.into_iter().filter(|(_, written)| *written) {
        problems.error(
            &format!("device_plugin.{name}"),
            "The device plugin of these nodes reads no ConfigMap",
            format!(
                "It is built into the nodes and reads their own settings, which the provider writes, so there is nothing \
                 for {name} to name. Remove it; rename_resource and fail_requests_greater_than_one hold here, too."
            ),
        );
    }
}

/// What NVIDIA's plugin cannot do with MPS (source: NVIDIA k8s-device-plugin v0.20.0; the limit: NVIDIA MPS
/// documentation).
fn mps(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(Sharing::Mps { replicas }) = config.sharing.known() else { return };
    if config.mig_profile.is_written() {
        problems.error(
            "sharing_strategy",
            "The device plugin shares no MIG slices by MPS",
            "Set sharing_strategy to \"time-slicing\", or leave mig_profile out to share whole GPUs.",
        );
    }
    if *replicas > MAX_MPS_CLIENTS {
        problems.error(
            "replicas",
            format!("replicas = {replicas} is more than MPS serves"),
            format!(
                "MPS serves at most {MAX_MPS_CLIENTS} clients on one GPU. Lower replicas, or set sharing_strategy to \
                 \"time-slicing\"."
            ),
        );
    }
}

/// The names of the ConfigMap and its namespace are Kubernetes' to judge (source: Kubernetes documentation, "Object Names
/// and IDs").
fn place(plugin: &DevicePluginConfig, problems: &mut Problems) {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = |text: &str| {
        !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
    };
    if let Some(name) = plugin.namespace.known().filter(|name| name.len() > 63 || !is_label(name)) {
        problems.error(
            "device_plugin.namespace",
            format!("{name:?} is no name of a namespace"),
            "A namespace's name has at most 63 lower-case letters, digits and dashes, and begins and ends with a \
             letter or a digit.",
        );
    }
    let is_name = |name: &str| name.len() <= 253 && name.split('.').all(is_label);
    if let Some(name) = plugin.config_map.known().filter(|name| !is_name(name)) {
        problems.error(
            "device_plugin.config_map",
            format!("{name:?} is no name of a ConfigMap"),
            "A ConfigMap's name has at most 253 lower-case letters, digits, dashes and dots, and begins and ends with \
             a letter or a digit.",
        );
    }
}

/// What only shared slices have.
fn shared_alone(config: &NodePoolConfig, plugin: &DevicePluginConfig, problems: &mut Problems) {
    if config.sharing.known_or(Sharing::None) != Some(Sharing::None) {
        return;
    }
    if plugin.rename_resource.known() == Some(&true) {
        problems.error(
            "device_plugin.rename_resource",
            "Nothing is shared, so nothing is renamed",
            "The name with .shared at its end is that of shared slices. Remove rename_resource, or use \
             gpuslice_timeslice_nodepool.",
        );
    }
    if plugin.fail_requests_greater_than_one.known().is_some() {
        problems.warning(
            "device_plugin.fail_requests_greater_than_one",
            "Nothing is shared, so this has no effect",
            "A pod may ask for several slices that are its own. The setting is about shared ones; remove it.",
        );
    }
}

/// The cluster autoscaler counts `nvidia.com/gpu` of nodes that it has not made yet, and knows no other name (source:
/// Azure/AKS issue 5161, kubernetes/autoscaler issue 8095).
fn renamed(config: &NodePoolConfig, plugin: &DevicePluginConfig, problems: &mut Problems) {
    let renames = plugin.rename_resource.known() == Some(&true);
    let Some(limits) = config.autoscaling.known().filter(|_| renames) else { return };
    let slice = match (config.mig_strategy.known(), config.mig_profile.known()) {
        (Some(MigStrategy::Mixed), Some(profile)) => profile.mixed_resource_name(),
        _ => GPU_RESOURCE.to_owned(),
    };
    let consequence = if limits.min_nodes.known() == Some(&0) {
        "While the pool is empty, it makes no node for them, since nothing shows it that a node would have that. Set \
         autoscaling.min_nodes to 1 or more, or remove rename_resource."
    } else {
        "It may make no node for them, or one too many while a new node does not announce it yet. Remove \
         rename_resource where that matters."
    };
    problems.warning(
        "device_plugin.rename_resource",
        format!("The cluster autoscaler does not know {slice}.shared"),
        format!("It knows nvidia.com/gpu, and pods that wait for {slice}.shared ask for something else. {consequence}"),
    );
}
