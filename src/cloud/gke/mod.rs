//! Google Kubernetes Engine. [`super`] says what each file holds.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::cloud::coalesce::{Coalesced, FRESH};
use crate::cloud::gate::Gates;
use crate::cloud::settings::Settings;
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
use read::{Listing, Sizes};
pub(super) use rules::Rules;

/// GKE's rules.
pub(super) static RULES: Rules = Rules;

/// Operations of ours that may run on one cluster at a time. GKE allows five in all, and other tools want some
/// (source: GKE's own error text about its concurrent operations quota).
const AT_ONCE: usize = 4;

/// GKE's node pools.
#[derive(Debug)]
pub(super) struct Gke {
    api: Arc<Api>,
    gates: Gates,
}

/// Google's APIs, and what is remembered of their answers.
#[derive(Debug)]
struct Api {
    client: Client,
    /// Lists of pools, by the cluster's canonical id.
    listings: Coalesced<String, Listing, PoolError>,
    /// Sizes of instance groups, by project and zone.
    zone_sizes: Coalesced<(String, String), Sizes, PoolError>,
    warned_about_sizes: AtomicBool,
}

impl Gke {
    /// GKE as the settings reach it. Connects to nothing.
    ///
    /// # Errors
    /// When an endpoint of the settings is no URL.
    pub(super) fn new(settings: &Settings) -> Result<Self, PoolError> {
        Ok(Gke {
            api: Arc::new(Api {
                client: Client::new(settings)?,
                listings: Coalesced::new(FRESH),
                zone_sizes: Coalesced::new(FRESH),
                warned_about_sizes: AtomicBool::new(false),
            }),
            gates: Gates::new(AT_ONCE),
        })
    }
}

/// The parts of a GKE cluster's id.
fn place(cluster: &ClusterId) -> Result<Place<'_>, PoolError> {
    parts::place(cluster).map_err(untranslatable)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn untranslatable(error: Untranslatable) -> PoolError {
    PoolError {
        kind: ErrorKind::Invalid,
        summary: "The node pool cannot be made like this on GKE".to_owned(),
        detail: sentence(&capitalised(&error.to_string())),
        attribute: error.attribute(),
    }
}

#[async_trait::async_trait]
impl NodePools for Gke {
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

    async fn delete(&self, call: &Call, id: &PoolId, _: &Options) -> Result<(), PoolError> {
        self.remove(call, id).await
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
