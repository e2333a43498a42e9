//! A cluster's API server, asked directly: what is there, whoever made it.

use std::collections::BTreeMap;

use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tokio::runtime::{self, Runtime};

use super::Sandbox;

/// One cluster's, as whoever administers the cluster reaches it.
pub(crate) struct ApiServer {
    runtime: Runtime,
    client: kube::Client,
    kubeconfig: String,
}

impl ApiServer {
    /// Of a cluster of a sandbox.
    #[track_caller]
    pub(crate) fn of(sandbox: &Sandbox, cluster: &str) -> Self {
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("cluster", cluster).finish();
        let Value::String(kubeconfig) = sandbox.get(&format!("/sandbox/kubeconfig?{query}")) else {
            panic!("no kubeconfig of {cluster}")
        };
        let runtime =
            runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let client = runtime.block_on(async {
            let parsed = Kubeconfig::from_yaml(&kubeconfig).expect("a kubeconfig");
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(parsed, &options).await.expect("a usable kubeconfig");
            kube::Client::try_from(config).expect("a client")
        });
        Self { runtime, client, kubeconfig }
    }

    /// The kubeconfig of whoever administers the cluster.
    pub(crate) fn kubeconfig(&self) -> &str {
        &self.kubeconfig
    }

    #[track_caller]
    fn send(&self, method: &str, path: &str, kind: &str, body: Option<&Value>) -> Result<Value, kube::Error> {
        let request = http::Request::builder().method(method).uri(path).header("content-type", kind);
        let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let request = request.body(body).expect("a well-formed request");
        self.runtime.block_on(self.client.request(request))
    }

    /// What is at a path; none where nothing is.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        match self.send("GET", path, "application/json", None) {
            Ok(found) => Some(found),
            Err(kube::Error::Api(status)) if status.code == 404 => None,
            Err(error) => panic!("GET {path}: {error}"),
        }
    }

    /// Creates an object in the list at a path.
    #[track_caller]
    pub(crate) fn create(&self, path: &str, object: &Value) -> Value {
        self.send("POST", path, "application/json", Some(object))
            .unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Patches the object at a path by a merge.
    #[track_caller]
    pub(crate) fn merge(&self, path: &str, patch: &Value) -> Value {
        self.send("PATCH", path, "application/merge-patch+json", Some(patch))
            .unwrap_or_else(|error| panic!("PATCH {path}: {error}"))
    }

    /// The ConfigMap `namespace/name`, whole.
    #[track_caller]
    pub(crate) fn config_map(&self, full_name: &str) -> Option<Value> {
        let (namespace, name) = full_name.split_once('/').expect("namespace/name");
        self.get(&format!("/api/v1/namespaces/{namespace}/configmaps/{name}"))
    }

    /// The keys of the ConfigMap `namespace/name` with their texts; none of them where there is no ConfigMap.
    #[track_caller]
    pub(crate) fn keys(&self, full_name: &str) -> BTreeMap<String, String> {
        let found = self.config_map(full_name);
        let data = found.as_ref().and_then(|found| found["data"].as_object());
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        data.into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
    }

    /// The field managers that own a key of a ConfigMap.
    #[track_caller]
    pub(crate) fn owners(&self, full_name: &str, key: &str) -> Vec<String> {
        let Some(found) = self.config_map(full_name) else { return Vec::new() };
        let entries = found["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let field = format!("f:{key}");
        let owns = |entry: &&Value| !entry["fieldsV1"]["f:data"][&field].is_null();
        let manager = |entry: &Value| entry["manager"].as_str().expect("a manager").to_owned();
        entries.iter().filter(owns).map(manager).collect()
    }

    /// The running pods of a namespace, or of all, by `namespace/name`: uid and node.
    #[track_caller]
    pub(crate) fn pods(&self, namespace: Option<&str>) -> BTreeMap<String, Value> {
        let path = namespace
            .map_or_else(|| "/api/v1/pods".to_owned(), |name| format!("/api/v1/namespaces/{name}/pods"));
        let list = self.get(&path).expect("pods can be listed");
        let text =
            |pod: &Value, path: &str| pod.pointer(path).and_then(Value::as_str).unwrap_or("").to_owned();
        let entry = |pod: &Value| {
            let name = format!("{}/{}", text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
            let seen = json!({
                "uid": pod["metadata"]["uid"],
                "node": pod["spec"]["nodeName"],
                "phase": pod["status"]["phase"],
                "restarts": pod.pointer("/status/containerStatuses/0/restartCount"),
            });
            (name, seen)
        };
        list["items"].as_array().expect("a list").iter().map(entry).collect()
    }

    /// A pod in `default` that asks for some of an extended resource, and goes where `scheduling` lets it.
    #[track_caller]
    pub(crate) fn start_pod(&self, name: &str, resource: &str, amount: u32, scheduling: &Value) {
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "nodeSelector": scheduling["node_selector"],
                "tolerations": scheduling["tolerations"],
                "containers": [{
                    "name": "c",
                    "image": "example.com/cuda:1",
                    "resources": {"limits": {resource: amount.to_string()}},
                }],
            },
        });
        self.create("/api/v1/namespaces/default/pods", &pod);
    }
}

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiServer").finish_non_exhaustive()
    }
}
