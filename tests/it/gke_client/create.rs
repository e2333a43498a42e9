//! Creating: what is sent, what is checkpointed, what is refused.

use std::time::Duration;

use gpuslice::nodepool::pools::{ErrorKind, PendingKind};
use gpuslice::nodepool::spec::{CapacityType, Size};
use gpuslice::nodepool::{Health, NodePoolSpec};
use gpuslice::slicing::Sharing;
use serde_json::json;

use super::support::{AUTOPILOT, bench, id_of, options, ready, regional, set, slow_bench, zonal};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zonal_pool_is_made_and_gives_its_slices() {
    let bench = bench().await;
    bench.pools.preflight(&bench.call(), &zonal()).await.unwrap();
    let pool = ready(bench.create(&zonal()).await);
    assert_eq!(pool.id, id_of(&zonal()));
    assert_eq!((pool.node_count, pool.health.clone()), (Some(1), Health::Ready));
    assert_eq!((pool.labels.clone(), pool.tags.clone()), (zonal().labels, zonal().tags));
    assert_eq!((pool.gpu_taint, pool.taints.len()), (true, 0));
    assert_eq!((pool.gpu.clone(), pool.mig_profile), (Some(zonal().gpu), zonal().mig_profile));
    assert_eq!(pool.zones, set(&["us-central1-a"]));
    // What was left to GKE has come back.
    assert_eq!(pool.options.text("driver_version"), Some("DEFAULT"));
    assert_eq!(pool.options.bool("auto_repair"), Some(true));
    assert!(pool.disk_size_gb.is_some() && pool.max_pods.is_some() && pool.kubernetes_version.is_some());
    assert_eq!(bench.creates(), [200]);

    let log = bench.log.checkpoints.lock().unwrap();
    let first = log.first().unwrap();
    let pending = first.pending.as_ref().unwrap();
    assert_eq!((first.id.clone(), first.pool.is_none()), (id_of(&zonal()), true));
    assert_eq!((pending.kind, pending.location.as_str()), (PendingKind::Create, "us-central1-a"));
    assert!(pending.operation.starts_with("operation-"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slices_are_seen_on_the_nodes() {
    let bench = bench().await;
    let spec = NodePoolSpec { sharing: Sharing::TimeSlicing { replicas: 2 }, ..regional() };
    let pool = ready(bench.create(&spec).await);
    assert_eq!((pool.node_count, pool.sharing), (Some(2), spec.sharing));
    // A100 nodes restart once before their slices show.
    for _ in 0..50 {
        let nodes = bench.nodes(super::support::REGIONAL, "mig1g").await;
        assert_eq!(nodes.len(), 2);
        if nodes.iter().all(|node| node["allocatable"]["nvidia.com/gpu"] == "14") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no slices: {:?}", bench.nodes(super::support::REGIONAL, "mig1g").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_autoscaled_spot_pool_with_options() {
    let bench = bench().await;
    let spec = NodePoolSpec {
        size: Size::Autoscaling { min: 0, max: 4, initial: Some(2) },
        capacity_type: CapacityType::Spot,
        options: options(&json!({
            "location_policy": "ANY",
            "driver_version": "LATEST",
            "network_tags": ["gpu"],
            "workload_metadata_mode": "GKE_METADATA",
            "gvnic": true,
            "max_run_duration": "24h",
            "node_drain": {"pdb_timeout": "30m"},
            "blue_green": {"node_pool_soak": "1h", "batch_node_count": 1},
        })),
        ..regional()
    };
    let pool = ready(bench.create(&spec).await);
    assert_eq!(
        (pool.autoscaling, pool.node_count),
        (Some((0, 4)), None),
        "the autoscaler's count is no concern"
    );
    assert_eq!(pool.capacity_type, CapacityType::Spot);
    for (name, value) in &spec.options.0 {
        if !matches!(name.as_str(), "node_drain" | "blue_green") {
            assert_eq!(pool.options.get(name), Some(value), "{name}");
        }
    }
    assert_eq!(pool.options.object("node_drain").unwrap().text("pdb_timeout"), Some("30m"));
    assert_eq!(pool.options.object("blue_green").unwrap().number("batch_node_count"), Some(1));
    assert_eq!(bench.nodes(super::support::REGIONAL, "mig1g").await.len(), 2, "initial_nodes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_gpu_taint_it_comes_off_again() {
    let bench = bench().await;
    let spec = NodePoolSpec { gpu_taint: false, ..zonal() };
    let pool = ready(bench.create(&spec).await);
    assert!(!pool.gpu_taint);
    assert_eq!(bench.raw(&id_of(&spec)).await["config"]["taints"], json!(null));
    assert!(bench.log.warnings.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_existing_pool_is_never_taken_over() {
    let bench = bench().await;
    let spec = NodePoolSpec { name: "foreign-gpu".to_owned(), ..zonal() };
    let error = bench.pools.preflight(&bench.call(), &spec).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists(Box::new(id_of(&spec))));
    let error = bench.create(&spec).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists(Box::new(id_of(&spec))));
    assert!(bench.log.checkpoints.lock().unwrap().is_empty(), "nothing of ours is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_autopilot_cluster_and_a_missing_one_are_refused_before_anything_is_sent() {
    let bench = bench().await;
    let on = |cluster: &str| NodePoolSpec { cluster: cluster.parse().unwrap(), ..regional() };
    let error = bench.pools.preflight(&bench.call(), &on(AUTOPILOT)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.detail.contains("ComputeClass"), "{error}");
    let missing = on("projects/sandbox/locations/us-central1/clusters/nowhere");
    let error = bench.pools.preflight(&bench.call(), &missing).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::ClusterNotFound);
    assert_eq!(error.attribute.unwrap().to_string(), "cluster_id");
    assert!(bench.creates().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_gke_refuses_names_the_attribute() {
    let bench = bench().await;
    let spec = NodePoolSpec { kubernetes_version: Some("1.99".into()), ..zonal() };
    let error = bench.create(&spec).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(error.attribute.unwrap().to_string(), "kubernetes_version");
    assert!(bench.log.checkpoints.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_pools_at_once_wait_for_their_turns() {
    let bench = slow_bench(Duration::from_millis(300)).await;
    let specs: Vec<NodePoolSpec> =
        (0..6).map(|number| NodePoolSpec { name: format!("pool-{number}"), ..zonal() }).collect();
    let finished = futures_util::future::join_all(specs.iter().map(|spec| bench.create(spec))).await;
    for one in finished {
        ready(one);
    }
    // Four at a time stay below Google's limit, so nothing was refused.
    assert_eq!(bench.creates(), [200; 6]);
}
