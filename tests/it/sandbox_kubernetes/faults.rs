//! Bad days of an API server before kubectl.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ZONAL;
use crate::support::{Kubectl, Sandbox};

/// A fault of API servers that meets many calls.
fn fault(sandbox: &Sandbox, kind: &str, matching: &Value, params: &Value) {
    let mut matching = matching.clone();
    matching["cloud"] = json!("kubernetes");
    sandbox.fault(json!({"kind": kind, "match": matching, "times": 1000, "params": params}));
}

#[test]
fn refusals_have_kubernetes_words() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    kubectl.run("get nodes").success();
    for (kind, words) in [
        ("unauthenticated", "You must be logged in to the server"),
        ("unavailable", "the server is currently unable to handle the request"),
        ("busy", "the object has been modified"),
        ("quota", "exceeded quota"),
        ("not_found", "not found"),
    ] {
        fault(&sandbox, kind, &json!({"resource": "configmaps"}), &json!({}));
        kubectl.run("get cm kube-root").failure().says(words);
        sandbox.clear_faults();
    }
    sandbox
        .fault(json!({"kind": "throttle", "match": {"cloud": "kubernetes", "resource": "nodes"}, "times": 2,
        "params": {"retry_after": "1s"}}));
    let started = Instant::now();
    kubectl.run("get nodes").success();
    assert!(started.elapsed() >= Duration::from_secs(2), "kubectl waits as long as it is told");
}

#[test]
fn a_server_that_cannot_be_reached_or_is_slow() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    fault(&sandbox, "unreachable", &json!({"cluster": ZONAL}), &json!({}));
    kubectl.run("get nodes").failure();
    sandbox.clear_faults();
    fault(&sandbox, "unreachable", &json!({}), &json!({"how": "silent"}));
    kubectl.run("get nodes --request-timeout=1s").failure();
    sandbox.clear_faults();
    fault(&sandbox, "slow_answer", &json!({"resource": "nodes"}), &json!({"delay": "300ms"}));
    let started = Instant::now();
    kubectl.run("get nodes").success();
    assert!(started.elapsed() >= Duration::from_millis(300));
    sandbox.clear_faults();
    fault(&sandbox, "drop_connection", &json!({"verb": "create"}), &json!({"effect": "after"}));
    kubectl.run("create cm kept --from-literal=a=1").failure();
    sandbox.clear_faults();
    kubectl.run("get cm kept").success();
}

#[test]
fn a_watch_that_is_cut_is_opened_again() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    kubectl.run("create cm c --from-literal=a=1").success();
    for how in ["end", "cut"] {
        sandbox.fault(
            json!({"kind": "cut_watch", "match": {"cloud": "kubernetes", "verb": "watch"}, "times": 1,
            "params": {"after": "200ms", "how": how}}),
        );
        let mut waiting = kubectl.spawn(&format!("wait --for=jsonpath={{.data.a}}={how} cm/c --timeout=30s"));
        super::until("the watch was cut", || {
            sandbox.requests("GET", "watch=true").iter().any(|record| record["fault"] == "cut_watch")
        });
        std::thread::sleep(Duration::from_millis(400));
        kubectl.run_with("patch cm c -p", &format!(r#"{{"data":{{"a":"{how}"}}}}"#)).success();
        waiting.wait_until_said("condition met", Duration::from_secs(20));
    }
}

#[test]
fn a_server_that_forgot_old_versions_says_so() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    kubectl.run("get nodes").success();
    sandbox.actor(json!({"kind": "compact", "cluster": ZONAL}));
    let lines =
        kubectl.run("get --raw /api/v1/nodes?watch=true&resourceVersion=1&timeoutSeconds=1").success();
    assert!(lines.stdout.contains("\"type\":\"ERROR\"") && lines.stdout.contains("Expired"), "{lines}");
}
