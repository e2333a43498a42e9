//! The HCL of the node pool that the acceptance tests on EKS work on.

use crate::mig_pool::{NAME, Pool};

/// The seeded cluster with nothing of NVIDIA's in it: for Bottlerocket.
pub(crate) const EKS: &str = "arn:aws:eks:us-east-1:000000000000:cluster/sandbox";

/// The seeded cluster with the device plugin and its ConfigMap.
pub(crate) const PLUGIN: &str = "arn:aws:eks:us-west-2:000000000000:cluster/plugin";

/// The seeded cluster with the GPU operator.
pub(crate) const OPERATOR: &str = "arn:aws:eks:us-west-2:000000000000:cluster/operator";

/// A cluster of an account that could be anybody's.
pub(crate) const REAL_EKS: &str = "arn:aws:eks:us-east-1:123456789012:cluster/main";

/// The machine with one H100, which every stack that cuts GPUs cuts.
pub(crate) const MACHINE: &str = "p5.4xlarge";

/// A subnet in the first zone of every seeded cluster's region.
pub(crate) const SUBNET: &str = "subnet-0000000000000000a";

/// What no pool on EKS can do without, and more options.
pub(crate) fn options(account: &str, more: &str) -> String {
    let comma = if more.is_empty() { "" } else { ", " };
    format!(
        "{{ node_role_arn = \"arn:aws:iam::{account}:role/node\", subnet_ids = [\"{SUBNET}\"]{comma}{more} }}"
    )
}

impl Pool {
    /// One H100 per node, cut into seven by Bottlerocket.
    pub(crate) fn eks() -> Self {
        Self::empty()
            .text("cluster_id", EKS)
            .text("name", NAME)
            .text("machine_type", MACHINE)
            .text("mig_profile", "1g.10gb")
            .with("")
    }

    /// The same at a cluster that nobody reaches: for plans, which need no cloud.
    pub(crate) fn real_eks() -> Self {
        Self::eks().text("cluster_id", REAL_EKS).set("eks", &options("123456789012", ""))
    }

    /// One A10G per node, shared by four containers, which Bottlerocket sees to.
    pub(crate) fn eks_shared() -> Self {
        Self::eks().unset("mig_profile").text("machine_type", "g5.xlarge").shared_by("4")
    }

    /// Cut by the GPU operator, at the cluster that has one.
    pub(crate) fn eks_operator() -> Self {
        Self::eks().text("cluster_id", OPERATOR).with("gpu_stack = \"gpu_operator\"")
    }

    /// Shared by the device plugin, at the cluster that has it.
    pub(crate) fn eks_plugin() -> Self {
        Self::eks_shared().text("cluster_id", PLUGIN).with("gpu_stack = \"device_plugin\"")
    }

    /// With these of EKS's own options, beside role and subnets.
    pub(crate) fn with(self, more: &str) -> Self {
        self.set("eks", &options("000000000000", more))
    }
}
