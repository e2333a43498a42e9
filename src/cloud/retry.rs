//! When to try again, and how long to wait.

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

use super::instant;

/// Growing waits with jitter, so that many calls that were refused together do not come back together.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Waits that start at `first` and double up to `longest`.
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Backoff { next: first, longest }
    }

    /// The next wait: between half and all of the present length, and never shorter than what the server asked for.
    pub(crate) fn wait(&mut self, asked: Option<Duration>) -> Duration {
        let length = self.next.min(self.longest);
        self.next = length.saturating_mul(2);
        let half = length / 2;
        let jittered = half + half.mul_f64(random_share());
        jittered.max(asked.unwrap_or_default())
    }
}

/// A number from 0 up to 1. Only spread is wanted here, so the standard library's hash seeds will do.
fn random_share() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let bits = RandomState::new().hash_one(0_u8);
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// What an answer's `Retry-After` asks for: seconds, or a date. At most ten minutes are believed.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(instant::now()).unwrap_or_default(),
    };
    Some(asked.min(Duration::from_secs(600)))
}

/// How long to wait before a running operation is looked at again: a tenth of its age, so that its end is noticed
/// within a tenth of its length, but not so often that many waits together come near an API's rate limit.
pub(crate) fn poll_interval(age: Duration) -> Duration {
    (age / 10).clamp(Duration::from_secs(1), Duration::from_secs(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_ceiling() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4));
        for longest in [1, 2, 4, 4, 4] {
            let wait = backoff.wait(None);
            assert!(
                wait >= Duration::from_secs(longest) / 2 && wait <= Duration::from_secs(longest),
                "{wait:?}"
            );
        }
        assert_eq!(backoff.wait(Some(Duration::from_secs(30))), Duration::from_secs(30));
    }

    #[test]
    fn jitter_spreads() {
        let waits: std::collections::BTreeSet<Duration> = (0..32)
            .map(|_| Backoff::new(Duration::from_secs(1), Duration::from_secs(1)).wait(None))
            .collect();
        assert!(waits.len() > 16, "{waits:?}");
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(of("7"), Some(Duration::from_secs(7)));
        assert_eq!(of("86400"), Some(Duration::from_secs(600)));
        let soon = httpdate::fmt_http_date(instant::now() + Duration::from_secs(20));
        assert!(of(&soon).is_some_and(|wait| wait > Duration::from_secs(15)));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(of("soon"), None);
    }

    #[test]
    fn an_end_is_noticed_within_two_seconds_or_a_tenth() {
        for seconds in [0, 1, 5, 20, 60, 90] {
            let age = Duration::from_secs(seconds);
            assert!(poll_interval(age) <= Duration::from_secs(2).max(age / 10), "{age:?}");
        }
        assert_eq!(poll_interval(Duration::from_secs(3600)), Duration::from_secs(10));
    }
}
