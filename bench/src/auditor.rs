//! What one viewer received, looked at frame by frame: order and repeats for each device, and how long every frame took.

use crate::clock::{Clock, Timeline};
use crate::histogram::Histogram;
use crate::stamp::{LINE_BYTES, Stamp, count_frames};

/// The books of one viewer, or of several when merged.
#[derive(Debug, Clone)]
pub(crate) struct Auditor {
    timeline: Timeline,
    /// The next number expected of each device.
    next: Vec<u32>,
    /// Frames of the swarm in the whole run.
    pub(crate) received: u64,
    /// Of these, the ones sent in the measured window, each counted once.
    pub(crate) in_window: u64,
    /// Frames that came after a later one of their device.
    pub(crate) reordered: u64,
    /// Frames that came twice in a row.
    pub(crate) repeated: u64,
    /// Frames of devices that are not in the swarm, or with an impossible time.
    pub(crate) strange: u64,
    /// From send to receive, of the frames of the window, in microseconds.
    pub(crate) latency: Histogram,
}

impl Auditor {
    pub(crate) fn new(devices: u32, timeline: Timeline) -> Self {
        Self {
            timeline,
            next: vec![0; usize::try_from(devices).unwrap_or(0)],
            received: 0,
            in_window: 0,
            reordered: 0,
            repeated: 0,
            strange: 0,
            latency: Histogram::new(),
        }
    }

    /// The clock of the send times.
    pub(crate) fn clock(&self) -> Clock {
        self.timeline.clock
    }

    /// Takes in a block of whole lines that arrived at `now_us`. Returns the frames in it.
    pub(crate) fn take(&mut self, block: &[u8], now_us: u64) -> u64 {
        let (lines, rest) = block.as_chunks::<LINE_BYTES>();
        if rest.is_empty() && lines.iter().all(|line| line.ends_with(b"\n")) {
            lines.iter().for_each(|line| self.enter(Stamp::read(line), now_us));
            return lines.len() as u64;
        }
        for line in block.split_inclusive(|byte| *byte == b'\n') {
            if let Ok(line) = line.try_into() {
                self.enter(Stamp::read(line), now_us);
            }
        }
        count_frames(block, |_| {})
    }

    fn enter(&mut self, stamp: Stamp, now_us: u64) {
        let Some(next) = self.next.get_mut(usize::from(stamp.device)) else {
            self.strange += 1;
            return;
        };
        if stamp.sent_us > now_us {
            self.strange += 1;
            return;
        }
        self.received += 1;
        if stamp.number + 1 == *next {
            self.repeated += 1;
            return;
        }
        if stamp.number < *next {
            self.reordered += 1;
        } else {
            *next = stamp.number + 1;
        }
        if self.timeline.measures(stamp.sent_us) {
            self.in_window += 1;
            self.latency.record(now_us - stamp.sent_us);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.received += other.received;
        self.in_window += other.in_window;
        self.reordered += other.reordered;
        self.repeated += other.repeated;
        self.strange += other.strange;
        self.latency.merge(&other.latency);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auditor() -> Auditor {
        Auditor::new(2, Timeline { clock: Clock::new(), start_us: 0, window_start_us: 100, end_us: 200 })
    }

    fn line(device: u16, number: u32, sent_us: u64) -> Vec<u8> {
        let mut line = [0; LINE_BYTES];
        Stamp { device, number, sent_us }.write(&mut line);
        line.to_vec()
    }

    #[test]
    fn only_the_window_counts() {
        let mut auditor = auditor();
        let block = [line(0, 0, 99), line(0, 1, 100), line(1, 0, 199), line(1, 1, 200)].concat();
        assert_eq!(auditor.take(&block, 300), 4);
        assert_eq!((auditor.received, auditor.in_window, auditor.latency.total()), (4, 2, 2));
        assert_eq!(auditor.latency.max(), 200);
    }

    #[test]
    fn order_repeats_and_strangers_are_told_apart() {
        let mut auditor = auditor();
        let block = [line(0, 0, 100), line(0, 2, 102), line(0, 1, 101), line(0, 2, 102), line(7, 0, 100)].concat();
        auditor.take(&[&block[..], b"stream:on\n"].concat(), 300);
        assert_eq!((auditor.reordered, auditor.repeated, auditor.strange), (1, 1, 1));
        assert_eq!((auditor.received, auditor.in_window), (4, 3));
    }

    #[test]
    fn a_frame_from_the_future_is_strange() {
        let mut auditor = auditor();
        auditor.take(&line(0, 0, 301), 300);
        assert_eq!((auditor.strange, auditor.received), (1, 0));
    }
}
