//! The one clock of a run. Senders and receivers are threads of the same process, so a send time read here and an arrival time read
//! here can be subtracted from each other without any synchronisation.

use std::time::{Duration, Instant};

/// Microseconds since the bench started. Cheap to copy; all copies agree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now() }
    }

    /// Now, in microseconds. Fits the ten hex digits of a frame for twelve days.
    pub(crate) fn now_us(self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Blocks this thread until `at_us`; returns at once when that has passed.
    pub(crate) fn sleep_until(self, at_us: u64) {
        let wait_us = at_us.saturating_sub(self.now_us());
        if wait_us > 0 {
            pause(Duration::from_micros(wait_us));
        }
    }
}

/// Blocks this thread. The generator paces itself on plain threads, where an async timer of 1 ms would be too coarse and too dear.
#[expect(clippy::disallowed_methods, reason = "a plain thread of the generator, no runtime is blocked by it")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// When a load starts, when the measured part of it begins, and when it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeline {
    pub(crate) clock: Clock,
    pub(crate) start_us: u64,
    pub(crate) window_start_us: u64,
    pub(crate) end_us: u64,
}

/// How long to load a server before the measured window, and how long that window is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phases {
    pub(crate) warm_up: Duration,
    pub(crate) measure: Duration,
}

impl Timeline {
    /// Starts a moment from now, so that every thread is up by then.
    pub(crate) fn begin(clock: Clock, phases: Phases) -> Self {
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let start_us = clock.now_us() + 200_000;
        let window_start_us = start_us + us(phases.warm_up);
        Self { clock, start_us, window_start_us, end_us: window_start_us + us(phases.measure) }
    }

    /// Whether a frame sent at `at_us` counts.
    pub(crate) fn measures(&self, at_us: u64) -> bool {
        (self.window_start_us..self.end_us).contains(&at_us)
    }
}
