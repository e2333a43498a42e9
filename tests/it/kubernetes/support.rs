//! Clusters of the sandbox, reached as their clouds say, and pools for them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gpuslice::kubernetes::check::{Announcer, SliceCheck};
use gpuslice::kubernetes::config::{ConfigKey, PluginConfig};
use gpuslice::kubernetes::plugin::{Owner, Place, Wanted, place};
use gpuslice::kubernetes::{Cluster, KubeError, Reach};
use gpuslice::nodepool::spec::{CapacityType, NodeGpus, SharingSwitches, Size, Upgrade};
use gpuslice::nodepool::{NodePoolSpec, Options};
use gpuslice::slicing::{Cloud, MigStrategy, Sharing};
use serde_json::{Value, json};

pub(super) use crate::bench::*;

macro_rules! aks {
    ($group:literal, $name:literal) => {
        concat!(
            "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/",
            $group,
            "/providers/Microsoft.ContainerService/managedClusters/",
            $name
        )
    };
}
/// The device plugin with a ConfigMap that has one foreign key; Microsoft Entra ID.
pub(super) const CONFIGURED: &str = aks!("sandbox", "sandbox");
/// No device plugin; client certificates.
pub(super) const BARE: &str = aks!("platform", "overlay");
/// The device plugin without a ConfigMap.
pub(super) const UNCONFIGURED: &str = aks!("stacks", "plain");
/// The GPU operator.
pub(super) const OPERATOR: &str = aks!("stacks", "operator");
/// Two device plugins; client certificates.
pub(super) const TWICE: &str = aks!("stacks", "two-plugins");
/// Its API server does not answer.
pub(super) const STOPPED: &str = aks!("sandbox", "stopped");

/// How long the sandbox's operations take. Its kubelets see a changed ConfigMap within half of it.
pub(super) const LATENCY: Duration = Duration::from_millis(300);

pub(super) async fn bench(cloud: Cloud) -> Bench {
    Bench::with_latency(cloud, LATENCY).await
}

/// The cluster, with its cloud's credentials.
pub(super) async fn reach(bench: &Bench, cluster: &str) -> Cluster {
    let access = bench.pools.access(&bench.call(), &cluster.parse().unwrap()).await.unwrap();
    let cluster = Cluster::connect(&Reach::Cloud(access), "gpuslice-test").await.unwrap();
    cluster.with_kubelet_sync(LATENCY)
}

/// A fault of a cluster's API server.
pub(super) async fn kubernetes_fault(bench: &Bench, kind: &str, matched: Value, more: Value) {
    let mut matched = matched;
    matched["cloud"] = json!("kubernetes");
    let mut fault = json!({"match": matched});
    fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    bench.fault(kind, "", "", fault).await;
}

pub(super) fn time_slicing(replicas: u32) -> ConfigKey {
    ConfigKey::of(&PluginConfig {
        mig_strategy: None,
        sharing: Sharing::TimeSlicing { replicas },
        resource: "nvidia.com/gpu".to_owned(),
        rename: false,
        fail_requests_greater_than_one: true,
    })
    .unwrap()
}

pub(super) fn mig_single() -> ConfigKey {
    ConfigKey::of(&PluginConfig {
        mig_strategy: Some(MigStrategy::Single),
        sharing: Sharing::None,
        resource: "nvidia.com/gpu".to_owned(),
        rename: false,
        fail_requests_greater_than_one: true,
    })
    .unwrap()
}

/// One T4 per node on AKS, for the device plugin and this key.
pub(super) fn pool(cluster: &str, name: &str, key: &ConfigKey) -> NodePoolSpec {
    NodePoolSpec {
        cluster: cluster.parse().unwrap(),
        name: name.to_owned(),
        machine_type: "Standard_NC4as_T4_v3".to_owned(),
        gpu: NodeGpus { model: "t4".to_owned(), accelerator_type: None, count: 1 },
        mig_profile: None,
        mig_strategy: MigStrategy::Single,
        sharing: Sharing::None,
        switches: SharingSwitches::default(),
        size: Size::Fixed(1),
        capacity_type: CapacityType::OnDemand,
        zones: None,
        labels: labels(key),
        tags: BTreeMap::new(),
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

pub(super) fn labels(key: &ConfigKey) -> BTreeMap<String, String> {
    map(&[("nvidia.com/gpu.present", "true"), ("nvidia.com/device-plugin.config", &key.name)])
}

/// The check that a pool of that kind has four slices of each T4.
pub(super) fn shared_by_four(spec: &NodePoolSpec, place: &Place, key: &ConfigKey) -> SliceCheck {
    SliceCheck {
        pool: id_of(spec),
        resource: "nvidia.com/gpu".to_owned(),
        per_node: 4,
        gpus: 1,
        nodes: Some(1),
        mig: None,
        sharing: Sharing::TimeSlicing { replicas: 4 },
        mig_manager: None,
        announcer: Announcer::DevicePlugin { key: Some((place.clone(), key.clone())) },
        taints: Vec::new(),
        timeout: Duration::from_secs(20),
    }
}

pub(super) fn owner(spec: &NodePoolSpec) -> Owner {
    Owner::of(&id_of(spec))
}

/// Where the cluster's plugin reads.
pub(super) async fn place(bench: &Bench, cluster: &Cluster) -> Result<Place, KubeError> {
    let installed = cluster.installed(&bench.call()).await.unwrap();
    place::choose(&Wanted::default(), &installed)
}

/// What all nodes outside a pool offer, by name.
pub(super) async fn foreign(bench: &Bench, cluster: &str, pool: &str) -> BTreeMap<String, Value> {
    let nodes = bench.all_nodes(cluster).await;
    let foreign = nodes.iter().filter(|node| node["pool"] != pool);
    foreign.map(|node| (node["name"].as_str().unwrap().to_owned(), node["allocatable"].clone())).collect()
}
