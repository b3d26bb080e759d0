//! Messages that the monitor hears itself, by subject: it counts them as they come.

use grouploop_bridge::Subject;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Subjects that are counted at most.
const MAX_SUBJECTS: usize = 8192;
/// Looks that a rate is over, one a second.
const WINDOW: usize = 2;
/// Looks after which a subject without messages is forgotten.
const IDLE_LOOKS: u32 = 60;

/// Counts since the last look, and those of the looks before.
#[derive(Debug, Default)]
pub(super) struct Heard {
    subjects: HashMap<Subject, Count>,
    looks: VecDeque<Duration>,
    looked: Option<Instant>,
}

#[derive(Debug, Default)]
struct Count {
    now: Messages,
    before: VecDeque<Messages>,
    idle: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Messages {
    messages: u64,
    bytes: u64,
}

impl Heard {
    pub(super) fn note(&mut self, subject: &Subject, bytes: usize) {
        if self.subjects.len() >= MAX_SUBJECTS && !self.subjects.contains_key(subject) {
            return;
        }
        let count = self.subjects.entry(subject.clone()).or_default();
        count.now.messages += 1;
        count.now.bytes += bytes as u64;
    }

    /// Begins to count anew.
    pub(super) fn look(&mut self, now: Instant) {
        let passed = self.looked.replace(now).map_or(Duration::ZERO, |looked| now.saturating_duration_since(looked));
        keep(&mut self.looks, passed);
        self.subjects.retain(|_, count| {
            count.idle = if count.now.messages > 0 { 0 } else { count.idle + 1 };
            let now = std::mem::take(&mut count.now);
            keep(&mut count.before, now);
            count.idle < IDLE_LOOKS
        });
    }

    /// Messages and bytes a second of each subject that had some.
    pub(super) fn rates(&self) -> impl Iterator<Item = (&Subject, f64, f64)> {
        let seconds: f64 = self.looks.iter().map(Duration::as_secs_f64).sum();
        self.subjects.iter().filter(move |_| seconds > 0.0).filter_map(move |(subject, count)| {
            let messages: u64 = count.before.iter().map(|one| one.messages).sum();
            let bytes: u64 = count.before.iter().map(|one| one.bytes).sum();
            (messages > 0).then(|| (subject, messages as f64 / seconds, bytes as f64 / seconds))
        })
    }
}

fn keep<T>(all: &mut VecDeque<T>, newest: T) {
    all.push_back(newest);
    while all.len() > WINDOW {
        all.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_the_last_two_looks() {
        let (start, mut heard) = (Instant::now(), Heard::default());
        let at = |ms| start + Duration::from_millis(ms);
        heard.look(at(0));
        (0..30).for_each(|_| heard.note(&Subject::Registry, 10));
        heard.look(at(1_000));
        // The look before the first had no time.
        assert_eq!(heard.rates().collect::<Vec<_>>(), [(&Subject::Registry, 30.0, 300.0)]);
        (0..10).for_each(|_| heard.note(&Subject::Registry, 10));
        heard.look(at(3_000));
        let (_, messages, bytes) = heard.rates().next().unwrap();
        assert!((messages - 40.0 / 3.0).abs() < 1e-9 && (bytes - 400.0 / 3.0).abs() < 1e-9);
        heard.look(at(4_000));
        heard.look(at(5_000));
        assert_eq!(heard.rates().count(), 0);
        (0..IDLE_LOOKS).for_each(|_| heard.look(at(6_000)));
        assert!(heard.subjects.is_empty());
    }

    #[test]
    fn strange_subjects_without_end_are_not_kept() {
        let mut heard = Heard::default();
        for number in 0..MAX_SUBJECTS + 5 {
            heard.note(&Subject::Presence { space: format!("s-{number}").parse().unwrap() }, 1);
        }
        assert_eq!(heard.subjects.len(), MAX_SUBJECTS);
    }
}
