//! From an accepted create to a pool at rest: capacity, failures, interrupts, and going on with what was left.

use std::time::{Duration, Instant};

use gpuslice::nodepool::pools::{ErrorKind, IncompleteReason, Pending, PendingKind};
use gpuslice::nodepool::{Health, NodePoolSpec};
use serde_json::json;

use super::support::{CLUSTER, POOLS, bench, folded, id_of, incomplete, map, named, pool, ready, slow_bench};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lack_of_machines_leaves_a_pool_that_the_next_apply_asks_for_again() {
    for (code, wrapped) in [("AllocationFailed", "false"), ("SkuNotAvailable", "true")] {
        let bench = bench().await;
        let params = json!({"params": {"code": code, "wrapped": wrapped}});
        bench.fault("stockout", "PUT", POOLS, params.clone()).await;
        let left = incomplete(bench.create(&pool()).await);
        assert_eq!(left.reason, IncompleteReason::NoCapacity);
        assert!(left.message.contains(code), "{}", left.message);
        assert!(left.message.contains("aks.capacity_reservation_group_id"), "{}", left.message);
        assert!(left.message.contains(&left.pending.operation), "{}", left.message);
        assert!(matches!(left.pool.as_ref().unwrap().health, Health::Stalled(_)));
        // There are still none: the same pool is asked for again, and stays.
        bench.fault("stockout", "PUT", POOLS, params).await;
        let again = bench.pools.resume(&bench.call(), &id_of(&pool()), &left.pending).await;
        let again = incomplete(again);
        assert_eq!(again.reason, IncompleteReason::NoCapacity);
        assert_ne!(again.pending, left.pending, "by an operation of its own");
        assert_eq!(bench.creates(), [201, 200], "{code}: one pool, asked for twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_that_come_later_make_the_same_pool_ready() {
    let bench = bench().await;
    bench.fault("stockout", "PUT", POOLS, json!({"params": {"heal_after": "3s"}})).await;
    let left = incomplete(bench.create(&pool()).await);
    assert_eq!(left.reason, IncompleteReason::NoCapacity);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let made = ready(bench.pools.resume(&bench.call(), &id_of(&pool()), &left.pending).await);
    assert_eq!((made.id, made.labels, made.health), (id_of(&pool()), pool().labels, Health::Ready));
    assert_eq!(bench.creates(), [201, 200], "one pool, asked for twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_create_is_finished_by_the_next_apply() {
    let bench = bench().await;
    bench.fault("cancel_operation", "PUT", POOLS, json!({})).await;
    let left = incomplete(bench.create(&pool()).await);
    assert_eq!(left.reason, IncompleteReason::Unhealthy);
    assert!(left.message.contains("cancelled"), "{}", left.message);
    ready(bench.pools.resume(&bench.call(), &id_of(&pool()), &left.pending).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_fails_for_good_is_an_error_with_its_cause() {
    let bench = bench().await;
    let params = json!({"code": "LinkedAuthorizationFailed", "message": "no right on the subnet"});
    bench.fault("failed_operation", "PUT", POOLS, json!({"params": params})).await;
    let error = bench.create(&pool()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Failed);
    assert!(error.detail.contains("no right on the subnet"), "{error}");
    assert!(error.detail.contains("LinkedAuthorizationFailed"), "{error}");
    assert!(!bench.log.checkpoints.lock().unwrap().is_empty(), "the pool that is there is known");
    let seen = bench.read(&id_of(&pool())).await.unwrap();
    assert!(
        matches!(&seen.health, Health::Failed(why) if why.contains("no right on the subnet")),
        "{seen:?}"
    );

    let params = json!({"code": "ErrCode_InsufficientVCPUQuota", "message":
        "Insufficient vcpu quota requested 24, remaining 0 for family standardNCADSA100v4Family for region eastus."});
    bench.fault("failed_operation", "PUT", POOLS, json!({"params": params})).await;
    let error = bench.create(&named("other")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Quota);
    assert!(error.summary.contains("standardNCADSA100v4Family"), "{error}");

    let params = json!({"leave_pool": "false", "message": "no trace"});
    bench.fault("failed_operation", "PUT", POOLS, json!({"params": params})).await;
    let error = bench.create(&named("third")).await.unwrap_err();
    assert!(error.detail.contains("left no pool behind"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_of_telling_an_operation_is_followed() {
    for without in ["polling", "azure-asyncoperation", "location", "retry-after"] {
        let bench = bench().await;
        bench.fault("missing_headers", "PUT", POOLS, json!({"params": {"without": without}})).await;
        let made = ready(bench.create(&pool()).await);
        assert_eq!(made.health, Health::Ready, "{without}");
        bench.fault("missing_headers", "DELETE", POOLS, json!({"params": {"without": without}})).await;
        bench.pools.delete(&bench.call(), &id_of(&pool()), &pool().options).await.unwrap();
        assert_eq!(bench.read(&id_of(&pool())).await, None, "{without}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_never_sent_to_an_address_that_the_state_names() {
    let bench = bench().await;
    ready(bench.create(&pool()).await);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pending = Pending {
        operation: "1".to_owned(),
        location: format!("http://{}/operations/1", listener.local_addr().unwrap()),
        kind: PendingKind::Update,
        since: "2026-01-01T00:00:00Z".to_owned(),
    };
    let wanted = NodePoolSpec { tags: map(&[("cost", "other")]), ..pool() };
    let (call, id, prior) = (bench.call(), id_of(&pool()), pool());
    let changed = bench.pools.update(&call, &id, &prior, &wanted, Some(&pending));
    tokio::select! {
        changed = changed => assert_eq!(folded(&ready(changed).tags), wanted.tags, "the pool itself told"),
        _ = listener.accept() => panic!("somebody else was asked"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_keeps_the_pool_and_the_operation() {
    let bench = slow_bench(Duration::from_secs(4)).await;
    let call = bench.call();
    let cancelled = call.cancelled.clone();
    let begun = Instant::now();
    let spec = pool();
    let (left, ()) = tokio::join!(bench.pools.create(&call, &spec), async {
        tokio::time::sleep(Duration::from_millis(1200)).await;
        cancelled.cancel();
    });
    let left = incomplete(left);
    assert_eq!(left.reason, IncompleteReason::Interrupted);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(bench.log.pending(), [Some(left.pending.operation.clone())]);
    // The next apply ends with that same pool.
    let made = ready(bench.pools.resume(&bench.call(), &id_of(&pool()), &left.pending).await);
    assert_eq!((made.id, made.node_count), (id_of(&pool()), Some(1)));
    assert_eq!(bench.creates(), [201]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_in_the_queue_leaves_nothing() {
    let bench = slow_bench(Duration::from_secs(3)).await;
    let (first, second) = (named("first"), named("second"));
    let waiting = bench.call();
    let cancelled = waiting.cancelled.clone();
    let (made, queued, ()) = tokio::join!(
        bench.create(&first),
        async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            bench.pools.create(&waiting, &second).await
        },
        async {
            tokio::time::sleep(Duration::from_millis(900)).await;
            cancelled.cancel();
        }
    );
    ready(made);
    assert_eq!(queued.unwrap_err().kind, ErrorKind::Interrupted);
    assert_eq!(bench.creates(), [201], "only the first was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_out_names_the_operation_and_where_to_look() {
    let bench = slow_bench(Duration::from_secs(60)).await;
    let left = incomplete(bench.pools.create(&bench.call_for(Duration::from_secs(2)), &pool()).await);
    assert_eq!(left.reason, IncompleteReason::TimedOut);
    assert!(left.message.contains("within 2s"), "{}", left.message);
    assert!(left.message.contains(&left.pending.operation), "{}", left.message);
    assert!(left.message.contains("az aks nodepool show"), "{}", left.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_while_waiting_do_not_lose_the_pool() {
    let bench = bench().await;
    bench.fault("unavailable", "GET", "/operations/", json!({"times": 2})).await;
    bench.fault("drop_connection", "GET", "/operations/", json!({})).await;
    bench.fault("not_found", "GET", "/operations/", json!({})).await;
    ready(bench.create(&pool()).await);
    // A token that runs out on the way leaves a pool to go on with.
    bench.fault("unauthenticated", "GET", "/operations/", json!({"times": 100})).await;
    let left = incomplete(bench.create(&named("other")).await);
    assert_eq!(left.reason, IncompleteReason::Unreachable);
    assert!(left.message.contains("could not be asked any more"), "{}", left.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_nobody_knows_any_more_is_told_by_its_pool() {
    let bench = bench().await;
    bench.fault("not_found", "GET", "/operations/", json!({"times": 100})).await;
    ready(bench.create(&pool()).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_deleted_while_it_was_waited_for_is_an_error() {
    let bench = slow_bench(Duration::from_secs(2)).await;
    let spec = pool();
    let (result, ()) = tokio::join!(bench.create(&spec), async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        bench.act(json!({"kind": "delete_pool", "cluster": CLUSTER, "pool": "mig2g"})).await;
    });
    let error = result.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::PoolNotFound | ErrorKind::Failed), "{error}");
}
