//! Objects on good days, under the real Terraform.

use std::fs;

use serde_json::json;

use super::workspace::ProbeWorkspace;
use crate::support::json::{actions, change};

#[test]
fn an_object_is_created_changed_replaced_and_destroyed() {
    let workspace = ProbeWorkspace::with_thing("");
    let plan = workspace.plan_json();
    assert_eq!(actions(&plan, "probe_thing.x"), ["create"]);
    let planned = change(&plan, "probe_thing.x");
    // What follows from known inputs is known before anything exists.
    assert_eq!(planned["after"]["letters"], 4);
    assert_eq!(planned["after"]["summary"]["title"], "PEAR");
    assert_eq!(planned["after_unknown"]["summary"]["text"], true);
    assert_eq!(planned["after_unknown"]["id"], true);

    let _ = workspace.apply().success();
    let state = workspace.attributes("probe_thing.x");
    assert_eq!(state["id"], "thing-pear");
    assert_eq!(state["note"], "none");
    assert_eq!(state["summary"]["text"], "PEAR: none");
    assert_eq!(state["size"], json!({ "width": 10, "height": 20, "unit": "cm" }));
    assert_eq!(workspace.private(), "complete");
    workspace.assert_empty_plan();

    workspace.write_thing("note = \"ripe\"");
    let plan = workspace.plan_json();
    assert_eq!(actions(&plan, "probe_thing.x"), ["update"]);
    assert_eq!(change(&plan, "probe_thing.x")["after"]["summary"]["text"], "PEAR: ripe");
    assert_eq!(change(&plan, "probe_thing.x")["after"]["id"], "thing-pear");
    let _ = workspace.apply().success();
    assert_eq!(workspace.private(), "updated");
    workspace.assert_empty_plan();

    // The same name in another spelling is no change.
    workspace.write("main.tf", "resource \"probe_thing\" \"x\" {\n  name = \"PEAR\"\n  note = \"ripe\"\n}");
    workspace.assert_empty_plan();

    workspace.write("main.tf", "resource \"probe_thing\" \"x\" {\n  name = \"plum\"\n}");
    assert_eq!(actions(&workspace.plan_json(), "probe_thing.x"), ["delete", "create"]);
    let _ = workspace.apply().success();
    assert!(workspace.object("thing-plum").exists() && !workspace.object("thing-pear").exists());
    workspace.assert_empty_plan();

    let _ = workspace.destroy().success();
    assert_eq!(fs::read_dir(workspace.store()).unwrap().count(), 0);
}

#[test]
fn what_others_changed_is_seen() {
    let workspace = ProbeWorkspace::with_thing("note = \"ripe\"");
    let _ = workspace.apply().success();
    fs::write(workspace.object("thing-pear"), "rotten").unwrap();
    let plan = workspace.plan_json();
    assert_eq!(actions(&plan, "probe_thing.x"), ["update"]);
    assert_eq!(change(&plan, "probe_thing.x")["before"]["note"], "rotten");
    fs::remove_file(workspace.object("thing-pear")).unwrap();
    assert_eq!(actions(&workspace.plan_json(), "probe_thing.x"), ["create"]);
}

#[test]
fn parts_of_an_object_may_be_given_and_left_out() {
    let workspace = ProbeWorkspace::with_thing("size = { width = 3 }");
    let _ = workspace.apply().success();
    assert_eq!(
        workspace.attributes("probe_thing.x")["size"],
        json!({ "width": 3, "height": 20, "unit": "cm" })
    );
    workspace.assert_empty_plan();
    workspace.write_thing("size = { height = 4, unit = \"m\" }");
    let _ = workspace.apply().success();
    assert_eq!(
        workspace.attributes("probe_thing.x")["size"],
        json!({ "width": 3, "height": 4, "unit": "m" })
    );
    workspace.assert_empty_plan();
    workspace.write_thing("");
    let _ = workspace.apply().success();
    assert_eq!(workspace.attributes("probe_thing.x")["size"]["width"], 3);
    workspace.assert_empty_plan();
}

#[test]
fn a_wrong_configuration_is_shown_where_it_is_written() {
    let workspace =
        ProbeWorkspace::new("resource \"probe_thing\" \"x\" {\n  note = \"a\"\n  name = \"wrong\"\n}");
    let _ = workspace.validate().failure().says("on main.tf line 3").says("\"wrong\" is wrong.");
    workspace.write("main.tf", "resource \"probe_thing\" \"x\" {\n  name = \"\"\n}");
    let _ = workspace.plan().exits(1).says("on main.tf line 2");
}

#[test]
fn a_secret_is_not_shown() {
    let workspace = ProbeWorkspace::with_thing("secret = \"hush\"");
    let _ = workspace.apply().success().never_says("hush");
    assert_eq!(workspace.attributes("probe_thing.x")["secret"], "hush");
}

#[test]
fn a_provider_may_be_configured_with_what_is_not_known_yet() {
    let workspace = ProbeWorkspace::new(
        r#"
        resource "terraform_data" "folder" { input = "late" }
        provider "probe" {
          alias = "late"
          store = terraform_data.folder.output
        }
        resource "probe_thing" "x" {
          provider = probe.late
          name     = "pear"
        }
        data "probe_lookup" "x" {
          provider = probe.late
          name     = "pear"
        }
        output "store" { value = data.probe_lookup.x.store }
        "#,
    );
    fs::create_dir(workspace.path().join("late")).unwrap();
    let plan = workspace.plan_json();
    assert_eq!(actions(&plan, "probe_thing.x"), ["create"]);
    let _ = workspace.apply().success();
    assert!(workspace.path().join("late/thing-pear").exists());
    // The data source was read while planning, when the provider had not been told.
    assert_eq!(workspace.outputs()["store"], "not known yet");
    let _ = workspace.apply().success();
    assert_eq!(workspace.outputs()["store"], "late");
    workspace.assert_empty_plan();
}

#[test]
fn functions_are_called_and_their_errors_name_the_argument() {
    let workspace = ProbeWorkspace::new(
        r#"
        output "glued" { value = provider::probe::glue("-", "a", "b", "c") }
        output "alone" { value = provider::probe::glue("-") }
        output "kinds" {
          value = [provider::probe::kind(null), provider::probe::kind([1, "x"]), provider::probe::kind({ a = true })]
        }
        "#,
    );
    let _ = workspace.apply().success();
    let outputs = workspace.outputs();
    assert_eq!(outputs["glued"], "a-b-c");
    assert_eq!(outputs["alone"], "");
    assert_eq!(outputs["kinds"], json!(["null", "tuple([number, string])", "object({a = bool})"]));
    workspace.write("main.tf", "output \"x\" { value = provider::probe::glue(\"-\", \"a\", \"\") }");
    let _ =
        workspace.plan().exits(1).says("an empty text cannot be glued").says("Invalid value for \"parts\"");
    workspace.write("main.tf", "output \"x\" { value = provider::probe::glue(\"-\", \"panic\") }");
    let _ = workspace.plan().exits(1).says("The provider panicked").says("a panic on demand");
}

#[test]
fn data_sources_are_read_and_their_failures_are_told() {
    let workspace = ProbeWorkspace::new("data \"probe_lookup\" \"x\" {\n  name = \"a\"\n}");
    let _ = workspace.apply().success();
    assert_eq!(workspace.attributes("data.probe_lookup.x")["id"], "thing-a");
    for (script, message) in [
        ("fail", "A failure on demand"),
        ("panic", "The provider panicked"),
        ("fail silently", "The provider failed without a reason"),
    ] {
        workspace.write(
            "main.tf",
            &format!("data \"probe_lookup\" \"x\" {{\n  name = \"a\"\n  script = {script:?}\n}}"),
        );
        let _ = workspace.plan().exits(1).says(message);
    }
}

#[test]
fn a_provider_that_cannot_be_configured_says_so() {
    let workspace = ProbeWorkspace::with_thing("");
    for (script, message) in [("fail", "A failure on demand"), ("panic", "The provider panicked")] {
        workspace.write_provider(&format!("script = {script:?}"));
        let _ = workspace.plan().exits(1).says(message);
    }
}

#[test]
fn terraform_can_be_pointed_at_a_debugger() {
    let mut workspace = ProbeWorkspace::with_thing("");
    let mut debugger = super::host::plugin();
    debugger.arg("--debug");
    let mut debugger = crate::support::command::spawn(debugger);
    debugger.wait_until_said("Ctrl-C", super::host::SOON);
    let said = debugger.said();
    let variable = said.split_once("TF_REATTACH_PROVIDERS='").unwrap().1.split_once('\'').unwrap().0;
    workspace.set_env("TF_REATTACH_PROVIDERS", variable);
    let _ = workspace.apply().success();
    workspace.assert_empty_plan();
    assert!(!debugger.has_ended());
    // Without the debugger the provider is not found: so it was the debugger that served.
    debugger.interrupt();
    let _ = debugger.wait_with_timeout(super::host::SOON).success();
    let _ = workspace.plan().exits(1);
}

#[test]
fn the_log_is_readable_for_terraform() {
    let mut workspace = ProbeWorkspace::with_thing("");
    workspace.set_env("TF_LOG_PROVIDER", "DEBUG");
    let output = workspace.apply().success().says("[DEBUG] provider.terraform-provider-probe: creating");
    let line = output.combined.lines().find(|line| line.contains("-probe: creating")).unwrap();
    assert!(line.contains("tf_rpc=ApplyResourceChange") && line.contains("tf_type=probe_thing"), "{line}");
    assert!(line.contains("@module=probe_provider"), "{line}");
}

#[test]
fn terraform_without_encryption_is_told_why_not() {
    let mut workspace = ProbeWorkspace::with_thing("");
    workspace.set_env("TF_DISABLE_PLUGIN_TLS", "1");
    let _ = workspace.plan().exits(1).says("refuses to run unencrypted").says("unset TF_DISABLE_PLUGIN_TLS");
}
