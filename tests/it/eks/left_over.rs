//! Launch templates: only those that bear our tags are ever touched, and one that cannot be deleted is told.

use serde_json::json;

use super::home::{Home, OUR_TAGS};
use crate::eks_pool::EKS;
use crate::mig_pool::{NAME, Pool};

/// A template of somebody's: its name could be one of ours, and its tags are these.
#[track_caller]
fn foreign(home: &Home, name: &str, tags: &[(&str, &str)]) {
    let mut parameters = vec![
        ("LaunchTemplateName".to_owned(), name.to_owned()),
        ("LaunchTemplateData.KeyName".to_owned(), "ops".to_owned()),
    ];
    if !tags.is_empty() {
        parameters.push(("TagSpecification.1.ResourceType".to_owned(), "launch-template".to_owned()));
    }
    for (number, (key, value)) in tags.iter().enumerate() {
        let tag = format!("TagSpecification.1.Tag.{}", number + 1);
        parameters.push((format!("{tag}.Key"), (*key).to_owned()));
        parameters.push((format!("{tag}.Value"), (*value).to_owned()));
    }
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    home.aws(home.cluster).query("ec2", "CreateLaunchTemplate", &parameters);
}

#[test]
fn templates_without_our_tags_outlive_everything() {
    let home = Home::cut();
    let other = EKS.replace("cluster/sandbox", "cluster/other");
    foreign(&home, "gpuslice-sandbox-mig-abc123", &[]);
    foreign(&home, "one", &[(OUR_TAGS[1], NAME)]);
    foreign(&home, "two", &[(OUR_TAGS[0], EKS), (OUR_TAGS[1], "another-pool")]);
    foreign(&home, "three", &[(OUR_TAGS[0], &other), (OUR_TAGS[1], NAME)]);
    home.settle(&Pool::eks());
    home.update(&Pool::eks().set("disk_size_gb", "300"));
    home.workspace.destroy().success();
    let mut left: Vec<_> =
        home.templates().into_iter().map(|template| (template.name, template.latest)).collect();
    left.sort();
    let names: Vec<_> = left.iter().map(|(name, latest)| (name.as_str(), *latest)).collect();
    assert_eq!(names, [("gpuslice-sandbox-mig-abc123", 1), ("one", 1), ("three", 1), ("two", 1)]);
}

#[test]
fn a_template_that_may_not_be_deleted_is_told_with_the_command_and_destroy_succeeds() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    let id = home.our_template().id;
    home.on_action("ec2/DeleteLaunchTemplate", "permission", 100, &json!({}));
    let destroyed = home.workspace.destroy().success().says(&id);
    destroyed.says("delete-launch-template").says("ec2:DeleteLaunchTemplate");
    assert!(!home.knows_the_pool() && !home.stands());
    assert_eq!(home.our_templates().len(), 1);
    // The next pool of that name cleans it up.
    home.sandbox.clear_faults();
    home.settle(&Pool::eks());
    let _ = home.our_template();
    home.workspace.destroy().success();
    home.assert_gone();
}

#[test]
fn versions_that_may_not_be_deleted_are_nobodys_trouble() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    home.on_action("ec2/DeleteLaunchTemplateVersions", "permission", 100, &json!({}));
    for size in 301..307 {
        home.write(&Pool::eks().set("disk_size_gb", &size.to_string()).text("slice_check", "off"));
        home.workspace.apply().success();
    }
    home.workspace.assert_empty_plan();
    assert_eq!(home.our_template().latest, 7);
}

#[test]
fn a_template_that_may_not_be_made_is_said_before_a_group_is_asked_for() {
    let home = Home::cut();
    home.on_action("ec2/CreateLaunchTemplate", "permission", 100, &json!({}));
    home.write(&Pool::eks());
    home.workspace.apply().failure().says("ec2:CreateLaunchTemplate");
    assert_eq!((home.knows_the_pool(), home.creates().len()), (false, 0));
}

/// The template of a pool that EKS refused goes again.
#[test]
fn a_group_that_is_refused_leaves_no_template() {
    let home = Home::cut();
    home.on("POST", "/node-groups", "quota", 1, &json!({}));
    home.write(&Pool::eks());
    home.workspace.apply().failure().says("30 nodegroups");
    assert!(!home.knows_the_pool() && !home.stands());
    assert_eq!(home.our_templates().len(), 0, "{:#?}", home.our_templates());
}
