//! What a change of an attribute does, per cloud: the one table that planning, warnings and docs read.

use crate::slicing::Cloud;

/// What happens to a pool when an attribute changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// No cloud call: only Terraform's own behaviour changes.
    None,
    /// The cloud changes the pool and its nodes stay.
    InPlace,
    /// Terraform updates the pool, but the cloud replaces or restarts all its nodes.
    Rolls,
    /// The pool is destroyed and made anew.
    Replace,
    /// The attribute does not exist on this cloud.
    Refused,
}

impl Change {
    /// The word the docs use.
    pub fn word(self) -> &'static str {
        match self {
            Change::None => "no cloud call",
            Change::InPlace => "in place",
            Change::Rolls => "rolls all nodes",
            Change::Replace => "replaces the pool",
            Change::Refused => "refused",
        }
    }
}

/// The change classes of one attribute that all clouds share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommonChange {
    /// The attribute's name.
    pub attribute: &'static str,
    /// On AKS.
    pub aks: Change,
    /// On GKE.
    pub gke: Change,
    /// On EKS.
    pub eks: Change,
}

impl CommonChange {
    /// The class on one cloud.
    pub fn on(&self, cloud: Cloud) -> Change {
        match cloud {
            Cloud::Aks => self.aks,
            Cloud::Gke => self.gke,
            Cloud::Eks => self.eks,
        }
    }
}

const fn same(attribute: &'static str, change: Change) -> CommonChange {
    CommonChange { attribute, aks: change, gke: change, eks: change }
}

/// Every settable attribute that the clouds share, of every kind of node pool.
///
/// AKS's column follows what the azurerm provider changes in place and what it makes anew, or rotates through a
/// temporary pool, of `azurerm_kubernetes_cluster_node_pool`. GKE's column follows what its API takes in an `UpdateNodePoolRequest` (source: GKE API discovery document v1)
/// and which of those make it recreate nodes (source: the Google provider's documentation of
/// `google_container_node_pool`).
pub const COMMON: &[CommonChange] = &[
    same("cluster_id", Change::Replace),
    same("name", Change::Replace),
    same("name_prefix", Change::Replace),
    same("machine_type", Change::Replace),
    same("gpu", Change::Replace),
    same("mig_profile", Change::Replace),
    same("mig_strategy", Change::InPlace),
    // On AKS another key of the device plugin's ConfigMap, which follows a label within seconds and lets pods run on
    // (source: NVIDIA k8s-device-plugin v0.20.0, `cmd/config-manager`).
    // GKE takes both in an update of the pool (source: GKE API discovery document v1, `UpdateNodePoolRequest`). Whether it
    // makes the nodes anew for it is unverified: a warning too many is the smaller harm.
    CommonChange { attribute: "replicas", aks: Change::InPlace, gke: Change::Rolls, eks: Change::Rolls },
    CommonChange {
        attribute: "sharing_strategy",
        aks: Change::InPlace,
        gke: Change::Rolls,
        eks: Change::Rolls,
    },
    same("node_count", Change::InPlace),
    same("autoscaling", Change::InPlace),
    same("capacity_type", Change::Replace),
    CommonChange { attribute: "zones", aks: Change::Replace, gke: Change::InPlace, eks: Change::Refused },
    same("labels", Change::InPlace),
    same("tags", Change::InPlace),
    same("taints", Change::InPlace),
    same("gpu_taint", Change::InPlace),
    CommonChange { attribute: "disk_size_gb", aks: Change::Replace, gke: Change::Rolls, eks: Change::Rolls },
    CommonChange { attribute: "disk_type", aks: Change::Replace, gke: Change::Rolls, eks: Change::Rolls },
    CommonChange { attribute: "max_pods", aks: Change::Replace, gke: Change::Replace, eks: Change::Rolls },
    same("kubernetes_version", Change::Rolls),
    same("upgrade", Change::InPlace),
    CommonChange {
        attribute: "device_plugin",
        aks: Change::InPlace,
        gke: Change::Refused,
        eks: Change::InPlace,
    },
    same("slice_check", Change::None),
    same("slice_check_timeout", Change::None),
    same("on_incomplete", Change::None),
    same("timeouts", Change::None),
];

/// The class of a shared attribute on a cloud; `None` for an attribute that is not in the table.
pub fn of(attribute: &str, cloud: Cloud) -> Option<Change> {
    COMMON.iter().find(|row| row.attribute == attribute).map(|row| row.on(cloud))
}
