//! What nodes tell each other on the control subjects, as JSON: heartbeats, presence, and the answers of a node that owns devices.
//! And the clock that orders ownership between nodes.

use crate::frame::DeviceId;
use crate::name::{NodeId, Space};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time between two heartbeats of a node.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
/// A node that was not heard for this long counts as gone.
pub const NODE_TIMEOUT: Duration = Duration::from_secs(3);
/// A device that sends no frame for this long counts as silent; the wire protocol says so.
pub const SILENT_AFTER: Duration = Duration::from_secs(5);
/// Devices in one [`RosterPage`] at most: about 60 bytes each, so a page stays under 64 KB.
pub const ROSTER_PAGE: usize = 1000;

/// `gl.node.<node>`: that a node lives and in which spaces it has devices, once a second and when a space gets its first device here. What it
/// does there is in its [`Report`](crate::Report).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Who.
    pub node: NodeId,
    /// `edge`, `simulator`, `cdn` …
    pub role: String,
    /// Version of the program.
    pub version: String,
    /// The node's ownership clock.
    pub clock: u64,
    /// `true` in the last one, when the node goes.
    #[serde(default)]
    pub leaving: bool,
    /// `true` when only the spaces named here have changed and nothing is said of others: sent when a space gets its first device or loses its
    /// last.
    #[serde(default)]
    pub partial: bool,
    /// Devices that it owns, by space; spaces without devices are left out, or 0 in a partial heartbeat.
    pub devices: BTreeMap<Space, u32>,
    /// Viewers, by space.
    #[serde(default)]
    pub viewers: BTreeMap<Space, u32>,
}

/// `gl.space.<space>.presence`: who came, who went, who is claimed by two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The node that speaks.
    pub node: NodeId,
    /// Devices that it owns from now on (or still, after a time without the bus), each with the time of its [`OwnershipClock`]. Another
    /// node that owns one with an earlier time lets go.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub joined: BTreeMap<DeviceId, u64>,
    /// Devices that it owned and that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<DeviceId>,
    /// Devices under whose id two live connections keep sending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clashes: Vec<DeviceId>,
}

/// What one node did with a command to all devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandReport {
    /// The node.
    pub node: NodeId,
    /// Devices whose connection the command was written to.
    pub sent: Vec<DeviceId>,
    /// Devices that it could not be written to.
    #[serde(default)]
    pub failed: Vec<DeviceId>,
}

/// Some of the devices that a node owns in a space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RosterPage {
    /// The node.
    pub node: NodeId,
    /// Number of this page, from 0.
    pub page: u32,
    /// Pages in all, at least 1.
    pub pages: u32,
    /// The devices, sorted by id.
    pub devices: Vec<RosterEntry>,
}

/// One device in a roster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RosterEntry {
    /// The device.
    pub id: DeviceId,
    /// Frames a second, over the last seconds.
    pub frames_per_second: f32,
    /// Milliseconds since its last frame; `null` before the first.
    pub last_seen_ms: Option<u64>,
    /// Since when its connection owns it, by the [`OwnershipClock`]; another time means that it went away and came back, or was taken over.
    #[serde(default)]
    pub claimed: u64,
    /// Before its first frame: milliseconds that it is there, by the clock of its node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute_ms: Option<u64>,
}

/// What a node says, as JSON; our own types always serialise.
#[must_use]
pub fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// A hybrid logical clock: milliseconds since 1970, never less than anything heard from another node, never the same twice.
///
/// It orders ownership: who took a device over after having heard of its owner has the later time, whatever the wall clocks say.
#[derive(Debug, Default)]
pub struct OwnershipClock(AtomicU64);

impl OwnershipClock {
    /// The next time, later than all before it.
    pub fn tick(&self) -> u64 {
        let wall =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(0));
        self.tick_at(wall)
    }

    fn tick_at(&self, wall: u64) -> u64 {
        let next = |last: u64| wall.max(last.saturating_add(1));
        let last = self.0.update(Ordering::AcqRel, Ordering::Acquire, next);
        next(last)
    }

    /// Takes note of a time that another node named.
    pub fn observe(&self, time: u64) {
        // A node with a broken clock must not drag all others to the end of time: more than a day ahead is not believed.
        const DAY_MS: u64 = 86_400_000;
        let wall =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(0));
        if time <= wall.saturating_add(DAY_MS) {
            self.0.fetch_max(time, Ordering::AcqRel);
        }
    }

    /// The latest time.
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_later_than_all_that_it_heard() {
        let clock = OwnershipClock::default();
        assert_eq!(clock.tick_at(100), 100);
        assert_eq!(clock.tick_at(50), 101, "a wall clock that goes back");
        clock.observe(500);
        assert_eq!(clock.tick_at(120), 501);
        let heard = clock.tick() + 60_000;
        clock.observe(heard);
        assert_eq!(clock.tick(), heard + 1, "another node's clock is a minute ahead");
        clock.observe(u64::MAX);
        assert!(clock.tick() < u64::MAX / 2, "nonsense is not believed");
    }

    #[test]
    fn presence_is_small_and_readable() {
        let presence = Presence {
            node: "edge-1".parse().unwrap(),
            joined: [(DeviceId(0x1a2b), 7)].into(),
            left: vec![],
            clashes: vec![],
        };
        let json = serde_json::to_string(&presence).unwrap();
        assert_eq!(json, r#"{"node":"edge-1","joined":{"1a2b":7}}"#);
        assert_eq!(serde_json::from_str::<Presence>(&json).unwrap(), presence);
    }
}
