//! The bad days of a create.

use std::time::Duration;

use gpuslice::nodepool::NodePoolSpec;
use gpuslice::nodepool::pools::ErrorKind;
use serde_json::json;

use super::support::{CLUSTER, POOLS, bench, id_of, pool, ready};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_cluster_and_throttling_are_waited_for() {
    let bench = bench().await;
    bench.fault("busy", "PUT", POOLS, json!({})).await;
    bench.fault("quota_operations", "PUT", POOLS, json!({})).await;
    bench.fault("throttle", "PUT", POOLS, json!({"params": {"retry_after": "1s"}})).await;
    ready(bench.create(&pool()).await);
    assert_eq!(bench.creates(), [409, 409, 429, 201]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_stays_busy_is_told_at_the_time_out() {
    let bench = bench().await;
    bench.act(json!({"kind": "occupy", "cluster": CLUSTER})).await;
    bench.fault("busy", "PUT", POOLS, json!({"times": 1000})).await;
    let error = bench.pools.create(&bench.call_for(Duration::from_secs(3)), &pool()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimedOut);
    assert!(error.summary.contains("within 3s: the cluster was busy"), "{error}");
    assert!(error.detail.contains("Another operation (Updating)"), "{error}");
    assert!(bench.log.checkpoints.lock().unwrap().is_empty(), "nothing was created");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quota_and_missing_permissions_are_final_and_told_apart() {
    let bench = bench().await;
    bench.fault("quota", "PUT", POOLS, json!({})).await;
    let error = bench.create(&pool()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Quota);
    assert!(error.summary.contains("StandardNCADSA100v4Family"), "{error}");
    assert!(error.detail.contains("Quotas > Compute"), "{error}");
    bench.fault("permission", "PUT", POOLS, json!({})).await;
    let error = bench.create(&pool()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    bench.fault("unauthenticated", "PUT", POOLS, json!({})).await;
    let error = bench.create(&pool()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthenticated);
    assert_eq!(bench.creates(), [400, 403, 401], "each was tried once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_never_arrived_is_sent_again() {
    let bench = bench().await;
    bench.fault("drop_connection", "PUT", POOLS, json!({"params": {"effect": "before"}})).await;
    ready(bench.create(&pool()).await);
    assert_eq!(bench.creates(), [0, 201]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_whose_answer_was_lost_is_found_and_not_repeated() {
    for (fault, params) in [
        ("drop_connection", json!({"effect": "after"})),
        ("wrong_answer", json!({"effect": "after"})),
        ("wrong_answer", json!({"effect": "after", "body": "empty"})),
    ] {
        let bench = bench().await;
        bench.pools.preflight(&bench.call(), &pool()).await.unwrap();
        bench.fault(fault, "PUT", POOLS, json!({"params": params})).await;
        ready(bench.create(&pool()).await);
        assert_eq!(bench.creates().len(), 1, "{fault} {params}");
        assert_eq!(bench.log.pending().len(), 1, "it is remembered");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_somebody_else_made_meanwhile_is_left_alone() {
    let bench = bench().await;
    // The same name, but not what we send.
    let theirs = NodePoolSpec { labels: Default::default(), ..pool() };
    ready(bench.create(&theirs).await);
    let before = bench.raw(&id_of(&pool())).await;
    for fault in ["drop_connection", "unavailable"] {
        bench.fault(fault, "GET", "/agentPools/mig2g", json!({})).await;
        let error = bench.create(&pool()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::AlreadyExists(Box::new(id_of(&pool()))), "{fault}: {error}");
    }
    // Equal to what we send, and there before we asked.
    let error = bench.create(&theirs).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists(Box::new(id_of(&pool()))));
    assert_eq!(bench.raw(&id_of(&pool())).await, before);
    assert_eq!(bench.creates().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_comes_between_the_look_and_the_request_is_left_alone() {
    let bench = bench().await;
    // Azure minds `If-None-Match`: the answer is that of a pool that came in between.
    bench.fault("etag_mismatch", "PUT", POOLS, json!({"params": {"status": "412"}})).await;
    let error = bench.create(&pool()).await.unwrap_err();
    assert!(error.summary.contains("keeps changing"), "nothing is there after all: {error}");
    assert!(bench.log.checkpoints.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_before_the_request_creates_nothing() {
    let bench = bench().await;
    let call = bench.call();
    call.cancelled.cancel();
    let error = bench.pools.create(&call, &pool()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Interrupted);
    assert!(bench.creates().is_empty() && bench.log.checkpoints.lock().unwrap().is_empty());
}
