//! Values that are not known at plan: what depends on them waits, what does not is known, and apply keeps the word.

use serde_json::{Value, json};

use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, POOL, Pool, REGIONAL, ZONAL};
use crate::support::json;

/// A resource whose output is unknown until it is applied.
fn later(expression: &str) -> String {
    format!("resource \"terraform_data\" \"later\" {{\n input = {expression}\n}}")
}

const LATER: &str = "terraform_data.later.output";

/// The planned change; nothing in it is known and unknown at once.
#[track_caller]
fn change(desk: &Desk, pool: &Pool) -> Value {
    json::change(&desk.planned(pool), POOL).clone()
}

/// Applies what was planned, and demands that everything known in the plan came true.
#[track_caller]
fn kept(desk: &Desk, change: &Value) {
    desk.workspace.run(&["apply", "json.tfplan"]).success();
    desk.workspace.assert_empty_plan();
    let state = desk.state();
    for (name, value) in change["after"].as_object().expect("an object") {
        assert!(holds(value, &state[name]), "{name}: planned {value:#}, became {:#}", state[name]);
    }
}

/// Whether everything that `planned` says is in `became`: what was unknown is absent from it.
fn holds(planned: &Value, became: &Value) -> bool {
    match planned {
        Value::Object(fields) => fields.iter().all(|(name, value)| holds(value, &became[name])),
        planned => planned == became,
    }
}

#[test]
fn an_unknown_cluster_leaves_every_figure_known() {
    let desk = Desk::new();
    let pool = Pool::zonal().set("cluster_id", LATER).beside(&later(&format!("{ZONAL:?}")));
    let change = change(&desk, &pool.set("node_count", "2"));
    let unknown = &change["after_unknown"];
    assert_eq!(unknown["cluster_id"], true);
    assert_eq!(unknown["id"], true);
    assert_eq!(change["after"]["cloud"], "gke", "the machine type tells");
    assert_eq!(change["after"]["slices"]["total"], 14);
    assert_eq!(change["after"]["slices"]["resource_name"], "nvidia.com/gpu");
    assert_eq!(change["after"]["native"]["gpuPartitionSize"], "1g.5gb");
    assert_eq!(change["after"]["scheduling"]["node_selector"]["gpuslice/profile"], "1g.5gb");
    assert_eq!(change["after"]["effective_labels"]["gpuslice/profile"], "1g.5gb");
    kept(&desk, &change);
}

#[test]
fn an_unknown_machine_leaves_what_does_not_depend_on_it() {
    let desk = Desk::new();
    let pool = Pool::zonal().set("machine_type", LATER).beside(&later("\"a2-highgpu-2g\""));
    let change = change(&desk, &pool);
    let unknown = &change["after_unknown"];
    for leaf in ["per_gpu", "per_node", "total", "memory_gib"] {
        assert_eq!(unknown["slices"][leaf], true, "{leaf}");
    }
    assert_eq!(change["after"]["cloud"], "gke", "the cluster tells");
    assert_eq!(change["after"]["scheduling"]["node_selector"]["gpuslice/profile"], "1g.5gb");
    assert_eq!(change["after"]["effective_labels"]["gpuslice/profile"], "1g.5gb");
    kept(&desk, &change);
    assert_eq!(desk.state()["slices"]["per_node"], 14);
}

#[test]
fn unknown_cluster_and_machine_leave_the_cloud_open() {
    let desk = Desk::new();
    let both = later(&format!("{{ cluster = {ZONAL:?}, machine = \"a2-highgpu-1g\" }}"));
    let pool = Pool::zonal()
        .set("cluster_id", &format!("{LATER}.cluster"))
        .set("machine_type", &format!("{LATER}.machine"))
        .beside(&both);
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["cloud"], true);
    kept(&desk, &change);
    assert_eq!(desk.state()["cloud"], "gke");
}

#[test]
fn an_unknown_profile_leaves_the_machine_and_the_size() {
    let desk = Desk::new();
    let pool = Pool::zonal().set("mig_profile", LATER).beside(&later("\"2g.10gb\""));
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["slices"]["per_gpu"], true);
    assert_eq!(change["after"]["node_count"], 1);
    assert_eq!(change["after"]["scheduling"]["tolerations"][0]["key"], "nvidia.com/gpu");
    kept(&desk, &change);
    assert_eq!(desk.state()["slices"]["total"], 3);
}

#[test]
fn an_unknown_size_leaves_the_figures_per_node() {
    let desk = Desk::new();
    let pool = Pool::zonal().set("node_count", LATER).beside(&later("2"));
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["slices"]["total"], true);
    assert_eq!(change["after"]["slices"]["per_node"], 7);
    kept(&desk, &change);
    assert_eq!(desk.state()["slices"]["total"], 14);
}

#[test]
fn one_unknown_label_leaves_the_others() {
    let desk = Desk::new();
    let labels = format!("{{ team = {LATER}, stage = \"test\" }}");
    let pool = Pool::zonal().set("labels", &labels).beside(&later("\"ml\""));
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["labels"]["team"], true);
    assert_eq!(change["after"]["labels"]["stage"], "test");
    assert_eq!(change["after"]["slices"]["total"], 7);
    kept(&desk, &change);
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

#[test]
fn unknown_maps_and_sets_as_wholes_are_planned() {
    let desk = Desk::new();
    let value = "{ labels = { team = \"ml\" }, zones = [\"us-central1-a\"], taints = [{ key = \"a\", effect = \"NoSchedule\" }] }";
    let pool = Pool::zonal()
        .text("cluster_id", REGIONAL)
        .set("labels", &format!("{LATER}.labels"))
        .set("zones", &format!("{LATER}.zones"))
        .set("taints", &format!("[for t in {LATER}.taints : {{ key = t.key, effect = t.effect }}]"))
        .set("node_count", "1")
        .beside(&later(value));
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["effective_labels"], true);
    assert_eq!(change["after_unknown"]["scheduling"]["tolerations"], true);
    assert_eq!(change["after"]["slices"]["total"], 7);
    kept(&desk, &change);
}

#[test]
fn an_unknown_prefix_or_input_of_the_name_leaves_the_name_open() {
    let desk = Desk::new();
    let pool = Pool::zonal().unset("name").text("name_prefix", "mig-").set("mig_profile", LATER);
    let change = change(&desk, &pool.beside(&later("\"2g.10gb\"")));
    assert_eq!(change["after_unknown"]["name"], true);
    desk.workspace.run(&["apply", "json.tfplan"]).success();
    desk.workspace.assert_empty_plan();
    // The name is that of the same pool with everything known.
    let name = desk.state()["name"].clone();
    let known = Desk::new();
    let planned = known
        .planned(&Pool::zonal().unset("name").text("name_prefix", "mig-").text("mig_profile", "2g.10gb"));
    assert_eq!(json::change(&planned, POOL)["after"]["name"], name);
}

#[test]
fn options_that_are_unknown_wait() {
    let desk = Desk::new();
    let gke = format!("{{ driver_version = {LATER}, network_tags = [{LATER}] }}");
    let pool = Pool::zonal().set("gke", &gke).beside(&later("\"LATEST\""));
    let result = desk.planned(&pool.clone().set("gke", &format!("{{ driver_version = {LATER} }}")));
    let change = json::change(&result, POOL).clone();
    assert_eq!(change["after_unknown"]["gke"]["driver_version"], true);
    kept(&desk, &change);
    assert_eq!(desk.state()["gke"]["driver_version"], "LATEST");
}

#[test]
fn what_turns_out_wrong_at_apply_is_refused_before_the_cloud_is_asked() {
    let desk = Desk::new();
    let pool = Pool::zonal().set("mig_profile", LATER).beside(&later("\"1g.18gb\""));
    desk.planned(&pool);
    let refused = desk.workspace.run(&["apply", "json.tfplan"]).failure();
    refused.says("1g.18gb").says("1g.5gb: 7 slices per GPU");
    assert_eq!(desk.changes(0), Vec::<Value>::new());
    assert!(!desk.knows_the_pool());
}

#[test]
fn an_unknown_provider_block_is_planned_and_applied() {
    let desk = Desk::new();
    let provider = format!("provider \"gpuslice\" {{\n default_labels = {{ team = {LATER} }}\n}}");
    let pool = Pool::zonal().beside(&later("\"ml\"")).beside(&provider);
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["effective_labels"], true);
    assert_eq!(change["after"]["slices"]["total"], 7);
    kept(&desk, &change);
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

#[test]
fn unknown_credentials_do_not_hinder_a_plan() {
    // At a real cloud: nothing is asked before apply.
    let workspace = crate::mig_refusals::offline();
    let provider = format!("provider \"gpuslice\" {{\n google = {{ access_token = {LATER} }}\n}}");
    workspace.write("main.tf", &Pool::real().beside(&later("\"token\"")).beside(&provider).hcl());
    workspace.plan().exits(2).says("Plan: 2 to add");
}

#[test]
fn an_input_that_becomes_unknown_later_keeps_the_pool_in_the_plan() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let labels = format!("{{ team = {LATER} }}");
    let pool = Pool::zonal().set("labels", &labels).beside(&later("\"ml\""));
    let change = change(&desk, &pool);
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!(change["after"]["id"], format!("{ZONAL}/nodePools/{NAME}"));
    assert_eq!(change["after"]["slices"]["total"], 7);
    kept(&desk, &change);
    assert_eq!(desk.creates().len(), 1);
}
