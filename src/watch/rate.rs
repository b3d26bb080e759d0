//! Events a second over the last two seconds, in a few counters.

use std::time::Duration;

const SLOT_MS: u64 = 250;
const SLOTS: u64 = 8;

/// Counts events. Times are measured from any fixed moment and never go back.
#[derive(Debug, Clone)]
pub(crate) struct RateMeter {
    slots: [u32; SLOTS as usize],
    newest: u64,
    start_ms: u64,
}

impl RateMeter {
    /// A meter that starts to count at this time.
    pub(crate) fn new(now: Duration) -> Self {
        let start_ms = millis(now);
        Self { slots: [0; SLOTS as usize], newest: start_ms / SLOT_MS, start_ms }
    }

    /// One more event.
    pub(crate) fn count(&mut self, now: Duration) {
        self.advance(now);
        if let Some(slot) = usize::try_from(self.newest % SLOTS).ok().and_then(|index| self.slots.get_mut(index)) {
            *slot = slot.saturating_add(1);
        }
    }

    /// Events a second.
    pub(crate) fn per_second(&mut self, now: Duration) -> f64 {
        self.advance(now);
        let now_ms = millis(now);
        let window_start = (self.newest * SLOT_MS).saturating_sub((SLOTS - 1) * SLOT_MS).max(self.start_ms);
        // Less than one slot is too little to tell a rate from.
        let span_ms = now_ms.saturating_sub(window_start).max(SLOT_MS);
        let events: u64 = self.slots.iter().map(|slot| u64::from(*slot)).sum();
        events as f64 * 1000.0 / span_ms as f64
    }

    fn advance(&mut self, now: Duration) {
        let slot = millis(now) / SLOT_MS;
        if slot >= self.newest + SLOTS {
            self.slots = [0; SLOTS as usize];
            self.newest = slot;
        }
        while self.newest < slot {
            self.newest += 1;
            if let Some(slot) = usize::try_from(self.newest % SLOTS).ok().and_then(|index| self.slots.get_mut(index)) {
                *slot = 0;
            }
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    #[test]
    fn a_steady_stream_shows_its_rate_soon_and_for_ever() {
        let mut meter = RateMeter::new(ms(1_130));
        for step in 0..400u64 {
            let now = 1_130 + step * 50;
            meter.count(ms(now));
            if step > 20 {
                let rate = meter.per_second(ms(now));
                assert!((19.0..=21.5).contains(&rate), "{rate} at {now}");
            }
        }
    }

    #[test]
    fn silence_ends_in_zero() {
        let mut meter = RateMeter::new(ms(0));
        for now in 0..100 {
            meter.count(ms(now * 10));
        }
        assert!(meter.per_second(ms(1_500)) > 0.0);
        assert_eq!(meter.per_second(ms(3_000)), 0.0);
        assert_eq!(meter.per_second(ms(3_000_000)), 0.0);
    }

    #[test]
    fn a_first_event_is_no_storm() {
        let mut meter = RateMeter::new(ms(777));
        meter.count(ms(777));
        assert!(meter.per_second(ms(778)) <= 4.0);
    }
}
