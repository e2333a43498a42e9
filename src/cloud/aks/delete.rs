//! Deleting a pool.

use super::Aks;
use super::client::Errand;
use super::errors::{Action, ApiError, Trouble};
use super::explain::{WHERE_TO_LOOK, ids};
use super::wait::{Cut, End, Failure, Rest, Running};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::cloud::words::{sentence, stopped};
use crate::nodepool::pools::{Call, Checkpoint, ErrorKind, PendingKind};
use crate::nodepool::{Options, PoolError, PoolId};

/// How often a delete is sent again after its operation has failed and the pool is still there.
const RESENDS: u32 = 2;

impl Aks {
    /// Deletes the pool and waits until it is gone.
    pub(super) async fn remove(&self, call: &Call, id: &PoolId, options: &Options) -> Result<(), PoolError> {
        let place = super::place(&id.cluster)?;
        let limits = Limits::of(call);
        let doing = format!("delete the node pool {}", id.name);
        let ignore_budgets = options.bool("ignore_pod_disruption_budget") == Some(true);
        let cut = |why| stopped(why, call.timeout, &doing, ApiError::COMPANY, None);
        let _pool = self.gates.pool(&limits, &id.to_string()).await.map_err(cut)?;
        let _cluster = self.gates.cluster(&limits, &id.cluster.canonical()).await.map_err(cut)?;
        let mut left = RESENDS;
        let mut last_failure: Option<Failure> = None;
        loop {
            self.api.forget(&id.cluster);
            let errand = Errand::new();
            // A pool that AKS is still working on is "busy": the request waits for its turn until the time-out.
            let sent = attempt(&limits, Kind::Repeatable, || {
                self.api.client.delete(&errand, place, &id.name, ignore_budgets)
            })
            .await;
            let accepted = match sent {
                Ok(Some(accepted)) => accepted,
                Ok(None) => return Ok(()),
                Err(trouble) if trouble.action() == Some(Action::NotFound) => return Ok(()),
                Err(trouble) => {
                    return Err(also(trouble.explain(&doing, call.timeout), last_failure.as_ref()));
                }
            };
            let running = Running::accepted(&accepted, PendingKind::Delete, errand);
            call.progress.checkpoint(Checkpoint {
                id: id.clone(),
                pool: None,
                pending: Some(running.pending.clone()),
            });
            let end = self.api.operation(&limits, place, &running).await;
            self.api.forget(&id.cluster);
            let unfinished = |trouble: &Trouble, failure: Option<&Failure>| {
                also(unfinished(call, &doing, &running, trouble), failure)
            };
            let failure = match end {
                Ok(End::Done) => return Ok(()),
                Ok(End::Untold | End::Canceled) => None,
                Ok(End::Failed(failure)) => Some(failure),
                Err(trouble) => return Err(unfinished(&trouble, last_failure.as_ref())),
            };
            match self.api.rest(&limits, place, &id.name, &running).await {
                Ok(Rest::Gone) => return Ok(()),
                Ok(Rest::At(..)) if left > 0 => {
                    left -= 1;
                    last_failure = failure.or(last_failure);
                }
                Ok(Rest::At(..)) => return Err(failed(id, &running, failure.or(last_failure).as_ref())),
                Err(Cut { trouble, .. }) => {
                    return Err(unfinished(&trouble, failure.or(last_failure).as_ref()));
                }
            }
        }
    }
}

/// The error, with why an earlier try had failed.
fn also(mut error: PoolError, failure: Option<&Failure>) -> PoolError {
    if let Some(failure) = failure {
        error.detail = format!("{} An earlier try failed: {}", error.detail, sentence(&failure.told.words()));
    }
    error
}

/// A delete that goes on without us.
fn unfinished(call: &Call, doing: &str, running: &Running, trouble: &Trouble) -> PoolError {
    let mut error = trouble.explain(doing, call.timeout);
    error.detail = format!(
        "{} AKS has accepted the delete and goes on with it: operation {}{}; {WHERE_TO_LOOK}.",
        error.detail,
        running.pending.operation,
        ids(&running.ids),
    );
    error
}

fn failed(id: &PoolId, running: &Running, failure: Option<&Failure>) -> PoolError {
    let told = failure.map_or_else(|| "AKS does not say why.".to_owned(), |failure| failure.told.words());
    let ids = ids(failure.map_or(&running.ids, |failure| &failure.ids));
    PoolError {
        kind: ErrorKind::Failed,
        summary: format!("AKS could not delete the node pool {}", id.name),
        detail: format!(
            "Operation {}{ids} ended, and the pool is still there: {} Apply again; pods that may not be evicted can be \
             passed over with aks.ignore_pod_disruption_budget. ({WHERE_TO_LOOK}.)",
            running.pending.operation,
            sentence(&told)
        ),
        attribute: None,
    }
}
