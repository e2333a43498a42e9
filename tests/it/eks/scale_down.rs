//! A pool that shrinks: EKS would end nodes with their pods, so they are emptied first, unless that is not wanted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::home::Home;
use crate::mig_desk::{SOON, action, path};
use crate::mig_pool::{POOL, Pool};

fn sized(nodes: u32) -> Pool {
    Pool::eks().set("node_count", &nodes.to_string())
}

/// What went on between EKS, Auto Scaling and the cluster, in order.
fn steps(records: &[Value]) -> Vec<String> {
    let step = |record: &Value| {
        let path = path(record);
        if path.ends_with("/update-config") {
            Some(record["request_body"]["scalingConfig"].to_string())
        } else if path.ends_with("/eviction") {
            Some("evict".to_owned())
        } else {
            action(record).filter(|action| action.starts_with("Terminate")).map(|_| "terminate".to_owned())
        }
    };
    records.iter().filter_map(step).collect()
}

/// A budget that permits no eviction of the pods of these tests.
fn forbid_evictions(home: &Home) {
    let pods = home.api.get("/api/v1/namespaces/default/pods").expect("pods");
    for pod in pods["items"].as_array().expect("a list") {
        let name = pod["metadata"]["name"].as_str().expect("a name");
        let labels = json!({"metadata": {"labels": {"app": "work"}}});
        home.api.merge(&format!("/api/v1/namespaces/default/pods/{name}"), &labels);
    }
    home.api.create(
        "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
        &json!({
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "work", "namespace": "default"},
            "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "work"}}},
        }),
    );
}

/// Whether each node of the pool is cordoned.
fn cordons(home: &Home) -> BTreeMap<String, bool> {
    let nodes = home.api.get("/api/v1/nodes").expect("nodes");
    let ours = |node: &&Value| node["metadata"]["labels"]["eks.amazonaws.com/nodegroup"] == "mig";
    let cordoned = |node: &Value| {
        let name = node["metadata"]["name"].as_str().expect("a name").to_owned();
        (name, node["spec"]["unschedulable"] == true)
    };
    nodes["items"].as_array().expect("a list").iter().filter(ours).map(cordoned).collect()
}

#[test]
fn empty_nodes_go_first_and_pods_stay() {
    let home = Home::cut();
    home.settle(&sized(3));
    home.run_pod("work");
    let pod = home.pod("work");
    let so_far = home.sandbox.records().len();
    home.update(&sized(1)).replaces_no_node();
    assert_eq!(home.pod("work"), pod, "the same pod, on the same node");
    assert_eq!(home.machines()[0]["name"], pod["node"]);
    assert_eq!(home.evictions().len(), 0);
    // First the room, then the machines one by one, then the rest.
    let records = home.sandbox.records().split_off(so_far);
    let seen = steps(&records);
    assert_eq!(seen.first().map(String::as_str), Some("{\"minSize\":1}"), "{seen:?}");
    assert_eq!(seen.iter().filter(|step| *step == "terminate").count(), 2, "{seen:?}");
    for form in home.forms("TerminateInstanceInAutoScalingGroup") {
        assert_eq!(form["ShouldDecrementDesiredCapacity"], "true");
        assert!(form["InstanceId"].starts_with("i-"), "{form:?}");
    }
    let scaling = home.group()["scalingConfig"].clone();
    assert_eq!(scaling, json!({"minSize": 1, "maxSize": 1, "desiredSize": 1}));
}

#[test]
fn pods_are_evicted_before_their_node_ends() {
    let home = Home::cut();
    home.settle(&sized(1));
    home.run_pod("work");
    let so_far = home.sandbox.records().len();
    home.update(&sized(0)).replaces_no_node();
    let seen = steps(&home.sandbox.records().split_off(so_far));
    let evicted = seen.iter().position(|step| step == "evict");
    let ended = seen.iter().position(|step| step == "terminate");
    assert!(evicted.is_some() && evicted < ended, "{seen:?}");
    assert_eq!((home.machines().len(), home.pod("work")), (0, Value::Null));
    assert_eq!(home.group()["scalingConfig"], json!({"minSize": 0, "maxSize": 1, "desiredSize": 0}));
}

#[test]
fn a_budget_that_permits_no_eviction_is_an_error_that_names_it_and_nothing_is_lost() {
    let home = Home::cut();
    home.settle(&sized(1));
    home.run_pod("work");
    forbid_evictions(&home);
    let pod = home.pod("work");
    home.write(&sized(0).timeouts("update = \"4s\""));
    let refused = home.workspace.apply().failure().says("default/work");
    refused.says("eks.scale_down");
    assert_eq!(home.pod("work"), pod);
    assert_eq!(home.machines().len(), 1);
    assert!(cordons(&home).values().all(|cordoned| !cordoned), "{:?}", cordons(&home));
    assert!(!home.workspace.is_tainted(POOL));
    let state = home.state();
    assert_eq!(state["node_count"], 1, "{state:#}");
    // The remedy that it names.
    home.write(&sized(0).with("scale_down = \"immediate\""));
    home.workspace.apply().success();
    home.workspace.assert_empty_plan();
    assert_eq!((home.machines().len(), home.forms("TerminateInstanceInAutoScalingGroup").len()), (0, 0));
}

#[test]
fn immediate_ends_nodes_at_once_in_one_call() {
    let home = Home::cut();
    let immediate = |nodes: u32| sized(nodes).with("scale_down = \"immediate\"");
    home.settle(&immediate(2));
    let update = home.update(&immediate(1)).replaces_no_node();
    assert_eq!(update.bodies("/update-config").len(), 1, "{:#?}", update.requests);
    assert_eq!(home.forms("TerminateInstanceInAutoScalingGroup").len(), 0);
    assert_eq!((home.evictions().len(), home.machines().len()), (0, 1));
}

#[test]
fn a_cluster_that_cannot_be_reached_is_an_error_before_anything_changes() {
    let home = Home::cut();
    home.settle(&sized(2));
    home.trouble("unreachable", &json!({}), &json!({}));
    let changes = home.changes(0).len();
    home.write(&sized(1).timeouts("update = \"40s\""));
    home.workspace.apply().failure().says("eks.scale_down").says("\"immediate\"");
    assert_eq!(home.changes(changes), Vec::<Value>::new());
    assert_eq!(home.machines().len(), 2);
    assert!(!home.workspace.is_tainted(POOL));
    // To grow takes no draining.
    home.write(&sized(3).text("slice_check", "off"));
    home.workspace.apply().success();
    assert_eq!(home.machines().len(), 3);
}

#[test]
fn rights_in_the_cluster_that_are_missing_are_named() {
    let home = Home::cut();
    home.settle(&sized(2));
    home.trouble("permission", &json!({"verb": "patch", "resource": "nodes"}), &json!({}));
    let changes = home.changes(0).len();
    home.write(&sized(1));
    home.workspace.apply().failure().says("patch nodes").says("eks.scale_down");
    assert_eq!(home.changes(changes), Vec::<Value>::new());
    assert_eq!(home.machines().len(), 2);
}

#[test]
fn a_machine_that_may_not_be_ended_is_said_with_the_permission() {
    let home = Home::cut();
    home.settle(&sized(2));
    home.on_action("autoscaling/TerminateInstanceInAutoScalingGroup", "permission", 100, &json!({}));
    home.write(&sized(1));
    let refused = home.workspace.apply().failure();
    let refused = refused.says("autoscaling:TerminateInstanceInAutoScalingGroup").says("\"immediate\"");
    // Its node is empty and stays closed for the next try, unless somebody opens it.
    refused.says("kubectl uncordon");
    assert_eq!(home.machines().len(), 2);
    home.sandbox.clear_faults();
    home.settle(&sized(1));
    assert_eq!(home.machines().len(), 1);
}

#[test]
fn a_lower_limit_of_the_autoscaler_drains_only_what_is_above_it() {
    let home = Home::cut();
    let scaled = |min: u32, max: u32| {
        Pool::eks().set("autoscaling", &format!("{{ min_nodes = {min}, max_nodes = {max} }}"))
    };
    home.settle(&scaled(1, 6));
    home.actor("resize", home.cluster, &json!({"node_count": 3}));
    home.update(&scaled(1, 4)).keeps_nodes();
    assert_eq!(home.forms("TerminateInstanceInAutoScalingGroup").len(), 0);
    home.update(&scaled(1, 2)).replaces_no_node();
    assert_eq!(home.forms("TerminateInstanceInAutoScalingGroup").len(), 1);
    assert_eq!(home.machines().len(), 2);
    assert_eq!(home.group()["scalingConfig"], json!({"minSize": 1, "maxSize": 2, "desiredSize": 2}));
}

#[test]
fn ctrl_c_while_nodes_are_emptied_opens_them_again_and_the_next_apply_goes_on() {
    let home = Home::cut();
    home.settle(&sized(1));
    home.run_pod("work");
    forbid_evictions(&home);
    home.write(&sized(0));
    let mut apply = home.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("an eviction was refused", SOON, |_| !home.evictions().is_empty());
    apply.interrupt();
    apply.wait_with_timeout(SOON).failure();
    assert!(!home.workspace.is_tainted(POOL));
    assert!(cordons(&home).values().all(|cordoned| !cordoned), "{:?}", cordons(&home));
    assert_eq!(home.pod("work")["phase"], "Running");
    home.api.merge(
        "/apis/policy/v1/namespaces/default/poddisruptionbudgets/work",
        &json!({"spec": {"maxUnavailable": 1}}),
    );
    home.settle(&sized(0));
    assert_eq!(home.machines().len(), 0);
}

#[test]
fn a_kill_while_nodes_are_emptied_leaves_what_the_next_apply_goes_on_with() {
    let home = Home::cut();
    home.settle(&sized(2));
    home.on_action(
        "autoscaling/TerminateInstanceInAutoScalingGroup",
        "slow_answer",
        1,
        &json!({"delay": "1500ms"}),
    );
    home.write(&sized(1));
    let mut apply = home.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("a machine ends", SOON, |_| home.machines().len() == 1);
    assert!(apply.kill_provider() >= 1);
    apply.wait_with_timeout(SOON).failure();
    home.settle(&sized(1));
    assert_eq!((home.machines().len(), home.creates().len(), home.deletes().len()), (1, 1, 0));
    assert_eq!(home.group()["scalingConfig"], json!({"minSize": 1, "maxSize": 1, "desiredSize": 1}));
}
