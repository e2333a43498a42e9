//! Who asks: the account that the credentials belong to, and whether the cluster knows them.

use serde_json::{Value, json};

use super::home::Home;
use crate::eks_pool::{OPERATOR, PLUGIN, options};
use crate::mig_pool::{POOL, Pool, SHARED};
use crate::support::{Sandbox, Workspace};

/// The sandbox as a server that answers as AWS does, and no word of it being one.
fn as_aws(sandbox: &Sandbox, key: Option<&str>) -> Workspace {
    let mut workspace = Workspace::new();
    workspace.set_env("AWS_ENDPOINT_URL", sandbox.url());
    // Nobody is asked for credentials who could be in this machine's network.
    workspace.set_env("AWS_EC2_METADATA_DISABLED", "true");
    if let Some(key) = key {
        workspace.set_env("AWS_ACCESS_KEY_ID", key);
        workspace.set_env("AWS_SECRET_ACCESS_KEY", "secret-of-the-test");
    }
    workspace
}

fn real() -> Pool {
    let cluster = "arn:aws:eks:us-east-1:111111111111:cluster/main";
    Pool::eks().text("cluster_id", cluster).set("eks", &options("111111111111", ""))
}

#[test]
fn credentials_of_another_account_are_refused_and_both_accounts_named() {
    let sandbox = Sandbox::start();
    // As in other emulators of AWS, a key of twelve digits is that account's.
    let workspace = as_aws(&sandbox, Some("123456789012"));
    workspace.write("main.tf", &real().hcl());
    workspace.plan().exits(2);
    let refused = workspace.apply().failure().says("111111111111").says("123456789012");
    refused.never_says("secret-of-the-test");
    assert!(!workspace.has(POOL));
    let asked = sandbox.records();
    assert!(
        asked
            .iter()
            .all(|record| record["request_body"].as_str().is_some_and(|it| it.contains("GetCallerIdentity"))),
        "{asked:#?}"
    );
}

#[test]
fn without_credentials_the_error_says_where_they_are_looked_for() {
    let sandbox = Sandbox::start();
    let workspace = as_aws(&sandbox, None);
    workspace.write("main.tf", &real().hcl());
    workspace.apply().failure().says("credentials").says("AWS_ACCESS_KEY_ID");
    assert_eq!(sandbox.records(), Vec::<Value>::new());
}

#[test]
fn a_read_with_credentials_of_another_account_forgets_nothing() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    // The same state at a cloud where the credentials are another account's.
    let state = home.workspace.read("terraform.tfstate").replace("000000000000", "111111111111");
    let workspace = as_aws(&home.sandbox, Some("123456789012"));
    // What the sandbox made is marked; without the mark it is a pool of that account.
    let mut state: Value = serde_json::from_str(&state).expect("a state");
    state["resources"][0]["instances"][0].as_object_mut().expect("an object").remove("private");
    workspace.write("terraform.tfstate", &state.to_string());
    workspace.write(
        "main.tf",
        &Pool::eks()
            .text("cluster_id", "arn:aws:eks:us-east-1:111111111111:cluster/sandbox")
            .set("eks", &options("111111111111", ""))
            .hcl(),
    );
    workspace.plan().exits(1).says("111111111111").says("123456789012");
    workspace.destroy().failure();
    assert!(workspace.has(POOL));
}

#[test]
fn the_region_is_the_clusters_whatever_the_environment_says() {
    let mut home = Home::cut();
    home.workspace.set_env("AWS_REGION", "eu-west-1");
    home.workspace.set_env("AWS_DEFAULT_REGION", "eu-west-1");
    home.settle(&Pool::eks());
    assert_eq!(home.state()["allocatable_slices"], 7);
}

#[test]
fn whoever_has_no_access_entry_gets_a_pool_and_the_command() {
    let home = Home::cut();
    home.trouble("unauthenticated", &json!({}), &json!({}));
    home.write(&Pool::eks());
    let applied = home.workspace.apply().success().says("access entry");
    applied.says("aws eks create-access-entry");
    home.workspace.assert_empty_plan();
    assert!(home.state()["allocatable_slices"].is_null());
    assert!(!home.workspace.is_tainted(POOL));
}

/// A key must be written there: without access nothing is made.
#[test]
fn whoever_has_no_access_entry_gets_no_pool_that_needs_a_key() {
    let home = Home::plugin();
    home.trouble("unauthenticated", &json!({}), &json!({}));
    home.write(&Pool::eks_plugin());
    home.workspace.apply().failure().says("aws eks create-access-entry");
    assert!(!home.knows_the_pool());
    assert_eq!(home.changes(0), Vec::<Value>::new());
}

#[test]
fn a_strategy_that_the_operator_does_not_follow_is_refused_before_anything_is_made() {
    let home = Home::operator();
    home.write(&Pool::eks_operator().text("mig_strategy", "mixed"));
    home.workspace.apply().failure().says("ClusterPolicy").says("mig.strategy");
    assert_eq!((home.knows_the_pool(), home.changes(0).len()), (false, 0));
}

/// Somebody changes the operator's policy.
#[track_caller]
fn change_policy(home: &Home, mig_manager: &Value) {
    let policies = home.api.get("/apis/nvidia.com/v1/clusterpolicies").expect("a list");
    let name = policies["items"][0]["metadata"]["name"].as_str().expect("a name").to_owned();
    let path = format!("/apis/nvidia.com/v1/clusterpolicies/{name}");
    home.api.merge(&path, &json!({"spec": {"migManager": mig_manager}}));
}

#[test]
fn an_operator_without_a_mig_manager_is_refused_before_anything_is_made() {
    let home = Home::operator();
    change_policy(&home, &json!({"enabled": false}));
    home.write(&Pool::eks_operator());
    home.workspace.apply().failure().says("migManager");
    assert_eq!((home.knows_the_pool(), home.changes(0).len()), (false, 0));
}

/// GPUs of Ampere are cut only by a restart that the operator has to be told of.
#[test]
fn an_operator_that_restarts_no_node_cuts_no_a100() {
    let home = Home::operator();
    change_policy(&home, &json!({"env": []}));
    home.write(&Pool::eks_operator().text("machine_type", "p4d.24xlarge").text("mig_profile", "1g.5gb"));
    home.workspace.apply().failure().says("WITH_REBOOT");
    assert_eq!((home.knows_the_pool(), home.changes(0).len()), (false, 0));
}

#[test]
fn bottlerocket_beside_a_plugin_that_stays_away_from_it_is_well() {
    for cluster in [PLUGIN, OPERATOR] {
        let home = Home::at(cluster, POOL);
        home.settle(&Pool::eks().text("cluster_id", cluster));
        assert_eq!(home.state()["allocatable_slices"], 7);
    }
}

#[test]
fn a_second_device_plugin_on_bottlerocket_is_refused_with_the_affinity_to_add() {
    let home = Home::at("arn:aws:eks:us-west-2:000000000000:cluster/two-plugins", SHARED);
    home.write(&Pool::eks_shared().text("cluster_id", home.cluster));
    let refused = home.workspace.apply().failure().says("nvidia-device-plugin");
    refused.says("nodeAffinity").says("nvidia.com/gpu.deploy.operands");
    assert_eq!((home.knows_the_pool(), home.changes(0).len()), (false, 0));
}
