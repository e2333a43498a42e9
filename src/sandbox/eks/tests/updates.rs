//! Updates: what they change, in which order, and how they end.

use serde_json::{Value, json};

use super::{Aws, BOTTLEROCKET, CLUSTER, LATENCY, ROLE, SEVEN, wanted};
use crate::sandbox::nodes::Occupied;

const GROUP: &str = "/clusters/sandbox/node-groups/gpu";

fn with_group(count: u32) -> Aws {
    let mut aws = Aws::new();
    aws.create(&wanted("gpu", "g5.xlarge", BOTTLEROCKET, count));
    aws.pass(2 * LATENCY);
    aws
}

/// Starts an update of the configuration; its id.
fn update(aws: &mut Aws, body: &Value) -> String {
    let update = aws.ok("POST", &format!("{GROUP}/update-config"), body)["update"].take();
    assert_eq!((&update["status"], &update["type"]), (&json!("InProgress"), &json!("ConfigUpdate")));
    update["id"].as_str().unwrap().to_owned()
}

fn described(aws: &mut Aws, id: &str) -> Value {
    aws.ok("GET", &format!("/clusters/sandbox/updates/{id}?nodegroupName=gpu"), &Value::Null)["update"].take()
}

#[test]
fn labels_and_taints_reach_the_live_nodes() {
    let mut aws = with_group(1);
    let before = aws.uids("gpu");
    let taint = json!({"key": "a", "value": "b", "effect": "NO_SCHEDULE"});
    let id = update(
        &mut aws,
        &json!({"labels": {"addOrUpdateLabels": {"team": "x"}}, "taints": {"addOrUpdateTaints": [taint]}}),
    );
    assert_eq!(aws.status("gpu"), "UPDATING");
    let (status, name, _) =
        aws.refused("POST", &format!("{GROUP}/update-config"), &json!({"scalingConfig": {"desiredSize": 2}}));
    assert_eq!((status, name.as_str()), (409, "ResourceInUseException"));
    aws.pass(LATENCY);
    let update = described(&mut aws, &id);
    assert_eq!(update["status"], "Successful");
    assert_eq!(update["params"][0], json!({"type": "LabelsToAdd", "value": "{\"team\":\"x\"}"}));
    let node = aws.nodes("gpu").remove(0);
    assert_eq!(node["labels"]["team"], "x");
    assert_eq!(node["taints"], json!([{"key": "a", "value": "b", "effect": "NoSchedule"}]));
    assert_eq!(aws.uids("gpu"), before, "no node is replaced");
    update_none(&mut aws);
}

fn update_none(aws: &mut Aws) {
    let (_, name, message) = aws.refused("POST", &format!("{GROUP}/update-config"), &json!({}));
    assert_eq!(name, "InvalidRequestException");
    assert!(message.contains("No changes needed"), "{message}");
}

#[test]
fn sizes_are_checked_and_a_smaller_one_takes_nodes_away() {
    let mut aws = with_group(3);
    let before = aws.uids("gpu");
    let refused =
        aws.refused("POST", &format!("{GROUP}/update-config"), &json!({"scalingConfig": {"maxSize": 2}}));
    assert!(refused.2.contains("greater than max size"), "{}", refused.2);
    update(&mut aws, &json!({"scalingConfig": {"desiredSize": 1}}));
    aws.pass(LATENCY);
    let after = aws.uids("gpu");
    assert!(after.len() == 1 && before.contains(&after[0]));
    assert_eq!(aws.group("gpu")["scalingConfig"], json!({"minSize": 0, "maxSize": 9, "desiredSize": 1}));
}

#[test]
fn machines_that_do_not_come_degrade_the_group_until_they_do() {
    let mut aws = with_group(1);
    for zone in ["us-east-1a", "us-east-1b"] {
        aws.act(&json!({"kind": "set_stock", "zone": zone, "machine_type": "g5.xlarge", "count": 0}));
    }
    let id = update(&mut aws, &json!({"scalingConfig": {"desiredSize": 2}}));
    aws.pass(LATENCY);
    assert_eq!(described(&mut aws, &id)["status"], "Successful");
    let group = aws.group("gpu");
    assert_eq!(group["status"], "DEGRADED");
    assert_eq!(group["health"]["issues"][0]["code"], "AsgInstanceLaunchFailures");
    aws.act(&json!({"kind": "set_stock", "zone": "us-east-1b", "machine_type": "g5.xlarge", "count": 9}));
    aws.pass(1);
    assert_eq!((aws.status("gpu").as_str(), aws.uids("gpu").len()), ("ACTIVE", 2));
}

/// A group of p4d without slices, whose template then gets a version with slices.
fn with_template(count: u32) -> (Aws, String) {
    use base64::Engine as _;
    let mut aws = Aws::new();
    let id = aws.template("own", "");
    let mut body = wanted("gpu", "p4d.24xlarge", BOTTLEROCKET, count);
    body["launchTemplate"] = json!({"id": id, "version": "1"});
    aws.create(&body);
    aws.pass(2 * LATENCY);
    let encoded = base64::engine::general_purpose::STANDARD.encode(SEVEN);
    let parameters = [("LaunchTemplateId", id.as_str()), ("LaunchTemplateData.UserData", &encoded)];
    let (status, text) = aws.query("ec2", "CreateLaunchTemplateVersion", &parameters);
    assert!(status == 200 && text.contains("<versionNumber>2</versionNumber>"), "{text}");
    (aws, id)
}

#[test]
fn another_version_of_the_template_replaces_all_nodes() {
    let (mut aws, id) = with_template(2);
    let before = aws.uids("gpu");
    let body = json!({"launchTemplate": {"id": id, "version": "2"}});
    let started = aws.ok("POST", &format!("{GROUP}/update-version"), &body)["update"].take();
    assert_eq!(started["type"], "VersionUpdate");
    assert_eq!(started["params"][1], json!({"type": "LaunchTemplateVersion", "value": "2"}));
    assert_eq!(aws.group("gpu")["launchTemplate"]["version"], "1", "until it is done");
    aws.pass(2 * LATENCY);
    assert_eq!(described(&mut aws, started["id"].as_str().unwrap())["status"], "Successful");
    assert_eq!(aws.group("gpu")["launchTemplate"]["version"], "2");
    let nodes = aws.nodes("gpu");
    assert!(nodes.iter().all(|node| node["allocatable"]["nvidia.com/gpu"] == "56"), "{nodes:?}");
    assert!(aws.uids("gpu").iter().all(|uid| !before.contains(uid)) && nodes.len() == 2);
}

#[test]
fn without_room_a_surge_fails_and_minimal_does_not() {
    let (mut aws, id) = with_template(1);
    for zone in ["us-east-1a", "us-east-1b"] {
        let count = u32::from(zone == "us-east-1a");
        aws.act(&json!({"kind": "set_stock", "zone": zone, "machine_type": "p4d.24xlarge", "count": count}));
    }
    let body = json!({"launchTemplate": {"id": id, "version": "2"}});
    let started = aws.ok("POST", &format!("{GROUP}/update-version"), &body)["update"].take();
    aws.pass(4 * LATENCY);
    let ended = described(&mut aws, started["id"].as_str().unwrap());
    assert_eq!(
        (&ended["status"], &ended["errors"][0]["errorCode"]),
        (&json!("Failed"), &json!("NodeCreationFailure"))
    );
    assert_eq!(aws.group("gpu")["launchTemplate"]["version"], "1");
    update(&mut aws, &json!({"updateConfig": {"updateStrategy": "MINIMAL"}}));
    aws.pass(LATENCY);
    aws.ok("POST", &format!("{GROUP}/update-version"), &body);
    aws.pass(2 * LATENCY);
    assert_eq!(aws.group("gpu")["launchTemplate"]["version"], "2");
    assert_eq!(aws.nodes("gpu").len(), 1);
}

#[test]
fn a_group_without_a_template_never_gets_one() {
    let mut aws = with_group(0);
    let id = aws.template("own", "");
    let body = json!({"launchTemplate": {"id": id, "version": "1"}});
    let (_, _, message) = aws.refused("POST", &format!("{GROUP}/update-version"), &body);
    assert!(message.contains("without a launch template"), "{message}");
}

#[test]
fn a_fault_fails_an_update() {
    let mut aws = with_group(1);
    let fault =
        json!({"kind": "failed_operation", "params": {"code": "PodEvictionFailure", "message": "no room"}});
    aws.faults.add(&fault).unwrap();
    let id = update(&mut aws, &json!({"labels": {"addOrUpdateLabels": {"a": "b"}}}));
    aws.pass(LATENCY);
    let ended = described(&mut aws, &id);
    assert_eq!(
        (&ended["status"], &ended["errors"][0]["errorCode"]),
        (&json!("Failed"), &json!("PodEvictionFailure"))
    );
    assert_eq!(aws.status("gpu"), "ACTIVE");
}

/// Tells EKS that pods of somebody's are on the group's nodes, or on none.
fn occupy(aws: &mut Aws, occupied: bool) {
    let nodes = aws.nodes("gpu");
    let names = nodes.iter().filter(|_| occupied).map(|node| node["name"].as_str().unwrap().to_owned());
    aws.eks.occupied = Occupied([(CLUSTER.to_owned(), names.collect())].into());
}

#[test]
fn a_roll_waits_for_pods_and_then_fails_unless_it_is_forced() {
    let (mut aws, id) = with_template(1);
    let before = aws.uids("gpu");
    let roll = |force: bool| json!({"launchTemplate": {"id": id, "version": "2"}, "force": force});
    occupy(&mut aws, true);
    let started = aws.ok("POST", &format!("{GROUP}/update-version"), &roll(false))["update"].take();
    aws.pass(2 * LATENCY);
    assert_eq!(described(&mut aws, started["id"].as_str().unwrap())["status"], "InProgress");
    assert_eq!(aws.uids("gpu").len(), 2, "the successor is there, and the node waits");
    assert_eq!(aws.eks.draining(), [CLUSTER]);
    aws.pass(2 * LATENCY);
    aws.pass(LATENCY);
    let ended = described(&mut aws, started["id"].as_str().unwrap());
    assert_eq!(ended["errors"][0]["errorCode"], "PodEvictionFailure", "{ended}");
    assert_eq!(
        (aws.status("gpu").as_str(), aws.group("gpu")["launchTemplate"]["version"].clone()),
        ("ACTIVE", json!("1"))
    );
    assert!(aws.eks.draining().is_empty());
    assert_eq!(aws.uids("gpu"), before, "the successor has gone again");
    aws.ok("POST", &format!("{GROUP}/update-version"), &roll(true));
    for _ in 0..8 {
        aws.pass(LATENCY);
    }
    assert_eq!(aws.group("gpu")["launchTemplate"]["version"], "2");
    assert!(!aws.uids("gpu").contains(&before[0]), "gone, with its pods");
}

#[test]
fn a_roll_goes_on_when_the_pods_have_gone() {
    let (mut aws, id) = with_template(2);
    let before = aws.uids("gpu");
    occupy(&mut aws, true);
    aws.ok(
        "POST",
        &format!("{GROUP}/update-version"),
        &json!({"launchTemplate": {"id": id, "version": "2"}}),
    );
    aws.pass(2 * LATENCY);
    assert_eq!(aws.status("gpu"), "UPDATING");
    occupy(&mut aws, false);
    for _ in 0..3 {
        aws.pass(LATENCY);
    }
    assert_eq!(aws.group("gpu")["launchTemplate"]["version"], "2");
    assert!(aws.uids("gpu").iter().all(|uid| !before.contains(uid)));
}

#[test]
fn without_its_role_a_group_runs_on_and_grows_no_more() {
    let mut aws = with_group(1);
    aws.act(&json!({"kind": "delete_role", "role": ROLE}));
    let group = aws.group("gpu");
    assert_eq!(
        (&group["status"], &group["health"]["issues"][0]["code"]),
        (&json!("DEGRADED"), &json!("IamNodeRoleNotFound"))
    );
    update(&mut aws, &json!({"scalingConfig": {"desiredSize": 2}}));
    aws.pass(2 * LATENCY);
    assert_eq!((aws.uids("gpu").len(), aws.status("gpu").as_str()), (1, "DEGRADED"));
    let body = wanted("other", "g5.xlarge", BOTTLEROCKET, 1);
    let (_, name, message) = aws.refused("POST", "/clusters/sandbox/node-groups", &body);
    assert!(name == "InvalidParameterException" && message.contains("node cannot be found"), "{message}");
}
