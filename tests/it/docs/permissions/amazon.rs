//! The calls to EKS, and to EC2 and Auto Scaling, whose requests are forms and name their action there.
//!
//! Source of the actions: AWS service authorization reference, which names an action as the call.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::pages::pages;
use super::super::tables::{RULE, row};
use super::{has_shape, life};
use crate::support::Sandbox;

/// What one action allows, and what for.
struct Action {
    /// Service and action, as IAM names them.
    name: &'static str,
    /// HTTP method and path of a call to EKS; other services are told by the name.
    request: Option<(&'static str, &'static str)>,
    /// When the provider asks.
    when: &'static str,
}

const fn eks(name: &'static str, method: &'static str, path: &'static str, when: &'static str) -> Action {
    Action { name, request: Some((method, path)), when }
}

const fn form(name: &'static str, when: &'static str) -> Action {
    Action { name, request: None, when }
}

const ALL: &[Action] = &[
    eks(
        "eks:DescribeCluster",
        "GET",
        "/clusters/*",
        "before a pool is created, when one is imported or not found, and to reach the cluster",
    ),
    eks("eks:CreateNodegroup", "POST", "/clusters/*/node-groups", "create"),
    eks(
        "eks:DescribeNodegroup",
        "GET",
        "/clusters/*/node-groups/*",
        "refresh, import, and around every change",
    ),
    eks(
        "eks:UpdateNodegroupConfig",
        "POST",
        "/clusters/*/node-groups/*/update-config",
        "update of size, labels, taints, and of how nodes are replaced and repaired",
    ),
    eks(
        "eks:UpdateNodegroupVersion",
        "POST",
        "/clusters/*/node-groups/*/update-version",
        "update that rolls the nodes",
    ),
    eks("eks:DescribeUpdate", "GET", "/clusters/*/updates/*", "while an update is under way"),
    eks("eks:DeleteNodegroup", "DELETE", "/clusters/*/node-groups/*", "destroy, replace"),
    eks("eks:TagResource", "POST", "/tags/*", "create, with tags, and update of tags"),
    eks("eks:UntagResource", "DELETE", "/tags/*", "update of tags"),
    form("ec2:CreateLaunchTemplate", "create"),
    form("ec2:DescribeLaunchTemplates", "create and destroy: what is left of an earlier one"),
    form("ec2:DescribeLaunchTemplateVersions", "refresh, import, and around every change that may roll"),
    form("ec2:CreateLaunchTemplateVersion", "update that rolls the nodes"),
    form("ec2:DeleteLaunchTemplateVersions", "the same, beyond five versions"),
    form("ec2:DeleteLaunchTemplate", "destroy, replace"),
    form(
        "autoscaling:DescribeAutoScalingGroups",
        "where the cluster autoscaler is told of slices, and before a pool is made smaller",
    ),
    form("autoscaling:CreateOrUpdateTags", "where the cluster autoscaler is told of slices"),
    form("autoscaling:DeleteTags", "where it is told so no longer"),
    form(
        "autoscaling:TerminateInstanceInAutoScalingGroup",
        "a pool is made smaller, and `eks.scale_down` is `drain`",
    ),
];

/// What no call shows, and the policy of the guide holds: a right that a call is checked for beside its own.
const UNSEEN: [&str; 2] = ["ec2:CreateTags", "iam:PassRole"];

/// The table of the guide.
pub(super) fn table() -> String {
    let mut text = row(["action", "when"]) + &row([RULE; 2]);
    for action in ALL {
        text += &row([&format!("`{}`", action.name), action.when]);
    }
    for unseen in [
        ("ec2:CreateTags", "with `ec2:CreateLaunchTemplate`, which tags what it makes"),
        ("iam:PassRole", "with `eks:CreateNodegroup`, on the role of the nodes"),
    ] {
        text += &row([&format!("`{}`", unseen.0), unseen.1]);
    }
    text.trim_end().to_owned()
}

/// The policy that the guide has for pasting.
fn policy() -> Value {
    let page = &pages()[std::path::Path::new("guides/permissions.md")];
    let (_, rest) = page.split_once("```json\n").expect("a policy");
    let (text, _) = rest.split_once("\n```").expect("its end");
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn the_policy_to_paste_holds_the_actions_of_the_table_and_no_others() {
    let policy = policy();
    let mut found = BTreeSet::new();
    for statement in policy["Statement"].as_array().expect("statements") {
        assert_eq!(statement["Effect"], "Allow");
        let actions = match &statement["Action"] {
            Value::String(one) => vec![one.as_str()],
            many => many.as_array().expect("actions").iter().filter_map(Value::as_str).collect(),
        };
        for action in actions {
            assert!(found.insert(action.to_owned()), "{action} twice");
        }
    }
    let wanted: BTreeSet<String> =
        ALL.iter().map(|action| action.name).chain(UNSEEN).map(str::to_owned).collect();
    assert_eq!(found, wanted);
}

/// What a life without more than five versions of the launch template does not ask.
const SELDOM: [&str; 1] = ["ec2:DeleteLaunchTemplateVersions"];

#[test]
fn the_table_holds_every_call_and_no_other() {
    const CLUSTER: &str = "arn:aws:eks:us-east-1:000000000000:cluster/sandbox";
    let sandbox = Sandbox::start();
    let options = |more: &str| {
        format!(
            "  eks = {{ node_role_arn = \"arn:aws:iam::000000000000:role/node\", subnet_ids = \
             [\"subnet-0000000000000000a\"]{more} }}"
        )
    };
    let pool = format!("  cluster_id = \"{CLUSTER}\"\n  name = \"x\"\n  machine_type = \"p4d.24xlarge\"");
    let cut = |profile: &str, more: &str| format!("  mig_profile = \"{profile}\"\n{more}");
    let plain = options("");
    let changes = [
        cut("1g.5gb", &format!("  node_count = 2\n  tags = {{ cost = \"a\" }}\n{plain}")),
        cut("2g.10gb", &format!("  node_count = 1\n  labels = {{ team = \"a\" }}\n{plain}")),
        cut(
            "2g.10gb",
            &format!(
                "  autoscaling = {{ min_nodes = 0, max_nodes = 2 }}\n{}",
                options(", scale_from_zero_tags = true")
            ),
        ),
        cut(
            "2g.10gb",
            &format!(
                "  autoscaling = {{ min_nodes = 0, max_nodes = 2 }}\n{}",
                options(", scale_from_zero_tags = false")
            ),
        ),
    ];
    let changes: Vec<&str> = changes.iter().map(String::as_str).collect();
    life(&sandbox, &pool, &changes, &format!("{CLUSTER}:x"));
    let records = sandbox.records();
    let made = are_those_of(&records);
    let never: Vec<_> = ALL
        .iter()
        .map(|action| action.name)
        .filter(|name| !made.contains(name) && !SELDOM.contains(name))
        .collect();
    assert!(never.is_empty(), "never asked: {never:?}");
    super::kubernetes::no_others(&records);
}

/// A call that the table lacks is a permission that nobody grants.
#[track_caller]
fn are_those_of(records: &[Value]) -> BTreeSet<&'static str> {
    let mut made = BTreeSet::new();
    for record in records.iter().filter(|record| !super::kubernetes::is_call(record)) {
        let url = url::Url::parse(record["url"].as_str().expect("an address")).expect("a URL");
        let method = record["method"].as_str().expect("a method");
        let found = if let Some(action) = record["request_body"].as_str().and_then(form_action) {
            if action == "GetCallerIdentity" {
                continue;
            }
            ALL.iter().find(|one| one.name.split_once(':').is_some_and(|(_, name)| name == action))
        } else {
            let Some((_, path)) = url.path().split_once("/eks/") else { continue };
            let path = format!("/{path}");
            // A tag's path ends with an ARN, which has slashes of its own.
            let path = if path.starts_with("/tags/") { "/tags/*" } else { path.as_str() };
            ALL.iter()
                .find(|one| one.request.is_some_and(|(http, shape)| http == method && has_shape(path, shape)))
        };
        let found = found.unwrap_or_else(|| panic!("no permission is told for {record:#}"));
        made.insert(found.name);
    }
    made
}

fn form_action(body: &str) -> Option<&str> {
    body.split('&').find_map(|pair| pair.strip_prefix("Action="))
}
