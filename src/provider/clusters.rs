//! The connections to clusters' Kubernetes APIs: one per cluster, for as long as the provider lives.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use url::{Host, Url};

use crate::kubernetes::{Cluster, KubernetesSettings, Reach};
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::{Call, ClusterId, NodePools, PoolError};

use super::origin::Origin;
use super::settings::Override;

/// How long a sandbox's kubelets take until they see a changed ConfigMap: half of its operations, which take 2 s unless
/// its `--latency` says otherwise. Where they take longer, a plugin that finds no key yet tries again, as it would on a
/// real node.
const SANDBOX_KUBELETS: Duration = Duration::from_secs(1);

/// The clusters of a configured provider.
#[derive(Debug)]
pub(super) struct Clusters {
    /// What the provider block says about one of them.
    way: Override,
    origin: Origin,
    user_agent: String,
    connections: Mutex<HashMap<ClusterId, Connection>>,
}

/// A connection that is there, or is being made by somebody.
type Connection = Arc<OnceCell<Arc<Cluster>>>;

impl Clusters {
    pub(super) fn new(way: Override, origin: Origin, user_agent: String) -> Self {
        Clusters { way, origin, user_agent, connections: Mutex::default() }
    }

    /// Whether it is not known yet how the cluster is reached.
    pub(super) fn is_unknown(&self, id: &ClusterId) -> bool {
        match &self.way {
            Override::Unknown => true,
            Override::UnknownFor(bound) => bound == id,
            Override::None | Override::Bound(..) => false,
        }
    }

    /// How the provider block says that the cluster is reached, if it does. Its cloud need not be asked then.
    fn settings(&self, id: &ClusterId) -> Option<&KubernetesSettings> {
        match &self.way {
            Override::Bound(bound, settings) if bound == id => Some(settings),
            _ => None,
        }
    }

    /// The connection to the cluster, made by whoever asks first. Failures are not kept.
    pub(super) async fn get(
        &self,
        call: &Call,
        id: &ClusterId,
        pools: Option<&dyn NodePools>,
    ) -> Result<Option<Arc<Cluster>>, PoolError> {
        let connection = {
            let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(connections.entry(id.clone()).or_default())
        };
        if let Some(made) = connection.get() {
            return Ok(Some(Arc::clone(made)));
        }
        let settings = self.settings(id);
        if settings.is_none() && pools.is_none() {
            return Ok(None);
        }
        let made = connection.get_or_try_init(async || {
            let reach = match (settings, pools) {
                (None, Some(pools)) => Reach::Cloud(pools.access(call, id).await?),
                (settings, _) => Reach::Settings(settings.cloned().unwrap_or_default()),
            };
            self.connect(&reach).await
        });
        Ok(Some(Arc::clone(made.await?)))
    }

    async fn connect(&self, reach: &Reach) -> Result<Arc<Cluster>, PoolError> {
        let cluster = Cluster::connect(reach, &self.user_agent).await?;
        if self.origin == Origin::Cloud {
            return Ok(Arc::new(cluster));
        }
        match Url::parse(cluster.server()) {
            Ok(server) if is_this_machine(&server) => {
                Ok(Arc::new(cluster.with_kubelet_sync(SANDBOX_KUBELETS)))
            }
            _ => Err(PoolError {
                kind: ErrorKind::Invalid,
                summary: "The provider talks to a sandbox, and the kubernetes block leads elsewhere"
                    .to_owned(),
                detail: format!(
                    "GPUSLICE_SANDBOX is set, and the API at {} is not on this machine. Remove the kubernetes block \
                     from the provider, or unset GPUSLICE_SANDBOX.",
                    cluster.server()
                ),
                attribute: None,
            }),
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
