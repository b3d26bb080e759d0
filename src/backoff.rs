//! How long to wait before the next try: full jitter, so that many watchers do not come back in one moment.

use rand::RngExt;
use std::time::Duration;

const FIRST_MS: u64 = 500;
const LONGEST_MS: u64 = 5_000;

/// Counts tries in vain.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// A random time up to a bound that doubles with each try.
    pub(crate) fn next(&mut self) -> Duration {
        let bound = self.bound_ms();
        self.tries = self.tries.saturating_add(1);
        Duration::from_millis(rand::rng().random_range(0..=bound))
    }

    /// A try that went well.
    pub(crate) fn reset(&mut self) {
        self.tries = 0;
    }

    fn bound_ms(&self) -> u64 {
        FIRST_MS.saturating_mul(1 << self.tries.min(16)).min(LONGEST_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_five_seconds() {
        let mut backoff = Backoff::default();
        let mut bounds = Vec::new();
        for _ in 0..6 {
            bounds.push(backoff.bound_ms());
            assert!(backoff.next() <= Duration::from_millis(*bounds.last().unwrap()));
        }
        assert_eq!(bounds, [500, 1_000, 2_000, 4_000, 5_000, 5_000]);
        backoff.tries = u32::MAX;
        assert_eq!(backoff.bound_ms(), 5_000);
        backoff.reset();
        assert_eq!(backoff.bound_ms(), 500);
    }
}
