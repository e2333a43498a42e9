//! Faults as a client feels them on the wire, and what the record says of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CLUSTER, create, google, pool, send, wait_for};
use crate::support::Sandbox;

fn post(sandbox: &Sandbox, name: &str) -> (u16, Value) {
    google(sandbox, "POST", &format!("{CLUSTER}/nodePools"), &pool(name))
}

#[test]
fn refusals_have_googles_shape_and_no_effect() {
    let sandbox = Sandbox::start();
    for (kind, http, status, part) in [
        ("throttle", 429, "RESOURCE_EXHAUSTED", "Quota exceeded"),
        ("busy", 400, "FAILED_PRECONDITION", "Please wait and try again once it is done"),
        ("quota_operations", 429, "RESOURCE_EXHAUSTED", "concurrent operations quota 5"),
        ("quota", 403, "PERMISSION_DENIED", "Insufficient regional quota"),
        ("permission", 403, "PERMISSION_DENIED", "Permission denied"),
        ("unauthenticated", 401, "UNAUTHENTICATED", "authentication credential"),
        ("unavailable", 503, "UNAVAILABLE", "unavailable"),
    ] {
        sandbox
            .fault(json!({"kind": kind, "match": {"cloud": "gke", "method": "POST", "path": "/nodePools"}}));
        let (found, answer) = post(&sandbox, "mig");
        let error = &answer["error"];
        assert_eq!((found, &error["status"]), (http, &json!(status)), "{kind}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(part)), "{kind}: {error:#}");
        let record = sandbox.requests("POST", "/nodePools").pop().expect("it is recorded");
        assert_eq!((&record["fault"], &record["error_type"]), (&json!(kind), &json!(status)));
    }
    let path = format!("{CLUSTER}/nodePools/mig");
    assert_eq!(google(&sandbox, "GET", &path, &Value::Null).0, 404);
    assert_eq!(post(&sandbox, "mig").0, 200, "each fault came once");
}

#[test]
fn throttling_says_when_to_come_back() {
    let sandbox = Sandbox::with_args(&[
        "--fault",
        "throttle:method=GET,path=/nodePools,times=2,after=1,retry_after=1500ms",
    ]);
    let path = format!("{CLUSTER}/nodePools");
    let statuses: Vec<_> = (0..4)
        .map(|_| {
            let (answer, _) = send(&sandbox, "GET", &path, &Value::Null).expect("an answer");
            (
                answer.status().as_u16(),
                answer.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned()),
            )
        })
        .collect();
    let throttled = (429, Some("2".to_owned()));
    assert_eq!(statuses, [(200, None), throttled.clone(), throttled, (200, None)]);
}

#[test]
fn a_cut_connection_may_have_had_its_effect() {
    let sandbox = Sandbox::start();
    for (effect, status) in [("before", 404), ("after", 200)] {
        sandbox.fault(
            json!({"kind": "drop_connection", "match": {"method": "POST"}, "params": {"effect": effect}}),
        );
        let path = format!("{CLUSTER}/nodePools");
        let error = send(&sandbox, "POST", &path, &pool(effect)).expect_err("no answer comes");
        assert!(!matches!(error, ureq::Error::StatusCode(_)), "{error}");
        let record = sandbox.requests("POST", "/nodePools").pop().expect("it is recorded");
        assert_eq!((&record["status"], &record["response_body"]), (&json!(0), &Value::Null));
        assert_eq!(record["fault"], "drop_connection");
        assert_eq!(google(&sandbox, "GET", &format!("{path}/{effect}"), &Value::Null).0, status, "{effect}");
    }
}

#[test]
fn wrong_answers_cannot_be_read() {
    let sandbox = Sandbox::start();
    sandbox.fault(json!({"kind": "wrong_answer", "match": {"method": "GET"}}));
    let (answer, text) = send(&sandbox, "GET", CLUSTER, &Value::Null).expect("an answer");
    assert_eq!(answer.status(), 200);
    serde_json::from_str::<Value>(&text).expect_err("this is no JSON");
    sandbox
        .fault(json!({"kind": "wrong_answer", "match": {"method": "GET"}, "params": {"body": "truncated"}}));
    send(&sandbox, "GET", CLUSTER, &Value::Null).expect_err("the body ends too early");
    assert_eq!(google(&sandbox, "GET", CLUSTER, &Value::Null).0, 200);
}

#[test]
fn answers_can_be_slow_one_by_one_or_all() {
    let sandbox = Sandbox::with_args(&["--answer-delay", "100ms"]);
    let timed = || {
        let started = Instant::now();
        assert_eq!(google(&sandbox, "GET", CLUSTER, &Value::Null).0, 200);
        started.elapsed()
    };
    assert!(timed() >= Duration::from_millis(100));
    sandbox.fault(json!({"kind": "slow_answer", "params": {"delay": "400ms"}}));
    assert!(timed() >= Duration::from_millis(500));
    assert_eq!(sandbox.get("/sandbox/faults")["active"][0]["times"], 0, "once");
}

#[test]
fn an_outcome_is_recorded_with_the_call_that_started_the_operation() {
    let sandbox = Sandbox::start();
    sandbox.fault(json!({"kind": "stockout", "params": {"heal_after": "600ms"}}));
    create(&sandbox, "mig");
    assert_eq!(sandbox.requests("POST", "/nodePools")[0]["fault"], "stockout");
    wait_for(&sandbox, "mig", "ERROR");
    wait_for(&sandbox, "mig", "RUNNING");
}

#[test]
fn no_credential_is_ever_recorded() {
    let sandbox = Sandbox::start();
    create(&sandbox, "mig");
    assert_eq!(
        sandbox.status_without_token(&format!("/v1/{CLUSTER}")),
        401,
        "nobody is let in without a token"
    );
    let text = std::fs::read_to_string(sandbox.record_file()).expect("a record");
    assert_eq!(text.lines().count(), 2);
    assert!(!text.contains("of-the-test") && !text.to_lowercase().contains("bearer"), "{text}");
}
