//! Deleting a pool.

use super::Gke;
use super::errors::{Action, ApiError, Trouble};
use super::explain::WHERE_TO_LOOK;
use super::follow::pending;
use super::wait::{End, Failure};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::cloud::words::{sentence, stopped};
use crate::nodepool::pools::{Call, Checkpoint, ErrorKind, Pending, PendingKind};
use crate::nodepool::{PoolError, PoolId};

/// How often a delete is sent again after its operation has failed or vanished and the pool is still there.
const RESENDS: u32 = 2;

impl Gke {
    /// Deletes the pool and waits until it is gone.
    pub(super) async fn remove(&self, call: &Call, id: &PoolId) -> Result<(), PoolError> {
        let place = super::place(&id.cluster)?;
        let limits = Limits::of(call);
        let doing = format!("delete the node pool {}", id.name);
        let cut = |why| stopped(why, call.timeout, &doing, ApiError::COMPANY, None);
        let _pool = self.gates.pool(&limits, &id.to_string()).await.map_err(cut)?;
        let _cluster = self.gates.cluster(&limits, &id.cluster.canonical()).await.map_err(cut)?;
        let mut left = RESENDS;
        let mut last_failure: Option<Failure> = None;
        loop {
            self.api.forget(&id.cluster);
            // A pool that GKE is still working on is "busy": the request waits for its turn until the time-out.
            let sent = attempt(&limits, Kind::Repeatable, || self.api.client.delete(place, &id.name)).await;
            let operation = match sent {
                Ok(operation) => operation,
                Err(trouble) if trouble.action() == Some(Action::NotFound) => return Ok(()),
                Err(trouble) => {
                    return Err(also(trouble.explain(&doing, call.timeout), last_failure.as_ref()));
                }
            };
            let pending = pending(&operation, place.location, PendingKind::Delete);
            call.progress.checkpoint(Checkpoint {
                id: id.clone(),
                pool: None,
                pending: Some(pending.clone()),
            });
            let end = self.api.operation(&limits, place.project, &pending).await;
            self.api.forget(&id.cluster);
            let failure = match end {
                Ok(End::Done) => return Ok(()),
                Ok(End::Forgotten) => None,
                Ok(End::Failed(failure)) => Some(failure),
                Err(trouble) => {
                    return Err(also(unfinished(call, &doing, &pending, &trouble), last_failure.as_ref()));
                }
            };
            let found = self.api.pool(&limits, place, &id.name).await;
            if found.map_err(|trouble| trouble.explain(&doing, call.timeout))?.is_none() {
                return Ok(());
            }
            if left == 0 {
                return Err(failed(id, &pending, failure.as_ref()));
            }
            left -= 1;
            last_failure = failure.or(last_failure);
        }
    }
}

/// The error, with why an earlier try had failed.
fn also(mut error: PoolError, failure: Option<&Failure>) -> PoolError {
    if let Some(failure) = failure {
        error.detail = format!("{} An earlier try failed: {}", error.detail, sentence(&failure.message));
    }
    error
}

/// A delete that goes on without us.
fn unfinished(call: &Call, doing: &str, pending: &Pending, trouble: &Trouble) -> PoolError {
    let mut error = trouble.explain(doing, call.timeout);
    error.detail = format!(
        "{} GKE has accepted the delete and goes on with it: operation {} in {}; {WHERE_TO_LOOK}.",
        error.detail, pending.operation, pending.location
    );
    error
}

fn failed(id: &PoolId, pending: &Pending, failure: Option<&Failure>) -> PoolError {
    let told = failure.map_or("GKE does not say why.", |failure| failure.message.as_str());
    PoolError {
        kind: ErrorKind::Failed,
        summary: format!("GKE could not delete the node pool {}", id.name),
        detail: format!(
            "Operation {} ended, and the pool is still there: {} Apply again; {WHERE_TO_LOOK}.",
            pending.operation,
            sentence(told)
        ),
        attribute: None,
    }
}
