//! One cluster as a client sees it, with a clock that only the tests move.

mod components;
mod drains;
mod nodes;
mod pods;
mod reading;
mod watching;
mod writing;

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::{Value, json};

use super::access::{Rights, User};
use super::api::{Asking, Outcome};
use super::cluster::{Scene, Stack, View};
use super::model::Kubernetes;
use super::request::Path;
use super::watch::Watch;
use crate::sandbox::exchange::{Body, Call};
use crate::sandbox::faults::Faults;
use crate::sandbox::nodes::{Gpus, Node, Taint};
use crate::sandbox::random::Random;

/// The length of a cloud's operation in these tests, in milliseconds.
const LATENCY: u64 = 1_000;

/// A call with a token. A target may carry a query.
pub(super) fn call(method: &str, target: &str, body: &Value) -> Call {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer token".parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("user-agent", "test/1".parse().unwrap());
    Call {
        method: method.to_owned(),
        target: target.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
    }
}

/// A cluster, its machines and its clock.
pub(super) struct Desk {
    kubernetes: Kubernetes,
    pub(super) nodes: Vec<Node>,
    pub(super) stack: Stack,
    pub(super) workload: bool,
    random: Random,
    faults: Faults,
    pub(super) now: u64,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::with(Stack::Nothing, Vec::new())
    }

    pub(super) fn with(stack: Stack, nodes: Vec<Node>) -> Self {
        let (kubernetes, random, faults) = (Kubernetes::default(), Random::new(1), Faults::default());
        Self { kubernetes, nodes, stack, workload: false, random, faults, now: 1_800_000_000_000 }
    }

    pub(super) fn pass(&mut self, millis: u64) {
        self.now += millis;
    }

    fn on<T>(&mut self, act: impl FnOnce(&mut super::cluster::Cluster, &mut Scene<'_>, &Faults) -> T) -> T {
        let view = View {
            id: "cluster".to_owned(),
            cloud: "aks",
            version: "1.34.4",
            created_at: 1_700_000_000_000,
            tokens: true,
            certificates: true,
            stack: self.stack,
            workload: self.workload,
            door: None,
            nodes: self.nodes.iter().collect(),
        };
        let mut scene = Scene { now: self.now, latency: LATENCY, random: &mut self.random };
        let (cluster, _) = self.kubernetes.present(&mut scene, &view);
        let done = act(cluster, &mut scene, &self.faults);
        cluster.settle(&mut scene, &view);
        done
    }

    fn outcome(&mut self, call: &Call) -> Outcome {
        let path = Path::read(&call.path);
        let user = User { name: "tester".to_owned(), groups: Vec::new(), rights: Rights::All };
        self.on(|cluster, scene, faults| {
            let asking = Asking { cluster: "cluster", call, path: &path, user: &user };
            cluster.answer(scene, &asking, faults)
        })
    }

    /// Status, body and warnings of any call.
    pub(super) fn send(&mut self, call: &Call) -> (u16, Value, Vec<String>) {
        match self.outcome(call) {
            Outcome::Answer(answer) => {
                let warnings = answer.headers.iter().filter(|(name, _)| *name == "warning");
                let warnings = warnings.map(|(_, text)| text.clone()).collect();
                let body = match answer.body {
                    Body::Json(body) => body,
                    Body::Text(_, text) => json!(text),
                    Body::Empty => Value::Null,
                };
                (answer.status, body, warnings)
            }
            Outcome::Watch(_) => panic!("{} opens a watch", call.target),
        }
    }

    pub(super) fn call(&mut self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let (status, body, _) = self.send(&call(method, target, body));
        (status, body)
    }

    #[track_caller]
    pub(super) fn get(&mut self, target: &str) -> Value {
        let (status, body) = self.call("GET", target, &Value::Null);
        assert_eq!(status, 200, "GET {target}: {body}");
        body
    }

    #[track_caller]
    pub(super) fn ok(&mut self, method: &str, target: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, target, body);
        assert!((200..300).contains(&status), "{method} {target}: {answer}");
        answer
    }

    /// A call that must be refused: code, reason and message.
    #[track_caller]
    pub(super) fn refused(&mut self, method: &str, target: &str, body: &Value) -> (u16, String, String) {
        let (status, answer) = self.call(method, target, body);
        assert!(
            status >= 400 && answer["kind"] == "Status" && answer["code"] == status,
            "{method} {target}: {answer}"
        );
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        (status, text("reason"), text("message"))
    }

    /// A patch with a content type such as `merge-patch+json`.
    #[track_caller]
    pub(super) fn patch(&mut self, kind: &str, target: &str, body: &Value) -> (u16, Value) {
        let mut patch = call("PATCH", target, body);
        patch.headers.insert("content-type", format!("application/{kind}").parse().unwrap());
        let (status, body, _) = self.send(&patch);
        (status, body)
    }

    pub(super) fn watch(&mut self, target: &str) -> Watch {
        match self.outcome(&call("GET", target, &Value::Null)) {
            Outcome::Watch(watch) => *watch,
            Outcome::Answer(answer) => panic!("{target}: {answer:?}"),
        }
    }

    /// What a watch has to say: (type, name) of each line; `END` where it ends.
    pub(super) fn told(&mut self, watch: &mut Watch) -> Vec<(String, String)> {
        let lines = self.lines(watch);
        let pair = |line: &Value| {
            let text =
                |pointer: &str| line.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            (text("/type"), text("/object/metadata/name"))
        };
        lines.iter().map(pair).collect()
    }

    pub(super) fn lines(&mut self, watch: &mut Watch) -> Vec<Value> {
        let now = self.now;
        match self.on(|cluster, _, _| watch.step(cluster, now)) {
            super::Step::Lines(bytes) => {
                let text = String::from_utf8(bytes).unwrap();
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
            }
            super::Step::Nothing => Vec::new(),
            super::Step::End => vec![json!({"type": "END"})],
            super::Step::Cut => vec![json!({"type": "CUT"})],
        }
    }

    /// A node by its name.
    #[track_caller]
    pub(super) fn node(&mut self, name: &str) -> Value {
        self.get(&format!("/api/v1/nodes/{name}"))
    }

    pub(super) fn config_map(&mut self, name: &str, data: &Value) -> Value {
        let object = json!({"metadata": {"name": name}, "data": data});
        self.ok("POST", "/api/v1/namespaces/default/configmaps", &object)
    }
}

/// A node with an A100 that was ready before the test began.
pub(super) fn machine(name: &str) -> Node {
    let labels = [("kubernetes.io/hostname", name), ("kubernetes.io/arch", "amd64"), ("pool", "gpu")];
    Node {
        name: name.to_owned(),
        uid: format!("uid-of-{name}"),
        boot_id: "first".to_owned(),
        pool: "gpu".to_owned(),
        zone: "1".to_owned(),
        machine_type: "Standard_NC24ads_A100_v4".to_owned(),
        version: "1.34.4".to_owned(),
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        taints: vec![Taint {
            key: "nvidia.com/gpu".into(),
            value: "present".into(),
            effect: "NoSchedule".into(),
        }],
        vcpus: 24,
        memory_gib: 220,
        max_pods: 30,
        gpus: Some(Gpus { kind: "A100-80GB".to_owned(), count: 1 }),
        advertised: Vec::new(),
        cut: None,
        driver: true,
        created_at: 1_700_000_000_000,
        ready_at: 1_700_000_010_000,
        restart: None,
        draining: false,
    }
}

/// The labels of an object.
pub(super) fn labels(object: &Value) -> BTreeMap<String, String> {
    let labels = object["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    labels.into_iter().map(|(key, value)| (key, value.as_str().unwrap_or_default().to_owned())).collect()
}
