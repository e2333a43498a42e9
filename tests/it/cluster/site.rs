//! A desk at one of the seeded clusters, and everybody else who is there.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::aks_pool::AKS;
use crate::clouds::Cloud;
use crate::mig_desk::{Desk, SOON};
use crate::mig_pool::{NAME, POOL, Pool, SHARED};
use crate::support::{ApiServer, Checked};

macro_rules! aks {
    ($group:literal, $name:literal) => {
        concat!(
            "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/",
            $group,
            "/providers/Microsoft.ContainerService/managedClusters/",
            $name
        )
    };
}

/// The key that nodes without a label get.
pub(super) const DEFAULT: &str = "default";

/// What a pool of these tests may be called.
pub(super) const OURS: [&str; 2] = [NAME, "second"];

/// A seeded cluster of AKS, by what is installed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stack {
    /// The device plugin with a ConfigMap that has one foreign key.
    Configured,
    /// No device plugin, and client certificates.
    Bare,
    /// The device plugin without a ConfigMap.
    Unconfigured,
    /// The GPU operator with a ConfigMap.
    Operator,
    /// Two device plugins, one of them with a ConfigMap, and client certificates.
    Twice,
}

impl Stack {
    /// The cluster's id.
    pub(super) fn cluster(self) -> &'static str {
        match self {
            Self::Configured => AKS,
            Self::Bare => aks!("platform", "overlay"),
            Self::Unconfigured => aks!("stacks", "plain"),
            Self::Operator => aks!("stacks", "operator"),
            Self::Twice => aks!("stacks", "two-plugins"),
        }
    }

    /// The ConfigMap for keys, `namespace/name`: the one that is read, or the one to be.
    pub(super) fn config_map(self) -> &'static str {
        match self {
            Self::Configured | Self::Twice => "nvidia-device-plugin/nvidia-device-plugin-configs",
            Self::Bare | Self::Unconfigured => "nvidia-device-plugin/gpuslice-device-plugin",
            Self::Operator => "gpu-operator/device-plugin-config",
        }
    }

    /// Whether somebody reads that ConfigMap from the start.
    pub(super) fn is_read(self) -> bool {
        matches!(self, Self::Configured | Self::Operator | Self::Twice)
    }

    /// One T4 per node there, shared by four containers.
    pub(super) fn shared(self) -> Pool {
        Cloud::Aks.shared().text("cluster_id", self.cluster())
    }
}

impl Cloud {
    /// One GPU per node at the home cluster, shared by four containers that take turns.
    pub(super) fn shared(self) -> Pool {
        match self {
            Self::Aks => {
                Pool::aks().unset("mig_profile").text("machine_type", "Standard_NC4as_T4_v3").shared_by("4")
            }
            Self::Gke => Pool::shared(),
            Self::Eks => Pool::eks_shared(),
        }
    }
}

/// A desk, its cluster, and what was there before.
pub(super) struct Site {
    desk: Desk,
    pub(super) cluster: &'static str,
    pub(super) api: ApiServer,
    config_map: &'static str,
    has_plugin: bool,
    nodes: Vec<Value>,
    keys: BTreeMap<String, String>,
}

impl Deref for Site {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl DerefMut for Site {
    fn deref_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }
}

impl Site {
    /// At the home cluster of a cloud, for pools whose GPUs are shared.
    #[track_caller]
    pub(super) fn shared(cloud: Cloud) -> Self {
        Self::of(Desk::on(cloud), cloud.home(), Stack::Configured, SHARED)
    }

    /// At the home cluster of a cloud, for pools whose GPUs are cut.
    #[track_caller]
    pub(super) fn cut(cloud: Cloud) -> Self {
        Self::of(Desk::on(cloud), cloud.home(), Stack::Configured, POOL)
    }

    /// At a cluster of AKS, for pools whose GPUs are shared.
    #[track_caller]
    pub(super) fn at(stack: Stack) -> Self {
        Self::of(Desk::aks(), stack.cluster(), stack, SHARED)
    }

    #[track_caller]
    fn of(mut desk: Desk, cluster: &'static str, stack: Stack, address: &'static str) -> Self {
        desk.address = address;
        let api = ApiServer::of(&desk.sandbox, cluster);
        let config_map = stack.config_map();
        let nodes = others(&desk, cluster);
        let offers = |node: &Value| !node["allocatable"]["nvidia.com/gpu"].is_null();
        assert_eq!(
            nodes.iter().any(offers),
            stack != Stack::Bare,
            "a foreign pool shows its GPUs where there is a plugin: {nodes:#?}"
        );
        let keys = api.keys(config_map);
        let has_plugin = desk.cloud == Cloud::Aks && stack != Stack::Bare;
        Self { cluster, config_map, has_plugin, nodes, keys, api, desk }
    }

    /// The ConfigMap for keys, `namespace/name`.
    pub(super) fn config_map(&self) -> &'static str {
        self.config_map
    }

    /// The keys that were there before.
    pub(super) fn foreign_keys(&self) -> &BTreeMap<String, String> {
        &self.keys
    }

    /// The nodes of a pool at this cluster.
    #[track_caller]
    pub(super) fn nodes_called(&self, pool: &str) -> Vec<Value> {
        self.sandbox.nodes_of(self.cluster, pool)
    }

    /// How many of a resource the nodes of a pool offer together.
    #[track_caller]
    pub(super) fn offered(&self, pool: &str, resource: &str) -> u64 {
        let count = |node: &Value| {
            node["allocatable"][resource].as_str().map_or(0, |count| count.parse().expect("a count"))
        };
        self.nodes_called(pool).iter().map(count).sum()
    }

    /// Waits until the nodes of a pool offer so many `nvidia.com/gpu` together.
    #[track_caller]
    pub(super) fn await_offered(&self, pool: &str, total: u64) {
        until(&format!("{pool} offers {total}"), || self.offered(pool, "nvidia.com/gpu") == total);
    }

    /// What tells the pool's nodes from their successors, and from themselves after a restart.
    #[track_caller]
    pub(super) fn machines(&self) -> Vec<(Value, Value)> {
        let nodes = self.nodes_called(NAME);
        assert!(!nodes.is_empty(), "the pool has nodes");
        nodes.iter().map(|node| (node["uid"].clone(), node["boot_id"].clone())).collect()
    }

    /// Our keys in the ConfigMap: those that were not there before, without `default`.
    #[track_caller]
    pub(super) fn our_keys(&self) -> BTreeMap<String, String> {
        let mut keys = self.api.keys(self.config_map);
        keys.retain(|key, _| key != DEFAULT && !self.keys.contains_key(key));
        keys
    }

    /// The names of our keys.
    #[track_caller]
    pub(super) fn our_key_names(&self) -> Vec<String> {
        self.our_keys().into_keys().collect()
    }

    /// The pool's `config_key` in the state.
    #[track_caller]
    pub(super) fn key(&self) -> String {
        let state = self.state();
        state["config_key"].as_str().unwrap_or_else(|| panic!("no key: {state:#}")).to_owned()
    }

    /// Demands that the pool at the desk's address has its key, and the cluster the same: one key, with the text of the
    /// state, that nobody else owns, and that the pool's nodes name.
    #[track_caller]
    pub(super) fn assert_key_in_place(&self) {
        let (state, key) = (self.state(), self.key());
        let keys = self.our_keys();
        assert_eq!(keys.keys().collect::<Vec<_>>(), [&key], "one pool has one key");
        assert_eq!(state["config_yaml"], keys[&key]);
        assert_eq!(self.api.owners(self.config_map, &key).len(), 1);
        self.assert_nodes_name(&key);
    }

    /// Demands that the pool's nodes name this key.
    #[track_caller]
    pub(super) fn assert_nodes_name(&self, key: &str) {
        for node in self.nodes_called(NAME) {
            assert_eq!(node["labels"]["nvidia.com/device-plugin.config"], *key, "{node:#}");
        }
    }

    /// Demands that nobody else's nodes and keys have changed. Before the first key of ours `default` may have come.
    #[track_caller]
    pub(super) fn assert_others_untouched(&self) {
        assert_eq!(others(&self.desk, self.cluster), self.nodes, "nodes of somebody else were touched");
        self.assert_foreign_keys_untouched();
    }

    #[track_caller]
    fn assert_foreign_keys_untouched(&self) {
        let now = self.api.keys(self.config_map);
        for (key, text) in &self.keys {
            assert_eq!(now.get(key), Some(text), "the foreign key {key}");
        }
        // The plugin gives unlabelled nodes the only key there is: `default` has to say the same.
        let only = self.keys.values().next().filter(|_| self.keys.len() == 1);
        let expected = only.map_or("version: v1\n", String::as_str);
        if let Some(text) = now.get(DEFAULT).filter(|_| !self.keys.contains_key(DEFAULT)) {
            assert_eq!(text, expected, "default says what holds without us");
        }
    }

    /// Demands that nobody else's nodes offer anything else after every device plugin has started anew: only then does
    /// it decide again what nodes without a label get.
    #[track_caller]
    pub(super) fn assert_others_survive_a_restart(&self) {
        self.assert_others_untouched();
        if !self.has_plugin {
            return;
        }
        self.restart_plugins();
        until("somebody else's nodes offer what they did", || others(&self.desk, self.cluster) == self.nodes);
    }

    /// Starts every device plugin anew, and waits until no pod of before is left.
    #[track_caller]
    pub(super) fn restart_plugins(&self) {
        let plugins = || -> Vec<Value> {
            let pods = self.api.pods(None);
            let is_plugin = |name: &str| name.contains("device-plugin") && !name.contains("mps-control");
            pods.into_iter().filter(|(name, _)| is_plugin(name)).map(|(_, pod)| pod["uid"].clone()).collect()
        };
        let before = plugins();
        assert!(!before.is_empty(), "{:#?}", self.api.pods(None));
        self.sandbox.actor(json!({"kind": "restart_plugin", "cluster": self.cluster}));
        until("the plugins have started anew", || !plugins().iter().any(|uid| before.contains(uid)));
    }

    /// Demands that everything is as it was before the first pool, but for `default`, which stays.
    #[track_caller]
    pub(super) fn assert_left_as_found(&self) {
        for pool in OURS {
            assert_eq!(self.nodes_called(pool), Vec::<Value>::new());
        }
        assert_eq!(self.our_key_names(), Vec::<String>::new(), "keys of ours are left");
        self.assert_others_survive_a_restart();
    }

    /// Somebody edits the ConfigMap.
    #[track_caller]
    pub(super) fn edit_keys(&self, set: &Value, remove: &[&str]) {
        let (namespace, name) = self.config_map.split_once('/').expect("namespace/name");
        self.sandbox.actor(json!({
            "kind": "edit_config_map", "cluster": self.cluster, "namespace": namespace, "name": name,
            "set": set, "remove": remove,
        }));
    }

    /// Somebody deletes the ConfigMap.
    #[track_caller]
    pub(super) fn delete_config_map(&self) {
        let (namespace, name) = self.config_map.split_once('/').expect("namespace/name");
        self.sandbox.actor(json!({
            "kind": "delete_config_map", "cluster": self.cluster, "namespace": namespace, "name": name,
        }));
    }

    /// Installs the device plugin so that it reads the ConfigMap, as its chart does with the advised values.
    #[track_caller]
    pub(super) fn install_plugin(&self) {
        let (namespace, name) = self.config_map.split_once('/').expect("namespace/name");
        self.sandbox.actor(json!({
            "kind": "install_plugin", "cluster": self.cluster, "namespace": namespace, "config_map": name,
        }));
    }

    /// From now on these calls to the cluster's API server go wrong.
    #[track_caller]
    pub(super) fn trouble(&self, kind: &str, matching: Value, params: &Value) {
        let mut matching = matching;
        matching["cloud"] = json!("kubernetes");
        matching["cluster"] = json!(self.cluster);
        self.fault_on(&matching, kind, 1_000, params);
    }

    /// The recorded calls to API servers with this method whose path holds `part`, accepted or not.
    #[track_caller]
    pub(super) fn asked(&self, method: &str, part: &str) -> Vec<Value> {
        let is_ours = |record: &Value| record["url"].as_str().is_some_and(|url| url.starts_with("https://"));
        self.sandbox.requests(method, part).into_iter().filter(is_ours).collect()
    }

    /// How often a ConfigMap was written.
    #[track_caller]
    pub(super) fn key_writes(&self) -> usize {
        self.asked("PATCH", "/configmaps/").len()
    }

    /// A pod of somebody's on the pool, that asks for one slice, once it runs.
    #[track_caller]
    pub(super) fn run_pod(&self, name: &str) {
        let state = self.state();
        let resource = state["slices"]["resource_name"].as_str().expect("a resource").to_owned();
        self.api.start_pod(name, &resource, 1, &state["scheduling"]);
        until(&format!("{name} runs"), || self.pod(name)["phase"] == "Running");
    }

    /// A pod in `default`: uid, node, phase, restarts.
    #[track_caller]
    pub(super) fn pod(&self, name: &str) -> Value {
        self.api.pods(Some("default")).remove(&format!("default/{name}")).unwrap_or_default()
    }

    /// Applies again, and demands that the same pool is ready, with nothing left to do.
    #[track_caller]
    pub(super) fn heals(&self) -> Checked {
        let applied = self.workspace.apply().success();
        self.workspace.assert_empty_plan();
        assert_eq!(self.state()["status"], "ready");
        assert!(!self.workspace.is_tainted(self.address));
        applied
    }
}

/// The nodes of everybody else at a cluster.
#[track_caller]
fn others(desk: &Desk, cluster: &str) -> Vec<Value> {
    let theirs = |node: &Value| !OURS.iter().any(|pool| node["pool"] == *pool);
    desk.sandbox.nodes(cluster).into_iter().filter(theirs).collect()
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {SOON:?} in vain until: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
