//! Keys in the device plugin's ConfigMap: shared, changed, drifted, given up.

use std::collections::BTreeSet;
use std::time::Duration;

use gpuslice::kubernetes::KubeError;
use gpuslice::kubernetes::check::Outcome;
use gpuslice::kubernetes::config::ConfigKey;
use gpuslice::kubernetes::plugin::{KeyState, Origin, Released};
use gpuslice::slicing::Cloud;
use serde_json::json;

use super::support::*;

fn gone(key: &ConfigKey) -> Released {
    Released { gone: BTreeSet::from([key.name.clone()]), ..Released::default() }
}

#[tokio::test]
async fn a_pools_life_leaves_everybody_else_alone() {
    let bench = bench(Cloud::Aks).await;
    let cluster = reach(&bench, CONFIGURED).await;
    let place = place(&bench, &cluster).await.unwrap();
    assert_eq!(place.full_name(), "nvidia-device-plugin/nvidia-device-plugin-configs");
    let before = cluster.keys(&bench.call(), &place).await.unwrap().unwrap();
    let others = foreign(&bench, CONFIGURED, "ts").await;
    assert!(
        others.values().any(|offers| offers["nvidia.com/gpu"] == "1" || offers["nvidia.com/gpu"] == 1),
        "{others:?}"
    );

    // Key, pool, check.
    let (four, eight) = (time_slicing(4), time_slicing(8));
    let spec = pool(CONFIGURED, "ts", &four);
    let applied = cluster.apply_keys(&bench.call(), &place, &owner(&spec), &[&four]).await.unwrap();
    assert!(applied.changed);
    ready(bench.create(&spec).await);
    let check = shared_by_four(&spec, &place, &four);
    assert_eq!(cluster.check_slices(&bench.call(), &check).await, Outcome::Verified { allocatable: 4 });

    // A new plugin pod decides anew for the nodes without a label.
    bench.act_in_cluster(json!({"kind": "restart_plugin", "cluster": CONFIGURED})).await;
    // It goes before it comes again.
    let (mut gone_once, mut patience) = (false, 250);
    while patience > 0 {
        let same = foreign(&bench, CONFIGURED, "ts").await == others;
        if same && gone_once {
            break;
        }
        gone_once |= !same;
        patience -= 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(foreign(&bench, CONFIGURED, "ts").await, others);
    let now = cluster.keys(&bench.call(), &place).await.unwrap().unwrap();
    assert_eq!(now["default"], before["whole"], "what the only key said");

    // Another key, another label, the old key away.
    let applied = cluster.apply_keys(&bench.call(), &place, &owner(&spec), &[&four, &eight]).await.unwrap();
    cluster.wait_for_kubelets(&bench.call(), &owner(&spec), &applied).await.unwrap();
    let changed = pool(CONFIGURED, "ts", &eight);
    ready(bench.update(&spec, &changed).await);
    let check =
        gpuslice::kubernetes::check::SliceCheck { per_node: 8, ..shared_by_four(&changed, &place, &eight) };
    assert_eq!(cluster.check_slices(&bench.call(), &check).await, Outcome::Verified { allocatable: 8 });
    let released = cluster.release_keys(&bench.call(), &place, &owner(&spec), Some(&eight)).await;
    assert_eq!(released, Ok(gone(&four)));
    let now = cluster.keys(&bench.call(), &place).await.unwrap().unwrap();
    assert!(!now.contains_key(&four.name) && now[&eight.name] == eight.yaml);

    // The pool away, then its key.
    bench.pools.delete(&bench.call(), &id_of(&spec), &spec.options).await.unwrap();
    let released = cluster.release_keys(&bench.call(), &place, &owner(&spec), None).await;
    assert_eq!(released, Ok(gone(&eight)));
    let mut left = cluster.keys(&bench.call(), &place).await.unwrap().unwrap();
    assert!(left.remove("default").is_some(), "it stays");
    assert_eq!(left, before);
    assert_eq!(foreign(&bench, CONFIGURED, "ts").await, others);
}

#[tokio::test]
async fn two_pools_share_a_key_until_both_are_gone() {
    let bench = bench(Cloud::Aks).await;
    let cluster = reach(&bench, CONFIGURED).await;
    let place = place(&bench, &cluster).await.unwrap();
    let key = time_slicing(4);
    let (one, other) = (owner(&pool(CONFIGURED, "one", &key)), owner(&pool(CONFIGURED, "other", &key)));
    for owner in [&one, &other, &one] {
        cluster.apply_keys(&bench.call(), &place, owner, &[&key]).await.unwrap();
    }
    let state = async || KeyState::of(cluster.keys(&bench.call(), &place).await.unwrap().as_ref(), &key);
    assert_eq!(cluster.release_keys(&bench.call(), &place, &one, None).await, Ok(gone(&key)));
    assert_eq!(state().await, KeyState::Present, "the other pool owns it");
    assert_eq!(cluster.release_keys(&bench.call(), &place, &one, None).await, Ok(Released::default()));
    assert_eq!(cluster.release_keys(&bench.call(), &place, &other, None).await, Ok(gone(&key)));
    assert_eq!(state().await, KeyState::Missing);
}

#[tokio::test]
async fn a_key_that_foreign_nodes_name_is_left() {
    let bench = bench(Cloud::Aks).await;
    let cluster = reach(&bench, CONFIGURED).await;
    let place = place(&bench, &cluster).await.unwrap();
    let key = time_slicing(4);
    let (ours, theirs) = (pool(CONFIGURED, "ours", &key), pool(CONFIGURED, "theirs", &key));
    cluster.apply_keys(&bench.call(), &place, &owner(&ours), &[&key]).await.unwrap();
    ready(bench.create(&theirs).await);
    let released = cluster.release_keys(&bench.call(), &place, &owner(&ours), None).await.unwrap();
    assert!(released.gone.is_empty() && released.in_use[&key.name].len() == 1, "{released:?}");
    let state = KeyState::of(cluster.keys(&bench.call(), &place).await.unwrap().as_ref(), &key);
    assert_eq!(state, KeyState::Present);
}

#[tokio::test]
async fn drift_is_seen_and_mended() {
    let bench = bench(Cloud::Aks).await;
    let cluster = reach(&bench, CONFIGURED).await;
    let place = place(&bench, &cluster).await.unwrap();
    let key = time_slicing(4);
    let owner = owner(&pool(CONFIGURED, "ts", &key));
    cluster.apply_keys(&bench.call(), &place, &owner, &[&key]).await.unwrap();
    let (namespace, name) = (place.namespace.as_str(), place.config_map.as_str());
    let state = async || KeyState::of(cluster.keys(&bench.call(), &place).await.unwrap().as_ref(), &key);
    let base = json!({"cluster": CONFIGURED, "namespace": namespace, "name": name});
    for (kind, more, wanted) in [
        ("edit_config_map", json!({"set": {&key.name: "x"}}), KeyState::Edited { found: "x".to_owned() }),
        ("edit_config_map", json!({"remove": [&key.name]}), KeyState::Missing),
        ("delete_config_map", json!({}), KeyState::Missing),
    ] {
        let mut actor = base.clone();
        actor["kind"] = json!(kind);
        actor.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        bench.act_in_cluster(actor).await;
        assert_eq!(state().await, wanted, "{kind}");
        let applied = cluster.apply_keys(&bench.call(), &place, &owner, &[&key]).await.unwrap();
        assert!(applied.changed);
        assert_eq!(state().await, KeyState::Present, "{kind}");
    }
    assert_eq!(cluster.release_keys(&bench.call(), &place, &owner, None).await, Ok(gone(&key)));
    bench
        .act_in_cluster(
            json!({"kind": "delete_config_map", "cluster": CONFIGURED, "namespace": namespace, "name": name}),
        )
        .await;
    let released = cluster.release_keys(&bench.call(), &place, &owner, None).await;
    assert_eq!(released, Ok(Released::default()));
    assert_eq!(cluster.keys(&bench.call(), &place).await, Ok(None), "nothing was made anew");
}

#[tokio::test]
async fn each_seeded_stack_has_its_place() {
    let bench = bench(Cloud::Aks).await;
    for (id, name, origin) in [
        (
            CONFIGURED,
            "nvidia-device-plugin/nvidia-device-plugin-configs",
            Origin::DaemonSet("nvidia-device-plugin/nvidia-device-plugin".to_owned()),
        ),
        (BARE, "nvidia-device-plugin/gpuslice-device-plugin", Origin::NothingInstalled),
        (
            UNCONFIGURED,
            "nvidia-device-plugin/gpuslice-device-plugin",
            Origin::Unconfigured("nvidia-device-plugin/nvidia-device-plugin".to_owned()),
        ),
        (
            OPERATOR,
            "gpu-operator/device-plugin-config",
            Origin::DaemonSet("gpu-operator/nvidia-device-plugin-daemonset".to_owned()),
        ),
        (
            TWICE,
            "nvidia-device-plugin/nvidia-device-plugin-configs",
            Origin::DaemonSet("nvidia-device-plugin/nvidia-device-plugin".to_owned()),
        ),
    ] {
        let cluster = reach(&bench, id).await;
        let place = place(&bench, &cluster).await.unwrap();
        assert_eq!((place.full_name().as_str(), &place.origin), (name, &origin), "{id}");
        assert_eq!(
            place.advice(&[]).is_some(),
            matches!(origin, Origin::NothingInstalled | Origin::Unconfigured(_))
        );
    }
}

#[tokio::test]
async fn several_config_maps_are_listed() {
    let bench = bench(Cloud::Aks).await;
    bench
        .act_in_cluster(json!({"kind": "install_plugin", "cluster": CONFIGURED, "namespace": "team", "config_map": "slices"}))
        .await;
    let cluster = reach(&bench, CONFIGURED).await;
    let error = place(&bench, &cluster).await.unwrap_err();
    let KubeError::SeveralConfigMaps { found } = &error else { panic!("{error:?}") };
    assert_eq!(found.len(), 2, "{found:?}");
}

#[tokio::test]
async fn an_empty_cluster_is_made_ready_for_the_plugin_that_comes_later() {
    let bench = bench(Cloud::Aks).await;
    let cluster = reach(&bench, BARE).await;
    let place = place(&bench, &cluster).await.unwrap();
    let key = time_slicing(4);
    let spec = pool(BARE, "ts", &key);
    cluster.apply_keys(&bench.call(), &place, &owner(&spec), &[&key]).await.unwrap();
    let data = cluster.keys(&bench.call(), &place).await.unwrap().unwrap();
    assert_eq!(data.keys().collect::<Vec<_>>(), ["default", &key.name]);
    ready(bench.create(&spec).await);
    let (namespace, name) = (&place.namespace, &place.config_map);
    bench
        .act_in_cluster(
            json!({"kind": "install_plugin", "cluster": BARE, "namespace": namespace, "config_map": name}),
        )
        .await;
    let check = shared_by_four(&spec, &place, &key);
    assert_eq!(cluster.check_slices(&bench.call(), &check).await, Outcome::Verified { allocatable: 4 });
}
