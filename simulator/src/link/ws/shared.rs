//! What the link and the task of one connection have in common: who is on it, whether it stands, and what it is to send.

use crate::link::{LineBytes, Place};
use bytes::Bytes;
use grouploop_bridge::DeviceId;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What waits in an outbox.
#[derive(Debug)]
pub(super) enum Out {
    /// The frame of the only device: its digits go out.
    Frame(LineBytes),
    /// A message as it is, with so many frames in it.
    Text { text: Bytes, frames: u32 },
    /// Somebody has come that is to be registered: look into [`Shared`].
    Look,
}

impl Out {
    /// Frames that are lost when it is not written.
    pub(super) fn frames(&self) -> u32 {
        match self {
            Self::Frame(_) => 1,
            Self::Text { frames, .. } => *frames,
            Self::Look => 0,
        }
    }
}

/// One connection, seen from both sides.
#[derive(Debug, Default)]
pub(super) struct Shared {
    connected: AtomicBool,
    /// It has been connected before.
    was_connected: AtomicBool,
    has_late: AtomicBool,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    joined: BTreeSet<Place>,
    /// Whom the newest command went to.
    last: Option<Place>,
    /// Devices that are registered by name, because they send no frames.
    silent: BTreeMap<Place, DeviceId>,
    /// Those of them that came while the connection stood.
    late: BTreeMap<Place, DeviceId>,
}

impl Shared {
    #[inline]
    pub(super) fn connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }

    /// Whether it stands, or has stood.
    pub(super) fn was_connected(&self) -> bool {
        self.was_connected.load(Ordering::Acquire)
    }

    /// The connection stands; returns who is to be registered on it.
    pub(super) fn connect(&self) -> Vec<DeviceId> {
        let mut members = self.members();
        members.late.clear();
        self.has_late.store(false, Ordering::Release);
        // Under the lock, so that whoever registers is either in the list or sees that we are connected.
        self.connected.store(true, Ordering::Release);
        self.was_connected.store(true, Ordering::Release);
        members.silent.values().copied().collect()
    }

    pub(super) fn disconnect(&self) {
        self.connected.store(false, Ordering::Release);
    }

    pub(super) fn join(&self, place: Place) {
        self.members().joined.insert(place);
    }

    /// Whether nobody is left.
    pub(super) fn leave(&self, place: Place) -> bool {
        let mut members = self.members();
        members.joined.remove(&place);
        members.silent.remove(&place);
        members.late.remove(&place);
        members.joined.is_empty()
    }

    /// How many are on it.
    pub(super) fn len(&self) -> usize {
        self.members().joined.len()
    }

    /// Who is on it, each with its id when it is registered by name.
    pub(super) fn staying(&self) -> Vec<(Place, Option<DeviceId>)> {
        let members = self.members();
        members.joined.iter().map(|place| (*place, members.silent.get(place).copied())).collect()
    }

    /// From now on the device is named after each connect; whether it has to be named now as well.
    pub(super) fn register(&self, place: Place, device: DeviceId) -> bool {
        let mut members = self.members();
        if members.silent.insert(place, device) == Some(device) || !self.connected() {
            return false;
        }
        members.late.insert(place, device);
        self.has_late.store(true, Ordering::Release);
        true
    }

    /// Who is to be registered and was not there when the connection was made.
    #[inline]
    pub(super) fn late(&self) -> Vec<DeviceId> {
        if !self.has_late.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut members = self.members();
        self.has_late.store(false, Ordering::Release);
        std::mem::take(&mut members.late).into_values().collect()
    }

    /// Whom a command is taken to be for: each that is here in turn.
    pub(super) fn next_for_command(&self) -> Option<Place> {
        let mut members = self.members();
        let after = members.last.map_or(Bound::Unbounded, Bound::Excluded);
        let next = members.joined.range((after, Bound::Unbounded)).next().or_else(|| members.joined.first()).copied();
        members.last = next;
        next
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
