//! Azure's own ways of being busy: its buckets, its headers, its pages of HTML, its one operation per cluster.

use serde_json::{Value, json};

use crate::aks_pool::AKS;
use crate::mig_desk::{Desk, SOON};
use crate::mig_faults::{assert_one_pool, on, on_create};
use crate::mig_pool::{NAME, POOL, Pool};
use crate::support::json;

#[test]
fn a_storm_of_429_is_waited_for() {
    let desk = Desk::aks();
    on_create(&desk, "throttle", 2, &json!({"retry_after": "1s"}));
    on(&desk, "GET", "/managedClusters/", "throttle", 2, &json!({"retry_after": "1s"}));
    on(&desk, "GET", "/operations/", "throttle", 2, &json!({"retry_after": "1s"}));
    desk.settle(&Pool::aks());
    assert_eq!(desk.puts().len(), 3);
    assert_one_pool(&desk);
    desk.fault_on(&desk.cloud.deletion(), "throttle", 2, &json!({"retry_after": "1s"}));
    desk.workspace.destroy().success();
}

#[test]
fn a_wait_that_azure_asks_for_ends_with_the_users_patience() {
    let desk = Desk::aks();
    on_create(&desk, "throttle", 1000, &json!({"retry_after": "1h"}));
    desk.write(&Pool::aks().timeouts("create = \"2s\""));
    desk.workspace.apply().failure().says("2s").says("throttled");
    assert!(!desk.knows_the_pool(), "nothing was made");
    desk.sandbox.clear_faults();
    desk.settle(&Pool::aks());
    assert_one_pool(&desk);
}

#[test]
fn a_cluster_that_is_busy_for_a_while_is_waited_for_in_silence() {
    let desk = Desk::on_with_latency(crate::clouds::Cloud::Aks, "500ms");
    // AKS does things of its own to its clusters, in the moment before our request.
    desk.actor_before("occupy", &desk.cloud.creation(), &json!({"pool": null}));
    desk.settle(&Pool::aks());
    assert_one_pool(&desk);
    let refusals = desk.puts().iter().filter(|put| put["status"] == 409).count();
    assert!(refusals > 0, "the cluster was busy");
}

#[test]
fn pools_of_one_cluster_take_turns_and_nobody_is_refused() {
    let desk = Desk::aks();
    let many = Pool::aks().set("for_each", "toset([for i in range(5) : \"p${i}\"])").set("name", "each.key");
    desk.settle(&many).says("Resources: 5 added");
    let refused: Vec<Value> = desk.puts().into_iter().filter(|put| put["status"] == 409).collect();
    assert_eq!(refused, Vec::<Value>::new(), "one operation at a time was asked for");
    desk.workspace
        .run(&["apply", "-auto-approve", "-parallelism=5", "-replace=gpuslice_mig_nodepool.pool[\"p1\"]"])
        .success();
    desk.workspace.destroy().success().says("Resources: 5 destroyed");
}

#[test]
fn two_people_with_one_cluster_wait_for_each_other() {
    let desk = Desk::aks();
    let other = crate::support::Workspace::on(&desk.sandbox);
    desk.write(&Pool::aks().set("for_each", "toset([\"a\", \"b\", \"c\"])").set("name", "each.key"));
    other.write(
        "main.tf",
        &Pool::aks().set("for_each", "toset([\"d\", \"e\", \"f\"])").set("name", "each.key").hcl(),
    );
    let first = desk.workspace.spawn(&["apply", "-auto-approve"]);
    let second = other.spawn(&["apply", "-auto-approve"]);
    first.wait_with_timeout(SOON).success();
    second.wait_with_timeout(SOON).success();
    desk.workspace.assert_empty_plan();
    other.assert_empty_plan();
    assert_eq!(desk.creates().len(), 6);
}

#[test]
fn an_answer_without_the_headers_to_poll_by_is_followed_by_the_pool_itself() {
    for without in ["polling", "azure-asyncoperation", "location", "retry-after"] {
        let desk = Desk::aks();
        on_create(&desk, "missing_headers", 1, &json!({ "without": without }));
        desk.settle(&Pool::aks());
        assert_one_pool(&desk);
    }
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    desk.fault_on(&desk.cloud.deletion(), "missing_headers", 1, &json!({"without": "polling"}));
    desk.workspace.destroy().success();
    assert!(!desk.exists(AKS));
}

#[test]
fn hiccups_of_the_operations_own_address_do_not_matter() {
    let desk = Desk::aks();
    for (kind, params) in [
        ("unavailable", json!({})),
        ("drop_connection", json!({})),
        ("wrong_answer", json!({"body": "text"})),
        ("wrong_answer", json!({"body": "truncated"})),
        ("not_found", json!({})),
    ] {
        on(&desk, "GET", "/operations/", kind, 1, &params);
    }
    desk.settle(&Pool::aks());
    assert_one_pool(&desk);
}

#[test]
fn a_page_of_html_is_no_answer_and_no_loss() {
    let desk = Desk::aks();
    // A proxy's log-in page, say: told before anything is made.
    on(&desk, "GET", "/managedClusters/", "wrong_answer", 1, &json!({"body": "text"}));
    desk.write(&Pool::aks());
    desk.workspace.apply().failure().says("cannot be understood").says("prox");
    assert!(!desk.knows_the_pool() && desk.puts().is_empty());
    on_create(&desk, "wrong_answer", 1, &json!({"body": "text", "effect": "before"}));
    desk.settle(&Pool::aks());
    assert_one_pool(&desk);
}

#[test]
fn an_empty_answer_to_a_create_makes_one_pool() {
    let desk = Desk::aks();
    on_create(&desk, "wrong_answer", 1, &json!({"body": "empty"}));
    desk.settle(&Pool::aks());
    assert_eq!((desk.puts().len(), desk.nodes().len()), (1, 1));
}

#[test]
fn a_pool_of_somebody_else_is_not_ours_because_our_connection_was_lost() {
    let desk = Desk::aks();
    on_create(&desk, "drop_connection", 1, &json!({"effect": "before"}));
    desk.write(&Pool::aks());
    let theirs = json!({"properties": {"count": 1, "mode": "User", "vmSize": "Standard_D4s_v5"}});
    let mut apply = desk.workspace.spawn(&["apply", "-auto-approve"]);
    apply.wait_until("our request is lost", SOON, |_| desk.puts().iter().any(|record| record["status"] == 0));
    let (status, _) = desk.sandbox.call_cloud("PUT", &desk.cloud.pool_path(AKS, NAME), Some(&theirs));
    let ended = apply.wait_with_timeout(SOON);
    if status == 201 {
        ended.failure().says("import {");
        assert!(!desk.knows_the_pool());
        assert_eq!(desk.properties()["vmSize"], "Standard_D4s_v5");
    } else {
        // Our second attempt came first, which is as good.
        ended.success();
        assert_one_pool(&desk);
    }
}

#[test]
fn a_read_that_is_hidden_by_a_wrong_404_is_not_gone() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    // Of a subscription that these credentials do not see, nothing is known.
    on(&desk, "GET", "/managedClusters/", "not_found", 1000, &json!({"what": "subscription"}));
    desk.workspace.plan().exits(1).says("SubscriptionNotFound");
    desk.workspace.destroy().failure();
    assert!(desk.knows_the_pool());
    desk.sandbox.clear_faults();
    on(&desk, "GET", "/agentPools", "not_found", 1000, &json!({"what": "subscription"}));
    desk.workspace.plan().exits(1).says("SubscriptionNotFound");
    desk.sandbox.clear_faults();
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_group_that_is_gone_takes_its_clusters_and_their_pools_along() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    on(&desk, "GET", "/managedClusters/", "not_found", 1000, &json!({"what": "group"}));
    assert_eq!(desk.actions(&Pool::aks()), ["create"]);
    desk.sandbox.clear_faults();
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_missing_list_entry_is_asked_for_by_name() {
    // A list that is stale, or cut short, is no proof.
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    on(&desk, "GET", &format!("/agentPools/{NAME}"), "not_found", 1, &json!({}));
    desk.workspace.assert_empty_plan();
}

#[test]
fn many_pools_are_read_by_one_call() {
    let desk = Desk::aks();
    let many = Pool::aks().set("for_each", "toset([for i in range(6) : \"p${i}\"])").set("name", "each.key");
    desk.settle(&many);
    let before = desk.sandbox.records().len();
    desk.workspace.refresh().success();
    let asked = desk.sandbox.records().split_off(before);
    // One list of pools; and for all keys one look at the cluster, one kubeconfig, one ConfigMap.
    let mut paths: Vec<_> = asked.iter().map(|it| crate::mig_desk::path(it).to_lowercase()).collect();
    paths.sort();
    let ends = [
        "/managedclusters/sandbox",
        "/agentpools",
        "/listclusterusercredential",
        "/configmaps/nvidia-device-plugin-configs",
    ];
    assert_eq!(paths.len(), ends.len(), "{paths:#?}");
    assert!(paths.iter().zip(ends).all(|(path, end)| path.ends_with(end)), "{paths:#?}");
    assert_eq!(json::addresses(&desk.workspace.show_json()).len(), 6);
    assert!(!desk.workspace.is_tainted(&format!("{POOL}[\"p0\"]")));
}
