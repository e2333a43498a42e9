//! The Auto Scaling groups of node groups.

use super::{Aws, BOTTLEROCKET, LATENCY, between, wanted};

fn with_group() -> (Aws, String) {
    let mut aws = Aws::new();
    aws.create(&wanted("gpu", "g5.xlarge", BOTTLEROCKET, 2));
    aws.pass(2 * LATENCY);
    let name = aws.group("gpu")["resources"]["autoScalingGroups"][0]["name"].as_str().unwrap().to_owned();
    (aws, name)
}

#[test]
fn tags_are_set_and_removed() {
    let (mut aws, name) = with_group();
    let key = "k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu";
    let tag = [
        ("Tags.member.1.ResourceId", name.as_str()),
        ("Tags.member.1.ResourceType", "auto-scaling-group"),
        ("Tags.member.1.Key", key),
        ("Tags.member.1.Value", "4"),
        ("Tags.member.1.PropagateAtLaunch", "false"),
    ];
    assert_eq!(aws.query("autoscaling", "CreateOrUpdateTags", &tag).0, 200);
    let asked = [("AutoScalingGroupNames.member.1", name.as_str())];
    let (_, text) = aws.query("autoscaling", "DescribeAutoScalingGroups", &asked);
    assert!(text.contains(&format!("<Key>{key}</Key>")) && text.contains("<Value>4</Value>"), "{text}");
    assert_eq!(aws.query("autoscaling", "DeleteTags", &tag).0, 200);
    let (_, text) = aws.query("autoscaling", "DescribeAutoScalingGroups", &asked);
    assert!(!text.contains(key), "{text}");
    let missing = [("Tags.member.1.ResourceId", "x"), ("Tags.member.1.ResourceType", "auto-scaling-group")];
    let (status, text) = aws.query("autoscaling", "CreateOrUpdateTags", &missing);
    assert!(status == 400 && text.contains("<Code>ValidationError</Code>"), "{text}");
}

#[test]
fn one_machine_can_be_ended_and_the_group_gets_smaller() {
    let (mut aws, name) = with_group();
    let before = aws.uids("gpu");
    let asked = [("AutoScalingGroupNames.member.1", name.as_str())];
    let (_, text) = aws.query("autoscaling", "DescribeAutoScalingGroups", &asked);
    let id = between(&text, "<InstanceId>", "</InstanceId>");
    let end = [("InstanceId", id.as_str()), ("ShouldDecrementDesiredCapacity", "true")];
    let (status, text) = aws.query("autoscaling", "TerminateInstanceInAutoScalingGroup", &end);
    assert_eq!(status, 200, "{text}");
    aws.pass(1);
    let after = aws.uids("gpu");
    assert!(after.len() == 1 && before.contains(&after[0]));
    assert_eq!(aws.group("gpu")["scalingConfig"]["desiredSize"], 1);
}
