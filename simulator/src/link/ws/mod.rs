//! Devices over WebSockets to edges, as the stock firmware connects them.
//!
//! ```text
//!          ┌ WsLink ────────────────┐  bounded outbox   ┌ one task for each connection ────────────┐
//!  push ──▶│ Door of connection n:  │──────────────────▶│ write ┐                                  │
//!  seal ──▶│ devices n*k..(n+1)*k   │                   │       ├ WebSocket ⇄ edge n mod edges     │
//!          └────────────────────────┘    Shared:        │ read  ┘  lost: again after 5 s           │
//!                                    who is on it,      └──────┬───────────────────────────────────┘
//!  Incoming ◀──────────────────── does it stand ───────────────┘ commands
//! ```
//!
//! A connection is opened when its first device joins, and says goodbye when its last leaves. Whether it stands is known at each push, and
//! how much may wait for it, so that what was taken is lost only together with the connection, and counted then.
//!
//! With one device for each connection a frame is a message of its 20 digits, as the stock firmware sends it. Connections that devices share
//! behave as gateways: the lines of a seal are one message. On the wire nothing says which of the devices there a command is for, so each
//! gets one in turn: a command for all, which the edge sends once for each device, reaches each once.

mod common;
mod connection;
mod counts;
mod door;
mod edge;
mod handshake;
mod shared;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use counts::{ConnectFailure, WsCounts};
pub(crate) use edge::{Edge, EdgeUrlError};

use super::{Dropped, Incoming, LineBytes, Place, Push};
use bytes::Bytes;
use common::Common;
use connection::Connection;
use door::{Batch, Door, OUTBOX_OF_ONE, OUTBOX_SHARED, SLOW_FRAME};
use grouploop_bridge::{DeviceId, Space};
use handshake::Speed;
use rustc_hash::{FxHashMap, FxHashSet};
use shared::{Out, Shared};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// The stock firmware's pause before it tries again, without jitter.
pub(crate) const RECONNECT: Duration = Duration::from_secs(5);

/// Lines in one message of a shared connection: about 11 KB, of the 64 KiB that an edge takes.
const SHARED_MESSAGE_LINES: u32 = 512;

/// The longest line of the fault `malformed` that is sent.
const MAX_MALFORMED_BYTES: usize = 4096;

/// How the devices of a swarm or replay are connected.
#[derive(Debug, Clone)]
pub(crate) struct WsOptions {
    /// The space that they are in.
    pub(crate) space: Space,
    /// `ws://host:port` of each edge. A path is kept; without one it is that of the space.
    pub(crate) edges: Vec<String>,
    /// Devices that share a connection.
    pub(crate) devices_per_connection: u32,
    /// Places behind a slow link. On a connection of its own such a device reads slowly, too.
    pub(crate) slow: FxHashSet<Place>,
    /// The pause before a connection is tried again: [`RECONNECT`], other than in tests.
    pub(crate) reconnect: Duration,
}

/// The devices of one swarm or replay on their connections.
#[derive(Debug)]
pub(crate) struct WsLink {
    doors: Vec<Option<Door>>,
    /// Connections with lines that wait for the seal. One may stand here twice.
    unsealed: Vec<usize>,
    devices_per_connection: u32,
    /// Connections of one device that are slow.
    slow: FxHashSet<usize>,
    /// Slow devices on shared connections, and when each may send again: the others on the connection are not slower for them.
    slow_until: FxHashMap<Place, Instant>,
    common: Arc<Common>,
    runtime: Handle,
    tasks: TaskTracker,
    /// The connections of this link alone.
    own: TaskTracker,
}

impl WsLink {
    /// To be called on a runtime: the connections live there.
    ///
    /// # Errors
    /// An edge's URL that no device can use.
    pub(crate) fn try_new(
        options: WsOptions,
        incoming: mpsc::Sender<Incoming>,
        counts: Arc<WsCounts>,
        tasks: TaskTracker,
    ) -> Result<Self, EdgeUrlError> {
        let edges: Result<Vec<_>, _> = options.edges.iter().map(|url| Edge::parse(url, &options.space)).collect();
        let devices_per_connection = options.devices_per_connection.max(1);
        let shared = devices_per_connection > 1;
        Ok(Self {
            doors: Vec::new(),
            unsealed: Vec::new(),
            devices_per_connection,
            slow: options.slow.iter().filter(|_| !shared).map(|place| *place as usize).collect(),
            slow_until: options.slow.iter().filter(|_| shared).map(|place| (*place, Instant::now())).collect(),
            common: Arc::new(Common::new(edges?, options.reconnect, incoming, counts)),
            runtime: Handle::current(),
            tasks,
            own: TaskTracker::new(),
        })
    }

    /// Opens the device's connection if it is the first on it.
    pub(crate) fn join(&mut self, place: Place, _device: DeviceId) {
        let index = self.index(place);
        if self.doors.len() <= index {
            self.doors.resize_with(index + 1, || None);
        }
        if self.doors.get(index).is_some_and(Option::is_none) {
            let door = self.open(index);
            if let Some(free) = self.doors.get_mut(index) {
                *free = Some(door);
            }
        }
        if let Some(door) = self.door(place) {
            door.shared.join(place);
        }
    }

    /// Closes the device's connection if it is the last on it.
    pub(crate) fn leave(&mut self, place: Place, _device: DeviceId) {
        let index = self.index(place);
        let Some(slot) = self.doors.get_mut(index) else { return };
        if let Some(door) = slot.as_mut().filter(|door| door.shared.leave(place)) {
            door.flush();
            *slot = None;
        }
    }

    /// Devices do not come back. On the wire nothing says goodbye for one of several, so a shared connection whose other devices stay is made
    /// anew: then the edge forgets those that do not.
    pub(crate) fn remove(&mut self, places: Range<Place>) {
        let (first, last) = (self.index(places.start), self.index(places.end.saturating_sub(1)));
        for index in first..=last {
            let Some(door) = self.doors.get_mut(index).and_then(Option::as_mut) else { continue };
            let before = door.shared.staying().len();
            places.clone().filter(|place| (*place / self.devices_per_connection) as usize == index).for_each(|place| {
                door.shared.leave(place);
            });
            let staying = door.shared.staying();
            if staying.len() == before {
                continue;
            }
            door.flush();
            let anew = (!staying.is_empty()).then(|| self.open(index));
            if let Some(door) = &anew {
                for (place, silent) in staying {
                    door.shared.join(place);
                    if let Some(device) = silent {
                        door.shared.register(place, device);
                    }
                }
            }
            if let Some(slot) = self.doors.get_mut(index) {
                *slot = anew;
            }
        }
    }

    /// Whether the device's connection stands.
    pub(crate) fn connects(&self, place: Place) -> bool {
        let door = self.doors.get(self.index(place)).and_then(Option::as_ref);
        door.is_some_and(|door| door.shared.connected())
    }

    /// Devices on connections that stand.
    pub(crate) fn connected(&self) -> u64 {
        let standing = self.doors.iter().flatten().filter(|door| door.shared.connected());
        match self.devices_per_connection {
            1 => standing.count() as u64,
            _ => standing.map(|door| door.shared.len() as u64).sum(),
        }
    }

    /// A device that has joined and sends no frames is made known by its name, now and after each reconnect.
    pub(crate) fn register(&mut self, place: Place, device: DeviceId) {
        if let Some(door) = self.door(place) {
            door.register(place, device);
        }
    }

    /// Takes one frame; waits for nothing.
    #[inline]
    pub(crate) fn push(&mut self, place: Place, line: &LineBytes) -> Push {
        if self.devices_per_connection > 1 {
            if !self.slow_until.is_empty()
                && let Some(until) = self.slow_until.get_mut(&place)
            {
                let now = Instant::now();
                if now < *until {
                    return Push::Dropped(Dropped::SlowLink);
                }
                *until = now + SLOW_FRAME;
            }
            return self.add(place, line.trim_ascii_end());
        }
        match self.door(place) {
            Some(door) => door.send(Out::Frame(*line)),
            None => Push::Dropped(Dropped::NotConnected),
        }
    }

    /// Takes a line that is no frame, and sends it as it is. One of several KB is not sent.
    pub(crate) fn push_malformed(&mut self, place: Place, text: &str) -> Push {
        if text.len() > MAX_MALFORMED_BYTES {
            return Push::Dropped(Dropped::Malformed);
        }
        if self.devices_per_connection > 1 {
            return self.add(place, text.as_bytes());
        }
        match self.door(place) {
            Some(door) => door.send(Out::Text { text: Bytes::copy_from_slice(text.as_bytes()), frames: 1 }),
            None => Push::Dropped(Dropped::NotConnected),
        }
    }

    /// Sends the messages of shared connections.
    ///
    /// # Errors
    /// None: what cannot go was refused when it was pushed.
    pub(crate) fn seal(&mut self, _now: Instant) -> Result<(), Dropped> {
        for index in self.unsealed.drain(..) {
            if let Some(Some(door)) = self.doors.get_mut(index) {
                door.flush();
            }
        }
        Ok(())
    }

    /// All connections say goodbye; whatever the edges do, each has ended a second or so later.
    pub(crate) async fn close(mut self) {
        for door in self.doors.iter_mut().flatten() {
            door.flush();
        }
        self.doors.clear();
        self.own.close();
        self.own.wait().await;
    }

    fn index(&self, place: Place) -> usize {
        (place / self.devices_per_connection) as usize
    }

    #[inline]
    fn door(&mut self, place: Place) -> Option<&mut Door> {
        let index = self.index(place);
        self.doors.get_mut(index).and_then(Option::as_mut)
    }

    #[inline]
    fn add(&mut self, place: Place, line: &[u8]) -> Push {
        let Some(door) = self.door(place) else { return Push::Dropped(Dropped::NotConnected) };
        let (push, batch) = door.add(line);
        if batch == Batch::New {
            self.unsealed.push(self.index(place));
        }
        push
    }

    fn open(&self, index: usize) -> Door {
        let speed = if self.slow.contains(&index) { Speed::Slow } else { Speed::Full };
        let (outbox, waiting) =
            mpsc::channel(if self.devices_per_connection > 1 { OUTBOX_SHARED } else { OUTBOX_OF_ONE });
        let (leave, left) = oneshot::channel();
        let shared = Arc::new(Shared::default());
        let connection = Connection::new(self.common.clone(), index, shared.clone(), waiting, left, speed);
        self.tasks.spawn_on(self.own.track_future(connection.run()), &self.runtime);
        Door::new(shared, outbox, speed, leave)
    }
}
