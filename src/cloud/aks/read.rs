//! Looking at pools: one by one, or a whole cluster at once for a refresh.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::client::Errand;
use super::errors::{Action, ApiError, Trouble};
use super::parts::Place;
use super::{Aks, Api, explain, seen, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::limits::Limits;
use crate::nodepool::pools::{Call, ErrorKind, Freshness};
use crate::nodepool::{ClusterId, NodePool, Path, PoolError, PoolId};

/// How long a read that several callers share may take.
const SHARED: Duration = Duration::from_secs(180);

/// What a list of a cluster's pools shows.
#[derive(Debug, Clone)]
pub(super) enum Listing {
    /// The pools by name, in lower case as AKS wants names.
    Pools(Arc<HashMap<String, wire::AgentPool>>),
    /// There is no such cluster, by Azure's own word.
    NoCluster,
}

impl Aks {
    /// The pool; `None` when it is gone for certain.
    pub(super) async fn look(
        &self,
        call: &Call,
        id: &PoolId,
        freshness: Freshness,
    ) -> Result<Option<NodePool>, PoolError> {
        let place = super::place(&id.cluster)?;
        let limits = Limits::of(call);
        let found = match freshness {
            Freshness::Live => self.find(call, &limits, place, &id.name).await?,
            Freshness::Coalesced => self.find_listed(call, &limits, place, id).await?,
        };
        found.map(|pool| describe(id, &pool)).transpose()
    }

    /// The pool by a request of its own, or the certainty that it is gone.
    async fn find(
        &self,
        call: &Call,
        limits: &Limits,
        place: Place<'_>,
        name: &str,
    ) -> Result<Option<wire::AgentPool>, PoolError> {
        let errand = Errand::new();
        let explained = |trouble: Trouble| trouble.explain(&reading(name), call.timeout);
        if let Some(shown) = self.api.pool(limits, &errand, place, name).await.map_err(explained)? {
            return Ok(Some(shown.pool));
        }
        // "Not found" may also mean a wrong tenant or an endpoint that knows nothing: only beside a cluster that is
        // found, or that Azure itself calls missing, is the pool gone.
        match self.api.cluster(limits, &errand, place).await {
            Ok(_) => Ok(None),
            Err(Trouble::Api(error)) if is_missing_cluster(&error, place) => Ok(None),
            Err(trouble) => Err(explained(trouble)),
        }
    }

    /// The pool from a list that several readers share.
    async fn find_listed(
        &self,
        call: &Call,
        limits: &Limits,
        place: Place<'_>,
        id: &PoolId,
    ) -> Result<Option<wire::AgentPool>, PoolError> {
        let (api, cluster) = (Arc::clone(&self.api), id.cluster.clone());
        let answer =
            self.api.listings.get(id.cluster.canonical(), || async move { api.list(&cluster).await }.boxed());
        let stopped = |why| Trouble::from(why).explain(&reading(&id.name), call.timeout);
        match limits.run(answer).await.map_err(stopped)?? {
            Listing::NoCluster => Ok(None),
            Listing::Pools(pools) => match pools.get(&id.name.to_ascii_lowercase()) {
                Some(pool) => Ok(Some(pool.clone())),
                // A list can lag behind; a pool is gone only when it cannot be found by itself either.
                None => self.find(call, limits, place, &id.name).await,
            },
        }
    }

    /// The cluster's id as Azure spells it.
    pub(super) async fn look_at_cluster(
        &self,
        call: &Call,
        cluster: &ClusterId,
    ) -> Result<ClusterId, PoolError> {
        let found = self.require_cluster(call, &Limits::of(call), cluster).await?;
        let spelt = found.id.as_deref().and_then(|id| id.parse::<ClusterId>().ok());
        // An answer about something else would be a fault of the endpoint, and no new name for the cluster.
        Ok(spelt.filter(|spelt| spelt == cluster).unwrap_or_else(|| cluster.clone()))
    }

    /// The cluster, or an error that says that it is not there.
    pub(super) async fn require_cluster(
        &self,
        call: &Call,
        limits: &Limits,
        cluster: &ClusterId,
    ) -> Result<wire::ManagedCluster, PoolError> {
        let place = super::place(cluster)?;
        self.api.cluster(limits, &Errand::new(), place).await.map_err(|trouble| {
            if trouble.action() == Some(Action::NotFound) {
                return explain::no_cluster(&cluster.to_string());
            }
            let mut error = trouble.explain(&format!("look at the cluster {}", place.cluster), call.timeout);
            error.attribute = error.attribute.or_else(|| Some(Path::of("cluster_id")));
            error
        })
    }
}

/// The neutral pool.
pub(super) fn describe(id: &PoolId, pool: &wire::AgentPool) -> Result<NodePool, PoolError> {
    seen::pool(id, pool).map_err(|unreadable| PoolError {
        kind: ErrorKind::Unsupported,
        summary: format!("The node pool {} cannot be managed", id.name),
        detail: format!("The pool {id} cannot be described: {unreadable}."),
        attribute: None,
    })
}

impl Api {
    /// One pool; `None` when Azure says that it is not there.
    pub(super) async fn pool(
        &self,
        limits: &Limits,
        errand: &Errand,
        place: Place<'_>,
        name: &str,
    ) -> Result<Option<wire::Shown>, Trouble> {
        match attempt(limits, Kind::Read, || self.client.pool(errand, place, name)).await {
            Ok(shown) => Ok(Some(shown)),
            Err(trouble) if trouble.action() == Some(Action::NotFound) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    async fn cluster(
        &self,
        limits: &Limits,
        errand: &Errand,
        place: Place<'_>,
    ) -> Result<wire::ManagedCluster, Trouble> {
        attempt(limits, Kind::Read, || self.client.cluster(errand, place)).await
    }

    async fn list(&self, cluster: &ClusterId) -> Result<Listing, PoolError> {
        let place = super::place(cluster)?;
        let (limits, errand) = (Limits::lasting(SHARED), Errand::new());
        let mut pools = HashMap::new();
        let mut next: Option<String> = None;
        loop {
            let asked =
                attempt(&limits, Kind::Read, || self.client.pools(&errand, place, next.as_deref())).await;
            let page = match asked {
                Ok(page) => page,
                Err(Trouble::Api(error)) if is_missing_cluster(&error, place) => {
                    return Ok(Listing::NoCluster);
                }
                Err(trouble) => {
                    return Err(trouble.explain(&format!("list the node pools of {}", place.cluster), SHARED));
                }
            };
            pools.extend(
                page.value.into_iter().map(|shown| (shown.pool.name.to_ascii_lowercase(), shown.pool)),
            );
            match page.next_link.filter(|link| !link.is_empty()) {
                Some(link) => next = Some(link),
                None => return Ok(Listing::Pools(Arc::new(pools))),
            }
        }
    }

    /// Drops what is remembered of a cluster, before and after a change of ours.
    pub(super) fn forget(&self, cluster: &ClusterId) {
        let canonical = cluster.canonical();
        self.listings.forget(|key| *key == canonical);
    }
}

fn reading(name: &str) -> String {
    format!("read the node pool {name}")
}

/// Azure's own word that the cluster, or its resource group, does not exist in the subscription of its id. The name
/// must be in it: an endpoint that knows nothing at all says "not found" to everything.
fn is_missing_cluster(error: &ApiError, place: Place<'_>) -> bool {
    let ApiError::Refused(refusal) = error else { return false };
    if refusal.action() != Action::NotFound || !refusal.from_azure {
        return false;
    }
    let words = refusal.told.words().to_lowercase();
    let names = |kind: &str, name: &str| {
        let wanted = format!("{kind}{}", name.to_lowercase());
        // The end of the name must be its end: `c` is not `c2`.
        words.match_indices(&wanted).any(|(at, found)| {
            let rest = &words[at + found.len()..];
            !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '('))
        })
    };
    if refusal.told.has_code("ResourceGroupNotFound") {
        names("resource group '", place.resource_group)
    } else {
        let of_cluster =
            refusal.told.has_code("ResourceNotFound") || refusal.told.has_code("ParentResourceNotFound");
        of_cluster && names("managedclusters/", place.cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::aks::errors::{Ids, Refusal, Told};

    fn says(http: u16, code: &str, message: &str, from_azure: bool) -> bool {
        let place = Place { subscription: "s", resource_group: "group", cluster: "c" };
        let told = Told { code: code.to_owned(), message: message.to_owned(), causes: Vec::new() };
        let refusal = Refusal { http, told, ids: Ids::default(), retry_after: None, from_azure };
        is_missing_cluster(&ApiError::Refused(Box::new(refusal)), place)
    }

    #[test]
    fn only_azure_naming_the_cluster_or_its_group_means_a_missing_cluster() {
        let resource = "The Resource 'Microsoft.ContainerService/managedClusters/C' under resource group 'group' was not found.";
        assert!(says(404, "ResourceNotFound", resource, true));
        assert!(says(
            404,
            "ParentResourceNotFound",
            "Failed to perform 'read' on resource(s) of type 'managedClusters/agentPools', because the parent resource \
             '/subscriptions/s/resourceGroups/group/providers/Microsoft.ContainerService/managedClusters/c' could not \
             be found.",
            true
        ));
        assert!(says(404, "ResourceGroupNotFound", "Resource group 'Group' could not be found.", true));
        assert!(!says(404, "ResourceGroupNotFound", "Resource group 'group2' could not be found.", true));
        assert!(!says(404, "ResourceNotFound", &resource.replace("/C'", "/c2'"), true));
        assert!(!says(404, "ResourceNotFound", resource, false), "a proxy's word");
        assert!(!says(404, "NotFound", "Could not find the agentpool c", true), "only the pool");
        assert!(!says(404, "SubscriptionNotFound", "The subscription 's' could not be found.", true));
        assert!(!says(403, "ResourceNotFound", resource, true));
    }
}
