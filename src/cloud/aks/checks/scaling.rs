//! How many nodes, how many pods on each, and what AKS's cluster autoscaler makes of slices.

use super::super::options::GpuStack;
use crate::nodepool::config::AutoscalingConfig;
use crate::nodepool::gpu::NodeSlicing;
use crate::nodepool::{NodePoolConfig, Problems};
use crate::slicing::{Capacity, MigStrategy, Sharing};

/// The most nodes of a pool (source: the azurerm provider, `node_count`; AKS documentation, "Quotas").
const MOST_NODES: u32 = 1000;
/// Pods per node (source: AKS documentation, "IP address planning", maximum pods per node).
const PODS: std::ops::RangeInclusive<u32> = 10..=250;
/// Pods that AKS demands room for on the nodes of a pool together, where `max_pods` is low (source: as above).
const PODS_OF_POOL: u32 = 30;
/// What `max_pods` is when unset, by the cluster's network plugin, which plan cannot know (source: as above).
const DEFAULT_PODS_NODE_SUBNET: u64 = 30;
const DEFAULT_PODS_POD_SUBNET: u64 = 110;
/// Pods that are not ours and run on every node of AKS: networking, DNS, metrics, device plugin. A round figure.
const SYSTEM_PODS: u64 = 10;

pub(super) fn check(config: &NodePoolConfig, problems: &mut Problems) {
    size(config, problems);
    pods(config, problems);
    if let Some(limits) = config.autoscaling.known() {
        autoscaler(config, limits, problems);
    }
}

fn size(config: &NodePoolConfig, problems: &mut Problems) {
    let limits = config.autoscaling.known();
    for (path, count) in [
        ("node_count", config.node_count.known()),
        ("autoscaling.max_nodes", limits.and_then(|limits| limits.max_nodes.known())),
    ] {
        if let Some(count) = count.filter(|count| **count > MOST_NODES) {
            problems.error(
                path,
                format!("A pool of AKS has no {count} nodes"),
                format!("AKS allows {MOST_NODES} nodes in a pool."),
            );
        }
    }
    if config.options.known().and_then(|options| options.text("mode")) != Some("System") {
        return;
    }
    for (path, count) in [
        ("node_count", config.node_count.known()),
        ("autoscaling.min_nodes", limits.and_then(|limits| limits.min_nodes.known())),
    ] {
        if count == Some(&0) {
            problems.error(
                path,
                "A system pool is never empty",
                "The cluster's own pods need a node, so AKS keeps at least one in a system pool. Write 1 or more, or \
                 set mode to \"User\".",
            );
        }
    }
}

/// What one node gives, where that is known.
fn capacity(config: &NodePoolConfig) -> Option<(NodeSlicing, Capacity)> {
    let slicing = NodeSlicing::of(config)?;
    let profile = if config.mig_profile.is_null() { None } else { Some(*config.mig_profile.known()?) };
    let sharing = config.sharing.known_or(Sharing::None)?;
    // What does not fit is reported by the check of the profile.
    let capacity = slicing.capacity(profile, sharing, MigStrategy::Single, None).ok()?;
    Some((slicing, capacity))
}

fn pods(config: &NodePoolConfig, problems: &mut Problems) {
    let per_node = capacity(config).map(|(_, capacity)| capacity.per_node);
    let Some(pods) = config.max_pods.known() else {
        if let Some(per_node) = per_node.filter(|_| config.max_pods.is_null()) {
            default_pods(config, per_node, problems);
        }
        return;
    };
    if !PODS.contains(pods) {
        problems.error(
            "max_pods",
            format!("max_pods = {pods} is not possible on AKS"),
            format!("AKS allows {} to {} pods per node.", PODS.start(), PODS.end()),
        );
        return;
    }
    if let Some(per_node) = per_node.filter(|per_node| u64::from(*pods) < *per_node) {
        problems.error(
            "max_pods",
            format!("max_pods = {pods} hides slices for good"),
            format!(
                "A node gives {per_node} slices, each of which takes a pod of its own, and AKS cannot change max_pods \
                 later. Set it to {}, which leaves room for about {SYSTEM_PODS} system pods.",
                per_node + SYSTEM_PODS
            ),
        );
    }
    let nodes = config.node_count.known().filter(|count| **count > 0);
    if let Some(nodes) = nodes.filter(|nodes| nodes.saturating_mul(*pods) < PODS_OF_POOL) {
        problems.warning(
            "max_pods",
            format!("AKS may want room for {PODS_OF_POOL} pods"),
            format!(
                "AKS documents that the nodes of a pool together have room for {PODS_OF_POOL} pods, and {nodes} x \
                 {pods} is less. Raise max_pods or node_count if AKS refuses the pool."
            ),
        );
    }
}

/// What is not written, AKS sets by a rule that plan cannot know, and never changes.
fn default_pods(config: &NodePoolConfig, per_node: u64, problems: &mut Problems) {
    let wanted = per_node + SYSTEM_PODS;
    let Some(options) = config.options.known_or(crate::nodepool::Options::default()) else { return };
    let default = match options.get("pod_subnet_id") {
        Some(_) => DEFAULT_PODS_POD_SUBNET,
        None => DEFAULT_PODS_NODE_SUBNET,
    };
    if wanted > default {
        problems.warning(
            "max_pods",
            "AKS's default of max_pods may hide slices",
            format!(
                "A node gives {per_node} slices, each of which takes a pod of its own, and about {SYSTEM_PODS} system \
                 pods run beside them. When max_pods is unset the cluster's network decides: {DEFAULT_PODS_NODE_SUBNET} \
                 with Azure CNI on the nodes' subnet, {DEFAULT_PODS_POD_SUBNET} with kubenet or a subnet for pods, \
                 {} with Azure CNI Overlay. It cannot be changed later. Set max_pods = {wanted} or more.",
                PODS.end()
            ),
        );
    }
}

/// Sources: kubernetes/autoscaler, Azure provider, templates of nodes from a VM size; Azure/AKS issues 4216 and 5161;
/// for the ten minutes AKS documentation, "Cluster autoscaler", `scale-down-unneeded-time`.
fn autoscaler(config: &NodePoolConfig, limits: &AutoscalingConfig, problems: &mut Problems) {
    let from_zero = limits.min_nodes.known() == Some(&0);
    let stack = config.options.known().and_then(GpuStack::of);
    if stack == Some(GpuStack::Managed) {
        problems.warning(
            "autoscaling",
            "AKS may not scale managed GPU pools",
            "While managed GPU pools were a preview, AKS did not support the cluster autoscaler on them, and nothing \
             says yet that it does. If AKS refuses the pool, use node_count or another gpu_stack.",
        );
    }
    let renames = config.device_plugin.known().is_some_and(|it| it.rename_resource.known() == Some(&true));
    if renames {
        return; // told by the check of device_plugin
    }
    if config.mig_strategy.known() == Some(&MigStrategy::Mixed) {
        let resource = match config.mig_profile.known() {
            Some(profile) => profile.mixed_resource_name(),
            None => "nvidia.com/mig-…".to_owned(),
        };
        let consequence = if from_zero {
            "With min_nodes = 0 no node is ever started for them: set min_nodes to 1 or more, or"
        } else {
            "It may start no further node for them when those that run are full:"
        };
        problems.warning(
            "autoscaling",
            format!("The autoscaler does not know {resource}"),
            format!(
                "AKS's cluster autoscaler believes that a new node of this machine type brings whole GPUs \
                 (nvidia.com/gpu), and pods that wait for {resource} ask for something else. {consequence} use \
                 mig_strategy = \"single\", under which slices are nvidia.com/gpu too."
            ),
        );
    } else if from_zero && config.mig_strategy.known_or(MigStrategy::Single) == Some(MigStrategy::Single) {
        overshoot(config, limits, problems);
    }
}

/// With no node to look at, the autoscaler counts the slices of a node as its GPUs.
fn overshoot(config: &NodePoolConfig, limits: &AutoscalingConfig, problems: &mut Problems) {
    let (Some((slicing, capacity)), Some(max)) = (capacity(config), limits.max_nodes.known()) else { return };
    let gpus = u64::from(slicing.gpus_per_node);
    // As many nodes as it starts for the pods of one.
    let started = capacity.per_node.div_ceil(gpus.max(1)).min(u64::from(*max));
    if started < 2 {
        return;
    }
    let bound = if started == u64::from(*max) { ", as many as max_nodes allows" } else { "" };
    problems.warning(
        "autoscaling.min_nodes",
        "From zero the autoscaler starts too many nodes",
        format!(
            "While the pool is empty, AKS's cluster autoscaler believes that a new node brings nvidia.com/gpu: {gpus}, \
             which is its GPUs, and not {per_node}, which is its slices. When {per_node} pods wait for a slice each, it \
             starts {started} nodes{bound}, where one would do, and takes the idle ones away after about ten minutes. \
             With min_nodes = 1 it counts the slices of the node that is there; a lower max_nodes bounds the waste.",
            per_node = capacity.per_node
        ),
    );
}
