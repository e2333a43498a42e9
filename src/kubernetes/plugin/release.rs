//! Giving up keys: a pool takes back what it owns, and nothing that somebody still needs.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::CONFIG_LABEL;
use super::place::Place;
use super::store::Owner;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::config::ConfigKey;
use crate::kubernetes::error::KubeError;
use crate::nodepool::Call;

/// What became of the keys that a pool gave up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Released {
    /// The pool owns these no more; each is gone, unless another pool has it too.
    pub gone: BTreeSet<String>,
    /// These stay the pool's: the nodes beside them, which are not of the pool, name them and would break.
    pub in_use: BTreeMap<String, Vec<String>>,
}

impl Cluster {
    /// Gives up every key that the pool owns in the ConfigMap, but for `keep`. A key that nodes of others still name is
    /// left to the pool.
    ///
    /// # Errors
    /// When the ConfigMap may not be read or written, the nodes may not be listed, or the cluster does not answer.
    pub async fn release_keys(
        &self,
        call: &Call,
        place: &Place,
        owner: &Owner,
        keep: Option<&ConfigKey>,
    ) -> Result<Released, KubeError> {
        let Some(found) = self.config_map(call, place).await? else { return Ok(Released::default()) };
        let mut given = owned(&found.metadata, &owner.manager);
        if let Some(keep) = keep {
            given.remove(&keep.name);
        }
        if given.is_empty() {
            return Ok(Released::default());
        }
        // Where somebody else owns a key too, it stays for whoever names it.
        let shared = owned_by_others(&found.metadata, &owner.manager);
        let at_stake: BTreeSet<String> = given.difference(&shared).cloned().collect();
        let in_use =
            if at_stake.is_empty() { BTreeMap::new() } else { self.users(call, owner, &at_stake).await? };
        let gone: BTreeSet<String> = given.iter().filter(|key| !in_use.contains_key(*key)).cloned().collect();
        if !gone.is_empty() {
            let data = found.data.unwrap_or_default();
            let used = in_use.keys().filter_map(|key| Some((key.as_str(), data.get(key)?.as_str())));
            let kept = keep.iter().map(|key| (key.name.as_str(), key.yaml.as_str()));
            let wanted = used.chain(kept).collect();
            // With its uid: an apply to a ConfigMap that is gone meanwhile must not make it anew.
            self.apply(call, place, &owner.manager, true, &wanted, found.metadata.uid.as_deref()).await?;
            tracing::info!(config_map = place.full_name(), manager = owner.manager, ?gone, "keys released");
        }
        Ok(Released { gone, in_use })
    }

    /// The keys that the pool owns in the ConfigMap.
    ///
    /// # Errors
    /// When the ConfigMap may not be read, or the cluster does not answer.
    pub async fn owned_keys(
        &self,
        call: &Call,
        place: &Place,
        owner: &Owner,
    ) -> Result<BTreeSet<String>, KubeError> {
        let found = self.config_map(call, place).await?;
        Ok(found.map(|found| owned(&found.metadata, &owner.manager)).unwrap_or_default())
    }

    /// The nodes outside the pool that name these keys, by key.
    async fn users(
        &self,
        call: &Call,
        owner: &Owner,
        keys: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Vec<String>>, KubeError> {
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        // The pool's own nodes are changing their label, or going with the pool.
        let others =
            format!("{CONFIG_LABEL} in ({}),{}", names.join(","), owner.nodes.replacen('=', "!=", 1));
        let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for node in self.nodes_with(call, &others).await? {
            let key = node.labels.and_then(|mut labels| labels.remove(CONFIG_LABEL));
            if let Some((key, name)) = key.zip(node.name) {
                users.entry(key).or_default().push(name);
            }
        }
        Ok(users)
    }
}

/// The keys of a ConfigMap's data that a field manager owns by server-side apply.
fn owned(metadata: &ObjectMeta, manager: &str) -> BTreeSet<String> {
    owned_where(metadata, |operation, one| operation == Some("Apply") && one == Some(manager))
}

/// The keys of a ConfigMap's data that other field managers own, in whichever way.
fn owned_by_others(metadata: &ObjectMeta, manager: &str) -> BTreeSet<String> {
    owned_where(metadata, |_, one| one != Some(manager))
}

fn owned_where(
    metadata: &ObjectMeta,
    holds: impl Fn(Option<&str>, Option<&str>) -> bool,
) -> BTreeSet<String> {
    let entries = metadata.managed_fields.iter().flatten();
    let entries = entries.filter(|entry| holds(entry.operation.as_deref(), entry.manager.as_deref()));
    let data = entries.filter_map(|entry| entry.fields_v1.as_ref()?.0.pointer("/f:data")?.as_object());
    data.flat_map(|fields| fields.keys())
        .filter_map(|field| field.strip_prefix("f:").map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests;
