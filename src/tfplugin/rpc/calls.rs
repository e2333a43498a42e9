//! The running calls, and how a stop reaches them.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::tfplugin::serve::{Activity, Busy};

/// The running calls of a process.
///
/// A stop is for those that run when it comes. A host that has stopped a provider still calls it, to read what the
/// stopped calls left behind for instance, and those calls must not find themselves cancelled.
#[derive(Debug, Default)]
pub(in crate::tfplugin) struct Calls {
    running: Mutex<CancellationToken>,
    activity: Arc<Activity>,
}

/// One running call.
#[derive(Debug)]
pub(super) struct Call {
    /// Cancelled when the call is to end soon.
    pub(super) token: CancellationToken,
    _busy: Busy,
}

impl Calls {
    pub(super) fn new(activity: Arc<Activity>) -> Self {
        Self { running: Mutex::default(), activity }
    }

    /// Starts a call.
    pub(super) fn begin(&self) -> Call {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        Call { token: running.child_token(), _busy: self.activity.call() }
    }

    /// Asks the running calls to end soon, and does not wait for them.
    pub(in crate::tfplugin) fn stop(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *running).cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_reaches_the_running_calls_and_only_those() {
        let calls = Calls::default();
        let before = calls.begin();
        calls.stop();
        let after = calls.begin();
        assert!(before.token.is_cancelled());
        assert!(!after.token.is_cancelled());
    }
}
