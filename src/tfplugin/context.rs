//! What a running call has beside its arguments: a way to be stopped, a deadline, private state, and checkpoints.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::diag::{Diagnostic, Diagnostics};
use super::value::Value;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The provider block arrives.
    Configure,
    /// Looking at an object or at a data source.
    Read,
    /// Bringing an object into being.
    Create,
    /// Changing an object.
    Update,
    /// Destroying an object.
    Delete,
    /// Taking an existing object under management.
    Import,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configure => "configure",
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Import => "import",
        })
    }
}

/// Why a wait ended before what was waited for came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Interruption {
    /// The user pressed Ctrl-C, or the host died. Return soon, with a checkpoint.
    #[error("interrupted")]
    Cancelled,
    /// The operation's timeout has passed.
    #[error("timed out")]
    TimedOut,
}

/// State that is worth keeping, whatever happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The object as far as it is known. Unknown leaves are stored as null.
    pub state: Value,
    /// The private state that belongs to it.
    pub private: Vec<u8>,
}

/// One running call. Clones are handles of the same call.
#[derive(Debug, Clone)]
pub struct Context {
    operation: Operation,
    cancelled: CancellationToken,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    record: Arc<Mutex<Record>>,
}

/// What a call leaves behind besides its result.
#[derive(Debug, Default)]
struct Record {
    private: Vec<u8>,
    checkpoint: Option<Checkpoint>,
    warnings: Diagnostics,
}

impl Context {
    /// A call that nobody stops and that has all the time in the world: for tests, and the start of every other.
    #[must_use]
    pub fn new(operation: Operation) -> Self {
        Self {
            operation,
            cancelled: CancellationToken::new(),
            timeout: None,
            deadline: None,
            record: Arc::default(),
        }
    }

    /// The call ends early when `token` is cancelled.
    #[must_use]
    pub fn with_cancellation(mut self, token: CancellationToken) -> Self {
        self.cancelled = token;
        self
    }

    /// The call may take as long as `timeout` from now.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self.deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        self
    }

    /// The private state that the call starts with.
    #[must_use]
    pub fn with_private(self, private: Vec<u8>) -> Self {
        self.record().private = private;
        self
    }

    /// What the call is for.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Cancelled when the user stops the run. It belongs to this call: calls that start after the stop run freely,
    /// since a host finishes its work with them.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancelled
    }

    /// Whether the call is to end soon.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    /// Until the call is to end soon.
    pub async fn cancelled(&self) {
        self.cancelled.cancelled().await;
    }

    /// When the operation's timeout passes. `None`: it has none.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The operation's whole timeout, for messages.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Until the call is cancelled or its time is up.
    pub async fn interrupted(&self) -> Interruption {
        let time_is_up = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.cancelled() => Interruption::Cancelled,
            () = time_is_up => Interruption::TimedOut,
        }
    }

    /// Waits for `work`, but no longer than the call may last. The work is dropped when it is interrupted, so wrap
    /// waits, not requests whose answer you need.
    ///
    /// # Errors
    /// The call is cancelled or its time is up.
    pub async fn unless_interrupted<T>(&self, work: impl Future<Output = T>) -> Result<T, Interruption> {
        tokio::select! {
            biased;
            interruption = self.interrupted() => Err(interruption),
            done = work => Ok(done),
        }
    }

    /// Bytes of ours that the host keeps beside the state and shows to nobody.
    pub fn private(&self) -> Vec<u8> {
        self.record().private.clone()
    }

    /// What the host is to keep beside the state from now on.
    pub fn set_private(&self, private: impl Into<Vec<u8>>) {
        self.record().private = private.into();
    }

    /// Keeps `state` and `private`: if the call fails, is stopped or panics from here on, the host stores them. A
    /// later checkpoint replaces an earlier one.
    pub fn checkpoint(&self, state: Value, private: impl Into<Vec<u8>>) {
        let private = private.into();
        let mut record = self.record();
        record.private.clone_from(&private);
        record.checkpoint = Some(Checkpoint { state, private });
    }

    /// Drops the last checkpoint: what it told of is gone for certain, and nothing of it is to be stored.
    pub fn forget(&self) {
        self.record().checkpoint = None;
    }

    /// What would be stored if the call failed now.
    pub fn last_checkpoint(&self) -> Option<Checkpoint> {
        self.record().checkpoint.clone()
    }

    /// Tells the user something without failing.
    pub fn warn(&self, warning: Diagnostic) {
        self.record().warnings.push(warning);
    }

    /// What the call has told the user so far.
    pub fn warnings(&self) -> Diagnostics {
        self.record().warnings.clone()
    }

    /// A panic between two statements leaves no half-written record: each of them is one assignment.
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_replaces_the_one_before_and_is_seen_by_every_handle() {
        let ctx = Context::new(Operation::Create).with_private(b"old".to_vec());
        let handle = ctx.clone();
        ctx.checkpoint(Value::from("first"), "1");
        handle.checkpoint(Value::from("second"), "2");
        let last = ctx.last_checkpoint().unwrap();
        assert_eq!(last, Checkpoint { state: Value::from("second"), private: b"2".to_vec() });
        assert_eq!(ctx.private(), b"2");
        ctx.set_private("3");
        assert_eq!(ctx.last_checkpoint().unwrap().private, b"2");
        ctx.forget();
        assert_eq!(handle.last_checkpoint(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_end_with_the_deadline_or_the_stop() {
        let ctx = Context::new(Operation::Update).with_timeout(Some(Duration::from_secs(60)));
        let short = ctx.unless_interrupted(tokio::time::sleep(Duration::from_secs(59)));
        assert_eq!(short.await, Ok(()));
        let long = ctx.unless_interrupted(tokio::time::sleep(Duration::from_secs(2)));
        assert_eq!(long.await, Err(Interruption::TimedOut));
        ctx.cancellation().cancel();
        assert_eq!(ctx.interrupted().await, Interruption::Cancelled);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_timeout_there_is_no_deadline() {
        let ctx = Context::new(Operation::Delete).with_timeout(None);
        assert_eq!(ctx.deadline(), None);
        let year = ctx.unless_interrupted(tokio::time::sleep(Duration::from_secs(31_536_000)));
        assert_eq!(year.await, Ok(()));
    }
}
