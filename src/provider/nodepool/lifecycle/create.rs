//! Create: the key, then the pool.
//!
//! Whatever goes wrong before the cloud has accepted leaves nothing behind; from then on the pool is kept.

use crate::nodepool::pools::{Finished, Freshness};
use crate::nodepool::{NodePoolSpec, PoolId};
use crate::tfplugin::{Context, Diagnostics, Value};

use super::super::checking::Looking;
use super::super::companions::release::Closing;
use super::super::companions::{Found, Held, Keeper, WantedKey, messages as keys};
use super::super::messages;
use super::super::private::Private;
use super::super::progress::{Base, Reports};
use super::{Lifecycle, READY, Reached, call};

impl Lifecycle {
    /// Creates the pool of a plan.
    pub(in super::super) async fn create(
        &self,
        ctx: &Context,
        config: &Value,
        planned: Value,
    ) -> Result<Value, Diagnostics> {
        let wanted = self.wanted(config, &planned)?;
        let reached = self.reach(wanted.cluster.cloud())?;
        let shown = |error| messages::of_error(&error, self.kind.resource_type());
        let id = PoolId { cluster: wanted.cluster.clone(), name: wanted.name.clone() };
        let mut private = Private::new(self.session.origin(), None);

        let before = call(ctx, &self.session, reached.rules.patience(), Reports::none(ctx));
        reached.pools.preflight(&before, &wanted).await.map_err(shown)?;
        let told = self.suits(ctx, &before, &planned, &wanted, reached.rules).await.map_err(shown)?;
        let keeper = Keeper { session: &self.session, pool: &id };
        let found = match WantedKey::of(&planned) {
            Some(key) => Some(keeper.find(&before, &key).await.map_err(shown)?),
            None => None,
        };
        if let Some(found) = &found {
            found.note(&mut private.keys);
            if let Err(error) = found.put(&before, &keeper, &[]).await {
                // An interrupted or a lost request may have come through.
                self.take_back(ctx, &reached, &id, private.keys).await;
                return Err(shown(error));
            }
        }

        let reports = Reports {
            ctx: ctx.clone(),
            base: Base::Planned(planned.clone()),
            rules: Some(reached.rules),
            private: private.clone(),
        };
        let call = call(ctx, &self.session, reached.rules.patience(), reports);
        let made = reached.pools.create(&call, &wanted).await;
        if made.is_err() {
            self.take_back(ctx, &reached, &id, private.keys.clone()).await;
        }
        let made = made.map_err(shown)?;
        let advised = found.as_ref().is_some_and(|found| advise(ctx, found, &wanted)) || told;
        match made {
            Finished::Ready(pool) => {
                ctx.set_private(private.bytes());
                let state = Self::finished(&planned, &pool, reached.rules, READY);
                let place = found.as_ref().map(|found| &found.place);
                let looking = Looking { id: &id, planned: &planned, wanted: &wanted, place, advised };
                Ok(self.with_slices(ctx, &call, &looking, state).await)
            }
            Finished::Incomplete(incomplete) => {
                let private = private.with_pending(Some(incomplete.pending.clone())).bytes();
                let state = Self::incomplete(&planned, &id, incomplete.pool.as_ref(), reached.rules);
                ctx.checkpoint(state.clone(), private);
                if planned.lookup("on_incomplete").as_str() == Some("fail") {
                    return Err(messages::failed(&id, &incomplete));
                }
                ctx.warn(messages::kept(&id, &incomplete));
                Ok(state)
            }
        }
    }

    /// Forgets a pool that was not made after all, and takes its key back. Only what is gone for certain is forgotten;
    /// anything else stays in the state.
    async fn take_back(&self, ctx: &Context, reached: &Reached, id: &PoolId, mut held: Vec<Held>) {
        if held.is_empty() && ctx.last_checkpoint().is_none() {
            return;
        }
        let call = Closing::LastWords.call(ctx);
        let Ok(None) = reached.pools.read(&call, id, Freshness::Live).await else { return };
        ctx.forget();
        let keeper = Keeper { session: &self.session, pool: id };
        // Nobody interrupts this call.
        for left in keeper.release(&call, &mut held, None).await.unwrap_or_default() {
            ctx.warn(left);
        }
    }
}

/// Tells once what is missing for the key to be read, and whether anything is.
pub(super) fn advise(ctx: &Context, found: &Found, wanted: &NodePoolSpec) -> bool {
    let Some(advice) = found.advice(&wanted.taints) else { return false };
    ctx.warn(keys::unread(&found.place.full_name(), &found.key.name, &advice));
    true
}
