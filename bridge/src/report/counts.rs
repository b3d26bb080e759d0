//! What a node counts of a space while it works: once for each batch and each command, without a lock on the way of a frame.

use super::figures::SpaceFigures;
use super::latency::Latency;
use crate::answer::CommandAnswer;
use crate::frame::LINE_LEN;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The counts of one space.
#[derive(Debug, Default)]
pub struct SpaceCounts {
    frames: AtomicU64,
    messages: AtomicU64,
    lost: AtomicU64,
    success: AtomicU64,
    failed: AtomicU64,
    sent_to_all: AtomicU64,
    error: AtomicU64,
    delivered: AtomicU64,
    asked: AtomicU64,
    asked_bytes: AtomicU64,
    all_bytes: AtomicU64,
    rosters: AtomicU64,
    /// Made with the first command.
    latency: Mutex<Option<Latency>>,
}

impl SpaceCounts {
    /// A batch of lines was published.
    pub fn published(&self, bytes: usize) {
        add(&self.frames, bytes / LINE_LEN);
        add(&self.messages, 1);
    }

    /// The bus did not take a batch of lines.
    pub fn lost(&self, bytes: usize) {
        add(&self.frames, bytes / LINE_LEN);
        add(&self.lost, bytes / LINE_LEN);
    }

    /// A command of a client was answered, after this time when it was run.
    pub fn answered(&self, answer: CommandAnswer, took: Option<Duration>) {
        let count = match answer {
            CommandAnswer::Success => &self.success,
            CommandAnswer::Failed => &self.failed,
            CommandAnswer::SentTo(_) => &self.sent_to_all,
            CommandAnswer::Error(_) => &self.error,
        };
        add(count, 1);
        if let Some(took) = took {
            self.latency.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().note(took);
        }
    }

    /// A command was written to a device here.
    pub fn delivered(&self) {
        add(&self.delivered, 1);
    }

    /// The bus was asked to bring a command to one device.
    pub fn asked(&self, bytes: usize) {
        add(&self.asked, 1);
        add(&self.asked_bytes, bytes);
    }

    /// The bus was asked to bring a command to all devices; [`SpaceCounts::answered`] counts it.
    pub fn asked_all(&self, bytes: usize) {
        add(&self.all_bytes, bytes);
    }

    /// The bus was asked for the devices.
    pub fn asked_roster(&self) {
        add(&self.rosters, 1);
    }

    /// The figures so far, without levels; to be called once a second.
    pub(super) fn look(&self) -> SpaceFigures {
        let mut latency = self.latency.lock().unwrap_or_else(PoisonError::into_inner);
        let times = latency.as_mut().and_then(Latency::look);
        if times.is_none() {
            *latency = None;
        }
        let (p50_us, p99_us) = times.unwrap_or_default();
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        SpaceFigures {
            devices: 0,
            viewers: 0,
            silent: 0,
            frames: get(&self.frames),
            messages: get(&self.messages),
            lost: get(&self.lost),
            success: get(&self.success),
            failed: get(&self.failed),
            sent_to_all: get(&self.sent_to_all),
            error: get(&self.error),
            delivered: get(&self.delivered),
            asked: get(&self.asked),
            asked_bytes: get(&self.asked_bytes),
            all_bytes: get(&self.all_bytes),
            p50_us,
            p99_us,
            rosters: get(&self.rosters),
        }
    }
}

fn add(count: &AtomicU64, more: usize) {
    count.fetch_add(more as u64, Ordering::Relaxed);
}
