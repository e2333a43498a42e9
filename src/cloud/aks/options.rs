//! The options of the `aks` object, as data: name, shape, what a change does, whether AKS fills it in, and what it
//! is for.
//!
//! What AKS refuses to change on an existing pool replaces it (source: the azurerm provider, which properties of
//! `azurerm_kubernetes_cluster_node_pool` force a new pool or a rotation through a temporary one).

use crate::nodepool::{Change, OptionKind, OptionSpec, Options};

const fn option(name: &'static str, kind: OptionKind, change: Change, about: &'static str) -> OptionSpec {
    OptionSpec { name, kind, change, computed: true, default: None, about }
}

/// Who brings the components that announce slices to Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum GpuStack {
    /// NVIDIA's device plugin, as a DaemonSet of the user's.
    #[default]
    DevicePlugin,
    /// NVIDIA's GPU operator.
    GpuOperator,
    /// AKS itself: its managed GPU pools.
    Managed,
}

impl GpuStack {
    pub(crate) const ALL: [GpuStack; 3] = [GpuStack::DevicePlugin, GpuStack::GpuOperator, GpuStack::Managed];

    /// The word in HCL.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            GpuStack::DevicePlugin => "device_plugin",
            GpuStack::GpuOperator => "gpu_operator",
            GpuStack::Managed => "managed",
        }
    }

    /// The stack of a pool with these options; `None` while it is not known.
    pub(crate) fn of(options: &Options) -> Option<Self> {
        match options.get(GPU_STACK) {
            None => Some(GpuStack::default()),
            Some(_) => {
                let word = options.text(GPU_STACK)?;
                GpuStack::ALL.into_iter().find(|stack| stack.word() == word)
            }
        }
    }
}

/// The name of the option that a [`GpuStack`] is the value of.
pub(crate) const GPU_STACK: &str = "gpu_stack";
const GPU_STACKS: &[&str] =
    &[GpuStack::DevicePlugin.word(), GpuStack::GpuOperator.word(), GpuStack::Managed.word()];
const DELETE_OR_DEALLOCATE: &[&str] = &["Delete", "Deallocate"];

/// Digits after the point of a price (source: AKS documentation, "Add an Azure Spot node pool").
const PRICE_PLACES: u32 = 5;

/// Sources of the choices and bounds: the Azure SDK's model of an agent pool; Kubernetes documentation, "Kubelet
/// Configuration (v1beta1)".
const KUBELET: &[OptionSpec] = &[
    option(
        "cpu_manager_policy",
        OptionKind::Choice(&["none", "static"]),
        Change::Replace,
        "Whether containers with whole CPUs get them for themselves.",
    ),
    option(
        "cpu_cfs_quota_enabled",
        OptionKind::Bool,
        Change::Replace,
        "Whether CPU limits are enforced. When unset true.",
    ),
    option(
        "cpu_cfs_quota_period",
        OptionKind::Duration,
        Change::Replace,
        "The period in which CPU limits are counted. When unset 100ms.",
    ),
    option(
        "image_gc_high_threshold",
        OptionKind::Number(0, 100),
        Change::Replace,
        "The disk usage in percent at which unused images are removed. When unset 85.",
    ),
    option(
        "image_gc_low_threshold",
        OptionKind::Number(0, 100),
        Change::Replace,
        "The disk usage in percent down to which unused images are removed. When unset 80.",
    ),
    option(
        "topology_manager_policy",
        OptionKind::Choice(&["none", "best-effort", "restricted", "single-numa-node"]),
        Change::Replace,
        "How CPUs and GPUs of a pod are kept on one NUMA node.",
    ),
    option(
        "allowed_unsafe_sysctls",
        OptionKind::TextSet,
        Change::Replace,
        "Unsafe sysctls that pods may set, by name or by a pattern that ends in `*`.",
    ),
    option(
        "container_log_max_size_mb",
        OptionKind::Number(1, 1_000_000),
        Change::Replace,
        "The size of a container's log at which it is rotated, in MB.",
    ),
    option(
        "container_log_max_files",
        OptionKind::Number(2, 1_000_000),
        Change::Replace,
        "How many files a container's log may have.",
    ),
    option(
        "pod_max_pids",
        OptionKind::Number(1, i32::MAX as i64),
        Change::Replace,
        "How many processes a pod may have.",
    ),
];

/// Every option of the `aks` object.
pub(crate) const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: GPU_STACK,
        kind: OptionKind::Choice(GPU_STACKS),
        change: Change::Replace,
        computed: true,
        default: Some(GpuStack::DevicePlugin.word()),
        about: "Who announces the slices: NVIDIA's device plugin or GPU operator, which you install, or AKS itself \
                on a managed GPU pool, which may need the subscription's feature ManagedGPUExperiencePreview.",
    },
    option(
        "gpu_driver",
        OptionKind::Choice(&["Install", "None"]),
        Change::Replace,
        "Whether AKS installs NVIDIA's driver. When unset it does. MIG needs the driver that AKS installs.",
    ),
    option(
        "mode",
        OptionKind::Choice(&["User", "System"]),
        Change::InPlace,
        "What the pool is for: workloads, or the cluster's own pods too. When unset User. System needs gpu_taint = \
         false and at least one node.",
    ),
    option(
        "os_sku",
        OptionKind::Choice(&["Ubuntu", "Ubuntu2204", "Ubuntu2404", "AzureLinux", "AzureLinux3"]),
        Change::Rolls,
        "The operating system of the nodes. When unset Ubuntu.",
    ),
    option(
        "vnet_subnet_id",
        OptionKind::ResourceId,
        Change::Replace,
        "The subnet of the nodes, and of their pods where pod_subnet_id is not set.",
    ),
    option("pod_subnet_id", OptionKind::ResourceId, Change::Replace, "The subnet of the pods."),
    option(
        "eviction_policy",
        OptionKind::Choice(DELETE_OR_DEALLOCATE),
        Change::Replace,
        "What happens to a spot machine that Azure takes back. Deallocated ones still count against the quota.",
    ),
    option(
        "spot_max_price",
        OptionKind::Decimal(PRICE_PLACES),
        Change::Replace,
        "The most that a spot machine may cost, in US dollars per hour; -1 is the price on demand.",
    ),
    option(
        "capacity_reservation_group_id",
        OptionKind::ResourceId,
        Change::Replace,
        "The capacity reservation group that the machines come from. The cluster's identity must be a user-assigned \
         one that may use the group.",
    ),
    option(
        "proximity_placement_group_id",
        OptionKind::ResourceId,
        Change::Replace,
        "The proximity placement group that keeps the machines close together.",
    ),
    option(
        "host_encryption_enabled",
        OptionKind::Bool,
        Change::Replace,
        "Whether caches and temporary disks are encrypted on the host.",
    ),
    option(
        "fips_enabled",
        OptionKind::Bool,
        Change::Replace,
        "Whether the nodes use an operating system with validated cryptography (FIPS).",
    ),
    option(
        "node_public_ip_enabled",
        OptionKind::Bool,
        Change::Replace,
        "Whether every node has a public IP address of its own.",
    ),
    option(
        "scale_down_mode",
        OptionKind::Choice(DELETE_OR_DEALLOCATE),
        Change::InPlace,
        "What happens to machines that are no longer needed. Deallocated ones start faster, and their disks are paid \
         for. When unset Delete.",
    ),
    option(
        "kubelet_config",
        OptionKind::Object(KUBELET),
        Change::Replace,
        "How the kubelets are configured.",
    ),
    option(
        "kubelet_disk_type",
        OptionKind::Choice(&["OS", "Temporary"]),
        Change::Replace,
        "The disk of images, logs and emptyDir volumes.",
    ),
    option(
        "drain_timeout",
        OptionKind::Duration,
        Change::InPlace,
        "How long an upgrade waits for the pods of a node to leave, in whole minutes from 5m to 24h. When unset 30m.",
    ),
    option(
        "node_soak",
        OptionKind::Duration,
        Change::InPlace,
        "How long an upgrade waits after each node, in whole minutes up to 30m. When unset 0.",
    ),
    option(
        "undrainable_node_behavior",
        OptionKind::Choice(&["Schedule", "Cordon"]),
        Change::InPlace,
        "What an upgrade does with a node that cannot be drained: leave it in use, or cordon it and replace it by a \
         surge node. When unset Schedule.",
    ),
    option(
        "snapshot_id",
        OptionKind::ResourceId,
        Change::Replace,
        "The node pool snapshot whose node image and versions are used.",
    ),
    OptionSpec {
        name: "ignore_pod_disruption_budget",
        kind: OptionKind::Bool,
        change: Change::None,
        computed: false,
        default: None,
        about: "Whether the pool is deleted without regard to PodDisruptionBudgets. It counts at the deletion only.",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::nodepool::OptionValue;

    fn each(specs: &'static [OptionSpec], prefix: &str, with: &mut dyn FnMut(String, &OptionSpec)) {
        for spec in specs {
            let name = format!("{prefix}{}", spec.name);
            with(name.clone(), spec);
            if let OptionKind::Object(inner) = spec.kind {
                each(inner, &format!("{name}."), with);
            }
        }
    }

    #[test]
    fn names_are_unique_and_every_option_is_documented() {
        let mut seen = BTreeSet::new();
        each(OPTIONS, "", &mut |name, spec| {
            assert!(spec.about.ends_with('.') && spec.about.len() > 20, "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'.')), "{name}");
            assert!(seen.insert(name.clone()), "{name} twice");
        });
    }

    #[test]
    fn the_table_of_change_classes() {
        let mut lines = Vec::new();
        each(OPTIONS, "aks.", &mut |name, spec| {
            let filled = match (spec.default, spec.computed) {
                (Some(default), _) => format!(", by default {default}"),
                (None, true) => ", filled in by AKS".to_owned(),
                (None, false) => String::new(),
            };
            lines.push(format!("{name}: {}{filled}", spec.change.word()));
        });
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn the_stack_is_the_device_plugin_unless_told_otherwise() {
        let with = |value: Option<OptionValue>| {
            let mut options = Options::default();
            options.set(GPU_STACK, value);
            GpuStack::of(&options)
        };
        assert_eq!(with(None), Some(GpuStack::DevicePlugin));
        for stack in GpuStack::ALL {
            assert_eq!(with(Some(OptionValue::Text(stack.word().to_owned()))), Some(stack));
        }
        assert_eq!(with(Some(OptionValue::Unknown)), None);
    }
}
