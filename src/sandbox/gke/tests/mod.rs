//! GKE as a client sees it, with a clock that only the tests move.

mod actors;
mod clusters;
mod compute;
mod operations;
mod pools;
mod rollouts;
mod updates;

use http::HeaderMap;
use serde_json::{Value, json};

use super::{Act, Context, Gke};
use crate::sandbox::exchange::{Body, Call};
use crate::sandbox::faults::Faults;
use crate::sandbox::kubernetes::{Authority, Directory, Doors};
use crate::sandbox::random::Random;

/// How long an operation takes in these tests, in milliseconds.
const LATENCY: u64 = 1_000;

/// The regional cluster, in a release channel.
const REGIONAL: &str = "projects/sandbox/locations/us-central1/clusters/sandbox";
/// The zonal cluster, in none.
const ZONAL: &str = "projects/sandbox/locations/us-central1-a/clusters/zonal";

/// A world and its clock.
struct Google {
    gke: Gke,
    random: Random,
    faults: Faults,
    doors: Doors,
    authority: Authority,
    now: u64,
}

impl Google {
    fn new() -> Self {
        let mut random = Random::new(1);
        let gke = Gke::seeded(0, &mut random);
        let doors = Doors::new("127.0.0.1:0".parse().unwrap()).0;
        let authority = Authority::new().unwrap();
        Self { gke, random, faults: Faults::default(), doors, authority, now: 1_000_000 }
    }

    /// Sends a call with a token and returns status and body.
    fn call(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer token".parse().unwrap());
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/v1/{path}") };
        let call = Call {
            method: method.to_owned(),
            target: String::new(),
            path,
            query: query.to_owned(),
            headers,
            body,
        };
        self.gke.advance(self.now, LATENCY, &mut self.random);
        let (now, latency, random, faults) = (self.now, LATENCY, &mut self.random, &mut self.faults);
        let directory = Some(Directory { doors: &self.doors, authority: &self.authority });
        let mut context =
            Context { now, latency, random, faults, call: Some(&call), directory, applied: None };
        let answer = self.gke.answer(&mut context, &call);
        match answer.body {
            Body::Json(body) => (answer.status, body),
            Body::Text(_, text) => (answer.status, json!(text)),
            Body::Empty => (answer.status, Value::Null),
        }
    }

    fn get(&mut self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &Value::Null);
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// A call that must be carried out.
    fn ok(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// A call that must be refused: (HTTP status, message).
    fn refused(&mut self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let (status, answer) = self.call(method, path, body);
        assert_ne!(status, 200, "{method} {path} is carried out");
        let error = &answer["error"];
        assert_eq!(error["code"], status, "{answer}");
        (status, error["message"].as_str().unwrap_or_default().to_owned())
    }

    fn create(&mut self, cluster: &str, pool: &Value) -> Value {
        self.ok("POST", &format!("{cluster}/nodePools"), &json!({"nodePool": pool}))
    }

    /// A pool that is there before the test begins to look.
    fn created(&mut self, cluster: &str, pool: &Value) {
        self.create(cluster, pool);
        self.pass(2 * LATENCY);
        let name = pool["name"].as_str().unwrap();
        assert_eq!(self.pool(cluster, name)["status"], "RUNNING");
    }

    fn pool(&mut self, cluster: &str, name: &str) -> Value {
        self.get(&format!("{cluster}/nodePools/{name}"))
    }

    fn operation(&mut self, started: &Value) -> Value {
        let (location, name) = (started["location"].as_str().unwrap(), started["name"].as_str().unwrap());
        self.get(&format!("projects/sandbox/locations/{location}/operations/{name}"))
    }

    /// Lets time pass.
    fn pass(&mut self, millis: u64) {
        self.now += millis;
        self.gke.advance(self.now, LATENCY, &mut self.random);
    }

    /// The pool's nodes as the sandbox's own API shows them.
    fn nodes(&mut self, cluster: &str, pool: &str) -> Vec<Value> {
        self.gke.advance(self.now, LATENCY, &mut self.random);
        let all = self.gke.nodes_view(cluster, self.now).unwrap();
        all.as_array().unwrap().iter().filter(|node| node["pool"] == pool).cloned().collect()
    }

    fn uids(&mut self, cluster: &str, pool: &str) -> Vec<String> {
        let mut uids: Vec<_> =
            self.nodes(cluster, pool).iter().map(|node| node["uid"].as_str().unwrap().to_owned()).collect();
        uids.sort();
        uids
    }

    /// How many nodes the pool has in each zone, by the zone's last letter.
    fn sizes(&mut self, cluster: &str, pool: &str) -> String {
        let nodes = self.nodes(cluster, pool);
        let mut letters: Vec<_> =
            nodes.iter().filter_map(|node| node["zone"].as_str()?.chars().last()).collect();
        letters.sort_unstable();
        letters.into_iter().collect()
    }

    fn fault(&mut self, fault: &Value) {
        self.faults.add(fault).unwrap();
    }

    fn act(&mut self, actor: &Value) {
        let mut fields = actor.as_object().unwrap().clone();
        let kind = fields.remove("kind").unwrap();
        let act = Act::read(kind.as_str().unwrap(), &fields).unwrap();
        let (now, latency, random, faults) = (self.now, LATENCY, &mut self.random, &mut self.faults);
        let mut context =
            Context { now, latency, random, faults, call: None, directory: None, applied: None };
        self.gke.act(&mut context, &act).unwrap();
    }
}

/// A pool of one A100 per node in seven partitions, `count` nodes in each of its zones.
fn a100(name: &str, count: u32, zones: &[&str]) -> Value {
    let zones: Vec<_> = zones.iter().map(|letter| format!("us-central1-{letter}")).collect();
    json!({"name": name, "initialNodeCount": count, "locations": zones, "config": {
        "machineType": "a2-highgpu-1g",
        "accelerators": [
            {"acceleratorType": "nvidia-tesla-a100", "acceleratorCount": "1", "gpuPartitionSize": "1g.5gb"}],
    }})
}
