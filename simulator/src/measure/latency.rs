//! How long frames took: a histogram of fixed size, whatever is counted in it.

use hdrhistogram::Histogram;

/// The shortest time that is told from others, µs; what is shorter counts as this.
const SHORTEST_US: u64 = 1;
/// The longest time, µs; what is longer counts as this. A minute: whoever waits longer for a frame has no use for it.
const LONGEST_US: u64 = 60_000_000;
/// Digits to which a time is exact.
const DIGITS: u8 = 3;

/// Times from 1 µs to 60 s, to three digits.
#[derive(Debug, Clone)]
pub struct Latency(Histogram<u64>);

impl Latency {
    pub(crate) fn new() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the bounds are constants, and every test of the ledger sees that they are taken"
        )]
        Self(Histogram::new_with_bounds(SHORTEST_US, LONGEST_US, DIGITS).expect("these bounds are valid"))
    }

    /// Counts one time.
    pub(crate) fn record(&mut self, us: u64) {
        self.0.saturating_record(us.clamp(SHORTEST_US, LONGEST_US));
    }

    /// Counts all that another has counted.
    pub(crate) fn add(&mut self, other: &Self) {
        for value in other.0.iter_recorded() {
            self.0.saturating_record_n(value.value_iterated_to(), value.count_at_value());
        }
    }

    /// How many were counted.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time in µs that a share of 0 to 1 of all was not longer than; 0 when none was counted.
    #[must_use]
    pub fn quantile_us(&self, share: f64) -> u64 {
        self.0.value_at_quantile(share)
    }

    /// The longest, in µs; 0 when none was counted.
    #[must_use]
    pub fn max_us(&self) -> u64 {
        self.0.max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_three_digits_and_stay_within_the_bounds() {
        let mut latency = Latency::new();
        assert_eq!((latency.len(), latency.max_us(), latency.quantile_us(0.5)), (0, 0, 0));
        for us in 1..=1000 {
            latency.record(us * 1000);
        }
        let near = |found: u64, us: u64| found.abs_diff(us) <= us / 1000 + 1;
        assert!(near(latency.quantile_us(0.5), 500_000) && near(latency.quantile_us(0.99), 990_000));
        let mut other = Latency::new();
        other.record(0);
        other.record(u64::MAX);
        latency.add(&other);
        assert_eq!(latency.len(), 1002);
        assert!(near(latency.max_us(), LONGEST_US) && latency.quantile_us(0.0) == 1);
    }
}
