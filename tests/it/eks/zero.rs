//! The cluster autoscaler where there is no node to look at: tags say what one would have.

use serde_json::json;

use super::home::Home;
use crate::mig_pool::Pool;

const TEMPLATE: &str = "k8s.io/cluster-autoscaler/node-template/";
const SLICES: &str = "resources/nvidia.com/gpu";

fn from_zero(pool: Pool) -> Pool {
    pool.set("autoscaling", "{ min_nodes = 0, max_nodes = 2 }")
}

/// A tag about nodes to be, on the node group and on its Auto Scaling group, which are the same.
#[track_caller]
fn told(home: &Home, rest: &str) -> Option<String> {
    let key = format!("{TEMPLATE}{rest}");
    let of_group = home.group()["tags"][&key].as_str().map(str::to_owned);
    let of_scaling_group = home.scaling_tags().get(&key).cloned();
    assert_eq!(of_group, of_scaling_group, "{key}");
    of_group
}

#[test]
fn the_autoscaler_is_told_of_slices_labels_and_taints() {
    let home = Home::cut();
    home.settle(&from_zero(Pool::eks().set("labels", "{ team = \"ml\" }")));
    assert_eq!(told(&home, SLICES).as_deref(), Some("7"));
    assert_eq!(told(&home, "label/gpuslice/profile").as_deref(), Some("1g.10gb"));
    assert_eq!(told(&home, "label/team").as_deref(), Some("ml"));
    assert_eq!(told(&home, "taint/nvidia.com/gpu").as_deref(), Some("present:NoSchedule"));
    // The user's own tags stay the user's.
    assert!(home.state()["tags"].is_null());
    // EKS's own tags on the Auto Scaling group stay there.
    assert_eq!(home.scaling_tags()["eks:nodegroup-name"], "mig");
}

#[test]
fn they_follow_the_slices_the_labels_and_the_taints() {
    let home = Home::plugin();
    let pool = from_zero(Pool::eks_plugin().set("labels", "{ team = \"ml\" }"));
    home.settle(&pool);
    assert_eq!(told(&home, SLICES).as_deref(), Some("4"));
    home.update(&pool.clone().set("replicas", "8"));
    assert_eq!(told(&home, SLICES).as_deref(), Some("8"));
    home.update(&pool.clone().set("replicas", "8").unset("labels").set("gpu_taint", "false"));
    assert_eq!((told(&home, "label/team"), told(&home, "taint/nvidia.com/gpu")), (None, None));
    // With a node to look at nothing needs to be said.
    home.update(&pool.set("autoscaling", "{ min_nodes = 1, max_nodes = 2 }"));
    assert_eq!(told(&home, SLICES), None);
    assert!(!home.scaling_tags().keys().any(|key| key.starts_with(TEMPLATE)));
}

#[test]
fn they_can_be_left_out_and_asked_for() {
    let home = Home::cut();
    let off = from_zero(Pool::eks().with("scale_from_zero_tags = false"));
    home.settle(&off);
    assert_eq!((told(&home, SLICES), home.forms("CreateOrUpdateTags").len()), (None, 0));
    home.update(&from_zero(Pool::eks().with("scale_from_zero_tags = true"))).calls_only_tags();
    assert_eq!(told(&home, SLICES).as_deref(), Some("7"));
    home.update(&off);
    assert_eq!(told(&home, SLICES), None);
}

#[test]
fn a_missing_permission_is_a_warning_with_the_statement() {
    let home = Home::cut();
    home.on_action("autoscaling/CreateOrUpdateTags", "permission", 100, &json!({}));
    home.write(&from_zero(Pool::eks()));
    let applied = home.workspace.apply().success();
    applied.says("autoscaling:CreateOrUpdateTags").says("\"Effect\": \"Allow\"");
    home.workspace.assert_empty_plan();
    assert_eq!(home.state()["status"], "ready");
    // The node group's own tags need no such permission.
    assert_eq!(home.group()["tags"][format!("{TEMPLATE}{SLICES}")], "7");
    home.workspace.destroy().success();
    home.assert_gone();
}

#[test]
fn tags_of_others_on_the_auto_scaling_group_stay() {
    let home = Home::cut();
    home.settle(&from_zero(Pool::eks()));
    let name = home.group()["resources"]["autoScalingGroups"][0]["name"].as_str().expect("a name").to_owned();
    home.aws(home.cluster).query(
        "autoscaling",
        "CreateOrUpdateTags",
        &[
            ("Tags.member.1.ResourceId", name.as_str()),
            ("Tags.member.1.ResourceType", "auto-scaling-group"),
            ("Tags.member.1.Key", "theirs"),
            ("Tags.member.1.Value", "yes"),
            ("Tags.member.1.PropagateAtLaunch", "false"),
        ],
    );
    home.workspace.assert_empty_plan();
    home.update(&from_zero(Pool::eks().with("scale_from_zero_tags = false")));
    assert_eq!(home.scaling_tags()["theirs"], "yes");
}

impl crate::mig_change::Update {
    /// EKS and Auto Scaling were told of tags, and of nothing else.
    fn calls_only_tags(self) -> Self {
        let is_tags = |record: &serde_json::Value| {
            crate::mig_desk::path(record).contains("/tags/")
                || crate::mig_desk::action(record).is_some_and(|action| action.ends_with("Tags"))
        };
        assert!(self.requests.iter().all(is_tags), "{:#?}", self.requests);
        self
    }
}
