//! Node groups that exist already: taken over as they are, or refused with the reason.

use serde_json::{Value, json};

use super::home::Home;
use crate::eks_pool::EKS;
use crate::mig_pool::{NAME, POOL, Pool, SHARED};
use crate::support::json;

fn import_block(id: &str) -> String {
    format!("import {{\n to = {POOL}\n id = \"{id}\"\n}}")
}

/// Forgets the pool, takes it over again by this id, and demands that nothing differs and nothing was asked for.
#[track_caller]
fn comes_back(home: &Home, id: &str) {
    let (before, changes) = (home.state(), home.changes(0).len());
    home.workspace.state_rm(home.address).success();
    home.workspace.import(home.address, id).success();
    home.workspace.assert_empty_plan();
    let after = home.state();
    for name in ["id", "mig_profile", "replicas", "sharing_strategy", "slices", "eks", "config_key", "taints"]
    {
        assert_eq!(after[name], before[name], "{name}");
    }
    assert_eq!(home.changes(changes), Vec::<Value>::new());
}

#[test]
fn pools_of_bottlerocket_come_back_by_each_id_without_a_change() {
    let home = Home::cut();
    home.settle(
        &Pool::eks()
            .set("labels", "{ team = \"ml\" }")
            .set("tags", "{ cost = \"a\" }")
            .set("node_count", "2"),
    );
    let arn = home.group()["nodegroupArn"].as_str().expect("an ARN").to_owned();
    assert!(arn.contains(":nodegroup/sandbox/mig/"), "{arn}");
    comes_back(&home, &arn);
    comes_back(&home, &format!("{EKS}:{NAME}"));
    // It is still ours, to the end.
    home.workspace.destroy().success();
    home.assert_gone();
}

#[test]
fn every_kind_of_pool_comes_back_without_a_change() {
    for (home, pool) in [
        (Home::shared(), Pool::eks_shared().text("sharing_strategy", "mps")),
        (Home::shared(), Pool::eks().shared_by("2").set("autoscaling", "{ min_nodes = 0, max_nodes = 2 }")),
        (Home::operator(), Pool::eks_operator()),
        (Home::plugin(), Pool::eks_plugin()),
    ] {
        home.settle(&pool);
        comes_back(&home, &format!("{}:{NAME}", home.cluster));
    }
}

/// Terraform has identities since 1.12; an older one refuses the block, and the provider never hears of it.
#[test]
fn an_identity_will_do() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    home.workspace.state_rm(POOL).success();
    let identity =
        format!("import {{\n to = {POOL}\n identity = {{\n cluster_id = {EKS:?}\n name = {NAME:?}\n }}\n}}");
    home.write(&Pool::eks().beside(&identity));
    let applied = home.workspace.apply();
    if applied.text().contains("An argument named \"identity\" is not expected here") {
        let _ = applied.failure();
        return;
    }
    applied.success().says("1 imported, 0 added, 0 changed, 0 destroyed");
    home.workspace.assert_empty_plan();
}

#[test]
fn what_is_no_id_or_not_there_is_refused_with_the_forms() {
    let home = Home::cut();
    home.write(&Pool::eks());
    home.workspace.import(POOL, "sandbox:mig").failure().says("aws_eks_node_group").says("ARN");
    home.workspace.import(POOL, EKS).failure();
    home.workspace.import(POOL, &format!("{EKS}:{NAME}")).failure().says("mig");
    assert!(!home.knows_the_pool());
}

#[test]
fn the_wrong_kind_is_refused_and_the_right_one_named() {
    let mut home = Home::shared();
    home.settle(&Pool::eks_shared());
    home.workspace.state_rm(SHARED).success();
    home.address = POOL;
    home.write(&Pool::eks());
    let id = format!("{EKS}:{NAME}");
    home.workspace.import(POOL, &id).failure().says("gpuslice_timeslice_nodepool");
}

/// A group that somebody made with a template of his own, by its id.
#[track_caller]
fn by_hand(home: &Home, user_data: Option<&str>, fields: &Value) -> Value {
    use base64::Engine as _;
    let data = user_data.map(|text| base64::prelude::BASE64_STANDARD.encode(text));
    let mut parameters = vec![("LaunchTemplateName", "by-hand"), ("LaunchTemplateData.KeyName", "ops")];
    parameters.extend(data.as_deref().map(|data| ("LaunchTemplateData.UserData", data)));
    let made = home.aws(home.cluster).query("ec2", "CreateLaunchTemplate", &parameters);
    let mut group = json!({
        "instanceTypes": ["p5.4xlarge"],
        "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        "launchTemplate": {"id": made["launchTemplate"]["launchTemplateId"], "version": "1"},
    });
    for (name, value) in fields.as_object().expect("an object") {
        group[name] = value.clone();
    }
    home.create_group(home.cluster, &group);
    home.group()["launchTemplate"].clone()
}

#[test]
fn a_group_with_a_template_of_its_own_is_taken_over_and_gets_our_labels_alone() {
    let home = Home::operator();
    let labels = json!({"team": "ml", "nvidia.com/mig.config": "all-1g.10gb"});
    let template = by_hand(&home, None, &json!({"amiType": "AL2023_x86_64_NVIDIA", "labels": labels}));
    let nodes = home.uids();
    let taken = Pool::eks_operator().set("labels", "{ team = \"ml\" }");
    home.write(&taken.clone().beside(&import_block(&format!("{}:{NAME}", home.cluster))));
    home.workspace.apply().success().says("1 imported, 0 added, 1 changed, 0 destroyed");
    home.workspace.assert_empty_plan();
    assert_eq!(home.uids(), nodes, "nodes stay");
    assert_eq!(home.group()["launchTemplate"], template, "and so does what they are made from");
    assert_eq!(home.machines()[0]["labels"]["gpuslice/profile"], "1g.10gb");
    assert_eq!(home.our_templates().len(), 0);
    // What stands in a template that is not ours is not ours to change.
    home.write(&taken.clone().set("disk_size_gb", "300"));
    home.workspace.apply().failure().says("a launch template that the provider has not made");
    assert_eq!((home.uids(), home.our_templates().len()), (nodes, 0));
    home.write(&taken);
    home.workspace.destroy().success();
    assert!(home.templates().iter().any(|it| it.name == "by-hand"), "{:#?}", home.templates());
}

/// Bottlerocket is told of slices by user data. That is read from a template that is not ours, and never written there.
#[test]
fn a_group_of_bottlerocket_whose_slices_stand_in_somebodys_template_is_taken_over_as_it_is() {
    let home = Home::cut();
    let toml = "[settings.kubelet-device-plugins.nvidia]\ndevice-partitioning-strategy = \"mig\"\n\
                [settings.kubelet-device-plugins.nvidia.mig.profile]\n\"h100.80gb\" = \"1g.10gb\"\n";
    let template = by_hand(&home, Some(toml), &json!({"amiType": "BOTTLEROCKET_x86_64_NVIDIA"}));
    let nodes = home.uids();
    let own = format!("launch_template = {{ id = {}, version = 1 }}", template["id"]);
    let pool = Pool::eks();
    home.write(&pool.clone().with(&own));
    home.workspace.plan().exits(1).says("Bottlerocket is told of slices by the launch template");
    home.write(&pool.clone().beside(&import_block(&format!("{EKS}:{NAME}"))));
    // It has no labels at all, and gets ours with that.
    home.workspace.apply().success().says("1 imported, 0 added, 1 changed, 0 destroyed");
    assert_eq!(home.group()["labels"]["gpuslice/profile"], "1g.10gb");
    home.workspace.assert_empty_plan();
    assert_eq!((home.uids(), home.group()["launchTemplate"].clone()), (nodes.clone(), template));
    home.write(&pool.text("mig_profile", "2g.20gb"));
    home.workspace.apply().failure().says("a launch template that the provider has not made");
    assert_eq!(home.uids(), nodes);
}

/// EKS moves no group without a launch template to one: what needs one needs another group, and the plan says what.
#[test]
fn a_group_without_a_template_stays_so_until_an_option_needs_one() {
    let mut home = Home::operator();
    home.create_group(
        home.cluster,
        &json!({
            "instanceTypes": ["p5.4xlarge"],
            "amiType": "AL2023_x86_64_NVIDIA",
            "labels": {"nvidia.com/mig.config": "all-1g.10gb"},
            "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        }),
    );
    home.address = POOL;
    let (nodes, id) = (home.uids(), format!("{}:{NAME}", home.cluster));
    home.write(&Pool::eks_operator().beside(&import_block(&id)));
    home.workspace.apply().success().says("1 imported, 0 added");
    home.workspace.assert_empty_plan();
    assert_eq!(home.uids(), nodes);
    assert!(home.group()["launchTemplate"].is_null());
    home.update(&Pool::eks_operator().set("labels", "{ team = \"ml\" }")).keeps_nodes();

    let needs =
        Pool::eks_operator().with("gpu_stack = \"gpu_operator\", launch_template = { imds_hop_limit = 3 }");
    home.write(&needs);
    home.workspace.plan().exits(2).says("launch_template").says("forces replacement");
    let plan = home.planned(&needs);
    assert_eq!(json::actions(&plan, POOL), ["delete", "create"]);
    home.workspace.run(&["apply", "json.tfplan"]).success();
    home.workspace.assert_empty_plan();
    assert_eq!(home.recipe()["metadataOptions"]["httpPutResponseHopLimit"], "3");
}
