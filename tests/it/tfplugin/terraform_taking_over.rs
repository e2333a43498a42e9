//! Import, `moved`, and state of older versions, under the real Terraform.

use std::fs;

use serde_json::json;

use super::workspace::ProbeWorkspace;
use crate::support::json::actions;

#[test]
fn an_object_is_imported_by_its_id() {
    let workspace = ProbeWorkspace::with_thing("");
    fs::write(workspace.object("thing-pear"), "ripe").unwrap();
    let _ = workspace.import("probe_thing.x", "thing-pear").success();
    assert_eq!(workspace.private(), "imported");
    assert_eq!(workspace.attributes("probe_thing.x")["note"], "ripe");
    workspace.assert_empty_plan();
    let _ = workspace.state_rm("probe_thing.x").success();

    workspace.write("import.tf", "import {\n  to = probe_thing.x\n  id = \"thing-pear\"\n}");
    let _ = workspace.apply().success().says("1 imported, 0 added, 0 changed, 0 destroyed");
    workspace.assert_empty_plan();
}

/// Terraform has identities since 1.12; an older one refuses the block, and the provider never hears of it.
#[test]
fn an_object_is_imported_by_its_identity() {
    let workspace = ProbeWorkspace::with_thing("");
    fs::write(workspace.object("thing-pear"), "ripe").unwrap();
    let import = "import {\n  to = probe_thing.x\n  identity = {\n    name = \"pear\"\n  }\n}";
    workspace.write("import.tf", import);
    if workspace.version() < (1, 12) {
        let _ = workspace.apply().exits(1).says("An argument named \"identity\" is not expected here");
        return;
    }
    let _ = workspace.apply().success().says("1 imported, 0 added, 0 changed, 0 destroyed");
    workspace.assert_empty_plan();
    let state: serde_json::Value = serde_json::from_str(&workspace.read("terraform.tfstate")).unwrap();
    assert_eq!(state["resources"][0]["instances"][0]["identity"], json!({ "name": "pear" }));
    workspace.write_thing("note = \"ripe\"");
    let _ = workspace.apply().success();
    workspace.write("main.tf", "resource \"probe_thing\" \"x\" {\n  name = \"plum\"\n}");
    workspace.write("import.tf", "");
    let _ = workspace.apply().success().says("1 added, 0 changed, 1 destroyed");
    let state: serde_json::Value = serde_json::from_str(&workspace.read("terraform.tfstate")).unwrap();
    assert_eq!(state["resources"][0]["instances"][0]["identity"], json!({ "name": "plum" }));
}

#[test]
fn an_import_that_cannot_be_says_why() {
    let workspace = ProbeWorkspace::with_thing("");
    let _ = workspace.import("probe_thing.x", "pear").failure().says("does not start with \"thing-\"");
    let _ = workspace.import("probe_thing.x", "thing-pear").failure().says("non-existent remote object");
    workspace.write("main.tf", "resource \"probe_counter\" \"x\" {\n  name = \"a\"\n}");
    let _ = workspace.import("probe_counter.x", "a").failure().says("probe_counter cannot be imported");
}

#[test]
fn a_resource_of_another_provider_is_moved() {
    let workspace = ProbeWorkspace::new("resource \"terraform_data\" \"x\" {\n  input = \"pear\"\n}");
    let _ = workspace.apply().success();
    fs::write(workspace.object("thing-pear"), "ripe").unwrap();
    workspace.write_thing("");
    workspace.write("moved.tf", "moved {\n  from = terraform_data.x\n  to   = probe_thing.x\n}");
    assert_eq!(actions(&workspace.plan_json(), "probe_thing.x"), ["no-op"]);
    let _ = workspace.apply().success();
    assert_eq!(workspace.attributes("probe_thing.x")["id"], "thing-pear");
    assert_eq!(workspace.attributes("probe_thing.x")["note"], "ripe");
    assert_eq!(workspace.private(), "moved");
    assert!(!workspace.has("terraform_data.x"));
    workspace.assert_empty_plan();
}

#[test]
fn a_move_that_cannot_be_says_what_can() {
    let workspace = ProbeWorkspace::with_thing("");
    let _ = workspace.apply().success();
    workspace.write("main.tf", "resource \"probe_counter\" \"x\" {\n  name = \"a\"\n}");
    workspace.write("moved.tf", "moved {\n  from = probe_thing.x\n  to   = probe_counter.x\n}");
    let _ = workspace.plan().exits(1).says("Nothing can be moved to probe_counter");
}

/// A state file with one `probe_counter.x`.
fn state_file(version: u32, attributes: &serde_json::Value) -> String {
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "a", "outputs": {},
        "resources": [{
            "mode": "managed", "type": "probe_counter", "name": "x",
            "provider": "provider[\"registry.terraform.io/gpuslice/probe\"]",
            "instances": [{ "schema_version": version, "attributes": attributes }],
        }],
    })
    .to_string()
}

#[test]
fn state_of_older_versions_is_read() {
    let workspace =
        ProbeWorkspace::new("resource \"probe_counter\" \"x\" {\n  name     = \"a\"\n  count_to = 12\n}");
    for (version, attributes) in [
        (0, json!({ "title": "a", "count_to": "12" })),
        (1, json!({ "name": "a", "count_to": "12", "step": [] })),
        // Stored before an attribute was taken out of the schema, without a new version.
        (2, json!({ "name": "a", "count_to": 12, "step": [], "gone": { "x": 1 } })),
    ] {
        workspace.write("terraform.tfstate", &state_file(version, &attributes));
        workspace.assert_empty_plan();
    }
    workspace.write("terraform.tfstate", &state_file(1, &json!({ "name": "a", "count_to": "twelve" })));
    let _ = workspace.plan().exits(1).says("\"twelve\" is not a number.");
    workspace.write("terraform.tfstate", &state_file(2, &json!({ "name": ["a"] })));
    let _ = workspace.plan().exits(1).says("The stored state cannot be read").says("name: is an array");
}
