use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use serde_json::json;

use super::*;
use crate::kubernetes::testing::{call, cluster, refusal};

const LONG: Duration = Duration::from_secs(600);

fn nodes() -> Right {
    Right::everywhere(Verb::List, "", "nodes")
}

async fn list(cluster: &Cluster, call: &Call) -> Result<usize, KubeError> {
    let (api, options) = (cluster.all::<Node>(), ListParams::default());
    cluster.ask(call, &nodes(), || api.list(&options)).await.map(|list| list.items.len())
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again() {
    let tries = AtomicU32::new(0);
    let (cluster, log) = cluster(move |_| match tries.fetch_add(1, Ordering::Relaxed) {
        0 => refusal(503, "ServiceUnavailable", "starting"),
        1 => {
            let (code, mut body) = refusal(429, "TooManyRequests", "slow down");
            body["details"] = json!({"retryAfterSeconds": 7});
            (code, body)
        }
        _ => (200, json!({"apiVersion": "v1", "kind": "NodeList", "metadata": {}, "items": []})),
    });
    let begun = tokio::time::Instant::now();
    assert_eq!(list(&cluster, &call(LONG)).await, Ok(0));
    assert_eq!(log.lock().unwrap().len(), 3);
    assert!(begun.elapsed() >= Duration::from_secs(7), "the server's wish is granted");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_told_at_once() {
    let message = "nodes is forbidden: User \"me\" cannot list resource \"nodes\"";
    let (cluster, log) = cluster(move |_| refusal(403, "Forbidden", message));
    let error = list(&cluster, &call(LONG)).await.unwrap_err();
    assert!(
        matches!(&error, KubeError::Forbidden { right, message: said, .. } if **right == nodes() && said == message)
    );
    assert_eq!(log.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn tries_end() {
    let (cluster, log) = cluster(|_| refusal(500, "InternalError", "etcd"));
    let error = list(&cluster, &call(LONG)).await.unwrap_err();
    assert!(matches!(error, KubeError::Rejected { code: 500, .. }), "{error:?}");
    assert_eq!(log.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn an_interrupted_call_asks_nothing() {
    let (cluster, log) = cluster(|_| refusal(500, "InternalError", "etcd"));
    let call = call(LONG);
    call.cancelled.cancel();
    assert_eq!(list(&cluster, &call).await, Err(KubeError::Interrupted { right: Box::new(nodes()) }));
    assert_eq!(log.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn an_answer_that_no_api_server_gives_is_named() {
    let (cluster, _) = cluster(|_| (200, json!("<html>")));
    let error = list(&cluster, &call(LONG)).await.unwrap_err();
    assert!(matches!(error, KubeError::Nonsense { .. }), "{error:?}");
}

fn reviewed(denied: &'static [&'static str]) -> Cluster {
    let (cluster, _) = cluster(move |seen| {
        assert_eq!(seen.line, "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
        let attributes = &seen.body["spec"]["resourceAttributes"];
        let allowed = !denied.iter().any(|verb| attributes["verb"] == json!(verb));
        let mut body = seen.body.clone();
        body["status"] = json!({"allowed": allowed});
        (201, body)
    });
    cluster
}

fn wanted() -> [Right; 3] {
    [
        nodes(),
        Right::on(Verb::Patch, "", "configmaps", "gpu", "slices"),
        Right::on(Verb::Create, "", "configmaps", "gpu", "slices"),
    ]
}

#[tokio::test]
async fn all_missing_rights_are_named_at_once() {
    assert_eq!(reviewed(&[]).preflight(&call(LONG), &wanted()).await, Ok(()));
    let error = reviewed(&["patch", "create"]).preflight(&call(LONG), &wanted()).await.unwrap_err();
    let KubeError::Lacking { rights, .. } = &error else { panic!("{error:?}") };
    assert_eq!(rights[..], wanted()[1..]);
    insta::assert_snapshot!(error, @r#"
    Rights are missing in the cluster: Used: the test's credentials. These rights are needed, and nothing was made without them:
      - patch configmaps "slices" in the namespace "gpu": a Role in "gpu" with the rule {apiGroups: [""], resources: ["configmaps"], resourceNames: ["slices"], verbs: ["patch"]}
      - create configmaps "slices" in the namespace "gpu": a Role in "gpu" with the rule {apiGroups: [""], resources: ["configmaps"], verbs: ["create"]}
    Nobody grants anything here.
    "#);
}

#[tokio::test]
async fn a_cluster_that_forbids_the_question_is_not_a_missing_right() {
    let (cluster, _) = cluster(|_| refusal(403, "Forbidden", "no reviews"));
    assert_eq!(cluster.preflight(&call(LONG), &wanted()).await, Ok(()));
}
