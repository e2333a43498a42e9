//! What a change of an attribute does, per cloud and where need be per way of slicing: the one table that planning, warnings and docs read.

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

/// A column of the table: the pools for which one class of each attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Pools on AKS.
    Aks,
    /// Pools on GKE.
    Gke,
    /// Pools on EKS whose slices stand in the nodes' user data, which only new nodes read.
    EksBottlerocket,
    /// Pools on EKS whose slices NVIDIA's components make, which follow labels.
    EksAmazonLinux,
}

impl Ground {
    /// All of them, in the order of columns.
    pub const ALL: [Ground; 4] = [Ground::Aks, Ground::Gke, Ground::EksBottlerocket, Ground::EksAmazonLinux];

    /// The cloud.
    pub fn cloud(self) -> Cloud {
        match self {
            Ground::Aks => Cloud::Aks,
            Ground::Gke => Cloud::Gke,
            Ground::EksBottlerocket | Ground::EksAmazonLinux => Cloud::Eks,
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
    /// On EKS with Bottlerocket.
    pub bottlerocket: Change,
    /// On EKS with Amazon Linux.
    pub amazon_linux: Change,
}

impl CommonChange {
    /// The class in one column.
    pub fn on(&self, ground: Ground) -> Change {
        match ground {
            Ground::Aks => self.aks,
            Ground::Gke => self.gke,
            Ground::EksBottlerocket => self.bottlerocket,
            Ground::EksAmazonLinux => self.amazon_linux,
        }
    }
}

const fn same(attribute: &'static str, change: Change) -> CommonChange {
    each(attribute, change, change, change)
}

const fn each(attribute: &'static str, aks: Change, gke: Change, eks: Change) -> CommonChange {
    CommonChange { attribute, aks, gke, bottlerocket: eks, amazon_linux: eks }
}

/// Every settable attribute that the clouds share, of every kind of node pool.
///
/// AKS's column follows what the azurerm provider changes in place and what it makes anew, or rotates through a
/// temporary pool, of `azurerm_kubernetes_cluster_node_pool`. GKE's column follows what its API takes in an
/// `UpdateNodePoolRequest` (source: GKE API discovery document v1) and which of those make it recreate nodes (source:
/// the Google provider's documentation of `google_container_node_pool`). EKS's columns follow what its API takes in
/// `UpdateNodegroupConfig`, in place, and what stands in the launch template, whose versions reach new nodes only (source:
/// EKS API model 2017-11-01).
pub const COMMON: &[CommonChange] = &[
    same("cluster_id", Change::Replace),
    same("name", Change::Replace),
    same("name_prefix", Change::Replace),
    same("machine_type", Change::Replace),
    same("gpu", Change::Replace),
    // Bottlerocket cuts at the start of a node. With the GPU operator a profile is a label, but mig-manager does not
    // evict pods and fails on a GPU that one of them holds (source: NVIDIA mig-parted v0.15.0), so that new nodes are
    // the sound way.
    CommonChange { bottlerocket: Change::Rolls, ..same("mig_profile", Change::Replace) },
    same("mig_strategy", Change::InPlace),
    // Where NVIDIA's device plugin shares, another key of its ConfigMap, which follows a label within seconds and lets
    // pods run on (source: NVIDIA k8s-device-plugin v0.20.0, `cmd/config-manager`).
    // GKE takes both in an update of the pool (source: GKE API discovery document v1, `UpdateNodePoolRequest`). Whether it
    // makes the nodes anew for it is unverified: a warning too many is the smaller harm.
    CommonChange {
        bottlerocket: Change::Rolls,
        ..each("replicas", Change::InPlace, Change::Rolls, Change::InPlace)
    },
    CommonChange {
        bottlerocket: Change::Rolls,
        ..each("sharing_strategy", Change::InPlace, Change::Rolls, Change::InPlace)
    },
    same("node_count", Change::InPlace),
    same("autoscaling", Change::InPlace),
    same("capacity_type", Change::Replace),
    each("zones", Change::Replace, Change::InPlace, Change::Refused),
    same("labels", Change::InPlace),
    same("tags", Change::InPlace),
    same("taints", Change::InPlace),
    same("gpu_taint", Change::InPlace),
    each("disk_size_gb", Change::Replace, Change::Rolls, Change::Rolls),
    each("disk_type", Change::Replace, Change::Rolls, Change::Rolls),
    each("max_pods", Change::Replace, Change::Replace, Change::Rolls),
    same("kubernetes_version", Change::Rolls),
    same("upgrade", Change::InPlace),
    CommonChange {
        bottlerocket: Change::Rolls,
        ..each("device_plugin", Change::InPlace, Change::Refused, Change::InPlace)
    },
    same("slice_check", Change::None),
    same("slice_check_timeout", Change::None),
    same("on_incomplete", Change::None),
    same("timeouts", Change::None),
];

/// The class of a shared attribute in a column; `None` for an attribute that is not in the table.
pub fn of(attribute: &str, ground: Ground) -> Option<Change> {
    COMMON.iter().find(|row| row.attribute == attribute).map(|row| row.on(ground))
}
