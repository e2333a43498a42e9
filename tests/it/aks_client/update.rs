//! Updating: each attribute, beside others who change the pool too.

use std::time::Duration;

use gpuslice::nodepool::pools::{ErrorKind, IncompleteReason};
use gpuslice::nodepool::spec::{Amount, Size, Taint, TaintEffect, Upgrade};
use gpuslice::nodepool::{NodePool, NodePoolSpec};
use serde_json::json;

use super::support::{
    Bench, CLUSTER, POOLS, bench, folded, id_of, incomplete, map, named, options, pool, ready, slow_bench,
};

fn taint(key: &str, value: &str) -> Taint {
    Taint { key: key.into(), value: value.into(), effect: TaintEffect::NoSchedule }
}

/// Creates `prior`, changes it to `wanted`, and returns the pool, whether its nodes stayed, and how many requests it
/// took.
async fn change(prior: &NodePoolSpec, wanted: &NodePoolSpec) -> (NodePool, bool, usize) {
    let bench = bench().await;
    ready(bench.create(prior).await);
    let before = bench.uids(CLUSTER, &prior.name).await;
    let sent = bench.changes().len();
    let changed = ready(bench.update(prior, wanted).await);
    let after = bench.uids(CLUSTER, &prior.name).await;
    // A checkpoint with the pool as seen ends every step.
    let last = bench.log.checkpoints.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last.pending, None);
    assert!(last.pool.is_some());
    let kept = before.intersection(&after).count() == before.len().min(after.len());
    (changed, kept, bench.changes().len() - sent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_replaces_no_node_goes_in_one_request() {
    let wanted = NodePoolSpec {
        labels: map(&[("gpuslice/profile", "2g.20gb"), ("nvidia.com/gpu.present", "true"), ("owner", "x")]),
        tags: map(&[("cost", "other")]),
        taints: [taint("team", "ml")].into(),
        size: Size::Fixed(2),
        upgrade: Upgrade { max_surge: Some(Amount::Percent(50)), max_unavailable: None },
        options: options(&json!({"drain_timeout": "45m", "scale_down_mode": "Deallocate"})),
        ..pool()
    };
    let (changed, kept, requests) = change(&pool(), &wanted).await;
    assert!(kept, "no node was replaced");
    assert_eq!(
        (changed.labels, folded(&changed.tags), changed.taints),
        (wanted.labels, wanted.tags, wanted.taints)
    );
    assert_eq!((changed.gpu_taint, changed.node_count), (true, Some(2)));
    assert_eq!(changed.upgrade.max_surge, Some(Amount::Percent(50)));
    assert_eq!(changed.options.text("drain_timeout"), Some("45m"));
    assert_eq!(changed.options.text("scale_down_mode"), Some("Deallocate"));
    assert_eq!(requests, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_and_autoscaling_in_place() {
    let scaled = NodePoolSpec { size: Size::Autoscaling { min: 0, max: 4, initial: None }, ..pool() };
    let (changed, kept, requests) = change(&pool(), &scaled).await;
    assert_eq!((changed.autoscaling, kept, requests), (Some((0, 4)), true, 1));
    // Back to a fixed number, which is more than there was.
    let prior = NodePoolSpec { size: Size::Autoscaling { min: 1, max: 4, initial: None }, ..pool() };
    let fixed = NodePoolSpec { size: Size::Fixed(3), ..pool() };
    let (changed, _, requests) = change(&prior, &fixed).await;
    assert_eq!((changed.autoscaling, changed.node_count, requests), (None, Some(3), 1));
    let narrower = NodePoolSpec { size: Size::Autoscaling { min: 2, max: 2, initial: None }, ..pool() };
    let (changed, _, _) = change(&prior, &narrower).await;
    assert_eq!(changed.autoscaling, Some((2, 2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_and_an_operating_system_roll_the_same_pool_before_it_grows() {
    let bench = bench().await;
    let prior = NodePoolSpec { kubernetes_version: Some("1.33".into()), ..pool() };
    ready(bench.create(&prior).await);
    let before = bench.uids(CLUSTER, "mig2g").await;
    let wanted = NodePoolSpec {
        kubernetes_version: Some("1.34".into()),
        options: options(&json!({"os_sku": "AzureLinux"})),
        size: Size::Fixed(2),
        ..pool()
    };
    let changed = ready(bench.update(&prior, &wanted).await);
    assert!(changed.kubernetes_version.unwrap().starts_with("1.34."));
    assert_eq!((changed.options.text("os_sku"), changed.node_count), (Some("AzureLinux"), Some(2)));
    assert!(before.is_disjoint(&bench.uids(CLUSTER, "mig2g").await), "the nodes are new");
    assert_eq!(bench.creates(), [201, 200, 200, 200], "the version, the system, and then more nodes");
    assert_eq!(bench.raw(&id_of(&wanted)).await["properties"]["gpuInstanceProfile"], "MIG2g", "never lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_goes_up_and_never_down() {
    let bench = bench().await;
    ready(bench.create(&pool()).await);
    let live = bench.read(&id_of(&pool())).await.unwrap().kubernetes_version.unwrap();
    let minor: Vec<&str> = live.split('.').take(2).collect();
    let older = NodePoolSpec { kubernetes_version: Some(format!("{}.0", minor.join("."))), ..pool() };
    ready(bench.update(&pool(), &older).await);
    assert_eq!(bench.creates(), [201], "older and equal versions need nothing");
    let impossible = NodePoolSpec { kubernetes_version: Some("9.9".into()), ..pool() };
    let error = bench.update(&pool(), &impossible).await.unwrap_err();
    assert_eq!(error.attribute.unwrap().to_string(), "kubernetes_version");
}

/// Lets somebody change the pool between our look and our request.
async fn race(bench: &Bench, deed: serde_json::Value) {
    let mut deed = deed;
    deed["cluster"] = json!(CLUSTER);
    deed["pool"] = json!("mig2g");
    deed["when"] = json!({"before": {"cloud": "aks", "method": "PUT", "path": POOLS}});
    bench.act(deed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_do_between_the_look_and_the_request_survives() {
    let autoscaled = NodePoolSpec { size: Size::Autoscaling { min: 0, max: 5, initial: Some(1) }, ..pool() };
    let bench = bench().await;
    ready(bench.create(&autoscaled).await);
    bench.act(json!({"kind": "set_property", "cluster": CLUSTER, "pool": "mig2g", "property": "enableUltraSSD", "value": true})).await;
    bench
        .act(json!({"kind": "edit_labels", "cluster": CLUSTER, "pool": "mig2g", "set": {"theirs": "1"}}))
        .await;
    bench
        .act(json!({"kind": "edit_tags", "cluster": CLUSTER, "pool": "mig2g", "set": {"policy": "x"}}))
        .await;
    race(&bench, json!({"kind": "resize", "node_count": 3})).await;
    let wanted = NodePoolSpec {
        labels: map(&[("gpuslice/profile", "2g.20gb")]),
        tags: map(&[("cost", "other")]),
        ..autoscaled.clone()
    };
    ready(bench.update(&autoscaled, &wanted).await);
    let raw = bench.raw(&id_of(&wanted)).await;
    assert_eq!(raw["properties"]["count"], 3, "the autoscaler's count");
    assert_eq!(raw["properties"]["enableUltraSSD"], true, "a property that we do not know");
    assert_eq!(raw["properties"]["nodeLabels"]["theirs"], "1");
    assert_eq!(raw["properties"]["nodeLabels"]["team"], json!(null), "ours went");
    assert_eq!(raw["properties"]["tags"]["policy"], "x");
    let puts = bench.creates();
    assert_eq!(puts, [201, 412, 200], "the etag was minded, and the pool looked at again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_forms_of_an_etag_conflict_lead_to_another_look() {
    for status in ["409", "412"] {
        let bench = bench().await;
        ready(bench.create(&pool()).await);
        bench.fault("etag_mismatch", "PUT", POOLS, json!({"params": {"status": status}})).await;
        let wanted = NodePoolSpec { tags: map(&[("cost", "other")]), ..pool() };
        assert_eq!(folded(&ready(bench.update(&pool(), &wanted).await).tags), wanted.tags, "{status}");
        bench.fault("etag_mismatch", "PUT", POOLS, json!({"times": 100, "params": {"status": status}})).await;
        let error = bench.update(&wanted, &pool()).await.unwrap_err();
        assert!(error.summary.contains("keeps changing"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_to_a_change_does_no_harm() {
    for effect in ["before", "after"] {
        let bench = bench().await;
        ready(bench.create(&pool()).await);
        bench.fault("drop_connection", "PUT", POOLS, json!({"params": {"effect": effect}})).await;
        let wanted = NodePoolSpec { tags: map(&[("cost", "other")]), size: Size::Fixed(2), ..pool() };
        let changed = ready(bench.update(&pool(), &wanted).await);
        assert_eq!((folded(&changed.tags), changed.node_count), (wanted.tags, Some(2)), "{effect}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_to_change_sends_nothing() {
    let bench = bench().await;
    ready(bench.create(&pool()).await);
    ready(bench.update(&pool(), &pool()).await);
    // What is asked for is there already: an earlier apply lost its answer.
    let prior = NodePoolSpec { tags: map(&[("cost", "before")]), size: Size::Fixed(4), ..pool() };
    ready(bench.update(&prior, &pool()).await);
    assert_eq!(bench.creates(), [201]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_pool_stays_stopped_and_takes_changes() {
    let bench = bench().await;
    ready(bench.create(&pool()).await);
    bench.act(json!({"kind": "stop_pool", "cluster": CLUSTER, "pool": "mig2g"})).await;
    let wanted = NodePoolSpec { tags: map(&[("cost", "other")]), ..pool() };
    assert_eq!(folded(&ready(bench.update(&pool(), &wanted).await).tags), wanted.tags);
    assert_eq!(bench.raw(&id_of(&pool())).await["properties"]["powerState"]["code"], "Stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_nodes_that_do_not_come_leave_a_pool_to_go_on_with() {
    let bench = bench().await;
    ready(bench.create(&pool()).await);
    bench.fault("stockout", "PUT", POOLS, json!({"params": {"heal_after": "3s"}})).await;
    let wanted = NodePoolSpec { size: Size::Fixed(3), ..pool() };
    let left = incomplete(bench.update(&pool(), &wanted).await);
    assert_eq!(left.reason, IncompleteReason::NoCapacity);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let made = ready(bench.pools.resume(&bench.call(), &id_of(&pool()), &left.pending).await);
    assert_eq!(made.node_count, Some(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_step_keeps_what_was_done_before_it() {
    let bench = bench().await;
    let prior = NodePoolSpec { kubernetes_version: Some("1.33".into()), ..pool() };
    ready(bench.create(&prior).await);
    let params = json!({"after": 1, "params": {"message": "no luck"}});
    bench.fault("failed_operation", "PUT", POOLS, params).await;
    let wanted =
        NodePoolSpec { tags: map(&[("cost", "other")]), kubernetes_version: Some("1.34".into()), ..pool() };
    let error = bench.update(&prior, &wanted).await.unwrap_err();
    assert!(error.summary.contains("the Kubernetes version") && error.detail.contains("no luck"), "{error}");
    let last = bench.log.checkpoints.lock().unwrap().last().cloned().unwrap();
    assert_eq!(folded(&last.pool.unwrap().tags), wanted.tags);
    assert!(last.pending.is_some(), "AKS has given up half way, and the next apply has it finish");
    // The next apply goes on where this one ended, with a pool that has failed.
    let prior = NodePoolSpec { tags: wanted.tags.clone(), ..prior };
    ready(bench.update(&prior, &wanted).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_pool_takes_changes_and_is_finished_by_them() {
    let bench = bench().await;
    bench.fault("failed_operation", "PUT", POOLS, json!({"params": {"message": "broken"}})).await;
    bench.create(&pool()).await.unwrap_err();
    ready(bench.update(&pool(), &pool()).await);
    assert_eq!(bench.creates(), [201, 200], "nothing had to be changed, and AKS tried again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_between_steps_is_an_error_and_in_the_last_step_is_not() {
    let bench = slow_bench(Duration::from_secs(2)).await;
    let prior = NodePoolSpec { kubernetes_version: Some("1.33".into()), ..pool() };
    ready(bench.create(&prior).await);
    let tagged = NodePoolSpec { tags: map(&[("cost", "other")]), ..prior.clone() };
    let wanted = NodePoolSpec { kubernetes_version: Some("1.34".into()), ..tagged.clone() };
    let id = id_of(&prior);
    let call = bench.call();
    let cancelled = call.cancelled.clone();
    let (result, ()) = tokio::join!(bench.pools.update(&call, &id, &prior, &wanted, None), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        cancelled.cancel();
    });
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Interrupted);
    assert!(error.detail.contains("have not begun"), "{error}");

    let call = bench.call();
    let cancelled = call.cancelled.clone();
    // The operation of the first step may still run: its end is waited for.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (result, ()) = tokio::join!(bench.pools.update(&call, &id, &tagged, &wanted, None), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        cancelled.cancel();
    });
    let left = incomplete(result);
    assert_eq!(left.reason, IncompleteReason::Interrupted);
    ready(bench.pools.resume(&bench.call(), &id, &left.pending).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_is_gone_cannot_be_changed() {
    let bench = bench().await;
    let wanted = NodePoolSpec { tags: map(&[("a", "b")]), ..named("nowhere") };
    let error = bench.update(&named("nowhere"), &wanted).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::PoolNotFound);
}
