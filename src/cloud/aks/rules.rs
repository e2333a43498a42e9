//! The plan-time rules of AKS, as the trait has them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::options::{GPU_STACK, GpuStack};
use super::{checks, labels, option_checks, options, profiles};
use crate::nodepool::change::Ground;
use crate::nodepool::labels::CONFIG_LABEL;
use crate::nodepool::rules::{CloudRules, PluginUse, ProfileVerdict, SlicingChoice};
use crate::nodepool::spec::{CapacityType, Taint};
use crate::nodepool::{Field, NodePoolConfig, OptionSpec, Options, Problems};
use crate::slicing::{Arch, Cloud, GPU_RESOURCE, Gpu, MigProfile, MigStrategy};

/// AKS's rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules;

impl CloudRules for Rules {
    fn cloud(&self) -> Cloud {
        Cloud::Aks
    }

    /// As long as the azurerm provider waits for a node pool.
    fn patience(&self) -> Duration {
        Duration::from_secs(60 * 60)
    }

    fn options(&self) -> &'static [OptionSpec] {
        options::OPTIONS
    }

    fn ground(&self, _: &Options) -> Ground {
        Ground::Aks
    }

    fn check(&self, config: &NodePoolConfig, problems: &mut Problems) {
        checks::check(config, problems);
        option_checks::check(config, problems);
    }

    fn profile(&self, gpu: &Gpu, _: Option<&str>, profile: &MigProfile) -> ProfileVerdict {
        profiles::verdict(gpu, *profile)
    }

    /// What NVIDIA's device plugin names slices, which every stack uses (source: NVIDIA device plugin, MIG strategies).
    fn leaves(&self, _: Option<&Options>, _: &Gpu, _: &MigProfile) -> bool {
        true
    }

    fn resource_name(&self, strategy: MigStrategy, profile: Option<&MigProfile>) -> String {
        match (strategy, profile) {
            (MigStrategy::Mixed, Some(profile)) => profile.mixed_resource_name(),
            (MigStrategy::Mixed, None) | (MigStrategy::Single, _) => GPU_RESOURCE.to_owned(),
        }
    }

    fn own_labels(&self, config: &NodePoolConfig) -> Option<BTreeMap<String, String>> {
        let stack = match &config.options {
            Field::Null => GpuStack::default(),
            Field::Unknown => return None,
            Field::Known(options) => GpuStack::of(options)?,
        };
        Some(labels::own(stack))
    }

    fn deciding_options(&self) -> &'static [&'static str] {
        &["aks.gpu_stack"]
    }

    /// Only `managed` is a property of the pool. The other two stacks show by labels, and a label that was lost is to
    /// be mended in place rather than by a new pool.
    fn may_show_as(&self, name: &str, prior: &str, live: &str) -> bool {
        let managed = GpuStack::Managed.word();
        prior == live || (name == GPU_STACK && prior != managed && live != managed)
    }

    /// Source: AKS documentation, "Use Azure tags".
    fn tag_keys_ignore_case(&self) -> bool {
        true
    }

    fn reserved_label(&self, key: &str) -> Option<String> {
        labels::reserved_label(key)
    }

    /// The words of the stable API.
    fn native(&self, slicing: &SlicingChoice<'_>) -> BTreeMap<String, String> {
        let mut native = BTreeMap::new();
        if let Some(value) = slicing.profile.and_then(|profile| profiles::value(slicing.gpu, *profile)) {
            native.insert("gpuInstanceProfile".to_owned(), value.to_owned());
        }
        if GpuStack::of(slicing.options) == Some(GpuStack::Managed) {
            native.insert("gpuProfile.nvidia.managementMode".to_owned(), "Managed".to_owned());
        }
        if let Some(key) = slicing.config_key {
            native.insert(format!("nodeLabels.{CONFIG_LABEL}"), key.to_owned());
        }
        native
    }

    /// AKS replaces nodes either beside others or in the place of others, so what was there of the one contradicts
    /// what is new of the other (source: AKS documentation, "Configure rolling upgrades").
    fn unsettled(&self) -> &'static [(&'static str, &'static str)] {
        &[("upgrade.max_unavailable", "upgrade.max_surge"), ("upgrade.max_surge", "upgrade.max_unavailable")]
    }

    /// Nothing says that AKS taints Arm nodes (unverified).
    fn system_taints(&self, _: Option<Arch>, capacity_type: CapacityType) -> Vec<Taint> {
        match capacity_type {
            CapacityType::Spot => vec![labels::spot_taint()],
            CapacityType::OnDemand => Vec::new(),
        }
    }

    fn plugin_config(&self, config: &NodePoolConfig) -> Option<PluginUse> {
        let stack = match &config.options {
            Field::Null => GpuStack::default(),
            Field::Unknown => return None,
            Field::Known(options) => GpuStack::of(options)?,
        };
        Some(if stack == GpuStack::Managed { PluginUse::Never } else { PluginUse::Always })
    }

    /// A node's set-up restarts it after it has turned MIG mode on, whatever the GPU (source: `AgentBaker` of AKS, its
    /// partition script).
    fn mig_restarts(&self, _: &Gpu) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
