//! What is sent beside swarms from the same node, and counts as theirs does: replays.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Frames a second of all that is no swarm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside(Arc<AtomicU64>);

/// One's part of it, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    of: Beside,
    frames_per_second: u64,
}

impl Beside {
    /// All of it now.
    pub(crate) fn frames_per_second(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes a part.
    pub(crate) fn share(&self, frames_per_second: u64) -> Share {
        self.0.fetch_add(frames_per_second, Ordering::Relaxed);
        Share { of: self.clone(), frames_per_second }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.0.fetch_sub(self.frames_per_second, Ordering::Relaxed);
    }
}
