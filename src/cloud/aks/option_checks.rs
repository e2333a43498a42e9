//! AKS's rules about the `aks` object: which options need each other, and which exclude each other.
//!
//! Sources: AKS documentation, "Use multi-instance GPU node pools", "Managed GPU nodes", "Manage system node pools",
//! "Add an Azure Spot node pool", "Configure rolling upgrades", "Use Scale-down Mode"; the azurerm provider's checks
//! of `azurerm_kubernetes_cluster_node_pool`; the Azure SDK's model of an agent pool.

use super::options::{GPU_STACK, GpuStack};
use super::{machines, places};
use crate::duration::GoDuration;
use crate::nodepool::gpu::NodeSlicing;
use crate::nodepool::spec::{CapacityType, TaintEffect};
use crate::nodepool::{NodePoolConfig, Options, Path, Problems, Severity};
use crate::slicing::{MigStrategy, Sharing};

/// Options that are lengths of time in whole minutes, with the least and the most of them (source: AKS
/// documentation, "Configure rolling upgrades").
const MINUTES: [(&str, &str, &str); 2] = [("drain_timeout", "5m", "24h"), ("node_soak", "0m", "30m")];

/// Options that are ids, and of what.
const IDS: [(&str, places::ResourceType); 5] = [
    ("vnet_subnet_id", places::SUBNET),
    ("pod_subnet_id", places::SUBNET),
    ("capacity_reservation_group_id", places::CAPACITY_RESERVATION_GROUP),
    ("proximity_placement_group_id", places::PROXIMITY_PLACEMENT_GROUP),
    ("snapshot_id", places::SNAPSHOT),
];

/// Adds what breaks a rule.
pub(crate) fn check(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(options) = config.options.known() else { return };
    let wish = Wish { config, options };
    wish.stack(problems);
    wish.driver(problems);
    wish.system(problems);
    wish.spot(problems);
    wish.operating_system(problems);
    wish.scale_down(problems);
    wish.kubelet(problems);
    wish.ids(problems);
    wish.minutes(problems);
}

/// A configuration with known options.
struct Wish<'a> {
    config: &'a NodePoolConfig,
    options: &'a Options,
}

impl Wish<'_> {
    fn is_spot(&self) -> bool {
        self.config.capacity_type.known() == Some(&CapacityType::Spot)
    }

    fn stack(&self, problems: &mut Problems) {
        if GpuStack::of(self.options) != Some(GpuStack::Managed) {
            return;
        }
        if self.config.mig_strategy.known() == Some(&MigStrategy::Mixed) {
            problems.error(
                "mig_strategy",
                "Managed GPU pools have no mixed strategy",
                "With gpu_stack = \"managed\" AKS runs the device plugin, and this version of the provider has it \
                 announce every slice as nvidia.com/gpu. Remove mig_strategy, or choose another gpu_stack.",
            );
        }
        if self.config.sharing.known().is_some_and(|sharing| *sharing != Sharing::None) {
            problems.error(
                &format!("aks.{GPU_STACK}"),
                "Managed GPU pools do not share GPUs",
                "AKS gives the device plugin of managed GPU pools no configuration, so it can neither slice by time \
                 nor use MPS. Set gpu_stack to \"device_plugin\" or \"gpu_operator\".",
            );
        }
        let second = self.config.labels.known().into_iter().flatten();
        for (key, _) in second.filter(|(key, _)| key.as_str() == "nvidia.com/gpu.present") {
            problems.push(
                Severity::Error,
                Path::of("labels").key(key),
                format!("The label {key:?} brings a second device plugin"),
                "With gpu_stack = \"managed\" AKS runs the device plugin on the nodes, and NVIDIA's DaemonSet, which \
                 this label brings, would announce every slice once more. Remove the label."
                    .to_owned(),
            );
        }
    }

    fn driver(&self, problems: &mut Problems) {
        if self.options.text("gpu_driver") != Some("None") {
            return;
        }
        if self.config.mig_profile.is_written() {
            problems.error(
                "aks.gpu_driver",
                "Without AKS's driver nothing is cut",
                "AKS cuts GPUs with the driver that it installs itself, and mig-manager, which could do it later, is \
                 kept away from these nodes. Remove gpu_driver, or set it to \"Install\".",
            );
        } else if GpuStack::of(self.options) == Some(GpuStack::Managed) {
            problems.error(
                "aks.gpu_driver",
                "Managed GPU pools have AKS's driver",
                "With gpu_stack = \"managed\" AKS installs the driver whatever gpu_driver says. Remove gpu_driver, or \
                 set it to \"Install\".",
            );
        }
    }

    fn system(&self, problems: &mut Problems) {
        if self.options.text("mode") != Some("System") {
            return;
        }
        if self.config.gpu_taint.known_or(true) == Some(true) {
            problems.error(
                "aks.mode",
                "A system pool does not go with the GPU taint",
                "mode = \"System\" is for nodes that the cluster's own pods run on, and gpu_taint = true (the \
                 default) keeps them away. Set mode to \"User\", or gpu_taint = false.",
            );
        }
        let keeps_away = |effect| matches!(effect, TaintEffect::NoSchedule | TaintEffect::NoExecute);
        let taints = self.config.taints.known().into_iter().flatten();
        for taint in taints.filter(|it| keeps_away(it.effect) && it.key != "CriticalAddonsOnly") {
            problems.warning(
                "taints",
                format!("The taint {taint} keeps the cluster's own pods away"),
                "A system pool is for pods such as CoreDNS, and of the taints that keep pods away they tolerate \
                 CriticalAddonsOnly alone. Remove the taint, or set mode to \"User\".",
            );
        }
        if self.is_spot() {
            problems.error(
                "aks.mode",
                "A system pool is never spot",
                "AKS takes spot machines for user pools only. Set mode to \"User\", or capacity_type to \"on_demand\".",
            );
        }
    }

    fn spot(&self, problems: &mut Problems) {
        let on_demand =
            self.config.capacity_type.known_or(CapacityType::OnDemand) == Some(CapacityType::OnDemand);
        for name in ["eviction_policy", "spot_max_price"] {
            if on_demand && self.options.get(name).is_some() {
                problems.error(
                    &format!("aks.{name}"),
                    format!("{name} is for spot machines"),
                    "Set capacity_type = \"spot\", or remove it.",
                );
            }
        }
        if let Some(price) = self.options.decimal("spot_max_price")
            && !price.is_positive()
            && price != (-1).into()
        {
            problems.error(
                "aks.spot_max_price",
                format!("Azure takes no price of {price}"),
                "Write a price above 0 in US dollars per hour, or -1 for at most the price on demand.",
            );
        }
        if self.is_spot() && self.options.get("capacity_reservation_group_id").is_some() {
            // Azure's documentation of capacity reservations excludes spot machines [unverified].
            problems.warning(
                "aks.capacity_reservation_group_id",
                "A reservation may not go with spot machines",
                "Reserved machines are had on demand. Remove one of the two if Azure refuses the pool.",
            );
        }
    }

    fn operating_system(&self, problems: &mut Problems) {
        let Some(system) = self.options.text("os_sku").filter(|name| name.starts_with("AzureLinux")) else {
            return;
        };
        let Some(slicing) = NodeSlicing::of(self.config).filter(|it| it.gpu.has_mig()) else { return };
        if self.config.mig_profile.is_written() && !machines::mig_on_azure_linux(&slicing.gpu.id) {
            problems.warning(
                "aks.os_sku",
                format!("MIG on {system} is not confirmed for the {}", slicing.gpu.name),
                "AKS has announced MIG on Azure Linux for A100 machines only. Use Ubuntu, or compare the nodes' \
                 allocatable resources with the planned slices after the apply.",
            );
        }
    }

    fn scale_down(&self, problems: &mut Problems) {
        let ephemeral = self.config.disk_type.known().is_some_and(|kind| kind == "Ephemeral");
        if self.options.text("scale_down_mode") == Some("Deallocate") && ephemeral {
            problems.error(
                "aks.scale_down_mode",
                "An ephemeral disk does not survive deallocation",
                "A machine that is deallocated loses its host, and an ephemeral boot disk is on the host. Set \
                 disk_type to \"Managed\", or scale_down_mode to \"Delete\".",
            );
        }
    }

    fn kubelet(&self, problems: &mut Problems) {
        let Some(kubelet) = self.options.object("kubelet_config") else { return };
        let (low, high) =
            (kubelet.number("image_gc_low_threshold"), kubelet.number("image_gc_high_threshold"));
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            problems.error(
                "aks.kubelet_config.image_gc_low_threshold",
                "Images could never be removed",
                format!(
                    "Images are removed from a disk usage of {high} % on, down to {low} %, which is more. Lower \
                     image_gc_low_threshold below image_gc_high_threshold."
                ),
            );
        }
    }

    fn ids(&self, problems: &mut Problems) {
        for (name, kind) in IDS {
            let Some(text) = self.options.text(name).filter(|text| !kind.is_id(text)) else { continue };
            problems.error(
                &format!("aks.{name}"),
                format!("{text:?} is not the id of {}", kind.called),
                format!("Write {}.<name>.id, which reads {}.", kind.resource, kind.form()),
            );
        }
    }

    fn minutes(&self, problems: &mut Problems) {
        let length = |text: &str| text.parse::<GoDuration>().ok();
        for (name, least, most) in MINUTES {
            let Some(written) = self.options.text(name).and_then(length) else { continue };
            let path = format!("aks.{name}");
            if written.0.subsec_nanos() != 0 || written.0.as_secs() % 60 != 0 {
                problems.error(
                    &path,
                    "AKS counts in whole minutes",
                    "Write a number of minutes or hours, such as \"10m\".",
                );
            } else if Some(written) < length(least) || Some(written) > length(most) {
                problems.error(
                    &path,
                    "AKS does not allow this length of time",
                    format!("Write from \"{least}\" to \"{most}\"."),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
