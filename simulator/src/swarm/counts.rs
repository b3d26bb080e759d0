//! What a swarm has done so far. Written by its one task, read by whoever shows it.

use crate::link::Dropped;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// One number that grows, or a level.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The live counts of one swarm.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Devices that are there now.
    pub(crate) present: Count,
    pub(crate) scheduled: Count,
    pub(crate) sent: Count,
    pub(crate) late: Count,
    pub(crate) skipped: Count,
    pub(crate) bytes: Count,
    pub(crate) messages: Count,
    dropped: [Count; Dropped::REASONS.len()],
    pub(crate) commands_received: Count,
    pub(crate) commands_ignored: Count,
    pub(crate) commands_lost_in_slot: Count,
    pub(crate) updates_started: Count,
    pub(crate) updates_succeeded: Count,
    pub(crate) updates_failed: Count,
    pub(crate) updates_unchanged: Count,
}

impl Counts {
    pub(crate) fn drop_frames(&self, why: Dropped, frames: u64) {
        if let Some(count) = self.dropped.get(why.index()) {
            count.add(frames);
        }
    }

    /// All of them as they are now.
    pub(crate) fn figures(&self) -> Figures {
        let dropped = Dropped::REASONS.iter().zip(&self.dropped).map(|(reason, count)| (*reason, count.get()));
        Figures {
            present: self.present.get(),
            frames_scheduled: self.scheduled.get(),
            frames_sent: self.sent.get(),
            frames_late: self.late.get(),
            frames_skipped: self.skipped.get(),
            frames_dropped: dropped.filter(|(_, count)| *count > 0).collect(),
            bytes_sent: self.bytes.get(),
            messages_sent: self.messages.get(),
            commands_received: self.commands_received.get(),
            commands_ignored: self.commands_ignored.get(),
            commands_lost_in_slot: self.commands_lost_in_slot.get(),
            updates_started: self.updates_started.get(),
            updates_succeeded: self.updates_succeeded.get(),
            updates_failed: self.updates_failed.get(),
            updates_unchanged: self.updates_unchanged.get(),
        }
    }
}

/// What a swarm has done since it began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Devices that are there now.
    pub present: u64,
    /// Frames that were due of devices that send.
    pub frames_scheduled: u64,
    /// Frames that the bus or a connection took.
    pub frames_sent: u64,
    /// Of those, the ones that went more than 25 ms after their time.
    pub frames_late: u64,
    /// Frames that were due and not made: the program was more than a second behind.
    pub frames_skipped: u64,
    /// Frames that were made and not taken, by reason; reasons that did not happen are left out.
    pub frames_dropped: BTreeMap<&'static str, u64>,
    /// Bytes of the frames that were sent.
    pub bytes_sent: u64,
    /// Messages that they went in.
    pub messages_sent: u64,
    /// Commands that reached a device.
    pub commands_received: u64,
    /// Of those, the ones that a device can do nothing with.
    pub commands_ignored: u64,
    /// Commands that another one overwrote in a device's single slot.
    pub commands_lost_in_slot: u64,
    /// Updates that a device was told to make.
    pub updates_started: u64,
    /// Updates after which the device runs another image.
    pub updates_succeeded: u64,
    /// Updates that came to nothing: no image, a wrong one, or the end before it was there.
    pub updates_failed: u64,
    /// Updates to the image that the device runs already.
    pub updates_unchanged: u64,
}

impl Figures {
    /// The two together.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let mut frames_dropped = self.frames_dropped.clone();
        for (reason, count) in &other.frames_dropped {
            *frames_dropped.entry(reason).or_default() += count;
        }
        Self {
            present: self.present + other.present,
            frames_scheduled: self.frames_scheduled + other.frames_scheduled,
            frames_sent: self.frames_sent + other.frames_sent,
            frames_late: self.frames_late + other.frames_late,
            frames_skipped: self.frames_skipped + other.frames_skipped,
            frames_dropped,
            bytes_sent: self.bytes_sent + other.bytes_sent,
            messages_sent: self.messages_sent + other.messages_sent,
            commands_received: self.commands_received + other.commands_received,
            commands_ignored: self.commands_ignored + other.commands_ignored,
            commands_lost_in_slot: self.commands_lost_in_slot + other.commands_lost_in_slot,
            updates_started: self.updates_started + other.updates_started,
            updates_succeeded: self.updates_succeeded + other.updates_succeeded,
            updates_failed: self.updates_failed + other.updates_failed,
            updates_unchanged: self.updates_unchanged + other.updates_unchanged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grouploop_bridge::PublishError;

    #[test]
    fn every_reason_has_a_count_of_its_own() {
        let all = [
            Dropped::Bus(PublishError::Away),
            Dropped::Bus(PublishError::Full),
            Dropped::Bus(PublishError::TooLarge),
            Dropped::NotConnected,
            Dropped::ConnectionFull,
            Dropped::SlowLink,
            Dropped::Malformed,
            Dropped::Connecting,
        ];
        let counts = Counts::default();
        for (number, why) in all.into_iter().enumerate() {
            assert_eq!(Dropped::REASONS[why.index()], why.reason());
            counts.drop_frames(why, number as u64 + 1);
        }
        let dropped = counts.figures().frames_dropped;
        assert_eq!(dropped.len(), Dropped::REASONS.len());
        assert_eq!((dropped["bus_away"], dropped["malformed"]), (1, 7));
    }
}
