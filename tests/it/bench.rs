//! A sandbox of its own for each test, a cloud's back end pointed at it, and what the sandbox has recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gpuslice::cloud::{AzureSettings, Clouds, Settings};
use gpuslice::nodepool::pools::{Call, Checkpoint, Finished, Freshness, Incomplete, Progress};
use gpuslice::nodepool::{NodePool, NodePoolSpec, NodePools, OptionValue, Options, PoolError, PoolId};
use gpuslice::sandbox;
use gpuslice::slicing::Cloud;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A sandbox, and the back end that talks to it.
pub(crate) struct Bench {
    pub(crate) pools: Arc<dyn NodePools>,
    cloud: Cloud,
    pub(crate) log: Arc<Log>,
    url: String,
    folder: TempDir,
    client: reqwest::Client,
    _end: tokio::sync::oneshot::Sender<()>,
}

/// What a call reported.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) checkpoints: Mutex<Vec<Checkpoint>>,
    pub(crate) warnings: Mutex<Vec<String>>,
}

struct Reports(Arc<Log>);

impl Progress for Reports {
    fn checkpoint(&self, checkpoint: Checkpoint) {
        self.0.checkpoints.lock().unwrap().push(checkpoint);
    }

    fn warn(&self, summary: String, detail: String) {
        self.0.warnings.lock().unwrap().push(format!("{summary}: {detail}"));
    }
}

impl Log {
    pub(crate) fn pending(&self) -> Vec<Option<String>> {
        let checkpoints = self.checkpoints.lock().unwrap();
        checkpoints.iter().map(|it| it.pending.as_ref().map(|pending| pending.operation.clone())).collect()
    }
}

/// A request that the sandbox has seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Value,
    pub(crate) status: u64,
}

impl Bench {
    /// A sandbox whose operations take this long, and this cloud's back end.
    pub(crate) async fn with(cloud: Cloud, latency: Duration, azure: AzureSettings) -> Self {
        let folder = TempDir::new().unwrap();
        let server = sandbox::Server::start(sandbox::Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            state: None,
            record: Some(folder.path().join("record")),
            latency,
            answer_delay: Duration::ZERO,
            faults: Vec::new(),
            seed: 1,
        })
        .await
        .unwrap();
        let url = format!("http://{}", server.address());
        let (end, ended) = tokio::sync::oneshot::channel();
        tokio::spawn(server.serve(async {
            let _ = ended.await;
        }));
        let clouds = Clouds::new(Settings {
            azure,
            sandbox: Some(url.parse().unwrap()),
            user_agent: "gpuslice-test".to_owned(),
            ..Settings::default()
        });
        Bench {
            pools: clouds.pools(cloud).unwrap(),
            cloud,
            log: Arc::default(),
            url,
            folder,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            _end: end,
        }
    }

    /// A sandbox with short operations.
    pub(crate) async fn new(cloud: Cloud) -> Self {
        Self::with_latency(cloud, Duration::from_millis(100)).await
    }

    /// A sandbox whose operations take this long.
    pub(crate) async fn with_latency(cloud: Cloud, latency: Duration) -> Self {
        Self::with(cloud, latency, AzureSettings::default()).await
    }

    /// A call with a minute.
    pub(crate) fn call(&self) -> Call {
        self.call_for(Duration::from_secs(60))
    }

    pub(crate) fn call_for(&self, timeout: Duration) -> Call {
        Call {
            cancelled: CancellationToken::new(),
            deadline: Instant::now() + timeout,
            timeout,
            progress: Box::new(Reports(Arc::clone(&self.log))),
            nodes: None,
        }
    }

    async fn post(&self, path: &str, body: &Value) {
        let answer = self.client.post(format!("{}{path}", self.url)).json(body).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {text}");
    }

    /// Sets a fault for a method and a part of the path.
    pub(crate) async fn fault(&self, kind: &str, method: &str, path: &str, more: Value) {
        let cloud = self.cloud.to_string();
        let mut fault = json!({"kind": kind, "match": {"cloud": cloud, "method": method, "path": path}});
        fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("/sandbox/faults", &fault).await;
    }

    /// Lets somebody act in a cluster.
    pub(crate) async fn act_in_cluster(&self, actor: Value) {
        self.post("/sandbox/actors", &actor).await;
    }

    /// Lets somebody else act.
    pub(crate) async fn act(&self, mut actor: Value) {
        actor["cloud"] = json!(self.cloud.to_string());
        self.post("/sandbox/actors", &actor).await;
    }

    /// The nodes of a cluster.
    pub(crate) async fn all_nodes(&self, cluster: &str) -> Vec<Value> {
        let url = format!("{}/sandbox/nodes?cluster={cluster}", self.url);
        let nodes: Value = self.client.get(url).send().await.unwrap().json().await.unwrap();
        nodes.as_array().unwrap().clone()
    }

    /// The nodes of a pool.
    pub(crate) async fn nodes(&self, cluster: &str, pool: &str) -> Vec<Value> {
        self.all_nodes(cluster).await.into_iter().filter(|node| node["pool"] == pool).collect()
    }

    pub(crate) async fn uids(&self, cluster: &str, pool: &str) -> BTreeSet<String> {
        self.nodes(cluster, pool).await.iter().map(|node| node["uid"].as_str().unwrap().to_owned()).collect()
    }

    /// What the sandbox shows of a pool, unread by the back end.
    pub(crate) async fn raw(&self, id: &PoolId) -> Value {
        let url = match self.cloud {
            Cloud::Aks => format!("{}{id}?api-version=2026-08-02-preview", self.url),
            _ => format!("{}/v1/{id}", self.url),
        };
        self.client.get(url).bearer_auth("test").send().await.unwrap().json().await.unwrap()
    }

    /// Every request of the back end and the test so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let text = std::fs::read_to_string(self.folder.path().join("record")).unwrap_or_default();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .map(|line| {
                let url = line["url"].as_str().unwrap().strip_prefix(&self.url).unwrap().to_owned();
                Seen {
                    method: line["method"].as_str().unwrap().to_owned(),
                    path: url.split('?').next().unwrap().to_owned(),
                    query: url.split('?').nth(1).unwrap_or_default().to_owned(),
                    body: line["request_body"].clone(),
                    status: line["status"].as_u64().unwrap(),
                }
            })
            .collect()
    }

    /// The accepted changes so far, as method and the end of the path.
    pub(crate) fn changes(&self) -> Vec<String> {
        let changing = |seen: &Seen| seen.method != "GET" && (200..300).contains(&seen.status);
        let end = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        self.seen()
            .iter()
            .filter(|it| changing(it))
            .map(|it| format!("{} {}", it.method, end(&it.path)))
            .collect()
    }

    /// How often a pool was asked to be made, and what came of it. On AKS a change looks the same.
    pub(crate) fn creates(&self) -> Vec<u64> {
        let seen = self.seen();
        let makes = |it: &&Seen| match self.cloud {
            Cloud::Aks => it.method == "PUT",
            _ => it.method == "POST" && it.path.ends_with("/nodePools"),
        };
        seen.iter().filter(makes).map(|it| it.status).collect()
    }

    pub(crate) async fn create(&self, spec: &NodePoolSpec) -> Result<Finished, PoolError> {
        self.pools.create(&self.call(), spec).await
    }

    pub(crate) async fn update(
        &self,
        prior: &NodePoolSpec,
        wanted: &NodePoolSpec,
    ) -> Result<Finished, PoolError> {
        self.pools.update(&self.call(), &id_of(wanted), prior, wanted, None).await
    }

    pub(crate) async fn read(&self, id: &PoolId) -> Option<NodePool> {
        self.pools.read(&self.call(), id, Freshness::Live).await.unwrap()
    }
}

/// The pool of a call that ended with a ready one.
#[track_caller]
pub(crate) fn ready(finished: Result<Finished, PoolError>) -> NodePool {
    match finished {
        Ok(Finished::Ready(pool)) => pool,
        other => panic!("not ready: {other:#?}"),
    }
}

/// What a call left unfinished.
#[track_caller]
pub(crate) fn incomplete(finished: Result<Finished, PoolError>) -> Incomplete {
    match finished {
        Ok(Finished::Incomplete(incomplete)) => incomplete,
        other => panic!("not incomplete: {other:#?}"),
    }
}

pub(crate) fn id_of(spec: &NodePoolSpec) -> PoolId {
    PoolId { cluster: spec.cluster.clone(), name: spec.name.clone() }
}

pub(crate) fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Options of scalars.
pub(crate) fn options(json: &Value) -> Options {
    let of = |value: &Value| match value {
        Value::Bool(on) => OptionValue::Bool(*on),
        Value::Number(number) => OptionValue::Number(number.as_i64().unwrap()),
        Value::String(text) => OptionValue::Text(text.clone()),
        Value::Array(texts) => {
            OptionValue::TextSet(texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect())
        }
        Value::Object(_) => OptionValue::Object(options(value)),
        Value::Null => OptionValue::Unknown,
    };
    Options(json.as_object().unwrap().iter().map(|(name, value)| (name.clone(), of(value))).collect())
}
