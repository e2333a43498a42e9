//! AKS as a client sees it, with a clock that only the tests move.

mod actors;
mod clusters;
mod credentials;
mod faults;
mod front;
mod operations;
mod pools;
mod refusals;
mod rollouts;
mod updates;

use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};

use super::{Act, Aks, Context};
use crate::sandbox::exchange::{Answer, Body, Call};
use crate::sandbox::faults::Faults;
use crate::sandbox::kubernetes::{Authority, Directory, Doors};
use crate::sandbox::random::Random;

/// How long an operation takes in these tests, in milliseconds.
const LATENCY: u64 = 1_000;

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000000";

/// The cluster in a location with three zones.
const CLUSTER: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/\
                       Microsoft.ContainerService/managedClusters/sandbox";

/// The cluster in a location without zones.
const OVERLAY: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/platform/providers/\
                       Microsoft.ContainerService/managedClusters/overlay";

const STABLE: &str = "2026-08-01";
const PREVIEW: &str = "2026-08-02-preview";

/// A world and its clock.
struct Azure {
    aks: Aks,
    random: Random,
    faults: Faults,
    doors: Doors,
    authority: Authority,
    now: u64,
    /// Asked for where a path names no version.
    version: &'static str,
}

impl Azure {
    fn new() -> Self {
        let mut random = Random::new(1);
        let aks = Aks::seeded(0, &mut random);
        let doors = Doors::new("127.0.0.1:0".parse().unwrap()).0;
        let authority = Authority::new().unwrap();
        Self { aks, random, faults: Faults::default(), doors, authority, now: 1_000_000, version: STABLE }
    }

    /// Sends a call with a token and these headers.
    fn send(&mut self, method: &str, path: &str, headers: &[(&'static str, &str)], body: &Value) -> Answer {
        let path = path.strip_prefix("http://sandbox").unwrap_or(path);
        let (path, query) = path.split_once('?').map_or_else(
            || (path, format!("api-version={}", self.version)),
            |(path, query)| (path, query.to_owned()),
        );
        let mut map = HeaderMap::new();
        map.insert("authorization", "Bearer token".parse().unwrap());
        map.insert("host", "sandbox".parse().unwrap());
        for (name, value) in headers {
            map.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        let call = Call {
            method: method.to_owned(),
            target: String::new(),
            path: path.to_owned(),
            query,
            headers: map,
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        };
        self.aks.advance(self.now, &mut self.random);
        let (now, latency, random, faults) = (self.now, LATENCY, &mut self.random, &mut self.faults);
        let directory = Some(Directory { doors: &self.doors, authority: &self.authority });
        let mut context =
            Context { now, latency, random, faults, call: Some(&call), directory, applied: None };
        self.aks.answer(&mut context, &call)
    }

    fn call(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.send(method, path, &[], body);
        (answer.status, json_of(&answer))
    }

    fn get(&mut self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &Value::Null);
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// Creates or updates a pool; the call must be accepted. The operation's URL.
    fn put(&mut self, cluster: &str, name: &str, properties: &Value) -> String {
        let body = json!({"properties": properties});
        let answer = self.send("PUT", &format!("{cluster}/agentPools/{name}"), &[], &body);
        assert!(matches!(answer.status, 200 | 201), "{name}: {}", json_of(&answer));
        header(&answer, "azure-asyncoperation").unwrap().to_owned()
    }

    /// A PUT that must be refused: (HTTP status, code, message).
    fn refused(&mut self, cluster: &str, name: &str, properties: &Value) -> (u16, String, String) {
        let body = json!({"properties": properties});
        let (status, answer) = self.call("PUT", &format!("{cluster}/agentPools/{name}"), &body);
        assert!(status >= 400, "{name} is accepted: {answer}");
        let text =
            |key: &str| answer[key].as_str().unwrap_or_else(|| panic!("not bare: {answer}")).to_owned();
        assert!(answer["details"].is_null() && answer["subcode"] == "", "{answer}");
        (status, text("code"), text("message"))
    }

    /// A pool that is there before the test begins to look.
    fn created(&mut self, cluster: &str, name: &str, properties: &Value) {
        self.put(cluster, name, properties);
        self.pass(2 * LATENCY);
        assert_eq!(self.pool(cluster, name)["provisioningState"], "Succeeded");
    }

    /// `properties` of a pool.
    fn pool(&mut self, cluster: &str, name: &str) -> Value {
        self.get(&format!("{cluster}/agentPools/{name}"))["properties"].take()
    }

    /// What a careful client sends: what it read, with one change, without what the service writes.
    fn patched(&mut self, cluster: &str, name: &str, change: impl FnOnce(&mut Value)) -> Value {
        let mut pool = self.pool(cluster, name);
        let properties = pool.as_object_mut().unwrap();
        for written in
            ["eTag", "provisioningState", "currentOrchestratorVersion", "status", "nodeImageVersion"]
        {
            properties.remove(written);
        }
        change(&mut pool);
        pool
    }

    /// Lets time pass.
    fn pass(&mut self, millis: u64) {
        self.now += millis;
        self.aks.advance(self.now, &mut self.random);
    }

    /// The pool's nodes as the sandbox's own API shows them.
    fn nodes(&mut self, cluster: &str, pool: &str) -> Vec<Value> {
        self.aks.advance(self.now, &mut self.random);
        let all = self.aks.nodes_view(cluster, self.now).unwrap();
        all.as_array().unwrap().iter().filter(|node| node["pool"] == pool).cloned().collect()
    }

    fn uids(&mut self, cluster: &str, pool: &str) -> Vec<String> {
        let mut uids: Vec<_> =
            self.nodes(cluster, pool).iter().map(|node| node["uid"].as_str().unwrap().to_owned()).collect();
        uids.sort();
        uids
    }

    /// How many nodes the pool has in each zone, by the zone's last letter.
    fn zones(&mut self, cluster: &str, pool: &str) -> String {
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
        self.aks.act(&mut context, &act).unwrap();
    }
}

fn json_of(answer: &Answer) -> Value {
    match &answer.body {
        Body::Json(body) => body.clone(),
        Body::Text(_, text) => json!(text),
        Body::Empty => Value::Null,
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
}

/// A pool of one A100 of 80 GB per node in three slices.
fn a100(count: u32) -> Value {
    json!({"count": count, "mode": "User", "vmSize": "Standard_NC24ads_A100_v4", "gpuInstanceProfile": "MIG2g"})
}

/// The same, with the device plugin that AKS brings.
fn managed(count: u32) -> Value {
    let mut pool = a100(count);
    pool["gpuProfile"] = json!({"driver": "Install", "nvidia": {"managementMode": "Managed"}});
    pool
}
