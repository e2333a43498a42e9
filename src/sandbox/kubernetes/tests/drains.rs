//! `Deployment`s, and nodes that their cloud drains.

use super::*;

const PODS: &str = "/api/v1/namespaces/default/pods";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn deployment(replicas: u32) -> Value {
    json!({"metadata": {"name": "work"}, "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "work"}},
        "template": {"metadata": {"labels": {"app": "work"}}, "spec": {"tolerations": [{"operator": "Exists", "key": "nvidia.com/gpu"}],
            "containers": [{"name": "c", "image": "example.com/i:1"}]}}}})
}

/// Where the pods run.
fn places(desk: &mut Desk) -> Vec<String> {
    let pods = desk.get(PODS);
    let mut places: Vec<_> = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| pod["spec"]["nodeName"].as_str().unwrap_or("nowhere").to_owned())
        .collect();
    places.sort();
    places
}

fn pass(desk: &mut Desk) {
    for _ in 0..4 {
        desk.pass(LATENCY);
        desk.get("/api/v1/nodes");
    }
}

#[test]
fn a_deployment_has_as_many_pods_as_it_wants_and_makes_new_ones() {
    let mut desk = Desk::with(Stack::Nothing, vec![machine("n1")]);
    desk.ok("POST", DEPLOYMENTS, &deployment(2));
    pass(&mut desk);
    assert_eq!(places(&mut desk), ["n1", "n1"]);
    let status = desk.get(&format!("{DEPLOYMENTS}/work"))["status"].clone();
    assert_eq!((&status["readyReplicas"], &status["conditions"][0]["status"]), (&json!(2), &json!("True")));
    let pods = desk.get(PODS);
    let first = pods["items"][0]["metadata"]["name"].as_str().unwrap();
    desk.ok("DELETE", &format!("{PODS}/{first}"), &Value::Null);
    pass(&mut desk);
    assert_eq!(places(&mut desk).len(), 2);
    assert_ne!(desk.get(PODS), pods);
    desk.patch("merge-patch+json", &format!("{DEPLOYMENTS}/work"), &json!({"spec": {"replicas": 1}}));
    pass(&mut desk);
    assert_eq!(places(&mut desk).len(), 1);
    let image =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "example.com/i:2"}]}}}});
    desk.patch("strategic-merge-patch+json", &format!("{DEPLOYMENTS}/work"), &image);
    pass(&mut desk);
    let images: Vec<_> = desk.get(PODS)["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| pod["spec"]["containers"][0]["image"].clone())
        .collect();
    assert_eq!(images, ["example.com/i:2"]);
    desk.ok("DELETE", &format!("{DEPLOYMENTS}/work"), &Value::Null);
    pass(&mut desk);
    assert_eq!(places(&mut desk), Vec::<String>::new(), "everything goes with it");
}

#[test]
fn a_draining_node_is_cordoned_and_its_pods_move_as_far_as_budgets_allow() {
    let mut desk = Desk::with(Stack::Nothing, vec![machine("n1")]);
    desk.ok("POST", DEPLOYMENTS, &deployment(1));
    let budget = json!({"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "work"}}}});
    let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    desk.ok("POST", budgets, &budget);
    pass(&mut desk);
    desk.nodes.push(machine("n2"));
    desk.nodes[0].draining = true;
    pass(&mut desk);
    assert_eq!(desk.node("n1")["spec"]["unschedulable"], true);
    assert_eq!(places(&mut desk), ["n1"], "the budget is kept");
    desk.ok("DELETE", &format!("{budgets}/b"), &Value::Null);
    pass(&mut desk);
    assert_eq!(places(&mut desk), ["n2"]);
}

#[test]
fn an_image_that_cannot_be_pulled_is_told_and_runs_nothing() {
    let mut desk = Desk::with(Stack::Nothing, vec![machine("n1")]);
    let pod = json!({"metadata": {"name": "p"}, "spec": {"tolerations": [{"operator": "Exists", "key": "nvidia.com/gpu"}],
        "containers": [{"name": "c", "image": "registry.invalid/i:1"}]}});
    desk.ok("POST", PODS, &pod);
    pass(&mut desk);
    let shown = desk.get(&format!("{PODS}/p"));
    let waiting = &shown["status"]["containerStatuses"][0]["state"]["waiting"];
    assert_eq!(
        (&shown["status"]["phase"], &waiting["reason"]),
        (&json!("Pending"), &json!("ImagePullBackOff"))
    );
    assert!(waiting["message"].as_str().unwrap().contains("no such host"), "{waiting}");
}
