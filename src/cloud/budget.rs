//! How often something may be asked, before a server says "too many".
//!
//! A server that counts requests in a bucket is best met with a bucket: all waits of this process share one, so that
//! they slow each other down a little instead of being refused together.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::limits::{Limits, Stopped};

/// A bucket of requests for each key.
#[derive(Debug)]
pub(crate) struct Budget {
    /// How many may come at once.
    burst: u32,
    /// How long it takes to earn one more.
    every: Duration,
    /// When each bucket will be full again.
    full: Mutex<HashMap<String, Instant>>,
}

impl Budget {
    /// Full buckets.
    pub(crate) fn new(burst: u32, every: Duration) -> Self {
        Budget { burst, every, full: Mutex::default() }
    }

    /// Takes one from the bucket of `key`, as soon as there is one.
    pub(crate) async fn take(&self, limits: &Limits, key: &str) -> Result<(), Stopped> {
        let wait = self.reserve(key, Instant::now());
        if wait.is_zero() { limits.check() } else { limits.sleep(wait).await }
    }

    /// Takes one at `now`, on credit if need be: how long to wait until it is earned.
    fn reserve(&self, key: &str, now: Instant) -> Duration {
        let mut buckets = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let full = buckets.entry(key.to_owned()).or_insert(now);
        *full = (*full).max(now) + self.every;
        full.saturating_duration_since(now + self.every * self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_more_is_earned() {
        let budget = Budget::new(3, Duration::from_secs(1));
        let now = Instant::now();
        let waits: Vec<u64> = (0..5).map(|_| budget.reserve("a", now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2]);
        assert_eq!(budget.reserve("b", now), Duration::ZERO, "another key has another bucket");
        let later = now + Duration::from_secs(60);
        assert_eq!(budget.reserve("a", later), Duration::ZERO, "it fills up again");
        let waits: Vec<u64> = (0..3).map(|_| budget.reserve("a", later).as_secs()).collect();
        assert_eq!(waits, [0, 0, 1], "and no higher than its rim");
    }
}
