//! Reading: gone for certain or not, coalesced, in any case.

use gpuslice::nodepool::pools::{ErrorKind, Freshness};
use gpuslice::nodepool::{ClusterId, Health, PoolId};
use serde_json::json;

use super::support::{Bench, CLUSTER, OVERLAY, POOLS, bench, id_of, pool, ready};

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
    let other_group = CLUSTER.replace("resourceGroups/sandbox", "resourceGroups/nowhere");
    for freshness in [Freshness::Live, Freshness::Coalesced] {
        assert_eq!(read(&bench, &id(CLUSTER, "foreigngpu"), freshness).await, Ok(Some(Health::Ready)));
        assert_eq!(read(&bench, &id(CLUSTER, "nowhere"), freshness).await, Ok(None), "its cluster is there");
        let missing = id(&CLUSTER.replace("managedClusters/sandbox", "managedClusters/nowhere"), "x");
        assert_eq!(
            read(&bench, &missing, freshness).await,
            Ok(None),
            "Azure says that the cluster is missing"
        );
        assert_eq!(read(&bench, &id(&other_group, "x"), freshness).await, Ok(None), "and so is a group");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forbidden_elsewhere_or_out_of_reach_is_never_gone() {
    let bench = bench().await;
    let there = id(CLUSTER, "foreigngpu");
    for freshness in [Freshness::Live, Freshness::Coalesced] {
        for (fault, params, kind) in [
            ("permission", json!({}), ErrorKind::Forbidden),
            ("unauthenticated", json!({}), ErrorKind::Unauthenticated),
            ("wrong_answer", json!({}), ErrorKind::Transport),
            ("not_found", json!({"params": {"what": "subscription"}}), ErrorKind::Forbidden),
        ] {
            bench.fault(fault, "GET", POOLS, params).await;
            assert_eq!(read(&bench, &there, freshness).await, Err(kind), "{fault}");
        }
    }
    let subscription = "00000000-0000-0000-0000-000000000000";
    let elsewhere = CLUSTER.replace(subscription, "11111111-0000-0000-0000-000000000000");
    assert_eq!(read(&bench, &id(&elsewhere, "x"), Freshness::Live).await, Err(ErrorKind::Forbidden));
    // The pool is not found, and its cluster may not be seen: an error.
    bench.fault("permission", "GET", "/managedClusters/sandbox", json!({"after": 1})).await;
    assert_eq!(read(&bench, &id(CLUSTER, "nowhere"), Freshness::Live).await, Err(ErrorKind::Forbidden));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_that_pass_are_tried_again() {
    let bench = bench().await;
    bench.fault("unavailable", "GET", POOLS, json!({"times": 2})).await;
    bench.fault("drop_connection", "GET", POOLS, json!({})).await;
    bench.fault("throttle", "GET", POOLS, json!({"params": {"retry_after": "1s"}})).await;
    assert_eq!(read(&bench, &id(CLUSTER, "foreigngpu"), Freshness::Live).await, Ok(Some(Health::Ready)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_of_many_pools_is_one_list_per_cluster() {
    let bench = bench().await;
    let before = bench.seen().len();
    let ids = [id(CLUSTER, "foreigngpu"), id(CLUSTER, "system"), id(OVERLAY, "system")];
    let reads = ids.iter().cycle().take(30).map(|id| {
        let bench = &bench;
        async move { bench.pools.read(&bench.call(), id, Freshness::Coalesced).await.unwrap().unwrap() }
    });
    assert_eq!(futures_util::future::join_all(reads).await.len(), 30);
    let paths: Vec<String> = bench.seen()[before..].iter().map(|it| it.path.clone()).collect();
    assert!(paths.len() == 2 && paths.iter().all(|path| path.ends_with(POOLS)), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_ours_ends_what_is_remembered() {
    let bench = bench().await;
    let there = || async {
        let read = bench.pools.read(&bench.call(), &id_of(&pool()), Freshness::Coalesced).await;
        read.unwrap().is_some()
    };
    assert!(!there().await);
    ready(bench.create(&pool()).await);
    assert!(there().await);
    bench.pools.delete(&bench.call(), &id_of(&pool()), &pool().options).await.unwrap();
    assert!(!there().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_are_found_in_any_case_and_names_come_back_as_azure_spells_them() {
    let bench = bench().await;
    let shouted = id(&CLUSTER.to_uppercase(), "FOREIGNGPU");
    for freshness in [Freshness::Live, Freshness::Coalesced] {
        let found = bench.pools.read(&bench.call(), &shouted, freshness).await.unwrap().unwrap();
        assert_eq!(found.id.name, "foreigngpu");
        assert_eq!(found.id.cluster, shouted.cluster);
    }
    let found = bench.pools.cluster(&bench.call(), &shouted.cluster).await.unwrap();
    let ClusterId::Aks { resource_group, cluster, .. } = found else { panic!("another cloud: {found}") };
    assert_eq!((resource_group.to_lowercase(), cluster), ("sandbox".to_owned(), "sandbox".to_owned()));
}
