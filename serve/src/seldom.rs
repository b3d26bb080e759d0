//! Log lines that a peer or an outage could cause again and again: said once in a while, with the number of those that were not.

use std::time::{Duration, Instant};

/// Allows one line in a period.
#[derive(Debug)]
pub struct Seldom {
    period: Duration,
    last: Option<Instant>,
    unsaid: u64,
}

impl Seldom {
    /// At most one line in `period`.
    #[must_use]
    pub fn new(period: Duration) -> Self {
        Self { period, last: None, unsaid: 0 }
    }

    /// Whether to say it now: then the number of lines that were held back before.
    pub fn say(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now < last + self.period) {
            self.unsaid += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_in_a_period_tells_of_the_others() {
        let (mut seldom, start) = (Seldom::new(Duration::from_secs(10)), Instant::now());
        assert_eq!(seldom.say(start), Some(0));
        for second in 1..10 {
            assert_eq!(seldom.say(start + Duration::from_secs(second)), None);
        }
        assert_eq!(seldom.say(start + Duration::from_secs(10)), Some(9));
    }
}
