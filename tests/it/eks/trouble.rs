//! AWS that is throttled, away, or short of answers: waited for, and never asked twice for one thing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::home::Home;
use crate::mig_pool::{POOL, Pool};

/// One pool stands, from one template of ours, made by one accepted request.
#[track_caller]
fn assert_one(home: &Home) {
    let ours = home.our_template();
    assert_eq!(ours.latest, 1, "{ours:#?}");
    assert_eq!((home.machines().len(), home.templates().len()), (1, 1));
    home.await_slices(7);
}

/// The token that each request with this part in its path brought.
fn tokens(home: &Home, end: &str) -> Vec<String> {
    let token = |record: &Value| record["request_body"]["clientRequestToken"].as_str().map(str::to_owned);
    home.calls("POST", end).iter().filter_map(token).collect()
}

#[test]
fn throttling_of_every_service_is_waited_for() {
    let home = Home::cut();
    let params = json!({"retry_after": "1s"});
    for action in ["sts/GetCallerIdentity", "ec2/CreateLaunchTemplate"] {
        home.on_action(action, "throttle", 2, &params);
    }
    home.on("POST", "/node-groups", "throttle", 2, &params);
    home.settle(&Pool::eks());
    assert_one(&home);
    for action in ["ec2/CreateLaunchTemplateVersion", "ec2/DescribeLaunchTemplateVersions"] {
        home.on_action(action, "throttle", 1, &params);
    }
    home.on("POST", "/update-version", "throttle", 1, &params);
    home.on("GET", "/updates/", "throttle", 1, &params);
    home.update(&Pool::eks().set("disk_size_gb", "300")).rolls_nodes();
    home.on_action("ec2/DeleteLaunchTemplate", "throttle", 1, &params);
    home.workspace.destroy().success();
    home.assert_gone();
}

#[test]
fn services_that_are_away_for_a_moment_are_waited_for() {
    let home = Home::cut();
    for action in ["sts/GetCallerIdentity", "ec2/CreateLaunchTemplate", "ec2/DescribeLaunchTemplates"] {
        home.on_action(action, "unavailable", 1, &json!({}));
    }
    home.settle(&Pool::eks());
    assert_one(&home);
    home.on_action("ec2/DeleteLaunchTemplate", "unavailable", 1, &json!({}));
    home.workspace.destroy().success();
    home.assert_gone();
}

#[test]
fn a_creation_whose_answer_is_lost_is_repeated_with_its_token() {
    for fault in
        [("drop_connection", json!({"effect": "after"})), ("wrong_answer", json!({"body": "truncated"}))]
    {
        let home = Home::cut();
        home.on("POST", "/node-groups", fault.0, 1, &fault.1);
        home.settle(&Pool::eks());
        assert_one(&home);
        let tokens = tokens(&home, "/node-groups");
        let one: BTreeSet<_> = tokens.iter().collect();
        assert_eq!(one.len(), 1, "{fault:?}: {tokens:?}");
    }
}

#[test]
fn a_template_whose_answer_is_lost_is_made_once() {
    for effect in ["before", "after"] {
        let home = Home::cut();
        home.on_action("ec2/CreateLaunchTemplate", "drop_connection", 1, &json!({"effect": effect}));
        home.settle(&Pool::eks());
        assert_one(&home);
        home.workspace.destroy().success();
        home.assert_gone();
    }
}

/// A tainted pool would be replaced, and its GPUs given back, because a right of reading is missing.
#[test]
fn a_template_that_cannot_be_read_at_the_end_of_a_creation_taints_nothing() {
    let home = Home::cut();
    home.write(&Pool::eks());
    home.on_action("ec2/DescribeLaunchTemplateVersions", "permission", 9, &json!({}));
    home.workspace.apply().success().says("incomplete").says("ec2:DescribeLaunchTemplateVersions");
    assert!(home.knows_the_pool() && !home.workspace.is_tainted(POOL));
    home.sandbox.clear_faults();
    home.goes_on();
    assert_one(&home);
}

#[test]
fn a_roll_whose_answers_are_lost_is_one_roll() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    let lost = json!({"effect": "after"});
    home.on_action("ec2/CreateLaunchTemplateVersion", "drop_connection", 1, &lost);
    home.on("POST", "/update-version", "drop_connection", 1, &lost);
    home.update(&Pool::eks().set("disk_size_gb", "300")).rolls_nodes();
    assert_eq!(home.our_template().latest, 2);
    let tokens: BTreeSet<_> = tokens(&home, "/update-version").into_iter().collect();
    assert_eq!(tokens.len(), 1);
}

#[test]
fn an_update_of_somebody_elses_is_waited_for_with_a_roll_too() {
    let home = Home::with_latency(crate::eks_pool::EKS, POOL, "1s");
    home.settle(&Pool::eks());
    home.actor("occupy", home.cluster, &json!({}));
    home.update(&Pool::eks().set("disk_size_gb", "300")).rolls_nodes();
}

/// EKS tells of one node group at a time: so many questions and no more, however many pools there are.
#[test]
fn a_refresh_asks_little_for_each_pool() {
    let home = Home::cut();
    let pools = Pool::eks().set("for_each", "toset([for i in range(6) : \"p${i}\"])").set("name", "each.key");
    home.settle(&pools);
    let before = home.sandbox.records().len();
    home.workspace.assert_empty_plan();
    let asked = home.sandbox.records().split_off(before);
    assert!(asked.len() <= 6 * 2 + 3, "{} requests: {asked:#?}", asked.len());
}
