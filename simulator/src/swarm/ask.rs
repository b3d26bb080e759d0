//! What a running swarm can be asked, and what it answers.

use crate::body::{BodyView, Floor};
use crate::link::Place;
use crate::scenario::Swarm;
use crate::wearable::WearableState;
use grouploop_bridge::DeviceId;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Questions that may wait for a swarm.
pub(crate) const REQUEST_QUEUE: usize = 64;

/// Where a swarm is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its time has not come.
    Waiting,
    /// It runs.
    Running,
    /// It ran as long as it should.
    Finished,
    /// It was stopped.
    Stopped,
}

impl Status {
    /// Whether it is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Stopped)
    }
}

/// What a swarm is asked.
#[derive(Debug)]
pub(crate) enum Request {
    View { from: Place, limit: u32, answer: oneshot::Sender<View> },
    Device { device: DeviceId, answer: oneshot::Sender<Option<Seen>> },
    Change { plan: Arc<Swarm>, done: oneshot::Sender<()> },
}

/// Some of the devices of a swarm, as one draws them.
#[derive(Debug, Clone, Serialize)]
pub struct View {
    /// Since the swarm began.
    #[serde(skip)]
    pub at: Duration,
    /// The room.
    pub floor: Floor,
    /// All devices of the swarm, by number.
    pub devices: u32,
    /// Those that were asked for.
    pub seen: Vec<Seen>,
}

/// One device.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// Its number in the swarm, from 0.
    pub place: Place,
    /// Whether it has a connection.
    pub present: bool,
    /// Its body.
    pub body: BodyView,
    /// Its LEDs, motor and firmware.
    pub wearable: WearableState,
}
