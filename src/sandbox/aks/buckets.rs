//! Token buckets: how many calls Resource Manager and AKS take.
//!
//! The sizes are those of the documentation; they refill faster by as much as operations here are shorter than at
//! Azure, where one takes some five minutes. With `--latency 5m` the figures are the real ones.

use std::collections::BTreeMap;

use crate::sandbox::clock::Millis;

/// What an operation takes at Azure, in milliseconds: the scale for the speed of refilling.
const USUAL_OPERATION: Millis = 5 * 60 * 1000;

/// What a bucket holds and how fast it fills again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    burst: u32,
    per_second: f64,
}

impl Limit {
    const fn new(burst: u32, per_second: f64) -> Self {
        Self { burst, per_second }
    }
}

// Source: Azure Resource Manager documentation, throttling per subscription and principal.
pub(crate) const ARM_READS: Limit = Limit::new(250, 25.0);
pub(crate) const ARM_WRITES: Limit = Limit::new(200, 10.0);
pub(crate) const ARM_DELETES: Limit = Limit::new(200, 10.0);
// Source: AKS documentation, quotas, SKUs and regions.
pub(crate) const PUT_POOL: Limit = Limit::new(20, 1.0 / 60.0);
pub(crate) const GET_CLUSTER: Limit = Limit::new(60, 1.0);
pub(crate) const LIST_IN_SUBSCRIPTION: Limit = Limit::new(500, 1.0);
pub(crate) const LIST_IN_GROUP: Limit = Limit::new(60, 1.0);
pub(crate) const GET_OPERATION: Limit = Limit::new(200, 2.0);
pub(crate) const ANYTHING_ELSE: Limit = Limit::new(60, 1.0);

#[derive(Debug, Clone)]
struct Bucket {
    tokens: f64,
    at: Millis,
}

/// All buckets by what they are for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buckets {
    buckets: BTreeMap<String, Bucket>,
}

impl Buckets {
    /// Takes a token and tells how many are left; without one, the whole seconds until there is one.
    pub(crate) fn take(
        &mut self,
        what: String,
        limit: Limit,
        now: Millis,
        latency: Millis,
    ) -> Result<u32, u64> {
        if latency == 0 {
            // Without time there is no rate.
            return Ok(limit.burst - 1);
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a few years and a ratio")]
        let speed = (USUAL_OPERATION as f64 / latency as f64).max(1.0) * limit.per_second / 1000.0;
        let full = f64::from(limit.burst);
        let bucket = self.buckets.entry(what).or_insert(Bucket { tokens: full, at: now });
        #[expect(clippy::cast_precision_loss, reason = "the age of a bucket")]
        let refilled = now.saturating_sub(bucket.at) as f64 * speed;
        bucket.tokens = (bucket.tokens + refilled).min(full);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and the burst"
            )]
            return Ok(bucket.tokens as u32);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a minute")]
        Err((((1.0 - bucket.tokens) / speed / 1000.0).ceil() as u64).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let mut buckets = Buckets::default();
        let latency = USUAL_OPERATION;
        let mut take = |now| buckets.take("pool".to_owned(), PUT_POOL, now, latency);
        for left in (0..20).rev() {
            assert_eq!(take(1_000), Ok(left));
        }
        assert_eq!(take(1_000), Err(60), "one a minute");
        assert_eq!(take(31_000), Err(30));
        assert_eq!(take(61_000), Ok(0));
        assert_eq!(take(10_000_000), Ok(19), "never more than it holds");
    }

    #[test]
    fn in_short_time_it_fills_faster_and_without_time_it_does_not_matter() {
        let mut buckets = Buckets::default();
        for _ in 0..20 {
            buckets.take("pool".to_owned(), PUT_POOL, 0, 2_000).unwrap();
        }
        assert_eq!(buckets.take("pool".to_owned(), PUT_POOL, 0, 2_000), Err(1));
        assert!(buckets.take("pool".to_owned(), PUT_POOL, 1_000, 2_000).is_ok(), "150 times as fast");
        for _ in 0..1_000 {
            buckets.take("other".to_owned(), PUT_POOL, 0, 0).unwrap();
        }
    }
}
