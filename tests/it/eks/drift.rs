//! What others change about a node group on EKS alone: its template, its image, its tags, its health.

use serde_json::json;

use super::home::Home;
use crate::mig_pool::{NAME, POOL, Pool};
use crate::support::json;

/// Somebody adds a version to the group's template, and moves the group to it.
#[track_caller]
fn another_version(home: &Home, parameters: &[(&str, &str)]) {
    let id = home.our_template().id;
    let mut all = vec![("LaunchTemplateId", id.as_str()), ("SourceVersion", "1")];
    all.extend(parameters);
    let made = home.aws(home.cluster).query("ec2", "CreateLaunchTemplateVersion", &all);
    let number = made["launchTemplateVersion"]["versionNumber"].clone();
    let path = format!("{}/update-version", home.cloud.pool_path(home.cluster, NAME));
    let body = json!({"launchTemplate": {"id": id, "version": number}});
    home.aws(home.cluster).eks_succeeds("POST", &path, Some(&body));
    home.await_status(home.cluster, "ACTIVE");
}

#[test]
fn a_template_that_somebody_changed_is_shown_and_mended() {
    let home = Home::cut();
    let pool = Pool::eks().with("launch_template = { imds_hop_limit = 2 }");
    home.settle(&pool);
    another_version(
        &home,
        &[
            ("LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit", "1"),
            ("LaunchTemplateData.MetadataOptions.HttpTokens", "required"),
        ],
    );
    let change = json::change(&home.planned(&pool), POOL).clone();
    assert_eq!(change["before"]["eks"]["launch_template"]["imds_hop_limit"], 1, "{change:#}");
    home.update(&pool).rolls_nodes();
    assert_eq!(home.recipe()["metadataOptions"]["httpPutResponseHopLimit"], "2");
}

/// Slices that Bottlerocket was told of otherwise are slices that the pool has not.
#[test]
fn slices_that_somebody_changed_are_shown_and_mended() {
    use base64::Engine as _;
    let home = Home::cut();
    home.settle(&Pool::eks());
    let text = home.user_data().replace("1g.10gb", "2g.20gb");
    let data = base64::prelude::BASE64_STANDARD.encode(text);
    another_version(&home, &[("LaunchTemplateData.UserData", &data)]);
    home.await_slices(3);
    let change = json::change(&home.planned(&Pool::eks()), POOL).clone();
    assert_eq!(
        (&change["actions"], &change["before"]["mig_profile"]),
        (&json!(["update"]), &json!("2g.20gb"))
    );
    home.update(&Pool::eks()).rolls_nodes();
    home.await_slices(7);
}

#[test]
fn a_template_that_somebody_deleted_is_told_and_made_anew_with_a_new_pool() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    home.actor("delete_template", home.cluster, &json!({}));
    assert_eq!(home.group()["status"], "DEGRADED");
    // What the pool is made from is gone and cannot come back under its id. Nothing pretends otherwise.
    let plan = home.workspace.plan();
    assert!(plan.code() != Some(0) || plan.text().contains("Ec2LaunchTemplateNotFound"), "{plan}");
    assert!(home.knows_the_pool());
    home.workspace.destroy().success();
    home.assert_gone();
}

#[test]
fn a_health_issue_is_no_difference() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    home.actor("degrade", home.cluster, &json!({"code": "Ec2SubnetNotFound", "message": "No such subnet."}));
    home.workspace.plan().exits(0);
    assert!(home.knows_the_pool() && !home.workspace.is_tainted(POOL));
}

#[test]
fn an_upgrade_by_somebody_is_no_difference() {
    let home = Home::cut();
    let pool = Pool::eks().text("kubernetes_version", "1.35").with("release_version = \"1.66.0-3c0d9e57\"");
    home.settle(&pool);
    let path = format!("{}/update-version", home.cloud.pool_path(home.cluster, NAME));
    let body = json!({"version": "1.36", "releaseVersion": "1.68.0-5d93c8e4"});
    home.aws(home.cluster).eks_succeeds("POST", &path, Some(&body));
    home.await_status(home.cluster, "ACTIVE");
    let nodes = home.uids();
    home.workspace.assert_empty_plan();
    // Nor is it taken back by what else changes.
    home.update(&pool.set("labels", "{ team = \"ml\" }")).keeps_nodes();
    assert_eq!((home.group()["version"].clone(), home.uids()), (json!("1.36"), nodes));
}

#[test]
fn the_size_under_an_autoscaler_is_never_a_difference_and_survives_an_update() {
    let home = Home::cut();
    let pool = Pool::eks().set("autoscaling", "{ min_nodes = 1, max_nodes = 4 }");
    home.settle(&pool);
    home.actor("resize", home.cluster, &json!({"node_count": 3}));
    home.workspace.assert_empty_plan();
    home.update(&pool.clone().set("labels", "{ team = \"ml\" }")).keeps_nodes();
    assert_eq!(home.machines().len(), 3);
    home.update(&pool.clone().set("autoscaling", "{ min_nodes = 0, max_nodes = 5 }")).keeps_nodes();
    assert_eq!(home.machines().len(), 3);
    // Clamped upwards, in silence.
    home.update(&pool.set("autoscaling", "{ min_nodes = 4, max_nodes = 5 }")).replaces_no_node();
    assert_eq!(home.machines().len(), 4);
}

#[test]
fn a_group_that_somebody_deleted_leaves_its_template_to_the_next() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    let old = home.our_template();
    home.actor("delete_pool", home.cluster, &json!({}));
    home.settle(&Pool::eks());
    assert_eq!(home.our_templates().len(), 1, "of {} and another", old.id);
    home.workspace.destroy().success();
    home.assert_gone();
}
