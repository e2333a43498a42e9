//! The labels and tags that are EKS's own or ours: refused in a configuration, hidden when a pool is read, and left
//! alone when it changes. And those by which we tell NVIDIA's components what to do and where to run.

use std::collections::BTreeMap;

use super::machines::Family;
use super::options::GpuStack;
use crate::nodepool::labels::kubernetes_own;
use crate::slicing::MigProfile;

/// Brings NVIDIA's device plugin, whose DaemonSet selects it (source: the Helm chart of NVIDIA's device plugin).
const PRESENT: (&str, &str) = ("nvidia.com/gpu.present", "true");
/// Keeps all of the GPU operator's components away (source: NVIDIA GPU operator documentation, "Preventing
/// Installation of Operands on Some Nodes").
const NO_OPERANDS: (&str, &str) = ("nvidia.com/gpu.deploy.operands", "false");
/// Keeps the GPU operator's mig-manager away (source: NVIDIA GPU operator documentation, node labels of its
/// components). Shared GPUs that mig-manager looks after restart their pods (source: gpu-operator issue 1310).
const NO_MIG_MANAGER: (&str, &str) = ("nvidia.com/gpu.deploy.mig-manager", "false");
/// What mig-manager cuts a node's GPUs into. The operator honours it when a node starts with it (source: NVIDIA GPU
/// operator v26.7.0, node labelling controller).
pub(crate) const MIG_CONFIG: &str = "nvidia.com/mig.config";

/// The domain of the labels that EKS sets itself (source: EKS user guide, "Create a managed node group").
const EKS_DOMAIN: &str = "eks.amazonaws.com";
/// Labels that NVIDIA's GPU feature discovery writes from what it finds (source: NVIDIA device plugin v0.20.0,
/// generated labels). Written by hand they would contradict it.
const DISCOVERED: &[&str] = &[
    "nvidia.com/gpu.count",
    "nvidia.com/gpu.family",
    "nvidia.com/gpu.machine",
    "nvidia.com/gpu.memory",
    "nvidia.com/gpu.mode",
    "nvidia.com/gpu.product",
    "nvidia.com/gpu.replicas",
    "nvidia.com/gpu.sharing-strategy",
    "nvidia.com/mig.capable",
    "nvidia.com/mig.config.state",
    "nvidia.com/mig.strategy",
];

/// The tag that says whether the size of a pool is fixed. EKS always shows limits, so a fixed size of 2 looks like
/// limits from 2 to 2.
pub(crate) const SIZE_TAG: &str = "gpuslice:size";
/// The tags by which the launch templates of a node group are found: the cluster's ARN and the group's name.
pub(crate) const CLUSTER_TAG: &str = "gpuslice:cluster";
pub(crate) const POOL_TAG: &str = "gpuslice:pool";
/// What every tag of ours begins with.
const OUR_TAGS: &str = "gpuslice:";
/// What AWS's own tags begin with, in any case (source: AWS documentation, "Tag naming limits and requirements").
const AWS_TAGS: &str = "aws:";
/// What the tags begin with that tell the cluster autoscaler what a node would have (source: cluster-autoscaler
/// documentation for AWS, "Auto-Discovery Setup").
pub(crate) const NODE_TEMPLATE_TAGS: &str = "k8s.io/cluster-autoscaler/node-template/";

/// The labels that a pool of this stack gets from us.
pub(crate) fn own(stack: GpuStack, profile: Option<MigProfile>) -> BTreeMap<String, String> {
    let fixed: &[(&str, &str)] = match (stack, profile) {
        (GpuStack::Bottlerocket, _) => &[NO_OPERANDS],
        (GpuStack::GpuOperator, Some(_)) => &[],
        (GpuStack::GpuOperator, None) => &[NO_MIG_MANAGER],
        (GpuStack::DevicePlugin, _) => &[PRESENT, NO_MIG_MANAGER],
    };
    let mut labels: BTreeMap<String, String> =
        fixed.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    if let (GpuStack::GpuOperator, Some(profile)) = (stack, profile) {
        labels.insert(MIG_CONFIG.to_owned(), profile.mig_config_label());
    }
    labels
}

/// The stack of a pool that runs this operating system and has these labels. On Amazon Linux only the labels tell, and
/// without any of ours it is what EKS's own guide installs.
pub(crate) fn stack(family: Family, labels: &BTreeMap<String, String>) -> GpuStack {
    let has = |(key, value): (&str, &str)| labels.get(key).is_some_and(|found| found == value);
    match family {
        Family::Bottlerocket => GpuStack::Bottlerocket,
        Family::AmazonLinux if has(PRESENT) => GpuStack::DevicePlugin,
        Family::AmazonLinux if has(NO_MIG_MANAGER) || labels.contains_key(MIG_CONFIG) => {
            GpuStack::GpuOperator
        }
        Family::AmazonLinux => GpuStack::DevicePlugin,
    }
}

/// Whether EKS adds this label to a pool or its nodes by itself.
pub(crate) fn is_system_label(key: &str) -> bool {
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    domain == EKS_DOMAIN || domain.ends_with(&format!(".{EKS_DOMAIN}"))
}

/// Why a user may not write this label; `None` where nothing forbids it.
pub(crate) fn reserved_label(key: &str) -> Option<String> {
    if is_system_label(key) {
        return Some(
            "EKS sets this label itself and refuses it in a node group. Leave it out; pods can select by those that \
             EKS sets all the same."
                .to_owned(),
        );
    }
    if key == MIG_CONFIG {
        return Some(
            "It tells the GPU operator's mig-manager how to cut GPUs, which is what mig_profile does. Leave it out."
                .to_owned(),
        );
    }
    if DISCOVERED.contains(&key) {
        return Some(
            "NVIDIA's GPU feature discovery writes it from the GPUs that it finds. Leave it out.".to_owned(),
        );
    }
    kubernetes_own(key)
}

/// Why a user may not write this tag; `None` where nothing forbids it.
pub(crate) fn reserved_tag(key: &str) -> Option<&'static str> {
    if key.get(..AWS_TAGS.len()).is_some_and(|head| head.eq_ignore_ascii_case(AWS_TAGS)) {
        Some("AWS keeps tags that begin with aws: to itself. Choose another key.")
    } else if key.starts_with(OUR_TAGS) {
        Some("Tags that begin with gpuslice: are the provider's own. Choose another key.")
    } else if key.starts_with(NODE_TEMPLATE_TAGS) {
        Some(
            "It tells the cluster autoscaler what a node would have, which eks.scale_from_zero_tags does. Leave it \
             out, or set eks.scale_from_zero_tags = false and tag the Auto Scaling group yourself.",
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_write_is_refused() {
        for key in [
            "eks.amazonaws.com/nodegroup",
            "x.eks.amazonaws.com/y",
            "kubernetes.io/arch",
            "node-role.kubernetes.io/gpu",
            MIG_CONFIG,
            "nvidia.com/gpu.product",
        ] {
            assert!(reserved_label(key).is_some(), "{key}");
        }
        for key in ["aws:x", "AWS:x", "Aws:createdBy", SIZE_TAG, "gpuslice:x"] {
            assert!(reserved_tag(key).is_some(), "{key}");
        }
        assert!(reserved_tag(&format!("{NODE_TEMPLATE_TAGS}label/x")).is_some());
    }

    #[test]
    fn what_users_need_is_allowed() {
        for key in ["team", "example.com/team", "noteks.amazonaws.com/x", "node.kubernetes.io/masq"] {
            assert_eq!(reserved_label(key), None, "{key}");
        }
        for key in ["cost", "aws", "awsome:x", "é", "k8s.io/cluster-autoscaler/enabled"] {
            assert_eq!(reserved_tag(key), None, "{key}");
        }
    }

    #[test]
    fn every_stack_is_known_by_its_labels() {
        for one in GpuStack::ALL {
            for profile in [None, Some("1g.5gb".parse().unwrap())] {
                assert_eq!(stack(Family::of_stack(one), &own(one, profile)), one, "{profile:?}");
            }
        }
        assert_eq!(stack(Family::AmazonLinux, &BTreeMap::new()), GpuStack::DevicePlugin, "somebody else's");
    }

    #[test]
    fn mig_manager_comes_only_where_it_is_to_cut() {
        let profile: MigProfile = "1g.24gb+me".parse().unwrap();
        for stack in GpuStack::ALL {
            for profile in [None, Some(profile)] {
                let labels = own(stack, profile);
                let cuts = stack == GpuStack::GpuOperator && profile.is_some();
                assert_eq!(labels.contains_key(MIG_CONFIG), cuts, "{stack:?}");
                let away = [NO_MIG_MANAGER, NO_OPERANDS].iter().any(|(key, _)| labels.contains_key(*key));
                assert_eq!(away, !cuts, "{stack:?}");
                assert!(labels.values().all(|value| !value.contains('+')), "{labels:?}");
            }
        }
    }
}
