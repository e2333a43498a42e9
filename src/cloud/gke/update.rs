//! Changing a pool, one sound step after the other.

use super::errors::{Action, ApiError, Trouble};
use super::explain::WHERE_TO_LOOK;
use super::follow::pending;
use super::health::{self, Cause, Outlook};
use super::steps::{self, Change, Group, Request};
use super::wait::{End, Failure};
use super::{Gke, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::cloud::words::{capitalised, sentence, stopped};
use crate::nodepool::pools::{
    Call, Checkpoint, ErrorKind, Finished, Freshness, Incomplete, IncompleteReason, Pending, PendingKind,
    now_rfc3339,
};
use crate::nodepool::{NodePoolSpec, PoolError, PoolId};

/// How often a step is built anew because somebody else changed the pool in between.
const REBUILDS: u32 = 3;

/// One update under way.
struct Updating<'a> {
    gke: &'a Gke,
    call: &'a Call,
    limits: Limits,
    id: &'a PoolId,
    prior: &'a NodePoolSpec,
    wanted: &'a NodePoolSpec,
    /// The pool as last seen.
    live: wire::NodePool,
    /// Its size as last seen; `None` when nobody knows.
    nodes: Option<u32>,
}

impl Gke {
    /// Changes the pool from `prior` to `wanted`.
    pub(super) async fn change(
        &self,
        call: &Call,
        id: &PoolId,
        prior: &NodePoolSpec,
        wanted: &NodePoolSpec,
    ) -> Result<Finished, PoolError> {
        self.change_groups(call, id, prior, wanted, &steps::ORDER).await
    }

    /// Changes these groups of fields.
    pub(super) async fn change_groups(
        &self,
        call: &Call,
        id: &PoolId,
        prior: &NodePoolSpec,
        wanted: &NodePoolSpec,
        groups: &[Group],
    ) -> Result<Finished, PoolError> {
        let limits = Limits::of(call);
        let doing = format!("change the node pool {}", id.name);
        let _pool = self
            .gates
            .pool(&limits, &id.to_string())
            .await
            .map_err(|why| stopped(why, call.timeout, &doing, ApiError::COMPANY, None))?;
        let live = self.must_find(call, &limits, id, &doing).await?;
        let mut updating = Updating { gke: self, call, limits, id, prior, wanted, live, nodes: None };
        updating.count().await?;
        for (position, group) in groups.iter().enumerate() {
            let rest = &groups[position + 1..];
            if let Some(finished) = updating.step(*group, rest).await? {
                return Ok(finished);
            }
        }
        updating.finish().await
    }

    async fn must_find(
        &self,
        call: &Call,
        limits: &Limits,
        id: &PoolId,
        doing: &str,
    ) -> Result<wire::NodePool, PoolError> {
        let place = super::place(&id.cluster)?;
        let found = self.api.pool(limits, place, &id.name).await;
        found.map_err(|trouble| trouble.explain(doing, call.timeout))?.ok_or_else(|| PoolError {
            kind: ErrorKind::PoolNotFound,
            summary: format!("Cannot {doing}: it does not exist"),
            detail: "Somebody deleted it after it was last read. `terraform plan` will show that it is to be created."
                .to_owned(),
            attribute: None,
        })
    }
}

impl Updating<'_> {
    fn doing(&self, group: Group) -> String {
        format!("change {} of the node pool {}", group.noun(), self.id.name)
    }

    fn request(&self, group: Group) -> Result<Option<Request>, PoolError> {
        let change = Change { prior: self.prior, wanted: self.wanted, live: &self.live, nodes: self.nodes };
        change.request(group).map_err(super::untranslatable)
    }

    /// Reads the pool again.
    async fn look(&mut self, doing: &str) -> Result<(), PoolError> {
        self.live = self.gke.must_find(self.call, &self.limits, self.id, doing).await?;
        self.count().await
    }

    /// Reads the size.
    async fn count(&mut self) -> Result<(), PoolError> {
        let project = super::place(&self.id.cluster)?.project;
        self.nodes = self.gke.nodes(self.call, &self.limits, project, &self.live, Freshness::Live).await?;
        Ok(())
    }

    /// Takes one step, if there is something to do. `Some` ends the update.
    async fn step(&mut self, group: Group, rest: &[Group]) -> Result<Option<Finished>, PoolError> {
        let Some((pending, end)) = self.send(group).await? else { return Ok(None) };
        let last = !self.more(rest)?;
        let failure = match end {
            Ok(End::Done | End::Forgotten) => None,
            Ok(End::Failed(failure)) => Some(failure),
            Err(trouble) => return self.cut(group, &pending, &trouble, last).map(Some),
        };
        let Some(failure) = failure else {
            self.look(&self.doing(group)).await?;
            self.checkpoint(None);
            return Ok(None);
        };
        // Nodes that there are no machines for now are GKE's to wait for; any other step has failed.
        let adds_nodes = matches!(group, Group::Grow | Group::Zones | Group::Autoscaling);
        let may_come = matches!(failure.cause, Cause::Stockout | Cause::Quota);
        if last && adds_nodes && may_come {
            return self.gke.settle(self.call, self.id, &pending, Some(failure)).await.map(Some);
        }
        if self.look(&self.doing(group)).await.is_ok() {
            self.checkpoint(None);
        }
        Err(refused(&self.doing(group), &pending, &failure))
    }

    /// Sends one step and waits for its operation; `None` where there is nothing to do.
    async fn send(&mut self, group: Group) -> Result<Option<(Pending, Result<End, Trouble>)>, PoolError> {
        let place = super::place(&self.id.cluster)?;
        let doing = self.doing(group);
        let mut rebuilds = REBUILDS;
        loop {
            let Some(request) = self.request(group)? else { return Ok(None) };
            let _turn = self
                .gke
                .gates
                .cluster(&self.limits, &self.id.cluster.canonical())
                .await
                .map_err(|why| stopped(why, self.call.timeout, &doing, ApiError::COMPANY, None))?;
            self.gke.api.forget(&self.id.cluster);
            let client = &self.gke.api.client;
            let sent =
                attempt(&self.limits, Kind::Repeatable, || client.change(place, &self.id.name, &request))
                    .await;
            let operation = match sent {
                Ok(operation) => operation,
                Err(trouble) if trouble.action() == Some(Action::Stale) && rebuilds > 0 => {
                    rebuilds -= 1;
                    self.look(&doing).await?;
                    continue;
                }
                Err(trouble) => return Err(trouble.explain(&doing, self.call.timeout)),
            };
            let pending = pending(&operation, place.location, PendingKind::Update);
            tracing::info!(pool = %self.id, operation = pending.operation, what = group.noun(), "GKE has accepted a change");
            self.checkpoint(Some(pending.clone()));
            let end = self.gke.api.operation(&self.limits, place.project, &pending).await;
            self.gke.api.forget(&self.id.cluster);
            return Ok(Some((pending, end)));
        }
    }

    /// Whether one of these groups is still to be changed.
    fn more(&self, rest: &[Group]) -> Result<bool, PoolError> {
        for group in rest {
            if self.request(*group)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn checkpoint(&self, pending: Option<Pending>) {
        let pool = super::seen::pool(self.id, &self.live, self.nodes).ok();
        self.call.progress.checkpoint(Checkpoint { id: self.id.clone(), pool, pending });
    }

    /// The wait for a step was stopped: the end of a last step can be waited for later, the steps after another one
    /// must be planned anew.
    fn cut(
        &self,
        group: Group,
        pending: &Pending,
        trouble: &Trouble,
        last: bool,
    ) -> Result<Finished, PoolError> {
        let doing = self.doing(group);
        let mut error = trouble.explain(&doing, self.call.timeout);
        let accepted = format!(
            "GKE has accepted this step and goes on with it: operation {} in {}; {WHERE_TO_LOOK}.",
            pending.operation, pending.location
        );
        if !last {
            error.detail = format!("{accepted} The steps after it have not begun. {}", error.detail);
            return Err(error);
        }
        let reason = match error.kind {
            ErrorKind::Interrupted => IncompleteReason::Interrupted,
            ErrorKind::TimedOut => IncompleteReason::TimedOut,
            _ => IncompleteReason::Unreachable,
        };
        Ok(Finished::Incomplete(Incomplete {
            pool: None,
            pending: pending.clone(),
            reason,
            message: format!("{}. {accepted}", error.summary),
        }))
    }

    /// Every step is taken: the pool is ready, or as unwell as something else has made it.
    async fn finish(&self) -> Result<Finished, PoolError> {
        let pending = Pending {
            operation: String::new(),
            location: super::place(&self.id.cluster)?.location.to_owned(),
            kind: PendingKind::Update,
            since: now_rfc3339(),
        };
        match health::outlook(&self.live) {
            Outlook::Ready => {
                let pool =
                    self.gke.describe(self.call, &self.limits, self.id, &self.live, Freshness::Live).await?;
                Ok(Finished::Ready(pool))
            }
            Outlook::Starved | Outlook::Sick => Ok(Finished::Incomplete(Incomplete {
                pool: super::seen::pool(self.id, &self.live, self.nodes).ok(),
                pending,
                reason: IncompleteReason::Unhealthy,
                message: format!(
                    "Every change was made, and GKE reports of the node pool {}: {} {}.",
                    self.id.name,
                    sentence(&health::words(&self.live)),
                    capitalised(WHERE_TO_LOOK)
                ),
            })),
            Outlook::Working | Outlook::Broken | Outlook::Deleting => {
                self.gke.settle(self.call, self.id, &pending, None).await
            }
        }
    }
}

fn refused(doing: &str, pending: &Pending, failure: &Failure) -> PoolError {
    let kind = match failure.cause {
        Cause::Stockout => ErrorKind::NoCapacity,
        Cause::Quota => ErrorKind::Quota,
        Cause::Permanent | Cause::Unknown => ErrorKind::Invalid,
    };
    let advice = match failure.cause {
        Cause::Stockout => {
            "Nodes are exchanged with spare machines, and there are none: upgrade = { max_surge = \"0\", \
             max_unavailable = \"1\" } needs no spare one. Then apply again."
        }
        Cause::Quota => {
            "Nodes are exchanged with spare machines, which the quota does not cover: ask for more, or set upgrade = { \
             max_surge = \"0\", max_unavailable = \"1\" }. Then apply again."
        }
        Cause::Permanent | Cause::Unknown => "Mend the cause and apply again.",
    };
    PoolError {
        kind,
        summary: format!("GKE could not {doing}"),
        detail: format!(
            "Its operation {} failed: {} {advice}",
            pending.operation,
            sentence(&failure.message)
        ),
        attribute: None,
    }
}
