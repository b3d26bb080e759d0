//! The single command slot of the stock firmware: it keeps only the last message and looks at it every 10 ms.

use grouploop_bridge::MAX_COMMAND_BYTES;
use std::time::Duration;

/// How often the firmware looks.
pub const LOOK_EVERY: Duration = Duration::from_millis(10);

/// One message that waits for the firmware's next look: at each whole 10 ms of the time that is passed in.
#[derive(Debug, Clone, Default)]
pub struct CommandSlot {
    waiting: Option<Waiting>,
    lost: u64,
}

#[derive(Debug, Clone)]
struct Waiting {
    line: Box<str>,
    until: Duration,
}

impl CommandSlot {
    /// An empty slot.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A message arrives: it overwrites one that nobody has looked at yet. Returns the one before it, when that was looked at in the
    /// meantime and nobody took it: obey that first. A line that is longer than any command is lost at once.
    #[must_use]
    pub fn put(&mut self, line: &str, now: Duration) -> Option<Box<str>> {
        let seen = self.take(now);
        if line.len() > MAX_COMMAND_BYTES {
            self.lost += 1;
            return seen;
        }
        if self.waiting.replace(Waiting { line: line.into(), until: next_look(now) }).is_some() {
            self.lost += 1;
        }
        seen
    }

    /// The message that the firmware has looked at by now.
    #[must_use]
    pub fn take(&mut self, now: Duration) -> Option<Box<str>> {
        self.waiting.take_if(|waiting| waiting.until <= now).map(|waiting| waiting.line)
    }

    /// When to [`take`](Self::take) next, if there is anything to take.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        self.waiting.as_ref().map(|waiting| waiting.until)
    }

    /// Messages that were overwritten, or too long.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

/// The first look after a moment.
fn next_look(now: Duration) -> Duration {
    let every = LOOK_EVERY.as_nanos();
    let into = now.as_nanos() % every;
    // At most 10 ms, so it fits.
    now.saturating_add(Duration::from_nanos(u64::try_from(every - into).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_first_of_two_within_a_look_is_lost() {
        let mut slot = CommandSlot::new();
        assert_eq!(slot.put("led:ff0000", ms(1)), None);
        assert_eq!(slot.due(), Some(ms(10)));
        assert_eq!(slot.put("vibrate:100", ms(9)), None);
        assert_eq!(slot.lost(), 1);
        assert_eq!(slot.take(ms(9)), None);
        assert_eq!(slot.take(ms(10)).as_deref(), Some("vibrate:100"));
        assert_eq!(slot.take(ms(20)), None);
        assert_eq!(slot.due(), None);
    }

    #[test]
    fn two_with_a_look_between_are_both_seen() {
        let mut slot = CommandSlot::new();
        assert_eq!(slot.put("led:ff0000", ms(9)), None);
        assert_eq!(slot.put("vibrate:100", ms(11)).as_deref(), Some("led:ff0000"));
        assert_eq!(slot.take(ms(20)).as_deref(), Some("vibrate:100"));
        assert_eq!(slot.lost(), 0);
    }

    #[test]
    fn one_in_the_very_moment_of_a_look_waits_for_the_next() {
        let mut slot = CommandSlot::new();
        assert_eq!(slot.put("status:", ms(10)), None);
        assert_eq!(slot.due(), Some(ms(20)));
    }

    #[test]
    fn what_is_longer_than_any_command_takes_no_memory() {
        let mut slot = CommandSlot::new();
        assert_eq!(slot.put(&"x".repeat(MAX_COMMAND_BYTES + 1), ms(0)), None);
        assert_eq!((slot.due(), slot.lost()), (None, 1));
        assert_eq!(slot.put("status:", Duration::MAX), None);
    }
}
