//! Changes for which AKS replaces the nodes of the same pool: an update to Terraform, with a warning at plan.

use serde_json::json;

use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool};

/// Two nodes, so that one goes after the other.
fn pool() -> Pool {
    Pool::aks().set("node_count", "2")
}

/// Applies `from`, then changes it to `to`, which rolls the nodes and is warned of at plan.
#[track_caller]
fn rolls(from: &Pool, to: &Pool, attribute: &str) -> Desk {
    let desk = Desk::aks();
    desk.settle(from);
    desk.write(to);
    desk.workspace.plan().exits(2).says(attribute).says("rolls").says("2 nodes");
    let update = desk.update(to).rolls_nodes();
    assert_eq!(update.requests.len(), 1, "{:#?}", update.requests);
    desk.await_slices(14);
    desk
}

#[test]
fn a_newer_version_rolls_the_nodes() {
    let older = pool().text("kubernetes_version", "1.33");
    let desk = rolls(&older, &pool().text("kubernetes_version", "1.34"), "kubernetes_version");
    assert!(
        desk.nodes().iter().all(|node| node["version"].as_str().is_some_and(|it| it.starts_with("1.34.")))
    );
    assert_eq!(desk.creates()[0]["request_body"]["properties"]["orchestratorVersion"], "1.33");
}

#[test]
fn a_version_is_a_minimum() {
    let desk = Desk::aks();
    desk.settle(&pool().text("kubernetes_version", "1.33.5"));
    assert_eq!(desk.properties()["currentOrchestratorVersion"], "1.33.5");
    // Somebody upgrades the pool: no difference, and never a way back.
    desk.az_update(|pool| pool["orchestratorVersion"] = json!("1.34.4"));
    let nodes = desk.uids();
    desk.workspace.assert_empty_plan();
    desk.update(&pool().text("kubernetes_version", "1.33")).keeps_nodes().calls_nothing();
    // An update for another reason sends no older version.
    desk.update(&pool().text("kubernetes_version", "1.33").set("labels", r#"{ team = "ml" }"#)).keeps_nodes();
    desk.update(&pool()).keeps_nodes();
    assert_eq!(desk.uids(), nodes);
    assert_eq!(desk.properties()["currentOrchestratorVersion"], "1.34.4");
}

#[test]
fn without_a_version_the_control_planes_is_taken_and_stays() {
    let desk = Desk::aks();
    desk.settle(&pool());
    assert!(desk.sent()["orchestratorVersion"].is_null());
    assert!(desk.state()["kubernetes_version"].is_null());
}

#[test]
fn another_operating_system_rolls_the_nodes() {
    let to = pool().options(r#"os_sku = "AzureLinux""#);
    let desk = rolls(&pool(), &to, "aks.os_sku");
    assert_eq!(desk.properties()["osSKU"], "AzureLinux");
    desk.write(&pool());
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_newer_version_without_a_spare_machine_loses_nothing() {
    let desk = Desk::aks();
    let older = pool()
        .text("kubernetes_version", "1.33")
        .set("upgrade", r#"{ max_surge = "1", max_unavailable = "0" }"#);
    desk.settle(&older);
    let before = desk.uids();
    desk.machines(2);
    let newer = older.text("kubernetes_version", "1.34");
    desk.write(&newer);
    desk.workspace.apply().failure().says("AllocationFailed");
    assert!(!desk.workspace.is_tainted(POOL));
    assert!(!desk.uids().is_disjoint(&before), "machines that were there are kept");
    desk.machines(3);
    desk.settle(&newer);
    assert!(
        desk.nodes().iter().all(|node| node["version"].as_str().is_some_and(|it| it.starts_with("1.34.")))
    );
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
}

#[test]
fn a_warning_tells_what_a_roll_takes() {
    let desk = Desk::aks();
    desk.settle(&pool().text("kubernetes_version", "1.33"));
    desk.write(&pool().text("kubernetes_version", "1.34"));
    desk.workspace.plan().exits(2).says("spare").says("max_unavailable");
}
