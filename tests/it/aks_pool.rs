//! The HCL of the node pool that the acceptance tests on AKS work on.

use crate::mig_pool::{NAME, Pool};

/// The seeded cluster.
pub(crate) const AKS: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/\
                              Microsoft.ContainerService/managedClusters/sandbox";

/// A cluster of a subscription that could be anybody's.
pub(crate) const REAL_AKS: &str = "/subscriptions/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/resourceGroups/acme-prod/\
                                   providers/Microsoft.ContainerService/managedClusters/main";

/// The machine with one A100 80GB.
pub(crate) const MACHINE: &str = "Standard_NC24ads_A100_v4";

impl Pool {
    /// One A100 80GB per node, cut into seven.
    pub(crate) fn aks() -> Self {
        Self::empty()
            .text("cluster_id", AKS)
            .text("name", NAME)
            .text("machine_type", MACHINE)
            .text("mig_profile", "1g.10gb")
    }

    /// At a cluster that nobody reaches: for plans, which need no cloud.
    pub(crate) fn real_aks() -> Self {
        Self::aks().text("cluster_id", REAL_AKS)
    }

    /// With the object of AKS's own options.
    pub(crate) fn options(self, hcl: &str) -> Self {
        self.set("aks", &format!("{{ {hcl} }}"))
    }
}
