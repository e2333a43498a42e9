//! The sandbox and the clouds are never mixed up: a variable left set, or left out, wipes no state.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, PROVIDER};
use crate::mig_refusals::offline;
use crate::support::Workspace;

on_every_cloud!(
    without_the_variable_a_pool_of_the_sandbox_is_neither_forgotten_nor_looked_for,
    with_the_variable_left_set_a_real_pool_is_neither_forgotten_nor_destroyed,
    a_real_cluster_is_refused_in_the_sandbox_at_plan,
    a_cluster_of_the_sandbox_is_refused_at_the_clouds_at_plan,
    talking_to_the_sandbox_is_told_in_every_plan,
    an_address_that_is_no_sandbox_is_refused,
);

fn without_the_variable_a_pool_of_the_sandbox_is_neither_forgotten_nor_looked_for(cloud: Cloud) {
    let mut desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    let url = desk.sandbox.url().to_owned();
    for unset in [None, Some("")] {
        match unset {
            None => desk.workspace.unset_env("GPUSLICE_SANDBOX"),
            Some(empty) => desk.workspace.set_env("GPUSLICE_SANDBOX", empty),
        }
        let asked = desk.sandbox.records().len();
        desk.workspace.plan().exits(1).says("sandbox");
        desk.workspace.refresh().failure();
        desk.workspace.destroy().failure();
        assert!(desk.knows_the_pool());
        assert_eq!(desk.sandbox.records().len(), asked);
    }
    desk.workspace.set_env("GPUSLICE_SANDBOX", url);
    desk.workspace.assert_empty_plan();
    assert!(desk.exists(cloud.home()));
}

fn with_the_variable_left_set_a_real_pool_is_neither_forgotten_nor_destroyed(cloud: Cloud) {
    // A state as the provider writes it for a pool at the cloud: made in the sandbox, and then moved there.
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    let state = desk.workspace.read("terraform.tfstate").replace(cloud.home(), cloud.real_cluster());
    let mut state: serde_json::Value = serde_json::from_str(&state).expect("a state");
    let instance = &mut state["resources"][0]["instances"][0];
    let private = instance["private"].as_str().expect("private state");
    let private = String::from_utf8(BASE64_STANDARD.decode(private).expect("base64")).expect("text");
    assert!(private.contains("\"sandbox\""), "{private}");
    instance["private"] = BASE64_STANDARD.encode(private.replace("\"sandbox\"", "\"cloud\"")).into();
    let mut workspace = Workspace::on(&desk.sandbox);
    workspace.write("terraform.tfstate", &state.to_string());
    workspace.write("main.tf", &cloud.real().hcl());
    let asked = desk.sandbox.records().len();
    workspace.plan().exits(1).says("GPUSLICE_SANDBOX");
    workspace.refresh().failure();
    workspace.destroy().failure().says("GPUSLICE_SANDBOX");
    assert!(workspace.has(POOL));
    assert_eq!(desk.sandbox.records().len(), asked, "the sandbox was not asked about a real pool");
    // And without the configuration, as when the resource was removed from it.
    workspace.write("main.tf", PROVIDER);
    workspace.apply().failure().says("GPUSLICE_SANDBOX");
    assert!(workspace.has(POOL));
    workspace.unset_env("GPUSLICE_SANDBOX");
}

fn a_real_cluster_is_refused_in_the_sandbox_at_plan(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.write(&cloud.real());
    desk.workspace.plan().exits(1).says("GPUSLICE_SANDBOX").says(": cluster_id =");
}

fn a_cluster_of_the_sandbox_is_refused_at_the_clouds_at_plan(cloud: Cloud) {
    let workspace = offline();
    workspace.write("main.tf", &cloud.pool().hcl());
    workspace.plan().exits(1).says("GPUSLICE_SANDBOX").says(": cluster_id =");
}

fn talking_to_the_sandbox_is_told_in_every_plan(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.write(&cloud.pool());
    desk.workspace.plan().exits(2).says("sandbox");
}

fn an_address_that_is_no_sandbox_is_refused(cloud: Cloud) {
    let mut workspace = offline();
    workspace.write("main.tf", &cloud.pool().hcl());
    for wrong in ["https://127.0.0.1:8642", "http://10.0.0.1:8642", "nonsense"] {
        workspace.set_env("GPUSLICE_SANDBOX", wrong);
        workspace.plan().exits(1).says("GPUSLICE_SANDBOX").says("gpuslice-sandbox serve");
    }
}
