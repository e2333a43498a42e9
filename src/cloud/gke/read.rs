//! Looking at pools: one by one, or a whole cluster at once for a refresh.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::try_join_all;

use super::errors::{Action, ApiError, Trouble};
use super::explain;
use super::parts::Place;
use super::wire::{self, Int};
use super::{Api, Gke, seen};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::cloud::words::sentence;
use crate::nodepool::pools::{Call, ErrorKind, Freshness};
use crate::nodepool::{ClusterId, NodePool, Path, PoolError, PoolId};

/// How long a read that several callers share may take.
const SHARED: Duration = Duration::from_secs(180);

/// What a list of a cluster's pools shows.
#[derive(Debug, Clone)]
pub(super) enum Listing {
    /// The pools by name.
    Pools(Arc<HashMap<String, wire::NodePool>>),
    /// There is no such cluster, by Google's own word.
    NoCluster,
}

/// The wanted sizes of the instance groups of a zone.
#[derive(Debug, Clone)]
pub(super) enum Sizes {
    /// By the group's name.
    Known(Arc<HashMap<String, u32>>),
    /// The identity may not see them; the text is Google's.
    Forbidden(String),
}

impl Gke {
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
        match found {
            Some(pool) => self.describe(call, &limits, id, &pool, freshness).await.map(Some),
            None => Ok(None),
        }
    }

    /// The pool by a request of its own, or the certainty that it is gone.
    async fn find(
        &self,
        call: &Call,
        limits: &Limits,
        place: Place<'_>,
        name: &str,
    ) -> Result<Option<wire::NodePool>, PoolError> {
        let doing = reading(name);
        if let Some(pool) =
            self.api.pool(limits, place, name).await.map_err(|it| it.explain(&doing, call.timeout))?
        {
            return Ok(Some(pool));
        }
        // "Not found" may also mean a wrong project or an endpoint that knows nothing: only beside a cluster that is
        // found, or that Google itself calls missing, is the pool gone.
        match self.api.cluster(limits, place).await {
            Ok(_) => Ok(None),
            Err(Trouble::Api(error)) if is_missing_cluster(&error, place) => Ok(None),
            Err(trouble) => Err(trouble.explain(&doing, call.timeout)),
        }
    }

    /// The pool from a list that several readers share.
    async fn find_listed(
        &self,
        call: &Call,
        limits: &Limits,
        place: Place<'_>,
        id: &PoolId,
    ) -> Result<Option<wire::NodePool>, PoolError> {
        let doing = reading(&id.name);
        let (api, cluster) = (Arc::clone(&self.api), id.cluster.clone());
        let answer =
            self.api.listings.get(id.cluster.canonical(), || async move { api.list(&cluster).await }.boxed());
        let stopped = |why| Trouble::from(why).explain(&doing, call.timeout);
        match limits.run(answer).await.map_err(stopped)?? {
            Listing::NoCluster => Ok(None),
            Listing::Pools(pools) => match pools.get(&id.name) {
                Some(pool) => Ok(Some(pool.clone())),
                // A list can lag behind; a pool is gone only when it cannot be found by itself either.
                None => self
                    .api
                    .pool(limits, place, &id.name)
                    .await
                    .map_err(|trouble| trouble.explain(&doing, call.timeout)),
            },
        }
    }

    /// The neutral pool, with its size.
    pub(super) async fn describe(
        &self,
        call: &Call,
        limits: &Limits,
        id: &PoolId,
        pool: &wire::NodePool,
        freshness: Freshness,
    ) -> Result<NodePool, PoolError> {
        let place = super::place(&id.cluster)?;
        let nodes = self.nodes(call, limits, place.project, pool, freshness).await?;
        seen::pool(id, pool, nodes).map_err(|unreadable| PoolError {
            kind: ErrorKind::Unsupported,
            summary: format!("The node pool {} cannot be managed", id.name),
            detail: format!("The pool {id} cannot be described: {unreadable}."),
            attribute: None,
        })
    }

    /// How many nodes are wanted now, in all zones. `None` where the autoscaler decides, while nodes are being
    /// exchanged for a second set, and where it may not be seen.
    pub(super) async fn nodes(
        &self,
        call: &Call,
        limits: &Limits,
        project: &str,
        pool: &wire::NodePool,
        freshness: Freshness,
    ) -> Result<Option<u32>, PoolError> {
        let autoscaled = pool.autoscaling.as_ref().is_some_and(|it| it.enabled);
        if pool.status == "PROVISIONING" && pool.instance_group_urls.is_empty() && !autoscaled {
            // Nobody has had the time to want another number than the one it was asked for with.
            let zones = u32::try_from(pool.locations.len()).unwrap_or(u32::MAX);
            let per_zone = pool.initial_node_count.and_then(Int::count).unwrap_or(0);
            return Ok(per_zone.checked_mul(zones));
        }
        let groups: Option<Vec<(&str, &str)>> =
            pool.instance_group_urls.iter().map(|url| instance_group(url)).collect();
        let Some(groups) = groups.filter(|it| !it.is_empty() && !autoscaled && !is_blue_green(pool)) else {
            return Ok(None);
        };
        let mut zones: Vec<&str> = groups.iter().map(|(zone, _)| *zone).collect();
        zones.sort_unstable();
        zones.dedup();
        let doing = reading(&pool.name);
        let asked = zones.iter().map(|zone| async move {
            let key = (project.to_owned(), (*zone).to_owned());
            let (api, of) = (Arc::clone(&self.api), key.clone());
            let ask = async move { api.sizes(&of.0, &of.1).await };
            let sizes = match freshness {
                Freshness::Live => limits.run(ask).await,
                Freshness::Coalesced => limits.run(self.api.zone_sizes.get(key, || ask.boxed())).await,
            };
            sizes.map(|answer| answer.map(|sizes| (*zone, sizes)))
        });
        let answers =
            try_join_all(asked).await.map_err(|why| Trouble::from(why).explain(&doing, call.timeout))?;
        let mut by_zone = HashMap::new();
        for answer in answers {
            match answer? {
                (zone, Sizes::Known(sizes)) => by_zone.insert(zone, sizes),
                (_, Sizes::Forbidden(why)) => {
                    self.warn_about_sizes(call, &why);
                    return Ok(None);
                }
            };
        }
        Ok(groups.iter().map(|(zone, group)| by_zone.get(zone)?.get(*group).copied()).sum())
    }

    fn warn_about_sizes(&self, call: &Call, why: &str) {
        if self.api.warned_about_sizes.swap(true, Ordering::Relaxed) {
            return;
        }
        call.progress.warn(
            "The sizes of GKE node pools cannot be read".to_owned(),
            format!(
                "GKE does not tell how many nodes a pool has; Compute Engine does, and it refused: {} What the state \
                 says of node_count is kept, so a pool resized by somebody else goes unnoticed. Grant the permission \
                 compute.instanceGroupManagers.list (the role roles/compute.viewer has it).",
                sentence(why)
            ),
        );
    }

    /// The cluster's id as GKE spells it.
    pub(super) async fn look_at_cluster(
        &self,
        call: &Call,
        cluster: &ClusterId,
    ) -> Result<ClusterId, PoolError> {
        let found = self.require_cluster(call, &Limits::of(call), cluster).await?;
        let place = super::place(cluster)?;
        let or = |found: String, known: &str| if found.is_empty() { known.to_owned() } else { found };
        Ok(ClusterId::Gke {
            project: place.project.to_owned(),
            location: or(found.location, place.location),
            cluster: or(found.name, place.cluster),
        })
    }

    /// The cluster, or an error that says that it is not there.
    pub(super) async fn require_cluster(
        &self,
        call: &Call,
        limits: &Limits,
        cluster: &ClusterId,
    ) -> Result<wire::Cluster, PoolError> {
        let place = super::place(cluster)?;
        self.api.cluster(limits, place).await.map_err(|trouble| {
            if trouble.action() == Some(Action::NotFound) {
                return explain::no_cluster(&cluster.to_string());
            }
            let mut error = trouble.explain(&format!("look at the cluster {}", place.cluster), call.timeout);
            error.attribute = error.attribute.or_else(|| Some(Path::of("cluster_id")));
            error
        })
    }
}

impl Api {
    /// One pool; `None` when Google says that it is not there.
    pub(super) async fn pool(
        &self,
        limits: &Limits,
        place: Place<'_>,
        name: &str,
    ) -> Result<Option<wire::NodePool>, Trouble> {
        match attempt(limits, Kind::Read, || self.client.pool(place, name)).await {
            Ok(pool) => Ok(Some(pool)),
            Err(trouble) if trouble.action() == Some(Action::NotFound) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    async fn cluster(&self, limits: &Limits, place: Place<'_>) -> Result<wire::Cluster, Trouble> {
        attempt(limits, Kind::Read, || self.client.cluster(place)).await
    }

    async fn list(&self, cluster: &ClusterId) -> Result<Listing, PoolError> {
        let place = super::place(cluster)?;
        let limits = Limits::lasting(SHARED);
        match attempt(&limits, Kind::Read, || self.client.pools(place)).await {
            Ok(pools) => {
                let by_name = pools.into_iter().map(|pool| (pool.name.clone(), pool)).collect();
                Ok(Listing::Pools(Arc::new(by_name)))
            }
            Err(Trouble::Api(error)) if is_missing_cluster(&error, place) => Ok(Listing::NoCluster),
            Err(trouble) => {
                Err(trouble.explain(&format!("list the node pools of {}", place.cluster), SHARED))
            }
        }
    }

    async fn sizes(&self, project: &str, zone: &str) -> Result<Sizes, PoolError> {
        let limits = Limits::lasting(SHARED);
        let mut sizes = HashMap::new();
        let mut page: Option<String> = None;
        loop {
            let asked =
                attempt(&limits, Kind::Read, || self.client.instance_groups(project, zone, page.as_deref()))
                    .await;
            let answer = match asked {
                Ok(answer) => answer,
                Err(Trouble::Api(error)) if error.action() == Action::Final(ErrorKind::Forbidden) => {
                    return Ok(Sizes::Forbidden(error.words()));
                }
                Err(trouble) => {
                    let doing = format!("read the sizes of node pools in {zone}");
                    return Err(trouble.explain(&doing, SHARED));
                }
            };
            sizes.extend(
                answer.items.into_iter().filter_map(|group| Some((group.name, group.target_size.count()?))),
            );
            match answer.next_page_token.filter(|token| !token.is_empty()) {
                Some(next) => page = Some(next),
                None => return Ok(Sizes::Known(Arc::new(sizes))),
            }
        }
    }

    /// Drops what is remembered of a cluster, before and after a change of ours.
    pub(super) fn forget(&self, cluster: &ClusterId) {
        let canonical = cluster.canonical();
        self.listings.forget(|key| *key == canonical);
        if let Ok(place) = super::place(cluster) {
            self.zone_sizes.forget(|(project, _)| project == place.project);
        }
    }
}

fn reading(name: &str) -> String {
    format!("read the node pool {name}")
}

/// Google's own word that the cluster does not exist. The name must be in it: an endpoint that knows nothing at all
/// says "not found" to everything.
fn is_missing_cluster(error: &ApiError, place: Place<'_>) -> bool {
    match error {
        ApiError::Refused(refusal) => {
            refusal.action() == Action::NotFound
                && refusal.from_google
                && refusal.message.contains(&format!("clusters/{}", place.cluster))
        }
        _ => false,
    }
}

/// Whether two sets of nodes stand beside each other, so that their sizes add up to something that nobody wants.
fn is_blue_green(pool: &wire::NodePool) -> bool {
    let phase =
        pool.update_info.as_ref().and_then(|it| it.blue_green_info.as_ref()).map(|it| it.phase.as_str());
    phase.is_some_and(|phase| !phase.is_empty() && phase != "PHASE_UNSPECIFIED")
}

/// Zone and name in `https://…/zones/ZONE/instanceGroupManagers/NAME`.
fn instance_group(url: &str) -> Option<(&str, &str)> {
    let (before, name) = url.rsplit_once('/')?;
    let (before, kind) = before.rsplit_once('/')?;
    let (_, zone) = before.rsplit_once('/')?;
    (matches!(kind, "instanceGroupManagers" | "instanceGroups") && !name.is_empty()).then_some((zone, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::gke::errors::Refusal;

    #[test]
    fn groups_are_found_by_their_urls() {
        let url = "https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a/instanceGroupManagers/gke-c-x-grp";
        assert_eq!(instance_group(url), Some(("us-central1-a", "gke-c-x-grp")));
        assert_eq!(instance_group("https://x/zones/z/instances/i"), None);
        assert_eq!(instance_group("nonsense"), None);
    }

    #[test]
    fn only_google_naming_the_cluster_means_a_missing_cluster() {
        let place = Place { project: "p", location: "l", cluster: "c" };
        let of = |message: &str, from_google| {
            let refusal = Refusal {
                http: 404,
                status: "NOT_FOUND".to_owned(),
                message: message.to_owned(),
                reasons: Vec::new(),
                request_id: None,
                retry_after: None,
                from_google,
            };
            is_missing_cluster(&ApiError::Refused(Box::new(refusal)), place)
        };
        assert!(of("Not found: projects/p/locations/l/clusters/c.", true));
        assert!(!of("Requested entity was not found.", true));
        assert!(!of("Not found: projects/p/locations/l/clusters/c.", false));
    }
}
