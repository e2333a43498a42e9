//! GKE's clusters in the sandbox, and pools for them.

use std::collections::BTreeSet;
use std::time::Duration;

use gpuslice::nodepool::spec::{CapacityType, NodeGpus, SharingSwitches, Size, Upgrade};
use gpuslice::nodepool::{NodePoolSpec, Options};
use gpuslice::slicing::{Cloud, MigStrategy, Sharing};

pub(super) use crate::bench::*;

pub(super) const REGIONAL: &str = "projects/sandbox/locations/us-central1/clusters/sandbox";
pub(crate) const ZONAL: &str = "projects/sandbox/locations/us-central1-a/clusters/zonal";
pub(super) const AUTOPILOT: &str = "projects/sandbox/locations/us-central1/clusters/autopilot";

/// A sandbox with short operations.
pub(super) async fn bench() -> Bench {
    Bench::new(Cloud::Gke).await
}

/// A sandbox whose operations take this long.
pub(super) async fn slow_bench(latency: Duration) -> Bench {
    Bench::with_latency(Cloud::Gke, latency).await
}

/// One A100 in the zonal cluster, cut into seven.
pub(crate) fn zonal() -> NodePoolSpec {
    NodePoolSpec {
        cluster: ZONAL.parse().unwrap(),
        name: "mig1g".to_owned(),
        machine_type: "a2-highgpu-1g".to_owned(),
        gpu: NodeGpus {
            model: "a100-40gb".to_owned(),
            accelerator_type: Some("nvidia-tesla-a100".to_owned()),
            count: 1,
        },
        mig_profile: Some("1g.5gb".parse().unwrap()),
        mig_strategy: MigStrategy::Single,
        sharing: Sharing::None,
        switches: SharingSwitches::default(),
        size: Size::Fixed(1),
        capacity_type: CapacityType::OnDemand,
        zones: None,
        labels: map(&[("gpuslice/profile", "1g.5gb"), ("team", "ml")]),
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

/// Two A100s in two zones of the regional cluster.
pub(super) fn regional() -> NodePoolSpec {
    NodePoolSpec {
        cluster: REGIONAL.parse().unwrap(),
        zones: Some(set(&["us-central1-a", "us-central1-b"])),
        size: Size::Fixed(2),
        ..zonal()
    }
}
