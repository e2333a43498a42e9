//! Tests of the tests: that the support sees what it claims to see. They need Terraform, but no provider.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::support::{Workspace, command, json, processes, tools};

const SECONDS: Duration = Duration::from_secs(60);

const SLOW: &str = r#"
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "echo provisioner started; sleep 50" }
}
"#;

#[test]
fn a_workspace_plans_applies_and_destroys() {
    let workspace = Workspace::without_provider();
    workspace.write(
        "main.tf",
        "resource \"terraform_data\" \"x\" { input = { a = 1 } }\noutput \"out\" { value = 7 }",
    );
    let plan = workspace.plan_json();
    assert_eq!(json::actions(&plan, "terraform_data.x"), ["create"]);
    workspace.plan().exits(2);
    workspace.apply().success().says("Apply complete! Resources: 1 added");
    workspace.assert_empty_plan();
    assert_eq!(workspace.attributes("terraform_data.x")["input"]["a"], 1);
    assert_eq!(json::addresses(&workspace.show_json()), ["terraform_data.x"]);
    assert_eq!(workspace.outputs()["out"], 7);
    assert!(!workspace.is_tainted("terraform_data.x"));
    workspace.run(&["taint", "terraform_data.x"]).success();
    assert!(workspace.is_tainted("terraform_data.x"));
    workspace.destroy().success();
    assert!(!workspace.has("terraform_data.x"));
}

#[test]
fn a_resource_moves_out_of_the_state_and_back_by_import() {
    let workspace = Workspace::without_provider();
    workspace.write("main.tf", "resource \"terraform_data\" \"x\" {}");
    workspace.apply().success();
    let id = workspace.attributes("terraform_data.x")["id"].as_str().expect("a string").to_owned();
    workspace.state_rm("terraform_data.x").success();
    assert!(!workspace.has("terraform_data.x"));
    workspace.import("terraform_data.x", &id).success();
    assert_eq!(workspace.attributes("terraform_data.x")["id"], *id);
}

#[test]
#[should_panic(expected = "expected exit code 0")]
fn a_plan_with_changes_is_not_empty() {
    let workspace = Workspace::without_provider();
    workspace.write("main.tf", "resource \"terraform_data\" \"x\" {}");
    workspace.assert_empty_plan();
}

#[test]
fn a_wrapped_diagnostic_is_read_as_one_sentence() {
    let workspace = Workspace::without_provider();
    let sentence =
        "this is a message of more than seventy-eight columns, which Terraform breaks into several lines";
    let validation = format!("condition = var.v > 2\n error_message = \"{sentence}.\"");
    workspace.write(
        "main.tf",
        &format!("variable \"v\" {{\n default = 1\n validation {{\n {validation}\n }}\n}}"),
    );
    workspace.plan().says(sentence).never_says("anything else");
}

#[test]
fn the_environment_of_the_person_who_tests_stays_out() {
    let mut workspace = Workspace::without_provider();
    workspace.write(
        "main.tf",
        "resource \"terraform_data\" \"x\" {\n provisioner \"local-exec\" { command = \"env\" }\n}",
    );
    workspace.set_env("MARK", "seen");
    let applied = workspace.apply().success();
    let names: Vec<_> = applied
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("terraform_data.x (local-exec): ")?.split_once('='))
        .map(|(name, _)| name)
        .collect();
    assert!(names.contains(&"MARK"), "{applied}");
    // Cargo sets this one for every test, so it stands for all that must not pass.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!names.contains(&"CARGO_MANIFEST_DIR"), "{applied}");
}

#[test]
fn ctrl_c_reaches_terraform_and_its_children() {
    let workspace = Workspace::without_provider();
    workspace.write("main.tf", SLOW);
    let mut apply = workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until_said("provisioner started", SECONDS);
    apply.interrupt();
    apply.wait_with_timeout(SECONDS).failure().says("Interrupt received");
    assert!(workspace.is_tainted("terraform_data.slow"));
}

#[test]
fn a_command_that_hangs_fails_with_its_output() {
    let workspace = Workspace::without_provider();
    workspace.write("main.tf", SLOW);
    let mut apply = workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until_said("provisioner started", SECONDS);
    let hung = catch_unwind(AssertUnwindSafe(|| apply.wait_with_timeout(Duration::from_millis(200))));
    let message = *hung.expect_err("it hangs").downcast::<String>().expect("a formatted message");
    assert!(message.starts_with("still running after 200ms, killed"), "{message}");
    assert!(message.contains("(local-exec): provisioner started"), "{message}");
}

#[test]
fn a_provider_is_found_below_its_terraform_and_killed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("terraform-provider-fake_v0.1.0");
    let sleep = Path::new("/bin/sleep");
    fs::copy(sleep, &program).expect("there is a sleep to copy");
    // One shell deeper than the child itself, as with a wrapper script around terraform.
    let mut wrapper = Command::new("sh");
    wrapper.args(["-c", "sh -c '\"$0\" 50; echo status $?' \"$0\"; true"]).arg(&program);
    let mut running = command::spawn(wrapper);
    running.wait_until("the provider runs", SECONDS, |running| {
        !processes::providers_below(running.pid()).is_empty()
    });
    let provider = processes::providers_below(running.pid())[0];
    assert!(processes::is_alive(provider));
    assert_eq!(running.kill_provider(), 1);
    running.wait_with_timeout(SECONDS).success().says("status 137");
    assert!(!processes::is_alive(provider));
}

#[test]
fn a_dropped_command_takes_its_group_along() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "sleep 50 & echo child $!; wait"]);
    let mut running = command::spawn(shell);
    running.wait_until_said("\n", SECONDS);
    let child = running.said().trim().trim_start_matches("child ").parse().expect("a process id");
    let child = rustix::process::Pid::from_raw(child).expect("not zero");
    assert!(processes::is_alive(child));
    drop(running);
    // The orphan is reaped by whoever adopts it; it only has to be dead.
    for _ in 0..500 {
        if !processes::is_alive(child) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{child:?} outlived its group");
}

#[test]
fn terraform_is_found() {
    assert!(tools::terraform().is_file());
}

#[test]
fn init_installs_the_built_provider_with_no_registry() {
    let mut workspace = Workspace::with_mirror();
    // A proxy that nobody answers: whatever asked the network would fail.
    workspace.set_env("HTTPS_PROXY", "http://127.0.0.1:9");
    workspace.write(
        "main.tf",
        "terraform {\n required_providers {\n gpuslice = { source = \"gpuslice/gpuslice\" }\n }\n}",
    );
    let _ =
        workspace.init().success().says(concat!("Installed gpuslice/gpuslice v", env!("CARGO_PKG_VERSION")));
}
