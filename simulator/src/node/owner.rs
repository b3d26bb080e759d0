//! A swarm, or a replay, as the owner of its devices.

use bytes::Bytes;
use grouploop_bridge::{DeviceId, OwnerId};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Takes a command in, without waiting. `false` when so many wait that it cannot be taken, or nobody is there any more.
pub(crate) type TakeIn = Box<dyn Fn(Reach, Bytes) -> bool + Send + Sync>;

/// Whom a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// One device.
    One(DeviceId),
    /// All devices of the owner.
    All,
}

/// Who owns devices, and takes their commands in.
pub(crate) struct Owner {
    id: OwnerId,
    /// `None` when its devices take none.
    take_in: Option<TakeIn>,
    devices: AtomicU64,
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner").field("id", &self.id).field("devices", &self.devices).finish_non_exhaustive()
    }
}

impl Owner {
    pub(crate) fn new(id: OwnerId, take_in: Option<TakeIn>) -> Self {
        Self { id, take_in, devices: AtomicU64::new(0) }
    }

    /// Hands a command over; see [`TakeIn`].
    pub(super) fn hand_over(&self, reach: Reach, text: Bytes) -> bool {
        self.take_in.as_ref().is_some_and(|take_in| take_in(reach, text))
    }
}

impl grouploop_bridge::Owner for Owner {
    fn id(&self) -> OwnerId {
        self.id
    }

    fn gained(&self) {
        self.devices.fetch_add(1, Ordering::Relaxed);
    }

    fn lost(&self) {
        self.devices.fetch_sub(1, Ordering::Relaxed);
    }

    fn takes_commands(&self) -> bool {
        self.take_in.is_some()
    }
}
