//! Looking at node groups.
//!
//! EKS shows one at a time, so that each read is a request of its own. What a read needs beyond that is shared: the
//! cluster, and the list of the launch templates that were made for its pools. A version of a template never changes and
//! is asked for once, at the same time as the node group that most likely uses it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::client::Templates;
use super::create::template::{Used, is_ours};
use super::errors::{Action, Trouble};
use super::parts::Place;
use super::{Api, Eks, explain, labels, seen, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::coalesce::{Coalesced, FRESH};
use crate::cloud::limits::Limits;
use crate::nodepool::pools::{Call, ErrorKind, Freshness};
use crate::nodepool::{ClusterId, NodePool, Path, PoolError, PoolId};

/// How long a read that several callers share may take.
const SHARED: Duration = Duration::from_secs(180);

/// A version of a launch template; `None` for one that is not there any more.
type Version = Option<Arc<wire::TemplateVersion>>;

/// Answers that several reads share.
#[derive(Debug)]
pub(super) struct Shared {
    /// A cluster; `None` where EKS says that there is none.
    clusters: Coalesced<String, Option<Arc<wire::Cluster>>, PoolError>,
    /// The launch templates that were made for the pools of a cluster.
    templates: Coalesced<String, Arc<Vec<wire::Template>>, PoolError>,
    /// Versions of launch templates, by the template's id and their number, for as long as the process lives.
    versions: Coalesced<(String, u64), Version, PoolError>,
}

impl Default for Shared {
    fn default() -> Self {
        Shared {
            clusters: Coalesced::new(FRESH),
            templates: Coalesced::new(FRESH),
            versions: Coalesced::new(Duration::MAX),
        }
    }
}

impl Eks {
    /// The pool; `None` when it is gone for certain.
    pub(super) async fn look(
        &self,
        call: &Call,
        id: &PoolId,
        freshness: Freshness,
    ) -> Result<Option<NodePool>, PoolError> {
        let limits = Limits::of(call);
        let found = match freshness {
            Freshness::Live => self.find(call, &limits, id, freshness).await?,
            Freshness::Coalesced => {
                let ahead = limits.run(self.api.ask_ahead(id));
                let (found, _) = tokio::join!(self.find(call, &limits, id, freshness), ahead);
                found?
            }
        };
        match found {
            Some(group) => self.describe(call, &limits, id, &group, freshness).await.map(Some),
            None => Ok(None),
        }
    }

    /// The node group, or the certainty that it is gone.
    async fn find(
        &self,
        call: &Call,
        limits: &Limits,
        id: &PoolId,
        freshness: Freshness,
    ) -> Result<Option<wire::Nodegroup>, PoolError> {
        let place = super::place(&id.cluster)?;
        let explained = |trouble: Trouble| trouble.explain(&reading(&id.name), call.timeout);
        if let Some(group) = self.api.group(limits, place, &id.name).await.map_err(explained)? {
            return Ok(Some(group));
        }
        // Only EKS's own word that there is no such group comes to this, said to credentials of the cluster's account. It
        // counts beside a cluster that is found, or that EKS itself calls missing.
        if freshness == Freshness::Live {
            self.api.forget(&id.cluster);
        }
        self.shared_cluster(call, limits, &id.cluster).await.map(|_| None)
    }

    /// The neutral pool of a node group as it is now.
    pub(super) async fn described(
        &self,
        call: &Call,
        limits: &Limits,
        id: &PoolId,
        group: &wire::Nodegroup,
    ) -> Result<NodePool, PoolError> {
        self.describe(call, limits, id, group, Freshness::Live).await
    }

    async fn describe(
        &self,
        call: &Call,
        limits: &Limits,
        id: &PoolId,
        group: &wire::Nodegroup,
        freshness: Freshness,
    ) -> Result<NodePool, PoolError> {
        let used = self.template(call, limits, id, group, freshness).await?;
        let names_groups = used.own().is_some_and(|it| !it.data.security_group_ids.is_empty());
        let cluster = match names_groups {
            true => self.shared_cluster(call, limits, &id.cluster).await?,
            false => None,
        };
        let security_group = cluster.as_ref().and_then(|cluster| cluster.security_group.as_deref());
        seen::pool(id, group, used.seen(security_group))
            .map_err(|unreadable| unreadable_pool(id, &unreadable))
    }

    /// A node group's launch template, as far as anything has to be learnt from it.
    async fn template(
        &self,
        call: &Call,
        limits: &Limits,
        id: &PoolId,
        group: &wire::Nodegroup,
        freshness: Freshness,
    ) -> Result<Used, PoolError> {
        let place = super::place(&id.cluster)?;
        let explained = |trouble: Trouble| trouble.explain(&reading(&id.name), call.timeout);
        if freshness == Freshness::Live {
            return self.api.used_template(limits, place, id, group).await.map_err(explained);
        }
        let Some(used) = &group.launch_template else { return Ok(Used::default()) };
        let Ok(number) = used.version.parse() else { return Ok(Used::default()) };
        let stopped = |why| explained(Trouble::from(why));
        let templates = limits.run(self.api.shared_templates(&id.cluster)).await.map_err(stopped)??;
        let ours = templates.iter().any(|template| template.id == used.id && is_ours(template, id));
        if !ours && !tells_more(group) {
            return Ok(Used::default());
        }
        let version = limits.run(self.api.shared_version(&id.cluster, &used.id, number));
        let version = version.await.map_err(stopped)??;
        Ok(Used { ours, version: version.as_deref().cloned() })
    }

    async fn shared_cluster(
        &self,
        call: &Call,
        limits: &Limits,
        cluster: &ClusterId,
    ) -> Result<Option<Arc<wire::Cluster>>, PoolError> {
        let answer = limits.run(self.api.shared_cluster(cluster)).await;
        answer.map_err(|why| Trouble::from(why).explain(&looking_at(cluster), call.timeout))?
    }

    /// The cluster's id as EKS spells it.
    pub(super) async fn look_at_cluster(
        &self,
        call: &Call,
        cluster: &ClusterId,
    ) -> Result<ClusterId, PoolError> {
        let found = self.require_cluster(call, &Limits::of(call), cluster).await?;
        let spelt = found.arn.parse::<ClusterId>().ok();
        // An answer about something else would be a fault of the endpoint, and no new name for the cluster.
        Ok(spelt.filter(|spelt| spelt == cluster).unwrap_or_else(|| cluster.clone()))
    }

    /// The cluster, or an error that says that it is not there.
    pub(super) async fn require_cluster(
        &self,
        call: &Call,
        limits: &Limits,
        cluster: &ClusterId,
    ) -> Result<wire::Cluster, PoolError> {
        let place = super::place(cluster)?;
        let asked = attempt(limits, Kind::Read, || self.api.client.cluster(place)).await;
        asked.map_err(|trouble| {
            if trouble.action() == Some(Action::NotFound) {
                return explain::no_cluster(place);
            }
            let mut error = trouble.explain(&looking_at(cluster), call.timeout);
            error.attribute = error.attribute.or_else(|| Some(Path::of("cluster_id")));
            error
        })
    }
}

fn reading(name: &str) -> String {
    format!("read the node group {name}")
}

fn looking_at(cluster: &ClusterId) -> String {
    let name = super::place(cluster).map_or_else(|_| cluster.to_string(), |place| place.cluster.to_owned());
    format!("look at the cluster {name}")
}

fn unreadable_pool(id: &PoolId, why: &seen::Unreadable) -> PoolError {
    PoolError {
        kind: ErrorKind::Unsupported,
        summary: format!("The node group {} cannot be managed", id.name),
        detail: format!("The node group {} of {} cannot be described: {why}.", id.name, id.cluster),
        attribute: None,
    }
}

/// Whether something of a pool stands only in its template, also where that is somebody else's: how Bottlerocket cuts and
/// shares GPUs, the system of an image of one's own, the machine type.
fn tells_more(group: &wire::Nodegroup) -> bool {
    let image = group.ami_type.as_deref().unwrap_or("CUSTOM");
    group.instance_types.is_empty() || image == "CUSTOM" || image.starts_with("BOTTLEROCKET_")
}

impl Api {
    /// One node group; `None` when EKS says that it is not there.
    pub(super) async fn group(
        &self,
        limits: &Limits,
        place: Place<'_>,
        name: &str,
    ) -> Result<Option<wire::Nodegroup>, Trouble> {
        match attempt(limits, Kind::Read, || self.client.nodegroup(place, name)).await {
            Ok(group) => Ok(Some(group)),
            Err(trouble) if trouble.action() == Some(Action::NotFound) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Asks for what a pool's template most likely says, by its newest version. What goes wrong here is told when it turns
    /// out to be needed.
    async fn ask_ahead(self: &Arc<Self>, id: &PoolId) {
        let Ok(templates) = self.shared_templates(&id.cluster).await else { return };
        if let Some(template) = templates.iter().find(|template| is_ours(template, id)) {
            let _ = self.shared_version(&id.cluster, &template.id, template.latest).await;
        }
    }

    async fn shared_cluster(
        self: &Arc<Self>,
        cluster: &ClusterId,
    ) -> Result<Option<Arc<wire::Cluster>>, PoolError> {
        let ask = || {
            let (api, cluster) = (Arc::clone(self), cluster.clone());
            async move {
                let place = super::place(&cluster)?;
                let limits = Limits::lasting(SHARED);
                match attempt(&limits, Kind::Read, || api.client.cluster(place)).await {
                    Ok(found) => Ok(Some(Arc::new(found))),
                    Err(trouble) if trouble.action() == Some(Action::NotFound) => Ok(None),
                    Err(trouble) => Err(trouble.explain(&looking_at(&cluster), SHARED)),
                }
            }
            .boxed()
        };
        self.shared.clusters.get(cluster.canonical(), ask).await
    }

    async fn shared_templates(
        self: &Arc<Self>,
        cluster: &ClusterId,
    ) -> Result<Arc<Vec<wire::Template>>, PoolError> {
        let ask = || {
            let (api, cluster) = (Arc::clone(self), cluster.clone());
            async move {
                let place = super::place(&cluster)?;
                let limits = Limits::lasting(SHARED);
                let canonical = cluster.canonical();
                let marks = [(labels::CLUSTER_TAG, canonical.as_str())];
                attempt(&limits, Kind::Read, || api.client.templates(place, Templates::Tags(&marks)))
                    .await
                    .map(Arc::new)
                    .map_err(|trouble| {
                        let doing = format!("list the launch templates of the cluster {}", place.cluster);
                        trouble.explain(&doing, SHARED)
                    })
            }
            .boxed()
        };
        self.shared.templates.get(cluster.canonical(), ask).await
    }

    async fn shared_version(
        self: &Arc<Self>,
        cluster: &ClusterId,
        template: &str,
        number: u64,
    ) -> Result<Version, PoolError> {
        let ask = || {
            let (api, cluster, template) = (Arc::clone(self), cluster.clone(), template.to_owned());
            async move {
                let place = super::place(&cluster)?;
                let limits = Limits::lasting(SHARED);
                let found = api.version(&limits, place, &template, number).await;
                found.map(|version| version.map(Arc::new)).map_err(|trouble| {
                    trouble
                        .explain(&format!("read version {number} of the launch template {template}"), SHARED)
                })
            }
            .boxed()
        };
        self.shared.versions.get((template.to_owned(), number), ask).await
    }

    /// Drops what is remembered of a cluster, before and after a change of ours.
    pub(super) fn forget(&self, cluster: &ClusterId) {
        let canonical = cluster.canonical();
        self.shared.clusters.forget(|key| *key == canonical);
        self.shared.templates.forget(|key| *key == canonical);
    }
}
