//! A cloud that is busy, throttled, short of answers: waited for, and never asked twice for one pool.

use serde_json::{Value, json};

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, POOL};

on_every_cloud!(
    throttled_reads_are_waited_for,
    throttled_polls_of_the_operation_are_waited_for,
    somebody_elses_operation_is_waited_for,
    a_busy_cluster_is_waited_for_in_updates_and_deletes,
    a_missing_permission_is_called_one,
    refused_credentials_are_called_that,
    a_connection_lost_before_the_effect_makes_one_pool,
    services_that_are_away_for_a_moment_are_waited_for,
    connections_lost_while_polling_and_reading_do_not_matter,
    a_delete_whose_answer_is_lost_is_a_delete,
    an_update_whose_answer_is_lost_is_not_lost;
    // A new node group waits for no other one, and a creation is repeated with the token that makes it one.
    not eks:
    a_busy_cluster_is_waited_for,
    a_busy_cluster_is_waited_for_until_the_time_is_up,
    a_connection_lost_after_the_effect_makes_one_pool,
    an_answer_that_nobody_can_read_makes_one_pool,
);

/// Sets a fault for the next calls that create a pool.
pub(crate) fn on_create(desk: &Desk, kind: &str, times: u32, params: &Value) {
    desk.fault_on(&desk.cloud.creation(), kind, times, params);
}

/// Sets a fault for the next calls with this method.
pub(crate) fn on(desk: &Desk, method: &str, path: &str, kind: &str, times: u32, params: &Value) {
    let matching = json!({"cloud": desk.cloud.name(), "method": method, "path": path});
    desk.fault_on(&matching, kind, times, params);
}

/// One pool stands, and one request made it.
#[track_caller]
pub(crate) fn assert_one_pool(desk: &Desk) {
    assert_eq!((desk.creates().len(), desk.nodes().len()), (1, 1));
    desk.await_slices(7);
}

fn throttled_reads_are_waited_for(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    on(&desk, "GET", cloud.pools(), "throttle", 2, &json!({"retry_after": "1s"}));
    on(&desk, "GET", "/instanceGroupManagers", "throttle", 1, &json!({"retry_after": "1s"}));
    desk.workspace.assert_empty_plan();
}

fn throttled_polls_of_the_operation_are_waited_for(cloud: Cloud) {
    let desk = Desk::on(cloud);
    on(&desk, "GET", cloud.polling(), "throttle", 2, &json!({"retry_after": "1s"}));
    desk.settle(&cloud.pool());
    assert_one_pool(&desk);
}

fn a_busy_cluster_is_waited_for(cloud: Cloud) {
    let desk = Desk::on(cloud);
    on_create(&desk, "busy", 3, &json!({}));
    desk.settle(&cloud.pool());
    assert_one_pool(&desk);
}

fn somebody_elses_operation_is_waited_for(cloud: Cloud) {
    let desk = Desk::on_with_latency(cloud, "1500ms");
    desk.settle(&cloud.pool());
    desk.actor("occupy", cloud.home(), &json!({}));
    desk.update(&cloud.pool().set("labels", r#"{ team = "ml" }"#)).keeps_nodes();
}

fn a_busy_cluster_is_waited_for_until_the_time_is_up(cloud: Cloud) {
    let desk = Desk::on(cloud);
    on_create(&desk, "busy", 1000, &json!({}));
    desk.write(&cloud.pool().timeouts("create = \"2s\""));
    desk.workspace.apply().failure().says("2s");
    assert!(!desk.knows_the_pool(), "nothing was made");
    desk.sandbox.clear_faults();
    desk.settle(&cloud.pool());
    assert_one_pool(&desk);
}

fn a_busy_cluster_is_waited_for_in_updates_and_deletes(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.fault_on(&cloud.labelling(), "busy", 2, &json!({}));
    desk.fault_on(&cloud.sizing(), "busy", 1, &json!({}));
    desk.update(&cloud.pool().set("labels", r#"{ team = "ml" }"#).set("node_count", "2"));
    desk.fault_on(&cloud.deletion(), "busy", 2, &json!({}));
    desk.workspace.destroy().success();
    assert!(!desk.exists(cloud.home()));
}

fn a_missing_permission_is_called_one(cloud: Cloud) {
    let desk = Desk::on(cloud);
    on_create(&desk, "permission", 1, &json!({}));
    desk.write(&cloud.pool());
    desk.workspace.apply().failure().says(cloud.forbidden().0).says(cloud.forbidden().1);
    assert_eq!((desk.knows_the_pool(), desk.met(&cloud.creation())), (false, 1), "asked once");
}

fn refused_credentials_are_called_that(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.fault_on(&cloud.preflight(), "unauthenticated", 100, &json!({}));
    desk.write(&cloud.pool());
    desk.workspace.apply().failure().says("credentials");
    assert!(!desk.knows_the_pool() && desk.creates().is_empty());
}

fn a_connection_lost_before_the_effect_makes_one_pool(cloud: Cloud) {
    let desk = Desk::on(cloud);
    on_create(&desk, "drop_connection", 1, &json!({"effect": "before"}));
    desk.settle(&cloud.pool());
    assert_one_pool(&desk);
}

fn a_connection_lost_after_the_effect_makes_one_pool(cloud: Cloud) {
    let desk = Desk::on(cloud);
    on_create(&desk, "drop_connection", 1, &json!({"effect": "after"}));
    desk.settle(&cloud.pool());
    // The accepted request had no answer.
    assert_eq!((desk.met(&cloud.creation()), desk.creates().len()), (1, 0));
    assert_eq!(desk.nodes().len(), 1);
    desk.await_slices(7);
}

fn an_answer_that_nobody_can_read_makes_one_pool(cloud: Cloud) {
    for params in [json!({"body": "text"}), json!({"body": "truncated"})] {
        let desk = Desk::on(cloud);
        on_create(&desk, "wrong_answer", 1, &params);
        desk.settle(&cloud.pool());
        assert_eq!(desk.met(&cloud.creation()), 1, "{params}");
        assert_eq!(desk.nodes().len(), 1);
    }
}

fn services_that_are_away_for_a_moment_are_waited_for(cloud: Cloud) {
    let desk = Desk::on(cloud);
    for matching in [cloud.preflight(), cloud.creation()] {
        desk.fault_on(&matching, "unavailable", 2, &json!({}));
    }
    for path in [cloud.polling().to_owned(), format!("{}/{NAME}", cloud.pools())] {
        on(&desk, "GET", &path, "unavailable", 2, &json!({}));
    }
    desk.settle(&cloud.pool());
    assert_one_pool(&desk);
    desk.fault_on(&cloud.deletion(), "unavailable", 2, &json!({}));
    desk.workspace.destroy().success();
}

fn connections_lost_while_polling_and_reading_do_not_matter(cloud: Cloud) {
    let desk = Desk::on(cloud);
    on(&desk, "GET", cloud.polling(), "drop_connection", 2, &json!({}));
    desk.settle(&cloud.pool());
    on(&desk, "GET", cloud.pools(), "drop_connection", 1, &json!({}));
    desk.workspace.assert_empty_plan();
    assert_one_pool(&desk);
}

fn a_delete_whose_answer_is_lost_is_a_delete(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.fault_on(&cloud.deletion(), "drop_connection", 1, &json!({"effect": "after"}));
    desk.workspace.destroy().success();
    assert!(!desk.exists(cloud.home()) && !desk.knows_the_pool());
}

fn an_update_whose_answer_is_lost_is_not_lost(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.fault_on(&cloud.sizing(), "drop_connection", 1, &json!({"effect": "after"}));
    desk.fault_on(&cloud.labelling(), "drop_connection", 1, &json!({"effect": "after"}));
    let pool = cloud.pool().set("node_count", "3").set("labels", r#"{ team = "ml" }"#);
    desk.write(&pool);
    // An error would be as sound; what counts is that the next apply ends it.
    let _ = desk.workspace.apply();
    assert!(!desk.workspace.is_tainted(POOL));
    desk.settle(&pool);
    assert_eq!((desk.uids().len(), &desk.nodes()[0]["labels"]["team"]), (3, &json!("ml")));
}
