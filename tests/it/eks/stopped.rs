//! Ctrl-C, and a provider that dies, between any two steps: nothing is made twice, and the next command goes on.

use serde_json::json;

use super::home::Home;
use crate::eks_pool::EKS;
use crate::mig_desk::SOON;
use crate::mig_pool::{NAME, POOL, Pool};
use crate::support::command::Running;

/// How a command is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    CtrlC,
    Kill,
}

impl Stop {
    #[track_caller]
    fn stop(self, running: Running) {
        match self {
            Self::CtrlC => running.interrupt(),
            Self::Kill => assert!(running.kill_provider() >= 1),
        }
        running.wait_with_timeout(SOON).failure();
    }
}

/// Stops a creation when the launch template is there and the node group was not asked for.
#[track_caller]
fn between_template_and_group(stop: Stop) -> Home {
    let home = Home::cut();
    // The template is made at once, and its answer is late.
    home.on_action("ec2/CreateLaunchTemplate", "slow_answer", 1, &json!({"delay": "1500ms"}));
    home.write(&Pool::eks());
    let mut apply = home.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the template is there", SOON, |_| !home.our_templates().is_empty());
    stop.stop(apply);
    assert_eq!((home.knows_the_pool(), home.creates().len()), (false, 0));
    home
}

#[track_caller]
fn is_made(home: &Home) {
    home.settle(&Pool::eks());
    assert_eq!((home.creates().len(), home.deletes().len()), (1, 0));
    let _ = home.our_template();
    assert_eq!(home.state()["allocatable_slices"], 7);
    home.workspace.destroy().success();
    home.assert_gone();
}

#[test]
fn ctrl_c_between_template_and_group() {
    is_made(&between_template_and_group(Stop::CtrlC));
}

#[test]
fn a_kill_between_template_and_group_leaves_a_template_that_the_next_apply_cleans_up() {
    let home = between_template_and_group(Stop::Kill);
    assert_eq!(home.our_templates().len(), 1, "nobody was left to take it back");
    is_made(&home);
}

/// Stops a creation when EKS works on it.
#[track_caller]
fn while_the_group_is_made(stop: Stop) -> Home {
    let home = Home::cut();
    home.on("POST", "/node-groups", "hang_operation", 1, &json!({"length": "4s"}));
    home.write(&Pool::eks());
    let mut apply = home.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("it is polled", SOON, |_| home.is_polled());
    stop.stop(apply);
    home
}

#[test]
fn ctrl_c_while_the_group_is_made() {
    let home = while_the_group_is_made(Stop::CtrlC);
    assert!(home.knows_the_pool() && !home.workspace.is_tainted(POOL));
    assert_eq!(home.state()["status"], "incomplete");
    home.goes_on();
    home.workspace.destroy().success();
    home.assert_gone();
}

#[test]
fn a_kill_while_the_group_is_made_leaves_both_to_an_import() {
    let home = while_the_group_is_made(Stop::Kill);
    assert!(!home.knows_the_pool());
    let template = home.our_template();
    home.workspace.apply().failure().says("import {").says(&format!("id = \"{EKS}:{NAME}\""));
    assert_eq!(home.our_template().id, template.id, "the template of a group that exists is not touched");
    let block = format!("import {{\n to = {POOL}\n id = \"{EKS}:{NAME}\"\n}}");
    home.settle(&Pool::eks().beside(&block)).says("1 imported, 0 added");
    home.write(&Pool::eks());
    home.workspace.destroy().success();
    home.assert_gone();
}

/// Stops a rolling update when the version of the template is there and the group was not moved to it.
#[track_caller]
fn between_version_and_roll(stop: Stop) -> (Home, Pool) {
    let home = Home::cut();
    home.settle(&Pool::eks());
    let to = Pool::eks().set("disk_size_gb", "300");
    home.on_action("ec2/CreateLaunchTemplateVersion", "slow_answer", 1, &json!({"delay": "1500ms"}));
    home.write(&to);
    let mut apply = home.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the version is there", SOON, |_| home.our_template().latest == 2);
    stop.stop(apply);
    assert_eq!(home.calls("POST", "/update-version").len(), 0);
    (home, to)
}

#[track_caller]
fn is_rolled(home: &Home, to: &Pool, nodes: &std::collections::BTreeSet<String>) {
    assert!(!home.workspace.is_tainted(POOL));
    home.settle(to);
    assert!(home.uids().is_disjoint(nodes));
    assert_eq!((home.creates().len(), home.deletes().len()), (1, 0));
    let ours = home.our_template();
    assert!(ours.latest <= 3, "{ours:#?}");
    assert_eq!(home.group()["launchTemplate"]["version"], ours.latest.to_string());
}

#[test]
fn ctrl_c_between_version_and_roll() {
    let (home, to) = between_version_and_roll(Stop::CtrlC);
    let nodes = home.uids();
    is_rolled(&home, &to, &nodes);
}

#[test]
fn a_kill_between_version_and_roll() {
    let (home, to) = between_version_and_roll(Stop::Kill);
    let nodes = home.uids();
    is_rolled(&home, &to, &nodes);
}

/// A roll that goes on without us is waited for by the next apply, and not begun again.
#[track_caller]
fn in_the_roll(stop: Stop) {
    let home = Home::cut();
    home.settle(&Pool::eks());
    let nodes = home.uids();
    home.on("POST", "/update-version", "hang_operation", 1, &json!({"length": "3s"}));
    let to = Pool::eks().set("disk_size_gb", "300");
    home.write(&to);
    let mut apply = home.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the roll is polled", SOON, |_| home.sandbox.count("GET", "/updates/") > 0);
    stop.stop(apply);
    is_rolled(&home, &to, &nodes);
    let rolls = home.calls("POST", "/update-version");
    let accepted = rolls.iter().filter(|record| crate::mig_desk::accepted(record)).count();
    assert_eq!(accepted, 1, "{rolls:#?}");
    assert_eq!(home.our_template().latest, 2);
}

#[test]
fn ctrl_c_in_the_roll() {
    in_the_roll(Stop::CtrlC);
}

#[test]
fn a_kill_in_the_roll() {
    in_the_roll(Stop::Kill);
}

/// Stops a destroy when EKS works on it, or when the group is gone and its template is not.
#[track_caller]
fn in_the_delete(stop: Stop) {
    let home = Home::cut();
    home.settle(&Pool::eks());
    home.on("DELETE", "/node-groups", "hang_operation", 1, &json!({"length": "2s"}));
    let mut destroy = home.workspace.spawn(&["destroy", "-auto-approve"]);
    destroy.wait_until("it is being deleted", SOON, |_| !home.deletes().is_empty());
    stop.stop(destroy);
    assert!(home.knows_the_pool());
    home.await_gone(home.cluster);
    assert_eq!(home.our_templates().len(), 1);
    home.workspace.destroy().success();
    home.assert_gone();
}

#[test]
fn ctrl_c_in_the_delete_leaves_the_template_to_the_next_destroy() {
    in_the_delete(Stop::CtrlC);
}

/// Terraform hears of the mark only from a provider that lives: then a creation of the same pool cleans up.
#[test]
fn a_kill_in_the_delete_leaves_the_template_to_the_next_pool() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    home.on("DELETE", "/node-groups", "hang_operation", 1, &json!({"length": "2s"}));
    let mut destroy = home.workspace.spawn(&["destroy", "-auto-approve"]);
    destroy.wait_until("it is being deleted", SOON, |_| !home.deletes().is_empty());
    Stop::Kill.stop(destroy);
    home.await_gone(home.cluster);
    home.settle(&Pool::eks());
    let _ = home.our_template();
    home.workspace.destroy().success();
    home.assert_gone();
}
