//! Delete: the pool with what was made for it, then its key.
//!
//! What has begun is noted first. When the user interrupts between the two, the state keeps the pool until the rest is gone
//! as well; a cluster that does not answer keeps nothing alive.

use crate::nodepool::pools::Freshness;
use crate::nodepool::{PoolId, Problems};
use crate::tfplugin::{Context, Diagnostics, Value};

use super::super::companions::release::Closing;
use super::super::companions::{Deleting, Keeper, messages as keys};
use super::super::private::Private;
use super::super::progress::Reports;
use super::super::{from_value, messages};
use super::{Lifecycle, Reached, call, pool_id};

impl Lifecycle {
    /// Deletes the pool.
    pub(in super::super) async fn delete(&self, ctx: &Context, prior: Value) -> Result<(), Diagnostics> {
        let id = pool_id(&prior)?;
        let origin = self.session.origin();
        let mut private = Private::read(&ctx.private(), origin)?;
        private.belongs(origin)?;
        self.session.accepts(&id.cluster)?;
        let reached = self.reach(id.cluster.cloud())?;
        let prior = prior.null_unknowns();
        if private.deleting == Some(Deleting::Gone) {
            let call = call(ctx, &self.session, reached.rules.patience(), Reports::none(ctx));
            let shown = |error| messages::of_error(&error, self.kind.resource_type());
            let seen = reached.pools.read(&call, &id, Freshness::Live).await;
            if seen.map_err(shown)?.is_some() {
                ctx.warn(keys::another(&id));
                return Ok(());
            }
            if reached.pools.left_behind(&call, &id).await.map_err(shown)? {
                self.delete_pool(ctx, &reached, &id, &prior).await?;
            }
        } else {
            private.deleting = Some(Deleting::Asked);
            ctx.checkpoint(prior.clone(), private.bytes());
            self.delete_pool(ctx, &reached, &id, &prior).await?;
            if private.keys.is_empty() {
                return Ok(());
            }
            private.deleting = Some(Deleting::Gone);
            ctx.checkpoint(prior, private.bytes());
        }
        let keeper = Keeper { session: &self.session, pool: &id };
        match keeper.release(&Closing::Release.call(ctx), &mut private.keys, None).await {
            Ok(told) => {
                for left in told {
                    ctx.warn(left);
                }
                Ok(())
            }
            Err(_interrupted) => Err(keys::key_left(&id, &private.keys)),
        }
    }

    async fn delete_pool(
        &self,
        ctx: &Context,
        reached: &Reached,
        id: &PoolId,
        prior: &Value,
    ) -> Result<(), Diagnostics> {
        let call = call(ctx, &self.session, reached.rules.patience(), Reports::none(ctx));
        let config = from_value::config(&prior.clone().null_unknowns(), &mut Problems::default());
        let options = config.options.known().cloned().unwrap_or_default();
        let deleted = reached.pools.delete(&call, id, &options).await;
        deleted.map_err(|error| messages::of_error(&error, self.kind.resource_type()))
    }
}
