//! The labels, tags and taints that are AKS's own: refused in a configuration, hidden when a pool is read, and left
//! alone when it changes. And those by which we tell NVIDIA's components where to run.

use std::collections::BTreeMap;

use super::options::GpuStack;
use crate::nodepool::labels::kubernetes_own;
use crate::nodepool::spec::{Taint, TaintEffect};

/// Brings NVIDIA's device plugin, whose DaemonSet selects it (source: the Helm chart of NVIDIA's device plugin).
const PRESENT: (&str, &str) = ("nvidia.com/gpu.present", "true");
/// Keeps all of the GPU operator's components away (source: NVIDIA GPU operator documentation, "Preventing
/// Installation of Operands on Some Nodes").
const NO_OPERANDS: (&str, &str) = ("nvidia.com/gpu.deploy.operands", "false");
/// Keeps the GPU operator's mig-manager away, which would undo what AKS has cut (source: NVIDIA GPU operator
/// documentation, node labels of its components).
const NO_MIG_MANAGER: (&str, &str) = ("nvidia.com/gpu.deploy.mig-manager", "false");
/// What mig-manager cuts a node's GPUs into.
const MIG_CONFIG: &str = "nvidia.com/mig.config";

/// The tag with which Azure makes a pool a managed GPU pool (source: AKS documentation, node auto-provisioning of
/// managed GPU nodes).
pub(crate) const MANAGED_TAG: &str = "EnableManagedGPUExperience";

/// The domain of the labels that AKS sets itself (source: AKS documentation, "Use labels", reserved prefixes).
const AKS_DOMAIN: &str = "kubernetes.azure.com";
/// The label, and the key of the taint, of spot nodes (source: AKS documentation, "Add an Azure Spot node pool").
const SPOT: &str = "kubernetes.azure.com/scalesetpriority";
/// A label in an open domain of Kubernetes that AKS sets all the same (source: AKS documentation, "Use labels").
const INSTANCE_TYPE: &str = "node.kubernetes.io/instance-type";

/// The labels that a pool of this stack gets from us.
pub(crate) fn own(stack: GpuStack) -> BTreeMap<String, String> {
    let labels: &[(&str, &str)] = match stack {
        GpuStack::DevicePlugin => &[PRESENT, NO_MIG_MANAGER],
        GpuStack::GpuOperator => &[NO_MIG_MANAGER],
        GpuStack::Managed => &[NO_OPERANDS],
    };
    labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The stack of an existing pool, from what shows: whether AKS manages its GPUs, and its labels. A pool with none of
/// our labels passes for one of the default stack.
pub(crate) fn stack(managed: bool, labels: &BTreeMap<String, String>) -> GpuStack {
    let has = |(key, value): (&str, &str)| labels.get(key).is_some_and(|found| found == value);
    if managed {
        GpuStack::Managed
    } else if has(NO_MIG_MANAGER) && !has(PRESENT) {
        GpuStack::GpuOperator
    } else {
        GpuStack::DevicePlugin
    }
}

/// Whether AKS adds this label to a pool or its nodes by itself.
pub(crate) fn is_system_label(key: &str) -> bool {
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    domain == AKS_DOMAIN || domain.ends_with(&format!(".{AKS_DOMAIN}")) || key == INSTANCE_TYPE
}

/// Why a user may not write this label; `None` where nothing forbids it.
pub(crate) fn reserved_label(key: &str) -> Option<String> {
    if is_system_label(key) {
        return Some(
            "AKS sets this label itself and refuses it in a node pool. Leave it out; pods can select by those that \
             AKS sets all the same."
                .to_owned(),
        );
    }
    if key == MIG_CONFIG {
        return Some(
            "It tells the GPU operator's mig-manager how to cut GPUs, and here AKS cuts them, by mig_profile. Leave \
             it out."
                .to_owned(),
        );
    }
    kubernetes_own(key)
}

/// The taint that AKS puts on spot nodes.
pub(crate) fn spot_taint() -> Taint {
    Taint { key: SPOT.to_owned(), value: "spot".to_owned(), effect: TaintEffect::NoSchedule }
}

/// Whether AKS adds this taint to the nodes by itself. It adds no GPU taint.
pub(crate) fn is_system_taint(taint: &Taint) -> bool {
    *taint == spot_taint()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aks_sets_is_refused_and_hidden() {
        for key in ["kubernetes.azure.com/scalesetpriority", "kubernetes.azure.com/x", INSTANCE_TYPE] {
            assert!(is_system_label(key) && reserved_label(key).is_some(), "{key}");
        }
        assert!(is_system_taint(&spot_taint()));
        assert!(!is_system_taint(&Taint::gpu()));
        assert!(!is_system_taint(&Taint { effect: TaintEffect::NoExecute, ..spot_taint() }));
    }

    #[test]
    fn reserved_domains_and_mig_manager_are_refused() {
        for key in
            ["kubernetes.io/arch", "node-role.kubernetes.io/gpu", "topology.kubernetes.io/zone", MIG_CONFIG]
        {
            assert!(reserved_label(key).is_some(), "{key}");
        }
    }

    #[test]
    fn what_users_need_is_allowed() {
        for key in [
            "team",
            "example.com/team",
            "nvidia.com/device-plugin.config",
            "notkubernetes.azure.com/x",
            "node.kubernetes.io/masq",
        ] {
            assert_eq!(reserved_label(key), None, "{key}");
        }
    }

    #[test]
    fn every_stack_is_known_by_its_labels() {
        for one in GpuStack::ALL {
            assert_eq!(stack(one == GpuStack::Managed, &own(one)), one);
        }
        assert_eq!(stack(false, &BTreeMap::new()), GpuStack::DevicePlugin);
    }
}
