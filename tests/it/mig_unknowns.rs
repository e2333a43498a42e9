//! Values that are not known at plan: what depends on them waits, what does not is known, and apply keeps the word.

use serde_json::{Value, json};

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, POOL, Pool};
use crate::support::json;

on_every_cloud!(
    an_unknown_cluster_leaves_every_figure_known,
    an_unknown_machine_leaves_what_does_not_depend_on_it,
    unknown_cluster_and_machine_leave_the_cloud_open,
    an_unknown_profile_leaves_the_machine_and_the_size,
    an_unknown_size_leaves_the_figures_per_node,
    one_unknown_label_leaves_the_others,
    an_unknown_prefix_or_input_of_the_name_leaves_the_name_open,
    what_turns_out_wrong_at_apply_is_refused_before_the_cloud_is_asked,
    an_unknown_provider_block_is_planned_and_applied,
    an_input_that_becomes_unknown_later_keeps_the_pool_in_the_plan,
);

/// A resource whose output is unknown until it is applied.
pub(crate) fn later(expression: &str) -> String {
    format!("resource \"terraform_data\" \"later\" {{\n input = {expression}\n}}")
}

pub(crate) const LATER: &str = "terraform_data.later.output";

/// The planned change; nothing in it is known and unknown at once.
#[track_caller]
pub(crate) fn change(desk: &Desk, pool: &Pool) -> Value {
    json::change(&desk.planned(pool), POOL).clone()
}

/// Applies what was planned, and demands that everything known in the plan came true.
#[track_caller]
pub(crate) fn kept(desk: &Desk, change: &Value) {
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

fn an_unknown_cluster_leaves_every_figure_known(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let pool = cloud.pool().set("cluster_id", LATER).beside(&later(&format!("{:?}", cloud.home())));
    let change = change(&desk, &pool.set("node_count", "2"));
    let unknown = &change["after_unknown"];
    assert_eq!(unknown["cluster_id"], true);
    assert_eq!(unknown["id"], true);
    assert_eq!(change["after"]["cloud"], cloud.name(), "the machine type tells");
    assert_eq!(change["after"]["slices"]["total"], 14);
    assert_eq!(change["after"]["slices"]["resource_name"], "nvidia.com/gpu");
    let (name, value) = cloud.native_seventh();
    assert_eq!(change["after"]["native"][name], value);
    assert_eq!(change["after"]["scheduling"]["node_selector"]["gpuslice/profile"], cloud.seventh());
    assert_eq!(change["after"]["effective_labels"]["gpuslice/profile"], cloud.seventh());
    kept(&desk, &change);
}

fn an_unknown_machine_leaves_what_does_not_depend_on_it(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let pool = cloud.pool().set("machine_type", LATER).beside(&later(&format!("{:?}", cloud.larger())));
    let change = change(&desk, &pool);
    let unknown = &change["after_unknown"];
    for leaf in ["per_gpu", "per_node", "total", "memory_gib"] {
        assert_eq!(unknown["slices"][leaf], true, "{leaf}");
    }
    assert_eq!(change["after"]["cloud"], cloud.name(), "the cluster tells");
    assert_eq!(change["after"]["scheduling"]["node_selector"]["gpuslice/profile"], cloud.seventh());
    assert_eq!(change["after"]["effective_labels"]["gpuslice/profile"], cloud.seventh());
    kept(&desk, &change);
    assert_eq!(desk.state()["slices"]["per_node"], cloud.larger_slices());
}

fn unknown_cluster_and_machine_leave_the_cloud_open(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let both = later(&format!("{{ cluster = {:?}, machine = {:?} }}", cloud.home(), cloud.machine()));
    let pool = cloud
        .pool()
        .set("cluster_id", &format!("{LATER}.cluster"))
        .set("machine_type", &format!("{LATER}.machine"))
        .beside(&both);
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["cloud"], true);
    kept(&desk, &change);
    assert_eq!(desk.state()["cloud"], cloud.name());
}

fn an_unknown_profile_leaves_the_machine_and_the_size(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let pool = cloud.pool().set("mig_profile", LATER).beside(&later(&format!("{:?}", cloud.third())));
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["slices"]["per_gpu"], true);
    assert_eq!(change["after"]["node_count"], 1);
    assert_eq!(change["after"]["scheduling"]["tolerations"][0]["key"], "nvidia.com/gpu");
    kept(&desk, &change);
    assert_eq!(desk.state()["slices"]["total"], 3);
}

fn an_unknown_size_leaves_the_figures_per_node(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let pool = cloud.pool().set("node_count", LATER).beside(&later("2"));
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["slices"]["total"], true);
    assert_eq!(change["after"]["slices"]["per_node"], 7);
    kept(&desk, &change);
    assert_eq!(desk.state()["slices"]["total"], 14);
}

fn one_unknown_label_leaves_the_others(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let labels = format!("{{ team = {LATER}, stage = \"test\" }}");
    let pool = cloud.pool().set("labels", &labels).beside(&later("\"ml\""));
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["labels"]["team"], true);
    assert_eq!(change["after"]["labels"]["stage"], "test");
    assert_eq!(change["after"]["slices"]["total"], 7);
    kept(&desk, &change);
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

fn an_unknown_prefix_or_input_of_the_name_leaves_the_name_open(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let pool = cloud.pool().unset("name").text("name_prefix", cloud.prefix()).set("machine_type", LATER);
    let change = change(&desk, &pool.beside(&later(&format!("{:?}", cloud.larger()))));
    assert_eq!(change["after_unknown"]["name"], true);
    desk.workspace.run(&["apply", "json.tfplan"]).success();
    desk.workspace.assert_empty_plan();
    // The name is that of the same pool with everything known.
    let name = desk.state()["name"].clone();
    let known = Desk::on(cloud);
    let planned = known.planned(
        &cloud.pool().unset("name").text("name_prefix", cloud.prefix()).text("machine_type", cloud.larger()),
    );
    assert_eq!(json::change(&planned, POOL)["after"]["name"], name);
}

fn what_turns_out_wrong_at_apply_is_refused_before_the_cloud_is_asked(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let pool = cloud.pool().set("mig_profile", LATER).beside(&later("\"1g.18gb\""));
    desk.planned(&pool);
    let refused = desk.workspace.run(&["apply", "json.tfplan"]).failure();
    refused.says("1g.18gb").says(&format!("{}: 7 slices per GPU", cloud.seventh()));
    assert_eq!(desk.changes(0), Vec::<Value>::new());
    assert!(!desk.knows_the_pool());
}

fn an_unknown_provider_block_is_planned_and_applied(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let provider = format!("provider \"gpuslice\" {{\n default_labels = {{ team = {LATER} }}\n}}");
    let pool = cloud.pool().beside(&later("\"ml\"")).beside(&provider);
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["effective_labels"], true);
    assert_eq!(change["after"]["slices"]["total"], 7);
    kept(&desk, &change);
    assert_eq!(desk.nodes()[0]["labels"]["team"], "ml");
}

fn an_input_that_becomes_unknown_later_keeps_the_pool_in_the_plan(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    let labels = format!("{{ team = {LATER} }}");
    let pool = cloud.pool().set("labels", &labels).beside(&later("\"ml\""));
    let change = change(&desk, &pool);
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!(change["after"]["id"], cloud.id(cloud.home(), NAME));
    assert_eq!(change["after"]["slices"]["total"], 7);
    kept(&desk, &change);
    assert_eq!(desk.creates().len(), 1);
}
