//! Update: the new key, then the pool, then the old key.
//!
//! From the moment that a second key may exist until the old one is gone the state says that the pool is incomplete, so
//! that the next apply goes on wherever this one was stopped.

use crate::nodepool::pools::{Call, Finished, Freshness, Incomplete};
use crate::nodepool::spec::Size;
use crate::nodepool::{CloudRules, Health, NodePool, NodePoolSpec, PoolError, PoolId};
use crate::tfplugin::{Context, Diagnostics, Value};

use super::super::checking::Looking;
use super::super::companions::release::Closing;
use super::super::companions::{Change, Keeper, messages as keys};
use super::super::planning::INCOMPLETE;
use super::super::private::Private;
use super::super::progress::{Base, Reports};
use super::super::to_value::fill;
use super::super::{derived, messages, tags};
use super::create::advise;
use super::{Lifecycle, READY, Reached, call, has_no_size, pool_id, set_status};

impl Lifecycle {
    /// Goes on with an unfinished pool, and changes a pool from its prior state to the planned one.
    pub(in super::super) async fn update(
        &self,
        ctx: &Context,
        config: &Value,
        prior: &Value,
        planned: Value,
    ) -> Result<Value, Diagnostics> {
        let updated = self.change(ctx, config, prior, planned).await;
        if let (Err(_), Some(last)) = (&updated, ctx.last_checkpoint()) {
            // What follows from the rest follows from what the pool has now. Else nobody could take the change back: a
            // plan keeps what follows from unchanged attributes.
            let mut state = last.state;
            derived::follow(&mut state, &derived::all(self.kind, &self.session));
            ctx.checkpoint(state, last.private);
        }
        updated
    }

    async fn change(
        &self,
        ctx: &Context,
        config: &Value,
        prior: &Value,
        planned: Value,
    ) -> Result<Value, Diagnostics> {
        let id = pool_id(prior)?;
        let reached = self.reach(id.cluster.cloud())?;
        let origin = self.session.origin();
        let stored = Private::read(&ctx.private(), origin)?;
        stored.belongs(origin)?;
        let shown = |error| messages::of_error(&error, self.kind.resource_type());
        let wanted = self.wanted(config, &planned)?;
        let mut before = self.before(prior, reached.rules)?;
        let first = call(ctx, &self.session, reached.rules.patience(), Reports::none(ctx));
        if has_no_size(prior) {
            before.size = size_now(&reached, &first, &id, wanted.size).await.map_err(shown)?;
        }
        if let Some(shared) = stored.sharing {
            before.sharing = shared.sharing();
        }

        let told = recut(&before, &wanted)
            && self.suits(ctx, &first, &planned, &wanted, reached.rules).await.map_err(shown)?;
        let keeper = Keeper { session: &self.session, pool: &id };
        let change = Change::of(prior, &planned, &stored.keys);
        let mut private = Private::new(origin, None).with_keys(stored.keys.clone());
        let mut base = owned_by_either(prior, &planned, reached.rules);
        let found = match &change {
            Change::Put(key) => Some(keeper.find(&first, key).await.map_err(shown)?),
            Change::Nothing | Change::Drop | Change::LetGo => None,
        };
        if let Some(found) = &found {
            found.note(&mut private.keys);
            if private.keys != stored.keys {
                let mut prior = prior.clone();
                set_status(&mut prior, INCOMPLETE);
                ctx.checkpoint(prior, stored.with_keys(private.keys.clone()).bytes());
                set_status(&mut base, INCOMPLETE);
            }
            let applied = found.put(&first, &keeper, &stored.keys).await.map_err(shown)?;
            if before.labels != wanted.labels {
                found.settle(&first, &applied).await.map_err(shown)?;
            }
        }

        let reports = Reports {
            ctx: ctx.clone(),
            base: Base::Prior(base),
            rules: Some(reached.rules),
            private: private.clone(),
        };
        let call = call(ctx, &self.session, reached.rules.patience(), reports);
        let pending = stored.pending.as_ref();
        let finished = match pending {
            // A change comes before the wait: it may be what the pool needs to become ready.
            _ if before != wanted => {
                Some(reached.pools.update(&call, &id, &before, &wanted, pending).await.map_err(shown)?)
            }
            Some(pending) => Some(reached.pools.resume(&call, &id, pending).await.map_err(shown)?),
            None => None,
        };
        let last = match finished {
            Some(Finished::Ready(pool)) => Some(pool),
            Some(Finished::Incomplete(incomplete)) => {
                return Err(Self::unfinished(ctx, prior, &private, &id, &incomplete, reached.rules));
            }
            None => None,
        };
        let mut state = match last {
            Some(pool) => Self::finished(&planned, &pool, reached.rules, READY),
            None => Self::unchanged(&reached, &call, &id, prior, &planned).await.map_err(shown)?,
        };
        let advised = found.as_ref().is_some_and(|found| advise(ctx, found, &wanted)) || told;
        let place = found.as_ref().map(|found| &found.place);
        let looking = Looking { id: &id, planned: &planned, wanted: &wanted, place, advised };
        ctx.set_private(private.bytes());
        if !change.leaves_keys_to_drop(&private.keys) {
            if change == Change::LetGo {
                ctx.set_private(private.with_keys(Vec::new()).bytes());
            }
            return Ok(self.with_slices(ctx, &call, &looking, state).await);
        }

        let status = state.lookup("status").clone();
        set_status(&mut state, INCOMPLETE);
        ctx.checkpoint(state.clone(), private.bytes());
        let mut state = self.with_slices(ctx, &call, &looking, state).await;
        let keep = found.as_ref().map(|found| (&found.key, &found.place));
        let told = keeper.release(&Closing::Release.call(ctx), &mut private.keys, keep).await;
        for left in told.map_err(|error| keys::unsettled(&id, &error))? {
            ctx.warn(left);
        }
        ctx.set_private(private.bytes());
        if let Value::Object(attributes) = &mut state {
            attributes.insert("status".to_owned(), status);
        }
        Ok(state)
    }

    /// The state when only values have changed that no cloud holds: what is still open stays as it was.
    async fn unchanged(
        reached: &Reached,
        call: &Call,
        id: &PoolId,
        prior: &Value,
        planned: &Value,
    ) -> Result<Value, PoolError> {
        let mut state = fill(planned, prior).null_unknowns();
        if prior.lookup("status").as_str() == Some(INCOMPLETE) && planned.lookup("status").is_unknown() {
            // Nothing is waited for: an earlier apply was stopped after the pool was changed.
            let seen = reached.pools.read(call, id, Freshness::Live).await?;
            if seen.is_some_and(|pool: NodePool| pool.health == Health::Ready) {
                set_status(&mut state, READY);
            }
        }
        Ok(state)
    }

    /// The state of an update that ended before the pool was ready; the pool is never tainted by it.
    fn unfinished(
        ctx: &Context,
        prior: &Value,
        private: &Private,
        id: &PoolId,
        incomplete: &Incomplete,
        rules: &'static dyn CloudRules,
    ) -> Diagnostics {
        let private = private.with_pending(Some(incomplete.pending.clone())).bytes();
        let so_far = ctx.last_checkpoint().map_or_else(|| prior.clone(), |checkpoint| checkpoint.state);
        ctx.checkpoint(Self::incomplete(&so_far, id, incomplete.pool.as_ref(), rules), private);
        messages::unfinished(id, incomplete)
    }
}

/// Whether other components may come to the pool's nodes than before, or are to cut them otherwise.
fn recut(before: &NodePoolSpec, wanted: &NodePoolSpec) -> bool {
    let decides = |spec: &NodePoolSpec| {
        (spec.mig_profile, spec.mig_strategy, spec.labels.clone(), spec.taints.clone(), spec.gpu_taint)
    };
    decides(before) != decides(wanted)
}

/// The pool's size, looked at now. Where even that does not tell, it is another one than is wanted, so that what is
/// wanted is sent.
async fn size_now(reached: &Reached, call: &Call, id: &PoolId, wanted: Size) -> Result<Size, PoolError> {
    let seen = reached.pools.read(call, id, Freshness::Live).await?;
    let seen = seen.and_then(|pool| match (pool.autoscaling, pool.node_count) {
        (Some((min, max)), _) => Some(Size::Autoscaling { min, max, initial: None }),
        (None, count) => count.map(Size::Fixed),
    });
    Ok(seen.unwrap_or(if wanted == Size::Fixed(0) { Size::Fixed(1) } else { Size::Fixed(0) }))
}

/// The planned state with everything that either state owns, so that a label on its way out is still seen.
fn owned_by_either(prior: &Value, planned: &Value, rules: &dyn CloudRules) -> Value {
    let mut base = fill(planned, prior);
    if let Value::Object(attributes) = &mut base {
        for (name, are_tags) in
            [("labels", false), ("tags", true), ("effective_labels", false), ("effective_tags", true)]
        {
            let same = |one: &str, other: &str| one == other || are_tags && tags::same_key(rules, one, other);
            let (before, after) = (prior.lookup(name), planned.lookup(name));
            if !before.is_null() || !after.is_null() {
                attributes.insert(name.to_owned(), Value::Map(tags::joined(before, after, same)));
            }
        }
        let taints = [prior, planned].map(|state| state.lookup("taints").as_elements().unwrap_or_default());
        if !taints.concat().is_empty() {
            attributes.insert("taints".to_owned(), Value::set(taints.concat()));
        }
    }
    base
}
