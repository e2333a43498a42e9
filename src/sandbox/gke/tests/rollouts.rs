//! Replacing nodes within surge and stock, and machines that cannot be had.

use super::*;

fn set_stock(google: &mut Google, count: u32) {
    let zone = "us-central1-a";
    google
        .act(&json!({"kind": "set_stock", "zone": zone, "accelerator": "nvidia-tesla-a100", "count": count}));
}

fn roll(google: &mut Google) -> Value {
    google.ok("PUT", &format!("{ZONAL}/nodePools/mig"), &json!({"diskSizeGb": "200"}))
}

/// One GPU of the stock is the foreign pool's on each of the two clusters.
const FOREIGN: u32 = 2;

#[test]
fn surge_replaces_one_by_one_and_never_shrinks_the_pool() {
    let mut google = Google::new();
    google.created(ZONAL, &a100("mig", 3, &["a"]));
    let before = google.uids(ZONAL, "mig");
    roll(&mut google);
    let mut kept = Vec::new();
    for _ in 0..4 {
        google.pass(LATENCY / 4);
        let now = google.uids(ZONAL, "mig");
        assert_eq!(now.len(), 3);
        kept.push(before.iter().filter(|uid| now.contains(uid)).count());
    }
    assert_eq!(kept, [2, 1, 0, 0]);
    assert_eq!(google.pool(ZONAL, "mig")["status"], "RUNNING");
}

#[test]
fn surge_stalls_without_spare_gpus_and_goes_on_with_them() {
    let mut google = Google::new();
    google.created(ZONAL, &a100("mig", 2, &["a"]));
    set_stock(&mut google, FOREIGN + 2);
    let before = google.uids(ZONAL, "mig");
    let started = roll(&mut google);
    google.pass(20 * LATENCY);
    assert_eq!(google.operation(&started)["status"], "RUNNING");
    assert_eq!(google.uids(ZONAL, "mig"), before, "nothing moves");
    set_stock(&mut google, FOREIGN + 3);
    google.pass(2 * LATENCY);
    assert_eq!(google.operation(&started)["status"], "DONE");
    let after = google.uids(ZONAL, "mig");
    assert!(after.len() == 2 && before.iter().all(|uid| !after.contains(uid)));
}

#[test]
fn without_surge_nodes_go_first_and_need_no_spare_gpus() {
    let mut google = Google::new();
    let mut pool = a100("mig", 2, &["a"]);
    pool["upgradeSettings"] = json!({"maxSurge": 0, "maxUnavailable": 1});
    google.created(ZONAL, &pool);
    set_stock(&mut google, FOREIGN + 2);
    let started = roll(&mut google);
    google.pass(2 * LATENCY);
    assert_eq!(google.operation(&started)["status"], "DONE");
    assert_eq!(google.nodes(ZONAL, "mig").len(), 2);
}

#[test]
fn a_stalled_upgrade_can_be_cancelled_and_rolled_back() {
    let mut google = Google::new();
    google.created(ZONAL, &{
        let mut pool = a100("mig", 2, &["a"]);
        pool["version"] = json!("1.34");
        pool
    });
    let old = google.pool(ZONAL, "mig")["version"].clone();
    let path = format!("{ZONAL}/nodePools/mig");
    let rollback = format!("{path}:rollback");
    assert_eq!(google.refused("POST", &rollback, &json!({})).0, 400, "there is nothing to roll back");
    let started = google.ok("PUT", &path, &json!({"nodeVersion": "-"}));
    google.pass(LATENCY / 2);
    let versions = |google: &mut Google| -> std::collections::BTreeSet<String> {
        google.nodes(ZONAL, "mig").iter().map(|node| node["version"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(versions(&mut google).len(), 2, "half way");
    let name = started["name"].as_str().unwrap();
    google.ok(
        "POST",
        &format!("projects/sandbox/locations/us-central1-a/operations/{name}:cancel"),
        &json!({}),
    );
    let cancelled = google.operation(&started);
    assert_eq!((&cancelled["status"], &cancelled["error"]["code"]), (&json!("DONE"), &json!(1)));
    assert_eq!(google.pool(ZONAL, "mig")["version"], old);
    google.ok("POST", &rollback, &json!({}));
    google.pass(2 * LATENCY);
    assert_eq!(versions(&mut google), std::collections::BTreeSet::from([old.as_str().unwrap().to_owned()]));
}

#[test]
fn a_create_without_stock_fails_and_leaves_a_pool_that_heals() {
    let mut google = Google::new();
    set_stock(&mut google, FOREIGN + 1);
    let started = google.create(ZONAL, &a100("mig", 2, &["a"]));
    google.pass(LATENCY);
    let done = google.operation(&started);
    assert_eq!((&done["status"], &done["error"]["code"]), (&json!("DONE"), &json!(8)));
    let message = done["statusMessage"].as_str().unwrap();
    assert!(message.contains("GCE_STOCKOUT") && message.contains("Expected 2, running 1"), "{message}");
    let pool = google.pool(ZONAL, "mig");
    assert_eq!(pool["status"], "RUNNING_WITH_ERROR");
    assert_eq!(pool["conditions"][0]["code"], "GCE_STOCKOUT");
    set_stock(&mut google, FOREIGN + 2);
    google.pass(LATENCY);
    let pool = google.pool(ZONAL, "mig");
    assert_eq!((&pool["status"], pool.get("conditions")), (&json!("RUNNING"), None));
    assert_eq!(google.nodes(ZONAL, "mig").len(), 2);
}

#[test]
fn a_stockout_fault_heals_after_its_time_or_never() {
    let mut google = Google::new();
    let post = json!({"method": "POST"});
    google.fault(&json!({"kind": "stockout", "match": post, "params": {"heal_after": "5s"}}));
    let started = google.create(ZONAL, &a100("heals", 1, &["a"]));
    google.pass(LATENCY);
    assert_eq!(google.operation(&started)["error"]["code"], 8);
    assert_eq!(google.pool(ZONAL, "heals")["status"], "ERROR");
    google.pass(5 * LATENCY);
    assert_eq!(google.pool(ZONAL, "heals")["status"], "RUNNING");
    google.fault(&json!({"kind": "stockout", "match": post}));
    google.create(ZONAL, &a100("never", 1, &["a"]));
    google.pass(1_000 * LATENCY);
    assert_eq!(google.pool(ZONAL, "never")["status"], "ERROR");
}

#[test]
fn a_patient_stockout_keeps_provisioning_until_it_heals() {
    let mut google = Google::new();
    google.fault(&json!({"kind": "stockout", "params": {"heal_after": "5s", "pool": "provisioning"}}));
    let started = google.create(ZONAL, &a100("mig", 1, &["a"]));
    google.pass(5 * LATENCY - 1);
    assert_eq!(google.operation(&started)["status"], "RUNNING");
    assert_eq!(google.pool(ZONAL, "mig")["status"], "PROVISIONING");
    // Looked at as often as a client does.
    for _ in 0..10 {
        google.pass(LATENCY / 10);
    }
    let done = google.operation(&started);
    assert_eq!((&done["status"], done.get("error")), (&json!("DONE"), None));
    assert_eq!(google.pool(ZONAL, "mig")["status"], "RUNNING");
}

#[test]
fn growth_without_stock_leaves_the_pool_running_with_an_error() {
    let mut google = Google::new();
    google.created(ZONAL, &a100("mig", 1, &["a"]));
    set_stock(&mut google, FOREIGN + 1);
    let started = google.ok("POST", &format!("{ZONAL}/nodePools/mig:setSize"), &json!({"nodeCount": 2}));
    google.pass(LATENCY);
    assert_eq!(google.operation(&started)["error"]["code"], 8);
    assert_eq!(google.pool(ZONAL, "mig")["status"], "RUNNING_WITH_ERROR");
    google.ok("PUT", &format!("{ZONAL}/nodePools/mig"), &json!({"labels": {"labels": {"a": "b"}}}));
    google.pass(LATENCY);
    assert_eq!(google.pool(ZONAL, "mig")["status"], "RUNNING_WITH_ERROR", "labels bring no machines");
}

#[test]
fn foreign_pools_outlive_everything() {
    let mut google = Google::new();
    let pools = ["default-pool", "foreign-gpu"];
    let before: Vec<_> = pools.iter().map(|pool| google.nodes(ZONAL, pool)).collect();
    google.created(ZONAL, &a100("mig", 2, &["a"]));
    roll(&mut google);
    google.pass(2 * LATENCY);
    google.ok("DELETE", &format!("{ZONAL}/nodePools/mig"), &Value::Null);
    google.pass(LATENCY);
    let after: Vec<_> = pools.iter().map(|pool| google.nodes(ZONAL, pool)).collect();
    assert_eq!(before, after);
}

#[test]
fn looking_often_changes_nothing() {
    let history = |looks: u64| {
        let mut google = Google::new();
        let pass = |google: &mut Google| (0..looks).for_each(|_| google.pass(10 * LATENCY / looks));
        let mut seen = Vec::new();
        google.fault(&json!({"kind": "stockout", "params": {"heal_after": "3s", "pool": "provisioning"}}));
        let mut starts = vec![google.create(ZONAL, &a100("mig", 3, &["a"]))];
        pass(&mut google);
        starts.push(roll(&mut google));
        pass(&mut google);
        starts.push(google.ok("POST", &format!("{ZONAL}/nodePools/mig:setSize"), &json!({"nodeCount": 5})));
        pass(&mut google);
        google.fault(&json!({"kind": "stockout", "params": {"heal_after": "4s"}}));
        starts.push(google.create(ZONAL, &a100("second", 2, &["a"])));
        pass(&mut google);
        seen.extend(starts.iter().map(|started| google.operation(started)));
        seen.extend(google.nodes(ZONAL, "mig"));
        seen.extend(google.nodes(ZONAL, "second"));
        seen
    };
    for (once, often) in history(1).into_iter().zip(history(1_000)) {
        assert_eq!(once, often);
    }
}
