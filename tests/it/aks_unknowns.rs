//! Values of AKS's own attributes that are not known at plan.

use serde_json::json;

use crate::mig_desk::Desk;
use crate::mig_pool::Pool;
use crate::mig_unknowns::{LATER, change, kept, later};

#[test]
fn unknown_maps_and_sets_as_wholes_are_planned() {
    let desk = Desk::aks();
    let value = "{ labels = { team = \"ml\" }, tags = { Cost = \"x\" }, zones = [\"1\"], \
                 taints = [{ key = \"a\", effect = \"NoSchedule\" }] }";
    let pool = Pool::aks()
        .set("labels", &format!("{LATER}.labels"))
        .set("tags", &format!("{LATER}.tags"))
        .set("zones", &format!("{LATER}.zones"))
        .set("taints", &format!("[for t in {LATER}.taints : {{ key = t.key, effect = t.effect }}]"))
        .set("node_count", "1")
        .beside(&later(value));
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["effective_labels"], true);
    assert_eq!(change["after_unknown"]["effective_tags"], true);
    assert_eq!(change["after_unknown"]["scheduling"]["tolerations"], true);
    assert_eq!(change["after"]["slices"]["total"], 7);
    kept(&desk, &change);
}

#[test]
fn options_that_are_unknown_wait() {
    let desk = Desk::aks();
    let subnet = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/\
                  Microsoft.Network/virtualNetworks/v/subnets/gpu";
    let pool = Pool::aks()
        .options(&format!("vnet_subnet_id = {LATER}.subnet, drain_timeout = {LATER}.drain"))
        .beside(&later(&format!("{{ subnet = {subnet:?}, drain = \"45m\" }}")));
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["aks"]["vnet_subnet_id"], true);
    assert_eq!(change["after"]["slices"]["total"], 7);
    assert_eq!(change["after"]["effective_labels"]["nvidia.com/gpu.present"], "true");
    kept(&desk, &change);
    assert_eq!(desk.state()["aks"]["vnet_subnet_id"], subnet);
    assert_eq!(desk.properties()["upgradeSettings"]["drainTimeoutInMinutes"], 45);
}

#[test]
fn an_unknown_stack_leaves_open_what_it_decides_and_nothing_else() {
    let desk = Desk::aks();
    let pool = Pool::aks().options(&format!("gpu_stack = {LATER}")).beside(&later("\"managed\""));
    let change = change(&desk, &pool);
    assert_eq!(change["after_unknown"]["effective_labels"], true);
    assert_eq!(change["after"]["slices"]["total"], 7);
    assert_eq!(change["after"]["scheduling"]["node_selector"]["gpuslice/profile"], "1g.10gb");
    kept(&desk, &change);
    assert_eq!(desk.live_labels()["nvidia.com/gpu.deploy.operands"], "false");
    desk.await_slices(7);
}

#[test]
fn a_stack_that_turns_out_wrong_is_refused_before_azure_is_asked() {
    let desk = Desk::aks();
    let pool = Pool::aks()
        .text("mig_strategy", "mixed")
        .options(&format!("gpu_stack = {LATER}"))
        .beside(&later("\"managed\""));
    change(&desk, &pool);
    desk.workspace.run(&["apply", "json.tfplan"]).failure().says("managed").says("mig_strategy");
    assert_eq!(desk.changes(0), Vec::<serde_json::Value>::new());
    assert!(!desk.knows_the_pool());
}

#[test]
fn a_whole_object_that_is_unknown_waits() {
    let desk = Desk::aks();
    let pool = Pool::aks()
        .set("aks", &format!("{{ for k, v in {LATER} : k => v }}"))
        .beside(&later("{ scale_down_mode = \"Deallocate\" }"));
    // An object that is made of something unknown is unknown as a whole.
    let change = change(&desk, &pool);
    assert_eq!(change["after"]["slices"]["per_gpu"], 7);
    kept(&desk, &change);
    assert_eq!(desk.properties()["scaleDownMode"], "Deallocate");
}

#[test]
fn an_unknown_cluster_is_known_at_apply_and_a_wrong_one_is_refused_then() {
    let desk = Desk::aks();
    let pool = Pool::aks().set("cluster_id", LATER).beside(&later("\"/subscriptions/x\""));
    let planned = change(&desk, &pool);
    assert_eq!(planned["after"]["cloud"], "aks", "the VM size tells");
    desk.workspace.run(&["apply", "json.tfplan"]).failure().says("managedClusters");
    assert_eq!(desk.changes(0), Vec::<serde_json::Value>::new());
    assert_eq!(planned["after_unknown"]["id"], json!(true));
}
