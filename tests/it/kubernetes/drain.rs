//! Draining nodes: pods that leave, budgets that keep them, and rights that are missing.

use std::time::Duration;

use gpuslice::kubernetes::{Cluster, KubeError};
use gpuslice::nodepool::spec::Size;
use gpuslice::nodepool::{NodePoolSpec, PoolId};
use gpuslice::slicing::Cloud;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

use super::support::*;

const PODS: &str = "/api/v1/namespaces/default/pods";
const BUDGETS: &str = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

/// The cluster's API, as another client sees it.
struct Other(kube::Client);

impl Other {
    async fn of(bench: &Bench) -> Self {
        let parsed = Kubeconfig::from_yaml(&bench.kubeconfig(CONFIGURED).await).unwrap();
        let config = Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await.unwrap();
        Other(kube::Client::try_from(config).unwrap())
    }

    async fn send(&self, method: &str, path: &str, kind: &str, body: &Value) -> Result<Value, kube::Error> {
        let request = http::Request::builder().method(method).uri(path).header("content-type", kind);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.0.request(request.body(body).unwrap()).await
    }

    async fn get(&self, path: &str) -> Option<Value> {
        self.send("GET", path, "application/json", &Value::Null).await.ok()
    }

    async fn create(&self, path: &str, object: &Value) {
        self.send("POST", path, "application/json", object).await.unwrap();
    }

    async fn merge(&self, path: &str, patch: &Value) {
        self.send("PATCH", path, "application/merge-patch+json", patch).await.unwrap();
    }
}

/// Two nodes of a pool, with a pod that holds a GPU on one of them; the API server as another client sees it.
async fn at_work(bench: &Bench) -> (Cluster, Other, NodePoolSpec, String) {
    let cluster = reach(bench, CONFIGURED).await;
    let key = time_slicing(4);
    let spec = NodePoolSpec { size: Size::Fixed(2), ..pool(CONFIGURED, "ts", &key) };
    let place = place(bench, &cluster).await.unwrap();
    cluster.apply_keys(&bench.call(), &place, &owner(&spec), &[&key]).await.unwrap();
    ready(bench.create(&spec).await);
    let check =
        gpuslice::kubernetes::check::SliceCheck { nodes: Some(2), ..shared_by_four(&spec, &place, &key) };
    cluster.check_slices(&bench.call(), &check).await;
    let api = Other::of(bench).await;
    let busy = bench.nodes(CONFIGURED, "ts").await[0]["name"].as_str().unwrap().to_owned();
    api.create(PODS, &json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "work", "namespace": "default", "labels": {"app": "work"}},
        "spec": {"nodeName": busy, "tolerations": [{"operator": "Exists"}], "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "c", "image": "example.com/work:1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]},
    })).await;
    (cluster, api, spec, busy)
}

async fn forbid(api: &Other) {
    let spec = json!({"maxUnavailable": 0, "selector": {"matchLabels": {"app": "work"}}});
    api.create(
        BUDGETS,
        &json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "work", "namespace": "default"}, "spec": spec}),
    )
    .await;
}

async fn cordoned(api: &Other, id: &PoolId) -> Vec<String> {
    let nodes = api.get("/api/v1/nodes").await.unwrap();
    let ours = nodes["items"].as_array().unwrap().iter().filter(|node| {
        node["metadata"]["labels"]["kubernetes.azure.com/agentpool"] == *id.name
            && node["spec"]["unschedulable"] == true
    });
    ours.map(|node| node["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_idle_node_goes_first_and_then_pods_are_asked_to_leave() {
    let bench = bench(Cloud::Aks).await;
    let (cluster, api, spec, busy) = at_work(&bench).await;
    let id = id_of(&spec);
    assert_eq!(cluster.drain(&bench.call(), &id, 0).await, Ok(Vec::new()), "nothing but a look");
    assert_eq!(cordoned(&api, &id).await, Vec::<String>::new());
    let drained = cluster.drain(&bench.call(), &id, 1).await.unwrap();
    assert!(drained.len() == 1 && drained[0].name != busy, "{drained:?}");
    assert!(drained[0].provider_id.starts_with("azure://"));
    assert_eq!(cordoned(&api, &id).await, [drained[0].name.clone()]);
    assert!(api.get(&format!("{PODS}/work")).await.is_some());
    // What is empty already is taken again, and the other one is emptied.
    let both = cluster.drain(&bench.call(), &id, 5).await.unwrap();
    assert_eq!(both.len(), 2);
    assert_eq!(api.get(&format!("{PODS}/work")).await, None::<Value>);
    let warnings = bench.log.warnings.lock().unwrap().clone();
    assert!(
        warnings.iter().any(|it| it.contains("nothing makes anew") && it.contains("default/work")),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn a_budget_that_never_permits_is_named_and_everything_stays() {
    let bench = bench(Cloud::Aks).await;
    let (cluster, api, spec, _) = at_work(&bench).await;
    forbid(&api).await;
    let id = id_of(&spec);
    let error = cluster.drain(&bench.call_for(Duration::from_secs(6)), &id, 2).await.unwrap_err();
    assert!(matches!(error, KubeError::PodsStay { .. }), "{error}");
    assert!(error.detail().contains("default/work on ") && error.detail().contains("budget work"), "{error}");
    assert_eq!(cordoned(&api, &id).await, Vec::<String>::new());
    assert!(api.get(&format!("{PODS}/work")).await.is_some());
    api.merge(&format!("{BUDGETS}/work"), &json!({"spec": {"maxUnavailable": 1}})).await;
    assert_eq!(cluster.drain(&bench.call(), &id, 2).await.unwrap().len(), 2);
}

#[tokio::test]
async fn rights_are_asked_for_before_anything_is_cordoned() {
    let bench = bench(Cloud::Aks).await;
    let (cluster, api, spec, _) = at_work(&bench).await;
    let id = id_of(&spec);
    kubernetes_fault(&bench, "permission", json!({"verb": "patch", "resource": "nodes"}), json!({})).await;
    let error = cluster.drain(&bench.call(), &id, 1).await.unwrap_err();
    assert!(matches!(&error, KubeError::Lacking { rights, .. } if rights.len() == 1), "{error}");
    assert!(error.detail().contains(r#"resources: ["nodes"], verbs: ["patch"]"#), "{error}");
    assert_eq!(cordoned(&api, &id).await, Vec::<String>::new());
}
