//! Our keys in the ConfigMap, by server-side apply: each pool owns its key by a field manager of its own, so that pools
//! share a ConfigMap, and even a key, and nothing of anybody else's is touched.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node};
use kube::Api;
use kube::api::{ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use serde_json::json;
use tokio::time::Instant;

use super::place::{Origin, Place};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::config::fallback::{DEFAULT, DefaultKey, default_key};
use crate::kubernetes::config::{ConfigKey, key};
use crate::kubernetes::error::KubeError;
use crate::kubernetes::nodes::pool_selector;
use crate::kubernetes::rights::{Right, Verb};
use crate::nodepool::{Call, PoolId};

/// How long a kubelet may take until a changed ConfigMap is in the pods that mount it: it looks once a minute, at an
/// answer that may be remembered for some time (source: Kubernetes documentation, "ConfigMaps", mounted ConfigMaps).
pub const KUBELET_SYNC: Duration = Duration::from_secs(90);

/// The field manager of the key `default`, which belongs to no pool and is never removed.
const DEFAULT_MANAGER: &str = "gpuslice-default";

/// The longest name of a field manager.
const LONGEST_MANAGER: usize = 128;

/// Who owns a key: a pool, by a field manager of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub(super) manager: String,
    /// The label selector of the pool's nodes.
    pub(super) nodes: String,
}

impl Owner {
    /// The pool as an owner. Names of pools differ within a cluster, and a ConfigMap is in one.
    pub fn of(pool: &PoolId) -> Self {
        let mut manager = format!("gpuslice-pool-{}", pool.name);
        manager.truncate(LONGEST_MANAGER);
        Owner { manager, nodes: pool_selector(pool) }
    }

    /// The field manager's name, as `kubectl get --show-managed-fields` shows it.
    pub fn manager(&self) -> &str {
        &self.manager
    }
}

/// Keys that are in the ConfigMap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Whether one of them was not there, or had another text, before.
    pub changed: bool,
    /// Since when they are there, as far as this process knows.
    since: Instant,
}

/// What became of a key of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// It is there, with its text.
    Present,
    /// Somebody has given it another text. Remedy: apply.
    Edited {
        /// The text that it has.
        found: String,
    },
    /// Somebody has removed it, or the whole ConfigMap. Remedy: apply.
    Missing,
}

impl KeyState {
    /// The state of a key, by a ConfigMap's data; `None` is a ConfigMap that is not there.
    pub fn of(data: Option<&BTreeMap<String, String>>, key: &ConfigKey) -> Self {
        match data.and_then(|data| data.get(&key.name)) {
            Some(text) if *text == key.yaml => KeyState::Present,
            Some(text) => KeyState::Edited { found: text.clone() },
            None => KeyState::Missing,
        }
    }
}

/// What a pool with a key of its own will ask of the cluster, for [`Cluster::preflight`].
pub fn rights(place: &Place) -> Vec<Right> {
    let on = |verb| Right::on(verb, "", "configmaps", &place.namespace, &place.config_map);
    vec![on(Verb::Get), on(Verb::Create), on(Verb::Patch)]
}

impl Cluster {
    /// The data of the ConfigMap; `None` where there is none.
    ///
    /// # Errors
    /// When it may not be read, or the cluster does not answer.
    pub async fn keys(
        &self,
        call: &Call,
        place: &Place,
    ) -> Result<Option<BTreeMap<String, String>>, KubeError> {
        Ok(self.config_map(call, place).await?.map(|found| found.data.unwrap_or_default()))
    }

    /// Makes sure that these keys are in the ConfigMap, owned by the pool, and that they are the only ones that it owns
    /// there. Before the first key of ours, `default` says what nodes without a label have now.
    ///
    /// A key of ours has only one text, so whatever somebody has made of it is replaced.
    ///
    /// # Errors
    /// When it may not be written, is immutable, or cannot hold keys of ours without changing other nodes.
    pub async fn apply_keys(
        &self,
        call: &Call,
        place: &Place,
        owner: &Owner,
        keys: &[&ConfigKey],
    ) -> Result<Applied, KubeError> {
        let found = self.config_map(call, place).await?;
        if found.as_ref().is_some_and(|found| found.immutable == Some(true)) {
            return Err(KubeError::Immutable { config_map: place.full_name() });
        }
        let data = found.and_then(|found| found.data).unwrap_or_default();
        let changed = keys.iter().any(|key| KeyState::of(Some(&data), key) != KeyState::Present);
        self.ensure_default(call, place, &data).await?;
        let wanted = keys.iter().map(|key| (key.name.as_str(), key.yaml.as_str())).collect();
        self.apply(call, place, &owner.manager, true, &wanted, None).await?;
        tracing::info!(config_map = place.full_name(), manager = owner.manager, changed, "keys applied");
        Ok(Applied { changed, since: Instant::now() })
    }

    /// Waits until the kubelets of the pool's nodes have seen the keys, if they are new and there are any nodes: a node
    /// label that names a key before its file is there makes the plugin's side-car restart with growing pauses.
    ///
    /// # Errors
    /// When the user interrupts, or the cluster does not answer.
    pub async fn wait_for_kubelets(
        &self,
        call: &Call,
        owner: &Owner,
        applied: &Applied,
    ) -> Result<(), KubeError> {
        if !applied.changed {
            return Ok(());
        }
        match self.nodes_with(call, &owner.nodes).await {
            Ok(nodes) if nodes.is_empty() => return Ok(()),
            // Who may not see the nodes waits as if there were some.
            Ok(_) | Err(KubeError::Forbidden { .. }) => {}
            Err(error) => return Err(error),
        }
        let until = applied.since + self.kubelet_sync();
        tracing::info!("waiting for the kubelets to see the new key");
        let right = Box::new(Right::everywhere(Verb::List, "", "nodes"));
        tokio::select! {
            () = tokio::time::sleep_until(until) => Ok(()),
            () = call.cancelled.cancelled() => Err(KubeError::Interrupted { right }),
        }
    }

    async fn ensure_default(
        &self,
        call: &Call,
        place: &Place,
        data: &BTreeMap<String, String>,
    ) -> Result<(), KubeError> {
        let text = match default_key(data, &place.fallback) {
            DefaultKey::Nothing => return Ok(()),
            DefaultKey::NoHelp => return Err(KubeError::NoDefault { config_map: place.full_name() }),
            DefaultKey::Ensure(text) => text,
        };
        self.ensure_namespace(call, place).await?;
        let wanted = BTreeMap::from([(DEFAULT, text.as_str())]);
        match self.apply(call, place, DEFAULT_MANAGER, false, &wanted, None).await {
            Ok(()) => Ok(()),
            // Somebody made one at the same moment: theirs counts.
            Err(KubeError::Conflict { right, message }) => match self.keys(call, place).await? {
                Some(data) if data.contains_key(DEFAULT) => Ok(()),
                _ => Err(KubeError::Conflict { right, message }),
            },
            Err(error) => Err(error),
        }
    }

    /// Makes the namespace, where it is one that only the charts' documentation names and nothing is installed yet.
    async fn ensure_namespace(&self, call: &Call, place: &Place) -> Result<(), KubeError> {
        if place.origin != Origin::NothingInstalled {
            return Ok(());
        }
        let name = place.namespace.clone();
        let namespaces: Api<Namespace> = self.all();
        let right = |verb| Right {
            verb,
            group: "",
            resource: "namespaces",
            namespace: None,
            name: Some(name.clone()),
        };
        match self.ask(call, &right(Verb::Get), || namespaces.get_opt(&name)).await {
            Ok(None) => {}
            // Who may not see it may still write into it.
            Ok(Some(_)) | Err(KubeError::Forbidden { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
        let metadata = ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() };
        let wanted = Namespace { metadata, ..Namespace::default() };
        let options = PostParams { field_manager: Some(DEFAULT_MANAGER.to_owned()), ..PostParams::default() };
        match self.ask(call, &right(Verb::Create), || namespaces.create(&options, &wanted)).await {
            Ok(_) | Err(KubeError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn config_map(
        &self,
        call: &Call,
        place: &Place,
    ) -> Result<Option<ConfigMap>, KubeError> {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), &place.namespace);
        let right = Right::on(Verb::Get, "", "configmaps", &place.namespace, &place.config_map);
        self.ask(call, &right, || api.get_opt(&place.config_map)).await
    }

    pub(super) async fn apply(
        &self,
        call: &Call,
        place: &Place,
        manager: &str,
        force: bool,
        data: &BTreeMap<&str, &str>,
        uid: Option<&str>,
    ) -> Result<(), KubeError> {
        let mut metadata = json!({"name": place.config_map, "namespace": place.namespace});
        if let Some(uid) = uid {
            metadata["uid"] = json!(uid);
        }
        let wanted = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
        let options = PatchParams { force, ..PatchParams::apply(manager) };
        let patch = Patch::Apply(&wanted);
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), &place.namespace);
        let right = Right::on(Verb::Patch, "", "configmaps", &place.namespace, &place.config_map);
        self.ask(call, &right, || api.patch(&place.config_map, &options, &patch)).await.map(drop)
    }

    /// The nodes that a label selector finds.
    pub(super) async fn nodes_with(&self, call: &Call, selector: &str) -> Result<Vec<ObjectMeta>, KubeError> {
        let (api, options) = (self.all::<Node>(), ListParams::default().labels(selector));
        let right = Right::everywhere(Verb::List, "", "nodes");
        let found = self.ask(call, &right, || api.list_metadata(&options)).await?;
        Ok(found.items.into_iter().map(|node| node.metadata).collect())
    }
}

/// Whether a ConfigMap holds keys of ours whose text somebody has changed, by their names.
pub fn edited(data: &BTreeMap<String, String>) -> Vec<&str> {
    let is_edited = |(name, text): &(&String, &String)| key::looks_ours(name) && !key::is_ours(name, text);
    data.iter().filter(is_edited).map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
pub(super) mod tests;
