//! Following a pool from an accepted request to its rest, and saying where it got to.

use super::errors::{ApiError, Trouble};
use super::explain::WHERE_TO_LOOK;
use super::health::{self, Cause, Outlook};
use super::wait::{Cut, End, Failure, Rest};
use super::{Gke, wire};
use crate::cloud::fault::Fault;
use crate::cloud::gate::ClusterTurn;
use crate::cloud::limits::{Limits, Stopped};
use crate::cloud::words::{sentence, stopped};
use crate::duration::GoDuration;
use crate::nodepool::pools::{
    Call, ErrorKind, Finished, Freshness, Incomplete, IncompleteReason, Pending, now_rfc3339,
};
use crate::nodepool::{NodePool, PoolError, PoolId};

impl Gke {
    /// Goes on waiting for what an earlier call left behind.
    pub(super) async fn go_on(
        &self,
        call: &Call,
        id: &PoolId,
        pending: &Pending,
    ) -> Result<Finished, PoolError> {
        let limits = Limits::of(call);
        let _pool = self
            .gates
            .pool(&limits, &id.to_string())
            .await
            .map_err(|why| stopped(why, call.timeout, &waiting(id), ApiError::COMPANY, None))?;
        self.follow(call, id, pending, None).await
    }

    /// Waits for the end of an operation that an earlier call left behind, good or bad. `Some` when the wait was cut
    /// short.
    pub(super) async fn wait_for_end(
        &self,
        call: &Call,
        id: &PoolId,
        pending: Option<&Pending>,
    ) -> Result<Option<Finished>, PoolError> {
        let Some(pending) = pending.filter(|pending| !pending.operation.is_empty()) else { return Ok(None) };
        let place = super::place(&id.cluster)?;
        let end = self.api.operation(&Limits::of(call), place.project, pending).await;
        self.api.forget(&id.cluster);
        Ok(end.err().map(|trouble| cut_short(call, id, pending, Cut { trouble, last: None }, None)))
    }

    /// Waits for an operation and then for its pool. From here on a pool that may still become ready is no error.
    pub(super) async fn follow(
        &self,
        call: &Call,
        id: &PoolId,
        pending: &Pending,
        turn: Option<ClusterTurn>,
    ) -> Result<Finished, PoolError> {
        let limits = Limits::of(call);
        let place = super::place(&id.cluster)?;
        let end = if pending.operation.is_empty() {
            // An imported pool that is not ready has no operation that we know of.
            Ok(End::Forgotten)
        } else {
            self.api.operation(&limits, place.project, pending).await
        };
        // The operation has ended or goes on without us: others may use the place on the cluster.
        drop(turn);
        self.api.forget(&id.cluster);
        match end {
            Err(trouble) => Ok(cut_short(call, id, pending, Cut { trouble, last: None }, None)),
            Ok(End::Done | End::Forgotten) => self.settle(call, id, pending, None).await,
            Ok(End::Failed(failure)) => self.settle(call, id, pending, Some(failure)).await,
        }
    }

    /// Waits until the pool is at rest, after its operation has ended well or badly.
    pub(super) async fn settle(
        &self,
        call: &Call,
        id: &PoolId,
        pending: &Pending,
        failure: Option<Failure>,
    ) -> Result<Finished, PoolError> {
        let limits = Limits::of(call);
        let place = super::place(&id.cluster)?;
        if let Some(failure) = &failure {
            tracing::info!(
                operation = pending.operation,
                code = failure.code,
                message = failure.message,
                "the operation failed; looking at what it left"
            );
            if failure.cause == Cause::Permanent {
                return Err(self.beyond_hope(call, id, pending, failure).await);
            }
        }
        match self.api.rest(&limits, place, &id.name, &pending.since).await {
            Ok(Rest::At(pool, Outlook::Ready)) => {
                self.api.forget(&id.cluster);
                self.describe(call, &limits, id, &pool, Freshness::Live).await.map(Finished::Ready)
            }
            Ok(Rest::At(pool, Outlook::Broken)) => Err(broken(id, &pool, pending)),
            Ok(Rest::At(pool, _)) => {
                let told = told(failure.as_ref(), &pool);
                let message = format!(
                    "GKE reports of the node pool {}: {} GKE may get over it by itself; operation {}, {WHERE_TO_LOOK}.",
                    id.name,
                    sentence(&told),
                    name_of(pending)
                );
                Ok(Finished::Incomplete(Incomplete {
                    pool: without_size(id, &pool),
                    pending: pending.clone(),
                    reason: IncompleteReason::Unhealthy,
                    message,
                }))
            }
            Ok(Rest::Gone) => Err(nothing_left(id, pending, failure.as_ref())),
            Err(cut) => Ok(cut_short(call, id, pending, cut, failure.as_ref())),
        }
    }

    /// The error for an operation that failed for good, with what it left behind.
    async fn beyond_hope(&self, call: &Call, id: &PoolId, pending: &Pending, failure: &Failure) -> PoolError {
        let limits = Limits::of(call);
        let left = match super::place(&id.cluster) {
            Ok(place) => self.api.pool(&limits, place, &id.name).await,
            Err(error) => return error,
        };
        match left {
            Ok(None) => nothing_left(id, pending, Some(failure)),
            _ => PoolError {
                kind: ErrorKind::Failed,
                summary: format!("The node pool {} can never become ready", id.name),
                detail: format!(
                    "GKE's operation {} failed: {} Waiting does not help; mend the cause. The pool is replaced by the \
                     next apply.",
                    name_of(pending),
                    sentence(&failure.message)
                ),
                attribute: None,
            },
        }
    }
}

/// Where a wait that was stopped got to.
fn cut_short(call: &Call, id: &PoolId, pending: &Pending, cut: Cut, failure: Option<&Failure>) -> Finished {
    let starved = matches!(failure.map(|it| it.cause), Some(Cause::Stockout | Cause::Quota))
        || matches!(cut.last, Some((_, Outlook::Starved)));
    let told = match (&cut.last, failure) {
        (Some((pool, _)), failure) => Some(told(failure, pool)),
        (None, Some(failure)) => Some(failure.message.clone()),
        (None, None) => None,
    };
    let last = told.map(|told| format!(" GKE's last word: {}", sentence(&told))).unwrap_or_default();
    let goes_on = format!(
        "The request was accepted and GKE works on without Terraform: operation {} in {}; {WHERE_TO_LOOK}.",
        name_of(pending),
        pending.location
    );
    let timeout = GoDuration(call.timeout);
    let (reason, message) = match &cut.trouble {
        Trouble::Stopped { why: Stopped::Interrupted, .. } => {
            (IncompleteReason::Interrupted, format!("The wait was interrupted.{last} {goes_on}"))
        }
        Trouble::Stopped { why: Stopped::TimedOut, .. } if starved => (
            IncompleteReason::NoCapacity,
            format!(
                "After {timeout} Google still has no machines for the node pool, or no quota for them.{last} GKE \
                 goes on trying; other zones, another machine type, spot or a reservation may be had sooner. {goes_on}"
            ),
        ),
        Trouble::Stopped { why: Stopped::TimedOut, .. } => (
            IncompleteReason::TimedOut,
            format!("It was not ready within {timeout} (timeouts block).{last} {goes_on}"),
        ),
        Trouble::Api(error) => (
            IncompleteReason::Unreachable,
            format!(
                "GKE could not be asked any more how it goes: {}{last} {goes_on}",
                sentence(&error.words())
            ),
        ),
    };
    Finished::Incomplete(Incomplete {
        pool: cut.last.and_then(|(pool, _)| without_size(id, &pool)),
        pending: pending.clone(),
        reason,
        message,
    })
}

/// The pool without its size, which would need another request; what the state says of it stays.
fn without_size(id: &PoolId, pool: &wire::NodePool) -> Option<NodePool> {
    super::seen::pool(id, pool, None).ok()
}

fn told(failure: Option<&Failure>, pool: &wire::NodePool) -> String {
    let words = health::words(pool);
    match failure {
        Some(failure) if !words.contains(failure.message.as_str()) => {
            format!("{words}; {}", failure.message)
        }
        _ => words,
    }
}

/// The name of the operation, for messages.
fn name_of(pending: &Pending) -> &str {
    if pending.operation.is_empty() { "(unknown)" } else { &pending.operation }
}

fn waiting(id: &PoolId) -> String {
    format!("wait for the node pool {}", id.name)
}

fn broken(id: &PoolId, pool: &wire::NodePool, pending: &Pending) -> PoolError {
    PoolError {
        kind: ErrorKind::Failed,
        summary: format!("The node pool {} can never become ready", id.name),
        detail: format!(
            "GKE reports: {} Waiting does not help; mend the cause. Operation {}, {WHERE_TO_LOOK}.",
            sentence(&health::words(pool)),
            name_of(pending)
        ),
        attribute: None,
    }
}

fn nothing_left(id: &PoolId, pending: &Pending, failure: Option<&Failure>) -> PoolError {
    let Some(failure) = failure else {
        return PoolError {
            kind: ErrorKind::PoolNotFound,
            summary: format!("The node pool {} is gone", id.name),
            detail: format!(
                "It was accepted by GKE (operation {}), and now there is no such pool: somebody deleted it, or GKE \
                 gave it up. Apply again to create it.",
                name_of(pending)
            ),
            attribute: None,
        };
    };
    let (kind, advice) = match failure.cause {
        Cause::Stockout => (
            ErrorKind::NoCapacity,
            "Apply again later, or choose other zones, another machine type, spot or a reservation.",
        ),
        Cause::Quota => (
            ErrorKind::Quota,
            "Ask for more quota in the console under IAM & Admin > Quotas, or use fewer nodes or another region.",
        ),
        Cause::Permanent | Cause::Unknown => (ErrorKind::Failed, "Mend the cause and apply again."),
    };
    PoolError {
        kind,
        summary: format!("GKE could not create the node pool {}", id.name),
        detail: format!(
            "Its operation {} failed and left no pool behind: {} {advice}",
            name_of(pending),
            sentence(&failure.message)
        ),
        attribute: None,
    }
}

/// What is to be remembered of an accepted request.
pub(super) fn pending(
    operation: &wire::Operation,
    location: &str,
    kind: crate::nodepool::pools::PendingKind,
) -> Pending {
    let said = [&operation.location, &operation.zone].into_iter().find(|it| !it.is_empty());
    Pending {
        operation: operation.name.clone(),
        location: said.map_or(location, String::as_str).to_owned(),
        kind,
        since: now_rfc3339(),
    }
}
