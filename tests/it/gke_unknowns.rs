//! Values of GKE's own attributes that are not known at plan.

use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool, REGIONAL};
use crate::mig_unknowns::{LATER, change, kept, later};
use crate::support::json;

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
fn unknown_credentials_do_not_hinder_a_plan() {
    // At a real cloud: nothing is asked before apply.
    let workspace = crate::mig_refusals::offline();
    let provider = format!("provider \"gpuslice\" {{\n google = {{ access_token = {LATER} }}\n}}");
    workspace.write("main.tf", &Pool::real().beside(&later("\"token\"")).beside(&provider).hcl());
    workspace.plan().exits(2).says("Plan: 2 to add");
}
