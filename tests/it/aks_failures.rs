//! What AKS refuses or fails at: told in Azure's words, with what support asks for, and with the state that fits.

use serde_json::{Value, json};

use crate::aks_pool::{AKS, MACHINE};
use crate::mig_desk::Desk;
use crate::mig_failures::failing_create;
use crate::mig_pool::{NAME, POOL, Pool};

/// Nothing is in the state, nothing was made, and nothing was asked twice.
#[track_caller]
fn assert_nothing(desk: &Desk, puts: usize) {
    assert!(!desk.knows_the_pool() && !desk.exists(AKS));
    assert_eq!(desk.puts().len(), puts);
}

#[test]
fn a_quota_that_does_not_suffice_names_the_family() {
    let desk = Desk::aks();
    desk.fault_on(&desk.cloud.creation(), "quota", 1, &json!({}));
    desk.write(&Pool::aks());
    desk.workspace.apply().failure().says("quota").says("StandardNCADSA100v4Family");
    assert_nothing(&desk, 1);
    desk.settle(&Pool::aks());
}

#[test]
fn a_quota_that_is_raised_mends_creation_and_growth() {
    let desk = Desk::aks();
    // One machine has 24 vCPUs, and a stranger has one.
    let quota = |machines: u32| {
        let vcpus = (machines + 1) * 24;
        let limit = json!({"cloud": "aks", "kind": "set_quota", "location": "eastus", "vm_size": MACHINE, "count": vcpus});
        desk.sandbox.actor(limit);
    };
    quota(0);
    desk.write(&Pool::aks());
    desk.workspace.apply().failure().says("quota").says("StandardNCADSA100v4Family");
    quota(1);
    desk.settle(&Pool::aks());
    let nodes = desk.uids();
    let grown = Pool::aks().set("node_count", "2");
    desk.write(&grown);
    desk.workspace.apply().failure().says("quota").says("StandardNCADSA100v4Family");
    assert!(!desk.workspace.is_tainted(POOL));
    assert!(desk.uids().is_superset(&nodes));
    quota(2);
    desk.settle(&grown);
    assert_eq!((desk.uids().len(), desk.properties()["provisioningState"].clone()), (2, json!("Succeeded")));
}

#[test]
fn an_error_carries_what_azures_support_asks_for() {
    let desk = Desk::aks();
    desk.fault_on(&desk.cloud.creation(), "permission", 1, &json!({}));
    desk.write(&Pool::aks());
    let refused = desk.workspace.apply().failure().says("AuthorizationFailed");
    let ids = ids_in(&refused.text());
    assert_eq!(ids, 2, "the ids of the request and of all that belong to it");
    refused.says("Microsoft.ContainerService/managedClusters/agentPools/write");
    assert_nothing(&desk, 1);
}

/// How many of the two ids are told.
fn ids_in(text: &str) -> usize {
    ["request ", "correlation "]
        .iter()
        .filter(|name| {
            let after = text.split(*name).skip(1);
            after.filter_map(|rest| rest.get(..36)).any(|id| id.matches('-').count() == 4)
        })
        .count()
}

#[test]
fn a_create_that_failed_and_left_a_pool_leaves_it_to_terraform() {
    let desk = Desk::aks();
    failing_create(&desk, true);
    desk.write(&Pool::aks());
    desk.workspace.apply().failure().says("The disk caught fire.").says(&desk.last_operation());
    assert!(desk.knows_the_pool() && desk.exists(AKS));
    desk.workspace.destroy().success();
    assert!(!desk.knows_the_pool() && !desk.exists(AKS));
}

#[test]
fn a_cause_that_is_wrapped_is_found() {
    let desk = Desk::aks();
    desk.fault_on(
        &desk.cloud.creation(),
        "stockout",
        1,
        &json!({"code": "SkuNotAvailable", "wrapped": true}),
    );
    desk.write(&Pool::aks());
    desk.workspace.apply().success().says("SkuNotAvailable").says("incomplete");
}

#[test]
fn what_azure_refuses_is_told_in_its_words_and_leaves_nothing() {
    let desk = Desk::aks();
    desk.write(&Pool::aks().text("kubernetes_version", "1.99"));
    desk.workspace.apply().failure().says("1.99").says("control plane");
    assert_nothing(&desk, 1);
}

#[test]
fn an_update_that_fails_at_its_end_keeps_the_pool_and_is_gone_on_with() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    let nodes = desk.uids();
    let params = json!({"code": "InternalServerError", "message": "Something broke."});
    desk.fault_on(&json!({"method": "PUT", "path": "/agentPools/"}), "failed_operation", 1, &params);
    let pool = Pool::aks().set("labels", r#"{ team = "ml" }"#);
    desk.write(&pool);
    desk.workspace.apply().failure().says("Something broke.").says(&desk.last_operation());
    assert!(!desk.workspace.is_tainted(POOL));
    desk.settle(&pool);
    assert_eq!(desk.properties()["provisioningState"], "Succeeded");
    assert_eq!((desk.uids(), desk.creates().len(), desk.deletes().len()), (nodes, 1, 0));
}

#[test]
fn a_subscription_a_group_and_a_cluster_that_are_not_there_are_named() {
    let desk = Desk::aks();
    for (wrong, part) in [
        (AKS.replace("resourceGroups/sandbox", "resourceGroups/nowhere"), "nowhere"),
        (AKS.replace("managedClusters/sandbox", "managedClusters/nowhere"), "nowhere"),
    ] {
        desk.write(&Pool::aks().text("cluster_id", &wrong));
        desk.workspace.apply().failure().says(part).says(&wrong);
    }
    desk.fault_on(&desk.cloud.preflight(), "not_found", 1, &json!({"what": "subscription"}));
    desk.write(&Pool::aks());
    desk.workspace.apply().failure().says("SubscriptionNotFound");
    assert_eq!(desk.changes(0), Vec::<Value>::new());
}

#[test]
fn a_cluster_that_is_stopped_is_told_before_anything_is_asked() {
    let desk = Desk::aks();
    let stopped = AKS.replace("managedClusters/sandbox", "managedClusters/stopped");
    desk.write(&Pool::aks().text("cluster_id", &stopped));
    desk.workspace.apply().failure().says("stopped").says("az aks start");
    assert_eq!(desk.changes(0), Vec::<Value>::new());
    assert!(!desk.knows_the_pool());
}

#[test]
fn an_address_that_cannot_be_reached_is_an_error_in_time_and_no_secret_is_logged() {
    let mut workspace = crate::mig_refusals::offline();
    workspace.set_env("TF_LOG_PROVIDER", "TRACE");
    // Nobody listens there.
    let provider = "provider \"gpuslice\" {\n azure = {\n tenant_id = \"11111111-1111-1111-1111-111111111111\"\n \
                    client_id = \"22222222-2222-2222-2222-222222222222\"\n client_secret = \"not-for-other-eyes\"\n \
                    active_directory_authority_host = \"https://127.0.0.1:9/\"\n \
                    resource_manager_endpoint = \"https://127.0.0.1:9/\"\n }\n}";
    workspace.write("main.tf", &Pool::real_aks().timeouts("create = \"2s\"").beside(provider).hcl());
    let refused = workspace.apply().failure().says("127.0.0.1:9");
    refused.never_says("not-for-other-eyes");
    assert!(!workspace.has(POOL));
}

#[test]
fn a_name_that_is_taken_is_told_with_the_import_block_in_azures_form() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    let other = Desk::aks();
    other.az_put(NAME, &json!({"count": 1, "mode": "User", "vmSize": "Standard_D4s_v5"}));
    other.write(&Pool::aks());
    let refused = other.workspace.apply().failure().says("import {");
    refused.says(&format!("id = \"{AKS}/agentPools/{NAME}\""));
    assert!(!other.knows_the_pool());
}

#[test]
fn a_pool_that_comes_between_our_look_and_our_put_is_not_overwritten() {
    let desk = Desk::aks();
    desk.write(&Pool::aks());
    // Our request is on its way for a while, and a colleague's overtakes it.
    desk.fault_on(&desk.cloud.creation(), "busy", 2, &json!({}));
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("we have asked", crate::mig_desk::SOON, |_| !desk.puts().is_empty());
    let theirs = json!({"properties": {"count": 1, "mode": "User", "vmSize": "Standard_D4s_v5"}});
    // The fault is for whoever asks, so it may take two attempts.
    let ask = || desk.sandbox.call_cloud("PUT", &desk.cloud.pool_path(AKS, NAME), Some(&theirs)).0;
    assert!(ask() == 201 || ask() == 201);
    let ended = apply.wait_with_timeout(crate::mig_desk::SOON);
    ended.failure().says("import {");
    assert!(!desk.knows_the_pool());
    assert_eq!(desk.properties()["vmSize"], "Standard_D4s_v5");
}
