//! A sandbox process of the test's own: its faults, its other actors, its nodes, and its record.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use ureq::Agent;
use ureq::http::request::Builder;

use super::SANDBOX;
use super::command::{self, Running};

/// What the sandbox prints when it is ready, before its address.
const READY: &str = "gpuslice-sandbox listening on ";

/// How long cloud operations take unless a test says otherwise: long enough to be polled, short enough to wait.
const LATENCY: &str = "200ms";

/// The folder that `scripts/test.sh` collects the records of all sandboxes in.
const RECORDS: &str = "GPUSLICE_RECORDS";

/// A running sandbox, killed on drop.
#[derive(Debug)]
pub(crate) struct Sandbox {
    process: Running,
    url: String,
    record: PathBuf,
    agent: Agent,
    faults: RefCell<Vec<String>>,
    _folder: TempDir,
}

/// A client that takes every answer as one, uses no proxy, and does not wait for ever.
pub(crate) fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .new_agent()
}

/// Leaves the record where `GPUSLICE_RECORDS` says, for judges that look at it after all tests.
impl Drop for Sandbox {
    fn drop(&mut self) {
        let Some(folder) = std::env::var_os(RECORDS) else { return };
        let test = std::thread::current().name().unwrap_or("test").replace("::", ".");
        let port = self.url.rsplit(':').next().unwrap_or_default();
        let name = format!("{test}-{}-{port}.jsonl", std::process::id());
        if let Err(error) = std::fs::copy(&self.record, Path::new(&folder).join(name)) {
            eprintln!("the record is not kept: {error}");
        }
    }
}

impl Sandbox {
    /// A sandbox whose operations take 200 ms.
    #[track_caller]
    pub(crate) fn start() -> Self {
        Self::with_latency(LATENCY)
    }

    /// A sandbox whose operations take this long (a duration such as `3s`).
    #[track_caller]
    pub(crate) fn with_latency(latency: &str) -> Self {
        Self::with_args(&["--latency", latency])
    }

    /// A sandbox with arguments of the test's choice beside `serve`, `--listen` and `--record`.
    #[track_caller]
    pub(crate) fn with_args(args: &[&str]) -> Self {
        let folder =
            tempfile::Builder::new().prefix("gpuslice-sandbox-").tempdir().expect("a temporary folder");
        let record = folder.path().join("record.jsonl");
        let mut serve = Command::new(SANDBOX);
        command::isolate(&mut serve);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--record"]).arg(&record).args(args);
        let mut process = command::spawn(serve);
        let mut url = None;
        process.wait_until("the sandbox listens", Duration::from_secs(30), |process| {
            url = process.said().split_once(READY).and_then(|(_, rest)| {
                // The line is complete only with its end: half an address would still parse.
                rest.split_once('\n').map(|(address, _)| address.trim().to_owned())
            });
            url.is_some()
        });
        let agent = agent();
        let url = url.expect("wait_until ends with it or panics");
        Self { process, url, record, agent, faults: RefCell::default(), _folder: folder }
    }

    /// Where it listens: `http://127.0.0.1:PORT`, the value of `GPUSLICE_SANDBOX`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The record file, for judges that read it themselves.
    pub(crate) fn record_file(&self) -> &Path {
        &self.record
    }

    /// What the sandbox has printed.
    pub(crate) fn said(&self) -> String {
        self.process.said()
    }

    /// Sends any request and returns status and answer; text that is no JSON comes as a string.
    #[track_caller]
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.send(ureq::http::Request::builder(), method, path, body)
    }

    /// As [`Self::call`], with a token: the emulated clouds want one, as the real ones do, and take any.
    #[track_caller]
    pub(crate) fn call_cloud(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let request = ureq::http::Request::builder().header("authorization", "Bearer of-the-test");
        self.send(request, method, path, body)
    }

    #[track_caller]
    fn send(&self, request: Builder, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let request = request.method(method).uri(format!("{}{path}", self.url));
        let answer = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string()).expect("a well-formed request"))
            }
            None => self.agent.run(request.body(()).expect("a well-formed request")),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.said()));
        let text = answer.body_mut().read_to_string().expect("a readable answer");
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The status of a GET by somebody who brings no token.
    #[track_caller]
    pub(crate) fn status_without_token(&self, path: &str) -> u16 {
        let answer = self.agent.get(format!("{}{path}", self.url)).call();
        answer.unwrap_or_else(|error| panic!("GET {path}: {error}")).status().as_u16()
    }

    #[track_caller]
    fn succeed(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.call(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer:#}");
        answer
    }

    /// GET of any path, which must succeed.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        self.succeed("GET", path, None)
    }

    /// Sets a fault and returns its id.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "called with json!({...}) in place")]
    pub(crate) fn fault(&self, fault: Value) -> String {
        let answer = self.succeed("POST", "/sandbox/faults", Some(&fault));
        let id = answer["id"].as_str().unwrap_or_else(|| panic!("no id in {answer:#}")).to_owned();
        self.faults.borrow_mut().push(id.clone());
        id
    }

    /// Takes back every fault that this test has set.
    #[track_caller]
    pub(crate) fn clear_faults(&self) {
        for id in self.faults.borrow_mut().drain(..) {
            let (status, answer) = self.call("DELETE", &format!("/sandbox/faults/{id}"), None);
            // A fault that has been used up may be gone already.
            assert!((200..300).contains(&status) || status == 404, "{id}: {status} {answer:#}");
        }
    }

    /// Lets somebody else act on the cloud, now or before a matching request.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "called with json!({...}) in place")]
    pub(crate) fn actor(&self, actor: Value) -> Value {
        self.succeed("POST", "/sandbox/actors", Some(&actor))
    }

    /// The clusters: `[{cloud, cluster_id, note}]`.
    #[track_caller]
    pub(crate) fn clusters(&self) -> Vec<Value> {
        list(self.get("/sandbox/clusters"))
    }

    /// The nodes of a cluster, each with uid, pool, labels, taints, allocatable.
    #[track_caller]
    pub(crate) fn nodes(&self, cluster: &str) -> Vec<Value> {
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("cluster", cluster).finish();
        list(self.get(&format!("/sandbox/nodes?{query}")))
    }

    /// The nodes of one pool.
    #[track_caller]
    pub(crate) fn nodes_of(&self, cluster: &str, pool: &str) -> Vec<Value> {
        self.nodes(cluster).into_iter().filter(|node| node["pool"] == pool).collect()
    }

    /// Back to the seeds: no pools, no faults, no actors.
    #[track_caller]
    pub(crate) fn reset(&self) {
        self.succeed("POST", "/sandbox/reset", None);
        self.faults.borrow_mut().clear();
    }

    /// Every recorded request so far: `{method, url, request_body, status, response_body, error_type, fault}`.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<Value> {
        // The file may not exist before the first request, and the last line may be half written.
        let text = fs::read_to_string(&self.record).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let parsed = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        whole.lines().map(parsed).collect()
    }

    /// The recorded requests with this method whose URL holds `path`.
    #[track_caller]
    pub(crate) fn requests(&self, method: &str, path: &str) -> Vec<Value> {
        let matches = |record: &Value| {
            record["method"] == method && record["url"].as_str().is_some_and(|url| url.contains(path))
        };
        self.records().into_iter().filter(matches).collect()
    }

    /// How many requests had this method and a URL that holds `path`.
    #[track_caller]
    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        self.requests(method, path).len()
    }
}

#[track_caller]
fn list(answer: Value) -> Vec<Value> {
    match answer {
        Value::Array(items) => items,
        other => panic!("expected a list: {other:#}"),
    }
}
