//! Signals. Ctrl-C in a terminal reaches every process of the group, this one too, and so does what ends a CI job.
//! But only the host knows what is to happen then: it asks with `StopProvider`, waits for the answers and stores
//! them. A provider that dies first takes with it the ids of what it just created.

use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::activity::Activity;
use crate::tfplugin::rpc::Calls;

/// From here on neither SIGINT nor SIGTERM ends the process by itself.
///
/// SIGINT does nothing: the host has got it too. SIGTERM may be meant for this process alone; running calls are
/// then asked to stop, so that the host gets and stores what they have, and the process ends with its last
/// connection. Without a connection it triggers `shutdown`.
#[cfg(unix)]
pub(super) fn leave_to_host(
    calls: Arc<Calls>,
    activity: Arc<Activity>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => tracing::debug!("ignored SIGINT: the host decides"),
                _ = terminate.recv() => {
                    tracing::warn!("SIGTERM: stopping the running calls");
                    calls.stop();
                    if !activity.is_connected() {
                        shutdown.cancel();
                    }
                }
            }
        }
    });
    Ok(())
}

/// From here on Ctrl-C does not end the process by itself.
#[cfg(not(unix))]
pub(super) fn leave_to_host(
    _calls: Arc<Calls>,
    _activity: Arc<Activity>,
    _shutdown: CancellationToken,
) -> io::Result<()> {
    tokio::spawn(async {
        while tokio::signal::ctrl_c().await.is_ok() {
            tracing::debug!("ignored Ctrl-C: the host decides");
        }
    });
    Ok(())
}

/// In a debugger's terminal Ctrl-C means this process.
pub(super) fn end_on_interrupt(shutdown: CancellationToken) {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            shutdown.cancel();
        }
    });
}
