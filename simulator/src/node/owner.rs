//! A swarm, or a replay, as the owner of its devices.

use crate::link::{Incoming, To};
use bytes::Bytes;
use grouploop_bridge::{DeviceId, OwnerId};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// Who owns devices, and takes their commands in.
#[derive(Debug)]
pub(crate) struct Owner {
    id: OwnerId,
    /// Where commands go; `None` when its devices take none.
    commands: Option<mpsc::Sender<Incoming>>,
    devices: AtomicU64,
}

impl Owner {
    pub(crate) fn new(id: OwnerId, commands: Option<mpsc::Sender<Incoming>>) -> Self {
        Self { id, commands, devices: AtomicU64::new(0) }
    }

    /// Hands a command to a device. `false` when so many wait that it cannot be taken, or nobody is there any more.
    pub(super) fn hand_over(&self, device: DeviceId, text: Bytes) -> bool {
        let command = Incoming { to: To::Device(device), text };
        self.commands.as_ref().is_some_and(|commands| commands.try_send(command).is_ok())
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
        self.commands.is_some()
    }
}
