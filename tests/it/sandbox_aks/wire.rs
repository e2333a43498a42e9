//! A pool's life on the wire, over a restart, and what is recorded of it.

use serde_json::{Value, json};

use super::{CLUSTER, azure, create, path, pool, wait_for};
use crate::support::Sandbox;

#[test]
fn a_pool_lives_and_is_gone() {
    let sandbox = Sandbox::start();
    let created = create(&sandbox, "gpu");
    let url = created.header("azure-asyncoperation").expect("where to ask").to_owned();
    assert!(url.starts_with(sandbox.url()), "absolute, with the host that was called: {url}");
    let seconds = created.header("retry-after").expect("when to ask");
    assert!(seconds.parse::<u32>().is_ok_and(|seconds| seconds >= 1), "{seconds}");
    assert_eq!(created.body["properties"]["provisioningState"], "Creating");
    wait_for(&sandbox, "gpu", "Succeeded");
    let operation = azure(&sandbox, "GET", &url, &Value::Null);
    assert_eq!((operation.status, &operation.body["status"]), (200, &json!("Succeeded")));
    assert!(operation.header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
    let deleted = azure(&sandbox, "DELETE", &path("gpu"), &Value::Null);
    assert_eq!((deleted.status, &deleted.body), (202, &Value::Null));
    assert_eq!(deleted.header("content-type"), None, "there is no body");
    let url = deleted.header("azure-asyncoperation").expect("where to ask").to_owned();
    while azure(&sandbox, "GET", &url, &Value::Null).body["status"] == "InProgress" {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(azure(&sandbox, "GET", &path("gpu"), &Value::Null).status, 404);
    assert_eq!(azure(&sandbox, "DELETE", &path("gpu"), &Value::Null).status, 204);
}

#[test]
fn slices_appear_on_the_nodes_after_their_restart() {
    let sandbox = Sandbox::start();
    create(&sandbox, "gpu");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let mut boots = std::collections::BTreeSet::new();
    loop {
        if let Some(node) = sandbox.nodes_of(CLUSTER, "gpu").first() {
            boots.insert(node["boot_id"].as_str().expect("an id").to_owned());
            if node["allocatable"]["nvidia.com/gpu"] == "3" {
                break;
            }
        }
        assert!(std::time::Instant::now() < deadline, "no slices");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(boots.len(), 2, "seen before and after");
    assert_eq!(sandbox.nodes_of(&CLUSTER.to_uppercase(), "gpu").len(), 1, "ids do not distinguish case");
}

#[test]
fn the_state_file_carries_pools_and_operations_over_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let state = folder.path().join("state.json");
    let args = ["--state", state.to_str().expect("a plain path"), "--latency", "1s"];
    let first = Sandbox::with_args(&args);
    let created = create(&first, "gpu");
    let url = created.header("azure-asyncoperation").expect("where to ask").replace(first.url(), "");
    drop(first);
    let second = Sandbox::with_args(&args);
    wait_for(&second, "gpu", "Succeeded");
    let operation = azure(&second, "GET", &format!("{}{url}", second.url()), &Value::Null);
    assert_eq!(operation.body["status"], "Succeeded");
    assert_eq!(second.nodes_of(CLUSTER, "gpu").len(), 1);
}

#[test]
fn a_proxy_with_tls_is_named_in_the_urls() {
    let sandbox = Sandbox::start();
    let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
    let request = ureq::http::Request::builder()
        .uri(format!("{}/metadata/endpoints?api-version=2022-09-01", sandbox.url()))
        .header("x-forwarded-proto", "https");
    let text =
        agent.run(request.body(()).expect("a request")).expect("an answer").body_mut().read_to_string();
    let endpoints: Value = serde_json::from_str(&text.expect("text")).expect("an object");
    let manager = endpoints["resourceManager"].as_str().expect("a URL");
    assert_eq!(manager, format!("{}/", sandbox.url().replace("http:", "https:")));
}

#[test]
fn exchanges_are_recorded_with_azures_codes_and_no_token() {
    let sandbox = Sandbox::start();
    let mut refused = pool();
    refused["properties"]["vmSize"] = json!("nonsense");
    azure(&sandbox, "PUT", &path("gpu"), &refused);
    azure(&sandbox, "DELETE", &path("gpu"), &Value::Null);
    let records = sandbox.records();
    assert_eq!((&records[0]["status"], &records[0]["error_type"]), (&json!(400), &json!("BadRequest")));
    assert_eq!(records[0]["request_body"], refused);
    assert_eq!((&records[1]["status"], &records[1]["response_body"]), (&json!(204), &Value::Null));
    assert_eq!(sandbox.status_without_token(&format!("{CLUSTER}?api-version=2026-08-01")), 401);
    let text = std::fs::read_to_string(sandbox.record_file()).expect("a record");
    assert!(!text.contains("of-the-test") && !text.to_lowercase().contains("bearer"), "{text}");
}
