//! The resource `gpuslice_slice_check`: an apply that goes on only when slices are there.
//!
//! A check that fails leaves nothing in the state: there is no object that a tainted entry would stand for, and the next
//! apply looks again either way. Without the entry its plan says "create", which is what happens, and no `destroy` of a
//! thing that never was.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::duration::GoDuration;
use crate::kubernetes::check::Announcer;
use crate::nodepool::pools::{Checkpoint, Freshness, Progress};
use crate::nodepool::{Call, Field, Health, NodePool, NodePoolConfig, NodePools, PoolError, PoolId};
use crate::slicing::MigStrategy;
use crate::tfplugin::{
    AttributePath, Context, Diagnostic, Diagnostics, Operation, Plan, Resource, Schema, Value,
};

use super::super::nodepool::{READING, announcer, cut, reach};
use super::super::session::Session;
use super::live::{expected, operators_strategy, told_by_key};
use super::look::{self, KeyPlace, Look, PoolKey};
use super::schema::{self, PATIENCE};
use super::words;

/// Kept back beyond the time-out, so that there is time to say why it has passed.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// The first pause between two looks at a pool that is not ready; each further one is half as long again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// The attribute that names the pool.
const POOL: &str = "nodepool_id";

/// The resource.
#[derive(Debug)]
pub(in crate::provider) struct SliceCheckResource {
    session: Arc<Session>,
}

impl SliceCheckResource {
    /// The resource's type name.
    pub(in crate::provider) const TYPE: &'static str = "gpuslice_slice_check";

    pub(in crate::provider) fn new(session: Arc<Session>) -> Self {
        SliceCheckResource { session }
    }
}

#[async_trait]
impl Resource for SliceCheckResource {
    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        if let Some(Err(error)) = config.lookup(POOL).as_str().map(str::parse::<PoolId>) {
            let detail =
                format!("{error}. It is the id of a node pool, such as that of a gpuslice_mig_nodepool.");
            diagnostics.push(at_pool(Diagnostic::error("This is not the id of a node pool", detail)));
        }
        let wrong = match config.lookup("timeout").as_str().map(str::parse::<GoDuration>) {
            Some(Err(error)) => format!("{error}."),
            Some(Ok(GoDuration(Duration::ZERO))) => "Give the slices some time, such as \"15m\".".to_owned(),
            _ => return,
        };
        diagnostics
            .push(Diagnostic::error("This is no time to wait", wrong).at(AttributePath::parse("timeout")));
    }

    fn plan(&self, plan: &mut Plan<'_>) {
        if let Some(Ok(id)) = plan.get(POOL).as_str().map(str::parse::<PoolId>)
            && let Err(refused) = self.accepts(&id)
        {
            plan.diagnostics.extend(refused);
        }
    }

    fn timeout(&self, operation: Operation, value: &Value) -> Option<Duration> {
        Some(match operation {
            Operation::Create => patience(value) + LAST_WORDS,
            _ => READING,
        })
    }

    /// What was seen stays. It is gone when its pool is.
    async fn read(&self, ctx: &Context, state: Value) -> Result<Option<Value>, Diagnostics> {
        let id = pool_id(&state)?;
        self.accepts(&id)?;
        let Some(pools) = self.session.pools(id.cluster.cloud())? else { return Ok(Some(state)) };
        let call = call(ctx);
        let found = pools.read(&call, &id, Freshness::Coalesced).await.map_err(|error| of_error(&error))?;
        Ok(found.map(|_| state))
    }

    async fn create(&self, ctx: &Context, _: Value, planned: Value) -> Result<Value, Diagnostics> {
        let until = Instant::now() + patience(&planned);
        let id = pool_id(&planned)?;
        self.accepts(&id)?;
        let reached = reach(&self.session, id.cluster.cloud())?;
        let call = call(ctx);
        let pool = ready(&call, reached.pools.as_ref(), &id, until).await?;
        self.seen(&call, &pool, planned, until).await
    }

    async fn update(&self, _: &Context, _: Value, _: Value, planned: Value) -> Result<Value, Diagnostics> {
        // Only the time-out can change, and nobody waits now.
        Ok(planned.null_unknowns())
    }

    async fn delete(&self, _: &Context, _: Value) -> Result<(), Diagnostics> {
        Ok(())
    }
}

impl SliceCheckResource {
    fn accepts(&self, id: &PoolId) -> Result<(), Diagnostics> {
        self.session.accepts(&id.cluster).map_err(|refused| refused.at(AttributePath::parse(POOL)))
    }

    /// The state with what the pool's nodes offer.
    async fn seen(
        &self,
        call: &Call,
        pool: &NodePool,
        planned: Value,
        until: Instant,
    ) -> Result<Value, Diagnostics> {
        let not_verified = |why: String| {
            let summary = format!("The slices of the node pool {} were not verified", pool.id.name);
            Diagnostics::from(at_pool(Diagnostic::error(summary, why)))
        };
        let written = as_written(pool);
        let announcer = announcer(&written);
        let gpu = pool.gpu.as_ref().map_or("", |gpu| gpu.model.as_str());
        let mut cut = cut(&written, gpu, MigStrategy::default());
        let told = if announcer == Announcer::Cloud {
            None
        } else {
            let cluster = look::reach(&self.session, call, &pool.id.cluster).await;
            let cluster = cluster.map_err(|why| not_verified(why.detail()))?;
            if let Some(cut) = &mut cut {
                cut.strategy = operators_strategy(&cluster, call).await;
            }
            told_by_key(&cluster, call, pool).await.map_err(|error| not_verified(error.to_string()))?
        };
        let left = until.saturating_duration_since(Instant::now());
        let check = expected(pool, announcer, told.as_ref().map(|told| &told.config), cut, left)
            .map_err(|error| not_verified(error.to_string()))?;
        let key = told.map(|told| PoolKey { key: told.key, at: KeyPlace::Known(told.place) });
        let (resource, per_node) = (check.resource.clone(), check.per_node);
        let look = look::look(&self.session, call, check, key).await;
        if let Some(failure) = words::failure(&pool.id, &look) {
            return Err(failure);
        }
        let mut state = planned;
        if let (Value::Object(attributes), Look::Seen(allocatable)) = (&mut state, look) {
            let seen = [
                ("id", Value::string(pool.id.to_string())),
                ("resource_name", Value::string(resource)),
                ("slices_per_node", Value::from(per_node)),
                // Each of them offers exactly what it should.
                ("nodes", Value::from(allocatable.checked_div(per_node).unwrap_or_default())),
                ("allocatable_slices", Value::from(allocatable)),
            ];
            attributes.extend(seen.map(|(name, value)| (name.to_owned(), value)));
        }
        Ok(state)
    }
}

/// Waits until the pool is ready.
async fn ready(
    call: &Call,
    pools: &dyn NodePools,
    id: &PoolId,
    until: Instant,
) -> Result<NodePool, Diagnostics> {
    let name = &id.name;
    let failed = |summary: String, detail: String| Err(at_pool(Diagnostic::error(summary, detail)).into());
    let mut pause = FIRST_PAUSE;
    loop {
        let Some(pool) = pools.read(call, id, Freshness::Live).await.map_err(|error| of_error(&error))?
        else {
            return failed(
                format!("There is no node pool {name}"),
                format!("The cluster {} has none of that name.", id.cluster),
            );
        };
        let words = match &pool.health {
            Health::Ready => return Ok(pool),
            Health::Pending(words) => words.clone(),
            Health::Stalled(words) | Health::Failed(words) => {
                return failed(
                    format!("The node pool {name} is not ready"),
                    format!(
                        "The cloud has given up for now: {words}. An apply that changes the pool, or goes on with it, \
                         may mend that; then look again with `terraform apply`."
                    ),
                );
            }
            Health::Deleting => {
                return failed(
                    format!("The node pool {name} is being deleted"),
                    "Wait for its end.".to_owned(),
                );
            }
        };
        tracing::info!(pool = %id, state = words, "waiting for the pool");
        let left = until.saturating_duration_since(Instant::now());
        if left <= pause {
            return failed(
                format!("Timed out: the node pool {name} is not ready yet"),
                format!(
                    "The cloud says: {words}. The next `terraform apply` waits again; timeout says how long."
                ),
            );
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = call.cancelled.cancelled() => {
                return failed(
                    format!("Interrupted: the node pool {name} is not ready yet"),
                    format!("The cloud says: {words}. The next `terraform apply` waits again."),
                );
            }
        }
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

/// A pool in the words of a configuration, as far as they decide who announces its slices.
fn as_written(pool: &NodePool) -> NodePoolConfig {
    NodePoolConfig {
        cluster_id: Field::Known(pool.id.cluster.clone()),
        machine_type: Field::Known(pool.machine_type.clone()),
        mig_profile: pool.mig_profile.into(),
        sharing: Field::Known(pool.sharing),
        options: Field::Known(pool.options.clone()),
        ..NodePoolConfig::default()
    }
}

fn patience(value: &Value) -> Duration {
    match value.lookup("timeout").as_str().map(str::parse::<GoDuration>) {
        Some(Ok(GoDuration(written))) => written,
        Some(Err(_)) | None => PATIENCE,
    }
}

fn pool_id(state: &Value) -> Result<PoolId, Diagnostics> {
    let id = state.lookup(POOL).as_str().unwrap_or_default();
    id.parse().map_err(|error| {
        at_pool(Diagnostic::error("This is not the id of a node pool", format!("{error}."))).into()
    })
}

fn at_pool(diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.at(AttributePath::parse(POOL))
}

/// An error of a cloud: the attribute of a pool that it may name is none of this resource.
fn of_error(error: &PoolError) -> Diagnostics {
    at_pool(Diagnostic::error(error.summary.clone(), error.detail.clone())).into()
}

fn call(ctx: &Context) -> Call {
    let timeout = ctx.timeout().unwrap_or(READING);
    Call {
        cancelled: ctx.cancellation().clone(),
        deadline: ctx.deadline().map_or_else(|| Instant::now() + timeout, tokio::time::Instant::into_std),
        timeout,
        progress: Box::new(Warnings(ctx.clone())),
        nodes: None,
    }
}

/// Nothing is made here that a checkpoint could keep.
struct Warnings(Context);

impl Progress for Warnings {
    fn checkpoint(&self, _: Checkpoint) {}

    fn warn(&self, summary: String, detail: String) {
        self.0.warn(Diagnostic::warning(summary, detail));
    }
}
