//! The provider against moto, which other people wrote from AWS's models: what it has, works; what it lacks, or does
//! otherwise than AWS, is an error that says so, and never taken for a pool that is gone.
//!
//! moto has no node group updates to ask about, no rolling updates, no tags of node groups after their creation, and its
//! clusters have no Kubernetes API.

use serde_json::{Value, json};

use crate::eks_pool::options;
use crate::mig_pool::{NAME, POOL, Pool};
use crate::support::moto::{ACCOUNT, REGION};
use crate::support::{Aws, Moto, Workspace};

const CLUSTER: &str = "arn:aws:eks:us-east-1:123456789012:cluster/main";

/// A cluster at moto, and a workspace that takes moto for AWS.
struct Place {
    workspace: Workspace,
    aws: Aws,
    _moto: Moto,
}

impl Place {
    #[track_caller]
    fn new() -> Self {
        let moto = Moto::start();
        let aws = moto.aws();
        let cluster = json!({
            "name": "main",
            "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/cluster"),
            "resourcesVpcConfig": {"subnetIds": [crate::eks_pool::SUBNET]},
        });
        let made = aws.eks_succeeds("POST", "/clusters", Some(&cluster));
        assert_eq!(made["cluster"]["arn"], CLUSTER);
        let mut workspace = Workspace::new();
        workspace.set_env("AWS_ENDPOINT_URL", moto.url());
        workspace.set_env("AWS_ACCESS_KEY_ID", "testing");
        workspace.set_env("AWS_SECRET_ACCESS_KEY", "testing");
        workspace.set_env("AWS_EC2_METADATA_DISABLED", "true");
        Self { workspace, aws, _moto: moto }
    }

    #[track_caller]
    fn settle(&self, pool: &Pool) {
        self.workspace.write("main.tf", &pool.hcl());
        self.workspace.apply().success();
        self.workspace.assert_empty_plan();
        assert_eq!(self.workspace.attributes(POOL)["status"], "ready");
    }

    /// The node group as moto shows it.
    #[track_caller]
    fn group(&self) -> Value {
        let answer = self.aws.eks_succeeds("GET", &format!("/clusters/main/node-groups/{NAME}"), None);
        answer["nodegroup"].clone()
    }

    #[track_caller]
    fn templates(&self) -> usize {
        let answer = self.aws.query("ec2", "DescribeLaunchTemplates", &[]);
        answer["launchTemplates"].as_array().map_or(0, Vec::len)
    }
}

/// Two nodes, each with an H100 cut into seven. Nobody looks for slices where there are no nodes.
fn pool() -> Pool {
    Pool::eks()
        .text("cluster_id", CLUSTER)
        .set("eks", &with(""))
        .set("node_count", "2")
        .text("slice_check", "off")
}

/// Where nothing can be drained, nodes end at once.
fn with(more: &str) -> String {
    let comma = if more.is_empty() { "" } else { ", " };
    options(ACCOUNT, &format!("scale_down = \"immediate\"{comma}{more}"))
}

#[test]
fn a_pool_is_made_changed_and_deleted() {
    let place = Place::new();
    place.settle(&pool().set("tags", "{ cost = \"research\" }"));
    let group = place.group();
    assert_eq!(group["amiType"], "BOTTLEROCKET_x86_64_NVIDIA");
    assert_eq!(group["scalingConfig"], json!({"minSize": 2, "maxSize": 2, "desiredSize": 2}));
    assert_eq!(group["tags"]["cost"], "research");
    assert_eq!(group["labels"]["gpuslice/profile"], "1g.10gb");
    assert_eq!((&group["launchTemplate"]["version"], place.templates()), (&json!("1"), 1));

    let changed = pool()
        .set("tags", "{ cost = \"research\" }")
        .set("labels", "{ team = \"ml\" }")
        .set("taints", "[{ key = \"team\", value = \"ml\", effect = \"NoExecute\" }]")
        .set("node_count", "3");
    place.settle(&changed);
    let group = place.group();
    assert_eq!(group["labels"]["team"], "ml");
    let taint = json!({"key": "team", "value": "ml", "effect": "NO_EXECUTE"});
    assert!(group["taints"].as_array().is_some_and(|taints| taints.contains(&taint)), "{group:#}");
    assert_eq!(group["scalingConfig"], json!({"minSize": 3, "maxSize": 3, "desiredSize": 3}));

    let other = changed
        .set("labels", "{ team = \"infra\" }")
        .set("taints", "[{ key = \"team\", value = \"infra\", effect = \"NoExecute\" }]")
        .set("node_count", "1");
    place.settle(&other);
    let group = place.group();
    assert_eq!(group["labels"]["team"], "infra");
    assert_eq!(group["taints"].as_array().map(Vec::len), Some(2), "the GPU's and ours: {group:#}");
    assert_eq!(group["scalingConfig"], json!({"minSize": 1, "maxSize": 1, "desiredSize": 1}));
    let fewer = other.unset("labels").unset("taints");
    place.settle(&fewer);
    assert_eq!(place.group()["labels"]["team"], Value::Null);

    place.workspace.destroy().success();
    assert!(!place.workspace.has(POOL));
    let (status, answer) = place.aws.eks("GET", &format!("/clusters/main/node-groups/{NAME}"), None);
    assert_eq!((status, place.templates()), (404, 0), "{answer:#}");
}

#[test]
fn what_the_machines_are_made_from_is_what_moto_heard() {
    let place = Place::new();
    place.settle(&pool().set("eks", &with("launch_template = { key_name = \"ops\" }")));
    let id = place.group()["launchTemplate"]["id"].as_str().expect("an id").to_owned();
    let parameters = [("LaunchTemplateId", id.as_str())];
    let versions = place.aws.query("ec2", "DescribeLaunchTemplateVersions", &parameters);
    let data = versions["launchTemplateVersionSet"][0]["launchTemplateData"].clone();
    assert_eq!(data["keyName"], "ops", "{data:#}");
    assert_eq!(data["metadataOptions"]["httpTokens"], "required");
    assert_eq!(data["metadataOptions"]["httpPutResponseHopLimit"], "2");
    let disk = data["blockDeviceMappingSet"][0].clone();
    assert_eq!(
        (&disk["deviceName"], &disk["ebs"]["volumeSize"]),
        (&json!("/dev/xvdb"), &json!("200")),
        "{data:#}"
    );
    assert!(data["userData"].is_string(), "{data:#}");
}

#[test]
fn a_pool_comes_back_by_each_id_without_a_change() {
    let place = Place::new();
    place.settle(&pool().set("labels", "{ team = \"ml\" }"));
    let arn = place.group()["nodegroupArn"].as_str().expect("an ARN").to_owned();
    for id in [arn, format!("{CLUSTER}:{NAME}")] {
        place.workspace.state_rm(POOL).success();
        place.workspace.import(POOL, &id).success();
        // Whether nodes are drained is in no node group: the first apply writes it down, and calls nobody.
        place.workspace.apply().success().says("0 added").says("0 destroyed");
        place.workspace.assert_empty_plan();
        assert_eq!(place.workspace.attributes(POOL)["mig_profile"], "1g.10gb");
    }
    assert_eq!(place.templates(), 1);
}

#[test]
fn a_pool_that_is_gone_is_made_anew_and_one_of_that_name_is_not_adopted() {
    let place = Place::new();
    place.settle(&pool());
    place.aws.eks_succeeds("DELETE", &format!("/clusters/main/node-groups/{NAME}"), None);
    place.workspace.plan().exits(2).says("will be created");
    place.settle(&pool());
    assert_eq!(place.templates(), 1, "what was left is used or deleted");
    place.workspace.state_rm(POOL).success();
    place.workspace.apply().failure().says("import {").says(&format!("{CLUSTER}:{NAME}"));
}

#[test]
fn what_moto_lacks_is_an_error_and_no_pool_is_forgotten() {
    let place = Place::new();
    place.settle(&pool());
    for changed in [pool().set("disk_size_gb", "300"), pool().set("tags", "{ cost = \"a\" }")] {
        place.workspace.write("main.tf", &changed.hcl());
        // moto answers a page of HTML, or that there is no such cluster.
        let refused = place.workspace.apply().failure();
        refused.says(NAME).never_says("panicked");
        assert!(place.workspace.has(POOL) && !place.workspace.is_tainted(POOL));
        assert_eq!(place.group()["status"], "ACTIVE");
    }
    place.workspace.write("main.tf", &pool().hcl());
    place.workspace.assert_empty_plan();
    place.workspace.destroy().success();
    assert_eq!(place.templates(), 0);
}

#[test]
fn nodes_that_cannot_be_drained_are_not_ended() {
    let place = Place::new();
    let draining = pool().set("eks", &options(ACCOUNT, ""));
    place.settle(&draining);
    place
        .workspace
        .write("main.tf", &draining.clone().set("node_count", "1").timeouts("update = \"40s\"").hcl());
    place.workspace.apply().failure().says("eks.scale_down").says("\"immediate\"");
    assert_eq!(place.group()["scalingConfig"], json!({"minSize": 2, "maxSize": 2, "desiredSize": 2}));
}

#[test]
fn credentials_of_another_account_are_refused() {
    let place = Place::new();
    let elsewhere = format!("arn:aws:eks:{REGION}:999999999999:cluster/main");
    let pool = pool().text("cluster_id", &elsewhere).set("eks", &options("999999999999", ""));
    place.workspace.write("main.tf", &pool.hcl());
    place.workspace.apply().failure().says("999999999999").says(ACCOUNT);
    assert!(!place.workspace.has(POOL));
    assert_eq!(place.templates(), 0);
}
