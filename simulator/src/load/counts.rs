//! What has become of the commands of one load.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longest latency that is told apart from longer ones, in microseconds: no answer is waited for that long.
const MAX_LATENCY_US: u64 = 60_000_000;
/// Significant decimal digits of a latency.
const DIGITS: u8 = 3;

/// What became of a command that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It reached its device; or, sent to all, so many of them.
    Reached(Option<u64>),
    /// It reached nobody.
    Failed,
    /// Nobody said so in time; of a command to all, how many it is known to have reached.
    NoAnswer(u64),
}

/// The live counts of one load, shared by who sends and who shows.
#[derive(Debug, Default)]
pub(crate) struct CommandCounts {
    sent: AtomicU64,
    success: AtomicU64,
    failed: AtomicU64,
    no_answer: AtomicU64,
    not_sent: AtomicU64,
    devices_reached: AtomicU64,
    /// In microseconds; made with the first answer.
    latency: Mutex<Option<Histogram<u64>>>,
}

fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

impl CommandCounts {
    /// One is on its way.
    pub(super) fn sent(&self) {
        add(&self.sent, 1);
    }

    /// These were due and could not go.
    pub(super) fn not_sent(&self, commands: u64) {
        add(&self.not_sent, commands);
    }

    /// These were sent, and whoever should have answered is gone.
    pub(super) fn unanswered(&self, commands: u64) {
        add(&self.no_answer, commands);
    }

    /// This became of one that was due at a time.
    pub(super) fn settle(&self, outcome: Outcome, due: Instant) {
        match outcome {
            Outcome::Reached(devices) => {
                add(&self.success, 1);
                add(&self.devices_reached, devices.unwrap_or_default());
            }
            Outcome::Failed => add(&self.failed, 1),
            Outcome::NoAnswer(devices) => {
                add(&self.no_answer, 1);
                add(&self.devices_reached, devices);
                return;
            }
        }
        self.note(due.elapsed());
    }

    fn note(&self, latency: Duration) {
        let mut histogram = self.latency.lock().unwrap_or_else(PoisonError::into_inner);
        if histogram.is_none() {
            // These bounds are fine, so there is one.
            *histogram = Histogram::new_with_bounds(1, MAX_LATENCY_US, DIGITS).ok();
        }
        if let Some(histogram) = histogram.as_mut() {
            histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// All of them as they are now.
    pub(crate) fn figures(&self) -> CommandFigures {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let latency = self.latency.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|all| LatencyFigures {
            p50_us: all.value_at_quantile(0.5),
            p90_us: all.value_at_quantile(0.9),
            p99_us: all.value_at_quantile(0.99),
            p99_9_us: all.value_at_quantile(0.999),
            max_us: all.max(),
        });
        CommandFigures {
            sent: get(&self.sent),
            success: get(&self.success),
            failed: get(&self.failed),
            no_answer: get(&self.no_answer),
            not_sent: get(&self.not_sent),
            devices_reached: get(&self.devices_reached),
            latency,
        }
    }
}

/// What has become of the commands that were sent to a swarm. What is in none of `success`, `failed` and `no_answer` is on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CommandFigures {
    /// Commands that were sent at their time.
    pub sent: u64,
    /// Of those, the ones that reached their device, or at least one when they were for all.
    pub success: u64,
    /// Of those, the ones that reached nobody.
    pub failed: u64,
    /// Of those, the ones of which nobody, or not everybody, said in time what became of them.
    pub no_answer: u64,
    /// Commands that were due and not sent: the bus or the connection was away, or too many waited for their answers.
    pub not_sent: u64,
    /// Devices that commands to all reached, added up.
    pub devices_reached: u64,
    /// From the time when a command was due to its answer, whatever that was; `None` before the first.
    pub latency: Option<LatencyFigures>,
}

/// How long answers took, in microseconds, to three digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LatencyFigures {
    /// Half of them took no longer.
    pub p50_us: u64,
    /// Nine in ten took no longer.
    pub p90_us: u64,
    /// 99 in a hundred took no longer.
    pub p99_us: u64,
    /// 999 in a thousand took no longer.
    pub p99_9_us: u64,
    /// The longest.
    pub max_us: u64,
}
