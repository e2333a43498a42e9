//! Faults in Azure's words, and operations that end badly.

use super::*;
use crate::sandbox::fault_kinds::Effect;

/// What the fault answers a call with.
fn answered(fault: &Value, method: &str, path: &str) -> Answer {
    let mut azure = Azure::new();
    azure.fault(fault);
    let call = Call {
        method: method.to_owned(),
        target: String::new(),
        path: path.to_owned(),
        query: String::new(),
        headers: http::HeaderMap::new(),
        body: Vec::new(),
    };
    let Some((_, Effect::Refuse(refused))) = azure.faults.meet("aks", &call) else {
        panic!("{fault} refuses nothing")
    };
    let (now, random, faults) = (azure.now, &mut azure.random, &mut azure.faults);
    let mut context =
        Context { now, latency: LATENCY, random, faults, call: Some(&call), directory: None, applied: None };
    azure.aks.refuse(&mut context, &call, &refused)
}

#[test]
fn refusals_have_azures_statuses_codes_and_shapes() {
    let pool = format!("{CLUSTER}/agentPools/gpu");
    for (kind, params, status, code, bare) in [
        ("throttle", json!({"retry_after": "1500ms"}), 429, "Throttled", true),
        ("busy", json!({}), 409, "OperationNotAllowed", true),
        ("quota_operations", json!({}), 409, "AnotherOperationInProgress", true),
        ("quota", json!({}), 400, "ErrCode_InsufficientVCPUQuota", true),
        ("etag_mismatch", json!({}), 409, "EtagMismatch", true),
        ("etag_mismatch", json!({"status": "412"}), 412, "PreconditionFailed", true),
        ("permission", json!({}), 403, "AuthorizationFailed", false),
        ("unauthenticated", json!({}), 401, "ExpiredAuthenticationToken", false),
        ("unavailable", json!({}), 503, "ServiceUnavailable", false),
        ("not_found", json!({}), 404, "NotFound", true),
        ("not_found", json!({"what": "cluster"}), 404, "ResourceNotFound", false),
        ("not_found", json!({"what": "group"}), 404, "ResourceGroupNotFound", false),
        ("not_found", json!({"what": "subscription"}), 404, "SubscriptionNotFound", false),
    ] {
        let answer = answered(&json!({"kind": kind, "params": params}), "PUT", &pool);
        let body = json_of(&answer);
        assert_eq!(answer.status, status, "{kind}");
        assert_eq!(if bare { &body["code"] } else { &body["error"]["code"] }, code, "{kind}: {body}");
        assert!(header(&answer, "x-ms-request-id").is_some(), "{kind}");
        assert_eq!(header(&answer, "retry-after").is_some(), kind == "throttle");
    }
}

#[test]
fn a_stockout_has_the_code_that_was_asked_for() {
    for (params, code, cause) in [
        (json!({}), "AllocationFailed", Value::Null),
        (json!({"code": "SkuNotAvailable"}), "SkuNotAvailable", Value::Null),
        (
            json!({"code": "OverconstrainedAllocationRequest", "wrapped": true}),
            "CreateVMSSAgentPoolFailed",
            json!("OverconstrainedAllocationRequest"),
        ),
    ] {
        let mut azure = Azure::new();
        azure.fault(&json!({"kind": "stockout", "params": params}));
        let url = azure.put(CLUSTER, "gpu", &a100(1));
        azure.pass(LATENCY);
        let error = azure.get(&url)["error"].take();
        assert_eq!((&error["code"], &error["details"][0]["code"]), (&json!(code), &cause));
        let same = azure.patched(CLUSTER, "gpu", |_| {});
        azure.put(CLUSTER, "gpu", &same);
        azure.pass(LATENCY);
        assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Failed", "it does not heal");
    }
}

#[test]
fn a_stockout_heals_after_its_time_for_those_who_try_again() {
    let mut azure = Azure::new();
    azure.fault(&json!({"kind": "stockout", "params": {"heal_after": "3s"}}));
    azure.put(CLUSTER, "gpu", &a100(1));
    azure.pass(4 * LATENCY);
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Failed");
    let same = azure.patched(CLUSTER, "gpu", |_| {});
    azure.put(CLUSTER, "gpu", &same);
    azure.pass(LATENCY);
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Succeeded");
}

#[test]
fn a_patient_operation_waits_for_the_stock() {
    let mut azure = Azure::new();
    azure.fault(&json!({"kind": "stockout", "params": {"heal_after": "5s", "pool": "provisioning"}}));
    let url = azure.put(CLUSTER, "gpu", &a100(1));
    azure.pass(4 * LATENCY);
    assert_eq!(azure.get(&url)["status"], "InProgress");
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Creating");
    azure.pass(2 * LATENCY);
    assert_eq!(azure.get(&url)["status"], "Succeeded");
}

#[test]
fn operations_fail_hang_and_are_cancelled() {
    let mut azure = Azure::new();
    azure.fault(&json!({"kind": "failed_operation", "params": {"leave_pool": false}}));
    azure.put(CLUSTER, "gpu", &a100(1));
    azure.pass(LATENCY);
    assert_eq!(azure.call("GET", &format!("{CLUSTER}/agentPools/gpu"), &Value::Null).0, 404);
    azure.fault(&json!({"kind": "cancel_operation"}));
    let url = azure.put(CLUSTER, "gpu", &a100(1));
    azure.pass(LATENCY);
    assert_eq!(azure.get(&url)["status"], "Canceled");
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Canceled");
    azure.fault(&json!({"kind": "hang_operation", "params": {"length": "9s"}}));
    let url = azure.put(CLUSTER, "gpu", &a100(1));
    azure.pass(8 * LATENCY);
    assert_eq!(azure.get(&url)["status"], "InProgress");
    azure.pass(LATENCY);
    assert_eq!(azure.get(&url)["status"], "Succeeded");
}
