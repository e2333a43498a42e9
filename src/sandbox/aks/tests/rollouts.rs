//! Machines that come, go and are replaced, within surge and stock.

use super::*;

/// Stock of A100 80 GB in a zone of eastus, or outside of zones.
fn stock(zone: Option<&str>, gpus: u32) -> Value {
    let mut act = json!({"kind": "set_stock", "location": "eastus", "vm_size": "Standard_NC24ads_A100_v4", "count": gpus});
    if let Some(zone) = zone {
        act["zone"] = json!(zone);
    }
    act
}

#[test]
fn machines_are_spread_over_the_zones_and_counted_in_all() {
    let mut azure = Azure::new();
    let mut pool = a100(5);
    pool["availabilityZones"] = json!(["1", "3"]);
    azure.created(CLUSTER, "gpu", &pool);
    assert_eq!(azure.zones(CLUSTER, "gpu"), "11133");
    let node = azure.nodes(CLUSTER, "gpu")[0].clone();
    assert_eq!(node["labels"]["topology.kubernetes.io/zone"], node["zone"]);
    pool["count"] = json!(2);
    azure.put(CLUSTER, "gpu", &pool);
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Scaling");
    azure.pass(LATENCY);
    assert_eq!(azure.zones(CLUSTER, "gpu"), "13");
}

#[test]
fn a_create_without_stock_leaves_a_failed_pool_that_another_put_mends() {
    let mut azure = Azure::new();
    azure.act(&stock(Some("1"), 1));
    let mut pool = a100(2);
    pool["availabilityZones"] = json!(["1"]);
    let url = azure.put(CLUSTER, "gpu", &pool);
    azure.pass(LATENCY);
    let operation = azure.get(&url);
    assert_eq!(
        (&operation["status"], &operation["error"]["code"]),
        (&json!("Failed"), &json!("ZonalAllocationFailed"))
    );
    let shown = azure.pool(CLUSTER, "gpu");
    assert_eq!(shown["provisioningState"], "Failed");
    assert_eq!(shown["status"]["provisioningError"], operation["error"]);
    assert_eq!(azure.nodes(CLUSTER, "gpu").len(), 1, "what could be had");
    azure.act(&stock(Some("1"), 2));
    azure.pass(10 * LATENCY);
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Failed", "nothing heals by itself");
    let same = azure.patched(CLUSTER, "gpu", |_| {});
    azure.put(CLUSTER, "gpu", &same);
    azure.pass(LATENCY);
    let shown = azure.pool(CLUSTER, "gpu");
    assert_eq!((&shown["provisioningState"], &shown["status"]), (&json!("Succeeded"), &Value::Null));
    assert_eq!(azure.nodes(CLUSTER, "gpu").len(), 2);
}

#[test]
fn an_upgrade_replaces_nodes_with_surge() {
    let mut azure = Azure::new();
    let mut pool = a100(3);
    pool["orchestratorVersion"] = json!("1.33.5");
    pool["upgradeSettings"] = json!({"maxSurge": "50%"});
    azure.created(CLUSTER, "gpu", &pool);
    let old = azure.uids(CLUSTER, "gpu");
    let upgrade = azure.patched(CLUSTER, "gpu", |pool| pool["orchestratorVersion"] = json!("1.34"));
    azure.put(CLUSTER, "gpu", &upgrade);
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Upgrading");
    for _ in 0..10 {
        azure.pass(LATENCY / 10);
        assert!(azure.nodes(CLUSTER, "gpu").len() >= 3, "surge never leaves fewer");
    }
    let new = azure.uids(CLUSTER, "gpu");
    assert!(new.len() == 3 && new.iter().all(|uid| !old.contains(uid)));
    let shown = azure.pool(CLUSTER, "gpu");
    assert_eq!(
        (&shown["orchestratorVersion"], &shown["currentOrchestratorVersion"]),
        (&json!("1.34"), &json!("1.34.4"))
    );
    assert_eq!(azure.nodes(CLUSTER, "gpu")[0]["version"], "1.34.4");
    // The same minor version again is no upgrade, and there is no way back.
    azure.put(CLUSTER, "gpu", &upgrade);
    azure.pass(LATENCY);
    assert_eq!(azure.uids(CLUSTER, "gpu"), new);
    let back = azure.patched(CLUSTER, "gpu", |pool| pool["orchestratorVersion"] = json!("1.33.7"));
    assert!(azure.refused(CLUSTER, "gpu", &back).2.contains("Downgrading"));
}

#[test]
fn surge_needs_stock_and_without_it_the_upgrade_fails() {
    let mut azure = Azure::new();
    // One for the foreign pool, two for this one, none to spare.
    azure.act(&stock(None, 3));
    let mut pool = a100(2);
    pool["orchestratorVersion"] = json!("1.33.5");
    pool["upgradeSettings"] = json!({"maxSurge": "1"});
    azure.created(CLUSTER, "gpu", &pool);
    let old = azure.uids(CLUSTER, "gpu");
    let upgrade = azure.patched(CLUSTER, "gpu", |pool| pool["orchestratorVersion"] = json!("1.34"));
    let url = azure.put(CLUSTER, "gpu", &upgrade);
    azure.pass(2 * LATENCY);
    assert_eq!(azure.get(&url)["error"]["code"], "AllocationFailed");
    assert_eq!(azure.uids(CLUSTER, "gpu"), old);
    let without = azure.patched(CLUSTER, "gpu", |pool| {
        pool["upgradeSettings"] = json!({"maxSurge": "0", "maxUnavailable": "1"});
    });
    azure.put(CLUSTER, "gpu", &without);
    azure.pass(2 * LATENCY);
    let new = azure.uids(CLUSTER, "gpu");
    assert!(new.len() == 2 && new.iter().all(|uid| !old.contains(uid)), "the failed upgrade goes on");
}

#[test]
fn another_image_or_system_replaces_the_nodes() {
    let mut azure = Azure::new();
    azure.created(CLUSTER, "gpu", &a100(1));
    let first = azure.uids(CLUSTER, "gpu");
    let path = format!("{CLUSTER}/agentPools/gpu/upgradeNodeImageVersion");
    let answer = azure.send("POST", &path, &[], &Value::Null);
    assert_eq!(answer.status, 202);
    assert_eq!(json_of(&answer)["properties"]["provisioningState"], "UpgradingNodeImageVersion");
    azure.pass(LATENCY);
    let second = azure.uids(CLUSTER, "gpu");
    assert_ne!(first, second);
    let image = azure.pool(CLUSTER, "gpu")["nodeImageVersion"].clone();
    assert_eq!(azure.nodes(CLUSTER, "gpu")[0]["labels"]["kubernetes.azure.com/node-image-version"], image);
    let system = azure.patched(CLUSTER, "gpu", |pool| pool["osSKU"] = json!("AzureLinux"));
    azure.put(CLUSTER, "gpu", &system);
    azure.pass(LATENCY);
    assert_ne!(azure.uids(CLUSTER, "gpu"), second);
    let mut old = azure.patched(CLUSTER, "gpu", |_| {});
    old["nodeImageVersion"] = image;
    assert_eq!(azure.refused(CLUSTER, "gpu", &old).0, 400, "an image that was read before");
}

#[test]
fn a_pool_stops_and_starts() {
    let mut azure = Azure::new();
    azure.created(CLUSTER, "gpu", &a100(2));
    let stop = azure.patched(CLUSTER, "gpu", |pool| pool["powerState"] = json!({"code": "Stopped"}));
    azure.put(CLUSTER, "gpu", &stop);
    azure.pass(LATENCY);
    let shown = azure.pool(CLUSTER, "gpu");
    assert_eq!((&shown["count"], &shown["powerState"]["code"]), (&json!(2), &json!("Stopped")));
    assert!(azure.nodes(CLUSTER, "gpu").is_empty());
    let start = azure.patched(CLUSTER, "gpu", |pool| pool["powerState"] = json!({"code": "Running"}));
    azure.put(CLUSTER, "gpu", &start);
    azure.pass(LATENCY);
    assert_eq!(azure.nodes(CLUSTER, "gpu").len(), 2);
}

#[test]
fn foreign_pools_outlive_everything() {
    let mut azure = Azure::new();
    let foreign = |azure: &mut Azure| (azure.uids(CLUSTER, "foreigngpu"), azure.pool(CLUSTER, "foreigngpu"));
    let before = foreign(&mut azure);
    azure.created(CLUSTER, "gpu", &a100(2));
    azure.call("DELETE", &format!("{CLUSTER}/agentPools/gpu"), &Value::Null);
    azure.pass(2 * LATENCY);
    assert_eq!(foreign(&mut azure), before);
}

#[test]
fn looking_often_changes_nothing() {
    let watched = |often: bool| {
        let mut azure = Azure::new();
        azure.put(CLUSTER, "gpu", &managed(3));
        for _ in 0..20 {
            if often {
                azure.nodes(CLUSTER, "gpu");
                azure.get(CLUSTER);
            }
            azure.pass(LATENCY / 10);
        }
        azure.nodes(CLUSTER, "gpu")
    };
    assert_eq!(watched(true), watched(false));
}
