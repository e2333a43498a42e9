//! Reading: gone for certain or not, coalesced, with sizes.

use std::time::Duration;

use gpuslice::nodepool::pools::{ErrorKind, Freshness};
use gpuslice::nodepool::{ClusterId, Health, NodePoolSpec, PoolId};
use serde_json::json;

use super::support::{Bench, REGIONAL, ZONAL, bench, id_of, ready, regional, zonal};

fn id(cluster: &str, name: &str) -> PoolId {
    PoolId { cluster: cluster.parse().unwrap(), name: name.to_owned() }
}

async fn read(bench: &Bench, id: &PoolId, freshness: Freshness) -> Result<Option<Health>, ErrorKind> {
    let found = bench.pools.read(&bench.call(), id, freshness).await;
    found.map(|pool| pool.map(|pool| pool.health)).map_err(|error| error.kind)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gone_means_gone_for_certain() {
    let bench = bench().await;
    for freshness in [Freshness::Live, Freshness::Coalesced] {
        assert_eq!(read(&bench, &id(ZONAL, "foreign-gpu"), freshness).await, Ok(Some(Health::Ready)));
        assert_eq!(read(&bench, &id(ZONAL, "nowhere"), freshness).await, Ok(None), "its cluster is there");
        let missing = id("projects/sandbox/locations/us-central1/clusters/nowhere", "x");
        assert_eq!(
            read(&bench, &missing, freshness).await,
            Ok(None),
            "Google says that the cluster is missing"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forbidden_or_out_of_reach_is_never_gone() {
    let bench = bench().await;
    for freshness in [Freshness::Live, Freshness::Coalesced] {
        bench.fault("permission", "GET", "/nodePools", json!({})).await;
        assert_eq!(read(&bench, &id(ZONAL, "foreign-gpu"), freshness).await, Err(ErrorKind::Forbidden));
        bench.fault("unauthenticated", "GET", "/nodePools", json!({})).await;
        assert_eq!(read(&bench, &id(ZONAL, "foreign-gpu"), freshness).await, Err(ErrorKind::Unauthenticated));
        bench.fault("wrong_answer", "GET", "/nodePools", json!({})).await;
        assert_eq!(read(&bench, &id(ZONAL, "foreign-gpu"), freshness).await, Err(ErrorKind::Transport));
    }
    // The pool is not found, and its cluster may not be seen: an error.
    bench.fault("permission", "GET", "/clusters/zonal", json!({"after": 1})).await;
    assert_eq!(read(&bench, &id(ZONAL, "nowhere"), Freshness::Live).await, Err(ErrorKind::Forbidden));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_that_pass_are_tried_again() {
    let bench = bench().await;
    bench.fault("unavailable", "GET", "/nodePools", json!({"times": 2})).await;
    bench.fault("drop_connection", "GET", "/nodePools", json!({})).await;
    bench.fault("throttle", "GET", "/nodePools", json!({"params": {"retry_after": "1s"}})).await;
    assert_eq!(read(&bench, &id(ZONAL, "foreign-gpu"), Freshness::Live).await, Ok(Some(Health::Ready)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_of_many_pools_is_one_list_and_one_look_at_each_zone() {
    let bench = bench().await;
    ready(bench.create(&regional()).await);
    let before = bench.seen().len();
    let ids = [id(REGIONAL, "mig1g"), id(REGIONAL, "foreign-gpu"), id(REGIONAL, "default-pool")];
    let reads = ids.iter().cycle().take(30).map(|id| {
        let bench = &bench;
        async move { bench.pools.read(&bench.call(), id, Freshness::Coalesced).await.unwrap().unwrap() }
    });
    let pools = futures_util::future::join_all(reads).await;
    assert_eq!(pools.len(), 30);
    assert_eq!((pools[0].node_count, pools[1].node_count, pools[2].node_count), (Some(2), Some(1), Some(3)));
    let paths: Vec<String> = bench.seen()[before..].iter().map(|it| it.path.clone()).collect();
    let lists = paths.iter().filter(|path| path.ends_with("/nodePools")).count();
    let zones = paths.iter().filter(|path| path.ends_with("/instanceGroupManagers")).count();
    assert_eq!((lists, zones, paths.len()), (1, 3, 4), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_ours_ends_what_is_remembered() {
    let bench = bench().await;
    let spec = regional();
    ready(bench.create(&spec).await);
    let count = || async {
        bench
            .pools
            .read(&bench.call(), &id_of(&spec), Freshness::Coalesced)
            .await
            .unwrap()
            .unwrap()
            .node_count
    };
    assert_eq!(count().await, Some(2));
    // Somebody else's change is not seen for ten seconds by a refresh, but at once by a live read.
    bench.act(json!({"kind": "resize", "cluster": REGIONAL, "pool": "mig1g", "node_count": 4})).await;
    assert_eq!(count().await, Some(2));
    assert_eq!(bench.read(&id_of(&spec)).await.unwrap().node_count, Some(4));
    // Ours is.
    let wanted = NodePoolSpec { labels: Default::default(), ..spec.clone() };
    ready(bench.update(&spec, &wanted).await);
    assert_eq!(count().await, Some(4));
    bench.pools.delete(&bench.call(), &id_of(&spec), &spec.options).await.unwrap();
    assert_eq!(read(&bench, &id_of(&spec), Freshness::Coalesced).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_that_may_not_be_seen_are_kept_with_one_warning() {
    let bench = bench().await;
    bench.fault("permission", "GET", "/instanceGroupManagers", json!({"times": 100})).await;
    for name in ["foreign-gpu", "default-pool"] {
        let pool = bench.read(&id(REGIONAL, name)).await.unwrap();
        assert_eq!((pool.node_count, pool.health), (None, Health::Ready));
    }
    let warnings = bench.log.warnings.lock().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("compute.instanceGroupManagers.list"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cluster_is_named_as_google_spells_it() {
    let bench = bench().await;
    let link = format!("https://container.googleapis.com/v1/{REGIONAL}");
    let cluster: ClusterId = link.parse().unwrap();
    let found = bench.pools.cluster(&bench.call(), &cluster).await.unwrap();
    assert_eq!(found.to_string(), REGIONAL);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_ends_with_its_time() {
    let bench = bench().await;
    bench.fault("slow_answer", "GET", "/nodePools", json!({"times": 9, "params": {"delay": "20s"}})).await;
    for freshness in [Freshness::Live, Freshness::Coalesced] {
        let call = bench.call_for(Duration::from_millis(500));
        let error = bench.pools.read(&call, &id(ZONAL, "foreign-gpu"), freshness).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::TimedOut);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_changes_are_shown() {
    let bench = bench().await;
    ready(bench.create(&zonal()).await);
    let pool = json!({"cluster": ZONAL, "pool": "mig1g"});
    for (kind, more) in [
        ("edit_labels", json!({"set": {"theirs": "x"}, "remove": ["team"]})),
        ("add_taint", json!({"key": "theirs", "value": "y", "effect": "NO_SCHEDULE"})),
        ("remove_taint", json!({"key": "nvidia.com/gpu"})),
        ("resize", json!({"node_count": 2})),
    ] {
        let mut actor = pool.clone();
        actor["kind"] = json!(kind);
        actor.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        bench.act(actor).await;
    }
    let pool = bench.read(&id_of(&zonal())).await.unwrap();
    assert_eq!(pool.labels.get("theirs").map(String::as_str), Some("x"));
    assert!(!pool.labels.contains_key("team") && !pool.gpu_taint);
    assert_eq!(pool.taints.iter().map(ToString::to_string).collect::<Vec<_>>(), ["theirs=y:NoSchedule"]);
    assert_eq!(pool.node_count, Some(2));
}
