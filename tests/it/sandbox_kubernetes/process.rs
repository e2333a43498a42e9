//! The command line, the state file, and what is recorded of API servers.

use std::process::Command;

use serde_json::json;

use super::{ZONAL, aks};
use crate::support::{Kubectl, SANDBOX, Sandbox, command};

#[test]
fn a_kubeconfig_is_printed_for_a_cluster_that_runs() {
    let sandbox = Sandbox::start();
    let print = |cluster: &str, url: &str| {
        let mut print = Command::new(SANDBOX);
        command::isolate(&mut print);
        print.args(["kubeconfig", "--cluster", cluster, "--url", url]);
        command::run(print)
    };
    print(ZONAL, sandbox.url()).success().says("server: https://127.0.0.1:").says("current-context: zonal");
    // AKS spells its ids in several ways.
    print(&aks("SANDBOX", "sandbox").to_uppercase(), sandbox.url()).success().says("token: sandbox");
    print("nowhere", sandbox.url()).exits(1).says("there is no cluster \"nowhere\"").says(ZONAL);
    print(&aks("sandbox", "stopped"), sandbox.url()).exits(1).says("is stopped and has no API server");
    print(ZONAL, "http://127.0.0.1:9").exits(1).says("no sandbox answers at http://127.0.0.1:9");
}

#[test]
fn the_record_holds_exchanges_and_no_credentials() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    kubectl.run("create cm c --from-literal=a=1").success();
    kubectl.run("get nodes nothing").failure();
    let created = &sandbox.requests("POST", "/namespaces/default/configmaps")[0];
    assert_eq!(
        created["request_body"]["data"],
        json!({"a": "1"}),
        "also where kubectl sends its binary form"
    );
    assert_eq!((&created["status"], &created["response_body"]["kind"]), (&json!(201), &json!("ConfigMap")));
    assert!(created["url"].as_str().is_some_and(|url| url.starts_with("https://127.0.0.1:")), "{created}");
    let missing = &sandbox.requests("GET", "/api/v1/nodes/nothing")[0];
    assert_eq!((&missing["status"], &missing["error_type"]), (&json!(404), &json!("NotFound")));
    let record = std::fs::read_to_string(sandbox.record_file()).expect("a record");
    assert!(!record.contains("Bearer"), "a token was recorded");
}

#[test]
fn clusters_survive_a_restart_with_their_authority() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let state = folder.path().join("state.json");
    let args = ["--state", state.to_str().expect("a plain path"), "--latency", "200ms"];
    let first = Sandbox::with_args(&args);
    let Some(kubectl) = Kubectl::of(&first, ZONAL) else { return };
    kubectl.run("create cm kept --from-literal=a=1").success();
    let authority = |sandbox: &Sandbox| {
        let (_, cluster) = sandbox.call_cloud("GET", &format!("/v1/{ZONAL}"), None);
        cluster["masterAuth"]["clusterCaCertificate"].clone()
    };
    let before = authority(&first);
    drop(first);
    let second = Sandbox::with_args(&args);
    assert_eq!(authority(&second), before);
    let Some(kubectl) = Kubectl::of(&second, ZONAL) else { return };
    kubectl.run("get cm kept").success();
    second.reset();
    assert_eq!(authority(&second), before, "a reset leaves the authority");
    kubectl.run("get cm kept").failure().says("not found");
}
