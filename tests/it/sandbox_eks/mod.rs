//! The sandbox's EKS, EC2, STS and Auto Scaling before clients and models that nobody here wrote.
//!
//! - [`clients`]: boto3, Amazon's Python client;
//! - [`judged`]: botocore's service models as a judge of everything that was recorded;
//! - [`access`]: `kubectl` with tokens made as `aws eks get-token` makes them: who comes in, and what they may do;
//! - [`rolls`]: replaced nodes and the pods on them.
//!
//! What EKS does with time is tested beside its code, where a test can move the clock.

mod access;
mod clients;
mod judged;
mod rolls;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Method;

use crate::support::Sandbox;

const JUDGE: &str = "tests/python/judge_eks.py";

const CLUSTER: &str = "arn:aws:eks:us-east-1:000000000000:cluster/sandbox";

/// Sends a request to EKS in us-east-1: status and body.
#[track_caller]
fn eks(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let agent: Agent = Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let scope = "AKIDEXAMPLE/20261122/us-east-1/eks/aws4_request";
    let signature = "0".repeat(64);
    let request = ureq::http::Request::builder()
        .method(method.parse::<Method>().expect("a method"))
        .uri(format!("{}/eks{path}", sandbox.url()))
        .header("x-amz-date", "20261122T000000Z")
        .header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={signature}"
            ),
        );
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut answer = agent.run(request.body(body).expect("a well-formed request")).expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.body_mut().read_json().expect("JSON"))
}

/// As [`eks`], for what must succeed.
#[track_caller]
fn done(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = eks(sandbox, method, path, body);
    assert_eq!(status, 200, "{method} {path}: {answer:#}");
    answer
}

/// A node group of so many A10G, with Bottlerocket.
fn group(name: &str, count: u32) -> Value {
    json!({"nodegroupName": name, "nodeRole": "arn:aws:iam::000000000000:role/node",
        "subnets": ["subnet-0000000000000000a"], "instanceTypes": ["g5.xlarge"],
        "amiType": "BOTTLEROCKET_x86_64_NVIDIA", "scalingConfig": {"minSize": 0, "maxSize": 4, "desiredSize": count}})
}

/// Waits until the answer to a GET is as wanted, and returns it.
#[track_caller]
fn wait_for(sandbox: &Sandbox, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let answer = done(sandbox, "GET", path, &Value::Null);
        if wanted(&answer) {
            return answer;
        }
        assert!(std::time::Instant::now() < deadline, "{path} stays {answer:#}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
