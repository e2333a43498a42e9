//! Who may stop a call, and when its time is up.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::nodepool::Call;

/// The end of a call that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The user interrupted.
    Interrupted,
    /// The time is up.
    TimedOut,
}

/// What bounds a call.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    cancelled: CancellationToken,
    deadline: Instant,
}

impl Limits {
    /// The bounds of a call from outside.
    pub(crate) fn of(call: &Call) -> Self {
        Limits { cancelled: call.cancelled.clone(), deadline: call.deadline }
    }

    /// Bounds that only time sets: for work that several calls share, so that none of them can stop it alone.
    pub(crate) fn lasting(length: Duration) -> Self {
        Limits { cancelled: CancellationToken::new(), deadline: Instant::now() + length }
    }

    /// Whether to go on.
    pub(crate) fn check(&self) -> Result<(), Stopped> {
        if self.cancelled.is_cancelled() {
            Err(Stopped::Interrupted)
        } else if Instant::now() >= self.deadline {
            Err(Stopped::TimedOut)
        } else {
            Ok(())
        }
    }

    /// Sleeps, but not beyond the bounds.
    pub(crate) async fn sleep(&self, length: Duration) -> Result<(), Stopped> {
        self.run(tokio::time::sleep(length)).await
    }

    /// Runs something that may be given up at any time.
    pub(crate) async fn run<F: Future>(&self, work: F) -> Result<F::Output, Stopped> {
        tokio::select! {
            // What is finished counts, even at the last moment.
            biased;
            done = work => Ok(done),
            () = self.cancelled.cancelled() => Err(Stopped::Interrupted),
            () = tokio::time::sleep_until(self.deadline.into()) => Err(Stopped::TimedOut),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_ends_with_the_first_bound() {
        let limits = Limits::lasting(Duration::from_millis(20));
        assert_eq!(limits.sleep(Duration::from_secs(60)).await, Err(Stopped::TimedOut));
        assert_eq!(limits.check(), Err(Stopped::TimedOut));

        let limits = Limits::lasting(Duration::from_secs(60));
        limits.cancelled.cancel();
        assert_eq!(limits.sleep(Duration::from_secs(60)).await, Err(Stopped::Interrupted));
        assert_eq!(limits.run(async { 7 }).await, Ok(7), "what is finished counts");
    }
}
