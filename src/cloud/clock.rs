//! How long something goes on, and how often that is told.

use std::time::{Duration, Instant};

use super::instant;

/// How often a long wait says that it still waits.
const TELL: Duration = Duration::from_secs(30);

/// Since when something goes on, and when it was last told.
#[derive(Debug)]
pub(crate) struct Clock {
    begun: Instant,
    told: Instant,
}

impl Clock {
    /// Since an RFC 3339 instant, perhaps of an earlier run; since now where it cannot be read.
    pub(crate) fn since(text: &str) -> Self {
        let now = Instant::now();
        let age = instant::parse(text)
            .and_then(|then| instant::now().duration_since(then).ok())
            .unwrap_or_default();
        Clock { begun: now.checked_sub(age).unwrap_or(now), told: now }
    }

    /// How long it goes on.
    pub(crate) fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Writes a line to the log, if it is time for one.
    pub(crate) fn tell(&mut self, line: impl FnOnce(Duration)) {
        if self.told.elapsed() >= TELL {
            self.told = Instant::now();
            line(self.age());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_goes_on_with_the_age_of_the_operation() {
        let clock = Clock::since("2020-01-01T00:00:00Z");
        assert!(clock.age() >= Duration::from_secs(3600), "{:?}", clock.age());
        assert!(Clock::since("nonsense").age() < Duration::from_secs(5));
    }
}
