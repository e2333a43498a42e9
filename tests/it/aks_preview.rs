//! The preview version of the AKS API is used by those who ask for it, and nothing of it is sent by anybody else.

use serde_json::{Value, json};

use crate::aks_pool::AKS;
use crate::mig_change::assert_replaces;
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, POOL, Pool};
use crate::mig_refusals::offline;

const PREVIEW: &str = "2026-08-02-preview";

fn with_version(version: &str) -> String {
    format!("provider \"gpuslice\" {{\n azure = {{ api_version = \"{version}\" }}\n}}")
}

fn managed() -> Pool {
    Pool::aks().text("mig_profile", "2g.20gb").options(r#"gpu_stack = "managed""#)
}

/// The versions in the URLs that the provider chose by itself: the polled ones are Azure's. The test's own look at the
/// pool says nothing of them.
fn versions(desk: &Desk) -> Vec<String> {
    let own = desk.sandbox.records().into_iter().filter(|record| {
        !record["url"]
            .as_str()
            .is_some_and(|url| url.contains("/operations/") || url.contains("/operationresults/"))
    });
    let version = |record: Value| {
        Some(record["url"].as_str()?.split_once("api-version=")?.1.split('&').next()?.to_owned())
    };
    let mut versions: Vec<_> = own.filter_map(version).collect();
    versions.sort();
    versions.dedup();
    versions
}

#[test]
fn a_managed_pool_is_asked_for_in_the_words_of_the_preview() {
    let desk = Desk::aks();
    let preview = managed().beside(&with_version(PREVIEW));
    desk.settle(&preview);
    assert_eq!(versions(&desk), [PREVIEW]);
    let sent = desk.sent();
    let nvidia = json!({"managementMode": "Managed", "migStrategy": "Single", "migProfiles": ["MIG2g"]});
    assert_eq!(sent["gpuProfile"], json!({"driver": "Install", "nvidia": nvidia}));
    assert!(sent["gpuInstanceProfile"].is_null(), "the two exclude each other: {sent:#}");
    assert_eq!(desk.state()["slices"]["total"], 3);
    desk.await_slices(3);
    // An update echoes what is there.
    let update = desk.update(&preview.clone().set("labels", r#"{ team = "ml" }"#)).keeps_nodes();
    let put = update.requests[0]["request_body"]["properties"].clone();
    assert_eq!(put["gpuProfile"]["nvidia"]["migProfiles"], json!(["MIG2g"]), "{put:#}");
    desk.workspace.destroy().success();
    assert!(!desk.exists(AKS));
}

#[test]
fn other_pools_are_asked_for_in_the_same_words_in_both_versions() {
    let mut sent = Vec::new();
    for version in ["2026-08-01", PREVIEW] {
        let desk = Desk::aks();
        desk.settle(&Pool::aks().beside(&with_version(version)));
        assert_eq!(versions(&desk), [version]);
        sent.push(desk.sent());
    }
    assert_eq!(sent[0], sent[1]);
}

#[test]
fn without_a_word_nothing_of_the_preview_is_sent() {
    let desk = Desk::aks();
    desk.settle(&managed());
    assert_eq!(versions(&desk), ["2026-08-01"]);
    let sent = desk.sent();
    assert_eq!(sent["gpuInstanceProfile"], "MIG2g");
    assert_eq!(sent["gpuProfile"], json!({"driver": "Install", "nvidia": {"managementMode": "Managed"}}));
}

#[test]
fn a_version_may_change_over_a_pool_that_stands() {
    let desk = Desk::aks();
    desk.settle(&managed());
    let nodes = desk.uids();
    // The form it was made in stays, whichever version is spoken.
    let preview = managed().beside(&with_version(PREVIEW));
    desk.write(&preview);
    desk.workspace.assert_empty_plan();
    desk.update(&preview.set("labels", r#"{ team = "ml" }"#)).keeps_nodes();
    desk.update(&managed()).keeps_nodes();
    assert_eq!(desk.uids(), nodes);
}

#[test]
fn what_only_the_preview_shows_is_not_judged_without_it() {
    let desk = Desk::aks();
    let preview = managed().beside(&with_version(PREVIEW));
    desk.settle(&preview);
    // The stable version hides the slices: neither a difference nor another pool, but an error that says why.
    desk.write(&managed());
    desk.workspace.plan().exits(1).says(PREVIEW);
    desk.workspace.apply().failure();
    assert!(desk.knows_the_pool() && !desk.workspace.is_tainted(POOL));
    desk.write(&preview);
    desk.workspace.assert_empty_plan();
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
}

#[test]
fn another_profile_of_a_managed_pool_is_another_pool_in_the_preview_too() {
    let desk = Desk::aks();
    let preview = with_version(PREVIEW);
    desk.settle(&managed().beside(&preview));
    assert_replaces(
        &desk.planned(&managed().text("mig_profile", "1g.10gb").beside(&preview)),
        &["mig_profile"],
    );
}

#[test]
fn a_mixed_layout_is_not_imported_and_the_reason_is_told() {
    let desk = Desk::aks();
    let nvidia = json!({"managementMode": "Managed", "migStrategy": "Mixed", "migProfiles": ["MIG3g", "MIG2g", "MIG1g"]});
    let theirs = json!({"properties": {"count": 1, "mode": "User", "vmSize": "Standard_NC24ads_A100_v4",
        "gpuProfile": {"driver": "Install", "nvidia": nvidia}}});
    let path = format!("{AKS}/agentPools/{NAME}?api-version={PREVIEW}");
    let (status, answer) = desk.sandbox.call_cloud("PUT", &path, Some(&theirs));
    assert_eq!(status, 201, "{answer:#}");
    desk.await_state("Succeeded");
    let pool = managed().beside(&with_version(PREVIEW));
    desk.write(&pool);
    desk.workspace.import(POOL, &desk.cloud.id(AKS, NAME)).failure().says("MIG3g").says("MIG1g");
    assert!(!desk.knows_the_pool());
}

#[test]
fn other_versions_are_refused_with_the_choice() {
    let workspace = offline();
    for wrong in ["2025-10-01", "latest", ""] {
        workspace.write("main.tf", &Pool::real_aks().beside(&with_version(wrong)).hcl());
        workspace.plan().exits(1).says("2026-08-01").says(PREVIEW).says("api_version");
    }
}
