//! Trying again, by a cloud's retry table.

use std::future::Future;
use std::time::Duration;

use super::fault::{Action, Fault};
use super::limits::{Limits, Stopped};
use super::retry::Backoff;
use super::words;
use crate::nodepool::PoolError;

/// How often a fault that passes is tried again.
const FAULTS: u32 = 4;

/// What may be done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It changes nothing: it can be given up and repeated.
    Read,
    /// It changes something, to the same end however often it comes. It is not given up while it is on its way, so
    /// that what the server accepted is known.
    Repeatable,
    /// It changes something each time it comes: repeated only where the server certainly did nothing.
    Once,
}

/// Why a request did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble<E> {
    /// The call was stopped; `waited_for` is what the server said to make it wait.
    Stopped { why: Stopped, waited_for: Option<String> },
    /// The server's last word.
    Api(E),
}

impl<E> From<Stopped> for Trouble<E> {
    fn from(why: Stopped) -> Self {
        Trouble::Stopped { why, waited_for: None }
    }
}

impl<E: Fault> Trouble<E> {
    /// What to do about it; `None` for a call that was stopped.
    pub(crate) fn action(&self) -> Option<Action> {
        match self {
            Trouble::Stopped { .. } => None,
            Trouble::Api(error) => Some(error.action()),
        }
    }

    /// The error for people; `doing` completes "cannot …".
    pub(crate) fn explain(&self, doing: &str, timeout: Duration) -> PoolError {
        match self {
            Trouble::Stopped { why, waited_for } => {
                words::stopped(*why, timeout, doing, E::COMPANY, waited_for.as_deref())
            }
            Trouble::Api(error) => error.explain(doing),
        }
    }
}

/// How long to wait between attempts.
#[derive(Debug, Clone)]
struct Pace {
    /// For a turn on a busy cluster.
    turns: Backoff,
    /// After a fault that passes.
    faults: Backoff,
}

/// Sends a request, and again where the retry table says so.
pub(crate) async fn attempt<T, E, F>(
    limits: &Limits,
    kind: Kind,
    send: impl FnMut() -> F,
) -> Result<T, Trouble<E>>
where
    E: Fault,
    F: Future<Output = Result<T, E>>,
{
    let pace = Pace {
        turns: Backoff::new(Duration::from_secs(1), E::LONGEST_TURN),
        faults: Backoff::new(Duration::from_millis(500), Duration::from_secs(8)),
    };
    attempt_at(pace, limits, kind, send).await
}

async fn attempt_at<T, E, F>(
    mut pace: Pace,
    limits: &Limits,
    kind: Kind,
    mut send: impl FnMut() -> F,
) -> Result<T, Trouble<E>>
where
    E: Fault,
    F: Future<Output = Result<T, E>>,
{
    let mut left = FAULTS;
    let mut waited_for = None;
    loop {
        let stopped =
            |why, waited_for: &Option<String>| Trouble::Stopped { why, waited_for: waited_for.clone() };
        limits.check().map_err(|why| stopped(why, &waited_for))?;
        // A request of an SDK is large, and would be a part of everything that waits for it: on the heap it is small.
        let request = Box::pin(send());
        let result = match kind {
            Kind::Read => limits.run(request).await.map_err(|why| stopped(why, &waited_for))?,
            Kind::Repeatable | Kind::Once => request.await,
        };
        let error = match result {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let wait = match error.action() {
            Action::Busy | Action::Throttled => {
                let wait = pace.turns.wait(error.retry_after());
                tracing::info!(wait_ms = wait.as_millis(), reason = error.words(), "waiting for a turn");
                waited_for = Some(error.words());
                wait
            }
            Action::Again if left > 0 && (kind != Kind::Once || !error.leaves_doubt()) => {
                left -= 1;
                let wait = pace.faults.wait(error.retry_after());
                tracing::info!(wait_ms = wait.as_millis(), reason = error.words(), "trying again");
                wait
            }
            _ => return Err(Trouble::Api(error)),
        };
        limits.sleep(wait).await.map_err(|why| stopped(why, &waited_for))?;
    }
}

#[cfg(test)]
mod tests;
