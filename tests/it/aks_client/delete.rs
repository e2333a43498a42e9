//! Deleting.

use std::time::Duration;

use gpuslice::nodepool::Options;
use gpuslice::nodepool::pools::{ErrorKind, PendingKind};
use serde_json::json;

use super::support::{CLUSTER, POOLS, bench, id_of, options, pool, ready, slow_bench};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_is_deleted_and_what_is_gone_is_a_success() {
    let bench = bench().await;
    ready(bench.create(&pool()).await);
    let (id, plain) = (id_of(&pool()), Options::default());
    bench.pools.delete(&bench.call(), &id, &plain).await.unwrap();
    assert_eq!(bench.read(&id).await, None);
    let last = bench.log.checkpoints.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last.pending.unwrap().kind, PendingKind::Delete);
    bench.pools.delete(&bench.call(), &id, &plain).await.unwrap();
    bench.act(json!({"kind": "delete_cluster", "cluster": CLUSTER})).await;
    bench.pools.delete(&bench.call(), &id, &plain).await.unwrap();
    let queries: Vec<String> =
        bench.seen().into_iter().filter(|it| it.method == "DELETE").map(|it| it.query).collect();
    assert_eq!(queries, ["api-version=2026-08-01"; 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn budgets_are_passed_over_only_when_asked_to() {
    let bench = bench().await;
    ready(bench.create(&pool()).await);
    let ignoring = options(&json!({"ignore_pod_disruption_budget": true}));
    bench.pools.delete(&bench.call(), &id_of(&pool()), &ignoring).await.unwrap();
    let sent = bench.seen().into_iter().find(|it| it.method == "DELETE").unwrap();
    assert!(sent.query.contains("ignore-pod-disruption-budget=true"), "{}", sent.query);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_cluster_is_waited_for_and_a_failed_delete_is_sent_again() {
    let bench = bench().await;
    ready(bench.create(&pool()).await);
    bench.fault("busy", "DELETE", POOLS, json!({"times": 2})).await;
    let once = json!({"after": 2, "params": {"message": "no luck"}});
    bench.fault("failed_operation", "DELETE", POOLS, once).await;
    bench.pools.delete(&bench.call(), &id_of(&pool()), &Options::default()).await.unwrap();
    assert_eq!(bench.read(&id_of(&pool())).await, None);

    ready(bench.create(&pool()).await);
    let always = json!({"times": 100, "params": {"message": "a pod cannot be evicted"}});
    bench.fault("failed_operation", "DELETE", POOLS, always).await;
    let error = bench.pools.delete(&bench.call(), &id_of(&pool()), &Options::default()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Failed);
    assert!(
        error.summary.contains("could not delete") && error.detail.contains("cannot be evicted"),
        "{error}"
    );
    assert!(error.detail.contains("ignore_pod_disruption_budget"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_delete_says_that_aks_goes_on() {
    let bench = slow_bench(Duration::from_secs(2)).await;
    ready(bench.create(&pool()).await);
    let call = bench.call();
    let cancelled = call.cancelled.clone();
    let (id, plain) = (id_of(&pool()), Options::default());
    let (result, ()) = tokio::join!(bench.pools.delete(&call, &id, &plain), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        cancelled.cancel();
    });
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Interrupted);
    assert!(error.detail.contains("goes on with it: operation "), "{error}");
    bench.pools.delete(&bench.call(), &id, &plain).await.unwrap();
    assert_eq!(bench.read(&id).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forbidden_or_elsewhere_is_an_error_and_no_success() {
    let bench = bench().await;
    ready(bench.create(&pool()).await);
    for (fault, params, kind) in [
        ("permission", json!({}), ErrorKind::Forbidden),
        ("not_found", json!({"params": {"what": "subscription"}}), ErrorKind::Forbidden),
        ("unauthenticated", json!({}), ErrorKind::Unauthenticated),
    ] {
        bench.fault(fault, "DELETE", POOLS, params).await;
        let deleted = bench.pools.delete(&bench.call(), &id_of(&pool()), &Options::default()).await;
        let error = deleted.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
    assert!(bench.read(&id_of(&pool())).await.is_some());
}
