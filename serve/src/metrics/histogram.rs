//! How long something takes, counted without a lock: prometheus-client's own histogram has one, and frames pass here.

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Times in a few fixed buckets. Clones count together.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The longest time of each bucket, ascending; the last bucket, beyond them, has none.
    bounds_us: &'static [u64],
    counts: Box<[AtomicU64]>,
    sum_us: AtomicU64,
}

impl Histogram {
    /// Buckets up to each of these, ascending, and one beyond.
    #[must_use]
    pub fn new(bounds_us: &'static [u64]) -> Self {
        let counts = (0..=bounds_us.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Inner { bounds_us, counts, sum_us: AtomicU64::new(0) }))
    }

    /// Counts one.
    #[inline]
    pub fn observe(&self, time: Duration) {
        let time_us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        // Most are short and found at once.
        let place = self.0.bounds_us.iter().position(|bound| time_us <= *bound).unwrap_or(self.0.bounds_us.len());
        if let Some(count) = self.0.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.0.sum_us.fetch_add(time_us, Ordering::Relaxed);
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds are shown as a float")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let bounds = self.0.bounds_us.iter().map(|bound| seconds(*bound)).chain([f64::INFINITY]);
        let counts = self.0.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        // Not kept beside the buckets, so that it is their sum whatever is counted meanwhile.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = seconds(self.0.sum_us.load(Ordering::Relaxed));
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::registry::{Registry, Unit};

    #[test]
    fn each_time_is_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::new(&[1_000, 2_500]);
        for time_us in [0, 1_000, 1_001, 2_500, 2_501, 10_000_000] {
            histogram.observe(Duration::from_micros(time_us));
        }
        let mut registry = Registry::default();
        registry.register_with_unit("delay", "A delay", Unit::Seconds, histogram);
        let expected = "# HELP delay_seconds A delay.\n\
                        # TYPE delay_seconds histogram\n\
                        # UNIT delay_seconds seconds\n\
                        delay_seconds_sum 10.007002\n\
                        delay_seconds_count 6\n\
                        delay_seconds_bucket{le=\"0.001\"} 2\n\
                        delay_seconds_bucket{le=\"0.0025\"} 4\n\
                        delay_seconds_bucket{le=\"+Inf\"} 6\n\
                        # EOF\n";
        assert_eq!(super::super::text(&registry), expected);
    }
}
