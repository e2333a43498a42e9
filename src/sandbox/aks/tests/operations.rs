//! Operations: how they are asked for, how they end, how they are aborted.

use super::*;

#[test]
fn an_operation_is_asked_for_by_its_own_url_and_no_other() {
    let mut azure = Azure::new();
    let url = azure.put(CLUSTER, "gpu", &a100(1));
    let operation = azure.get(&url);
    assert!(operation["startTime"].is_string() && operation["endTime"].is_null());
    assert!(url.contains(operation["name"].as_str().unwrap()));
    let (path, _) = url.split_once('?').unwrap();
    let mut status = |url: &str| azure.call("GET", url, &Value::Null).0;
    assert_eq!(status(&format!("{path}?api-version=2016-03-31")), 404, "without the signature");
    assert_eq!(status(&url.replace("eastus", "westus")), 404);
    assert_eq!(status(&url.replace("2016-03-31", "2016-03-30")), 400);
    azure.pass(LATENCY);
    assert!(azure.get(&url)["endTime"].is_string());
}

#[test]
fn the_result_is_the_pool() {
    let mut azure = Azure::new();
    let url = azure.put(CLUSTER, "gpu", &a100(1)).replace("/operations/", "/operationresults/");
    let running = azure.send("GET", &url, &[], &Value::Null);
    assert_eq!((running.status, json_of(&running)), (202, Value::Null));
    assert!(header(&running, "location").is_some() && header(&running, "retry-after").is_some());
    azure.pass(LATENCY);
    assert_eq!(azure.get(&url)["name"], "gpu");
}

#[test]
fn a_failed_operation_is_a_success_of_the_call() {
    let mut azure = Azure::new();
    azure.fault(&json!({"kind": "failed_operation", "params": {"code": "VMExtensionProvisioningError", "message": "oh"}}));
    let url = azure.put(CLUSTER, "gpu", &a100(1));
    azure.pass(LATENCY);
    let operation = azure.get(&url);
    assert_eq!(operation["status"], "Failed");
    assert_eq!(operation["error"], json!({"code": "VMExtensionProvisioningError", "message": "oh"}));
    let result = url.replace("/operations/", "/operationresults/");
    assert_eq!(azure.call("GET", &result, &Value::Null).0, 400);
    let shown = azure.pool(CLUSTER, "gpu");
    assert_eq!(
        (&shown["provisioningState"], &shown["status"]["provisioningError"]),
        (&json!("Failed"), &operation["error"])
    );
    // It can be deleted, and an update of a failed pool is a new attempt.
    let same = azure.patched(CLUSTER, "gpu", |_| {});
    azure.put(CLUSTER, "gpu", &same);
    azure.pass(LATENCY);
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Succeeded");
}

#[test]
fn an_abort_leaves_the_pool_canceled() {
    let mut azure = Azure::new();
    let url = azure.put(CLUSTER, "gpu", &a100(1));
    azure.pass(LATENCY / 2);
    let answer = azure.send("POST", &format!("{CLUSTER}/agentPools/gpu/abort"), &[], &Value::Null);
    assert_eq!(answer.status, 202);
    let abort = header(&answer, "azure-asyncoperation").unwrap().to_owned();
    assert_eq!(azure.get(&abort)["status"], "Succeeded");
    assert_eq!(azure.get(&url)["status"], "Canceled");
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Canceled");
    let again = azure.call("POST", &format!("{CLUSTER}/agentPools/gpu/abort"), &Value::Null);
    assert_eq!(again.0, 204, "nothing runs");
    azure.put(CLUSTER, "gpu", &a100(1));
    azure.pass(LATENCY);
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Succeeded");
}

#[test]
fn an_operation_ends_when_its_pool_is_taken_away() {
    let mut azure = Azure::new();
    let url = azure.put(CLUSTER, "gpu", &a100(1));
    azure.act(&json!({"kind": "delete_pool", "cluster": CLUSTER, "pool": "gpu"}));
    assert_eq!(azure.get(&url)["error"]["code"], "NotFound");
}
