//! The plan-time rules of EKS, as the trait has them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::options::{GPU_STACK, GpuStack, RELEASE_VERSION, fulfils};
use super::translate::bottlerocket;
use super::{checks, labels, machines, option_checks, options, parts, profiles};
use crate::nodepool::change::Ground;
use crate::nodepool::labels::CONFIG_LABEL;
use crate::nodepool::rules::{CloudRules, Demand, FixedNodes, PluginUse, ProfileVerdict, SlicingChoice};
use crate::nodepool::spec::{CapacityType, Taint};
use crate::nodepool::{Field, NodePoolConfig, NodePoolSpec, OptionSpec, Options, Problems};
use crate::slicing::{Arch, Cloud, Gpu, MigProfile, MigStrategy, Sharing};

/// EKS's rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules;

/// The stack of a configuration; `None` while it is not known.
fn stack(config: &NodePoolConfig) -> Option<GpuStack> {
    match &config.options {
        Field::Null => Some(GpuStack::default()),
        Field::Unknown => None,
        Field::Known(options) => GpuStack::of(options),
    }
}

impl CloudRules for Rules {
    fn cloud(&self) -> Cloud {
        Cloud::Eks
    }

    /// As long as the aws provider waits for a node group.
    fn patience(&self) -> Duration {
        Duration::from_secs(60 * 60)
    }

    fn options(&self) -> &'static [OptionSpec] {
        options::OPTIONS
    }

    fn ground(&self, options: &Options) -> Ground {
        match parts::stack(options) {
            GpuStack::Bottlerocket => Ground::EksBottlerocket,
            GpuStack::GpuOperator | GpuStack::DevicePlugin => Ground::EksAmazonLinux,
        }
    }

    fn check(&self, config: &NodePoolConfig, problems: &mut Problems) {
        checks::check(config, problems);
        option_checks::check(config, problems);
    }

    fn profile(&self, _: &Gpu, _: Option<&str>, _: &MigProfile) -> ProfileVerdict {
        profiles::verdict()
    }

    /// Bottlerocket knows some of each GPU's profiles; the GPU operator cuts by all of them.
    fn leaves(&self, options: Option<&Options>, gpu: &Gpu, profile: &MigProfile) -> bool {
        let stack = options.map_or(Some(GpuStack::default()), GpuStack::of);
        stack != Some(GpuStack::Bottlerocket) || profiles::refusal(gpu, *profile).is_none()
    }

    fn resource_name(&self, strategy: MigStrategy, profile: Option<&MigProfile>) -> String {
        parts::resource_name(strategy, profile)
    }

    fn own_labels(&self, config: &NodePoolConfig) -> Option<BTreeMap<String, String>> {
        let stack = stack(config)?;
        let profile = match &config.mig_profile {
            Field::Unknown => return None,
            field => field.known().copied(),
        };
        Some(labels::own(stack, profile))
    }

    fn deciding_options(&self) -> &'static [&'static str] {
        &["eks.gpu_stack"]
    }

    /// The system of the nodes is a property of the pool. The two stacks on Amazon Linux show by labels, and a label
    /// that was lost is to be mended in place rather than by a new pool. A release is a minimum.
    fn may_show_as(&self, name: &str, prior: &str, live: &str) -> bool {
        let bottlerocket = GpuStack::Bottlerocket.word();
        match name {
            GPU_STACK => prior == live || (prior != bottlerocket && live != bottlerocket),
            RELEASE_VERSION => fulfils(live, prior),
            _ => prior == live,
        }
    }

    fn tag_keys_ignore_case(&self) -> bool {
        false
    }

    fn reserved_label(&self, key: &str) -> Option<String> {
        labels::reserved_label(key)
    }

    /// Bottlerocket's settings, or the labels that NVIDIA's components read.
    fn native(&self, slicing: &SlicingChoice<'_>) -> BTreeMap<String, String> {
        let profile = slicing.profile.copied();
        let stack = parts::stack(slicing.options);
        let mut native = BTreeMap::new();
        if stack == GpuStack::Bottlerocket {
            // A profile that Bottlerocket does not cut is reported by the check.
            let tables = bottlerocket::slicing(&slicing.gpu.id, profile, *slicing.sharing, slicing.switches)
                .unwrap_or_default();
            for table in tables {
                for (key, value) in table.lines {
                    native.insert(format!("{}.{key}", table.name), value.trim_matches('"').to_owned());
                }
            }
        }
        let cut = labels::own(stack, profile).remove(labels::MIG_CONFIG);
        native.extend(cut.map(|config| (format!("labels.{}", labels::MIG_CONFIG), config)));
        if let Some(key) = slicing.config_key {
            native.insert(format!("labels.{CONFIG_LABEL}"), key.to_owned());
        }
        native
    }

    /// What nodes are made with stands in the launch template. How the three cases show is for `seen` to say.
    fn fixed_nodes(&self, options: &Options) -> Option<FixedNodes> {
        const BESIDES: &[&str] = &["kubernetes_version", "eks.release_version"];
        match options.object("launch_template") {
            None => Some(FixedNodes {
                why: "The node group has no launch template, or none any more, and EKS never gives it one.",
                instead: None,
                besides: BESIDES,
            }),
            Some(template) if template.get("id").is_some() => Some(FixedNodes {
                why: "The node group has a launch template that the provider has not made, and does not change.",
                instead: Some(
                    "Change it there, and name its new version: eks = { launch_template = { id = …, version = … } }. \
                     Or have the pool made anew, with a template of the provider's, by `terraform apply -replace`.",
                ),
                besides: BESIDES,
            }),
            Some(_) => None,
        }
    }

    /// The image follows from the stack and the machine where nobody writes it, a release is one of a Kubernetes version,
    /// and the autoscaler has to be told where there may be no node.
    fn unsettled(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("eks.gpu_stack", "eks.ami_type"),
            ("machine_type", "eks.ami_type"),
            ("kubernetes_version", "eks.release_version"),
            ("autoscaling.min_nodes", "eks.scale_from_zero_tags"),
        ]
    }

    /// EKS taints neither Arm nor spot nodes (source: EKS user guide, "Node taints for managed node groups", which names
    /// only those of the user).
    fn system_taints(&self, _: Option<Arch>, _: CapacityType) -> Vec<Taint> {
        Vec::new()
    }

    /// Bottlerocket's own device plugin announces slices. The GPU operator's device plugin is told only how to share; how GPUs are cut
    /// it learns from the operator.
    fn plugin_config(&self, config: &NodePoolConfig) -> Option<PluginUse> {
        Some(match stack(config)? {
            GpuStack::Bottlerocket => PluginUse::BuiltIn,
            GpuStack::GpuOperator | GpuStack::DevicePlugin => PluginUse::ForSharing,
        })
    }

    /// Bottlerocket's own device plugin is a service of the host, and a second one breaks the GPUs of its nodes (source:
    /// bottlerocket issue 4309). The operator cuts only where it is set for it.
    fn demand(&self, config: &NodePoolConfig) -> Option<Demand> {
        match (stack(config)?, &config.mig_profile) {
            (GpuStack::Bottlerocket, _) => Some(Demand::NoDevicePlugin),
            (GpuStack::GpuOperator, Field::Unknown) => None,
            (GpuStack::GpuOperator, Field::Known(_)) => Some(Demand::MigManager),
            (GpuStack::GpuOperator, Field::Null) | (GpuStack::DevicePlugin, _) => Some(Demand::Nothing),
        }
    }

    /// Source: EKS user guide and Kubernetes documentation, "Well-Known Labels, Annotations and Taints".
    fn node_labels(&self, spec: &NodePoolSpec) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut put = |key: &str, value: &str| found.insert(key.to_owned(), value.to_owned());
        put("eks.amazonaws.com/nodegroup", &spec.name);
        put("eks.amazonaws.com/capacityType", parts::capacity_type(spec));
        for domain in ["kubernetes.io", "beta.kubernetes.io"] {
            put(&format!("{domain}/os"), "linux");
            match machines::arch(&spec.machine_type) {
                Some(Arch::X86_64) => put(&format!("{domain}/arch"), "amd64"),
                Some(Arch::Arm64) => put(&format!("{domain}/arch"), "arm64"),
                None => None,
            };
        }
        put("node.kubernetes.io/instance-type", &spec.machine_type);
        put("beta.kubernetes.io/instance-type", &spec.machine_type);
        if let Ok(place) = parts::place(&spec.cluster) {
            put("topology.kubernetes.io/region", place.region);
        }
        found
    }

    /// Auto Scaling ends instances without a word to Kubernetes (source: EKS user guide, "Managed node group update
    /// behavior", scale down).
    fn undrained(&self) -> Option<(&'static str, &'static str)> {
        Some(("eks.scale_down", "immediate"))
    }

    /// Only GPUs of the Ampere generation take a restart to turn MIG mode on (source: NVIDIA MIG user guide).
    fn mig_restarts(&self, gpu: &Gpu) -> bool {
        ["a100-", "a30-"].iter().any(|ampere| gpu.id.starts_with(ampere))
    }
}

/// Whether a configuration shares its GPUs for certain.
pub(super) fn shares(config: &NodePoolConfig) -> bool {
    config.sharing.known().is_some_and(|sharing| *sharing != Sharing::None)
}

#[cfg(test)]
mod tests;
