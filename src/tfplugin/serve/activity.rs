//! What is going on in this process, and whether anybody is left who wants it: the base of every decision to exit.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// A host that started us and never connects has died meanwhile: hosts themselves wait a minute at most.
const FIRST_CONNECTION: Duration = Duration::from_secs(120);

/// How long a host that is still alive may take to connect again after its last connection closed.
const RECONNECT: Duration = Duration::from_secs(5);

/// How long calls that were asked to stop may take to return when nobody is left to hear them.
const LAST_WORK: Duration = Duration::from_secs(600);

/// The parent process changes a moment after its connections close, so it is looked at several times.
const LOOK_AT_PARENT: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    connections: usize,
    calls: usize,
    ever_connected: bool,
}

/// Counts open connections and running calls.
#[derive(Debug, Default)]
pub(in crate::tfplugin) struct Activity(watch::Sender<Counts>);

/// Keeps one connection or call counted until it is dropped.
#[derive(Debug)]
pub(in crate::tfplugin) struct Busy {
    activity: Arc<Activity>,
    is_call: bool,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.activity.0.send_modify(|counts| {
            let count = if self.is_call { &mut counts.calls } else { &mut counts.connections };
            *count -= 1;
        });
    }
}

impl Activity {
    /// Counts a call.
    pub(in crate::tfplugin) fn call(self: &Arc<Self>) -> Busy {
        self.0.send_modify(|counts| counts.calls += 1);
        Busy { activity: Arc::clone(self), is_call: true }
    }

    /// Counts a connection.
    pub(super) fn connection(self: &Arc<Self>) -> Busy {
        self.0.send_modify(|counts| {
            counts.connections += 1;
            counts.ever_connected = true;
        });
        Busy { activity: Arc::clone(self), is_call: false }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.0.borrow().connections > 0
    }

    /// Until no call runs.
    pub(super) async fn no_calls(&self) {
        self.until(|counts| counts.calls == 0).await;
    }

    /// Until no connection is open.
    pub(super) async fn no_connections(&self) {
        self.until(|counts| counts.connections == 0).await;
    }

    /// Until nobody can want this process any more: the host has gone, and nothing runs that is worth finishing.
    pub(super) async fn orphaned(&self) {
        let parent = parent();
        if timeout(FIRST_CONNECTION, self.until(|counts| counts.ever_connected)).await.is_err() {
            return;
        }
        loop {
            self.until(|counts| counts.connections == 0).await;
            tokio::select! {
                () = self.until(|counts| counts.connections > 0) => continue,
                () = sleep(LAST_WORK) => return,
                () = self.no_calls() => {}
            }
            let alone = async {
                while parent.is_none() || parent == self::parent() {
                    sleep(LOOK_AT_PARENT).await;
                }
            };
            tokio::select! {
                () = alone => return,
                () = sleep(RECONNECT) => return,
                () = self.until(|counts| counts.connections > 0 || counts.calls > 0) => {}
            }
        }
    }

    async fn until(&self, met: impl FnMut(&Counts) -> bool) {
        // An error would mean that the sender is gone, and `self` holds it.
        let _ = self.0.subscribe().wait_for(met).await;
    }
}

/// The parent's process id, where processes have parents that change when they die.
fn parent() -> Option<u32> {
    #[cfg(unix)]
    return Some(std::os::unix::process::parent_id());
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the process is found to be an orphan within `limit`.
    async fn orphaned_within(activity: &Activity, limit: Duration) -> bool {
        timeout(limit, activity.orphaned()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_nobody_connects_to_ends() {
        let activity = Activity::default();
        assert!(!orphaned_within(&activity, FIRST_CONNECTION - Duration::from_secs(1)).await);
        assert!(orphaned_within(&activity, FIRST_CONNECTION + Duration::from_secs(1)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_connection_or_a_running_call_keeps_the_process() {
        let activity = Arc::new(Activity::default());
        let connection = activity.connection();
        let call = activity.call();
        assert!(!orphaned_within(&activity, Duration::from_secs(3600)).await);
        drop(connection);
        assert!(!orphaned_within(&activity, LAST_WORK - Duration::from_secs(1)).await);
        drop(call);
        assert!(orphaned_within(&activity, RECONNECT + Duration::from_secs(1)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_never_ends_does_not_keep_an_orphan_for_ever() {
        let activity = Arc::new(Activity::default());
        drop(activity.connection());
        let _call = activity.call();
        assert!(orphaned_within(&activity, LAST_WORK + Duration::from_secs(1)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_may_connect_again() {
        let activity = Arc::new(Activity::default());
        drop(activity.connection());
        let waiting = tokio::spawn({
            let activity = Arc::clone(&activity);
            async move { activity.orphaned().await }
        });
        sleep(RECONNECT / 2).await;
        let again = activity.connection();
        sleep(RECONNECT * 2).await;
        assert!(!waiting.is_finished());
        drop(again);
        waiting.await.unwrap();
    }
}
