//! What Terraform stores when something goes wrong: the reason for every line of `rpc/apply.rs`.

use serde_json::Value as Json;

use super::workspace::ProbeWorkspace;

/// What became of `probe_thing.x`.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    Tainted { private: String },
    Healthy { private: String },
}

fn tainted(private: &str) -> Left {
    Left::Tainted { private: private.to_owned() }
}

fn healthy(private: &str) -> Left {
    Left::Healthy { private: private.to_owned() }
}

impl ProbeWorkspace {
    fn left(&self) -> Left {
        if !self.has("probe_thing.x") {
            return Left::Nothing;
        }
        let private = self.private();
        if self.is_tainted("probe_thing.x") { Left::Tainted { private } } else { Left::Healthy { private } }
    }
}

/// Applies a create with this script, and says what is left.
fn create(script: &str, message: &str) -> (ProbeWorkspace, Left) {
    let workspace = ProbeWorkspace::with_thing(&format!("on = {{ create = {script:?} }}"));
    let _ = workspace.apply().exits(1).says(message);
    let left = workspace.left();
    (workspace, left)
}

#[test]
fn a_failed_create_leaves_its_checkpoint_tainted_or_nothing() {
    assert_eq!(create("fail", "A failure on demand").1, Left::Nothing);
    assert_eq!(create("panic", "The provider panicked").1, Left::Nothing);
    assert_eq!(create("fail silently", "The provider failed without a reason").1, Left::Nothing);
    for script in ["checkpoint, fail", "checkpoint, panic"] {
        let (workspace, left) = create(script, "on demand");
        assert_eq!(left, tainted("checkpoint"), "{script}");
        let state = workspace.attributes("probe_thing.x");
        assert_eq!(state["id"], "thing-pear");
        // What the plan did not know is null.
        assert_eq!(state["note"], Json::Null);
        let _ = workspace.destroy().success();
        assert!(!workspace.object("thing-pear").exists());
    }
}

#[test]
fn a_create_with_a_forbidden_result_forgets_nothing() {
    for (script, message) in [
        ("null", "is null, which means that the object is gone"),
        ("misshapen", "does not have the type of its schema"),
        ("unknown", "still has unknown parts"),
    ] {
        let (_, left) = create(script, message);
        assert_eq!(left, tainted("complete"), "{script}");
    }
}

#[test]
fn a_result_that_differs_from_the_plan_is_named_with_its_attribute() {
    let workspace = ProbeWorkspace::with_thing("note = \"ripe\"\n  on = { create = \"wrong\" }");
    let _ = workspace.apply().exits(1).says("Inconsistent result after apply").says("note:");
    assert_eq!(workspace.left(), tainted("complete"));
}

#[test]
fn a_create_with_a_warning_is_a_success() {
    let workspace = ProbeWorkspace::with_thing("on = { create = \"checkpoint, warn\" }");
    let _ = workspace.apply().success().says("A warning on demand");
    assert_eq!(workspace.left(), healthy("complete"));
}

#[test]
fn a_failed_update_never_taints() {
    for (script, private, note) in [
        ("fail", "complete", "ripe"),
        ("panic", "complete", "ripe"),
        ("checkpoint, fail", "checkpoint", "rotten"),
        ("checkpoint, panic", "checkpoint", "rotten"),
    ] {
        let workspace = ProbeWorkspace::with_thing("note = \"ripe\"");
        let _ = workspace.apply().success();
        workspace.write_thing(&format!("note = \"rotten\"\n  on = {{ update = {script:?} }}"));
        let _ = workspace.apply().exits(1).says("on demand");
        assert_eq!(workspace.left(), healthy(private), "{script}");
        assert_eq!(workspace.attributes("probe_thing.x")["note"], note, "{script}");
        // The next apply goes on with the same object.
        workspace.write_thing("note = \"rotten\"");
        let _ = workspace.apply().success().says("0 added, 1 changed, 0 destroyed");
        workspace.assert_empty_plan();
    }
}

#[test]
fn a_failed_delete_keeps_the_object() {
    for (script, private, status) in [
        ("fail", "complete", "ready"),
        ("panic", "complete", "ready"),
        ("checkpoint, fail", "checkpoint", "half deleted"),
        ("checkpoint, panic", "checkpoint", "half deleted"),
    ] {
        let workspace = ProbeWorkspace::with_thing(&format!("on = {{ delete = {script:?} }}"));
        let _ = workspace.apply().success();
        let _ = workspace.destroy().exits(1).says("on demand");
        assert_eq!(workspace.left(), healthy(private), "{script}");
        assert_eq!(workspace.attributes("probe_thing.x")["status"], status, "{script}");
        workspace.write_thing("");
        let _ = workspace.apply().success();
        let _ = workspace.destroy().success();
        assert_eq!(workspace.left(), Left::Nothing);
    }
}

#[test]
fn a_failed_read_keeps_the_object_and_its_private_state() {
    for (script, message) in [("fail", "A failure on demand"), ("panic", "The provider panicked")] {
        let workspace = ProbeWorkspace::with_thing(&format!("on = {{ read = {script:?} }}"));
        let _ = workspace.apply().success();
        let _ = workspace.plan().exits(1).says(message);
        assert_eq!(workspace.left(), healthy("complete"));
    }
    let workspace = ProbeWorkspace::with_thing("on = { read = \"warn\" }");
    let _ = workspace.apply().success();
    let _ = workspace.refresh().success().says("A warning on demand");
    assert_eq!(workspace.left(), healthy("complete"));
}

#[test]
fn a_panic_in_planning_is_a_message() {
    let thing = |name: &str| format!("resource \"probe_thing\" \"x\" {{\n  name = \"panic in {name}\"\n}}");
    for (place, rpc) in [("plan", "PlanResourceChange"), ("validate", "ValidateResourceConfig")] {
        let workspace = ProbeWorkspace::new(&thing(place));
        let _ = workspace
            .plan()
            .exits(1)
            .says("The provider panicked")
            .says(&format!("In {rpc} of probe_thing: a panic on demand"));
    }
}
