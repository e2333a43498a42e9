//! Keys go out of the ConfigMap, when no node of the pool names them any more.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::kubernetes::config::{ConfigKey, Fallback};
use crate::kubernetes::plugin::{Origin, Owner, Place, Released};
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::{Call, PoolError};
use crate::tfplugin::{Context, Diagnostic};

use super::super::progress::Reports;
use super::{Held, Keeper, messages};

/// Why a cluster is asked when the operation is all but over, with a few seconds of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Closing {
    /// To let keys go that nothing depends on any more.
    Release,
    /// To take a key back, when the apply has failed or was interrupted and the user waits for the end.
    LastWords,
    /// To see at a refresh what is left of a pool that is gone.
    Look,
}

impl Closing {
    /// The call. The time of the operation may be up; the user can still interrupt, but for last words.
    pub(in super::super) fn call(self, ctx: &Context) -> Call {
        let timeout = Duration::from_secs(match self {
            Closing::Release => 20,
            Closing::LastWords => 10,
            Closing::Look => 5,
        });
        let cancelled = match self {
            Closing::LastWords => CancellationToken::new(),
            Closing::Release | Closing::Look => ctx.cancellation().clone(),
        };
        Call {
            cancelled,
            deadline: Instant::now() + timeout,
            timeout,
            progress: Box::new(Reports::none(ctx)),
            nodes: None,
        }
    }
}

/// Why keys stay in a ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stay {
    /// It could not be asked to let them go.
    Failed(PoolError),
    /// Nodes outside the pool name them.
    InUse(Released),
}

impl Keeper<'_> {
    /// Lets all keys go but `keep`, and forgets those that are gone. What stays is told of, and stays in `held`.
    ///
    /// # Errors
    /// Only when the user interrupts.
    pub(in super::super) async fn release(
        &self,
        call: &Call,
        held: &mut Vec<Held>,
        keep: Option<(&ConfigKey, &Place)>,
    ) -> Result<Vec<Diagnostic>, PoolError> {
        let mut left = Vec::new();
        let mut told = Vec::new();
        for mut one in std::mem::take(held) {
            let kept = keep
                .filter(|(_, place)| one.namespace == place.namespace && one.config_map == place.config_map);
            let kept = kept.map(|(key, _)| key);
            let is_kept = |name: &String| kept.is_some_and(|key| key.name == *name);
            if one.names.iter().all(is_kept) {
                left.push(one);
                continue;
            }
            match self.released(call, &one, kept).await {
                Ok(released) => {
                    one.names.retain(|name| is_kept(name) || released.in_use.contains_key(name));
                    if !released.in_use.is_empty() {
                        told.push(messages::stays(self.pool, &one, &Stay::InUse(released)));
                    }
                }
                Err(error) => {
                    let mut others = one.clone();
                    others.names.retain(|name| !is_kept(name));
                    if error.kind == ErrorKind::Interrupted {
                        left.push(one);
                        *held = left;
                        return Err(error);
                    }
                    told.push(messages::stays(self.pool, &others, &Stay::Failed(error)));
                }
            }
            if !one.names.is_empty() {
                left.push(one);
            }
        }
        *held = left;
        Ok(told)
    }

    async fn released(
        &self,
        call: &Call,
        held: &Held,
        keep: Option<&ConfigKey>,
    ) -> Result<Released, PoolError> {
        let released = self.bounded(call, async {
            let cluster = self.cluster(call).await?;
            Ok(cluster.release_keys(call, &place_of(held), &Owner::of(self.pool), keep).await?)
        });
        let released = released.await;
        self.session.forget(&self.pool.cluster);
        released
    }

    /// Whether the pool still owns keys in a ConfigMap.
    ///
    /// # Errors
    /// When that cannot be seen.
    pub(in super::super) async fn owns_any(&self, call: &Call, held: &[Held]) -> Result<bool, PoolError> {
        for one in held {
            let owned = self.bounded(call, async {
                let cluster = self.cluster(call).await?;
                Ok(cluster.owned_keys(call, &place_of(one), &Owner::of(self.pool)).await?)
            });
            match owned.await {
                Ok(owned) if owned.is_empty() => {}
                // Without the cluster there are no keys.
                Err(error) if error.kind == ErrorKind::ClusterNotFound => {}
                Ok(_) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Ends with the call's time at the latest, whatever a credential plugin does.
    async fn bounded<T>(
        &self,
        call: &Call,
        work: impl Future<Output = Result<T, PoolError>>,
    ) -> Result<T, PoolError> {
        match tokio::time::timeout(call.remaining(), work).await {
            Ok(done) => done,
            Err(_) => Err(messages::too_slow(&self.pool.cluster, call.timeout)),
        }
    }
}

/// The ConfigMap of a private state. Who reads it does not matter when keys go.
fn place_of(held: &Held) -> Place {
    Place {
        namespace: held.namespace.clone(),
        config_map: held.config_map.clone(),
        fallback: Fallback::default(),
        origin: Origin::Given,
    }
}
