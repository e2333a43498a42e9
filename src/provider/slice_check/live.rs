//! What a pool that exists is to offer: by its cloud, and, where a device plugin in the cluster announces GPUs, by the
//! key that the pool's label names.

use std::time::Duration;

use crate::kubernetes::Cluster;
use crate::kubernetes::check::{Announcer, SliceCheck};
use crate::kubernetes::config::{ConfigKey, PluginConfig, Told};
use crate::kubernetes::error::KubeError;
use crate::kubernetes::plugin::{CONFIG_LABEL, ClusterPolicy, Found, Place, Wanted};
use crate::kubernetes::suits::Cut;
use crate::nodepool::config::GpuConfig;
use crate::nodepool::gpu::NodeSlicing;
use crate::nodepool::spec::Taint;
use crate::nodepool::{Call, Field, NodePool};
use crate::slicing::{GPU_RESOURCE, MigProfile, MigStrategy};

/// What a pool's key tells its nodes.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct ToldByKey {
    /// Where the key is.
    pub(in crate::provider) place: Place,
    /// The key.
    pub(in crate::provider) key: ConfigKey,
    /// What it says to this pool's nodes.
    pub(in crate::provider) config: PluginConfig,
}

/// Why it is not known what a pool's nodes are told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::provider) enum Untold {
    /// The cluster does not answer, or not to this identity. Remedy: as the cause says.
    #[error("{} {}", sentence(&.0.summary()), .0.detail())]
    NotAsked(Box<KubeError>),
    /// No ConfigMap has the key. Remedy: put it back, or change the label.
    #[error(
        "The pool's label {CONFIG_LABEL} names the key {key}, and {looked} does not have it: the device plugin does not \
         start on such nodes."
    )]
    NoKey {
        /// The key.
        key: String,
        /// The ConfigMaps, in a list.
        looked: String,
    },
    /// The text of the key is none that the plugin takes. Remedy: mend it.
    #[error("The key {key} in the ConfigMap {config_map} is none that the device plugin takes: {why}.")]
    Unreadable {
        /// The key.
        key: String,
        /// The ConfigMap.
        config_map: String,
        /// What is wrong.
        why: String,
    },
}

fn sentence(text: &str) -> String {
    format!("{text}.")
}

/// What the key tells a pool's nodes that the pool's label names; `None` for a pool without the label.
pub(in crate::provider) async fn told_by_key(
    cluster: &Cluster,
    call: &Call,
    pool: &NodePool,
) -> Result<Option<ToldByKey>, Untold> {
    let Some(name) = pool.labels.get(CONFIG_LABEL) else { return Ok(None) };
    let found = cluster.find_key(call, &Wanted::default(), name).await;
    let (place, key) = match found.map_err(|error| Untold::NotAsked(Box::new(error)))? {
        Found::Here(place, key) => (place, key),
        Found::Nowhere(looked) => {
            return Err(Untold::NoKey { key: name.clone(), looked: looked.join(", ") });
        }
    };
    let told = Told::read(&key.yaml).map_err(|error| Untold::Unreadable {
        key: name.clone(),
        config_map: place.full_name(),
        why: error.to_string(),
    })?;
    let slice = pool.mig_profile.map(MigProfile::mixed_resource_name);
    let config = told.to_node(slice.as_deref());
    Ok(Some(ToldByKey { place, key, config }))
}

/// How the GPU operator announces slices: as its policy says, and as its chart has it where that cannot be seen.
pub(super) async fn operators_strategy(cluster: &Cluster, call: &Call) -> MigStrategy {
    match cluster.operator_policies(call).await {
        Ok(policies) => policies.iter().find_map(ClusterPolicy::announces_by).unwrap_or_default(),
        Err(error) => {
            tracing::debug!(%error, "the GPU operator's policy could not be seen");
            MigStrategy::default()
        }
    }
}

/// Why nothing is to be expected of a pool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::provider) enum NoSlices {
    /// It has no GPUs. Remedy: another pool.
    #[error("The pool has no GPUs that the cloud tells of.")]
    NoGpus,
    /// The GPUs of its machine type are not in the catalogue. Remedy: a newer version of the provider.
    #[error(
        "The catalogue of this version does not know the GPUs of {0}, so nobody knows how many slices are to come."
    )]
    UnknownGpu(String),
    /// Its profile does not fit its GPUs. Remedy: none known; the cloud would not have made it.
    #[error("The slices of {0} cannot be counted.")]
    Uncountable(String),
}

/// What the nodes of a pool are to offer, by what its cloud shows and, where there is one, by its key.
pub(in crate::provider) fn expected(
    pool: &NodePool,
    announcer: Announcer,
    told: Option<&PluginConfig>,
    cut: Option<Cut>,
    timeout: Duration,
) -> Result<SliceCheck, NoSlices> {
    let gpu = pool.gpu.as_ref().ok_or(NoSlices::NoGpus)?;
    let chosen =
        Field::Known(GpuConfig { model: Field::Known(gpu.model.clone()), count: Field::Known(gpu.count) });
    let node = NodeSlicing::find(Some(pool.id.cluster.cloud()), &pool.machine_type, &chosen)
        .ok_or_else(|| NoSlices::UnknownGpu(pool.machine_type.clone()))?;
    // The operator's own word wins over a key.
    let strategy = cut.map(|cut| cut.strategy).or_else(|| told.and_then(|told| told.mig_strategy));
    let strategy = strategy.unwrap_or(MigStrategy::Single);
    let sharing = told.map_or(pool.sharing, |told| told.sharing);
    let capacity = node
        .capacity(pool.mig_profile, sharing, strategy, None)
        .map_err(|_| NoSlices::Uncountable(pool.machine_type.clone()))?;
    let resource = match (told, pool.mig_profile) {
        (Some(told), _) => told.announced(),
        (None, Some(profile)) if strategy == MigStrategy::Mixed => profile.mixed_resource_name(),
        (None, _) => GPU_RESOURCE.to_owned(),
    };
    Ok(SliceCheck {
        pool: pool.id.clone(),
        resource,
        per_node: capacity.per_node,
        gpus: node.gpus_per_node,
        nodes: if pool.autoscaling.is_some() { None } else { pool.node_count },
        mig: pool.mig_profile.map(|_| strategy),
        sharing,
        mig_manager: cut,
        announcer,
        taints: pool.taints.iter().cloned().chain(pool.gpu_taint.then(Taint::gpu)).collect(),
        timeout,
    })
}
