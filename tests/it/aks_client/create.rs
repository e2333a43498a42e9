//! Creating: what is sent, what is checkpointed, what is refused.

use gpuslice::nodepool::pools::{ErrorKind, PendingKind};
use gpuslice::nodepool::spec::{CapacityType, Size};
use gpuslice::nodepool::{Health, NodePoolSpec, OptionValue};
use serde_json::json;

use super::support::{
    CLUSTER, OVERLAY, STOPPED, bench, folded, id_of, map, named, options, pool, preview_bench, ready, set,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_is_made_and_what_was_left_to_aks_comes_back() {
    let bench = bench().await;
    bench.pools.preflight(&bench.call(), &pool()).await.unwrap();
    let made = ready(bench.create(&pool()).await);
    assert_eq!(made.id, id_of(&pool()));
    assert_eq!((made.node_count, made.health.clone()), (Some(1), Health::Ready));
    assert_eq!((made.labels.clone(), folded(&made.tags)), (pool().labels, pool().tags));
    assert_eq!((made.gpu_taint, made.taints.len()), (true, 0));
    assert_eq!((made.gpu.clone(), made.mig_profile), (Some(pool().gpu), pool().mig_profile));
    assert_eq!(made.options.text("gpu_driver"), Some("Install"), "filled in by AKS");
    assert_eq!(made.options.text("gpu_stack"), Some("device_plugin"));
    assert_eq!(made.options.text("mode"), Some("User"));
    assert!(made.disk_size_gb.is_some() && made.max_pods.is_some() && made.kubernetes_version.is_some());
    assert_eq!(bench.creates(), [201]);

    let sent = bench.seen().into_iter().find(|it| it.method == "PUT").unwrap();
    assert_eq!(sent.query, "api-version=2026-08-01");
    assert_eq!(sent.body["properties"]["gpuInstanceProfile"], "MIG2g");
    assert_eq!(sent.body["properties"]["gpuProfile"], json!(null), "never filled in");
    let log = bench.log.checkpoints.lock().unwrap();
    let first = log.first().unwrap();
    let pending = first.pending.as_ref().unwrap();
    assert_eq!((first.id.clone(), first.pool.is_none()), (id_of(&pool()), true));
    assert_eq!(pending.kind, PendingKind::Create);
    assert!(pending.location.contains(&format!("/operations/{}?", pending.operation)), "{pending:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_autoscaled_spot_pool_with_options() {
    let bench = bench().await;
    let mut spec = NodePoolSpec {
        size: Size::Autoscaling { min: 0, max: 4, initial: Some(2) },
        capacity_type: CapacityType::Spot,
        zones: Some(set(&["1", "2"])),
        max_pods: Some(110),
        options: options(&json!({
            "gpu_driver": "Install",
            "eviction_policy": "Delete",
            "os_sku": "Ubuntu2204",
            "scale_down_mode": "Delete",
            "drain_timeout": "1h",
            "kubelet_config": {"cpu_manager_policy": "static", "allowed_unsafe_sysctls": ["net.*"]},
        })),
        ..pool()
    };
    spec.options.set("spot_max_price", Some(OptionValue::Decimal("0.5".parse().unwrap())));
    let made = ready(bench.create(&spec).await);
    assert_eq!(
        (made.autoscaling, made.node_count),
        (Some((0, 4)), None),
        "the autoscaler's count is no concern"
    );
    assert_eq!((made.capacity_type, made.zones.clone()), (CapacityType::Spot, set(&["1", "2"])));
    assert!(made.labels.keys().all(|key| !key.starts_with("kubernetes.azure.com/")), "{:?}", made.labels);
    assert!(made.taints.is_empty(), "AKS's own taint is no drift");
    for (name, value) in &spec.options.0 {
        if !matches!(name.as_str(), "kubelet_config" | "drain_timeout") {
            assert_eq!(made.options.get(name), Some(value), "{name}");
        }
    }
    assert_eq!(
        made.options.text("drain_timeout").unwrap().parse(),
        "1h".parse::<gpuslice::duration::GoDuration>()
    );
    let kubelet = made.options.object("kubelet_config").unwrap();
    assert_eq!(kubelet.text("cpu_manager_policy"), Some("static"));
    assert_eq!(kubelet.set_of("allowed_unsafe_sysctls"), Some(&set(&["net.*"])));
    assert_eq!(bench.nodes(CLUSTER, "mig2g").await.len(), 2, "initial_nodes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn managed_pools_are_made_by_the_words_of_their_version() {
    let managed = NodePoolSpec {
        options: options(&json!({"gpu_stack": "managed"})),
        labels: map(&[("gpuslice/profile", "2g.20gb"), ("nvidia.com/gpu.deploy.operands", "false")]),
        ..pool()
    };
    for (bench, profile, nvidia) in [
        (bench().await, json!("MIG2g"), json!({"managementMode": "Managed"})),
        (
            preview_bench().await,
            json!(null),
            json!({"managementMode": "Managed", "migStrategy": "Single", "migProfiles": ["MIG2g"]}),
        ),
    ] {
        let made = ready(bench.create(&managed).await);
        assert_eq!(
            (made.mig_profile, made.options.text("gpu_stack")),
            (managed.mig_profile, Some("managed"))
        );
        let sent = bench.seen().into_iter().find(|it| it.method == "PUT").unwrap().body;
        assert_eq!(sent["properties"]["gpuInstanceProfile"], profile);
        assert_eq!(sent["properties"]["gpuProfile"], json!({"driver": "Install", "nvidia": nvidia}));
        // A change of something else echoes it.
        let wanted = NodePoolSpec { tags: map(&[("cost", "other")]), ..managed.clone() };
        assert_eq!(folded(&ready(bench.update(&managed, &wanted).await).tags), wanted.tags);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_existing_pool_is_never_taken_over() {
    let bench = bench().await;
    let spec = named("foreigngpu");
    let before = bench.raw(&id_of(&spec)).await;
    let error = bench.pools.preflight(&bench.call(), &spec).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists(Box::new(id_of(&spec))));
    let error = bench.create(&spec).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists(Box::new(id_of(&spec))));
    assert!(bench.log.checkpoints.lock().unwrap().is_empty(), "nothing of ours is there");
    assert_eq!(bench.raw(&id_of(&spec)).await, before, "it is as it was");
    assert!(bench.creates().is_empty(), "nothing was even sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_cluster_and_a_missing_one_are_refused() {
    let bench = bench().await;
    let on = |cluster: &str| NodePoolSpec { cluster: cluster.parse().unwrap(), ..pool() };
    let error = bench.pools.preflight(&bench.call(), &on(STOPPED)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.detail.contains("az aks start"), "{error}");
    // Without the preflight AKS refuses, and waiting would not help.
    let error = bench.create(&on(STOPPED)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
    let missing = on(&CLUSTER.replace("managedClusters/sandbox", "managedClusters/nowhere"));
    let error = bench.pools.preflight(&bench.call(), &missing).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::ClusterNotFound);
    assert_eq!(error.attribute.unwrap().to_string(), "cluster_id");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_aks_refuses_names_the_attribute() {
    let bench = bench().await;
    let wrong = [
        (NodePoolSpec { kubernetes_version: Some("1.99".into()), ..pool() }, "kubernetes_version"),
        (NodePoolSpec { cluster: OVERLAY.parse().unwrap(), zones: Some(set(&["1"])), ..pool() }, "zones"),
        (NodePoolSpec { max_pods: Some(5), ..pool() }, "max_pods"),
    ];
    for (spec, attribute) in wrong {
        let error = bench.create(&spec).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
        assert_eq!(error.attribute.as_ref().map(ToString::to_string).as_deref(), Some(attribute), "{error}");
        assert!(error.detail.contains("request ") && error.detail.contains("correlation "), "{error}");
    }
    assert!(bench.log.checkpoints.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pools_of_one_cluster_wait_for_their_turns_and_never_meet() {
    let bench = bench().await;
    let specs: Vec<NodePoolSpec> = (0..4).map(|number| named(&format!("pool{number}"))).collect();
    let finished = futures_util::future::join_all(specs.iter().map(|spec| bench.create(spec))).await;
    for one in finished {
        ready(one);
    }
    assert_eq!(bench.creates(), [201; 4], "AKS never had to say that it is busy");
}
