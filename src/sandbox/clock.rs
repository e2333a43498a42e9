//! Time in the sandbox: milliseconds since the epoch, so that what is under way survives a restart.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since the Unix epoch.
pub(crate) type Millis = u64;

/// The wall clock.
#[expect(
    clippy::disallowed_methods,
    reason = "clouds write instants, and what is under way goes on after a restart"
)]
pub(crate) fn now() -> Millis {
    // Before 1970 the clock reads zero; nothing here is worse for it.
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A duration in milliseconds; beyond 500 million years it stays at the largest.
pub(crate) fn millis(duration: Duration) -> Millis {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// RFC 3339 in UTC, the way the clouds write instants.
pub(crate) fn rfc3339(at: Millis) -> String {
    let seconds = OffsetDateTime::UNIX_EPOCH + Duration::from_millis(at);
    // Formatting fails only for years beyond 9999.
    seconds.format(&Rfc3339).unwrap_or_default()
}

/// As [`rfc3339`], in whole seconds, the way Kubernetes writes instants.
pub(crate) fn rfc3339_seconds(at: Millis) -> String {
    rfc3339(at / 1000 * 1000)
}

/// The way back from [`rfc3339`]; none where the text is no instant after 1970.
pub(crate) fn from_rfc3339(text: &str) -> Option<Millis> {
    let nanoseconds = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos();
    Millis::try_from(nanoseconds / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_700_000_000_250), "2023-11-14T22:13:20.25Z");
        assert_eq!(from_rfc3339("2023-11-14T22:13:20.25Z"), Some(1_700_000_000_250));
        assert_eq!(from_rfc3339("yesterday"), None);
    }
}
