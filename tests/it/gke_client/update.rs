//! Updating: each attribute, step by step, beside others who change the pool too.

use std::time::Duration;

use gpuslice::nodepool::pools::{ErrorKind, Finished, IncompleteReason};
use gpuslice::nodepool::spec::{Amount, Size, Taint, TaintEffect, Upgrade};
use gpuslice::nodepool::{NodePool, NodePoolSpec};
use gpuslice::slicing::Sharing;
use serde_json::{Value, json};

use super::support::{
    REGIONAL, ZONAL, bench, id_of, incomplete, map, options, ready, regional, set, slow_bench, zonal,
};

fn taint(key: &str, value: &str) -> Taint {
    Taint { key: key.into(), value: value.into(), effect: TaintEffect::NoSchedule }
}

/// Creates `prior`, changes it to `wanted`, and returns the pool, whether its nodes stayed, and the requests.
async fn change(prior: &NodePoolSpec, wanted: &NodePoolSpec) -> (NodePool, bool, Vec<String>) {
    let bench = bench().await;
    ready(bench.create(prior).await);
    let before = bench.uids(&prior.cluster.to_string(), &prior.name).await;
    let sent = bench.changes().len();
    let pool = ready(bench.update(prior, wanted).await);
    let after = bench.uids(&prior.cluster.to_string(), &prior.name).await;
    // A checkpoint with the pool as seen ends every step.
    let last = bench.log.checkpoints.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last.pending, None);
    assert!(last.pool.is_some());
    (
        pool,
        before.intersection(&after).count() == before.len().min(after.len()),
        bench.changes().split_off(sent),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_taints_and_tags_in_place() {
    let wanted = NodePoolSpec {
        labels: map(&[("gpuslice/profile", "1g.5gb"), ("owner", "x")]),
        tags: map(&[("cost", "other")]),
        taints: [taint("team", "ml")].into(),
        options: options(&json!({"network_tags": ["gpu"]})),
        ..zonal()
    };
    let (pool, kept, requests) = change(&zonal(), &wanted).await;
    assert!(kept, "no node was replaced");
    assert_eq!((pool.labels, pool.tags, pool.taints), (wanted.labels, wanted.tags, wanted.taints));
    assert!(pool.gpu_taint);
    assert_eq!(pool.options.set_of("network_tags"), Some(&set(&["gpu"])));
    assert_eq!(requests, ["PUT mig1g"; 4], "one group of fields per request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_zones_and_autoscaling_in_place() {
    let bigger = NodePoolSpec { size: Size::Fixed(4), ..regional() };
    let (pool, kept, requests) = change(&regional(), &bigger).await;
    assert_eq!((pool.node_count, kept), (Some(4), true));
    assert_eq!(requests, ["POST mig1g:setSize"]);

    let zones = set(&["us-central1-a", "us-central1-b", "us-central1-c"]);
    let wider = NodePoolSpec { size: Size::Fixed(3), zones: Some(zones.clone()), ..regional() };
    let (pool, kept, _) = change(&regional(), &wider).await;
    assert_eq!((pool.node_count, pool.zones, kept), (Some(3), zones, true));

    let scaled = NodePoolSpec { size: Size::Autoscaling { min: 0, max: 4, initial: None }, ..regional() };
    let (pool, kept, requests) = change(&regional(), &scaled).await;
    assert_eq!((pool.autoscaling, kept), (Some((0, 4)), true));
    assert_eq!(requests, ["POST mig1g:setAutoscaling"]);

    let prior = NodePoolSpec { size: Size::Autoscaling { min: 2, max: 4, initial: None }, ..regional() };
    let (pool, _, requests) = change(&prior, &bigger).await;
    assert_eq!((pool.autoscaling, pool.node_count), (None, Some(4)));
    assert_eq!(requests, ["POST mig1g:setAutoscaling", "POST mig1g:setSize"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_upgrades_drains_and_repairs_in_place() {
    let wanted = NodePoolSpec {
        upgrade: Upgrade { max_surge: Some(Amount::Nodes(0)), max_unavailable: Some(Amount::Nodes(1)) },
        options: options(&json!({"auto_upgrade": false, "node_drain": {"pdb_timeout": "30m"}})),
        ..zonal()
    };
    let (pool, kept, requests) = change(&zonal(), &wanted).await;
    assert!(kept);
    assert_eq!(pool.upgrade, wanted.upgrade);
    assert_eq!(pool.options.bool("auto_upgrade"), Some(false));
    assert_eq!(pool.options.bool("auto_repair"), Some(true), "not written, so it stays");
    assert_eq!(pool.options.object("node_drain").unwrap().text("pdb_timeout"), Some("30m"));
    assert_eq!(requests, ["PUT mig1g", "PUT mig1g", "POST mig1g:setManagement"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn driver_sharing_image_and_disk_roll_the_same_pool() {
    for (wanted, shown) in [
        (
            NodePoolSpec { options: options(&json!({"driver_version": "LATEST"})), ..zonal() },
            ("/config/accelerators/0/gpuDriverInstallationConfig/gpuDriverVersion", json!("LATEST")),
        ),
        (
            NodePoolSpec { sharing: Sharing::Mps { replicas: 3 }, ..zonal() },
            ("/config/accelerators/0/gpuSharingConfig/maxSharedClientsPerGpu", json!("3")),
        ),
        (
            NodePoolSpec { options: options(&json!({"image_type": "UBUNTU_CONTAINERD"})), ..zonal() },
            ("/config/imageType", json!("UBUNTU_CONTAINERD")),
        ),
        (
            NodePoolSpec { disk_size_gb: Some(200), disk_type: Some("pd-ssd".into()), ..zonal() },
            ("/config/diskSizeGb", json!(200)),
        ),
        (
            NodePoolSpec { options: options(&json!({"gvnic": true})), ..zonal() },
            ("/config/gvnic/enabled", json!(true)),
        ),
    ] {
        let bench = bench().await;
        ready(bench.create(&zonal()).await);
        let before = bench.uids(ZONAL, "mig1g").await;
        ready(bench.update(&zonal(), &wanted).await);
        let raw = bench.raw(&id_of(&wanted)).await;
        assert_eq!(raw.pointer(shown.0), Some(&shown.1), "{raw:#}");
        assert_eq!(raw["config"]["accelerators"][0]["gpuPartitionSize"], "1g.5gb", "never lost");
        assert!(before.is_disjoint(&bench.uids(ZONAL, "mig1g").await), "the nodes are new");
        assert_eq!(bench.creates(), [200], "the pool is the same");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accelerators_are_not_sent_unless_they_change() {
    let bench = bench().await;
    ready(bench.create(&zonal()).await);
    let wanted = NodePoolSpec { labels: map(&[("a", "b")]), max_pods: None, ..zonal() };
    ready(bench.update(&zonal(), &wanted).await);
    let seen = bench.seen();
    let puts: Vec<&Value> = seen.iter().filter(|it| it.method == "PUT").map(|it| &it.body).collect();
    assert!(!puts.is_empty() && puts.iter().all(|body| body.get("accelerators").is_none()), "{puts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_goes_up_and_never_down() {
    let bench = bench().await;
    ready(bench.create(&zonal()).await);
    let live = bench.read(&id_of(&zonal())).await.unwrap().kubernetes_version.unwrap();
    let minor: Vec<&str> = live.split('.').take(2).collect();
    let older = NodePoolSpec { kubernetes_version: Some(format!("{}.0", minor.join("."))), ..zonal() };
    ready(bench.update(&zonal(), &older).await);
    assert_eq!(bench.changes(), ["POST nodePools"], "older and equal versions need nothing");
    let impossible = NodePoolSpec { kubernetes_version: Some("9.9".into()), ..zonal() };
    let error = bench.update(&zonal(), &impossible).await.unwrap_err();
    assert_eq!(
        (error.kind, error.attribute.unwrap().to_string()),
        (ErrorKind::Invalid, "kubernetes_version".into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_added_stays() {
    let bench = bench().await;
    let prior = NodePoolSpec { taints: [taint("ours", "1")].into(), ..zonal() };
    ready(bench.create(&prior).await);
    bench
        .act(json!({"kind": "edit_labels", "cluster": ZONAL, "pool": "mig1g", "set": {"theirs": "x"}}))
        .await;
    let theirs = json!({"kind": "add_taint", "cluster": ZONAL, "pool": "mig1g", "key": "theirs", "value": "y", "effect": "NO_EXECUTE"});
    bench.act(theirs).await;
    let wanted = NodePoolSpec {
        labels: map(&[("new", "1")]),
        taints: [taint("ours", "2")].into(),
        tags: map(&[]),
        ..prior.clone()
    };
    let pool = ready(bench.update(&prior, &wanted).await);
    assert_eq!(pool.labels, map(&[("new", "1"), ("theirs", "x")]));
    let taints: Vec<String> = pool.taints.iter().map(ToString::to_string).collect();
    assert_eq!(taints, ["ours=2:NoSchedule", "theirs=y:NoExecute"]);
    assert!(pool.gpu_taint && pool.tags.is_empty());
    let raw = bench.raw(&id_of(&prior)).await;
    let system: Vec<&String> = raw["config"]["resourceLabels"].as_object().unwrap().keys().collect();
    assert!(system.iter().all(|key| key.starts_with("goog-")) && !system.is_empty(), "{system:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_between_read_and_write_is_not_overwritten() {
    let bench = bench().await;
    ready(bench.create(&zonal()).await);
    let between = json!({
        "kind": "edit_labels", "cluster": ZONAL, "pool": "mig1g", "set": {"theirs": "x"},
        "when": {"before": {"method": "PUT", "path": "mig1g"}},
    });
    bench.act(between).await;
    let wanted = NodePoolSpec { labels: map(&[("ours", "1")]), ..zonal() };
    let pool = ready(bench.update(&zonal(), &wanted).await);
    assert_eq!(pool.labels, map(&[("ours", "1"), ("theirs", "x")]));
    let seen = bench.seen();
    let puts: Vec<u64> = seen.iter().filter(|it| it.method == "PUT").map(|it| it.status).collect();
    assert_eq!(puts, [409, 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_to_a_change_does_no_harm() {
    let bench = bench().await;
    ready(bench.create(&zonal()).await);
    for effect in ["before", "after"] {
        bench.fault("drop_connection", "PUT", "mig1g", json!({"params": {"effect": effect}})).await;
        let wanted = NodePoolSpec { labels: map(&[("gone", effect)]), ..zonal() };
        let pool = ready(bench.update(&zonal(), &wanted).await);
        assert_eq!(pool.labels.get("gone").map(String::as_str), Some(effect));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_step_keeps_what_was_done_before_it() {
    let bench = bench().await;
    ready(bench.create(&zonal()).await);
    bench.fault("permission", "POST", ":setSize", json!({})).await;
    let wanted = NodePoolSpec { labels: map(&[("done", "1")]), size: Size::Fixed(2), ..zonal() };
    let error = bench.update(&zonal(), &wanted).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(error.summary.contains("the number of nodes"), "{error}");
    let last = bench.log.checkpoints.lock().unwrap().last().cloned().unwrap();
    let pool = last.pool.unwrap();
    assert_eq!((pool.labels, pool.node_count), (map(&[("done", "1")]), Some(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_nodes_that_do_not_come_leave_a_pool_to_go_on_with() {
    let bench = bench().await;
    ready(bench.create(&zonal()).await);
    bench.act(json!({"kind": "set_stock", "zone": "us-central1-a", "accelerator": "nvidia-tesla-a100", "count": 2})).await;
    let wanted = NodePoolSpec { size: Size::Fixed(3), ..zonal() };
    let call = bench.call_for(Duration::from_secs(4));
    let left = incomplete(bench.pools.update(&call, &id_of(&wanted), &zonal(), &wanted, None).await);
    assert_eq!(left.reason, IncompleteReason::NoCapacity, "{}", left.message);
    bench.act(json!({"kind": "set_stock", "zone": "us-central1-a", "accelerator": "nvidia-tesla-a100", "count": 9})).await;
    let pool = ready(bench.pools.resume(&bench.call(), &id_of(&wanted), &left.pending).await);
    assert_eq!(pool.node_count, Some(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_between_steps_is_an_error_and_in_the_last_step_is_not() {
    let bench = slow_bench(Duration::from_secs(2)).await;
    ready(bench.create(&zonal()).await);
    let update = |wanted: NodePoolSpec| {
        let bench = &bench;
        async move {
            let call = bench.call();
            let cancelled = call.cancelled.clone();
            let id = id_of(&wanted);
            let prior = zonal();
            let (result, ()) = tokio::join!(bench.pools.update(&call, &id, &prior, &wanted, None), async {
                tokio::time::sleep(Duration::from_millis(500)).await;
                cancelled.cancel();
            });
            result
        }
    };
    let two = NodePoolSpec { labels: map(&[("a", "b")]), size: Size::Fixed(2), ..zonal() };
    let error = update(two).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Interrupted);
    assert!(error.detail.contains("The steps after it have not begun."), "{error}");
    let operation = bench.log.pending().last().cloned().flatten().expect("the step that goes on is known");
    assert!(error.detail.contains(&operation), "{error}");

    let one = NodePoolSpec { size: Size::Fixed(3), ..zonal() };
    // The first step of the update before is still under way, so this one waits for its turn first.
    tokio::time::sleep(Duration::from_secs(3)).await;
    match update(one).await {
        Ok(Finished::Incomplete(left)) => {
            assert_eq!(left.reason, IncompleteReason::Interrupted);
            let pool = ready(bench.pools.resume(&bench.call(), &id_of(&zonal()), &left.pending).await);
            assert_eq!(pool.node_count, Some(3));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_is_gone_cannot_be_changed() {
    let bench = bench().await;
    let wanted = NodePoolSpec { labels: map(&[("a", "b")]), ..regional() };
    let error = bench.update(&regional(), &wanted).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::PoolNotFound);
    assert_eq!(error.summary, format!("Cannot change the node pool {}: it does not exist", wanted.name));
    assert!(bench.uids(REGIONAL, "mig1g").await.is_empty());
}
