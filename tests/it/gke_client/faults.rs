//! The bad days of a create.

use std::time::{Duration, Instant};

use gpuslice::nodepool::pools::{ErrorKind, IncompleteReason};
use gpuslice::nodepool::{Health, NodePoolSpec};
use serde_json::json;

use super::support::{ZONAL, bench, id_of, incomplete, ready, slow_bench, zonal};

const POOLS: &str = "/nodePools";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_cluster_throttling_and_the_operations_quota_are_waited_for() {
    let bench = bench().await;
    bench.fault("busy", "POST", POOLS, json!({})).await;
    bench.fault("quota_operations", "POST", POOLS, json!({})).await;
    bench.fault("throttle", "POST", POOLS, json!({"params": {"retry_after": "1s"}})).await;
    ready(bench.create(&zonal()).await);
    assert_eq!(bench.creates(), [400, 429, 429, 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_stays_busy_is_told_at_the_time_out() {
    let bench = bench().await;
    bench.fault("busy", "POST", POOLS, json!({"times": 1000})).await;
    let call = bench.call_for(Duration::from_secs(3));
    let error = bench.pools.create(&call, &zonal()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimedOut);
    assert!(error.summary.contains("within 3s: the cluster was busy"), "{error}");
    assert!(error.detail.contains("is currently upgrading cluster"), "{error}");
    assert!(bench.log.checkpoints.lock().unwrap().is_empty(), "nothing was created");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quota_as_403_and_missing_permissions_are_final_and_told_apart() {
    let bench = bench().await;
    bench.fault("quota", "POST", POOLS, json!({})).await;
    let error = bench.create(&zonal()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Quota);
    assert!(error.detail.contains("IAM & Admin > Quotas"), "{error}");
    bench.fault("permission", "POST", POOLS, json!({})).await;
    let error = bench.create(&zonal()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    bench.fault("unauthenticated", "POST", POOLS, json!({})).await;
    let error = bench.create(&zonal()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthenticated);
    assert_eq!(bench.creates(), [403, 403, 401], "each was tried once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_never_arrived_is_sent_again() {
    let bench = bench().await;
    bench.fault("drop_connection", "POST", POOLS, json!({"params": {"effect": "before"}})).await;
    ready(bench.create(&zonal()).await);
    assert_eq!(bench.creates(), [0, 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_whose_answer_was_lost_is_found_and_not_repeated() {
    for fault in ["drop_connection", "wrong_answer"] {
        let bench = bench().await;
        bench.pools.preflight(&bench.call(), &zonal()).await.unwrap();
        bench.fault(fault, "POST", POOLS, json!({"params": {"effect": "after"}})).await;
        ready(bench.create(&zonal()).await);
        assert_eq!(bench.creates().len(), 1, "{fault}");
        assert!(bench.log.pending()[0].is_some(), "its operation was found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_somebody_else_made_meanwhile_is_left_alone() {
    let bench = bench().await;
    // The same name, but not what we send: made while our connection broke.
    let theirs = NodePoolSpec { labels: Default::default(), ..zonal() };
    ready(bench.create(&theirs).await);
    bench.fault("drop_connection", "POST", POOLS, json!({"params": {"effect": "before"}})).await;
    let error = bench.create(&zonal()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists(Box::new(id_of(&zonal()))));
    // Equal to what we send, but made before we asked.
    tokio::time::sleep(Duration::from_secs(4)).await;
    bench.fault("drop_connection", "POST", POOLS, json!({"params": {"effect": "before"}})).await;
    let error = bench.create(&theirs).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists(Box::new(id_of(&zonal()))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_out_that_heals_ends_ready_without_a_second_create() {
    let bench = bench().await;
    bench.fault("stockout", "POST", POOLS, json!({"params": {"heal_after": "2s"}})).await;
    let pool = ready(bench.create(&zonal()).await);
    assert_eq!(pool.health, Health::Ready);
    assert_eq!(bench.creates(), [200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_out_that_lasts_leaves_a_pool_to_go_on_with() {
    for waits in ["error", "provisioning"] {
        let bench = bench().await;
        bench.fault("stockout", "POST", POOLS, json!({"params": {"pool": waits}})).await;
        let call = bench.call_for(Duration::from_secs(3));
        let left = incomplete(bench.pools.create(&call, &zonal()).await);
        if waits == "error" {
            assert_eq!(left.reason, IncompleteReason::NoCapacity);
            assert!(left.message.contains("STOCKOUT"), "{}", left.message);
            assert!(matches!(left.pool.as_ref().unwrap().health, Health::Pending(_)));
        } else {
            assert_eq!(left.reason, IncompleteReason::TimedOut);
        }
        assert!(left.message.contains(&left.pending.operation), "{}", left.message);
        // Machines come; the next apply goes on with the same pool.
        bench.act(json!({"kind": "set_stock", "zone": "us-central1-a", "accelerator": "nvidia-tesla-a100", "count": 100})).await;
        let resumed = bench
            .pools
            .resume(&bench.call_for(Duration::from_secs(2)), &id_of(&zonal()), &left.pending)
            .await;
        assert_eq!(incomplete(resumed).pending, left.pending, "still no machines");
        assert_eq!(bench.creates(), [200], "{waits}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_operation_with_a_pool_left_in_error() {
    let bench = bench().await;
    // For good: what the operation says never heals.
    let params = json!({"params": {"leave_pool": "true", "message": "Cluster byte size limit reached."}});
    bench.fault("failed_operation", "POST", POOLS, params).await;
    let error = bench.create(&zonal()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Failed);
    assert!(error.detail.contains("Cluster byte size limit reached."), "{error}");
    assert!(!bench.log.checkpoints.lock().unwrap().is_empty(), "the pool that is there is known");
    // For an unknown reason: GKE has been seen to get over such errors.
    let other = NodePoolSpec { name: "other".to_owned(), ..zonal() };
    let params = json!({"params": {"leave_pool": "true", "message": "Internal error."}});
    bench.fault("failed_operation", "POST", POOLS, params).await;
    let call = bench.call_for(Duration::from_secs(2));
    let left = incomplete(bench.pools.create(&call, &other).await);
    assert_eq!(left.reason, IncompleteReason::TimedOut);
    assert!(left.message.contains("Internal error."), "{}", left.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_operation_without_a_pool_is_an_error() {
    let bench = bench().await;
    let params = json!({"params": {"message": "[GCE_STOCKOUT]: no machines"}});
    bench.fault("failed_operation", "POST", POOLS, params).await;
    let error = bench.create(&zonal()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoCapacity);
    assert!(error.detail.contains("left no pool behind"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_keeps_the_pool_and_the_operation() {
    let bench = slow_bench(Duration::from_secs(3)).await;
    let call = bench.call();
    let cancelled = call.cancelled.clone();
    let begun = Instant::now();
    let spec = zonal();
    let (left, ()) = tokio::join!(bench.pools.create(&call, &spec), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        cancelled.cancel();
    });
    let left = incomplete(left);
    assert_eq!(left.reason, IncompleteReason::Interrupted);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(bench.log.pending(), [Some(left.pending.operation.clone())]);
    // The next apply ends with that same pool.
    let pool = ready(bench.pools.resume(&bench.call(), &id_of(&zonal()), &left.pending).await);
    assert_eq!((pool.id, pool.node_count), (id_of(&zonal()), Some(1)));
    assert_eq!(bench.creates(), [200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_before_the_request_creates_nothing() {
    let bench = bench().await;
    let call = bench.call();
    call.cancelled.cancel();
    let error = bench.pools.create(&call, &zonal()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Interrupted);
    assert!(bench.creates().is_empty() && bench.log.checkpoints.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_out_names_the_operation_and_where_to_look() {
    let bench = slow_bench(Duration::from_secs(30)).await;
    let left = incomplete(bench.pools.create(&bench.call_for(Duration::from_secs(2)), &zonal()).await);
    assert_eq!(left.reason, IncompleteReason::TimedOut);
    assert!(left.message.contains("within 2s"), "{}", left.message);
    assert!(
        left.message.contains(&left.pending.operation) && left.message.contains("gcloud"),
        "{}",
        left.message
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_while_waiting_do_not_lose_the_pool() {
    let bench = bench().await;
    bench.fault("unavailable", "GET", "/operations/", json!({"times": 2})).await;
    bench.fault("drop_connection", "GET", "/operations/", json!({})).await;
    ready(bench.create(&zonal()).await);
    // A token that runs out on the way leaves a pool to go on with.
    let other = NodePoolSpec { name: "other".to_owned(), ..zonal() };
    bench.fault("unauthenticated", "GET", "/operations/", json!({"times": 100})).await;
    let left = incomplete(bench.create(&other).await);
    assert_eq!(left.reason, IncompleteReason::Unreachable);
    assert!(left.message.contains("could not be asked any more"), "{}", left.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_deleted_while_it_was_waited_for_is_an_error() {
    let bench = slow_bench(Duration::from_millis(500)).await;
    let spec = zonal();
    let (result, ()) = tokio::join!(bench.create(&spec), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        bench.act(json!({"kind": "delete_pool", "cluster": ZONAL, "pool": "mig1g"})).await;
    });
    let error = result.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::PoolNotFound | ErrorKind::Failed), "{error}");
}
