//! The labels, tags, taints and metadata that are GKE's own: refused in a configuration, hidden when a pool is
//! read, and left alone when it changes.

use crate::nodepool::labels::kubernetes_own;
use crate::nodepool::spec::{Taint, TaintEffect};

/// The metadata entry that GKE adds to every pool (source: documentation of `google_container_node_pool`).
pub(crate) const LEGACY_ENDPOINTS: (&str, &str) = ("disable-legacy-endpoints", "true");

/// Node labels that GKE sets from the pool's other settings (source: Google's GKE autoscaler, system labels).
const SYSTEM_LABELS: &[&str] = &[
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-accelerator-count",
    "cloud.google.com/gke-boot-disk",
    "cloud.google.com/gke-boot-disk-size",
    "cloud.google.com/gke-confidential-nodes",
    "cloud.google.com/gke-cpu-scaling-level",
    "cloud.google.com/gke-ephemeral-storage-local-ssd",
    "cloud.google.com/gke-flex-start",
    "cloud.google.com/gke-gpu-driver-version",
    "cloud.google.com/gke-gpu-partition-size",
    "cloud.google.com/gke-gpu-sharing-strategy",
    "cloud.google.com/gke-max-pods-per-node",
    "cloud.google.com/gke-max-shared-clients-per-gpu",
    "cloud.google.com/gke-memory-gb-scaling-level",
    "cloud.google.com/gke-nodepool",
    "cloud.google.com/gke-os-distribution",
    "cloud.google.com/gke-placement-group",
    "cloud.google.com/gke-preemptible",
    "cloud.google.com/gke-provisioning",
    "cloud.google.com/gke-spot",
    "cloud.google.com/machine-family",
    "cloud.google.com/private-node",
    "cloud.google.com/requested-min-cpu-platform",
];

/// The label with which a pool gets no device plugin from GKE (source: GKE documentation, "Run the NVIDIA GPU
/// Operator on GKE").
const NO_PLUGIN: &str = "gke-no-default-nvidia-gpu-device-plugin";

/// The label with which GKE announces GPUs by Dynamic Resource Allocation (source: Google's GKE autoscaler).
const DRA_DRIVER: &str = "cloud.google.com/gke-nvidia-gpu-dra-driver";

/// Whether GKE adds this label to a node by itself.
pub(crate) fn is_system_label(key: &str) -> bool {
    SYSTEM_LABELS.contains(&key)
}

/// Why a user may not write this label; `None` where nothing forbids it.
pub(crate) fn reserved_label(key: &str) -> Option<String> {
    if is_system_label(key) {
        return Some(
            "GKE sets this label itself, from the node pool's other settings. Leave it out; pods can select by it \
             all the same."
                .to_owned(),
        );
    }
    match key {
        NO_PLUGIN => {
            return Some(
                "With this label GKE runs no device plugin on the nodes, and it is GKE's plugin that announces the \
                 slices. Leave it out."
                    .to_owned(),
            );
        }
        DRA_DRIVER => {
            return Some(
                "With this label GKE announces GPUs as ResourceSlices (DRA) and not as nvidia.com/gpu, so the \
                 planned slices would never show. Leave it out."
                    .to_owned(),
            );
        }
        _ => {}
    }
    kubernetes_own(key)
}

/// Whether Google adds this label to a cloud resource by itself.
pub(crate) fn is_system_tag(key: &str) -> bool {
    key.starts_with("goog-")
}

/// The taint that GKE puts on Arm nodes unless the pool says otherwise (source: Google's GKE autoscaler, architecture
/// taint).
pub(crate) fn arm_taint() -> Taint {
    Taint { key: "kubernetes.io/arch".to_owned(), value: "arm64".to_owned(), effect: TaintEffect::NoSchedule }
}

/// Whether GKE adds this taint to the nodes by itself, apart from the GPU taint.
///
/// Besides [`arm_taint`] it is that of pools with queued provisioning (source: Google's GKE autoscaler, provisioning
/// requests).
pub(crate) fn is_system_taint(taint: &Taint) -> bool {
    let queued = taint.key == "cloud.google.com/gke-queued"
        && taint.value == "true"
        && taint.effect == TaintEffect::NoSchedule;
    queued || *taint == arm_taint()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gke_sets_is_refused_and_hidden() {
        assert!(is_system_label("cloud.google.com/gke-nodepool"));
        assert!(reserved_label("cloud.google.com/gke-nodepool").is_some());
        assert!(is_system_tag("goog-gke-node"));
        assert!(!is_system_tag("team"));
    }

    #[test]
    fn what_users_need_is_allowed() {
        for key in [
            "team",
            "example.com/team",
            "gpuslice/profile",
            "cloud.google.com/compute-class",
            "node.kubernetes.io/masq-agent-ds-ready",
            "notkubernetes.io/x",
        ] {
            assert_eq!(reserved_label(key), None, "{key}");
        }
    }

    #[test]
    fn kubernetes_own_domains_and_plugin_switches_are_refused() {
        for key in [
            "kubernetes.io/arch",
            "node-role.kubernetes.io/gpu",
            "x.k8s.io/y",
            "gke-no-default-nvidia-gpu-device-plugin",
            "cloud.google.com/gke-nvidia-gpu-dra-driver",
        ] {
            assert!(reserved_label(key).is_some(), "{key}");
        }
    }

    #[test]
    fn only_the_taints_of_gke_are_hidden() {
        let taint = |key: &str, value: &str, effect| Taint { key: key.into(), value: value.into(), effect };
        assert!(is_system_taint(&taint("kubernetes.io/arch", "arm64", TaintEffect::NoSchedule)));
        assert!(!is_system_taint(&taint("kubernetes.io/arch", "arm64", TaintEffect::NoExecute)));
        assert!(!is_system_taint(&Taint::gpu()));
    }
}
