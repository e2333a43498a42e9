use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use crate::kubernetes::testing::{Seen, call, cluster, refusal};

const NODES: &str = "GET /api/v1/nodes?&labelSelector=eks.amazonaws.com%2Fnodegroup%3Dgpu";

fn pool() -> PoolId {
    "arn:aws:eks:us-east-1:123456789012:cluster/main:gpu".parse().unwrap()
}

fn node(name: &str, cordoned: bool) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {"providerID": format!("aws:///us-east-1a/i-{name}"), "unschedulable": cordoned},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    })
}

fn pod(name: &str, node: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "team", "uid": format!("uid-{name}"), "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "r", "controller": true}]},
        "spec": {"nodeName": node, "containers": []},
    })
}

fn list(items: &[Value]) -> (u16, Value) {
    (200, json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}))
}

fn budget(message: &str) -> (u16, Value) {
    let (code, mut body) =
        refusal(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.");
    body["details"] = json!({"causes": [{"reason": "DisruptionBudget", "message": message}]});
    (code, body)
}

/// A cluster whose pods leave when `leaves` says so of their name; it notes what was asked of it beyond reading.
struct World {
    cluster: Cluster,
    done: Arc<Mutex<Vec<String>>>,
}

fn world(
    nodes: Vec<Value>,
    pods: Vec<Value>,
    evict: impl Fn(&str) -> (u16, Value) + Send + Sync + 'static,
) -> World {
    let pods = Mutex::new(pods);
    let done: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&done);
    let answer = move |seen: &Seen| -> (u16, Value) {
        let (verb, path) = seen.line.split_once(' ').unwrap();
        if path.contains("selfsubjectaccessreviews") {
            let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {}, "status": {"allowed": true}});
            return (201, body);
        }
        if seen.line.starts_with(NODES) {
            return list(&nodes);
        }
        if let Some(name) = path.strip_prefix("/api/v1/nodes/") {
            let name = name.trim_end_matches('?');
            kept.lock().unwrap().push(format!("{verb} {name} {}", seen.body["spec"]["unschedulable"]));
            return (200, node(name, true));
        }
        if let Some(name) = path.strip_prefix("/api/v1/namespaces/team/pods/") {
            let name = name.split('/').next().unwrap();
            assert_eq!(seen.body["deleteOptions"]["preconditions"]["uid"], format!("uid-{name}"));
            let (code, body) = evict(name);
            if code < 300 {
                pods.lock().unwrap().retain(|pod| pod["metadata"]["name"] != name);
            }
            kept.lock().unwrap().push(format!("evict {name} {code}"));
            return (code, body);
        }
        if let Some(node) = path.strip_prefix("/api/v1/pods?&fieldSelector=spec.nodeName%3D") {
            let pods = pods.lock().unwrap();
            return list(
                &pods.iter().filter(|pod| pod["spec"]["nodeName"] == node).cloned().collect::<Vec<_>>(),
            );
        }
        panic!("asked for {}", seen.line);
    };
    World { cluster: cluster(answer).0, done }
}

fn accepted() -> (u16, Value) {
    (201, json!({"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success"}))
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn the_emptiest_node_is_cordoned_and_its_pods_leave() {
    let daemon = {
        let mut daemon = pod("plugin", "b");
        daemon["metadata"]["ownerReferences"][0]["kind"] = json!("DaemonSet");
        daemon
    };
    let pods = vec![pod("a-1", "a"), pod("a-2", "a"), pod("b-1", "b"), daemon];
    let world = world(vec![node("a", false), node("b", false)], pods, |_| accepted());
    let drained = world.cluster.drain(&call(HOUR), &pool(), 1).await.unwrap();
    let expected = DrainedNode { name: "b".to_owned(), provider_id: "aws:///us-east-1a/i-b".to_owned() };
    assert_eq!(drained, [expected]);
    assert_eq!(*world.done.lock().unwrap(), ["PATCH b true", "evict b-1 201"]);
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_asked_again_until_it_permits() {
    let asked = AtomicUsize::new(0);
    let world = world(vec![node("a", false)], vec![pod("web", "a")], move |_| {
        match asked.fetch_add(1, Ordering::Relaxed) {
            0..4 => budget("The disruption budget web needs 2 healthy pods and has 2 currently"),
            _ => accepted(),
        }
    });
    world.cluster.drain(&call(HOUR), &pool(), 1).await.unwrap();
    let done = world.done.lock().unwrap();
    assert_eq!(done.iter().filter(|it| *it == "evict web 429").count(), 4);
    assert_eq!(done.last().unwrap(), "evict web 201");
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_never_permits_is_named_and_the_nodes_are_opened_again() {
    let never = |_: &str| budget("The disruption budget web needs 1 healthy pods and has 1 currently");
    let nodes = vec![node("a", false), node("b", true)];
    let world = world(nodes, vec![pod("web", "a"), pod("api", "b")], never);
    let begun = Instant::now();
    let error = world.cluster.drain(&call(HOUR), &pool(), 2).await.unwrap_err();
    assert!(begun.elapsed() >= PATIENCE && begun.elapsed() < PATIENCE + LONGEST_PAUSE * 2);
    insta::assert_snapshot!(format!("{}\n{}", error.summary(), error.detail()));
    let done = world.done.lock().unwrap();
    let patched: Vec<&String> = done.iter().filter(|it| it.starts_with("PATCH")).collect();
    // Somebody else's cordon stays.
    assert_eq!(patched, ["PATCH a true", "PATCH a false"]);
}

#[tokio::test(start_paused = true)]
async fn the_calls_end_ends_the_wait() {
    let world = world(vec![node("a", false)], vec![pod("web", "a")], |_| budget("no"));
    let error = world.cluster.drain(&call(Duration::from_secs(8)), &pool(), 1).await.unwrap_err();
    assert!(matches!(error, KubeError::PodsStay { after, .. } if after <= Duration::from_secs(6)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_opens_the_nodes_again() {
    let call = call(HOUR);
    let cancelled = call.cancelled.clone();
    let world = world(vec![node("a", false)], vec![pod("web", "a")], move |_| {
        cancelled.cancel();
        budget("no")
    });
    let error = world.cluster.drain(&call, &pool(), 1).await.unwrap_err();
    assert!(matches!(error, KubeError::Interrupted { .. }), "{error}");
    assert_eq!(world.done.lock().unwrap().last().unwrap(), "PATCH a false");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_gone_or_another_one_has_left() {
    for (code, reason) in [(404, "NotFound"), (409, "Conflict")] {
        let gone = AtomicBool::new(false);
        let (cluster, _) = cluster(move |seen| {
            if seen.line.contains("accessreviews") {
                return refusal(403, "Forbidden", "no questions");
            }
            if seen.line.starts_with(NODES) {
                return list(&[node("a", true)]);
            }
            if seen.line.contains("/eviction") {
                gone.store(true, Ordering::Relaxed);
                return refusal(code, reason, "not this one");
            }
            if gone.load(Ordering::Relaxed) { list(&[]) } else { list(&[pod("web", "a")]) }
        });
        assert_eq!(cluster.drain(&call(HOUR), &pool(), 1).await.unwrap().len(), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_whose_kubelet_is_lost_is_not_waited_for_beyond_its_time() {
    let (cluster, _) = cluster(move |seen| {
        if seen.line.contains("accessreviews") {
            return refusal(403, "Forbidden", "no questions");
        }
        if seen.line.starts_with(NODES) {
            let mut lost = node("a", true);
            lost["status"]["conditions"][0]["status"] = json!("Unknown");
            return list(&[lost]);
        }
        let mut ending = pod("web", "a");
        ending["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        ending["metadata"]["deletionGracePeriodSeconds"] = json!(60);
        list(&[ending])
    });
    let begun = Instant::now();
    cluster.drain(&call(HOUR), &pool(), 1).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(60) && begun.elapsed() < Duration::from_secs(90));
}

#[tokio::test]
async fn missing_rights_are_told_before_anything_is_cordoned() {
    for count in [0, 1] {
        let (cluster, log) = cluster(|seen| {
            let attributes = &seen.body["spec"]["resourceAttributes"];
            let lacking = attributes["subresource"] == "eviction" || attributes["verb"] == "patch";
            let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {}, "status": {"allowed": !lacking}});
            (201, body)
        });
        let error = cluster.drain(&call(HOUR), &pool(), count).await.unwrap_err();
        let KubeError::Lacking { rights, .. } = &error else { panic!("{error}") };
        assert_eq!(
            rights.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["patch nodes", "create pods/eviction"]
        );
        assert!(
            error.detail().contains(r#"{apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"]}"#)
        );
        let log = log.lock().unwrap();
        assert!(log.iter().all(|seen| seen.line.contains("selfsubjectaccessreviews")), "{log:?}");
    }
}
