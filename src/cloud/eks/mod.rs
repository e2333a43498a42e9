//! Amazon Elastic Kubernetes Service. [`super`] says what each file holds.

use std::sync::Arc;

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
use rules::Rules;

/// EKS's rules.
pub(super) static RULES: Rules = Rules;

/// Operations of ours that may run on one cluster at a time. EKS publishes no limit of its own; each operation is looked at
/// every few seconds, and an account's requests are throttled together.
const AT_ONCE: usize = 4;

/// EKS's node groups.
#[derive(Debug)]
pub(super) struct Eks {
    api: Arc<Api>,
    gates: Gates,
}

/// AWS's APIs, and what is remembered of their answers.
#[derive(Debug)]
struct Api {
    client: Client,
    shared: read::Shared,
}

impl Eks {
    /// EKS as the settings reach it. Connects to nothing.
    pub(super) fn new(settings: &Settings) -> Self {
        let api = Api { client: Client::new(settings), shared: read::Shared::default() };
        Eks { api: Arc::new(api), gates: Gates::new(AT_ONCE) }
    }
}

/// The parts of an EKS cluster's ARN.
fn place(cluster: &ClusterId) -> Result<Place<'_>, PoolError> {
    parts::place(cluster).map_err(untranslatable)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn untranslatable(error: Untranslatable) -> PoolError {
    PoolError {
        kind: ErrorKind::Invalid,
        summary: "The node pool cannot be made like this on EKS".to_owned(),
        detail: sentence(&capitalised(&error.to_string())),
        attribute: error.attribute(),
    }
}

#[async_trait::async_trait]
impl NodePools for Eks {
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
        let finished = self.change(call, id, prior, wanted).await?;
        if after.is_some() {
            self.catch_up(call, id, &finished).await;
        }
        Ok(finished)
    }

    async fn delete(&self, call: &Call, id: &PoolId, _: &Options) -> Result<(), PoolError> {
        self.remove(call, id).await
    }

    /// Its launch template.
    async fn left_behind(&self, call: &Call, id: &PoolId) -> Result<bool, PoolError> {
        self.has_templates(call, id).await
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
