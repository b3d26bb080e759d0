//! Times of the last seconds, from which quantiles are told: a histogram with four bins to each doubling, whose bins fade.

use std::time::Duration;

/// Bins: up to 2^24 µs, which is 16 s and longer than any command is waited for.
const BINS: usize = 4 * 24;
/// What is left of a bin a second later: half of it after four.
const FADING: f32 = 0.84;
/// Fewer times than this are none.
const NOTHING: f32 = 0.3;

/// The times.
#[derive(Debug)]
pub(super) struct Latency {
    bins: Box<[f32; BINS]>,
}

impl Default for Latency {
    fn default() -> Self {
        Self { bins: Box::new([0.0; BINS]) }
    }
}

impl Latency {
    /// One more.
    pub(super) fn note(&mut self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        if let Some(bin) = self.bins.get_mut(bin_of(us)) {
            *bin += 1.0;
        }
    }

    /// p50 and p99 in microseconds, and all times grow a second older. `None` when there is none any more.
    pub(super) fn look(&mut self) -> Option<(u64, u64)> {
        let all: f32 = self.bins.iter().sum();
        if all < NOTHING {
            return None;
        }
        let quantile = |share: f32| {
            let mut left = all * share;
            let reached = |bin: &f32| {
                left -= bin;
                left <= 0.0
            };
            middle_of(self.bins.iter().position(reached).unwrap_or(BINS - 1))
        };
        let found = (quantile(0.5), quantile(0.99));
        self.bins.iter_mut().for_each(|bin| *bin *= FADING);
        Some(found)
    }
}

/// Four bins for each doubling, by the two bits behind the highest.
fn bin_of(us: u64) -> usize {
    let doubling = us.ilog2();
    let quarter = if doubling >= 2 { (us >> (doubling - 2)) & 3 } else { (us << (2 - doubling)) & 3 };
    (doubling as usize * 4 + usize::try_from(quarter).unwrap_or(0)).min(BINS - 1)
}

/// A time in the middle of a bin.
fn middle_of(bin: usize) -> u64 {
    let (doubling, quarter) = (bin / 4, bin as u64 % 4);
    // In eighths, so that the first doublings have quarters too.
    ((9 + 2 * quarter) << doubling) / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_an_eighth() {
        let mut latency = Latency::default();
        assert_eq!(latency.look(), None);
        for us in (100..10_000).step_by(10) {
            latency.note(Duration::from_micros(us));
        }
        let (p50, p99) = latency.look().unwrap();
        assert!((4_400..5_700).contains(&p50) && (8_700..11_200).contains(&p99), "{p50} {p99}");
    }

    #[test]
    fn the_newest_times_count_more_and_old_ones_are_forgotten() {
        let mut latency = Latency::default();
        latency.note(Duration::from_millis(100));
        let looks = std::iter::from_fn(|| latency.look()).count();
        assert!((5..15).contains(&looks), "{looks}");
        (0..10).for_each(|_| latency.note(Duration::from_millis(100)));
        for _ in 0..10 {
            let _ = latency.look();
        }
        (0..10).for_each(|_| latency.note(Duration::from_millis(1)));
        assert!(latency.look().unwrap().0 < 1_200);
    }

    #[test]
    fn every_time_has_a_bin() {
        for us in [0, 1, 2, 3, 4, 5, 1_000_000, 30_000_000] {
            let mut latency = Latency::default();
            latency.note(Duration::from_micros(us));
            let (p50, p99) = latency.look().unwrap();
            assert_eq!(p50, p99);
            let (low, high) = (us.clamp(1, 15_000_000) * 3 / 4, us.max(1) * 5 / 4);
            assert!((low..=high).contains(&p50), "{us} {p50}");
        }
    }
}
