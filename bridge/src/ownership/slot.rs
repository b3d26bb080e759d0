//! The slot of a device: what its owner writes with each frame and others only read.

use super::OwnerId;
use std::sync::atomic::{AtomicU64, Ordering};

/// The hot side of one device: written by its owner with each frame.
#[derive(Debug, Default)]
pub struct Slot {
    owner: AtomicU64,
    frames: AtomicU64,
    last_seen_ms: AtomicU64,
}

impl Slot {
    /// Whether this one owns the device now.
    #[inline]
    #[must_use]
    pub fn is_owned_by(&self, owner: OwnerId) -> bool {
        self.owner.load(Ordering::Acquire) == owner
    }

    /// Counts a frame of this one when it is the owner, at the time of [`Owners::now_ms`](super::Owners::now_ms). `false` when it has to
    /// [claim](super::Owners::claim) the device first.
    #[inline]
    pub fn note_frame(&self, owner: OwnerId, now_ms: u64) -> bool {
        if self.owner.load(Ordering::Acquire) != owner {
            return false;
        }
        // Only the owner's task writes.
        self.frames.store(self.frames.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.last_seen_ms.store(now_ms, Ordering::Relaxed);
        true
    }

    /// Another one owns it from now on, or nobody.
    pub(super) fn set_owner(&self, owner: OwnerId) {
        self.owner.store(owner, Ordering::Release);
    }

    /// Frames of all owners.
    pub(super) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// When the last frame was; `None` before the first.
    pub(super) fn last_seen_ms(&self) -> Option<u64> {
        (self.frames() > 0).then(|| self.last_seen_ms.load(Ordering::Relaxed))
    }
}
