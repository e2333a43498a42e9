//! A cloud that is busy, throttled, short of answers: waited for, and never asked twice for one pool.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool, ZONAL};

/// Sets a fault for the next calls that create a pool.
fn on_create(desk: &Desk, kind: &str, times: u32, params: &Value) {
    let matching = json!({"cloud": "gke", "method": "POST", "path": "/nodePools"});
    desk.sandbox.fault(json!({"kind": kind, "match": matching, "times": times, "params": params}));
}

/// Sets a fault for the next calls with this method.
fn on(desk: &Desk, method: &str, path: &str, kind: &str, times: u32, params: &Value) {
    let matching = json!({"cloud": "gke", "method": method, "path": path});
    desk.sandbox.fault(json!({"kind": kind, "match": matching, "times": times, "params": params}));
}

/// One pool stands, and one request made it.
#[track_caller]
fn assert_one_pool(desk: &Desk) {
    assert_eq!((desk.creates().len(), desk.nodes().len()), (1, 1));
    desk.await_slices(7);
}

#[test]
fn throttling_is_waited_for_as_long_as_google_says() {
    let desk = Desk::new();
    on_create(&desk, "throttle", 2, &json!({"retry_after": "2s"}));
    let begun = Instant::now();
    desk.settle(&Pool::zonal());
    assert!(begun.elapsed() >= Duration::from_secs(4), "Retry-After was not honoured: {:?}", begun.elapsed());
    assert_eq!(desk.calls("POST", "/nodePools").len(), 3);
    assert_one_pool(&desk);
}

#[test]
fn throttled_reads_are_waited_for() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    on(&desk, "GET", "/nodePools", "throttle", 2, &json!({"retry_after": "1s"}));
    on(&desk, "GET", "/instanceGroupManagers", "throttle", 1, &json!({"retry_after": "1s"}));
    desk.workspace.assert_empty_plan();
}

#[test]
fn throttled_polls_of_the_operation_are_waited_for() {
    let desk = Desk::new();
    on(&desk, "GET", "/operations/", "throttle", 2, &json!({"retry_after": "1s"}));
    desk.settle(&Pool::zonal());
    assert_one_pool(&desk);
}

#[test]
fn a_busy_cluster_is_waited_for() {
    let desk = Desk::new();
    on_create(&desk, "busy", 3, &json!({}));
    desk.settle(&Pool::zonal());
    assert_one_pool(&desk);
}

#[test]
fn somebody_elses_operation_is_waited_for() {
    let desk = Desk::with_latency("1500ms");
    desk.settle(&Pool::zonal());
    desk.actor("occupy", ZONAL, &json!({}));
    desk.update(&Pool::zonal().set("labels", r#"{ team = "ml" }"#)).keeps_nodes();
}

#[test]
fn a_busy_cluster_is_waited_for_until_the_time_is_up() {
    let desk = Desk::new();
    on_create(&desk, "busy", 1000, &json!({}));
    desk.write(&Pool::zonal().timeouts("create = \"2s\""));
    desk.workspace.apply().failure().says("2s");
    assert!(!desk.knows_the_pool(), "nothing was made");
    desk.sandbox.clear_faults();
    desk.settle(&Pool::zonal());
    assert_one_pool(&desk);
}

#[test]
fn five_operations_at_a_time_are_waited_for() {
    let desk = Desk::new();
    on_create(&desk, "quota_operations", 2, &json!({}));
    desk.settle(&Pool::zonal());
    assert_one_pool(&desk);
}

#[test]
fn a_busy_cluster_is_waited_for_in_updates_and_deletes() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    on(&desk, "PUT", "/nodePools/", "busy", 2, &json!({}));
    on(&desk, "POST", ":setSize", "quota_operations", 1, &json!({}));
    desk.update(&Pool::zonal().set("labels", r#"{ team = "ml" }"#).set("node_count", "2"));
    on(&desk, "DELETE", "/nodePools/", "busy", 2, &json!({}));
    desk.workspace.destroy().success();
    assert!(!desk.exists(ZONAL));
}

#[test]
fn a_quota_that_does_not_suffice_is_called_one() {
    let desk = Desk::new();
    on_create(&desk, "quota", 1, &json!({"resource": "NVIDIA_A100_GPUS"}));
    desk.write(&Pool::zonal());
    // It comes as 403, and is no matter of permissions.
    desk.workspace.apply().failure().says("quota").says("NVIDIA_A100_GPUS").never_says("roles/");
    assert_eq!((desk.knows_the_pool(), desk.calls("POST", "/nodePools").len()), (false, 1), "asked once");
}

#[test]
fn a_missing_permission_is_called_one() {
    let desk = Desk::new();
    on_create(&desk, "permission", 1, &json!({}));
    desk.write(&Pool::zonal());
    desk.workspace.apply().failure().says("permission").says("roles/container");
    assert_eq!((desk.knows_the_pool(), desk.calls("POST", "/nodePools").len()), (false, 1), "asked once");
}

#[test]
fn refused_credentials_are_called_that() {
    let desk = Desk::new();
    on(&desk, "GET", "/clusters/zonal", "unauthenticated", 100, &json!({}));
    desk.write(&Pool::zonal());
    desk.workspace.apply().failure().says("credentials");
    assert!(!desk.knows_the_pool() && desk.creates().is_empty());
}

#[test]
fn a_connection_lost_before_the_effect_makes_one_pool() {
    let desk = Desk::new();
    on_create(&desk, "drop_connection", 1, &json!({"effect": "before"}));
    desk.settle(&Pool::zonal());
    assert_one_pool(&desk);
}

#[test]
fn a_connection_lost_after_the_effect_makes_one_pool() {
    let desk = Desk::new();
    on_create(&desk, "drop_connection", 1, &json!({"effect": "after"}));
    desk.settle(&Pool::zonal());
    // The accepted request had no answer.
    assert_eq!((desk.calls("POST", "/nodePools").len(), desk.creates().len()), (1, 0));
    assert_eq!(desk.nodes().len(), 1);
    desk.await_slices(7);
}

#[test]
fn an_answer_that_nobody_can_read_makes_one_pool() {
    for params in [json!({"body": "text"}), json!({"body": "truncated"})] {
        let desk = Desk::new();
        on_create(&desk, "wrong_answer", 1, &params);
        desk.settle(&Pool::zonal());
        assert_eq!(desk.calls("POST", "/nodePools").len(), 1, "{params}");
        assert_eq!(desk.nodes().len(), 1);
    }
}

#[test]
fn a_pool_of_somebody_else_is_not_ours_because_our_connection_was_lost() {
    let desk = Desk::new();
    // In the very moment in which our request is lost, a colleague makes a pool of that name.
    on_create(&desk, "drop_connection", 1, &json!({"effect": "before"}));
    desk.write(&Pool::zonal());
    let theirs = json!({"nodePool": {"name": "mig", "initialNodeCount": 1, "config": {"machineType": "e2-standard-4"}}});
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("our request is lost", crate::mig_desk::SOON, |_| {
        desk.calls("POST", "/nodePools").iter().any(|record| record["status"] == 0)
    });
    let (status, _) = desk.sandbox.call_cloud("POST", &format!("/v1/{ZONAL}/nodePools"), Some(&theirs));
    let ended = apply.wait_with_timeout(crate::mig_desk::SOON);
    if status == 200 {
        ended.failure().says("import {");
        assert!(!desk.knows_the_pool());
        assert_eq!(desk.live(ZONAL)["config"]["machineType"], "e2-standard-4");
    } else {
        // Our second attempt came first, which is as good.
        ended.success();
        assert_one_pool(&desk);
    }
}

#[test]
fn services_that_are_away_for_a_moment_are_waited_for() {
    let desk = Desk::new();
    for (method, path) in [
        ("GET", "/clusters/zonal"),
        ("POST", "/nodePools"),
        ("GET", "/operations/"),
        ("GET", "/nodePools/mig"),
    ] {
        on(&desk, method, path, "unavailable", 2, &json!({}));
    }
    desk.settle(&Pool::zonal());
    assert_one_pool(&desk);
    on(&desk, "DELETE", "/nodePools/", "unavailable", 2, &json!({}));
    desk.workspace.destroy().success();
}

#[test]
fn connections_lost_while_polling_and_reading_do_not_matter() {
    let desk = Desk::new();
    on(&desk, "GET", "/operations/", "drop_connection", 2, &json!({}));
    desk.settle(&Pool::zonal());
    on(&desk, "GET", "/nodePools", "drop_connection", 1, &json!({}));
    desk.workspace.assert_empty_plan();
    assert_one_pool(&desk);
}

#[test]
fn a_delete_whose_answer_is_lost_is_a_delete() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    on(&desk, "DELETE", "/nodePools/", "drop_connection", 1, &json!({"effect": "after"}));
    desk.workspace.destroy().success();
    assert!(!desk.exists(ZONAL) && !desk.knows_the_pool());
}

#[test]
fn an_update_whose_answer_is_lost_is_not_lost() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    on(&desk, "POST", ":setSize", "drop_connection", 1, &json!({"effect": "after"}));
    on(&desk, "PUT", "/nodePools/", "drop_connection", 1, &json!({"effect": "after"}));
    let pool = Pool::zonal().set("node_count", "3").set("labels", r#"{ team = "ml" }"#);
    desk.write(&pool);
    // An error would be as sound; what counts is that the next apply ends it.
    let _ = desk.workspace.apply();
    assert!(!desk.workspace.is_tainted(POOL));
    desk.settle(&pool);
    assert_eq!((desk.uids().len(), &desk.nodes()[0]["labels"]["team"]), (3, &json!("ml")));
}

#[test]
fn what_another_changed_between_look_and_update_survives() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal().set("labels", r#"{ team = "ml" }"#));
    let before = json!({"before": {"method": "PUT", "path": "/nodePools/mig"}});
    desk.sandbox.actor(json!({"kind": "edit_labels", "cluster": ZONAL, "pool": "mig", "set": {"theirs": "yes"}, "when": before}));
    desk.update(&Pool::zonal().set("labels", r#"{ team = "infra" }"#)).keeps_nodes();
    let labels = desk.live(ZONAL)["config"]["labels"].clone();
    assert_eq!((&labels["theirs"], &labels["team"]), (&json!("yes"), &json!("infra")), "{labels:#}");
}
