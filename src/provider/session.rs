//! What the provider knows once it is configured, shared by all its resources.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use crate::cloud::Clouds;
use crate::kubernetes::Cluster;
use crate::nodepool::resolve::Defaults;
use crate::nodepool::{Call, ClusterId, NodePools, PoolError};
use crate::slicing::Cloud;
use crate::tfplugin::{AttributePath, Diagnostics};

use super::clusters::Clusters;
use super::diagnostics;
use super::origin::Origin;
use super::settings::Override;

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
}

impl Default for Configured {
    fn default() -> Self {
        Configured {
            origin: Origin::Cloud,
            defaults: Some(Defaults::default()),
            unknown: BTreeSet::new(),
            clouds: None,
            clusters: Arc::new(Clusters::new(Override::None, Origin::Cloud, String::new())),
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
