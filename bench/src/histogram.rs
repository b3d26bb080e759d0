//! A small log-linear histogram of microseconds: 64 steps for each doubling, so a quantile is at most 1.6 % above the true value.

/// Steps for each doubling, as a power of two.
const STEP_BITS: u32 = 6;
const STEPS: u64 = 1 << STEP_BITS;
/// Values up to 2^30 µs (18 minutes) have buckets of their own; larger ones share the last.
const BUCKETS: usize = ((30 - STEP_BITS as usize) + 2) << STEP_BITS;

/// Counts of values by size; merging is adding.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max: 0 }
    }

    pub(crate) fn record(&mut self, value: u64) {
        if let Some(count) = self.counts.get_mut(bucket(value)) {
            *count += 1;
        }
        self.total += 1;
        self.max = self.max.max(value);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// The smallest value that `per_mille` of all values do not exceed, rounded up to the end of its bucket; 0 when nothing was recorded.
    pub(crate) fn quantile(&self, per_mille: u64) -> u64 {
        let wanted = (self.total * per_mille).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return upper_end(index).min(self.max);
            }
        }
        self.max
    }
}

/// Values below `STEPS` have a bucket each; above, the top bits choose the bucket.
fn bucket(value: u64) -> usize {
    let doublings = (u64::BITS - value.leading_zeros()).saturating_sub(STEP_BITS + 1);
    let index = (u64::from(doublings) << STEP_BITS) + (value >> doublings);
    usize::try_from(index).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

/// The largest value that falls into a bucket.
fn upper_end(index: usize) -> u64 {
    let index = index as u64;
    if index < 2 * STEPS {
        return index;
    }
    let doublings = (index >> STEP_BITS) - 1;
    let step = index - (doublings << STEP_BITS);
    ((step + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_rise_without_gaps_and_know_their_ends() {
        let mut last = 0;
        for value in 0..200_000 {
            let index = bucket(value);
            assert!(index == last || index == last + 1, "{value}");
            assert!(value <= upper_end(index), "{value}");
            assert!(index == 0 || value > upper_end(index - 1), "{value}");
            last = index;
        }
    }

    #[test]
    fn quantiles_are_within_two_percent() {
        let mut histogram = Histogram::new();
        (1..=10_000).for_each(|value| histogram.record(value));
        for (per_mille, truth) in [(500, 5_000.0), (900, 9_000.0), (990, 9_900.0), (999, 9_990.0), (1_000, 10_000.0)] {
            let got = histogram.quantile(per_mille) as f64;
            assert!((truth..truth * 1.02).contains(&got), "{per_mille}: {got}");
        }
        assert_eq!(histogram.max(), 10_000);
    }

    #[test]
    fn an_empty_one_answers_zero_and_a_huge_value_is_kept_as_maximum() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(990), 0);
        histogram.record(u64::MAX);
        assert_eq!(histogram.max(), u64::MAX);
        assert_eq!(histogram.total(), 1);
    }

    #[test]
    fn merging_adds() {
        let (mut left, mut right) = (Histogram::new(), Histogram::new());
        left.record(1);
        right.record(100);
        left.merge(&right);
        assert_eq!((left.total(), left.quantile(500), left.quantile(1_000)), (2, 1, 100));
    }
}
