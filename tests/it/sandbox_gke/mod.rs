//! The sandbox as a process, and its GKE before judges that nobody here wrote.
//!
//! - [`process`]: the command line, the state file, the end;
//! - [`control`]: the sandbox's own API;
//! - [`faults`]: faults as a client feels them on the wire;
//! - [`clients`]: `gcloud`, Google's Python client, and Google's discovery documents.
//!
//! What GKE does with time is tested beside its code, where a test can move the clock.

mod clients;
mod control;
mod faults;
mod process;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Response;

use crate::support::Sandbox;

const CLUSTER: &str = "projects/sandbox/locations/us-central1/clusters/sandbox";

/// Sends a request to the cloud with a token. An error is one of the connection or of reading the answer.
fn send(
    sandbox: &Sandbox,
    method: &str,
    path: &str,
    body: &Value,
) -> Result<(Response<()>, String), ureq::Error> {
    let agent: Agent = Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{}/v1/{path}", sandbox.url()))
        .header("authorization", "Bearer token-of-the-test");
    let answer = if body.is_null() {
        agent.run(request.body(())?)?
    } else {
        agent.run(request.header("content-type", "application/json").body(body.to_string())?)?
    };
    let (parts, mut body) = answer.into_parts();
    let text = body.read_to_string()?;
    Ok((Response::from_parts(parts, ()), text))
}

/// Sends a request that is answered: status and body.
#[track_caller]
fn google(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let (answer, text) = send(sandbox, method, path, body).expect("an answer");
    (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// A pool of one A100 in seven partitions.
fn pool(name: &str) -> Value {
    json!({"nodePool": {"name": name, "initialNodeCount": 1, "locations": ["us-central1-a"], "config": {
        "machineType": "a2-highgpu-1g",
        "accelerators": [
            {"acceleratorType": "nvidia-tesla-a100", "acceleratorCount": "1", "gpuPartitionSize": "1g.5gb"}],
    }}})
}

/// Creates a pool; the operation is not waited for.
#[track_caller]
fn create(sandbox: &Sandbox, name: &str) -> Value {
    let (status, operation) = google(sandbox, "POST", &format!("{CLUSTER}/nodePools"), &pool(name));
    assert_eq!(status, 200, "{operation:#}");
    operation
}

/// Waits until the pool has the status.
#[track_caller]
fn wait_for(sandbox: &Sandbox, name: &str, wanted: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let (_, pool) = google(sandbox, "GET", &format!("{CLUSTER}/nodePools/{name}"), &Value::Null);
        if pool["status"] == wanted {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{name} does not become {wanted}: {pool:#}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
