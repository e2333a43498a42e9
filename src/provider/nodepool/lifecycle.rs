//! Create, update, read and delete: what Terraform asks, said to a cloud, and what the cloud answers, kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cloud;
use crate::nodepool::pools::{Call, Finished, Freshness, Incomplete, Pending, PendingKind};
use crate::nodepool::resolve::{build, resolve};
use crate::nodepool::{CloudRules, Health, NodePool, NodePoolSpec, NodePools, PoolId, Problems};
use crate::slicing::{Cloud, Sharing};
use crate::tfplugin::{Context, Diagnostic, Diagnostics, Value};

use super::super::diagnostics;
use super::super::session::Session;
use super::planning::INCOMPLETE;
use super::private::Private;
use super::progress::{Base, Reports};
use super::to_value::{Purpose, fill, seen};
use super::{derived, from_value, messages};

/// The status of a pool that is ready.
const READY: &str = "ready";

/// How long an operation may take where nobody says: GKE's node pools can take the longest.
pub(super) const LONG: Duration = Duration::from_secs(2 * 60 * 60);

/// How long a read may take where nobody says.
pub(super) const SHORT: Duration = Duration::from_secs(5 * 60);

/// One resource type's dealings with the clouds.
#[derive(Debug)]
pub(super) struct Lifecycle {
    pub(super) session: Arc<Session>,
    pub(super) resource_type: &'static str,
}

/// A cloud that can be spoken to.
struct Reached {
    rules: &'static dyn CloudRules,
    pools: Arc<dyn NodePools>,
}

impl Lifecycle {
    fn reach(&self, cloud: Cloud) -> Result<Reached, Diagnostics> {
        let pools = self.session.pools(cloud)?;
        match (cloud::rules(cloud), pools) {
            (Some(rules), Some(pools)) => Ok(Reached { rules, pools }),
            (None, _) => Err(unbuilt(cloud)),
            (_, None) => Err(Diagnostics::error(
                "The provider's configuration is not known",
                "A part of the provider block comes from something that does not exist yet, and without it the cloud \
                 cannot be reached. Apply what it comes from first (`terraform apply -target=…`), or use values that \
                 are known.",
            )),
        }
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
        let call = call(ctx, LONG, reports.clone());
        let shown = |error| messages::of_error(&error, self.resource_type);
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
                Ok(Self::finished(&planned, &pool, reached.rules, READY))
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
        let base = owned_by_either(prior, &planned);
        let reports =
            Reports { ctx: ctx.clone(), base: Base::Prior(base), rules: Some(reached.rules), origin };
        let call = call(ctx, LONG, reports.clone());
        let shown = |error| messages::of_error(&error, self.resource_type);
        let wanted = self.wanted(config, &planned)?;
        let before = self.before(prior, reached.rules)?;
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
        Ok(match last {
            Some(pool) => Self::finished(&planned, &pool, reached.rules, READY),
            // Only values that no cloud holds have changed: what is still open stays as it was.
            None => fill(&planned, prior).null_unknowns(),
        })
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
        let rules = cloud::rules(cloud).ok_or_else(|| unbuilt(cloud))?;
        let Some(pools) = self.session.pools(cloud)? else {
            // Legal while planning: the provider's configuration comes from something that does not exist yet.
            return Ok(Some(state));
        };
        let call = call(ctx, SHORT, Reports::none(ctx));
        let shown = |error| messages::of_error(&error, self.resource_type);
        let Some(pool) = pools.read(&call, &id, Freshness::Coalesced).await.map_err(shown)? else {
            return Ok(None);
        };
        let mut refreshed = seen(&pool, &state, Purpose::Refresh, rules);
        if !refreshed.lookup("slices").is_null() {
            derived::complete(&mut refreshed, &[derived::slices_in_total()]);
        }
        if private.pending.is_some() && pool.health == Health::Ready {
            private.pending = None;
            set_status(&mut refreshed, READY);
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
        let call = call(ctx, LONG, Reports::none(ctx));
        let config = from_value::config(&prior.null_unknowns(), &mut Problems::default());
        let options = config.options.known().cloned().unwrap_or_default();
        let deleted = reached.pools.delete(&call, &id, &options).await;
        deleted.map_err(|error| messages::of_error(&error, self.resource_type))
    }

    /// The state of an existing pool that is to be taken over.
    pub(super) async fn import(&self, ctx: &Context, id: &PoolId) -> Result<Value, Diagnostics> {
        self.session.accepts(&id.cluster)?;
        let reached = self.reach(id.cluster.cloud())?;
        let call = call(ctx, SHORT, Reports::none(ctx));
        let found = reached.pools.read(&call, id, Freshness::Live).await;
        let Some(pool) = found.map_err(|error| messages::of_error(&error, self.resource_type))? else {
            return Err(Diagnostics::error(
                format!("There is no node pool {}", id.name),
                format!("The cluster {} has no node pool of that name. Check the id: {id}.", id.cluster),
            ));
        };
        if pool.mig_profile.is_none() {
            return Err(Diagnostics::error(
                format!("The node pool {} is not cut by MIG", id.name),
                format!(
                    "{} manages pools whose GPUs are cut by MIG, and this pool's GPUs are whole, or it has none. It \
                     stays as it is.",
                    self.resource_type
                ),
            ));
        }
        if pool.sharing != Sharing::None {
            return Err(Diagnostics::error(
                format!("The slices of the node pool {} are shared", id.name),
                format!(
                    "Its slices are shared by {} on top of MIG, which {} does not manage: the first change would lose \
                     it. No resource of this version does. The pool stays as it is.",
                    pool.sharing, self.resource_type
                ),
            ));
        }
        let mut state = seen(&pool, &Value::Object(BTreeMap::new()), Purpose::Import, reached.rules);
        set_status(&mut state, if pool.health == Health::Ready { READY } else { INCOMPLETE });
        let effective = ["effective_labels", "effective_tags"].map(|name| (name, state.lookup(name).clone()));
        derived::complete(&mut state, &derived::all(&self.session));
        // What is sent in all is read from the pool: a label of ours that is missing is then put there.
        if let Value::Object(attributes) = &mut state {
            for (name, value) in effective {
                attributes.insert(name.to_owned(), value);
            }
        }
        let pending = (pool.health != Health::Ready).then(|| Pending {
            operation: String::new(),
            location: String::new(),
            kind: PendingKind::Create,
            since: crate::nodepool::pools::now_rfc3339(),
        });
        ctx.set_private(Private::new(self.session.origin(), pending).bytes());
        Ok(state)
    }

    /// The pool that a plan wants.
    fn wanted(&self, written: &Value, planned: &Value) -> Result<NodePoolSpec, Diagnostics> {
        let mut problems = Problems::default();
        let written = from_value::config(written, &mut problems);
        let mut config = from_value::config(&planned.clone().null_unknowns(), &mut problems);
        // The plan holds the whole name; the prefix it was made from has done its work.
        config.name_prefix = crate::nodepool::Field::Null;
        if problems.has_errors() {
            return Err(diagnostics::of_problems(&problems, false));
        }
        let cluster = config.cluster_id.known().ok_or_else(|| missing("cluster_id"))?;
        self.session.accepts(cluster)?;
        let rules = cloud::rules(cluster.cloud()).ok_or_else(|| unbuilt(cluster.cloud()))?;
        let defaults = self.session.defaults().ok_or_else(|| missing("default_labels"))?;
        resolve(&written, &config, &defaults, rules)
            .map_err(|problems| diagnostics::of_problems(&problems, false))
    }

    /// The pool as the state has it: not judged, since the rules were kept when it was made, or it was imported.
    fn before(&self, prior: &Value, rules: &'static dyn CloudRules) -> Result<NodePoolSpec, Diagnostics> {
        let mut unread = Problems::default();
        let mut config = from_value::config(&prior.clone().null_unknowns(), &mut unread);
        config.name_prefix = crate::nodepool::Field::Null;
        if config.node_count.is_null() && config.autoscaling.is_null() {
            config.node_count = crate::nodepool::Field::Known(0); // the size was never read; the update sets it
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

fn call(ctx: &Context, default: Duration, reports: Reports) -> Call {
    let timeout = ctx.timeout().unwrap_or(default);
    Call {
        cancelled: ctx.cancellation().clone(),
        deadline: ctx.deadline().map_or_else(|| Instant::now() + timeout, tokio::time::Instant::into_std),
        timeout,
        progress: Box::new(reports),
    }
}

fn set_status(state: &mut Value, status: &str) {
    if let Value::Object(attributes) = state {
        attributes.insert("status".to_owned(), Value::string(status));
    }
}

/// The planned state with everything that either state owns, so that a label on its way out is still seen.
fn owned_by_either(prior: &Value, planned: &Value) -> Value {
    let mut base = fill(planned, prior);
    if let Value::Object(attributes) = &mut base {
        for name in ["labels", "tags", "effective_labels", "effective_tags"] {
            let mut both = prior.lookup(name).as_map().cloned().unwrap_or_default();
            both.extend(planned.lookup(name).as_map().cloned().unwrap_or_default());
            if !prior.lookup(name).is_null() || !planned.lookup(name).is_null() {
                attributes.insert(name.to_owned(), Value::Map(both));
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

/// The error for a cloud that this version does not know.
pub(super) fn unbuilt(cloud: Cloud) -> Diagnostics {
    Diagnostics::from(
        Diagnostic::error(
            format!("{} is not in this version of the provider", crate::nodepool::checks::display(cloud)),
            "This version makes node pools on Google GKE only. Use a GKE cluster, or a newer version of the provider.",
        )
        .at(crate::tfplugin::AttributePath::parse("cluster_id")),
    )
}

fn missing(attribute: &'static str) -> Diagnostics {
    Diagnostics::error(
        format!("{attribute} is not known"),
        format!("{attribute} is needed now, and its value is still unknown or cannot be read."),
    )
}
