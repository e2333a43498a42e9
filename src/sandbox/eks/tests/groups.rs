//! Node groups as they are created, read and deleted.

use serde_json::{Value, json};

use super::{Aws, BOTTLEROCKET, LATENCY, SEVEN, wanted};

const GROUPS: &str = "/clusters/sandbox/node-groups";

#[test]
fn a_group_is_created_becomes_active_and_goes() {
    let mut aws = Aws::new();
    aws.create(&wanted("gpu", "g5.xlarge", BOTTLEROCKET, 2));
    assert_eq!(aws.status("gpu"), "CREATING");
    aws.pass(LATENCY);
    let group = aws.group("gpu");
    assert_eq!((&group["status"], &group["diskSize"]), (&json!("ACTIVE"), &json!(20)));
    assert_eq!(group["health"], json!({"issues": []}));
    let zones: Vec<_> = aws.nodes("gpu").iter().map(|node| node["zone"].clone()).collect();
    assert_eq!(zones, ["us-east-1a", "us-east-1b"]);
    let deleted = aws.ok("DELETE", &format!("{GROUPS}/gpu"), &Value::Null);
    assert_eq!(deleted["nodegroup"]["status"], "DELETING");
    aws.pass(LATENCY);
    let (status, name, message) = aws.refused("GET", &format!("{GROUPS}/gpu"), &Value::Null);
    assert_eq!((status, name.as_str()), (404, "ResourceNotFoundException"));
    assert_eq!(message, "No node group found for name: gpu.");
}

#[test]
fn slices_follow_from_the_user_data() {
    let mut aws = Aws::new();
    let id = aws.template("seven", SEVEN);
    let mut body = wanted("mig", "p4d.24xlarge", BOTTLEROCKET, 1);
    body["launchTemplate"] = json!({"id": id, "version": "$Latest"});
    aws.create(&body);
    aws.pass(2 * LATENCY);
    let node = aws.nodes("mig").remove(0);
    assert_eq!(node["allocatable"]["nvidia.com/gpu"], "56");
    assert_eq!(aws.group("mig")["launchTemplate"], json!({"id": id, "name": "seven", "version": "1"}));
    // The same machine with an image that brings no device plugin.
    aws.create(&wanted("plain", "p4d.24xlarge", "AL2023_x86_64_NVIDIA", 1));
    aws.pass(2 * LATENCY);
    assert_eq!(aws.nodes("plain")[0]["allocatable"]["nvidia.com/gpu"], Value::Null);
}

#[test]
fn a_token_that_was_used_gives_the_same_group_again() {
    let mut aws = Aws::new();
    let mut body = wanted("gpu", "g5.xlarge", BOTTLEROCKET, 1);
    body["clientRequestToken"] = json!("t");
    aws.create(&body);
    let again = aws.ok("POST", GROUPS, &body);
    assert_eq!(again["nodegroup"]["nodegroupArn"], aws.group("gpu")["nodegroupArn"]);
    body["labels"] = json!({"a": "b"});
    assert_eq!(aws.refused("POST", GROUPS, &body).1, "InvalidParameterException");
    body["clientRequestToken"] = json!("u");
    let (status, name, message) = aws.refused("POST", GROUPS, &body);
    assert_eq!((status, name.as_str()), (409, "ResourceInUseException"));
    assert_eq!(message, "NodeGroup already exists with name gpu and cluster name sandbox");
}

#[test]
fn what_eks_does_not_take_is_refused() {
    let mut aws = Aws::new();
    let toml = aws.template("toml", SEVEN);
    let quoted = aws.template("quoted", "[settings.kubelet-device-plugins.nvidia.mig.\"profile\"]\n");
    let template = |id: &str| json!({"id": id, "version": "1"});
    for (change, words) in [
        (json!({"nodegroupName": "-x"}), "begin with a letter"),
        (json!({"subnets": ["subnet-1"]}), "does not exist"),
        (json!({"nodeRole": "arn:aws:iam::123456789012:role/node"}), "Cross-account"),
        (json!({"instanceTypes": ["p9.large"]}), "do not exist: [p9.large]"),
        (json!({"instanceTypes": ["g5g.xlarge"]}), "not a valid instance type for requested amiType"),
        (json!({"labels": {"a": ""}}), "characters"),
        (json!({"labels": {"a": "b+c"}}), "must consist of alphanumeric"),
        (json!({"labels": {"eks.amazonaws.com/x": "y"}}), "reserved prefixes"),
        (json!({"taints": [{"key": "a", "effect": "NoSchedule"}]}), "not one of NO_SCHEDULE"),
        (json!({"scalingConfig": {"minSize": 2, "maxSize": 1, "desiredSize": 1}}), "greater than maximum"),
        (json!({"scalingConfig": {"minSize": 0, "maxSize": 1, "desiredSize": 2}}), "greater than max size"),
        (json!({"amiType": "CUSTOM"}), "needs a launch template"),
        (json!({"launchTemplate": {"version": "1"}}), "Either provide"),
        (json!({"launchTemplate": template("lt-0")}), "Launch template lt-0 does not exist"),
        (json!({"launchTemplate": {"id": toml, "version": "7"}}), "version 7"),
        (json!({"launchTemplate": template(&toml), "diskSize": 20}), "within the launch template"),
        (json!({"launchTemplate": template(&quoted)}), "quoted keys"),
        (json!({"launchTemplate": template(&toml), "amiType": "AL2023_x86_64_NVIDIA"}), "MIME multipart"),
        (json!({"releaseVersion": "1.0.0"}), "is not valid for kubernetes version"),
        (json!({"version": "1.37"}), "unsupported"),
    ] {
        let mut body = wanted("gpu", "g5.xlarge", BOTTLEROCKET, 1);
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (status, _, message) = aws.refused("POST", GROUPS, &body);
        assert!(status == 400 && message.contains(words), "{change}: {status} {message}");
    }
}

#[test]
fn machines_that_cannot_be_had_show_as_issues_and_then_fail_the_group() {
    let mut aws = Aws::new();
    for zone in ["us-east-1a", "us-east-1b"] {
        aws.act(&json!({"kind": "set_stock", "zone": zone, "machine_type": "p5.48xlarge", "count": 0}));
    }
    aws.create(&wanted("gpu", "p5.48xlarge", BOTTLEROCKET, 1));
    aws.pass(LATENCY);
    let group = aws.group("gpu");
    assert_eq!(group["status"], "CREATING");
    assert_eq!(group["health"]["issues"][0]["code"], "AsgInstanceLaunchFailures");
    aws.pass(2 * LATENCY);
    assert_eq!(aws.status("gpu"), "CREATE_FAILED");
    assert!(aws.nodes("gpu").is_empty());
    // With stock in time it ends well.
    aws.create(&wanted("late", "p5.48xlarge", BOTTLEROCKET, 1));
    aws.pass(LATENCY);
    aws.act(&json!({"kind": "set_stock", "zone": "us-east-1b", "machine_type": "p5.48xlarge", "count": 1}));
    aws.pass(LATENCY);
    assert_eq!(aws.status("late"), "ACTIVE");
}

#[test]
fn machines_that_do_not_boot_fail_the_group() {
    let mut aws = Aws::new();
    let id = aws
        .template("wrong", "[settings.kubelet-device-plugins.nvidia]\ndevice-sharing-strategy = \"mig\"\n");
    let mut body = wanted("gpu", "g5.xlarge", BOTTLEROCKET, 1);
    body["launchTemplate"] = json!({"id": id, "version": "1"});
    aws.create(&body);
    aws.pass(4 * LATENCY);
    let group = aws.group("gpu");
    assert_eq!(group["status"], "CREATE_FAILED");
    assert_eq!(group["health"]["issues"][0]["code"], "NodeCreationFailure");
    let mut labelled = wanted("label", "g5.xlarge", BOTTLEROCKET, 1);
    labelled["labels"] = json!({"node-role.kubernetes.io/gpu": "x"});
    aws.create(&labelled);
    aws.pass(4 * LATENCY);
    assert_eq!(aws.status("label"), "CREATE_FAILED");
}

#[test]
fn another_account_has_other_clusters() {
    let mut aws = Aws::new();
    aws.key = "123456789012";
    let (status, name, message) = aws.refused("GET", GROUPS, &Value::Null);
    assert_eq!((status, name.as_str()), (404, "ResourceNotFoundException"));
    assert_eq!(message, "No cluster found for name: sandbox.");
}

#[test]
fn tags_are_kept_under_the_groups_arn() {
    let mut aws = Aws::new();
    aws.create(&wanted("gpu", "g5.xlarge", BOTTLEROCKET, 0));
    let arn = aws.group("gpu")["nodegroupArn"].as_str().unwrap().to_owned();
    aws.ok("POST", &format!("/tags/{arn}"), &json!({"tags": {"a": "1", "b": "2"}}));
    aws.ok("DELETE", &format!("/tags/{arn}?tagKeys=a"), &Value::Null);
    assert_eq!(aws.ok("GET", &format!("/tags/{arn}"), &Value::Null), json!({"tags": {"b": "2"}}));
    assert_eq!(aws.refused("GET", "/tags/arn:aws:eks:x", &Value::Null).1, "NotFoundException");
}
