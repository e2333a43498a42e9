//! Pools on AKS that exist already: taken over as they are, or refused with the reason.

use serde_json::{Value, json};

use crate::aks_pool::{AKS, MACHINE};
use crate::mig_change::Update;
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, POOL, PROVIDER, Pool};
use crate::support::json;

/// A pool with MIG as somebody makes it by hand, with labels, taints and tags of his own.
fn made_by_hand() -> Value {
    json!({
        "count": 2,
        "mode": "User",
        "osType": "Linux",
        "vmSize": MACHINE,
        "type": "VirtualMachineScaleSets",
        "gpuInstanceProfile": "MIG1g",
        "nodeLabels": {"team": "ml"},
        "nodeTaints": ["nvidia.com/gpu=present:NoSchedule", "team=ml:NoSchedule"],
        "tags": {"Cost": "research"},
    })
}

/// The configuration that says the same.
fn as_made() -> Pool {
    Pool::aks()
        .set("node_count", "2")
        .set("labels", r#"{ team = "ml" }"#)
        .set("tags", r#"{ Cost = "research" }"#)
        .set("taints", r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#)
}

fn id() -> String {
    format!("{AKS}/agentPools/{NAME}")
}

fn import_block(id: &str) -> String {
    format!("import {{\n to = {POOL}\n id = \"{id}\"\n}}")
}

/// A pool made by hand.
#[track_caller]
fn by_hand(properties: &Value) -> Desk {
    let desk = Desk::aks();
    desk.az_put(NAME, properties);
    desk
}

/// What an update after an import may do: give the pool our own labels, and nothing else.
#[track_caller]
fn assert_only_labels(before: &Value, update: &Update) {
    assert_eq!(update.requests.len(), 1, "{:#?}", update.requests);
    let mut sent = update.requests[0]["request_body"]["properties"].clone();
    assert_eq!(sent["nodeLabels"]["team"], "ml");
    assert_eq!(sent["nodeLabels"]["gpuslice/profile"], "1g.10gb");
    assert_eq!(sent["nodeLabels"]["nvidia.com/gpu.present"], "true");
    sent["nodeLabels"] = before["nodeLabels"].clone();
    for (name, value) in sent.as_object().expect("an object") {
        assert_eq!(*value, before[name], "{name}");
    }
}

#[test]
fn a_pool_made_by_hand_is_imported_and_gets_our_labels_and_nothing_else() {
    let desk = by_hand(&made_by_hand());
    let (nodes, before) = (desk.uids(), desk.properties());
    desk.write(&as_made());
    desk.workspace.import(POOL, &id()).success();
    let state = desk.state();
    assert_eq!((&state["node_count"], &state["slices"]["total"]), (&json!(2), &json!(14)));
    assert_eq!((&state["labels"], &state["tags"]), (&json!({"team": "ml"}), &json!({"Cost": "research"})));
    assert_eq!((&state["mig_profile"], &state["cluster_id"]), (&json!("1g.10gb"), &json!(AKS)));
    let update = desk.update(&as_made()).keeps_nodes();
    assert_only_labels(&before, &update);
    assert_eq!(desk.uids(), nodes);
}

#[test]
fn an_import_block_with_an_id_in_any_case_takes_a_pool_over_in_one_apply() {
    let desk = by_hand(&made_by_hand());
    let odd =
        id().replace("resourceGroups/sandbox", "RESOURCEGROUPS/Sandbox").replace("agentPools", "agentpools");
    desk.settle(&as_made().beside(&import_block(&odd))).says("1 imported, 0 added, 1 changed, 0 destroyed");
    assert_eq!((desk.uids().len(), desk.creates().len(), desk.deletes().len()), (2, 1, 0));
}

#[test]
fn pools_of_ours_that_were_forgotten_come_back_without_a_change() {
    let labelled = Pool::aks()
        .set("labels", r#"{ team = "ml" }"#)
        .set("tags", r#"{ Cost = "research" }"#)
        .set("taints", r#"[{ key = "quiet", effect = "NoExecute" }]"#)
        .set("zones", r#"["1", "2"]"#)
        .set("node_count", "2")
        .set("upgrade", r#"{ max_surge = "0", max_unavailable = "1" }"#);
    let spot = Pool::aks()
        .text("capacity_type", "spot")
        .set("autoscaling", "{ min_nodes = 1, max_nodes = 4 }")
        .options("spot_max_price = 2.5");
    for pool in [
        labelled.options(r#"drain_timeout = "45m", scale_down_mode = "Deallocate""#),
        spot,
        Pool::aks().options(r#"gpu_stack = "managed""#),
        // No GPU operator is installed here, and without nodes nobody waits for its slices.
        Pool::aks().options(r#"gpu_stack = "gpu_operator""#).set("node_count", "0"),
        Pool::aks().options(r#"mode = "System""#).set("gpu_taint", "false"),
        Pool::aks().set("node_count", "0"),
    ] {
        let desk = Desk::aks();
        desk.settle(&pool);
        desk.workspace.state_rm(POOL).success();
        let before = desk.changes(0).len();
        let odd = id().to_uppercase().replace("/MIG", "/mig");
        let imported = desk.settle(&pool.beside(&import_block(&odd)));
        imported.says("1 imported, 0 added, 0 changed, 0 destroyed");
        assert_eq!(desk.changes(before), Vec::<Value>::new());
    }
}

#[test]
fn a_mixed_pool_is_remembered_by_its_configuration() {
    let desk = Desk::aks();
    let pool = Pool::aks().text("mig_strategy", "mixed");
    desk.settle(&pool);
    desk.workspace.state_rm(POOL).success();
    desk.write(&pool);
    desk.workspace.import(POOL, &id()).success();
    // The strategy is the device plugin's and shows nowhere at Azure: one update at most, and the same nodes.
    let nodes = desk.uids();
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    assert_eq!((desk.uids(), desk.deletes().len()), (nodes, 0));
    assert_eq!(desk.state()["slices"]["resource_name"], "nvidia.com/mig-1g.10gb");
}

#[test]
fn settings_that_no_cloud_holds_take_one_update_without_a_call() {
    let desk = Desk::aks();
    let pool = Pool::aks()
        .text("on_incomplete", "fail")
        .options("ignore_pod_disruption_budget = true")
        .timeouts("create = \"90m\"");
    desk.settle(&pool);
    desk.workspace.state_rm(POOL).success();
    desk.write(&pool);
    desk.workspace.import(POOL, &id()).success();
    desk.update(&pool).keeps_nodes().calls_nothing();
}

#[test]
fn a_pool_is_imported_by_its_identity() {
    let desk = by_hand(&made_by_hand());
    let identity = format!(
        "import {{\n to = {POOL}\n identity = {{\n cluster_id = \"{}\"\n name = \"{NAME}\"\n }}\n}}",
        AKS.replace("resourceGroups", "resourcegroups")
    );
    desk.write(&as_made().beside(&identity));
    let applied = desk.workspace.apply();
    if applied.text().contains("An argument named \"identity\" is not expected here") {
        // Terraform knows identities since 1.12.
        applied.exits(1);
        return;
    }
    applied.success().says("1 imported, 0 added, 1 changed, 0 destroyed");
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_generated_configuration_is_valid_and_changes_labels_only() {
    let desk = by_hand(&made_by_hand());
    desk.workspace.write("main.tf", &format!("{PROVIDER}{}", import_block(&id())));
    desk.workspace.run(&["plan", "-generate-config-out=generated.tf"]).success();
    let nodes = desk.uids();
    desk.workspace.apply().success().says("1 imported, 0 added, 1 changed, 0 destroyed");
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.uids(), nodes);
}

#[test]
fn a_managed_pool_made_by_hand_is_imported_as_one() {
    let mut theirs = made_by_hand();
    theirs["gpuProfile"] = json!({"nvidia": {"managementMode": "Managed"}});
    let desk = by_hand(&theirs);
    let pool = as_made().options(r#"gpu_stack = "managed""#);
    desk.write(&pool);
    desk.workspace.import(POOL, &id()).success();
    assert_eq!(desk.state()["aks"]["gpu_stack"], "managed");
    desk.update(&pool).keeps_nodes();
    desk.await_slices(14);
}

#[test]
fn pools_without_slices_are_not_imported() {
    let desk = Desk::aks();
    let pools = desk.sandbox.nodes(AKS);
    let names: std::collections::BTreeSet<_> =
        pools.iter().filter_map(|node| node["pool"].as_str()).collect();
    assert!(names.len() >= 2);
    for name in names {
        desk.write(&Pool::aks().text("name", name));
        let theirs = format!("{AKS}/agentPools/{name}");
        desk.workspace.import(POOL, &theirs).failure().says("MIG").says(name);
        assert!(!desk.knows_the_pool());
    }
}

#[test]
fn ids_of_other_things_are_refused_with_the_form_of_one() {
    let desk = Desk::aks();
    desk.write(&Pool::aks());
    let machine =
        AKS.replace("Microsoft.ContainerService/managedClusters", "Microsoft.Compute/virtualMachines");
    let google = "projects/p/locations/l/clusters/c".to_owned();
    for wrong in ["mig".to_owned(), AKS.to_owned(), machine, google, format!("{AKS}/agentPools/")] {
        desk.workspace.import(POOL, &wrong).failure().says("agentPools/");
    }
}

#[test]
fn a_pool_that_is_not_there_is_not_imported() {
    let desk = Desk::aks();
    desk.write(&Pool::aks());
    desk.workspace.import(POOL, &id()).failure().says(NAME);
    let nowhere = id().replace("managedClusters/sandbox", "managedClusters/nowhere");
    desk.workspace.import(POOL, &nowhere).failure().says("nowhere");
    assert!(!desk.knows_the_pool());
}

#[test]
fn a_wrong_configuration_for_an_imported_pool_shows_the_replacement_before_it_happens() {
    let desk = by_hand(&made_by_hand());
    let plan = desk.planned(&as_made().text("mig_profile", "2g.20gb").beside(&import_block(&id())));
    assert_eq!(json::actions(&plan, POOL), ["delete", "create"]);
    assert!(json::change(&plan, POOL)["importing"].is_object());
}
