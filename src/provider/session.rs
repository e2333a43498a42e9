//! What the provider knows once it is configured, shared by all its resources.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::cloud::Clouds;
use crate::kubernetes::Cluster;
use crate::kubernetes::config::Fallback;
use crate::kubernetes::plugin::{self, Place};
use crate::nodepool::pools::{Checkpoint, Progress};
use crate::nodepool::resolve::Defaults;
use crate::nodepool::{Call, ClusterId, NodePools, PoolError};
use crate::slicing::Cloud;
use crate::tfplugin::{AttributePath, Diagnostics};

use super::clusters::Clusters;
use super::diagnostics;
use super::looks::{Data, Looks};
use super::nodepool::too_slow;
use super::origin::Origin;
use super::settings::Override;

/// How long a refresh waits for a cluster.
const LOOK: Duration = Duration::from_secs(5);

/// A look reports nothing.
struct Silent;

impl Progress for Silent {
    fn checkpoint(&self, _: Checkpoint) {}
    fn warn(&self, _: String, _: String) {}
}

/// The configured provider. Before it is configured it is at the cloud, with no defaults and no credentials.
#[derive(Debug, Default)]
pub(crate) struct Session {
    configured: RwLock<Configured>,
}

/// What configuring brings.
#[derive(Debug, Clone)]
pub(super) struct Configured {
    /// Whether the clouds are real.
    pub(super) origin: Origin,
    /// Labels and tags for every pool; `None` while they are unknown.
    pub(super) defaults: Option<Defaults>,
    /// The clouds whose credentials or addresses are not known yet.
    pub(super) unknown: BTreeSet<Cloud>,
    /// The clouds; `None` before the provider is configured.
    pub(super) clouds: Option<Arc<Clouds>>,
    /// The clusters' Kubernetes APIs.
    pub(super) clusters: Arc<Clusters>,
    /// What a refresh has seen in them.
    pub(super) looks: Arc<Looks>,
}

impl Default for Configured {
    fn default() -> Self {
        Configured {
            origin: Origin::Cloud,
            defaults: Some(Defaults::default()),
            unknown: BTreeSet::new(),
            clouds: None,
            clusters: Arc::new(Clusters::new(Override::None, Origin::Cloud, String::new())),
            looks: Arc::default(),
        }
    }
}

impl Session {
    /// Takes the provider block.
    pub(super) fn configure(&self, configured: Configured) {
        *self.configured.write().unwrap_or_else(PoisonError::into_inner) = configured;
    }

    fn get(&self) -> Configured {
        self.configured.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Labels and tags for every pool; `None` while they are unknown.
    pub(super) fn defaults(&self) -> Option<Defaults> {
        self.get().defaults
    }

    /// Whether the provider talks to a sandbox or to the clouds.
    pub(super) fn origin(&self) -> Origin {
        self.get().origin
    }

    /// The node pools of a cloud; `None` while its credentials or addresses are not known.
    ///
    /// # Errors
    /// When there are no credentials, or they cannot be read.
    pub(super) fn pools(&self, cloud: Cloud) -> Result<Option<Arc<dyn NodePools>>, Diagnostics> {
        let Configured { unknown, clouds, .. } = self.get();
        let Some(clouds) = clouds.filter(|_| !unknown.contains(&cloud)) else { return Ok(None) };
        clouds.pools(cloud).map(Some).map_err(|error| diagnostics::of_error(&error))
    }

    /// A cluster's Kubernetes API, reached as the provider block says, else as its cloud does; `None` while what says it
    /// is not known. Nothing is asked of the cluster itself yet.
    ///
    /// # Errors
    /// When the cloud does not tell the way, or there are no credentials for it.
    pub(super) async fn cluster(
        &self,
        call: &Call,
        id: &ClusterId,
    ) -> Result<Option<Arc<Cluster>>, PoolError> {
        let Configured { unknown, clouds, clusters, .. } = self.get();
        if clusters.is_unknown(id) {
            return Ok(None);
        }
        let cloud = id.cloud();
        let pools =
            clouds.filter(|_| !unknown.contains(&cloud)).map(|clouds| clouds.pools(cloud)).transpose()?;
        clusters.get(call, id, pools.as_deref()).await
    }

    /// What a ConfigMap of a cluster holds, for a refresh: within five seconds, and by one request for all who ask at
    /// about the same time.
    ///
    /// # Errors
    /// When the cluster is not reached in time, or does not permit it.
    pub(super) async fn config_map(
        &self,
        call: &Call,
        cluster: &ClusterId,
        namespace: &str,
        name: &str,
    ) -> Result<Data, PoolError> {
        let looks = self.get().looks;
        let place = (cluster.clone(), namespace.to_owned(), name.to_owned());
        looks.get(place, self.look(call, cluster, namespace, name)).await
    }

    async fn look(
        &self,
        call: &Call,
        cluster: &ClusterId,
        namespace: &str,
        name: &str,
    ) -> Result<Data, PoolError> {
        let place = Place {
            namespace: namespace.to_owned(),
            config_map: name.to_owned(),
            fallback: Fallback::default(),
            origin: plugin::Origin::Given,
        };
        let limit = LOOK.min(call.remaining());
        let call = Call {
            cancelled: call.cancelled.clone(),
            deadline: Instant::now() + limit,
            timeout: limit,
            progress: Box::new(Silent),
            nodes: None,
        };
        let look = async {
            let Some(reached) = self.cluster(&call, cluster).await? else { return Ok(None) };
            Ok(Some(Arc::new(reached.keys(&call, &place).await?.unwrap_or_default())))
        };
        let looked = tokio::time::timeout(limit, look).await;
        looked.unwrap_or_else(|_| Err(too_slow(cluster, limit)))
    }

    /// Forgets what a refresh has seen of a cluster: it was changed.
    pub(super) fn forget(&self, cluster: &ClusterId) {
        self.get().looks.forget(cluster);
    }

    /// Whether nobody has told yet that this cluster cannot be seen.
    pub(super) fn tells_first(&self, cluster: &ClusterId) -> bool {
        self.get().looks.tells_first(cluster)
    }

    /// Refuses a real cluster in the sandbox, and the sandbox's clusters outside it.
    ///
    /// # Errors
    /// With the path of `cluster_id`.
    pub(super) fn accepts(&self, cluster: &ClusterId) -> Result<(), Diagnostics> {
        let error = match (self.origin(), cluster.is_sandbox()) {
            (Origin::Cloud, false) | (Origin::Sandbox, true) => return Ok(()),
            (Origin::Sandbox, false) => Diagnostics::error(
                "The provider talks to a sandbox, and this is no cluster of the sandbox",
                format!(
                    "GPUSLICE_SANDBOX is set, and the sandbox does not hold {cluster}. Use one of the sandbox's own \
                     clusters (its address followed by /sandbox/clusters lists them), or unset GPUSLICE_SANDBOX."
                ),
            ),
            (Origin::Cloud, true) => Diagnostics::error(
                "This is a cluster of the sandbox",
                format!(
                    "No cloud holds {cluster}. To try the provider on the sandbox, start `gpuslice-sandbox serve` \
                     and set GPUSLICE_SANDBOX to the address it prints; else give the id of a real cluster."
                ),
            ),
        };
        Err(error.at(AttributePath::parse("cluster_id")))
    }
}
