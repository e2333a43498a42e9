//! Faults as a client feels them on the wire.

use serde_json::{Value, json};

use super::{CLUSTER, azure, create, path, pool, send, wait_for};
use crate::support::Sandbox;

#[test]
fn refusals_have_azures_shape_and_no_effect() {
    let sandbox = Sandbox::start();
    for (kind, status, code) in [
        ("throttle", 429, "Throttled"),
        ("busy", 409, "OperationNotAllowed"),
        ("quota", 400, "ErrCode_InsufficientVCPUQuota"),
        ("etag_mismatch", 409, "EtagMismatch"),
        ("permission", 403, "AuthorizationFailed"),
        ("unauthenticated", 401, "ExpiredAuthenticationToken"),
        ("unavailable", 503, "ServiceUnavailable"),
    ] {
        sandbox
            .fault(json!({"kind": kind, "match": {"cloud": "aks", "method": "PUT", "path": "/agentPools/"}}));
        let answer = azure(&sandbox, "PUT", &path("gpu"), &pool());
        let found = answer.body.pointer("/error/code").unwrap_or(&answer.body["code"]);
        assert_eq!((answer.status, found), (status, &json!(code)), "{kind}");
        assert!(
            answer.header("x-ms-request-id").is_some()
                && answer.header("x-ms-correlation-request-id").is_some()
        );
        let record = sandbox.requests("PUT", "/agentPools/").pop().expect("it is recorded");
        assert_eq!((&record["fault"], &record["error_type"]), (&json!(kind), &json!(code)));
    }
    assert_eq!(azure(&sandbox, "GET", &path("gpu"), &Value::Null).status, 404);
    create(&sandbox, "gpu");
}

#[test]
fn faults_of_one_cloud_leave_the_other_alone() {
    let sandbox = Sandbox::start();
    sandbox.fault(json!({"kind": "unavailable", "match": {"cloud": "gke"}, "times": 9}));
    assert_eq!(azure(&sandbox, "GET", CLUSTER, &Value::Null).status, 200);
    let google = "/v1/projects/sandbox/locations/us-central1/clusters/sandbox";
    assert_eq!(sandbox.call_cloud("GET", google, None).0, 503);
}

#[test]
fn an_answer_may_lack_what_tells_how_to_wait() {
    let sandbox = Sandbox::start();
    let polling = ["azure-asyncoperation", "location", "retry-after"];
    for (name, params, lacking) in [
        ("a", json!({}), &polling[..]),
        ("b", json!({"without": "azure-asyncoperation"}), &polling[..1]),
        ("c", json!({"without": "location"}), &polling[1..2]),
        ("d", json!({"without": "retry-after"}), &polling[2..]),
    ] {
        sandbox.fault(json!({"kind": "missing_headers", "match": {"method": "PUT"}, "params": params}));
        let answer = create(&sandbox, name);
        for header in polling {
            assert_eq!(answer.header(header).is_none(), lacking.contains(&header), "{name}: {header}");
        }
        wait_for(&sandbox, name, "Succeeded");
    }
}

#[test]
fn an_operation_may_not_be_found_for_a_while() {
    let sandbox = Sandbox::start();
    let url = create(&sandbox, "gpu").header("azure-asyncoperation").expect("where to ask").to_owned();
    sandbox.fault(json!({"kind": "not_found", "match": {"path": "/operations/"}, "times": 2}));
    let statuses = [(); 3].map(|()| azure(&sandbox, "GET", &url, &Value::Null).status);
    assert_eq!(statuses, [404, 404, 200]);
}

#[test]
fn connections_are_cut_and_answers_are_no_json() {
    let sandbox = Sandbox::start();
    for (name, effect, status) in [("before", "before", 404), ("after", "after", 200)] {
        sandbox.fault(
            json!({"kind": "drop_connection", "match": {"method": "PUT"}, "params": {"effect": effect}}),
        );
        let error = send(&sandbox, "PUT", &path(name), &pool()).err().expect("no answer comes");
        assert!(!matches!(error, ureq::Error::StatusCode(_)), "{error}");
        assert_eq!(azure(&sandbox, "GET", &path(name), &Value::Null).status, status, "{effect}");
    }
    let wrong = |body: &str| {
        sandbox.fault(json!({"kind": "wrong_answer", "match": {"method": "GET"}, "params": {"body": body}}));
        send(&sandbox, "GET", CLUSTER, &Value::Null)
    };
    assert!(wrong("text").expect("an answer").body.as_str().is_some_and(|text| text.contains("<html>")));
    let empty = wrong("empty").expect("an answer");
    assert_eq!((empty.status, empty.body), (200, Value::Null));
    assert!(wrong("truncated").is_err(), "the body ends too early");
}

#[test]
fn a_failed_create_leaves_its_pool_and_its_reason() {
    let sandbox = Sandbox::start();
    sandbox.fault(json!({"kind": "stockout", "params": {"code": "SkuNotAvailable", "heal_after": "1s"}}));
    create(&sandbox, "gpu");
    assert_eq!(sandbox.requests("PUT", "/agentPools/")[0]["fault"], "stockout");
    wait_for(&sandbox, "gpu", "Failed");
    let failed = azure(&sandbox, "GET", &path("gpu"), &Value::Null).body;
    assert_eq!(failed["properties"]["status"]["provisioningError"]["code"], "SkuNotAvailable");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(azure(&sandbox, "PUT", &path("gpu"), &pool()).status, 200, "it is there");
    wait_for(&sandbox, "gpu", "Succeeded");
}
