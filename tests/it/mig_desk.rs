//! A sandbox and a workspace that uses it, and what every acceptance test looks at on both sides.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clouds::Cloud;
use crate::mig_pool::{NAME, POOL, Pool};
use crate::support::{Aws, Checked, Sandbox, Workspace, json};

/// How long a test waits for something that it knows will come.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A sandbox with one user. On drop it makes sure that nobody else's nodes were touched.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) cloud: Cloud,
    pub(crate) sandbox: Sandbox,
    pub(crate) workspace: Workspace,
    /// The address of the pool in the configuration.
    pub(crate) address: &'static str,
    strangers: Vec<Value>,
}

impl Desk {
    /// On GKE; operations take 100 ms.
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self::on(Cloud::Gke)
    }

    /// On GKE; operations take this long.
    #[track_caller]
    pub(crate) fn with_latency(latency: &str) -> Self {
        Self::on_with_latency(Cloud::Gke, latency)
    }

    /// On this cloud; operations take 100 ms.
    #[track_caller]
    pub(crate) fn on(cloud: Cloud) -> Self {
        Self::on_with_latency(cloud, "100ms")
    }

    /// On this cloud; operations take this long.
    #[track_caller]
    pub(crate) fn on_with_latency(cloud: Cloud, latency: &str) -> Self {
        let sandbox = Sandbox::with_latency(latency);
        let mut workspace = Workspace::on(&sandbox);
        workspace.set_patience(SOON);
        let strangers = strangers(&sandbox, cloud, &[]);
        let pools: BTreeSet<_> = strangers.iter().map(|node| node["pool"].to_string()).collect();
        assert!(pools.len() >= 2, "the seeds have foreign CPU and GPU nodes: {strangers:#?}");
        Self { cloud, sandbox, workspace, address: POOL, strangers }
    }

    /// Writes the configuration.
    #[track_caller]
    pub(crate) fn write(&self, pool: &Pool) {
        self.workspace.write("main.tf", &pool.hcl());
    }

    /// Applies the configuration, and demands that a second plan is empty.
    #[track_caller]
    pub(crate) fn settle(&self, pool: &Pool) -> Checked {
        self.write(pool);
        let applied = self.workspace.apply().success();
        self.workspace.assert_empty_plan();
        applied
    }

    /// The plan of a configuration, as JSON.
    #[track_caller]
    pub(crate) fn planned(&self, pool: &Pool) -> Value {
        self.write(pool);
        self.workspace.plan_json()
    }

    /// What a plan of the configuration does to the pool.
    #[track_caller]
    pub(crate) fn actions(&self, pool: &Pool) -> Vec<String> {
        json::actions(&self.planned(pool), self.address)
    }

    /// The pool's attributes in the state.
    #[track_caller]
    pub(crate) fn state(&self) -> Value {
        self.workspace.attributes(self.address)
    }

    /// Whether the state holds the pool.
    #[track_caller]
    pub(crate) fn knows_the_pool(&self) -> bool {
        self.workspace.has(self.address)
    }

    /// The nodes of the pools with the test's own name, in all clusters.
    #[track_caller]
    pub(crate) fn nodes(&self) -> Vec<Value> {
        let clusters = self.cloud.clusters().iter();
        clusters.flat_map(|cluster| self.sandbox.nodes_of(cluster, NAME)).collect()
    }

    /// What tells the pool's nodes apart from their successors.
    #[track_caller]
    pub(crate) fn uids(&self) -> BTreeSet<String> {
        uids(&self.nodes())
    }

    /// The slices that the pool's nodes offer together.
    #[track_caller]
    fn offered(&self) -> u64 {
        match self.cloud {
            Cloud::Aks => self.offered_by_aks(),
            Cloud::Gke | Cloud::Eks => self.nodes().iter().map(slices).sum(),
        }
    }

    /// Waits until the pool's nodes together offer so many slices, and demands that it never becomes more.
    #[track_caller]
    pub(crate) fn await_slices(&self, total: u64) {
        let deadline = Instant::now() + SOON;
        loop {
            let seen = self.offered();
            if seen == total {
                return;
            }
            assert!(
                seen < total && Instant::now() < deadline,
                "{seen} slices, expected {total}: {:#?}",
                self.nodes()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The accepted requests that created a pool.
    #[track_caller]
    pub(crate) fn creates(&self) -> Vec<Value> {
        self.sandbox.records().into_iter().filter(|record| self.cloud.created(record)).collect()
    }

    /// The accepted requests that deleted a pool.
    #[track_caller]
    pub(crate) fn deletes(&self) -> Vec<Value> {
        // 204: there was nothing to delete.
        let began = |record: &Value| accepted(record) && record["status"] != 204;
        self.sandbox.requests("DELETE", self.cloud.pools()).into_iter().filter(began).collect()
    }

    /// The recorded calls, accepted or not, with this method whose path ends so.
    #[track_caller]
    pub(crate) fn calls(&self, method: &str, end: &str) -> Vec<Value> {
        let ends = |record: &Value| path(record).ends_with(end);
        self.sandbox
            .records()
            .into_iter()
            .filter(|record| record["method"] == method && ends(record))
            .collect()
    }

    /// The accepted requests that changed anything at the cloud, beginning with the `from`th of them.
    #[track_caller]
    pub(crate) fn changes(&self, from: usize) -> Vec<Value> {
        let records = self.sandbox.records().into_iter();
        records.filter(|record| changed_the_cloud(record) && accepted(record)).skip(from).collect()
    }

    /// The pool as the cloud's own API shows it.
    #[track_caller]
    pub(crate) fn live(&self, cluster: &str) -> Value {
        let (status, answer) = self.look(cluster);
        assert_eq!(status, 200, "{answer:#}");
        answer
    }

    /// What the cloud's own API answers when it is asked for the pool.
    #[track_caller]
    fn look(&self, cluster: &str) -> (u16, Value) {
        let path = self.cloud.pool_path(cluster, NAME);
        if self.cloud != Cloud::Eks {
            return self.sandbox.call_cloud("GET", &path, None);
        }
        let (status, mut answer) = self.aws(cluster).eks("GET", &path, None);
        if status == 200 {
            answer = answer["nodegroup"].take();
        }
        (status, answer)
    }

    /// AWS in the region of a cluster.
    pub(crate) fn aws(&self, cluster: &str) -> Aws {
        Aws::of(self.sandbox.url(), cluster)
    }

    /// What the cloud's own API answers to a GET, which must succeed.
    #[track_caller]
    pub(crate) fn ask(&self, path: &str) -> Value {
        let (status, answer) = self.sandbox.call_cloud("GET", path, None);
        assert_eq!(status, 200, "{path}: {answer:#}");
        answer
    }

    /// Whether the cloud has the pool.
    #[track_caller]
    pub(crate) fn exists(&self, cluster: &str) -> bool {
        match self.look(cluster) {
            (200, _) => true,
            (404, _) => false,
            other => panic!("{other:?}"),
        }
    }

    /// What somebody else does to the pool through GKE's API, waited for. `end` is `""` or `:setSize` and the like.
    #[track_caller]
    pub(crate) fn meddle(&self, method: &str, cluster: &str, end: &str, body: &Value) {
        let (status, answer) =
            self.sandbox.call_cloud(method, &format!("/v1/{cluster}/nodePools/{NAME}{end}"), Some(body));
        assert_eq!(status, 200, "{method} {end}: {answer:#}");
        self.await_operation(cluster, &answer);
    }

    /// A pool that somebody else creates through GKE's API, waited for.
    #[track_caller]
    pub(crate) fn foreign_pool(&self, cluster: &str, pool: &Value) {
        let body = json!({ "nodePool": pool });
        let (status, answer) =
            self.sandbox.call_cloud("POST", &format!("/v1/{cluster}/nodePools"), Some(&body));
        assert_eq!(status, 200, "{answer:#}");
        self.await_operation(cluster, &answer);
    }

    /// Lets somebody else do something to the pool, at once: `fields` are those of the sandbox's actor.
    #[track_caller]
    pub(crate) fn actor(&self, kind: &str, cluster: &str, fields: &Value) {
        self.actor_at(kind, cluster, fields, &json!("now"));
    }

    /// The same, when the sandbox's `when` says.
    #[track_caller]
    pub(crate) fn actor_at(&self, kind: &str, cluster: &str, fields: &Value, when: &Value) {
        let mut actor = json!({"kind": kind, "cluster": cluster, "pool": NAME, "when": when});
        for (name, value) in fields.as_object().expect("an object") {
            actor[name] = value.clone();
        }
        self.sandbox.actor(actor);
    }

    /// Waits until GKE or EKS says that the pool has this status.
    #[track_caller]
    pub(crate) fn await_status(&self, cluster: &str, status: &str) {
        let deadline = Instant::now() + SOON;
        while self.live(cluster)["status"] != status {
            assert!(Instant::now() < deadline, "not {status}: {:#}", self.live(cluster));
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the cloud has the pool no more.
    #[track_caller]
    pub(crate) fn await_gone(&self, cluster: &str) {
        let deadline = Instant::now() + SOON;
        while self.exists(cluster) {
            assert!(Instant::now() < deadline, "still there: {:#}", self.live(cluster));
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sets how many A100 40GB exist in a zone beyond those that the strangers have.
    #[track_caller]
    pub(crate) fn stock(&self, zone: &str, spare: u32) {
        let theirs = self.strangers.iter().filter(|node| node["zone"] == zone && slices(node) > 0).count();
        let count = u32::try_from(theirs).expect("a few") + spare;
        let kind = "nvidia-tesla-a100";
        self.sandbox.actor(json!({"kind": "set_stock", "zone": zone, "accelerator": kind, "count": count}));
    }

    /// Waits until an operation of GKE's is done, without a word on whether it went well.
    #[track_caller]
    pub(crate) fn await_operation(&self, cluster: &str, operation: &Value) {
        let (place, _) = cluster.split_once("/clusters/").expect("a cluster's id");
        let name = operation["name"].as_str().unwrap_or_else(|| panic!("no operation: {operation:#}"));
        let deadline = Instant::now() + SOON;
        while self.ask(&format!("/v1/{place}/operations/{name}"))["status"] != "DONE" {
            assert!(Instant::now() < deadline, "{name} does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if !thread::panicking() {
            let now = strangers(&self.sandbox, self.cloud, &self.strangers);
            assert_eq!(now, self.strangers, "nodes of somebody else were touched");
        }
    }
}

/// The nodes in the seeded clusters that tests do not make, down to labels, taints and what they offer: all of them,
/// or those of the pools in `before`.
#[track_caller]
fn strangers(sandbox: &Sandbox, cloud: Cloud, before: &[Value]) -> Vec<Value> {
    let pools: BTreeSet<_> = before.iter().filter_map(|node| node["pool"].as_str()).collect();
    let theirs =
        |node: &Value| before.is_empty() || node["pool"].as_str().is_some_and(|pool| pools.contains(pool));
    cloud.clusters().iter().flat_map(|cluster| sandbox.nodes(cluster)).filter(theirs).collect()
}

/// What tells nodes apart from their successors.
pub(crate) fn uids(nodes: &[Value]) -> BTreeSet<String> {
    nodes.iter().map(|node| node["uid"].as_str().expect("a uid").to_owned()).collect()
}

/// The slices that a node offers.
pub(crate) fn slices(node: &Value) -> u64 {
    node["allocatable"]["nvidia.com/gpu"].as_str().map_or(0, |count| count.parse().expect("a count"))
}

/// The path of a recorded request, without its query.
pub(crate) fn path(record: &Value) -> &str {
    let url = record["url"].as_str().expect("a URL");
    url.split_once('?').map_or(url, |(path, _)| path)
}

/// The action of a request to one of AWS's services that take forms.
pub(crate) fn action(record: &Value) -> Option<&str> {
    let form = record["request_body"].as_str()?;
    form.split('&').find_map(|pair| pair.strip_prefix("Action="))
}

pub(crate) fn accepted(record: &Value) -> bool {
    // A connection that was cut after the effect is recorded with status 0.
    record["status"].as_u64().is_some_and(|status| (200..300).contains(&status))
}

/// Whether a request was to change something at the cloud: neither a look, nor a request for a kubeconfig (which AKS takes
/// by POST), nor one to a cluster's own API.
fn changed_the_cloud(record: &Value) -> bool {
    let url = record["url"].as_str().unwrap_or_default();
    // EC2, STS and Auto Scaling take looks by POST, too.
    if action(record).is_some_and(|action| action.starts_with("Describe") || action.starts_with("Get")) {
        return false;
    }
    // Clusters are spoken to by TLS, the sandbox's clouds are not.
    record["method"] != "GET" && !url.starts_with("https://") && !url.contains("/listClusterUserCredential")
}
