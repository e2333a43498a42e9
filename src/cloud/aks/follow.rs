//! Following a pool from an accepted request to its rest, and saying where it got to.

use super::client::{Errand, Only};
use super::errors::{Action, ApiError, Trouble};
use super::explain::{CAPACITY_ADVICE, QUOTA_ADVICE, WHERE_TO_LOOK, ids, no_quota};
use super::health::{self, Cause, Outlook};
use super::wait::{Cut, End, Failure, Rest, Running};
use super::{Aks, read, seen, steps, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::gate::ClusterTurn;
use crate::cloud::limits::{Limits, Stopped};
use crate::cloud::words::{sentence, stopped};
use crate::duration::GoDuration;
use crate::nodepool::pools::{
    Call, Checkpoint, ErrorKind, Finished, Incomplete, IncompleteReason, Pending, PendingKind,
};
use crate::nodepool::{NodePool, PoolError, PoolId};

/// How often AKS is asked to finish a pool that keeps changing while it is read and sent back.
const REBUILDS: u32 = 3;

impl Aks {
    /// Goes on with what an earlier call left behind: waits for a pool that AKS is working on, and asks AKS to try
    /// again where it has given up.
    pub(super) async fn go_on(
        &self,
        call: &Call,
        id: &PoolId,
        pending: &Pending,
    ) -> Result<Finished, PoolError> {
        let limits = Limits::of(call);
        let place = super::place(&id.cluster)?;
        let doing = format!("wait for the node pool {}", id.name);
        let _pool = self
            .gates
            .pool(&limits, &id.to_string())
            .await
            .map_err(|why| stopped(why, call.timeout, &doing, ApiError::COMPANY, None))?;
        let running = Running::left_behind(pending);
        let found = match self.api.pool(&limits, &running.errand, place, &id.name).await {
            Ok(found) => found,
            Err(trouble) => return Ok(cut_short(call, id, &running, Cut { trouble, last: None }, None)),
        };
        match found.map(|shown| (health::outlook(&shown.pool), shown)) {
            Some((Outlook::Ready, shown)) => read::describe(id, &shown.pool).map(Finished::Ready),
            Some((Outlook::Starved | Outlook::Canceled | Outlook::Broken, shown)) => {
                self.try_again(call, id, shown).await
            }
            Some((Outlook::Working | Outlook::Deleting, _)) | None => {
                self.follow(call, id, &running, None).await
            }
        }
    }

    /// Sends a pool back as it is, so that AKS finishes what it gave up.
    pub(super) async fn try_again(
        &self,
        call: &Call,
        id: &PoolId,
        mut shown: wire::Shown,
    ) -> Result<Finished, PoolError> {
        let limits = Limits::of(call);
        let place = super::place(&id.cluster)?;
        let doing = format!("try again to make the node pool {} ready", id.name);
        let mut rebuilds = REBUILDS;
        let turn = self
            .gates
            .cluster(&limits, &id.cluster.canonical())
            .await
            .map_err(|why| stopped(why, call.timeout, &doing, ApiError::COMPANY, None))?;
        loop {
            self.api.forget(&id.cluster);
            let (errand, body) = (Errand::new(), steps::unchanged(&shown));
            let only = Only::IfUnchanged(shown.pool.properties.e_tag.as_deref());
            let sent = attempt(&limits, Kind::Repeatable, || {
                self.api.client.put(&errand, place, &id.name, only, &body)
            })
            .await;
            match sent {
                Ok(accepted) => {
                    let running = Running::accepted(&accepted, PendingKind::Update, errand);
                    call.progress.checkpoint(Checkpoint {
                        id: id.clone(),
                        pool: seen::pool(id, &shown.pool).ok(),
                        pending: Some(running.pending.clone()),
                    });
                    tracing::info!(pool = %id, operation = running.pending.operation, "AKS tries again");
                    return self.follow(call, id, &running, Some(turn)).await;
                }
                Err(trouble) if trouble.action() == Some(Action::Stale) && rebuilds > 0 => {
                    rebuilds -= 1;
                    shown = self.must_find(call, &limits, id, &doing).await?;
                }
                Err(trouble) => return Err(trouble.explain(&doing, call.timeout)),
            }
        }
    }

    /// Waits for the end of an operation that an earlier call left behind, good or bad. `Some` when the wait was cut
    /// short.
    pub(super) async fn wait_for_end(
        &self,
        call: &Call,
        id: &PoolId,
        pending: Option<&Pending>,
    ) -> Result<Option<Finished>, PoolError> {
        let Some(pending) = pending else { return Ok(None) };
        let place = super::place(&id.cluster)?;
        let running = Running::left_behind(pending);
        let end = self.api.operation(&Limits::of(call), place, &running).await;
        self.api.forget(&id.cluster);
        Ok(end.err().map(|trouble| cut_short(call, id, &running, Cut { trouble, last: None }, None)))
    }

    /// Waits for an operation and then for its pool. From here on a pool that may still become ready is no error.
    pub(super) async fn follow(
        &self,
        call: &Call,
        id: &PoolId,
        running: &Running,
        turn: Option<ClusterTurn>,
    ) -> Result<Finished, PoolError> {
        let place = super::place(&id.cluster)?;
        let end = self.api.operation(&Limits::of(call), place, running).await;
        self.api.forget(&id.cluster);
        let finished = match end {
            Err(trouble) => Ok(cut_short(call, id, running, Cut { trouble, last: None }, None)),
            Ok(End::Done | End::Untold | End::Canceled) => self.settle(call, id, running, None).await,
            Ok(End::Failed(failure)) => self.settle(call, id, running, Some(failure)).await,
        };
        // Where the operation has no address, only a pool at rest tells that others may use the place on the cluster.
        drop(turn);
        finished
    }

    /// Waits until the pool is at rest, after its operation has ended well or badly.
    pub(super) async fn settle(
        &self,
        call: &Call,
        id: &PoolId,
        running: &Running,
        failure: Option<Failure>,
    ) -> Result<Finished, PoolError> {
        let limits = Limits::of(call);
        let place = super::place(&id.cluster)?;
        let rest = self.api.rest(&limits, place, &id.name, running).await;
        self.api.forget(&id.cluster);
        match rest {
            Ok(Rest::At(shown, Outlook::Ready)) => read::describe(id, &shown.pool).map(Finished::Ready),
            Ok(Rest::At(shown, outlook)) => {
                let cause = failure.as_ref().map(|failure| failure.cause);
                match (outlook, cause) {
                    // The operation tells more than the pool does, which may have kept nothing.
                    (Outlook::Starved, _) | (Outlook::Broken, Some(Cause::Capacity)) => {
                        Ok(starved(id, running, &shown.pool, failure.as_ref()))
                    }
                    (Outlook::Canceled, _) => Ok(canceled(id, running, &shown.pool)),
                    _ => Err(broken(id, running, &shown.pool, failure.as_ref())),
                }
            }
            Ok(Rest::Gone) => Err(nothing_left(id, running, failure.as_ref())),
            Err(cut) => Ok(cut_short(call, id, running, cut, failure.as_ref())),
        }
    }
}

/// What may be known of a pool that is not ready.
fn known(id: &PoolId, pool: &wire::AgentPool) -> Option<NodePool> {
    seen::pool(id, pool).ok()
}

/// The operation, for messages, with the ids to quote.
fn operation(running: &Running, failure: Option<&Failure>) -> String {
    let ids = ids(failure.map_or(&running.ids, |failure| &failure.ids));
    match running.pending.operation.as_str() {
        "" => format!("operation unknown{ids}"),
        name => format!("operation {name}{ids}"),
    }
}

/// What the operation and the pool tell, each once.
fn told(pool: &wire::AgentPool, failure: Option<&Failure>) -> String {
    let words = health::words(pool);
    match failure {
        Some(failure) if !words.contains(&failure.told.words()) => {
            format!("{words}; {}", failure.told.coded_words())
        }
        _ => words,
    }
}

/// A pool that there are no machines for.
fn starved(id: &PoolId, running: &Running, pool: &wire::AgentPool, failure: Option<&Failure>) -> Finished {
    let size = pool.properties.vm_size.as_deref().unwrap_or("this machine type");
    Finished::Incomplete(Incomplete {
        pool: known(id, pool),
        pending: running.pending.clone(),
        reason: IncompleteReason::NoCapacity,
        message: format!(
            "Azure has no machines of type {size} for the node pool {} now, and has given up: {} The next apply asks \
             again for the same pool. {CAPACITY_ADVICE} ({}; {WHERE_TO_LOOK}.)",
            id.name,
            sentence(&told(pool, failure)),
            operation(running, failure),
        ),
    })
}

/// A pool whose operation somebody stopped.
fn canceled(id: &PoolId, running: &Running, pool: &wire::AgentPool) -> Finished {
    Finished::Incomplete(Incomplete {
        pool: known(id, pool),
        pending: running.pending.clone(),
        reason: IncompleteReason::Unhealthy,
        message: format!(
            "The operation on the node pool {} was cancelled, by somebody or by AKS: {} The next apply has AKS finish \
             it. ({}; {WHERE_TO_LOOK}.)",
            id.name,
            sentence(&health::words(pool)),
            operation(running, None),
        ),
    })
}

/// Where a wait that was stopped got to.
pub(super) fn cut_short(
    call: &Call,
    id: &PoolId,
    running: &Running,
    cut: Cut,
    failure: Option<&Failure>,
) -> Finished {
    let told = match (&cut.last, failure) {
        (Some(shown), failure) => Some(told(&shown.pool, failure)),
        (None, Some(failure)) => Some(failure.told.coded_words()),
        (None, None) => None,
    };
    let last = told.map(|told| format!(" AKS's last word: {}", sentence(&told))).unwrap_or_default();
    let goes_on = format!(
        "The request was accepted and AKS works on without Terraform: {}; {WHERE_TO_LOOK}.",
        operation(running, failure)
    );
    let timeout = GoDuration(call.timeout);
    let (reason, message) = match &cut.trouble {
        Trouble::Stopped { why: Stopped::Interrupted, .. } => {
            (IncompleteReason::Interrupted, format!("The wait was interrupted.{last} {goes_on}"))
        }
        Trouble::Stopped { why: Stopped::TimedOut, .. } => (
            IncompleteReason::TimedOut,
            format!("It was not ready within {timeout} (timeouts block).{last} {goes_on}"),
        ),
        Trouble::Api(error) => (
            IncompleteReason::Unreachable,
            format!(
                "AKS could not be asked any more how it goes: {}{last} {goes_on}",
                sentence(&error.words())
            ),
        ),
    };
    Finished::Incomplete(Incomplete {
        pool: cut.last.and_then(|shown| known(id, &shown.pool)),
        pending: running.pending.clone(),
        reason,
        message,
    })
}

/// What to do about a failure, and the kind of error that it is.
pub(super) fn judged(failure: Option<&Failure>) -> (ErrorKind, &'static str) {
    match failure.map(|failure| failure.cause) {
        Some(Cause::Capacity) => (ErrorKind::NoCapacity, CAPACITY_ADVICE),
        Some(Cause::Quota) => (ErrorKind::Quota, QUOTA_ADVICE),
        Some(Cause::Other) | None => (ErrorKind::Failed, "Mend the cause and apply again."),
    }
}

fn broken(id: &PoolId, running: &Running, pool: &wire::AgentPool, failure: Option<&Failure>) -> PoolError {
    let error = health::error(pool);
    let kept = failure.cloned().or_else(|| {
        let told = error?;
        Some(Failure { cause: health::cause(&told), told, ids: running.ids.clone() })
    });
    let (kind, advice) = judged(kept.as_ref());
    let why = match (&kind, &kept) {
        (ErrorKind::Quota, Some(failure)) => no_quota(&failure.told),
        _ => "AKS has given up".to_owned(),
    };
    PoolError {
        kind,
        summary: format!("The node pool {} failed: {why}", id.name),
        detail: format!(
            "AKS reports: {} The pool is there and does not work. {advice} ({}; {WHERE_TO_LOOK}.)",
            sentence(&told(pool, kept.as_ref())),
            operation(running, failure),
        ),
        attribute: None,
    }
}

fn nothing_left(id: &PoolId, running: &Running, failure: Option<&Failure>) -> PoolError {
    let operation = operation(running, failure);
    let Some(known) = failure else {
        return PoolError {
            kind: ErrorKind::PoolNotFound,
            summary: format!("The node pool {} is gone", id.name),
            detail: format!(
                "It was accepted by AKS ({operation}), and now there is no such pool: somebody deleted it. Apply \
                 again to create it."
            ),
            attribute: None,
        };
    };
    let (kind, advice) = judged(failure);
    PoolError {
        kind,
        summary: format!("AKS could not create the node pool {}", id.name),
        detail: format!(
            "Its {operation} failed and left no pool behind: {} {advice}",
            sentence(&known.told.coded_words()),
        ),
        attribute: None,
    }
}
