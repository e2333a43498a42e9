//! Deleting a node group, and then the launch template that was made for it.

use super::Eks;
use super::errors::{Action, ApiError, Trouble};
use super::follow::{pending, where_to_look};
use super::{health, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::cloud::words::{sentence, stopped};
use crate::nodepool::pools::{Call, Checkpoint, ErrorKind, Pending, PendingKind};
use crate::nodepool::{PoolError, PoolId};

/// How often a delete is sent again after EKS has given it up.
const RESENDS: u32 = 1;

impl Eks {
    /// Deletes the node group, waits until it is gone, and deletes what was made for it. EKS drains the nodes itself.
    pub(super) async fn remove(&self, call: &Call, id: &PoolId) -> Result<(), PoolError> {
        let limits = Limits::of(call);
        let doing = format!("delete the node group {}", id.name);
        let cut = |why| stopped(why, call.timeout, &doing, ApiError::COMPANY, None);
        let _pool = self.gates.pool(&limits, &id.to_string()).await.map_err(cut)?;
        let _cluster = self.gates.cluster(&limits, &id.cluster.canonical()).await.map_err(cut)?;
        self.remove_group(call, &limits, id, &doing).await?;
        self.remove_templates(call, &limits, id).await;
        Ok(())
    }

    async fn remove_group(
        &self,
        call: &Call,
        limits: &Limits,
        id: &PoolId,
        doing: &str,
    ) -> Result<(), PoolError> {
        let place = super::place(&id.cluster)?;
        let mut left = RESENDS;
        loop {
            self.api.forget(&id.cluster);
            // A group that EKS is still working on is "in use": the request waits for its turn until the time-out.
            let sent = attempt(limits, Kind::Repeatable, || self.api.client.delete(place, &id.name)).await;
            match sent {
                Ok(_) => {}
                Err(trouble) if trouble.action() == Some(Action::NotFound) => return Ok(()),
                Err(trouble) => return Err(trouble.explain(doing, call.timeout)),
            }
            let pending = pending(id, PendingKind::Delete, "");
            call.progress.checkpoint(Checkpoint {
                id: id.clone(),
                pool: None,
                pending: Some(pending.clone()),
            });
            tracing::info!(pool = %id, "EKS has accepted the delete");
            let gone = self.api.gone(limits, place, &id.name, &pending.since).await;
            self.api.forget(&id.cluster);
            match gone {
                Ok(None) => return Ok(()),
                Ok(Some(_)) if left > 0 => left -= 1,
                Ok(Some(group)) => return Err(failed(id, &group, &pending)),
                Err(cut) => {
                    return Err(unfinished(call, id, doing, &pending, &cut.trouble, cut.last.as_deref()));
                }
            }
        }
    }
}

/// A delete that goes on without us.
fn unfinished(
    call: &Call,
    id: &PoolId,
    doing: &str,
    pending: &Pending,
    trouble: &Trouble,
    last: Option<&wire::Nodegroup>,
) -> PoolError {
    let mut error = trouble.explain(doing, call.timeout);
    let told = last.map(|group| format!(" EKS's last word: {}", sentence(&health::words(group))));
    error.detail = format!(
        "{} EKS has accepted the delete and goes on with it; {}.{} The next apply waits for its end and deletes the launch \
         template that was made for the node group.",
        error.detail,
        where_to_look(id, pending),
        told.unwrap_or_default(),
    );
    error
}

fn failed(id: &PoolId, group: &wire::Nodegroup, pending: &Pending) -> PoolError {
    PoolError {
        kind: ErrorKind::Failed,
        summary: format!("EKS could not delete the node group {}", id.name),
        detail: format!(
            "EKS reports: {} Most often something else still uses what EKS has to take away, such as a network \
             interface in a security group of the nodes. Mend that and apply again; {}.",
            sentence(&health::words(group)),
            where_to_look(id, pending)
        ),
        attribute: None,
    }
}
