//! How often a busy thread polls. Most of the cost of a frame is the wake-up and not the work, so a thread with much to do pauses for
//! a few milliseconds before it parks: readiness events pile up, and one poll takes many.
//!
//! A thread without load never pauses. A command, an answer or a tick that is due ends a pause at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Messages a second from which on a pause saves more than it costs.
const BUSY_MESSAGES_PER_SECOND: u64 = 250;
/// How long messages are counted before the load is judged again.
const JUDGE_AFTER_US: u64 = 20_000;

/// How much later than this clock the runtime's may have started.
const TIMER_SLACK_US: u64 = 150;

/// The pace of one thread. Everybody may [`nudge`](Pace::nudge); the rest is for the thread itself.
#[derive(Debug)]
pub(crate) struct Pace {
    epoch: Instant,
    pause: Duration,
    thread: OnceLock<Thread>,
    taken: AtomicU64,
    judged_taken: AtomicU64,
    judged_at_us: AtomicU64,
    busy: AtomicBool,
    next_tick_us: AtomicU64,
}

impl Pace {
    /// To be made just before the thread's runtime, whose timers count from its start.
    pub(crate) fn new(pause: Duration) -> Self {
        Self {
            epoch: Instant::now(),
            pause,
            thread: OnceLock::new(),
            taken: AtomicU64::new(0),
            judged_taken: AtomicU64::new(0),
            judged_at_us: AtomicU64::new(0),
            busy: AtomicBool::new(false),
            next_tick_us: AtomicU64::new(u64::MAX),
        }
    }

    /// Says which thread this is about.
    pub(crate) fn adopt_current_thread(&self) {
        // A second call would be about the same thread.
        let _ = self.thread.set(std::thread::current());
    }

    /// Counts a message that the thread took in.
    #[inline]
    pub(crate) fn took_one(&self) {
        // Only this thread writes, so no read-modify-write is needed.
        self.taken.store(self.taken.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Ends a pause, now or the next one: something waits that must not.
    pub(crate) fn nudge(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// The first time at or after `at` at which a timer of this thread can fire: the runtime counts whole milliseconds from its start,
    /// which is when this was made.
    pub(crate) fn align(&self, at: Instant) -> Instant {
        let since = at.saturating_duration_since(self.epoch);
        let whole = since.as_micros().div_ceil(1000);
        self.epoch + Duration::from_millis(u64::try_from(whole).unwrap_or(u64::MAX))
    }

    /// Says when the thread has something to do by the clock (an [aligned](Self::align) time); a pause ends then, just after its timer can
    /// fire. The earliest wins until it has passed.
    pub(crate) fn tick_at(&self, at: Instant) {
        let at_us = micros(at.saturating_duration_since(self.epoch)) + TIMER_SLACK_US;
        let now_us = micros(self.epoch.elapsed());
        let known = self.next_tick_us.load(Ordering::Relaxed);
        if known <= now_us || at_us < known {
            self.next_tick_us.store(at_us, Ordering::Relaxed);
        }
    }

    /// Called by the runtime before it parks the thread.
    pub(crate) fn before_park(&self) {
        if self.pause.is_zero() {
            return;
        }
        let now = micros(self.epoch.elapsed());
        let elapsed = now.saturating_sub(self.judged_at_us.load(Ordering::Relaxed));
        if elapsed >= JUDGE_AFTER_US {
            let taken = self.taken.load(Ordering::Relaxed);
            let count = taken.wrapping_sub(self.judged_taken.load(Ordering::Relaxed));
            self.busy.store(count.saturating_mul(1_000_000) >= elapsed * BUSY_MESSAGES_PER_SECOND, Ordering::Relaxed);
            self.judged_taken.store(taken, Ordering::Relaxed);
            self.judged_at_us.store(now, Ordering::Relaxed);
        }
        if !self.busy.load(Ordering::Relaxed) {
            return;
        }
        let tick = self.next_tick_us.load(Ordering::Relaxed);
        let until_tick = if tick > now { tick - now } else { u64::MAX };
        let pause = micros(self.pause).min(until_tick);
        std::thread::park_timeout(Duration::from_micros(pause));
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_thread_does_not_pause_and_a_nudge_ends_a_pause() {
        let pace = Pace::new(Duration::from_secs(3600));
        pace.adopt_current_thread();
        pace.before_park();
        pace.busy.store(true, Ordering::Relaxed);
        pace.judged_at_us.store(u64::MAX, Ordering::Relaxed);
        pace.nudge();
        // Would take an hour without the nudge.
        pace.before_park();
    }

    #[test]
    fn a_pause_ends_at_the_earliest_tick() {
        let pace = Pace::new(Duration::from_secs(3600));
        let now = Instant::now();
        pace.tick_at(now + Duration::from_secs(7));
        pace.tick_at(now + Duration::from_secs(5));
        pace.tick_at(now + Duration::from_secs(9));
        let tick = pace.next_tick_us.load(Ordering::Relaxed);
        assert!((4_900_000..5_100_000).contains(&tick), "{tick}");
    }
}
