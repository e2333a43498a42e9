//! Following a node group from an accepted request to its rest, and saying where it got to.

use super::errors::{ApiError, Trouble};
use super::health::{self, Outlook};
use super::update::refused;
use super::wait::{Cut, End, Rest};
use super::{Eks, seen, wire};
use crate::cloud::fault::Fault;
use crate::cloud::gate::ClusterTurn;
use crate::cloud::limits::{Limits, Stopped};
use crate::cloud::words::{sentence, stopped};
use crate::duration::GoDuration;
use crate::nodepool::pools::{
    Call, ErrorKind, Finished, Incomplete, IncompleteReason, Pending, PendingKind, now_rfc3339,
};
use crate::nodepool::{NodePool, PoolError, PoolId};

/// What is to be remembered of an accepted request. Only updates have an id.
pub(super) fn pending(id: &PoolId, kind: PendingKind, update: &str) -> Pending {
    let location = super::place(&id.cluster).map(|place| place.region.to_owned()).unwrap_or_default();
    Pending { operation: update.to_owned(), location, kind, since: now_rfc3339() }
}

/// Where to look at a request that goes on without us.
pub(super) fn where_to_look(id: &PoolId, pending: &Pending) -> String {
    let (region, cluster) =
        super::place(&id.cluster).map(|place| (place.region, place.cluster)).unwrap_or_default();
    let name = &id.name;
    if pending.operation.is_empty() {
        return format!(
            "`aws eks describe-nodegroup --region {region} --cluster-name {cluster} --nodegroup-name {name}` shows how it \
             goes"
        );
    }
    format!(
        "`aws eks describe-update --region {region} --name {cluster} --nodegroup-name {name} --update-id {}` shows how it \
         goes",
        pending.operation
    )
}

impl Eks {
    /// Goes on waiting for what an earlier call left behind.
    pub(super) async fn go_on(
        &self,
        call: &Call,
        id: &PoolId,
        pending: &Pending,
    ) -> Result<Finished, PoolError> {
        let limits = Limits::of(call);
        let doing = format!("wait for the node group {}", id.name);
        let _pool = self
            .gates
            .pool(&limits, &id.to_string())
            .await
            .map_err(|why| stopped(why, call.timeout, &doing, ApiError::COMPANY, None))?;
        let finished = self.follow(call, id, pending, None).await?;
        self.catch_up(call, id, &finished).await;
        Ok(finished)
    }

    /// Does what a call that was cut short has not come to, once its node group is ready.
    pub(super) async fn catch_up(&self, call: &Call, id: &PoolId, finished: &Finished) {
        if let Finished::Ready(_) = finished {
            self.tell_autoscaler(call, &Limits::of(call), id, &[]).await;
        }
    }

    /// Waits for the end of what an earlier call left behind, good or bad. `Some` when the wait was cut short.
    pub(super) async fn wait_for_end(
        &self,
        call: &Call,
        id: &PoolId,
        after: Option<&Pending>,
    ) -> Result<Option<Finished>, PoolError> {
        let Some(pending) = after else { return Ok(None) };
        let place = super::place(&id.cluster)?;
        let limits = Limits::of(call);
        let cut = if pending.operation.is_empty() {
            let rest = self.api.rest(&limits, place, &id.name, &pending.since, None).await;
            rest.err()
        } else {
            let end = self.api.end_of_update(&limits, place, &id.name, pending).await;
            end.err().map(|trouble| Cut { trouble, last: None })
        };
        self.api.forget(&id.cluster);
        Ok(cut.map(|cut| cut_short(call, id, pending, cut)))
    }

    /// Waits for an update, if it is one, and then for its node group. From here on a group that may still become ready is
    /// no error.
    pub(super) async fn follow(
        &self,
        call: &Call,
        id: &PoolId,
        pending: &Pending,
        turn: Option<ClusterTurn>,
    ) -> Result<Finished, PoolError> {
        let place = super::place(&id.cluster)?;
        let limits = Limits::of(call);
        if !pending.operation.is_empty() {
            let end = self.api.end_of_update(&limits, place, &id.name, pending).await;
            self.api.forget(&id.cluster);
            match end {
                Err(trouble) => return Ok(cut_short(call, id, pending, Cut { trouble, last: None })),
                Ok(End::Done | End::Forgotten) => {}
                Ok(End::Failed(errors)) => {
                    return Err(refused::failed(&earlier(id), id, pending, &errors));
                }
                Ok(End::Cancelled) => return Err(refused::cancelled(&earlier(id), id, pending)),
            }
        }
        self.settle(call, id, pending, turn).await
    }

    /// Waits until the node group is at rest.
    pub(super) async fn settle(
        &self,
        call: &Call,
        id: &PoolId,
        pending: &Pending,
        turn: Option<ClusterTurn>,
    ) -> Result<Finished, PoolError> {
        let limits = Limits::of(call);
        let place = super::place(&id.cluster)?;
        let rest = self.api.rest(&limits, place, &id.name, &pending.since, turn).await;
        self.api.forget(&id.cluster);
        match rest {
            Ok(Rest::Gone) => Err(gone(id, pending)),
            Ok(Rest::At(group, Outlook::Broken)) => Err(broken(id, &group, pending)),
            Ok(Rest::At(group, Outlook::Degraded)) if pending.kind == PendingKind::Create => {
                Ok(Finished::Incomplete(degraded(id, &group, pending)))
            }
            Ok(Rest::At(group, outlook)) => {
                if outlook == Outlook::Degraded {
                    warn_degraded(call, id, &group);
                }
                Ok(match self.described(call, &limits, id, &group).await {
                    Ok(pool) => Finished::Ready(pool),
                    Err(error) => Finished::Incomplete(unread(id, pending, &error)),
                })
            }
            Err(cut) => Ok(cut_short(call, id, pending, cut)),
        }
    }
}

fn earlier(id: &PoolId) -> String {
    format!("finish an earlier change of the node group {}", id.name)
}

/// What may be known of a node group that is not ready.
fn known(id: &PoolId, group: &wire::Nodegroup) -> Option<NodePool> {
    seen::pool(id, group, seen::Template::UNKNOWN).ok()
}

/// Tells that EKS finds something wrong with a node group that is to be used all the same.
pub(super) fn warn_degraded(call: &Call, id: &PoolId, group: &wire::Nodegroup) {
    call.progress.warn(
        format!("The node group {} is degraded", id.name),
        format!("EKS reports: {} Its nodes go on as they are.", sentence(&health::words(group))),
    );
}

/// A node group that something is missing for.
fn degraded(id: &PoolId, group: &wire::Nodegroup, pending: &Pending) -> Incomplete {
    Incomplete {
        pool: known(id, group),
        pending: pending.clone(),
        reason: IncompleteReason::Unhealthy,
        message: format!(
            "EKS reports of the node group {}: {} EKS goes on when that is mended; {}.",
            id.name,
            sentence(&health::words(group)),
            where_to_look(id, pending)
        ),
    }
}

/// A node group that is ready, and whose launch template could not be read. It must not be taken for one that failed.
fn unread(id: &PoolId, pending: &Pending, error: &PoolError) -> Incomplete {
    let reason = match error.kind {
        ErrorKind::Interrupted => IncompleteReason::Interrupted,
        ErrorKind::TimedOut => IncompleteReason::TimedOut,
        _ => IncompleteReason::Unreachable,
    };
    Incomplete {
        pool: None,
        pending: pending.clone(),
        reason,
        message: format!(
            "The node group {} is ready, and how its nodes are made could not be read. {}: {} The next apply looks again.",
            id.name,
            error.summary,
            sentence(&error.detail)
        ),
    }
}

/// Where a wait that was stopped got to.
pub(super) fn cut_short(call: &Call, id: &PoolId, pending: &Pending, cut: Cut) -> Finished {
    let starved = cut.last.as_ref().is_some_and(|group| health::outlook(group) == Outlook::Starved);
    let last = cut
        .last
        .as_ref()
        .map(|group| format!(" EKS's last word: {}", sentence(&health::words(group))))
        .unwrap_or_default();
    let goes_on = format!(
        "The request was accepted and EKS works on without Terraform; {}.",
        where_to_look(id, pending)
    );
    let timeout = GoDuration(call.timeout);
    let (reason, message) = match &cut.trouble {
        Trouble::Stopped { why: Stopped::Interrupted, .. } => {
            (IncompleteReason::Interrupted, format!("The wait was interrupted.{last} {goes_on}"))
        }
        Trouble::Stopped { why: Stopped::TimedOut, .. } if starved => (
            IncompleteReason::NoCapacity,
            format!("After {timeout} Amazon still has no machines for the node group.{last} {goes_on}"),
        ),
        Trouble::Stopped { why: Stopped::TimedOut, .. } => (
            IncompleteReason::TimedOut,
            format!("It was not ready within {timeout} (timeouts block).{last} {goes_on}"),
        ),
        Trouble::Api(error) => (
            IncompleteReason::Unreachable,
            format!(
                "EKS could not be asked any more how it goes: {}{last} {goes_on}",
                sentence(&error.words())
            ),
        ),
    };
    Finished::Incomplete(Incomplete {
        pool: cut.last.and_then(|group| known(id, &group)),
        pending: pending.clone(),
        reason,
        message,
    })
}

/// A node group that EKS has given up.
fn broken(id: &PoolId, group: &wire::Nodegroup, pending: &Pending) -> PoolError {
    PoolError {
        kind: ErrorKind::Failed,
        summary: format!("The node group {} can never become ready", id.name),
        detail: format!(
            "EKS has given up: {} Waiting does not help: mend the cause, and have the pool replaced (`terraform apply \
             -replace=<address>` where Terraform does not plan that by itself). ({}.)",
            sentence(&health::words(group)),
            where_to_look(id, pending)
        ),
        attribute: group.health.issues.first().and_then(|issue| health::attribute(&issue.code)),
    }
}

fn gone(id: &PoolId, pending: &Pending) -> PoolError {
    let change = match pending.kind {
        PendingKind::Create => "It was accepted by EKS",
        PendingKind::Update => "It was being changed",
        PendingKind::Delete => "Its deletion was accepted by EKS",
    };
    PoolError {
        kind: ErrorKind::PoolNotFound,
        summary: format!("The node group {} is gone", id.name),
        detail: format!(
            "{change}, and now there is no such node group: somebody deleted it. Apply again to create it."
        ),
        attribute: None,
    }
}

#[cfg(test)]
mod tests;
