//! Changing a pool, one sound step after the other.

use super::client::{Errand, Only};
use super::errors::{Action, ApiError};
use super::explain::{CAPACITY_ADVICE, QUOTA_ADVICE, WHERE_TO_LOOK, ids, no_quota};
use super::follow::cut_short;
use super::health::{self, Cause, Outlook};
use super::steps::{self, Body, Change, Step};
use super::wait::{Cut, End, Failure, Rest, Running};
use super::{Aks, read, seen, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::cloud::words::{sentence, stopped};
use crate::nodepool::pools::{Call, Checkpoint, ErrorKind, Finished, Pending, PendingKind};
use crate::nodepool::{NodePoolSpec, PoolError, PoolId};

/// How often a step is built anew because somebody else changed the pool in between.
const REBUILDS: u32 = 5;

/// One update under way.
struct Updating<'a> {
    aks: &'a Aks,
    call: &'a Call,
    limits: Limits,
    id: &'a PoolId,
    prior: &'a NodePoolSpec,
    wanted: &'a NodePoolSpec,
    /// The pool as last seen.
    live: wire::Shown,
}

/// A step that AKS has accepted.
struct Taken {
    running: Running,
    /// What it changes, for messages.
    doing: String,
    /// Whether nothing is left to do after it.
    last: bool,
}

impl Aks {
    /// Changes the pool from `prior` to `wanted`.
    pub(super) async fn change(
        &self,
        call: &Call,
        id: &PoolId,
        prior: &NodePoolSpec,
        wanted: &NodePoolSpec,
    ) -> Result<Finished, PoolError> {
        let limits = Limits::of(call);
        let doing = format!("change the node pool {}", id.name);
        let _pool = self
            .gates
            .pool(&limits, &id.to_string())
            .await
            .map_err(|why| stopped(why, call.timeout, &doing, ApiError::COMPANY, None))?;
        let live = self.must_find(call, &limits, id, &doing).await?;
        // What cannot be understood is not to be sent back.
        read::describe(id, &live.pool)?;
        let mut updating = Updating { aks: self, call, limits, id, prior, wanted, live };
        let mut changed = false;
        for step in steps::ORDER {
            match updating.step(step).await? {
                Stepped::Nothing => {}
                Stepped::Done => changed = true,
                Stepped::Over(finished) => return Ok(*finished),
            }
        }
        updating.finish(changed).await
    }

    /// The pool as it is now, which an update starts from.
    pub(super) async fn must_find(
        &self,
        call: &Call,
        limits: &Limits,
        id: &PoolId,
        doing: &str,
    ) -> Result<wire::Shown, PoolError> {
        let place = super::place(&id.cluster)?;
        let found = self.api.pool(limits, &Errand::new(), place, &id.name).await;
        found.map_err(|trouble| trouble.explain(doing, call.timeout))?.ok_or_else(|| PoolError {
            kind: ErrorKind::PoolNotFound,
            summary: format!("Cannot {doing}: it does not exist"),
            detail: "Somebody deleted it after it was last read. `terraform plan` will show that it is to be created."
                .to_owned(),
            attribute: None,
        })
    }
}

/// What became of a step.
enum Stepped {
    /// There was nothing to do.
    Nothing,
    /// It is done, and the pool is at rest.
    Done,
    /// It ends the update.
    Over(Box<Finished>),
}

impl Updating<'_> {
    fn body(&self, step: Step) -> Result<Option<Body>, PoolError> {
        let change = Change { prior: self.prior, wanted: self.wanted, live: &self.live };
        change.body(step).map_err(super::untranslatable)
    }

    /// Whether a step after this one has something to do, once the pool is as this one's body says.
    fn more_after(&self, step: Step, body: &Body) -> Result<bool, PoolError> {
        // What was just read as JSON is read again; if it were not, every later step would be judged by the pool as
        // it is, which at worst names an interrupt an error.
        let live = serde_json::from_value(body.json.clone()).unwrap_or_else(|_| self.live.clone());
        let change = Change { prior: self.prior, wanted: self.wanted, live: &live };
        for later in steps::ORDER.into_iter().skip_while(|it| *it != step).skip(1) {
            if change.body(later).map_err(super::untranslatable)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes one step, if there is something to do, and waits until the pool is at rest again.
    async fn step(&mut self, step: Step) -> Result<Stepped, PoolError> {
        let place = super::place(&self.id.cluster)?;
        let doing = format!("change the node pool {}", self.id.name);
        let _turn = match self.body(step)? {
            None => return Ok(Stepped::Nothing),
            Some(_) => self
                .aks
                .gates
                .cluster(&self.limits, &self.id.cluster.canonical())
                .await
                .map_err(|why| stopped(why, self.call.timeout, &doing, ApiError::COMPANY, None))?,
        };
        let Some(Taken { running, doing, last }) = self.send(step).await? else {
            return Ok(Stepped::Nothing);
        };
        let end = self.aks.api.operation(&self.limits, place, &running).await;
        self.aks.api.forget(&self.id.cluster);
        let failure = match end {
            Ok(End::Done | End::Untold | End::Canceled) => None,
            Ok(End::Failed(failure)) => Some(failure),
            Err(trouble) => return self.cut(&doing, &running, Cut { trouble, last: None }, last),
        };
        let (shown, outlook) = match self.aks.api.rest(&self.limits, place, &self.id.name, &running).await {
            Ok(Rest::At(shown, outlook)) => (shown, outlook),
            Ok(Rest::Gone) => {
                return Err(PoolError {
                    kind: ErrorKind::PoolNotFound,
                    summary: format!("Could not {doing}: the node pool is gone"),
                    detail:
                        "Somebody deleted it meanwhile. `terraform plan` will show that it is to be created."
                            .to_owned(),
                    attribute: None,
                });
            }
            Err(cut) => return self.cut(&doing, &running, cut, last),
        };
        self.aks.api.forget(&self.id.cluster);
        self.live = *shown;
        let failure = failure.or_else(|| self.kept(outlook));
        match failure {
            None if outlook == Outlook::Ready => {
                self.checkpoint(None);
                Ok(Stepped::Done)
            }
            // Machines that there are none of now are asked for again by the next apply.
            Some(failure) if last && failure.cause == Cause::Capacity && step_adds_nodes(step) => {
                let settled = self.aks.settle(self.call, self.id, &running, Some(failure)).await?;
                Ok(Stepped::Over(Box::new(settled)))
            }
            Some(failure) => {
                // What AKS has given up half way is not ready: the next apply has AKS finish it.
                let given_up = outlook != Outlook::Ready;
                self.checkpoint(given_up.then(|| running.pending.clone()));
                Err(refused(&doing, &running, &failure, given_up))
            }
            None => {
                let settled = self.aks.settle(self.call, self.id, &running, None).await?;
                Ok(Stepped::Over(Box::new(settled)))
            }
        }
    }

    /// What the pool itself keeps of a failure that its operation did not tell.
    fn kept(&self, outlook: Outlook) -> Option<Failure> {
        if !matches!(outlook, Outlook::Starved | Outlook::Broken) {
            return None;
        }
        let told = health::error(&self.live.pool).unwrap_or_default();
        Some(Failure { cause: health::cause(&told), told, ids: super::errors::Ids::default() })
    }

    /// Sends one step; `None` where there is nothing to do any more.
    async fn send(&mut self, step: Step) -> Result<Option<Taken>, PoolError> {
        let place = super::place(&self.id.cluster)?;
        let mut rebuilds = REBUILDS;
        loop {
            let Some(body) = self.body(step)? else { return Ok(None) };
            let doing = format!("change {} of the node pool {}", listed(&body.changes), self.id.name);
            self.aks.api.forget(&self.id.cluster);
            let errand = Errand::new();
            let only = Only::IfUnchanged(self.live.pool.properties.e_tag.as_deref());
            let client = &self.aks.api.client;
            let sent = attempt(&self.limits, Kind::Repeatable, || {
                client.put(&errand, place, &self.id.name, only, &body.json)
            })
            .await;
            match sent {
                Ok(accepted) => {
                    let running = Running::accepted(&accepted, PendingKind::Update, errand);
                    tracing::info!(
                        pool = %self.id,
                        operation = running.pending.operation,
                        changes = listed(&body.changes),
                        "AKS has accepted a change"
                    );
                    self.checkpoint(Some(running.pending.clone()));
                    let last = !self.more_after(step, &body)?;
                    return Ok(Some(Taken { running, doing, last }));
                }
                Err(trouble) if trouble.action() == Some(Action::Stale) && rebuilds > 0 => {
                    rebuilds -= 1;
                    self.live = self.aks.must_find(self.call, &self.limits, self.id, &doing).await?;
                }
                Err(trouble) => return Err(trouble.explain(&doing, self.call.timeout)),
            }
        }
    }

    fn checkpoint(&self, pending: Option<Pending>) {
        let pool = seen::pool(self.id, &self.live.pool).ok();
        self.call.progress.checkpoint(Checkpoint { id: self.id.clone(), pool, pending });
    }

    /// The wait for a step was stopped: the end of a last step can be waited for later, the steps after another one
    /// must be planned anew.
    fn cut(&self, doing: &str, running: &Running, cut: Cut, last: bool) -> Result<Stepped, PoolError> {
        if last {
            return Ok(Stepped::Over(Box::new(cut_short(self.call, self.id, running, cut, None))));
        }
        let mut error = cut.trouble.explain(doing, self.call.timeout);
        error.detail = format!(
            "AKS has accepted this step and goes on with it: operation {}; {WHERE_TO_LOOK}. The steps after it have \
             not begun. {}",
            running.pending.operation, error.detail
        );
        Err(error)
    }

    /// Every step is taken: the pool is ready, or as unwell as something else has made it.
    async fn finish(self, changed: bool) -> Result<Finished, PoolError> {
        let running = Running::left_behind(&Pending {
            operation: String::new(),
            location: String::new(),
            kind: PendingKind::Update,
            since: crate::nodepool::pools::now_rfc3339(),
        });
        match health::outlook(&self.live.pool) {
            Outlook::Ready => read::describe(self.id, &self.live.pool).map(Finished::Ready),
            // The change may be what it lacked, or it may be there already: AKS is asked to finish it.
            Outlook::Starved | Outlook::Canceled | Outlook::Broken if !changed => {
                self.aks.try_again(self.call, self.id, self.live).await
            }
            _ => self.aks.settle(self.call, self.id, &running, None).await,
        }
    }
}

/// Whether a step may ask for machines.
fn step_adds_nodes(step: Step) -> bool {
    matches!(step, Step::Settings | Step::Grow)
}

/// `the labels, the tags and the mode`.
fn listed(nouns: &[&'static str]) -> String {
    match nouns {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn refused(doing: &str, running: &Running, failure: &Failure, given_up: bool) -> PoolError {
    let (kind, why, advice) = match failure.cause {
        Cause::Capacity => (
            ErrorKind::NoCapacity,
            "Azure has no machines for it".to_owned(),
            format!(
                "Nodes are exchanged with spare machines, and there are none: upgrade = {{ max_surge = \"0\", \
                 max_unavailable = \"1\" }} needs no spare one. {CAPACITY_ADVICE} Then apply again."
            ),
        ),
        Cause::Quota => (
            ErrorKind::Quota,
            no_quota(&failure.told),
            format!(
                "Spare machines of an upgrade count too: upgrade = {{ max_surge = \"0\", max_unavailable = \"1\" }} \
                 needs none. {QUOTA_ADVICE} Then apply again."
            ),
        ),
        Cause::Other => {
            (ErrorKind::Invalid, "AKS failed".to_owned(), "Mend the cause and apply again.".to_owned())
        }
    };
    PoolError {
        kind,
        summary: format!("Could not {doing}: {why}"),
        detail: format!(
            "The operation {} failed: {} {advice} ({}{}; {WHERE_TO_LOOK}.)",
            running.pending.operation,
            sentence(&failure.told.coded_words()),
            if given_up {
                "The pool is in state Failed, and the next apply asks AKS to finish it"
            } else {
                "The pool keeps what it had before"
            },
            ids(&failure.ids),
        ),
        attribute: None,
    }
}
