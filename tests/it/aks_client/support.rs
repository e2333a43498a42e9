//! AKS's clusters in the sandbox, and pools for them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gpuslice::cloud::{ApiVersion, AzureSettings};
use gpuslice::nodepool::spec::{CapacityType, NodeGpus, SharingSwitches, Size, Upgrade};
use gpuslice::nodepool::{NodePoolSpec, Options};
use gpuslice::slicing::{Cloud, MigStrategy, Sharing};

pub(super) use crate::bench::*;

pub(super) const CLUSTER: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/Microsoft.ContainerService/managedClusters/sandbox";
pub(super) const OVERLAY: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/platform/providers/Microsoft.ContainerService/managedClusters/overlay";
pub(super) const STOPPED: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/Microsoft.ContainerService/managedClusters/stopped";
pub(super) const POOLS: &str = "/agentPools";

/// A sandbox with short operations.
pub(super) async fn bench() -> Bench {
    Bench::new(Cloud::Aks).await
}

/// A sandbox whose operations take this long.
pub(super) async fn slow_bench(latency: Duration) -> Bench {
    Bench::with_latency(Cloud::Aks, latency).await
}

/// A sandbox whose AKS is asked by the preview of its API.
pub(super) async fn preview_bench() -> Bench {
    let azure = AzureSettings { api_version: ApiVersion::Preview, ..AzureSettings::default() };
    Bench::with(Cloud::Aks, Duration::from_millis(100), azure).await
}

/// One A100 per node, cut into three.
pub(crate) fn pool() -> NodePoolSpec {
    NodePoolSpec {
        cluster: CLUSTER.parse().unwrap(),
        name: "mig2g".to_owned(),
        machine_type: "Standard_NC24ads_A100_v4".to_owned(),
        gpu: NodeGpus { model: "a100-80gb".to_owned(), accelerator_type: None, count: 1 },
        mig_profile: Some("2g.20gb".parse().unwrap()),
        mig_strategy: MigStrategy::Single,
        sharing: Sharing::None,
        switches: SharingSwitches::default(),
        size: Size::Fixed(1),
        capacity_type: CapacityType::OnDemand,
        zones: None,
        labels: map(&[
            ("gpuslice/profile", "2g.20gb"),
            ("nvidia.com/gpu.present", "true"),
            ("nvidia.com/gpu.deploy.mig-manager", "false"),
            ("team", "ml"),
        ]),
        tags: map(&[("cost", "research")]),
        taints: BTreeSet::new(),
        gpu_taint: true,
        disk_size_gb: None,
        disk_type: None,
        max_pods: None,
        kubernetes_version: None,
        upgrade: Upgrade::default(),
        options: Options::default(),
    }
}

/// Another pool beside [`pool`].
pub(super) fn named(name: &str) -> NodePoolSpec {
    NodePoolSpec { name: name.to_owned(), ..pool() }
}

/// Tags with keys in lower case: Azure takes keys that differ in case for one, and may show another case than was sent.
pub(super) fn folded(tags: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    tags.iter().map(|(key, value)| (key.to_lowercase(), value.clone())).collect()
}
