use serde_json::Value;

use super::*;
use crate::kubernetes::config::fallback::NO_SHARING;
use crate::kubernetes::config::{Fallback, PluginConfig, Strategy};
use crate::kubernetes::testing::{Seen, call, cluster, refusal};
use crate::slicing::Sharing;

const MAP: &str = "/api/v1/namespaces/gpu/configmaps/slices";
pub(in crate::kubernetes::plugin) const LONG: Duration = Duration::from_secs(600);

fn place(fallback: Fallback) -> Place {
    Place {
        namespace: "gpu".to_owned(),
        config_map: "slices".to_owned(),
        fallback,
        origin: Origin::DaemonSet("gpu/plugin".to_owned()),
    }
}

pub(in crate::kubernetes::plugin) fn chart() -> Place {
    place(Fallback::default())
}

pub(in crate::kubernetes::plugin) fn owner() -> Owner {
    Owner::of(&"projects/p/locations/l/clusters/c/nodePools/notebooks".parse().unwrap())
}

pub(in crate::kubernetes::plugin) fn ts(replicas: u32) -> ConfigKey {
    ConfigKey::of(&PluginConfig {
        mig_strategy: None,
        sharing: Sharing::TimeSlicing { replicas },
        resource: "nvidia.com/gpu".to_owned(),
        rename: false,
        fail_requests_greater_than_one: true,
    })
    .unwrap()
}

/// A ConfigMap in which the pool owns these keys.
pub(in crate::kubernetes::plugin) fn config_map(data: &Value, owned: &[&str]) -> Value {
    let fields: serde_json::Map<String, Value> =
        owned.iter().map(|key| (format!("f:{key}"), json!({}))).collect();
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "slices", "namespace": "gpu", "uid": "u1", "managedFields": [
            {"manager": "helm", "operation": "Update", "fieldsV1": {"f:data": {"f:default": {}}}},
            {"manager": owner().manager(), "operation": "Apply", "fieldsV1": {"f:data": fields}},
        ]},
        "data": data,
    })
}

/// A cluster with this ConfigMap and these nodes.
pub(in crate::kubernetes::plugin) fn with(
    map: Option<Value>,
    nodes: &'static [&'static str],
) -> (Cluster, crate::kubernetes::testing::Log) {
    cluster(move |seen| match (seen.line.split_once(' ').unwrap(), &map) {
        (("GET", path), _) if path.starts_with("/api/v1/nodes?") => {
            let items: Vec<Value> = nodes.iter().map(|name| json!({"metadata": {"name": name}})).collect();
            let meta = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": {}, "items": items});
            (200, meta)
        }
        (("GET", MAP), Some(map)) => (200, map.clone()),
        (("GET", _), _) => refusal(404, "NotFound", "not found"),
        (("PATCH", _), _) => (200, seen.body.clone()),
        other => panic!("{other:?}"),
    })
}

pub(in crate::kubernetes::plugin) fn patches(log: &crate::kubernetes::testing::Log) -> Vec<Seen> {
    log.lock().unwrap().iter().filter(|seen| seen.line.starts_with("PATCH")).cloned().collect()
}

#[tokio::test]
async fn the_first_key_comes_after_default() {
    let (cluster, log) = with(None, &[]);
    let key = ts(4);
    let applied = cluster.apply_keys(&call(LONG), &chart(), &owner(), &[&key]).await.unwrap();
    assert!(applied.changed);
    let found = patches(&log);
    let body = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "slices", "namespace": "gpu"}, "data": data});
    assert_eq!(found[0].body, body(json!({"default": NO_SHARING})));
    assert_eq!(found[1].body, body(json!({&key.name: key.yaml})));
    assert_eq!(found.len(), 2);
    assert!(
        found[0].line.contains("fieldManager=gpuslice-default") && !found[0].line.contains("force=true"),
        "{found:?}"
    );
    let forced = found[1].line.contains("force=true");
    assert!(found[1].line.contains("fieldManager=gpuslice-pool-notebooks") && forced, "{found:?}");
}

#[tokio::test]
async fn an_only_foreign_key_becomes_the_default() {
    let (cluster, log) = with(Some(config_map(&json!({"only": "version: v1 # mine\n"}), &[])), &[]);
    cluster.apply_keys(&call(LONG), &chart(), &owner(), &[&ts(4)]).await.unwrap();
    assert_eq!(patches(&log)[0].body["data"], json!({"default": "version: v1 # mine\n"}));
}

#[tokio::test]
async fn where_keys_reach_nobody_else_no_default_is_made() {
    let operator = place(Fallback { default: None, strategies: vec![Strategy::Empty] });
    for (place, data) in [(operator, json!({})), (chart(), json!({"default": "x"}))] {
        let (cluster, log) = with(Some(config_map(&data, &[])), &[]);
        cluster.apply_keys(&call(LONG), &place, &owner(), &[&ts(4)]).await.unwrap();
        assert_eq!(patches(&log).len(), 1);
    }
    let single = place(Fallback { default: None, strategies: vec![Strategy::Single] });
    let (cluster, log) = with(Some(config_map(&json!({"only": "x"}), &[])), &[]);
    let error = cluster.apply_keys(&call(LONG), &single, &owner(), &[&ts(4)]).await.unwrap_err();
    assert_eq!(error, KubeError::NoDefault { config_map: "gpu/slices".to_owned() });
    assert_eq!(patches(&log), []);
}

#[tokio::test]
async fn a_default_that_somebody_made_at_the_same_moment_counts() {
    let looks = std::sync::atomic::AtomicU32::new(0);
    let (cluster, log) = cluster(move |seen| {
        if seen.line.starts_with("GET") {
            let data = match looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => json!({}),
                _ => json!({"default": "theirs"}),
            };
            (200, config_map(&data, &[]))
        } else if seen.line.contains("gpuslice-default") {
            refusal(409, "Conflict", "conflict with \"kubectl\": .data.default")
        } else {
            (200, seen.body.clone())
        }
    });
    cluster.apply_keys(&call(LONG), &chart(), &owner(), &[&ts(4)]).await.unwrap();
    assert_eq!(patches(&log).len(), 2);
}

#[tokio::test]
async fn what_is_there_already_is_no_change() {
    let key = ts(4);
    let map = config_map(&json!({"default": "x", &key.name: key.yaml}), &[&key.name]);
    let (cluster, _) = with(Some(map), &["n1"]);
    let call = call(LONG);
    let applied = cluster.apply_keys(&call, &chart(), &owner(), &[&key]).await.unwrap();
    assert!(!applied.changed);
    let begun = Instant::now();
    cluster.wait_for_kubelets(&call, &owner(), &applied).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn kubelets_are_waited_for_where_there_are_any() {
    for (nodes, wanted) in [(&["n1"][..], KUBELET_SYNC), (&[], Duration::ZERO)] {
        let (cluster, _) = with(Some(config_map(&json!({"default": "x"}), &[])), nodes);
        let call = call(LONG);
        let begun = Instant::now();
        let applied = cluster.apply_keys(&call, &chart(), &owner(), &[&ts(4)]).await.unwrap();
        cluster.wait_for_kubelets(&call, &owner(), &applied).await.unwrap();
        let waited = begun.elapsed();
        assert!(waited >= wanted && waited < wanted + Duration::from_secs(5), "{waited:?}");
    }
    let (cluster, _) = with(Some(config_map(&json!({"default": "x"}), &[])), &["n1"]);
    let call = call(LONG);
    let applied = cluster.apply_keys(&call, &chart(), &owner(), &[&ts(4)]).await.unwrap();
    let owner = owner();
    let (waited, ()) = tokio::join!(cluster.wait_for_kubelets(&call, &owner, &applied), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        call.cancelled.cancel();
    });
    assert!(matches!(waited, Err(KubeError::Interrupted { .. })));
}

#[tokio::test]
async fn an_immutable_config_map_is_refused() {
    let mut map = config_map(&json!({}), &[]);
    map["immutable"] = json!(true);
    let (cluster, log) = with(Some(map), &[]);
    let error = cluster.apply_keys(&call(LONG), &chart(), &owner(), &[&ts(4)]).await.unwrap_err();
    assert_eq!(error, KubeError::Immutable { config_map: "gpu/slices".to_owned() });
    assert_eq!(patches(&log), []);
}

#[tokio::test]
async fn the_namespace_is_made_where_nothing_is_installed() {
    for (origin, status, made) in [
        (Origin::NothingInstalled, 404, true),
        (Origin::NothingInstalled, 200, false),
        (Origin::NothingInstalled, 403, false),
        (Origin::Given, 404, false),
    ] {
        let (cluster, log) = cluster(move |seen| match seen.line.split('?').next().unwrap() {
            "GET /api/v1/namespaces/gpu" if status == 200 => (200, json!({"metadata": {"name": "gpu"}})),
            "GET /api/v1/namespaces/gpu" => {
                refusal(status, if status == 404 { "NotFound" } else { "Forbidden" }, "x")
            }
            line if line.starts_with("GET") => refusal(404, "NotFound", "not found"),
            _ => (200, seen.body.clone()),
        });
        let place = Place { origin, ..chart() };
        cluster.apply_keys(&call(LONG), &place, &owner(), &[&ts(4)]).await.unwrap();
        let posts = log
            .lock()
            .unwrap()
            .iter()
            .filter(|seen| seen.line.starts_with("POST /api/v1/namespaces"))
            .count();
        assert_eq!(posts == 1, made, "{:?} {status}", place.origin);
    }
}

#[test]
fn drift_is_told_apart() {
    let key = ts(4);
    let data = |text: &str| Some(BTreeMap::from([(key.name.clone(), text.to_owned())]));
    assert_eq!(KeyState::of(data(&key.yaml).as_ref(), &key), KeyState::Present);
    assert_eq!(KeyState::of(data("x").as_ref(), &key), KeyState::Edited { found: "x".to_owned() });
    assert_eq!(KeyState::of(Some(&BTreeMap::new()), &key), KeyState::Missing);
    assert_eq!(KeyState::of(None, &key), KeyState::Missing);
    assert_eq!(edited(&data("x").unwrap()), [key.name.as_str()]);
    assert_eq!(edited(&data(&key.yaml).unwrap()), [""; 0]);
}
