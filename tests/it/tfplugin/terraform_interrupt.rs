//! Ctrl-C, timeouts and deaths while a provider is at work, under the real Terraform.

use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::host::SOON;
use super::workspace::ProbeWorkspace;
use crate::support::processes::{is_alive, providers_below};

#[test]
fn an_interrupted_create_that_warns_goes_on_with_the_same_object() {
    let workspace = ProbeWorkspace::with_thing("on = { create = \"checkpoint, sleep 10m or warn\" }");
    let running = workspace.apply_until_at_work();
    running.interrupt();
    let _ = running.wait_with_timeout(SOON).exits(1).says("The work was interrupted.");
    assert!(!workspace.is_tainted("probe_thing.x"));
    assert_eq!(workspace.attributes("probe_thing.x")["status"], "incomplete");
    assert_eq!(workspace.private(), "complete");
    let _ = workspace.apply().success().says("0 added, 1 changed, 0 destroyed");
    assert_eq!(workspace.attributes("probe_thing.x")["status"], "ready");
    workspace.assert_empty_plan();
}

#[test]
fn an_interrupted_create_that_fails_leaves_its_checkpoint_tainted() {
    let workspace = ProbeWorkspace::with_thing("on = { create = \"checkpoint, sleep 10m\" }");
    let running = workspace.apply_until_at_work();
    running.interrupt();
    let _ = running.wait_with_timeout(SOON).exits(1).says("The work was interrupted.");
    assert!(workspace.is_tainted("probe_thing.x"));
    assert_eq!(workspace.attributes("probe_thing.x")["id"], "thing-pear");
    assert_eq!(workspace.private(), "checkpoint");
}

#[test]
fn a_create_that_notices_no_interrupt_is_waited_for() {
    let workspace = ProbeWorkspace::with_thing("on = { create = \"deaf 3s\" }");
    let running = workspace.apply_until_at_work();
    running.interrupt();
    let _ = running.wait_with_timeout(SOON);
    assert_eq!(workspace.attributes("probe_thing.x")["status"], "ready");
    assert!(!workspace.is_tainted("probe_thing.x"));
}

#[test]
fn an_interrupted_update_is_no_taint() {
    let workspace = ProbeWorkspace::with_thing("note = \"ripe\"");
    let _ = workspace.apply().success();
    workspace.write_thing("note = \"rotten\"\n  on = { update = \"checkpoint, sleep 10m\" }");
    let mut running = workspace.spawn(&["apply", "-auto-approve"]);
    running.wait_until_said("Modifying...", SOON);
    std::thread::sleep(Duration::from_millis(500));
    running.interrupt();
    let _ = running.wait_with_timeout(SOON).exits(1).says("The work was interrupted.");
    assert!(!workspace.is_tainted("probe_thing.x"));
    assert_eq!(workspace.private(), "checkpoint");
    assert_eq!(workspace.attributes("probe_thing.x")["note"], "rotten");
}

#[test]
fn an_operation_has_the_time_that_the_timeouts_block_gives() {
    let arguments = "on = { create = \"checkpoint, sleep 10m or warn\" }\n  timeouts { create = \"300ms\" }";
    let workspace = ProbeWorkspace::with_thing(arguments);
    let _ = workspace.apply().success().says("The work was timed out.");
    assert_eq!(workspace.attributes("probe_thing.x")["status"], "incomplete");
    assert!(!workspace.is_tainted("probe_thing.x"));

    let arguments = "on = { delete = \"sleep 10m\" }\n  timeouts { delete = \"300ms\" }";
    let workspace = ProbeWorkspace::with_thing(arguments);
    let _ = workspace.apply().success();
    let _ = workspace.destroy().exits(1).says("The work was timed out.");
    assert!(workspace.has("probe_thing.x"));
}

#[test]
fn a_killed_terraform_takes_its_provider_with_it() {
    let workspace = ProbeWorkspace::with_thing("on = { create = \"checkpoint, sleep 10m\" }");
    let running = workspace.apply_until_at_work();
    let providers = providers_below(running.pid());
    assert!(!providers.is_empty());
    kill_process(running.pid(), Signal::KILL).unwrap();
    let killed = std::time::Instant::now();
    while providers.iter().any(|&provider| is_alive(provider)) {
        assert!(killed.elapsed() < SOON, "the provider lives on without its host");
        std::thread::sleep(Duration::from_millis(20));
    }
    // It ended because its work was stopped, not by the kill: nobody was there to pass that on.
    assert!(workspace.object("thing-pear").exists());
}
