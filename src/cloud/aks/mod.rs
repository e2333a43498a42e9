//! Azure Kubernetes Service. [`super`] says what each file holds.

use std::sync::Arc;
use std::time::Duration;

use crate::cloud::budget::Budget;
use crate::cloud::coalesce::{Coalesced, FRESH};
use crate::cloud::gate::Gates;
use crate::cloud::settings::{ApiVersion, Settings};
use crate::cloud::words::{capitalised, sentence};
use crate::nodepool::pools::{Call, ErrorKind, Finished, Freshness, NodePools, Pending};
use crate::nodepool::{ClusterAccess, ClusterId, NodePool, NodePoolSpec, Options, PoolError, PoolId};

mod access;
mod auth;
mod checks;
mod client;
mod create;
mod delete;
mod errors;
mod explain;
mod follow;
mod health;
mod labels;
mod machines;
mod option_checks;
mod options;
mod parts;
mod places;
mod profiles;
mod read;
mod rules;
mod seen;
mod steps;
#[cfg(test)]
mod testing;
mod translate;
mod update;
mod wait;
mod wire;

use client::Client;
use parts::{Place, Untranslatable};
use read::Listing;
use rules::Rules;

/// AKS's rules.
pub(super) static RULES: Rules = Rules;

/// Operations of ours that may run on one cluster at a time: AKS refuses a second one as long as the first runs
/// (source: error texts in issues of Azure/AKS).
const AT_ONCE: usize = 1;

/// AKS's node pools.
#[derive(Debug)]
pub(super) struct Aks {
    api: Arc<Api>,
    gates: Gates,
    api_version: ApiVersion,
}

/// Azure Resource Manager, what is remembered of its answers, and how often it may be asked.
#[derive(Debug)]
struct Api {
    client: Client,
    /// Lists of pools, by the cluster's canonical id.
    listings: Coalesced<String, Listing, PoolError>,
    /// Looks at long operations, by subscription. AKS counts them in a bucket of 200 that refills by two a second
    /// (source: AKS documentation, "Quotas, SKUs and regions"); others use the same bucket.
    operation_looks: Budget,
    /// Looks at pools while they are waited for, by subscription: a bucket of 60 that refills by one a second (same
    /// source).
    pool_looks: Budget,
}

impl Aks {
    /// AKS as the settings reach it. Connects to nothing.
    pub(super) fn new(settings: &Settings) -> Self {
        Aks {
            api: Arc::new(Api {
                client: Client::new(settings),
                listings: Coalesced::new(FRESH),
                operation_looks: Budget::new(100, Duration::from_millis(500)),
                pool_looks: Budget::new(30, Duration::from_secs(1)),
            }),
            gates: Gates::new(AT_ONCE),
            api_version: settings.azure.api_version,
        }
    }
}

/// The parts of an AKS cluster's id.
fn place(cluster: &ClusterId) -> Result<Place<'_>, PoolError> {
    parts::place(cluster).map_err(untranslatable)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn untranslatable(error: Untranslatable) -> PoolError {
    PoolError {
        kind: ErrorKind::Invalid,
        summary: "The node pool cannot be made like this on AKS".to_owned(),
        detail: sentence(&capitalised(&error.to_string())),
        attribute: error.attribute(),
    }
}

#[async_trait::async_trait]
impl NodePools for Aks {
    async fn preflight(&self, call: &Call, spec: &NodePoolSpec) -> Result<(), PoolError> {
        self.may_create(call, spec).await
    }

    async fn create(&self, call: &Call, spec: &NodePoolSpec) -> Result<Finished, PoolError> {
        self.make(call, spec).await
    }

    async fn resume(&self, call: &Call, id: &PoolId, pending: &Pending) -> Result<Finished, PoolError> {
        self.go_on(call, id, pending).await
    }

    async fn update(
        &self,
        call: &Call,
        id: &PoolId,
        prior: &NodePoolSpec,
        wanted: &NodePoolSpec,
        after: Option<&Pending>,
    ) -> Result<Finished, PoolError> {
        if let Some(finished) = self.wait_for_end(call, id, after).await? {
            return Ok(finished);
        }
        self.change(call, id, prior, wanted).await
    }

    async fn delete(&self, call: &Call, id: &PoolId, options: &Options) -> Result<(), PoolError> {
        self.remove(call, id, options).await
    }

    /// A pool is all that is made.
    async fn left_behind(&self, _: &Call, _: &PoolId) -> Result<bool, PoolError> {
        Ok(false)
    }

    async fn read(
        &self,
        call: &Call,
        id: &PoolId,
        freshness: Freshness,
    ) -> Result<Option<NodePool>, PoolError> {
        self.look(call, id, freshness).await
    }

    async fn cluster(&self, call: &Call, cluster: &ClusterId) -> Result<ClusterId, PoolError> {
        self.look_at_cluster(call, cluster).await
    }

    async fn access(&self, call: &Call, cluster: &ClusterId) -> Result<ClusterAccess, PoolError> {
        self.way_to(call, cluster).await
    }
}
