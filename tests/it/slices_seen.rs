//! The look at a pool's slices at the end of an apply: what is seen is a number or a warning, and never an error.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::mig_desk::{Desk, SOON};
use crate::mig_pool::{POOL, Pool, ZONAL};
use crate::support::json;

/// A fault of the cluster's API server that meets every call.
fn kubernetes_fault(desk: &Desk, kind: &str, matching: &Value, params: &Value) {
    let mut matching = matching.clone();
    matching["cloud"] = json!("kubernetes");
    desk.sandbox.fault(json!({"kind": kind, "match": matching, "times": 1000, "params": params}));
}

/// Whether the number is left to the apply.
fn is_looked_at(desk: &Desk, pool: &Pool) -> bool {
    let plan = desk.planned(pool);
    json::change(&plan, desk.address)["after_unknown"]["allocatable_slices"] == true
}

/// The calls to API servers so far.
fn asked(desk: &Desk) -> usize {
    let in_cluster =
        |record: &&Value| record["url"].as_str().is_some_and(|url| url.contains("/api/v1/nodes"));
    desk.sandbox.records().iter().filter(in_cluster).count()
}

#[test]
fn slices_that_come_are_a_number_in_the_state() {
    let desk = Desk::new();
    let pool = Pool::zonal().set("node_count", "2");
    assert!(is_looked_at(&desk, &pool));
    desk.settle(&pool).never_says("were not verified").never_says("offer the planned");
    assert_eq!(desk.state()["allocatable_slices"], 14);
    // A change of anything else neither looks nor forgets.
    let labelled = pool.clone().set("labels", r#"{ team = "a" }"#);
    assert!(!is_looked_at(&desk, &labelled));
    let before = asked(&desk);
    desk.settle(&labelled);
    assert_eq!((asked(&desk), &desk.state()["allocatable_slices"]), (before, &json!(14)));
    // Another size does.
    let three = labelled.set("node_count", "3");
    assert!(is_looked_at(&desk, &three));
    desk.settle(&three);
    assert_eq!(desk.state()["allocatable_slices"], 21);
}

#[test]
fn off_does_not_look() {
    let desk = Desk::new();
    let pool = Pool::zonal().text("slice_check", "off");
    assert!(!is_looked_at(&desk, &pool));
    desk.settle(&pool).never_says("not verified");
    assert_eq!((asked(&desk), &desk.state()["allocatable_slices"]), (0, &Value::Null));
    // The word alone changes nothing at the cloud, and looks at nothing.
    let on = pool.unset("slice_check");
    assert!(!is_looked_at(&desk, &on));
    desk.settle(&on);
    assert_eq!(asked(&desk), 0);
}

#[test]
fn wrong_words_are_refused_at_plan() {
    let desk = Desk::new();
    desk.write(&Pool::zonal().text("slice_check", "error"));
    desk.workspace.plan().exits(1).says("slice_check takes one of \"warn\", \"off\"");
    for (timeout, words) in [("5", "is not a duration"), ("0", "is no time at all")] {
        desk.write(&Pool::zonal().text("slice_check_timeout", timeout));
        desk.workspace.plan().exits(1).says(words);
    }
}

#[test]
fn slices_that_do_not_come_in_time_are_a_warning_with_what_is_there_and_the_cause() {
    let desk = Desk::new();
    let bare = Pool::zonal()
        .text("slice_check_timeout", "1s")
        .set("gke", r#"{ driver_version = "INSTALLATION_DISABLED" }"#);
    let applied = desk.settle(&bare);
    applied.says("Node pool mig: 0 of 1 nodes offer the planned 7 nvidia.com/gpu").says("0 nvidia.com/gpu");
    let state = desk.state();
    assert_eq!((&state["status"], &state["allocatable_slices"]), (&json!("ready"), &json!(0)));
    assert!(!desk.workspace.is_tainted(POOL));
    // A driver makes new nodes, and they are looked at.
    let mended = bare.set("gke", r#"{ driver_version = "DEFAULT" }"#).text("slice_check_timeout", "30s");
    assert!(is_looked_at(&desk, &mended));
    desk.settle(&mended).never_says("offer the planned");
    assert_eq!(desk.state()["allocatable_slices"], 7);
}

#[test]
fn a_cluster_that_cannot_be_asked_leaves_the_slices_unverified_and_the_pool_ready() {
    for (kind, matching, params, words) in [
        ("unreachable", json!({}), json!({}), "The cluster could not be asked"),
        ("unauthenticated", json!({}), json!({}), "does not know the identity (401)"),
        ("permission", json!({"verb": "list", "resource": "nodes"}), json!({}), "Not permitted (403)"),
    ] {
        let desk = Desk::new();
        kubernetes_fault(&desk, kind, &matching, &params);
        let pool = Pool::zonal().text("slice_check_timeout", "5s");
        desk.settle(&pool).says("The slices of the node pool mig were not verified").says(words);
        let state = desk.state();
        assert_eq!(
            (&state["status"], &state["allocatable_slices"]),
            (&json!("ready"), &Value::Null),
            "{kind}"
        );
        assert!(!desk.workspace.is_tainted(POOL));
    }
}

#[test]
fn a_silent_api_server_holds_nobody_up_beyond_the_limit() {
    let desk = Desk::new();
    kubernetes_fault(&desk, "unreachable", &json!({}), &json!({"how": "silent"}));
    let started = Instant::now();
    desk.settle(&Pool::zonal().text("slice_check_timeout", "3s")).says("were not verified");
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
}

#[test]
fn a_pool_without_nodes_has_nothing_to_see() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal().set("node_count", "0")).says("The pool has no nodes now");
    assert_eq!(desk.state()["allocatable_slices"], Value::Null);
}

#[test]
fn ctrl_c_during_the_look_keeps_a_ready_pool() {
    let desk = Desk::new();
    kubernetes_fault(&desk, "unreachable", &json!({}), &json!({"how": "silent"}));
    desk.write(&Pool::zonal());
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("the look has begun", SOON, |_| {
        desk.exists(ZONAL) && desk.live(ZONAL)["status"] == "RUNNING"
    });
    std::thread::sleep(Duration::from_secs(2));
    let interrupted = Instant::now();
    apply.interrupt();
    let output = apply.wait_with_timeout(SOON).failure();
    assert!(interrupted.elapsed() < Duration::from_secs(5), "{:?}", interrupted.elapsed());
    output.says("The check was interrupted");
    desk.sandbox.clear_faults();
    let state = desk.state();
    assert_eq!((&state["status"], &state["allocatable_slices"]), (&json!("ready"), &Value::Null));
    assert!(!desk.workspace.is_tainted(POOL));
    desk.workspace.assert_empty_plan();
}

#[test]
fn an_incomplete_pool_is_looked_at_when_it_is_ready() {
    let desk = Desk::with_latency("2s");
    desk.write(&Pool::zonal().timeouts("create = \"500ms\""));
    desk.workspace.apply().success().says("is not ready yet");
    assert_eq!(desk.state()["status"], "incomplete");
    desk.workspace.run(&["apply", "-auto-approve", "-refresh=false"]).success();
    let state = desk.state();
    assert_eq!((&state["status"], &state["allocatable_slices"]), (&json!("ready"), &json!(7)));
    desk.workspace.assert_empty_plan();
}
