//! Google's own ways of being busy: its limits, its quotas, its races.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::mig_desk::Desk;
use crate::mig_faults::{assert_one_pool, on_create};
use crate::mig_pool::{Pool, ZONAL};

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
fn five_operations_at_a_time_are_waited_for() {
    let desk = Desk::new();
    on_create(&desk, "quota_operations", 2, &json!({}));
    desk.settle(&Pool::zonal());
    assert_one_pool(&desk);
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
fn what_another_changed_between_look_and_update_survives() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal().set("labels", r#"{ team = "ml" }"#));
    let before = json!({"before": {"method": "PUT", "path": "/nodePools/mig"}});
    desk.sandbox.actor(json!({"kind": "edit_labels", "cluster": ZONAL, "pool": "mig", "set": {"theirs": "yes"}, "when": before}));
    desk.update(&Pool::zonal().set("labels", r#"{ team = "infra" }"#)).keeps_nodes();
    let labels = desk.live(ZONAL)["config"]["labels"].clone();
    assert_eq!((&labels["theirs"], &labels["team"]), (&json!("yes"), &json!("infra")), "{labels:#}");
}
