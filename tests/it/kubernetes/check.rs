//! The slice check: slices that come, and what is told when they do not.

use std::time::Duration;

use gpuslice::kubernetes::Cluster;
use gpuslice::kubernetes::check::{Announcer, Finding, Mismatch, NotVerified, Outcome, SliceCheck};
use gpuslice::kubernetes::plugin::Place;
use gpuslice::nodepool::NodePoolSpec;
use gpuslice::slicing::{Cloud, MigStrategy, Sharing};
use serde_json::json;

use super::support::*;
use crate::{aks_client, gke_client};

/// The check with hardly any patience.
async fn mismatch(bench: &Bench, cluster: &Cluster, check: SliceCheck) -> Mismatch {
    let check = SliceCheck { timeout: Duration::from_secs(3), ..check };
    match cluster.check_slices(&bench.call(), &check).await {
        Outcome::Mismatch(mismatch) => mismatch,
        other => panic!("{other:?}"),
    }
}

/// A pool with its key, in a cluster with a device plugin.
async fn shared(bench: &Bench, id: &str) -> (Cluster, Place, NodePoolSpec, SliceCheck) {
    let cluster = reach(bench, id).await;
    let place = place(bench, &cluster).await.unwrap();
    let key = time_slicing(4);
    let spec = pool(id, "ts", &key);
    cluster.apply_keys(&bench.call(), &place, &owner(&spec), &[&key]).await.unwrap();
    ready(bench.create(&spec).await);
    let check = shared_by_four(&spec, &place, &key);
    (cluster, place, spec, check)
}

#[tokio::test]
async fn gkes_own_slices_are_seen() {
    let bench = bench(Cloud::Gke).await;
    let spec = gke_client::support::zonal();
    ready(bench.create(&spec).await);
    let cluster = reach(&bench, gke_client::support::ZONAL).await;
    let check = SliceCheck {
        pool: id_of(&spec),
        resource: "nvidia.com/gpu".to_owned(),
        per_node: 7,
        gpus: 1,
        nodes: Some(1),
        mig: Some(MigStrategy::Single),
        sharing: Sharing::None,
        mig_manager: None,
        announcer: Announcer::Cloud,
        taints: Vec::new(),
        timeout: Duration::from_secs(20),
    };
    assert_eq!(cluster.check_slices(&bench.call(), &check).await, Outcome::Verified { allocatable: 7 });
    let wrong = mismatch(&bench, &cluster, SliceCheck { per_node: 14, ..check }).await;
    assert_eq!(wrong.allocatable, 7);
}

#[tokio::test]
async fn a_mig_pool_of_aks_is_seen_after_its_restart() {
    // Long enough for a restart that is told from the start of the pods.
    let bench = Bench::with_latency(Cloud::Aks, Duration::from_secs(2)).await;
    let cluster = reach(&bench, CONFIGURED).await;
    let place = place(&bench, &cluster).await.unwrap();
    let key = mig_single();
    let mut spec = aks_client::support::pool();
    spec.labels.extend(labels(&key));
    cluster.apply_keys(&bench.call(), &place, &owner(&spec), &[&key]).await.unwrap();
    ready(bench.create(&spec).await);
    let check = SliceCheck {
        per_node: 3,
        mig: Some(MigStrategy::Single),
        sharing: Sharing::None,
        ..shared_by_four(&spec, &place, &key)
    };
    let outcome = cluster.check_slices(&bench.call(), &check).await;
    assert_eq!(outcome, Outcome::Verified { allocatable: 3 });
}

#[tokio::test]
async fn watches_that_end_early_do_no_harm() {
    let bench = bench(Cloud::Aks).await;
    for how in ["end", "cut"] {
        let params = json!({"params": {"after": "50ms", "how": how}, "times": 5});
        kubernetes_fault(&bench, "cut_watch", json!({"resource": "nodes"}), params).await;
    }
    let (cluster, _, _, check) = shared(&bench, CONFIGURED).await;
    bench.act_in_cluster(json!({"kind": "compact", "cluster": CONFIGURED})).await;
    assert_eq!(cluster.check_slices(&bench.call(), &check).await, Outcome::Verified { allocatable: 4 });
}

#[tokio::test]
async fn without_anything_that_announces_the_check_ends_with_the_values_to_install() {
    let bench = bench(Cloud::Aks).await;
    for (id, said) in [(BARE, "Install NVIDIA's device plugin"), (UNCONFIGURED, "reads no ConfigMap")] {
        let (cluster, _, _, check) = shared(&bench, id).await;
        let outcome = cluster.check_slices(&bench.call(), &check).await;
        let Outcome::NotVerified(NotVerified::NothingAnnounces { advice }) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(advice.contains(said) && advice.contains("name: gpuslice-device-plugin"), "{advice}");
    }
}

#[tokio::test]
async fn an_unknown_key_is_found() {
    let bench = bench(Cloud::Aks).await;
    let (cluster, place, spec, check) = shared(&bench, CONFIGURED).await;
    assert!(matches!(cluster.check_slices(&bench.call(), &check).await, Outcome::Verified { .. }));
    let key = time_slicing(8);
    ready(bench.update(&spec, &pool(CONFIGURED, "ts", &key)).await);
    let check = SliceCheck { per_node: 8, ..shared_by_four(&spec, &place, &key) };
    let found = mismatch(&bench, &cluster, check).await;
    let unknown = Finding::UnknownKey { key: key.name, config_map: place.full_name() };
    assert!(found.findings.contains(&unknown), "{found:#?}");
}

#[tokio::test]
async fn two_plugins_are_found() {
    let bench = bench(Cloud::Aks).await;
    let (cluster, _, _, check) = shared(&bench, TWICE).await;
    // Which of the two wins on the node is luck; what is wanted here is what none of them says.
    let found = mismatch(&bench, &cluster, SliceCheck { per_node: 5, ..check }).await;
    let twice =
        |finding: &Finding| matches!(finding, Finding::TwoPlugins { plugins, .. } if plugins.len() == 2);
    assert!(found.findings.iter().any(twice), "{found:#?}");
}

#[tokio::test]
async fn a_cluster_that_cannot_be_asked_is_no_mismatch() {
    let bench = bench(Cloud::Aks).await;
    let (cluster, _, _, check) = shared(&bench, CONFIGURED).await;
    kubernetes_fault(&bench, "permission", json!({"verb": "list", "resource": "nodes"}), json!({})).await;
    let outcome = cluster.check_slices(&bench.call(), &check).await;
    assert!(matches!(outcome, Outcome::NotVerified(NotVerified::NotAsked(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_pool_without_nodes_is_no_mismatch() {
    let bench = bench(Cloud::Aks).await;
    let (cluster, _, _, check) = shared(&bench, CONFIGURED).await;
    let check =
        SliceCheck { pool: format!("{CONFIGURED}/agentPools/none").parse().unwrap(), nodes: None, ..check };
    let outcome = cluster.check_slices(&bench.call(), &check).await;
    assert_eq!(outcome, Outcome::NotVerified(NotVerified::NoNodes));
}
