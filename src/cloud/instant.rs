//! Moments: the wall clock, and how the clouds write them (RFC 3339).

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The moment by this machine's clock: for comparing with moments that a cloud has told, and for nothing else.
#[expect(
    clippy::disallowed_methods,
    reason = "a cloud tells points in time, and only the wall clock compares with them"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// The moment of an RFC 3339 text; `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(SystemTime::from)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_are_read_with_fractions_and_offsets() {
        let expected = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        assert_eq!(parse("2023-11-14T22:13:20.25Z"), Some(expected));
        assert_eq!(parse("2023-11-14T23:13:20.250+01:00"), Some(expected));
        assert_eq!(parse(&crate::nodepool::pools::now_rfc3339()).map(|it| it <= now()), Some(true));
        assert_eq!(parse("yesterday"), None);
        assert_eq!(parse(""), None);
    }
}
