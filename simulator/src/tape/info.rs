//! What is in a recording.

use super::TapeError;
use super::feed::{Feed, Tape};
use crate::recording::End;
use grouploop_bridge::DeviceId;
use rustc_hash::FxHashSet;
use std::sync::Arc;
use std::time::Duration;

/// What is in a recording, all of it read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapeInfo {
    /// Frames in whole blocks.
    pub frames: u64,
    /// Devices that sent them.
    pub devices: usize,
    /// When the first one arrived, from the recording's start on.
    pub first: Duration,
    /// When the last one did.
    pub last: Duration,
    /// The longest time between two frames.
    pub pause: Duration,
    /// How it ends.
    pub end: End,
}

impl TapeInfo {
    /// Reads the whole recording.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub async fn read(tape: &Tape) -> Result<Self, TapeError> {
        let mut feed = Feed::start(tape, Arc::default());
        let mut devices = FxHashSet::<DeviceId>::default();
        let mut frames = 0;
        let (mut first, mut last, mut pause) = (None, Duration::ZERO, Duration::ZERO);
        loop {
            let (piece, end) = feed.next().await?;
            for (at, frame) in &piece {
                frames += 1;
                devices.insert(frame.device());
                if first.is_some() {
                    pause = pause.max(at.saturating_sub(last));
                }
                first = first.or(Some(*at));
                last = *at;
            }
            if let Some(end) = end {
                let (first, devices) = (first.unwrap_or_default(), devices.len());
                return Ok(Self { frames, devices, first, last, pause, end });
            }
        }
    }
}
