//! How devices are connected: straight to the bus, or over WebSockets to edges. Who makes frames knows no more of it than this.
//!
//! ```text
//!  swarm, replay ──join, push, seal, leave──▶ Link ──▶ bus │ edges
//!       ▲                                       │
//!       └───────────── Incoming (commands) ◀────┘
//! ```

mod bus;
pub(crate) mod ws;

pub(crate) use bus::{BusLink, Special};
pub(crate) use ws::{ConnectFailure, Edge, RECONNECT, WsCounts, WsLink, WsOptions};

use bytes::Bytes;
use grouploop_bridge::{DeviceId, LINE_LEN, PublishError};
use tokio::time::Instant;

/// A device's number in its swarm or replay, from 0: what distinguishes twins that send under one id.
pub(crate) type Place = u32;

/// One frame as a line of the wire.
pub(crate) type LineBytes = [u8; LINE_LEN];

/// Commands that may wait for whoever makes the frames of a link.
pub(crate) const INCOMING_QUEUE: usize = 16_384;

/// A command that reached a device: `<command>:<parameters>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Incoming {
    /// Whom it reached.
    pub(crate) to: To,
    /// The text as it arrived; any bytes may be in it.
    pub(crate) text: Bytes,
}

/// Whom a command reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// Every device of this id: the bus knows ids.
    Device(DeviceId),
    /// The device at the other end of a connection.
    Place(Place),
    /// All devices of an owner.
    All(Kin),
}

/// Which of a swarm's two owners on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kin {
    /// That of devices with an id of their own.
    Own,
    /// That of twins.
    Twins,
}

/// What became of a frame that was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Push {
    /// It goes with the next seal.
    Taken,
    /// The same, and nothing more fits: seal now.
    Full,
    /// It does not go.
    Dropped(Dropped),
}

/// Why a frame did not go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// The bus did not take it.
    Bus(PublishError),
    /// There has been no connection to an edge yet.
    Connecting,
    /// There is no connection to an edge now.
    NotConnected,
    /// The connection is so slow that too much waits for it already.
    ConnectionFull,
    /// The link is slow on purpose (a fault of the scenario).
    SlowLink,
    /// The line is none that an edge passes on (a fault of the scenario).
    Malformed,
}

impl Dropped {
    /// All reasons, as labels.
    pub(crate) const REASONS: [&'static str; 8] = [
        "bus_away",
        "bus_full",
        "bus_too_large",
        "not_connected",
        "connection_full",
        "slow_link",
        "malformed",
        "connecting",
    ];

    /// Its place in [`Dropped::REASONS`].
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Bus(PublishError::Away) => 0,
            Self::Bus(PublishError::Full) => 1,
            Self::Bus(PublishError::TooLarge) => 2,
            Self::NotConnected => 3,
            Self::ConnectionFull => 4,
            Self::SlowLink => 5,
            Self::Malformed => 6,
            Self::Connecting => 7,
        }
    }

    /// The reason as a label of bounded values.
    pub(crate) fn reason(self) -> &'static str {
        Self::REASONS.get(self.index()).copied().unwrap_or_default()
    }
}

/// What the devices of one swarm or replay are connected with.
#[derive(Debug)]
pub(crate) enum Link {
    /// Straight to the bus.
    Bus(BusLink),
    /// Over WebSockets to edges.
    Ws(WsLink),
}

impl Link {
    /// A device appears: from now on it may send. Commands reach it after its first frame, or when it has been registered.
    pub(crate) fn join(&mut self, place: Place, device: DeviceId) {
        match self {
            Self::Bus(link) => link.join(place, device),
            Self::Ws(link) => link.join(place, device),
        }
    }

    /// A device disappears with its connection; nothing happens to one that has not joined.
    pub(crate) fn leave(&mut self, place: Place, device: DeviceId) {
        match self {
            Self::Bus(link) => link.leave(place, device),
            Self::Ws(link) => link.leave(place, device),
        }
    }

    /// Takes one frame of a device that has joined. Nothing waits here.
    #[inline]
    pub(crate) fn push(&mut self, place: Place, line: &LineBytes) -> Push {
        match self {
            Self::Bus(link) => link.push(place, line),
            Self::Ws(link) => link.push(place, line),
        }
    }

    /// Takes a line that is no frame, of a device that has joined (a fault of the scenario).
    pub(crate) fn push_malformed(&mut self, place: Place, text: &str) -> Push {
        match self {
            // An edge passes no such line on to the bus.
            Self::Bus(_) => Push::Dropped(Dropped::Malformed),
            Self::Ws(link) => link.push_malformed(place, text),
        }
    }

    /// Makes a device known that has joined and sends no frames (a fault of the scenario).
    pub(crate) fn register(&mut self, place: Place, device: DeviceId) {
        match self {
            Self::Bus(link) => link.register(place, device),
            Self::Ws(link) => link.register(place, device),
        }
    }

    /// Sends what was pushed since the last seal.
    ///
    /// # Errors
    /// Why all of it was dropped.
    pub(crate) fn seal(&mut self, now: Instant) -> Result<(), Dropped> {
        match self {
            Self::Bus(link) => link.seal(now),
            Self::Ws(link) => link.seal(now),
        }
    }

    /// Devices are gone for good, not for a while: all from a place on. `ids` are those of all places.
    pub(crate) fn remove(&mut self, from: Place, ids: &[DeviceId]) {
        let end = Place::try_from(ids.len()).unwrap_or(Place::MAX);
        match self {
            Self::Bus(link) => {
                (from..end).zip(ids.iter().skip(from as usize)).for_each(|(place, id)| link.leave(place, *id))
            }
            Self::Ws(link) => link.remove(from..end.max(from)),
        }
    }

    /// Whether the device can be reached now: on the bus it is owned here, over WebSocket its connection stands.
    pub(crate) fn reaches(&self, place: Place) -> bool {
        match self {
            Self::Bus(link) => link.owns(place),
            Self::Ws(link) => link.connects(place),
        }
    }

    /// Whether a device that has joined has a connection.
    pub(crate) fn connects(&self, place: Place) -> bool {
        match self {
            // A device on the bus has no connection of its own that could be missing.
            Self::Bus(_) => true,
            Self::Ws(link) => link.connects(place),
        }
    }

    /// How many devices have a connection; `None` on the bus, where all that have joined do.
    pub(crate) fn connected(&self) -> Option<u64> {
        match self {
            Self::Bus(_) => None,
            Self::Ws(link) => Some(link.connected()),
        }
    }

    /// Ends: every device leaves.
    pub(crate) async fn close(self) {
        match self {
            Self::Bus(link) => link.close().await,
            Self::Ws(link) => link.close().await,
        }
    }
}
