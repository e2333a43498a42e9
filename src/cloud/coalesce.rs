//! Reads of one refresh share one answer.
//!
//! Terraform reads every resource by itself, but a cloud can list a whole cluster at once. The first read of a
//! cluster asks, the others wait for the same answer, and for a few seconds it serves those that come later.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

/// How long an answer serves, from the moment its request began.
pub(crate) const FRESH: Duration = Duration::from_secs(10);

/// Answers that several callers share.
pub(crate) struct Coalesced<K, V, E> {
    fresh: Duration,
    entries: Mutex<HashMap<K, Entry<V, E>>>,
}

struct Entry<V, E> {
    begun: Instant,
    answer: Answer<V, E>,
}

/// An answer that is there or on its way.
pub(crate) type Answer<V, E> = Shared<BoxFuture<'static, Result<V, E>>>;

impl<K, V, E> std::fmt::Debug for Coalesced<K, V, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coalesced").field("fresh", &self.fresh).finish_non_exhaustive()
    }
}

impl<K: Eq + Hash, V: Clone, E: Clone> Coalesced<K, V, E> {
    /// Nothing yet. An answer serves for `fresh` after its request began.
    pub(crate) fn new(fresh: Duration) -> Self {
        Coalesced { fresh, entries: Mutex::default() }
    }

    /// The answer for `key`: a fresh one if there is one, else that of a new request.
    ///
    /// An error goes to those who are waiting for it and to nobody after them.
    pub(crate) fn get(&self, key: K, ask: impl FnOnce() -> BoxFuture<'static, Result<V, E>>) -> Answer<V, E> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(&key)
            && entry.begun.elapsed() < self.fresh
            && !matches!(entry.answer.peek(), Some(Err(_)))
        {
            return entry.answer.clone();
        }
        let answer = ask().shared();
        entries.insert(key, Entry { begun: Instant::now(), answer: answer.clone() });
        answer
    }

    /// Forgets the answers of these keys, even those that are still on their way.
    pub(crate) fn forget(&self, which: impl Fn(&K) -> bool) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| !which(key));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Asked {
        cache: Coalesced<&'static str, u32, &'static str>,
        times: Arc<AtomicU32>,
    }

    impl Asked {
        fn new(fresh: Duration) -> Self {
            Asked { cache: Coalesced::new(fresh), times: Arc::default() }
        }

        fn get(&self, fails: bool) -> Answer<u32, &'static str> {
            let times = Arc::clone(&self.times);
            self.cache.get("cluster", move || {
                async move {
                    tokio::task::yield_now().await;
                    let time = times.fetch_add(1, Ordering::Relaxed) + 1;
                    if fails { Err("no") } else { Ok(time) }
                }
                .boxed()
            })
        }
    }

    #[tokio::test]
    async fn callers_share_one_answer() {
        let asked = Asked::new(FRESH);
        let (one, other) = (asked.get(false), asked.get(false));
        assert_eq!(tokio::join!(one, other), (Ok(1), Ok(1)));
        assert_eq!(asked.get(false).await, Ok(1));
    }

    #[tokio::test]
    async fn an_answer_grows_old_and_can_be_forgotten() {
        let asked = Asked::new(Duration::from_millis(20));
        assert_eq!(asked.get(false).await, Ok(1));
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(asked.get(false).await, Ok(2));
        asked.cache.forget(|_| true);
        assert_eq!(asked.get(false).await, Ok(3));
    }

    #[tokio::test]
    async fn an_answer_on_its_way_is_forgotten_too() {
        let asked = Asked::new(FRESH);
        let before = asked.get(false);
        asked.cache.forget(|_| true);
        let after = asked.get(false);
        assert_eq!((before.await, after.await), (Ok(1), Ok(2)));
    }

    #[tokio::test]
    async fn errors_are_not_kept() {
        let asked = Asked::new(FRESH);
        let (one, other) = (asked.get(true), asked.get(true));
        assert_eq!(tokio::join!(one, other), (Err("no"), Err("no")), "those who wait share it");
        assert_eq!(asked.get(false).await, Ok(2));
    }
}
