//! Deleting.

use std::time::Duration;

use gpuslice::nodepool::Options;
use gpuslice::nodepool::pools::{ErrorKind, PendingKind};
use serde_json::json;

use super::support::{ZONAL, bench, id_of, ready, slow_bench, zonal};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_is_deleted_and_what_is_gone_is_a_success() {
    let bench = bench().await;
    ready(bench.create(&zonal()).await);
    bench.pools.delete(&bench.call(), &id_of(&zonal()), &Options::default()).await.unwrap();
    assert_eq!(bench.read(&id_of(&zonal())).await, None);
    assert!(bench.nodes(ZONAL, "mig1g").await.is_empty());
    let last = bench.log.checkpoints.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last.pending.unwrap().kind, PendingKind::Delete);
    bench.pools.delete(&bench.call(), &id_of(&zonal()), &Options::default()).await.unwrap();
    assert_eq!(bench.changes(), ["POST nodePools", "DELETE mig1g"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_gke_is_working_on_is_deleted_in_its_turn() {
    let bench = slow_bench(Duration::from_millis(1500)).await;
    ready(bench.create(&zonal()).await);
    bench.act(json!({"kind": "occupy", "cluster": ZONAL, "pool": "mig1g"})).await;
    bench.pools.delete(&bench.call(), &id_of(&zonal()), &Options::default()).await.unwrap();
    let deletes = bench.seen();
    let deletes: Vec<u64> = deletes.iter().filter(|it| it.method == "DELETE").map(|it| it.status).collect();
    assert_eq!((deletes[0], deletes.last()), (400, Some(&200)), "{deletes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_and_failed_operations_are_tried_again() {
    let bench = bench().await;
    ready(bench.create(&zonal()).await);
    bench.fault("drop_connection", "DELETE", "mig1g", json!({"params": {"effect": "after"}})).await;
    bench.pools.delete(&bench.call(), &id_of(&zonal()), &Options::default()).await.unwrap();
    ready(bench.create(&zonal()).await);
    bench.fault("failed_operation", "DELETE", "mig1g", json!({"params": {"message": "no luck"}})).await;
    bench.pools.delete(&bench.call(), &id_of(&zonal()), &Options::default()).await.unwrap();
    assert_eq!(bench.read(&id_of(&zonal())).await, None);
    ready(bench.create(&zonal()).await);
    bench
        .fault("failed_operation", "DELETE", "mig1g", json!({"times": 9, "params": {"message": "no luck"}}))
        .await;
    let error = bench.pools.delete(&bench.call(), &id_of(&zonal()), &Options::default()).await.unwrap_err();
    assert!(error.summary.contains("could not delete") && error.detail.contains("no luck"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_delete_says_that_gke_goes_on() {
    let bench = slow_bench(Duration::from_secs(1)).await;
    ready(bench.create(&zonal()).await);
    let call = bench.call();
    let cancelled = call.cancelled.clone();
    let (id, options) = (id_of(&zonal()), Options::default());
    let (result, ()) = tokio::join!(bench.pools.delete(&call, &id, &options), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancelled.cancel();
    });
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Interrupted);
    assert!(error.detail.contains("goes on with it: operation operation-"), "{error}");
    bench.pools.delete(&bench.call(), &id, &options).await.unwrap();
    assert_eq!(bench.read(&id).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forbidden_delete_is_an_error_and_no_success() {
    let bench = bench().await;
    ready(bench.create(&zonal()).await);
    bench.fault("permission", "DELETE", "mig1g", json!({})).await;
    let error = bench.pools.delete(&bench.call(), &id_of(&zonal()), &Options::default()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(bench.read(&id_of(&zonal())).await.is_some());
}
