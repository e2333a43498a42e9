//! What the judge must find, and what it must let pass.

#![expect(clippy::needless_pass_by_value, reason = "JSON is written where it is used")]

use std::fs;

use serde_json::{Value, json};

use super::JUDGE;
use crate::support::tools;

/// One exchange, as a sandbox records it.
fn exchange(method: &str, path: &str, request: &Value, status: u16, response: &Value) -> Value {
    json!({"method": method, "url": format!("http://x{path}"), "request_body": request, "status": status,
        "response_body": response, "error_type": null, "fault": null})
}

fn create(change: Value) -> Value {
    let mut body =
        json!({"nodegroupName": "a", "nodeRole": "r", "subnets": ["s"], "clientRequestToken": "t"});
    for (key, value) in change.as_object().expect("an object") {
        body[key] = value.clone();
    }
    exchange("POST", "/eks/clusters/c/node-groups", &body, 200, &json!({"nodegroup": {"status": "CREATING"}}))
}

fn get(path: &str, answer: Value) -> Value {
    exchange("GET", path, &Value::Null, 200, &answer)
}

fn group(answer: Value) -> Value {
    get("/clusters/c/node-groups/g", json!({"nodegroup": answer}))
}

fn refused(name: &str, status: u16, body: Value) -> Value {
    let mut record = exchange("GET", "/eks/clusters/c", &Value::Null, status, &body);
    record["error_type"] = json!(name);
    record
}

fn form(service: &str, form: &str, answer: &str) -> Value {
    exchange("POST", service, &json!(form), 200, &json!(answer))
}

const TEMPLATE: &str = "Action=CreateLaunchTemplate&Version=2016-11-15&LaunchTemplateName=t";

const TEMPLATE_MADE: &str = "<CreateLaunchTemplateResponse xmlns='n'><requestId>r</requestId><launchTemplate>\
    <latestVersionNumber>1</latestVersionNumber></launchTemplate></CreateLaunchTemplateResponse>";

const TAGS: &str = "Action=CreateOrUpdateTags&Version=2011-01-01";

const TAGS_MADE: &str =
    "<CreateOrUpdateTagsResponse xmlns='n'><ResponseMetadata/></CreateOrUpdateTagsResponse>";

#[test]
fn the_judge_lets_pass_what_is_right() {
    let right = [
        create(json!({"labels": {"a": "b"}, "launchTemplate": {"id": "lt-1", "version": "1"}})),
        group(json!({"createdAt": 1.5, "health": {"issues": [{"code": "AccessDenied"}]}})),
        refused("ResourceNotFoundException", 404, json!({"clusterName": "c", "message": "m"})),
        refused("ThrottlingException", 429, json!({"message": "Rate exceeded"})),
        form("/ec2", &format!("{TEMPLATE}&LaunchTemplateData.SecurityGroupId.1=sg-1"), TEMPLATE_MADE),
        form("/", &format!("{TAGS}&Tags.member.1.Key=k&Tags.member.1.PropagateAtLaunch=false"), TAGS_MADE),
        // A tag's ARN as some send it.
        get("/eks/tags/arn:aws:eks:r:a:nodegroup/c/g/u", json!({"tags": {"a": "b"}})),
        // Other clouds have judges of their own.
        get("/v1/projects/p", json!({"anything": 1})),
        get("/subscriptions/s/resourceGroups", json!({"anything": 1})),
        exchange("GET", "/nothing/of/anybody", &Value::Null, 404, &Value::Null),
    ];
    judge(&right).success().says("7 exchanges judged, 3 of no concern, 0 violations");
}

#[test]
fn the_judge_finds_what_amazon_does_not_know() {
    let made = |answer: &str| form("/ec2", &format!("{TEMPLATE}&LaunchTemplateData.ImageId=i"), answer);
    let update = |param: &str| {
        get(
            "/eks/clusters/c/updates/u?nodegroupName=g",
            json!({"update": {"params": [{"type": param, "value": "1"}]}}),
        )
    };
    let wrong = [
        (create(json!({"lables": {}})), "request.lables: unknown field of CreateNodegroupRequest"),
        (create(json!({"nodeRole": null})), "request.nodeRole: is missing"),
        (create(json!({"amiType": "AL3"})), "\"AL3\" is not one of AL2_x86_64"),
        (create(json!({"diskSize": "20"})), "\"20\" is not a whole number"),
        (create(json!({"labels": {"a": 1}})), "request.labels.a: 1 is not a string"),
        (create(json!({"subnets": "s"})), "\"s\" is not a list"),
        (create(json!({"taints": [{"effect": "NoSchedule"}]})), "is not one of NO_SCHEDULE"),
        (create(json!({"updateConfig": []})), "[] is not an object"),
        (
            create(json!({"launchTemplate": {"version": 1}})),
            "request.launchTemplate.version: 1 is not a string",
        ),
        (group(json!({"state": "ACTIVE"})), "response.nodegroup.state: unknown field of Nodegroup"),
        (group(json!({"status": "Active"})), "\"Active\" is not one of CREATING"),
        (group(json!({"createdAt": "2026-11-22T00:00:00Z"})), "is not a number"),
        (group(json!({"health": {"issues": [{"code": "OutOfStock"}]}})), "\"OutOfStock\" is not one of"),
        (update("Labels"), "\"Labels\" is not one of Version"),
        (get("/eks/clusters/c/updates/u?nodeGroup=g", json!({})), "query.nodeGroup: unknown parameter"),
        (get("/eks/clusters/c/nodegroups", json!({})), "EKS has no such operation"),
        (
            exchange("DELETE", "/eks/clusters/c/node-groups/g", &json!({"force": true}), 200, &json!({})),
            "a body where DeleteNodegroup has none",
        ),
        (refused("NotFoundException", 400, json!({"message": "m"})), "NotFoundException is"),
        (refused("ResourceMissing", 404, json!({})), "ResourceMissing is no exception of EKS"),
        (
            refused("ResourceNotFoundException", 404, json!({"Message": "m"})),
            "response.Message: unknown field",
        ),
        (
            form("/ec2", &TEMPLATE.replace("2016-11-15", "2015-10-01"), TEMPLATE_MADE),
            "ec2 has no action CreateLaunchTemplate in version 2015-10-01",
        ),
        (form("/ec2", TEMPLATE, TEMPLATE_MADE), "request.LaunchTemplateData: is missing"),
        (
            form("/ec2", &format!("{TEMPLATE}&LaunchTemplateData.SecurityGroupIds.1=sg"), TEMPLATE_MADE),
            "request.LaunchTemplateData.SecurityGroupIds: unknown field",
        ),
        (
            form("/ec2", &format!("{TEMPLATE}&LaunchTemplateData.SecurityGroupId.2=sg"), TEMPLATE_MADE),
            "items are not numbered from 1: 2",
        ),
        (
            form("/ec2", &format!("{TEMPLATE}&LaunchTemplateData.EbsOptimized=yes"), TEMPLATE_MADE),
            "\"yes\" is not a boolean",
        ),
        (
            form(
                "/ec2",
                &format!("{TEMPLATE}&LaunchTemplateData.ImageId=i&LaunchTemplateName=u"),
                TEMPLATE_MADE,
            ),
            "request.LaunchTemplateName: is there twice",
        ),
        (
            form("/autoscaling", &format!("{TAGS}&Tags.1.Key=k"), TAGS_MADE),
            "whose items come below member, not 1",
        ),
        (made("nothing"), "response: is no XML"),
        (made("<CreateLaunchTemplateResult/>"), "response: is called CreateLaunchTemplateResult"),
        (
            made(&TEMPLATE_MADE.replace("latestVersionNumber", "latestVersion")),
            "response.launchTemplate.latestVersion: unknown field of LaunchTemplate",
        ),
        (made(&TEMPLATE_MADE.replace(">1<", ">one<")), "\"one\" is not a whole number"),
        (
            exchange(
                "POST",
                "/ec2",
                &json!(format!("{TEMPLATE}&LaunchTemplateData.ImageId=i")),
                400,
                &json!("<Error/>"),
            ),
            "<Error> is no error",
        ),
        (form("/", "Action=RunInstances&Version=2020-01-01", "<x/>"), "no service of AWS has this"),
    ];
    let records: Vec<Value> = wrong.iter().map(|(record, _)| record.clone()).collect();
    let verdict = judge(&records).exits(1);
    for (index, (record, sentence)) in wrong.iter().enumerate() {
        let place = format!("record:{}: ", index + 1);
        let found = verdict.stdout.lines().any(|line| line.contains(&place) && line.contains(sentence));
        assert!(found, "expected to read {sentence:?} about {record}\n{}", verdict.stdout);
    }
    judge(&[]).exits(2).says("nothing to judge");
}

/// The judge's verdict on a record of these exchanges.
#[track_caller]
fn judge(records: &[Value]) -> crate::support::Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("record");
    let lines: Vec<String> = records.iter().map(|record| format!("{record}\n")).collect();
    fs::write(&file, lines.concat()).expect("a writable folder");
    tools::run_python(JUDGE, [&file])
}
