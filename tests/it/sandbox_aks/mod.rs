//! The sandbox's AKS as a process, on the wire, and before judges that nobody here wrote.
//!
//! - [`wire`]: a pool's life, the state file, what is recorded;
//! - [`faults`]: faults as a client feels them;
//! - [`actors`]: the sandbox's own API where it concerns AKS;
//! - [`clients`]: Microsoft's Python client, and its classes as a judge of everything that was recorded;
//! - [`provider`]: the same judge over what the provider sends.
//!
//! What AKS does with time is tested beside its code, where a test can move the clock.

mod actors;
mod clients;
mod faults;
mod provider;
mod wire;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{HeaderMap, Method};

use crate::support::output::Checked;
use crate::support::{Sandbox, tools};

const JUDGE: &str = "tests/python/judge_aks.py";

const CLUSTER: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/\
                       Microsoft.ContainerService/managedClusters/sandbox";

/// The version of the API that is asked for.
const VERSION: &str = "2026-08-01";

/// An answer: status, headers, body (text where it is no JSON, null where there is none).
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of text"))
    }
}

/// Sends a request with a token. The target is a path, which gets the version, or a whole URL. An error is one of the
/// connection or of reading the answer.
fn send(sandbox: &Sandbox, method: &str, target: &str, body: &Value) -> Result<Answer, ureq::Error> {
    let agent: Agent = Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let url = if target.starts_with("http") {
        target.to_owned()
    } else {
        format!("{}{target}?api-version={VERSION}", sandbox.url())
    };
    let request = ureq::http::Request::builder()
        .method(method.parse::<Method>().expect("a method"))
        .uri(url)
        .header("authorization", "Bearer token-of-the-test");
    let answer = if body.is_null() {
        agent.run(request.body(())?)?
    } else {
        agent.run(request.header("content-type", "application/json").body(body.to_string())?)?
    };
    let (parts, mut body) = answer.into_parts();
    let text = body.read_to_string()?;
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    };
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// Sends a request that is answered.
#[track_caller]
fn azure(sandbox: &Sandbox, method: &str, target: &str, body: &Value) -> Answer {
    send(sandbox, method, target, body).expect("an answer")
}

/// Has Microsoft's classes judge everything that was recorded.
#[track_caller]
fn judged(sandbox: &Sandbox) -> Checked {
    tools::run_python(JUDGE, [sandbox.record_file()]).success().says(" 0 violations")
}

/// A pool's path.
fn path(name: &str) -> String {
    format!("{CLUSTER}/agentPools/{name}")
}

/// A pool of one A100 in three slices, with AKS's own device plugin.
fn pool() -> Value {
    json!({"properties": {
        "count": 1,
        "mode": "User",
        "vmSize": "Standard_NC24ads_A100_v4",
        "gpuInstanceProfile": "MIG2g",
        "gpuProfile": {"driver": "Install", "nvidia": {"managementMode": "Managed"}},
    }})
}

/// Creates a pool; the operation is not waited for.
#[track_caller]
fn create(sandbox: &Sandbox, name: &str) -> Answer {
    let answer = azure(sandbox, "PUT", &path(name), &pool());
    assert_eq!(answer.status, 201, "{:#}", answer.body);
    answer
}

/// Waits until the pool is in that state.
#[track_caller]
fn wait_for(sandbox: &Sandbox, name: &str, wanted: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let pool = azure(sandbox, "GET", &path(name), &Value::Null).body;
        if pool["properties"]["provisioningState"] == wanted {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{name} does not become {wanted}: {pool:#}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
