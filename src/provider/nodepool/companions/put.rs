//! A key comes into the ConfigMap, before the pool's nodes name it.

use std::sync::Arc;

use crate::kubernetes::config::{ConfigKey, key};
use crate::kubernetes::plugin::{Applied, Installed, Owner, Place, place, store};
use crate::kubernetes::{Cluster, KubeError};
use crate::nodepool::spec::Taint;
use crate::nodepool::{Call, PoolError};

use super::wanted::WantedKey;
use super::{Held, Keeper, messages};

/// Where a pool's key goes, in a cluster that answers and lets it.
#[derive(Debug, Clone)]
pub(in super::super) struct Found {
    /// The cluster.
    pub(in super::super) cluster: Arc<Cluster>,
    /// The ConfigMap.
    pub(in super::super) place: Place,
    /// The key.
    pub(in super::super) key: ConfigKey,
    pub(super) owner: Owner,
    /// Whether it was seen what is installed.
    looked: bool,
}

impl Keeper<'_> {
    /// Reaches the cluster, finds the ConfigMap, and makes sure that it may be written. Nothing is changed yet.
    ///
    /// # Errors
    /// With what the key is for, and the way to do without.
    pub(in super::super) async fn find(&self, call: &Call, wanted: &WantedKey) -> Result<Found, PoolError> {
        let found = self.found(call, wanted).await;
        found.map_err(|error| messages::before(&error, &wanted.key.name))
    }

    async fn found(&self, call: &Call, wanted: &WantedKey) -> Result<Found, PoolError> {
        let cluster = self.cluster(call).await?;
        let named = wanted.place.namespace.is_some() && wanted.place.config_map.is_some();
        let (installed, looked) = match cluster.installed(call).await {
            Ok(installed) => (installed, true),
            // Who may not look may still be told.
            Err(KubeError::Forbidden { .. }) if named => (Installed::default(), false),
            Err(error @ KubeError::Forbidden { .. }) => return Err(messages::cannot_look(error)),
            Err(error) => return Err(error.into()),
        };
        let place = place::choose(&wanted.place, &installed)?;
        cluster.preflight(call, &store::rights(&place)).await?;
        Ok(Found { cluster, place, key: wanted.key.clone(), owner: Owner::of(self.pool), looked })
    }

    /// The pool's cluster.
    pub(super) async fn cluster(&self, call: &Call) -> Result<Arc<Cluster>, PoolError> {
        self.session.cluster(call, &self.pool.cluster).await?.ok_or_else(messages::unknown_way)
    }
}

impl Found {
    /// Notes that the key may be there.
    pub(in super::super) fn note(&self, held: &mut Vec<Held>) {
        Held::add(held, &self.place.namespace, &self.place.config_map, &self.key.name);
    }

    /// Puts the key there. Those that the pool's nodes may still name stay.
    ///
    /// # Errors
    /// With what the key is for, and the way to do without.
    pub(in super::super) async fn put(
        &self,
        call: &Call,
        keeper: &Keeper<'_>,
        held: &[Held],
    ) -> Result<Applied, PoolError> {
        let applied = self.apply(call, held).await;
        keeper.session.forget(&keeper.pool.cluster);
        applied.map_err(|error| messages::before(&error.into(), &self.key.name))
    }

    async fn apply(&self, call: &Call, held: &[Held]) -> Result<Applied, KubeError> {
        let here =
            |one: &&Held| one.namespace == self.place.namespace && one.config_map == self.place.config_map;
        let others =
            held.iter().filter(here).flat_map(|one| &one.names).filter(|name| **name != self.key.name);
        let others: Vec<&String> = others.collect();
        let mut keys = vec![self.key.clone()];
        if !others.is_empty() {
            let data = self.cluster.keys(call, &self.place).await?.unwrap_or_default();
            // A text that somebody has changed is not put under our name again.
            keys.extend(others.into_iter().filter_map(|name| {
                let yaml = data.get(name).filter(|text| key::is_ours(name, text))?;
                Some(ConfigKey { name: name.clone(), yaml: yaml.clone() })
            }));
        }
        let keys: Vec<&ConfigKey> = keys.iter().collect();
        self.cluster.apply_keys(call, &self.place, &self.owner, &keys).await
    }

    /// Waits until the pool's nodes, if there are any, can follow a label that names the key.
    ///
    /// # Errors
    /// When the user interrupts, or the cluster does not answer.
    pub(in super::super) async fn settle(&self, call: &Call, applied: &Applied) -> Result<(), PoolError> {
        Ok(self.cluster.wait_for_kubelets(call, &self.owner, applied).await?)
    }

    /// What is to be installed so that somebody reads the key; `None` where somebody does, or that could not be seen.
    pub(in super::super) fn advice<'a>(&self, taints: impl IntoIterator<Item = &'a Taint>) -> Option<String> {
        let taints: Vec<Taint> = taints.into_iter().cloned().collect();
        self.place.advice(&taints).filter(|_| self.looked)
    }
}
