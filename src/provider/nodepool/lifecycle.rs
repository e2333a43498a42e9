//! Create, update, read and delete: what Terraform asks, said to a cloud, and what the cloud answers, kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cloud;
use crate::nodepool::pools::{Call, Finished, Freshness, Incomplete};
use crate::nodepool::resolve::{build, resolve};
use crate::nodepool::spec::Size;
use crate::nodepool::{
    CloudRules, Field, Health, NodePool, NodePoolSpec, NodePools, PoolError, PoolId, Problems,
};
use crate::slicing::Cloud;
use crate::tfplugin::{Context, Diagnostics, Value};

use super::super::diagnostics;
use super::super::session::Session;
use super::checking::Looking;
use super::planning::INCOMPLETE;
use super::private::{Private, Shared};
use super::progress::{Base, Reports};
use super::to_value::{Purpose, fill, seen};
use super::{Kind, clouds, derived, from_value, messages, tags};

/// The status of a pool that is ready.
pub(super) const READY: &str = "ready";

/// One resource type's dealings with the clouds.
#[derive(Debug)]
pub(super) struct Lifecycle {
    pub(super) session: Arc<Session>,
    pub(super) kind: Kind,
}

/// A cloud that can be spoken to.
pub(in crate::provider) struct Reached {
    pub(super) rules: &'static dyn CloudRules,
    pub(in crate::provider) pools: Arc<dyn NodePools>,
}

/// The rules and the API of a cloud.
pub(in crate::provider) fn reach(session: &Session, cloud: Cloud) -> Result<Reached, Diagnostics> {
    let rules = cloud::rules(cloud).ok_or_else(|| clouds::unbuilt(cloud))?;
    let pools = session.pools(cloud)?.ok_or_else(|| {
        Diagnostics::error(
            "The provider's configuration is not known",
            "A part of the provider block comes from something that does not exist yet, and without it the cloud \
             cannot be reached. Apply what it comes from first (`terraform apply -target=…`), or use values that \
             are known.",
        )
    })?;
    Ok(Reached { rules, pools })
}

impl Lifecycle {
    /// The rules and the API of a cloud.
    pub(super) fn reach(&self, cloud: Cloud) -> Result<Reached, Diagnostics> {
        reach(&self.session, cloud)
    }

    /// Creates the pool of a plan.
    pub(super) async fn create(
        &self,
        ctx: &Context,
        config: &Value,
        planned: Value,
    ) -> Result<Value, Diagnostics> {
        let wanted = self.wanted(config, &planned)?;
        let reached = self.reach(wanted.cluster.cloud())?;
        let reports = Reports {
            ctx: ctx.clone(),
            base: Base::Planned(planned.clone()),
            rules: Some(reached.rules),
            origin: self.session.origin(),
        };
        let call = call(ctx, reached.rules.patience(), reports.clone());
        let shown = |error| messages::of_error(&error, self.kind.resource_type());
        reached.pools.preflight(&call, &wanted).await.map_err(shown)?;
        let id = PoolId { cluster: wanted.cluster.clone(), name: wanted.name.clone() };
        let made = reached.pools.create(&call, &wanted).await;
        if made.is_err() && ctx.last_checkpoint().is_some() {
            // The cloud accepted and then failed, with a pool left behind or without. Only what is gone for certain is
            // forgotten; anything else, an interrupted look included, stays in the state.
            if let Ok(None) = reached.pools.read(&call, &id, Freshness::Live).await {
                ctx.forget();
            }
        }
        match made.map_err(shown)? {
            Finished::Ready(pool) => {
                ctx.set_private(Private::new(self.session.origin(), None).bytes());
                let state = Self::finished(&planned, &pool, reached.rules, READY);
                Ok(self
                    .with_slices(ctx, &call, &Looking { planned: &planned, wanted: &wanted, id: &id }, state)
                    .await)
            }
            Finished::Incomplete(incomplete) => {
                let private = Private::new(self.session.origin(), Some(incomplete.pending.clone())).bytes();
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

    /// Goes on with an unfinished pool, and changes a pool from its prior state to the planned one.
    pub(super) async fn update(
        &self,
        ctx: &Context,
        config: &Value,
        prior: &Value,
        planned: Value,
    ) -> Result<Value, Diagnostics> {
        let id = pool_id(prior)?;
        let reached = self.reach(id.cluster.cloud())?;
        let origin = self.session.origin();
        let private = Private::read(&ctx.private(), origin)?;
        private.belongs(origin)?;
        let base = owned_by_either(prior, &planned, reached.rules);
        let reports =
            Reports { ctx: ctx.clone(), base: Base::Prior(base), rules: Some(reached.rules), origin };
        let call = call(ctx, reached.rules.patience(), reports.clone());
        let shown = |error| messages::of_error(&error, self.kind.resource_type());
        let wanted = self.wanted(config, &planned)?;
        let mut before = self.before(prior, reached.rules)?;
        if has_no_size(prior) {
            before.size = size_now(&reached, &call, &id, wanted.size).await.map_err(shown)?;
        }
        if let Some(shared) = private.sharing {
            before.sharing = shared.sharing();
        }
        let pending = private.pending.as_ref();
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
                return Err(self.unfinished(ctx, prior, &id, &incomplete, reached.rules));
            }
            None => None,
        };
        ctx.set_private(Private::new(origin, None).bytes());
        let state = match last {
            Some(pool) => Self::finished(&planned, &pool, reached.rules, READY),
            // Only values that no cloud holds have changed: what is still open stays as it was.
            None => fill(&planned, prior).null_unknowns(),
        };
        Ok(self
            .with_slices(ctx, &call, &Looking { planned: &planned, wanted: &wanted, id: &id }, state)
            .await)
    }

    /// The state of an update that ended before the pool was ready; the pool is never tainted by it.
    fn unfinished(
        &self,
        ctx: &Context,
        prior: &Value,
        id: &PoolId,
        incomplete: &Incomplete,
        rules: &'static dyn CloudRules,
    ) -> Diagnostics {
        let private = Private::new(self.session.origin(), Some(incomplete.pending.clone())).bytes();
        let so_far = ctx.last_checkpoint().map_or_else(|| prior.clone(), |checkpoint| checkpoint.state);
        ctx.checkpoint(Self::incomplete(&so_far, id, incomplete.pool.as_ref(), rules), private);
        messages::unfinished(id, incomplete)
    }

    /// Looks at the pool; `None` when it is gone for certain.
    pub(super) async fn read(&self, ctx: &Context, state: Value) -> Result<Option<Value>, Diagnostics> {
        let id = pool_id(&state)?;
        let origin = self.session.origin();
        let mut private = Private::read(&ctx.private(), origin)?;
        private.belongs(origin)?;
        self.session.accepts(&id.cluster)?;
        let cloud = id.cluster.cloud();
        let rules = cloud::rules(cloud).ok_or_else(|| clouds::unbuilt(cloud))?;
        let Some(pools) = self.session.pools(cloud)? else {
            // Legal while planning: the provider's configuration comes from something that does not exist yet.
            return Ok(Some(state));
        };
        let call = call(ctx, clouds::READING, Reports::none(ctx));
        let shown = |error| messages::of_error(&error, self.kind.resource_type());
        let Some(pool) = pools.read(&call, &id, Freshness::Coalesced).await.map_err(shown)? else {
            return Ok(None);
        };
        let mut refreshed = seen(&pool, &state, Purpose::Refresh, rules);
        if !refreshed.lookup("slices").is_null() {
            derived::complete(&mut refreshed, &[derived::slices_in_total()]);
        }
        if self.kind == Kind::Mig {
            private.sharing = Shared::of(pool.sharing);
        }
        match (&pool.health, &private.pending) {
            (Health::Ready, Some(_)) => {
                private.pending = None;
                set_status(&mut refreshed, READY);
            }
            // An unfinished pool is told of by the apply that goes on with it.
            (Health::Stalled(words) | Health::Failed(words), None) => ctx.warn(messages::unwell(&id, words)),
            _ => {}
        }
        ctx.set_private(private.bytes());
        Ok(Some(refreshed))
    }

    /// Deletes the pool.
    pub(super) async fn delete(&self, ctx: &Context, prior: Value) -> Result<(), Diagnostics> {
        let id = pool_id(&prior)?;
        let origin = self.session.origin();
        let private = Private::read(&ctx.private(), origin)?;
        private.belongs(origin)?;
        self.session.accepts(&id.cluster)?;
        let reached = self.reach(id.cluster.cloud())?;
        let call = call(ctx, reached.rules.patience(), Reports::none(ctx));
        let config = from_value::config(&prior.null_unknowns(), &mut Problems::default());
        let options = config.options.known().cloned().unwrap_or_default();
        let deleted = reached.pools.delete(&call, &id, &options).await;
        deleted.map_err(|error| messages::of_error(&error, self.kind.resource_type()))
    }

    /// The pool that a plan wants.
    fn wanted(&self, written: &Value, planned: &Value) -> Result<NodePoolSpec, Diagnostics> {
        let mut problems = Problems::default();
        let written = from_value::config(written, &mut problems);
        let mut config = from_value::config(&planned.clone().null_unknowns(), &mut problems);
        // The plan holds the whole name; the prefix it was made from has done its work.
        config.name_prefix = Field::Null;
        if problems.has_errors() {
            return Err(diagnostics::of_problems(&problems, false));
        }
        let cluster = config.cluster_id.known().ok_or_else(|| missing("cluster_id"))?;
        self.session.accepts(cluster)?;
        let rules = cloud::rules(cluster.cloud()).ok_or_else(|| clouds::unbuilt(cluster.cloud()))?;
        let defaults = self.session.defaults().ok_or_else(|| missing("default_labels"))?;
        resolve(&written, &config, &defaults, rules)
            .map_err(|problems| diagnostics::of_problems(&problems, false))
    }

    /// The pool as the state has it: not judged, since the rules were kept when it was made, or it was imported.
    fn before(&self, prior: &Value, rules: &'static dyn CloudRules) -> Result<NodePoolSpec, Diagnostics> {
        let mut unread = Problems::default();
        let mut config = from_value::config(&prior.clone().null_unknowns(), &mut unread);
        config.name_prefix = Field::Null;
        if has_no_size(prior) {
            config.node_count = Field::Known(0); // a place holder: see `size_now`
        }
        let defaults = self.session.defaults().ok_or_else(|| missing("default_labels"))?;
        let mut before = build(&config, &defaults, rules).map_err(missing)?;
        before.labels = string_map(prior.lookup("effective_labels"));
        before.tags = string_map(prior.lookup("effective_tags"));
        Ok(before)
    }

    fn finished(planned: &Value, pool: &NodePool, rules: &'static dyn CloudRules, status: &str) -> Value {
        let mut seen = seen(pool, planned, Purpose::Refresh, rules);
        set_status(&mut seen, status);
        fill(planned, &seen).null_unknowns()
    }

    /// What is known of a pool that is not ready; what the cloud has not confirmed is null.
    fn incomplete(
        so_far: &Value,
        id: &PoolId,
        pool: Option<&NodePool>,
        rules: &'static dyn CloudRules,
    ) -> Value {
        let mut state = match pool {
            Some(pool) => fill(so_far, &seen(pool, so_far, Purpose::Refresh, rules)),
            None => so_far.clone(),
        }
        .null_unknowns();
        if let Value::Object(attributes) = &mut state {
            attributes.insert("id".to_owned(), Value::string(id.to_string()));
        }
        set_status(&mut state, INCOMPLETE);
        state
    }
}

pub(super) fn call(ctx: &Context, default: Duration, reports: Reports) -> Call {
    let timeout = ctx.timeout().unwrap_or(default);
    Call {
        cancelled: ctx.cancellation().clone(),
        deadline: ctx.deadline().map_or_else(|| Instant::now() + timeout, tokio::time::Instant::into_std),
        timeout,
        progress: Box::new(reports),
    }
}

/// Whether the state does not say how large the pool is: nobody was allowed to look when it was imported.
fn has_no_size(state: &Value) -> bool {
    state.lookup("node_count").is_null() && state.lookup("autoscaling").is_null()
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

pub(super) fn set_status(state: &mut Value, status: &str) {
    if let Value::Object(attributes) = state {
        attributes.insert("status".to_owned(), Value::string(status));
    }
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

fn string_map(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_map().into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The pool of a state.
fn pool_id(state: &Value) -> Result<PoolId, Diagnostics> {
    let id = state.lookup("id").as_str().unwrap_or_default();
    id.parse().map_err(|error| {
        Diagnostics::error(
            "The state does not say which pool this is",
            format!("Its id cannot be read: {error}. Remove the resource from the state with `terraform state rm` and import the pool."),
        )
    })
}

fn missing(attribute: &'static str) -> Diagnostics {
    Diagnostics::error(
        format!("{attribute} is not known"),
        format!("{attribute} is needed now, and its value is still unknown or cannot be read."),
    )
}
