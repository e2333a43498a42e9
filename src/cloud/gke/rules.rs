//! The plan-time rules of GKE, as the trait has them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{checks, labels, option_checks, options, parts, profiles};
use crate::nodepool::change::Ground;
use crate::nodepool::rules::{CloudRules, PluginUse, ProfileVerdict, SlicingChoice};
use crate::nodepool::spec::{CapacityType, Taint};
use crate::nodepool::{NodePoolConfig, OptionSpec, Options, Problems};
use crate::slicing::{Arch, Cloud, GPU_RESOURCE, Gpu, MigProfile, MigStrategy};

/// GKE's rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules;

impl CloudRules for Rules {
    fn cloud(&self) -> Cloud {
        Cloud::Gke
    }

    /// Machines of scarce kinds can take GKE more than an hour to find.
    fn patience(&self) -> Duration {
        Duration::from_secs(2 * 60 * 60)
    }

    fn options(&self) -> &'static [OptionSpec] {
        options::OPTIONS
    }

    fn ground(&self, _: &Options) -> Ground {
        Ground::Gke
    }

    fn check(&self, config: &NodePoolConfig, problems: &mut Problems) {
        checks::check(config, problems);
        option_checks::check(config, problems);
    }

    fn profile(&self, _: &Gpu, accelerator_type: Option<&str>, profile: &MigProfile) -> ProfileVerdict {
        profiles::verdict(accelerator_type, *profile)
    }

    /// GKE's device plugin names every slice alike, whatever its size.
    fn leaves(&self, _: Option<&Options>, _: &Gpu, _: &MigProfile) -> bool {
        true
    }

    fn resource_name(&self, _: MigStrategy, _: Option<&MigProfile>) -> String {
        GPU_RESOURCE.to_owned()
    }

    /// GKE brings its own driver and device plugin; a GPU operator in the cluster is told to stay away.
    fn own_labels(&self, _: &NodePoolConfig) -> Option<BTreeMap<String, String>> {
        Some(BTreeMap::from([("nvidia.com/gpu.deploy.operands".to_owned(), "false".to_owned())]))
    }

    fn deciding_options(&self) -> &'static [&'static str] {
        &[]
    }

    fn may_show_as(&self, _: &str, prior: &str, live: &str) -> bool {
        prior == live
    }

    fn tag_keys_ignore_case(&self) -> bool {
        false
    }

    fn reserved_label(&self, key: &str) -> Option<String> {
        labels::reserved_label(key)
    }

    fn native(&self, slicing: &SlicingChoice<'_>) -> BTreeMap<String, String> {
        let mut native = BTreeMap::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                native.insert(name.to_owned(), value);
            }
        };
        put("acceleratorType", slicing.accelerator_type.map(ToOwned::to_owned));
        put("acceleratorCount", Some(slicing.gpus_per_node.to_string()));
        put("gpuPartitionSize", slicing.profile.map(|profile| profile.label_value()));
        let sharing = parts::sharing(*slicing.sharing);
        put("gpuSharingStrategy", sharing.as_ref().and_then(|it| it.gpu_sharing_strategy.clone()));
        put(
            "maxSharedClientsPerGpu",
            sharing.and_then(|it| Some(it.max_shared_clients_per_gpu?.0.to_string())),
        );
        native
    }

    /// Blue-green upgrades and surge settings exclude each other, and so do a specific driver and all words but one.
    fn unsettled(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("gke.blue_green", "upgrade.max_surge"),
            ("gke.blue_green", "upgrade.max_unavailable"),
            ("gke.driver_version", "gke.driver_specific_version"),
            ("gke.driver_specific_version", "gke.driver_version"),
        ]
    }

    /// Arm nodes are tainted with their architecture. Spot nodes of pools that users make are only labelled, and
    /// taints are left to the user (source: GKE documentation, "Spot VMs").
    fn system_taints(&self, arch: Option<Arch>, _capacity_type: CapacityType) -> Vec<Taint> {
        match arch {
            Some(Arch::Arm64) => vec![labels::arm_taint()],
            Some(Arch::X86_64) | None => Vec::new(),
        }
    }

    fn plugin_config(&self, _: &NodePoolConfig) -> Option<PluginUse> {
        Some(PluginUse::Never)
    }

    /// Only GPUs of the Ampere generation take a reset to turn MIG mode on (source: NVIDIA MIG user guide).
    fn mig_restarts(&self, gpu: &Gpu) -> bool {
        ["a100-", "a30-"].iter().any(|ampere| gpu.id.starts_with(ampere))
    }
}

#[cfg(test)]
mod tests;
