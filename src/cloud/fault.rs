//! A failed request as the shared mechanics see it, whichever cloud it went to.

use std::fmt::Debug;
use std::time::Duration;

use crate::nodepool::PoolError;
use crate::nodepool::pools::ErrorKind;

/// What to do about an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// The cluster is busy with another operation: wait for it, until the time-out.
    Busy,
    /// Too many requests: wait as asked, until the time-out.
    Throttled,
    /// A fault that passes: try again a few times, where trying again is safe.
    Again,
    /// What was asked for does not exist.
    NotFound,
    /// What was to be made exists.
    Exists,
    /// The pool has changed since it was read: read it again.
    Stale,
    /// Nothing helps but another configuration, other credentials or another day.
    Final(ErrorKind),
}

/// A request without the wanted answer, judged by its cloud's retry table.
pub(crate) trait Fault: Debug + Sized {
    /// Who answers, as messages name them.
    const COMPANY: &'static str;

    /// The longest pause between two requests for a turn on a busy cluster.
    const LONGEST_TURN: Duration;

    /// What to do about it.
    fn action(&self) -> Action;

    /// How long the server asks to wait.
    fn retry_after(&self) -> Option<Duration>;

    /// Whether the server may have carried the request out although no good answer came.
    fn leaves_doubt(&self) -> bool;

    /// The server's own words, for messages of other kinds.
    fn words(&self) -> String;

    /// The error for people. `doing` completes "cannot …", such as `create the node pool mig1g`.
    fn explain(&self, doing: &str) -> PoolError;
}
