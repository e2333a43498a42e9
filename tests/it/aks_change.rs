//! What changes in place on AKS: one PUT of the whole pool, the same nodes afterwards, and nobody else's doing lost.

use serde_json::{Value, json};

use crate::aks_pool::AKS;
use crate::mig_change::Update;
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, Pool};

/// A pool that stands.
#[track_caller]
fn standing(pool: &Pool) -> Desk {
    let desk = Desk::aks();
    desk.settle(pool);
    desk
}

/// The properties of the one PUT that an update made.
#[track_caller]
fn the_put(update: &Update) -> Value {
    let requests = &update.requests;
    assert_eq!(requests.len(), 1, "{requests:#?}");
    assert_eq!(requests[0]["method"], "PUT");
    requests[0]["request_body"]["properties"].clone()
}

#[test]
fn every_attribute_that_changes_in_place_is_one_put_and_keeps_the_nodes() {
    let desk = standing(&Pool::aks());
    let options = |hcl: &str| Pool::aks().options(hcl);
    for (pool, pointer, expected) in [
        (Pool::aks().set("labels", r#"{ team = "ml" }"#), "/nodeLabels/team", json!("ml")),
        (Pool::aks().set("tags", r#"{ cost = "b" }"#), "/tags/cost", json!("b")),
        (
            Pool::aks()
                .set("taints", r#"[{ key = "quiet", effect = "NoExecute" }]"#)
                .set("gpu_taint", "false"),
            "/nodeTaints",
            json!(["quiet=:NoExecute"]),
        ),
        (
            Pool::aks().set("upgrade", r#"{ max_surge = "33%", max_unavailable = "0" }"#),
            "/upgradeSettings/maxSurge",
            json!("33%"),
        ),
        (
            Pool::aks().set("upgrade", r#"{ max_surge = "0", max_unavailable = "1" }"#),
            "/upgradeSettings/maxUnavailable",
            json!("1"),
        ),
        (options(r#"drain_timeout = "1h30m""#), "/upgradeSettings/drainTimeoutInMinutes", json!(90)),
        (options(r#"node_soak = "10m""#), "/upgradeSettings/nodeSoakDurationInMinutes", json!(10)),
        (
            options(r#"undrainable_node_behavior = "Cordon""#),
            "/upgradeSettings/undrainableNodeBehavior",
            json!("Cordon"),
        ),
        (options(r#"scale_down_mode = "Deallocate""#), "/scaleDownMode", json!("Deallocate")),
        (options(r#"mode = "System""#).set("gpu_taint", "false"), "/mode", json!("System")),
        (options(r#"mode = "User""#), "/mode", json!("User")),
    ] {
        let update = desk.update(&pool).keeps_nodes();
        assert_eq!(the_put(&update).pointer(pointer), Some(&expected), "{pointer}");
        // Azure may show tags under keys in another case.
        if pointer != "/tags/cost" {
            assert_eq!(desk.properties().pointer(pointer), Some(&expected), "{pointer}");
        }
    }
    assert_eq!((desk.creates().len(), desk.deletes().len()), (1, 0));
}

#[test]
fn options_that_are_no_longer_written_stay_as_they_are() {
    let desk = standing(&Pool::aks().options(
        r#"drain_timeout = "45m", node_soak = "5m", undrainable_node_behavior = "Cordon", scale_down_mode = "Deallocate""#,
    ));
    desk.write(&Pool::aks());
    desk.workspace.assert_empty_plan();
    let update = desk.update(&Pool::aks().options(r#"node_soak = "6m""#)).keeps_nodes();
    let upgrade = the_put(&update)["upgradeSettings"].clone();
    assert_eq!(
        (&upgrade["drainTimeoutInMinutes"], &upgrade["nodeSoakDurationInMinutes"]),
        (&json!(45), &json!(6))
    );
    assert_eq!(upgrade["undrainableNodeBehavior"], "Cordon");
    assert_eq!(desk.properties()["scaleDownMode"], "Deallocate");
}

#[test]
fn much_at_once_is_still_one_put() {
    let desk = standing(&Pool::aks().set("node_count", "2"));
    let pool = Pool::aks()
        .set("labels", r#"{ team = "infra" }"#)
        .set("tags", r#"{ cost = "b" }"#)
        .set("taints", r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#)
        .set("node_count", "3")
        .set("upgrade", r#"{ max_surge = "1" }"#)
        .options(r#"drain_timeout = "1h", scale_down_mode = "Deallocate""#)
        .text("on_incomplete", "fail");
    let update = desk.update(&pool).replaces_no_node();
    let put = the_put(&update);
    assert_eq!(put["count"], 3);
    assert_eq!(put["nodeLabels"]["team"], "infra");
    assert_eq!(put["upgradeSettings"]["maxSurge"], "1");
    assert_eq!(desk.uids().len(), 3);
    desk.await_slices(21);
}

#[test]
fn what_only_aks_writes_is_not_sent_back() {
    let desk = standing(&Pool::aks());
    let update = desk.update(&Pool::aks().set("labels", r#"{ team = "ml" }"#)).keeps_nodes();
    let put = the_put(&update);
    for name in [
        "eTag",
        "provisioningState",
        "currentOrchestratorVersion",
        "nodeImageVersion",
        "status",
        "minCount",
        "maxCount",
    ] {
        assert!(put[name].is_null(), "{name}: {put:#}");
    }
    // And nothing beside the properties that could be wrong by then.
    assert!(update.requests[0]["request_body"]["systemData"].is_null());
}

#[test]
fn the_gpu_profile_is_echoed_and_never_filled_in() {
    let desk = standing(&Pool::aks());
    let filled = desk.properties()["gpuProfile"].clone();
    assert_eq!(filled["driver"], "Install", "AKS fills it in: {filled}");
    assert!(desk.sent()["gpuProfile"].is_null());
    let update = desk.update(&Pool::aks().set("labels", r#"{ team = "ml" }"#)).keeps_nodes();
    assert_eq!(the_put(&update)["gpuProfile"], filled);
    // Nor is it a difference, whether it is written or not.
    assert_eq!(desk.state()["aks"]["gpu_driver"], "Install");
    desk.write(&Pool::aks().set("labels", r#"{ team = "ml" }"#).options(r#"gpu_driver = "Install""#));
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_managed_pool_stays_one_through_every_update() {
    let managed = Pool::aks().options(r#"gpu_stack = "managed""#);
    let desk = standing(&managed);
    let shown = desk.properties()["gpuProfile"].clone();
    let update = desk.update(&managed.set("node_count", "2").set("labels", r#"{ team = "ml" }"#));
    assert_eq!(the_put(&update.replaces_no_node())["gpuProfile"], shown);
    assert_eq!(desk.properties()["gpuProfile"], shown);
    desk.await_slices(14);
}

#[test]
fn properties_that_nobody_here_knows_survive() {
    let desk = standing(&Pool::aks().set("labels", r#"{ team = "ml" }"#));
    let ports = json!({"allowedHostPorts": [{"portStart": 80, "portEnd": 80, "protocol": "TCP"}]});
    for (property, value) in [
        ("messageOfTheDay", json!("aGVsbG8=")),
        ("artifactStreamingProfile", json!({"enabled": true})),
        ("networkProfile", ports),
    ] {
        desk.actor("set_property", AKS, &json!({"property": property, "value": value}));
    }
    desk.workspace.assert_empty_plan();
    let before = desk.properties();
    desk.update(&Pool::aks().set("labels", r#"{ team = "infra" }"#)).keeps_nodes();
    let after = desk.properties();
    for name in ["messageOfTheDay", "artifactStreamingProfile", "networkProfile"] {
        assert!(!before[name].is_null(), "{name}: {before:#}");
        assert_eq!(after[name], before[name], "{name}");
    }
}

#[test]
fn the_autoscalers_count_survives_our_update() {
    let scaled = Pool::aks().set("autoscaling", "{ min_nodes = 1, max_nodes = 5 }");
    let desk = standing(&scaled);
    // It moves the count after our look and before our PUT.
    desk.actor_before("resize", &json!({"method": "PUT", "path": "/agentPools/"}), &json!({"node_count": 4}));
    let update = desk.update(&scaled.set("labels", r#"{ team = "ml" }"#)).replaces_no_node();
    assert_eq!(update.requests.len(), 1, "{:#?}", update.requests);
    assert_eq!(update.requests[0]["request_body"]["properties"]["count"], 4);
    assert_eq!((desk.uids().len(), desk.properties()["count"].clone()), (4, json!(4)));
}

#[test]
fn new_limits_keep_the_count_that_the_autoscaler_chose() {
    let scaled =
        |max: u32| Pool::aks().set("autoscaling", &format!("{{ min_nodes = 1, max_nodes = {max} }}"));
    let desk = standing(&scaled(4));
    desk.actor("resize", AKS, &json!({"node_count": 3}));
    let update = desk.update(&scaled(6)).keeps_nodes();
    assert_eq!(the_put(&update)["count"], 3);
    assert_eq!(desk.live_limits(), Some((1, 6)));
}

#[test]
fn limits_that_exclude_the_live_count_move_it_inside() {
    let scaled = |min: u32, max: u32| {
        Pool::aks().set("autoscaling", &format!("{{ min_nodes = {min}, max_nodes = {max} }}"))
    };
    let desk = standing(&scaled(1, 5));
    desk.actor("resize", AKS, &json!({"node_count": 5}));
    desk.update(&scaled(1, 3)).replaces_no_node();
    assert!(desk.uids().len() <= 3);
    desk.update(&scaled(4, 6)).replaces_no_node();
    assert!(desk.uids().len() >= 4);
}

#[test]
fn labels_and_tags_of_others_that_come_in_between_survive() {
    let desk = standing(&Pool::aks().set("labels", r#"{ team = "ml" }"#).set("tags", r#"{ cost = "a" }"#));
    let put = json!({"method": "PUT", "path": "/agentPools/"});
    desk.actor_before("edit_labels", &put, &json!({"set": {"theirs": "yes"}}));
    let so_far = desk.puts().len();
    desk.update(&Pool::aks().set("labels", r#"{ team = "infra" }"#).set("tags", r#"{ cost = "b" }"#))
        .keeps_nodes();
    // The first attempt met another eTag, and a second one began with another look.
    let statuses: Vec<_> = desk.puts()[so_far..].iter().map(|put| put["status"].clone()).collect();
    assert_eq!(statuses, [json!(412), json!(200)]);
    let labels = desk.live_labels();
    assert_eq!((&labels["theirs"], &labels["team"]), (&json!("yes"), &json!("infra")), "{labels:#}");
    assert_eq!(desk.live_tags()["cost"], "b");
}

#[test]
fn an_etag_that_does_not_match_is_met_with_another_look_in_both_words() {
    let desk = standing(&Pool::aks());
    for (status, team) in [("412", "a"), ("409", "b")] {
        let so_far = desk.puts().len();
        let put = json!({"method": "PUT", "path": "/agentPools/"});
        desk.fault_on(&put, "etag_mismatch", 1, &json!({ "status": status }));
        desk.update(&Pool::aks().set("labels", &format!("{{ team = \"{team}\" }}"))).keeps_nodes();
        assert_eq!(desk.puts().len(), so_far + 2, "{status}");
    }
}

#[test]
fn an_etag_that_never_matches_is_an_error_in_the_end() {
    let desk = standing(&Pool::aks());
    let put = json!({"method": "PUT", "path": "/agentPools/"});
    desk.fault_on(&put, "etag_mismatch", 1000, &json!({"status": "412"}));
    desk.write(&Pool::aks().set("labels", r#"{ team = "ml" }"#).timeouts("update = \"5s\""));
    desk.workspace.apply().failure().says(NAME);
    desk.sandbox.clear_faults();
    assert!(!desk.workspace.is_tainted(crate::mig_pool::POOL));
    desk.settle(&Pool::aks().set("labels", r#"{ team = "ml" }"#));
}

#[test]
fn deleting_without_regard_to_disruption_budgets_is_a_parameter_of_the_delete() {
    let desk = standing(&Pool::aks());
    desk.update(&Pool::aks().options("ignore_pod_disruption_budget = true")).keeps_nodes().calls_nothing();
    desk.workspace.destroy().success();
    let url = desk.deletes()[0]["url"].as_str().expect("a URL").to_owned();
    assert!(url.contains("ignore-pod-disruption-budget=true"), "{url}");
    // Unset, it is not said.
    let other = standing(&Pool::aks());
    other.workspace.destroy().success();
    let url = other.deletes()[0]["url"].as_str().expect("a URL").to_owned();
    assert!(!url.contains("ignore-pod-disruption-budget=true"), "{url}");
}
