//! What every cloud's back end says alike.

use std::error::Error;
use std::time::Duration;

use super::limits::Stopped;
use crate::duration::GoDuration;
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::{Path, PoolError, PoolId};

/// A text with a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// A text with a capital letter at its beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The first line of a body that no API of a cloud sends, short enough for a message.
pub(crate) fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("(empty answer)");
    line.chars().take(200).collect()
}

/// An error with all its causes, none of them said twice.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !told.is_empty() && !text.contains(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        source = cause.source();
    }
    text
}

/// A pool of that name is there, and it is not the one that was to be made.
pub(crate) fn already_exists(id: &PoolId) -> PoolError {
    PoolError {
        kind: ErrorKind::AlreadyExists(Box::new(id.clone())),
        summary: format!("The node pool {} exists already", id.name),
        detail: format!("The cluster {} has a node pool of that name, and it was left as it is.", id.cluster),
        attribute: Some(Path::of("name")),
    }
}

/// A call that ended before its work was done. `doing` completes "could not …"; `waited_for` is what `company` said
/// to make it wait.
pub(crate) fn stopped(
    why: Stopped,
    timeout: Duration,
    doing: &str,
    company: &str,
    waited_for: Option<&str>,
) -> PoolError {
    let timeout = GoDuration(timeout);
    let (kind, mut summary, after) = match why {
        Stopped::Interrupted => (
            ErrorKind::Interrupted,
            format!("Interrupted: could not {doing}"),
            "Apply again to go on.".to_owned(),
        ),
        Stopped::TimedOut => (
            ErrorKind::TimedOut,
            format!("Timed out: could not {doing} within {timeout}"),
            "Apply again to go on, or allow more time in the timeouts block.".to_owned(),
        ),
    };
    let detail = match waited_for {
        Some(words) => {
            if why == Stopped::TimedOut {
                summary.push_str(": the cluster was busy");
            }
            format!("The request waited its turn. {company}'s last answer: {} {after}", sentence(words))
        }
        None => after,
    };
    PoolError { kind, summary, detail, attribute: None }
}
