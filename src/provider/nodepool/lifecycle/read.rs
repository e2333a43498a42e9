//! Read: the pool as its cloud shows it, and its key as the cluster does.

use crate::cloud;
use crate::nodepool::pools::Freshness;
use crate::nodepool::{Health, PoolId};
use crate::tfplugin::{Context, Diagnostics, Value};

use super::super::companions::release::Closing;
use super::super::companions::{Deleting, Keeper, messages as keys};
use super::super::planning::INCOMPLETE;
use super::super::private::{Private, Shared};
use super::super::progress::Reports;
use super::super::to_value::{Purpose, seen};
use super::super::{Kind, clouds, derived, messages};
use super::{Lifecycle, READY, call, pool_id, set_status};

impl Lifecycle {
    /// Looks at the pool; `None` when it is gone for certain.
    pub(in super::super) async fn read(
        &self,
        ctx: &Context,
        state: Value,
    ) -> Result<Option<Value>, Diagnostics> {
        let id = pool_id(&state)?;
        let origin = self.session.origin();
        let mut private = Private::read(&ctx.private(), origin)?;
        private.belongs(origin)?;
        self.session.accepts(&id.cluster)?;
        let cloud = id.cluster.cloud();
        let rules = cloud::rules(cloud);
        let Some(pools) = self.session.pools(cloud)? else {
            // Legal while planning: the provider's configuration comes from something that does not exist yet.
            return Ok(Some(state));
        };
        let call = call(ctx, &self.session, clouds::READING, Reports::none(ctx));
        let shown = |error| messages::of_error(&error, self.kind.resource_type());
        let Some(pool) = pools.read(&call, &id, Freshness::Coalesced).await.map_err(shown)? else {
            // A deletion of ours that was interrupted may have left what the pool stood on.
            let left = match private.deleting {
                Some(_) => pools.left_behind(&call, &id).await.map_err(shown)?,
                None => false,
            };
            return Ok(self.after_the_pool(ctx, state, &id, private, left).await);
        };
        let mut refreshed = seen(&pool, &state, Purpose::Refresh, rules);
        if !refreshed.lookup("slices").is_null() {
            derived::complete(&mut refreshed, &[derived::slices_in_total()]);
        }
        if self.kind == Kind::Mig {
            private.sharing = Shared::of(pool.sharing);
        }
        let keeper = Keeper { session: &self.session, pool: &id };
        if let Some(text) = keeper.look(ctx, &call, &state, &private.keys).await
            && let Value::Object(attributes) = &mut refreshed
        {
            attributes.insert("config_yaml".to_owned(), text);
        }
        match (&pool.health, &private.pending) {
            (Health::Ready, Some(_)) => {
                private.pending = None;
                // With an old key still there, the next apply has something to do.
                if private.keys.iter().map(|held| held.names.len()).sum::<usize>() <= 1 {
                    set_status(&mut refreshed, READY);
                }
            }
            // An unfinished pool is told of by the apply that goes on with it.
            (Health::Stalled(words) | Health::Failed(words), None) => ctx.warn(messages::unwell(&id, words)),
            _ => {}
        }
        ctx.set_private(private.bytes());
        Ok(Some(refreshed))
    }

    /// A pool that is gone: forgotten, unless its key is left, or something else that was made for it. Then the next apply
    /// lets that go, and makes the pool anew if it is still wanted.
    async fn after_the_pool(
        &self,
        ctx: &Context,
        mut state: Value,
        id: &PoolId,
        mut private: Private,
        left: bool,
    ) -> Option<Value> {
        let keeper = Keeper { session: &self.session, pool: id };
        match keeper.owns_any(&Closing::Look.call(ctx), &private.keys).await {
            Ok(true) => {}
            Ok(false) if left => {}
            Ok(false) => return None,
            // A deletion of ours that was interrupted is not forgotten unseen.
            Err(_) if private.deleting.is_some() => {}
            Err(error) => {
                ctx.warn(keys::may_be_left(id, &private.keys, &error));
                return None;
            }
        }
        private.deleting = Some(Deleting::Gone);
        ctx.set_private(private.bytes());
        set_status(&mut state, INCOMPLETE);
        Some(state)
    }
}
