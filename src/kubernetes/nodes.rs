//! A pool's nodes, as far as slices are concerned.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, NodeSpec, NodeStatus};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::nodepool::spec::{Taint, TaintEffect};
use crate::nodepool::{ClusterId, PoolId};

/// The prefix of NVIDIA's resources.
const NVIDIA: &str = "nvidia.com/";

/// The taint of a node that the cluster autoscaler is about to delete (source: kubernetes/autoscaler).
const LEAVING: &str = "ToBeDeletedByClusterAutoscaler";

/// The label selector of a pool's nodes, by the label that its cloud puts on them.
pub fn pool_selector(pool: &PoolId) -> String {
    let label = match pool.cluster {
        ClusterId::Aks { .. } => "kubernetes.azure.com/agentpool",
        ClusterId::Gke { .. } => "cloud.google.com/gke-nodepool",
        ClusterId::Eks { .. } => "eks.amazonaws.com/nodegroup",
    };
    format!("{label}={}", pool.name)
}

/// A node.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeSeen {
    /// Its name.
    pub name: String,
    /// Whether it is ready for pods.
    pub ready: bool,
    /// Whether it is being deleted.
    pub leaving: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its taints.
    pub taints: Vec<Taint>,
    /// How many GPUs and slices of them it offers to pods, by resource; those that it once offered may be 0.
    pub slices: BTreeMap<String, u64>,
    /// The conditions other than `Ready` that hold.
    pub conditions: Vec<String>,
}

impl NodeSeen {
    /// What matters of a node.
    pub fn of(node: Node) -> Self {
        let Node { metadata, spec, status } = node;
        let NodeSpec { taints, .. } = spec.unwrap_or_default();
        let NodeStatus { allocatable, conditions, .. } = status.unwrap_or_default();
        let taints = taints.unwrap_or_default();
        let leaving =
            metadata.deletion_timestamp.is_some() || taints.iter().any(|taint| taint.key == LEAVING);
        let mut holding: Vec<String> =
            conditions.into_iter().flatten().filter(|it| it.status == "True").map(|it| it.type_).collect();
        let ready = holding.iter().any(|condition| condition == "Ready");
        holding.retain(|condition| condition != "Ready");
        let slices = allocatable.into_iter().flatten().filter(|(name, _)| is_slice(name));
        NodeSeen {
            name: metadata.name.unwrap_or_default(),
            ready,
            leaving,
            labels: metadata.labels.unwrap_or_default(),
            taints: taints
                .into_iter()
                .filter_map(|taint| {
                    let effect = TaintEffect::from_word(&taint.effect)?;
                    Some(Taint { key: taint.key, value: taint.value.unwrap_or_default(), effect })
                })
                .collect(),
            slices: slices.map(|(name, amount)| (name, whole(&amount))).collect(),
            conditions: holding,
        }
    }

    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    /// How far mig-manager is with the node's GPUs: `pending`, `rebooting`, `success` or `failed` (source: NVIDIA
    /// mig-parted v0.15.0); `None` before it has looked at them.
    pub fn mig_state(&self) -> Option<&str> {
        self.label("nvidia.com/mig.config.state").filter(|state| !state.is_empty())
    }

    /// How many of a resource it offers.
    pub fn offers(&self, resource: &str) -> u64 {
        self.slices.get(resource).copied().unwrap_or_default()
    }

    /// The GPUs and slices that it offers under other names. NVIDIA's other resources, such as network devices, do
    /// not count.
    pub fn others(&self, resource: &str) -> BTreeMap<&str, u64> {
        let others = self.slices.iter().filter(|(name, amount)| *name != resource && **amount > 0);
        others.map(|(name, amount)| (name.as_str(), *amount)).collect()
    }
}

/// Whether a resource is a GPU or a slice: `nvidia.com/gpu`, `nvidia.com/mig-…`, and both with `.shared`.
pub(super) fn is_slice(resource: &str) -> bool {
    let name = resource.strip_prefix(NVIDIA).unwrap_or_default();
    let name = name.strip_suffix(".shared").unwrap_or(name);
    name == "gpu" || name.starts_with("mig-")
}

/// A whole number of devices. Kubernetes writes it in thousands where it can.
pub(super) fn whole(amount: &Quantity) -> u64 {
    let text = amount.0.trim();
    match text.strip_suffix('k') {
        Some(thousands) => thousands.parse::<u64>().map(|it| it.saturating_mul(1000)).unwrap_or_default(),
        None => text.parse().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_matters_of_a_node_is_read() {
        let node = json!({
            "metadata": {"name": "n1", "labels": {"a": "b"}},
            "spec": {"taints": [
                {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
                {"key": "later", "effect": "Unheard"},
            ]},
            "status": {
                "allocatable": {
                    "cpu": "4", "nvidia.com/gpu": "7", "nvidia.com/mig-1g.10gb": "0", "nvidia.com/gpu.shared": "1k",
                    "nvidia.com/rdma_shared_device_a": "63", "nvidia.com/gpumem": "5",
                },
                "conditions": [
                    {"type": "Ready", "status": "True"},
                    {"type": "MemoryPressure", "status": "False"},
                    {"type": "UnhealthyNvidiaDevicePlugin", "status": "True"},
                ],
            },
        });
        let seen = NodeSeen::of(serde_json::from_value(node).unwrap());
        assert!(seen.ready && !seen.leaving);
        assert_eq!(seen.taints, [Taint::gpu()]);
        assert_eq!(seen.offers("nvidia.com/gpu"), 7);
        assert_eq!(seen.offers("nvidia.com/mig-3g.40gb"), 0);
        assert_eq!(seen.others("nvidia.com/gpu"), BTreeMap::from([("nvidia.com/gpu.shared", 1000)]));
        assert_eq!(seen.conditions, ["UnhealthyNvidiaDevicePlugin"]);
    }

    #[test]
    fn a_node_on_its_way_out_is_known() {
        for node in [
            json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}),
            json!({"metadata": {}, "spec": {"taints": [{"key": LEAVING, "effect": "NoSchedule"}]}}),
        ] {
            let seen = NodeSeen::of(serde_json::from_value(node).unwrap());
            assert!(seen.leaving && !seen.ready);
        }
    }

    #[test]
    fn each_cloud_labels_its_nodes() {
        for (id, selector) in [
            ("projects/p/locations/l/clusters/c/nodePools/n", "cloud.google.com/gke-nodepool=n"),
            (
                "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c/agentPools/n",
                "kubernetes.azure.com/agentpool=n",
            ),
            ("arn:aws:eks:us-east-1:123456789012:cluster/c:n", "eks.amazonaws.com/nodegroup=n"),
        ] {
            assert_eq!(pool_selector(&id.parse().unwrap()), selector);
        }
    }
}
