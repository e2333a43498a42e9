//! Pods: scheduled, started, evicted, ended; `DaemonSet`s, namespaces, and what goes with what.

use super::*;

const PODS: &str = "/api/v1/namespaces/default/pods";

fn pod(name: &str, gpus: u32) -> Value {
    let tolerations = json!([{"key": "nvidia.com/gpu", "operator": "Exists"}]);
    let limits = if gpus == 0 { json!({}) } else { json!({"nvidia.com/gpu": gpus.to_string()}) };
    json!({"metadata": {"name": name, "labels": {"app": "x"}}, "spec": {"tolerations": tolerations,
        "containers": [{"name": "c", "image": "i:1", "resources": {"limits": limits}}]}})
}

/// A cluster with one node that shows two GPUs.
fn desk() -> Desk {
    let mut node = machine("n1");
    node.advertised =
        vec![crate::sandbox::nodes::Advertised { resource: "nvidia.com/gpu".into(), count: 2, from: 0 }];
    Desk::with(Stack::Nothing, vec![node])
}

fn phase(desk: &mut Desk, name: &str) -> String {
    desk.get(&format!("{PODS}/{name}"))["status"]["phase"].as_str().unwrap().to_owned()
}

#[test]
fn a_pod_with_a_gpu_goes_where_one_is_free() {
    let mut desk = desk();
    for name in ["a", "b", "c"] {
        desk.ok("POST", PODS, &pod(name, 1));
    }
    desk.pass(LATENCY);
    assert_eq!(
        [phase(&mut desk, "a"), phase(&mut desk, "b"), phase(&mut desk, "c")],
        ["Running", "Running", "Pending"]
    );
    let waiting = desk.get(&format!("{PODS}/c"));
    let condition = &waiting["status"]["conditions"][0];
    assert_eq!((&condition["type"], &condition["reason"]), (&json!("PodScheduled"), &json!("Unschedulable")));
    assert_eq!(condition["message"], "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.");
    let events = desk.get("/api/v1/namespaces/default/events?fieldSelector=reason%3DFailedScheduling");
    assert_eq!(events["items"].as_array().unwrap().len(), 1);
    desk.ok("DELETE", &format!("{PODS}/a"), &Value::Null);
    assert!(desk.get(&format!("{PODS}/a"))["metadata"]["deletionTimestamp"].is_string(), "a grace period");
    desk.pass(LATENCY);
    assert_eq!(desk.refused("GET", &format!("{PODS}/a"), &Value::Null).0, 404);
    desk.pass(LATENCY);
    assert_eq!(phase(&mut desk, "c"), "Running");
}

#[test]
fn taints_selectors_and_cordons_keep_pods_away() {
    let mut desk = desk();
    let mut untolerant = pod("a", 0);
    untolerant["spec"]["tolerations"] = json!([]);
    desk.ok("POST", PODS, &untolerant);
    let mut choosy = pod("b", 0);
    choosy["spec"]["nodeSelector"] = json!({"pool": "cpu"});
    desk.ok("POST", PODS, &choosy);
    let reason = |desk: &mut Desk, name: &str| {
        desk.get(&format!("{PODS}/{name}"))["status"]["conditions"][0]["message"].as_str().unwrap().to_owned()
    };
    assert!(reason(&mut desk, "a").contains("1 node(s) had untolerated taint {nvidia.com/gpu: present}"));
    assert!(reason(&mut desk, "b").contains("didn't match Pod's node affinity/selector"));
    desk.patch("merge-patch+json", "/api/v1/nodes/n1", &json!({"spec": {"unschedulable": true}}));
    desk.ok("POST", PODS, &pod("c", 0));
    assert!(reason(&mut desk, "c").contains("1 node(s) were unschedulable"));
}

#[test]
fn an_eviction_deletes_unless_a_budget_forbids_it() {
    let mut desk = desk();
    desk.ok("POST", PODS, &pod("a", 0));
    desk.pass(LATENCY);
    let budget = json!({"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}});
    desk.ok("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", &budget);
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}});
    let (code, reason, message) = desk.refused("POST", &format!("{PODS}/a/eviction"), &eviction);
    assert_eq!((code, reason.as_str()), (429, "TooManyRequests"));
    assert!(message.contains("needs 1 healthy pods and has 1 currently"), "{message}");
    desk.ok("POST", PODS, &pod("b", 0));
    desk.pass(LATENCY);
    desk.ok("POST", &format!("{PODS}/a/eviction"), &eviction);
    desk.pass(LATENCY);
    assert_eq!(desk.refused("GET", &format!("{PODS}/a"), &Value::Null).0, 404);
}

#[test]
fn a_daemon_runs_on_every_node_that_wants_it() {
    let mut desk = Desk::with(Stack::Nothing, vec![machine("n1"), machine("n2")]);
    desk.patch("merge-patch+json", "/api/v1/nodes/n2", &json!({"metadata": {"labels": {"pool": "cpu"}}}));
    let sets = "/apis/apps/v1/namespaces/default/daemonsets";
    let set = json!({"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {
        "metadata": {"labels": {"a": "b"}}, "spec": {"nodeSelector": {"pool": "gpu"},
        "tolerations": [{"operator": "Exists"}], "containers": [{"name": "c", "image": "i:1"}]}}}});
    desk.ok("POST", sets, &set);
    desk.pass(LATENCY);
    let pods = desk.get(PODS);
    assert_eq!(pods["items"][0]["spec"]["nodeName"], "n1");
    assert_eq!(pods["items"].as_array().unwrap().len(), 1);
    let first = pods["items"][0]["metadata"]["uid"].clone();
    let status = desk.get(&format!("{sets}/d"))["status"].clone();
    assert_eq!((&status["desiredNumberScheduled"], &status["numberReady"]), (&json!(1), &json!(1)));
    let restart = json!({"spec": {"template": {"metadata": {"annotations": {"restartedAt": "now"}}}}});
    desk.patch("strategic-merge-patch+json", &format!("{sets}/d"), &restart);
    desk.pass(LATENCY);
    desk.pass(LATENCY);
    let pods = desk.get(PODS);
    assert_eq!(pods["items"].as_array().unwrap().len(), 1);
    assert_ne!(pods["items"][0]["metadata"]["uid"], first, "a changed template replaces the pods");
    desk.ok("DELETE", &format!("{sets}/d"), &Value::Null);
    desk.pass(LATENCY);
    assert_eq!(desk.get(PODS)["items"], json!([]), "its pods go with it");
}

#[test]
fn a_namespace_goes_with_all_that_is_in_it() {
    let mut desk = Desk::new();
    desk.ok("POST", "/api/v1/namespaces", &json!({"metadata": {"name": "n"}}));
    desk.ok("POST", "/api/v1/namespaces/n/configmaps", &json!({"metadata": {"name": "c"}}));
    let marked = desk.ok("DELETE", "/api/v1/namespaces/n", &Value::Null);
    assert_eq!(marked["status"]["phase"], "Terminating");
    let (code, _, message) =
        desk.refused("POST", "/api/v1/namespaces/n/configmaps", &json!({"metadata": {"name": "d"}}));
    assert!(code == 403 && message.contains("because it is being terminated"), "{message}");
    desk.pass(LATENCY);
    assert_eq!(desk.refused("GET", "/api/v1/namespaces/n", &Value::Null).0, 404);
    assert_eq!(desk.get("/api/v1/configmaps")["items"], json!([]));
}

#[test]
fn pods_go_with_their_node_and_restart_with_it() {
    let mut desk = desk();
    desk.ok("POST", PODS, &pod("a", 1));
    desk.pass(LATENCY);
    let restarts = |desk: &mut Desk| {
        desk.get(&format!("{PODS}/a"))["status"]["containerStatuses"][0]["restartCount"].as_u64().unwrap()
    };
    assert_eq!(restarts(&mut desk), 0);
    desk.nodes[0].restart = Some(crate::sandbox::nodes::Restart {
        at: desk.now,
        ready_at: desk.now + 100,
        boot_id: "second".to_owned(),
    });
    desk.pass(LATENCY);
    assert_eq!((restarts(&mut desk), phase(&mut desk, "a").as_str()), (1, "Running"));
    desk.nodes.clear();
    assert_eq!(desk.refused("GET", &format!("{PODS}/a"), &Value::Null).0, 404);
}
