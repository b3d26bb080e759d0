//! One swarm of a scenario: plain values, already checked.

use crate::body::WorldSettings;
use grouploop_bridge::{DeviceId, Space};
use std::time::Duration;

/// Devices that behave alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Swarm {
    /// What reports call it; no other swarm of the scenario has the name.
    pub name: String,
    /// The space that its devices are in.
    pub space: Space,
    /// Its devices, one at least.
    pub ids: Vec<DeviceId>,
    /// Frames a second of each device, 0.1 to 1,000.
    pub rate_hz: f64,
    /// How much later than its time a frame can be, at most the time between two.
    pub jitter: Duration,
    /// When it begins, after the scenario has.
    pub starts_after: Duration,
    /// In what time the devices appear, one after the other.
    pub ramp_up: Duration,
    /// How long it runs, from its beginning; `None` until it is stopped.
    pub duration: Option<Duration>,
    /// How the bodies move, and what is seen of it.
    pub world: WorldSettings,
    /// How its devices leave and return.
    pub churn: Churn,
    /// What goes wrong.
    pub faults: Faults,
    /// How its frames get out.
    pub transport: Transport,
    /// How its devices take commands.
    pub slot: CommandSlot,
    /// The commands that are sent to it; `None` for none.
    pub commands: Option<CommandLoad>,
}

/// How devices leave and return.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Churn {
    /// How often one device leaves, on average, 0 to 600 times a minute.
    pub leave_per_minute: f64,
    /// How long a device stays away.
    pub away: Duration,
    /// Many at once; `None` for never.
    pub storm: Option<Storm>,
}

/// Many devices leave at the same moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Storm {
    /// How often.
    pub every: Duration,
    /// How many.
    pub devices: Amount,
}

impl Default for Churn {
    fn default() -> Self {
        Self { leave_per_minute: 0.0, away: Duration::from_secs(10), storm: None }
    }
}

/// How many devices have each fault; one may have several.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Faults {
    /// Are there, and send nothing.
    pub silent: Amount,
    /// Send lines that are no frames.
    pub malformed: Amount,
    /// Send under the id of another device of the swarm, which sends too.
    pub duplicate_ids: Amount,
    /// Are behind a link that carries little.
    pub slow_links: Amount,
    /// Lose their connection again and again.
    pub flapping: Amount,
    /// Fetch firmware and cannot use it: they go on with what they have.
    pub failing_updates: Amount,
}

/// How many of the devices of a swarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// So many.
    Count(u32),
    /// A share of them, 0 to 1.
    Share(f64),
}

impl Default for Amount {
    fn default() -> Self {
        Self::Count(0)
    }
}

impl Amount {
    /// How many that is of so many devices, rounded, and never more than there are.
    #[must_use]
    pub fn of(self, devices: u32) -> u32 {
        match self {
            Self::Count(count) => count.min(devices),
            // A float cast keeps within the range of the type, and turns what is no number into 0.
            Self::Share(share) => ((f64::from(devices) * share).round() as u32).min(devices),
        }
    }
}

/// How frames get out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// Straight to the bus.
    Bus,
    /// Over WebSockets.
    Ws {
        /// The edges that connections are spread over, as `ws://host:port`; one at least.
        edges: Vec<String>,
        /// Devices that share a connection.
        devices_per_connection: u32,
    },
}

/// How a device takes commands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CommandSlot {
    /// Each of them.
    #[default]
    Queue,
    /// As the stock firmware does: of two within 10 ms the first is lost.
    Single,
    /// None at all: nobody can reach it. For load without commands, where interest in them would cost more than the frames.
    None,
}

/// Commands that are sent to a swarm.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandLoad {
    /// Commands a second in all, 0.001 to 10,000.
    pub per_second: f64,
    /// Whom each is for.
    pub target: CommandTarget,
    /// The commands as devices receive them (`led:ff0000`), sent in turn; one at least.
    pub which: Vec<String>,
}

/// Whom a command is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CommandTarget {
    /// One device after the other.
    #[default]
    Each,
    /// All of the space at once.
    All,
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn an_amount_is_a_share_or_a_number() {
        assert_eq!([Amount::Share(0.1).of(50), Amount::Share(1.0).of(7), Amount::Share(0.0).of(7)], [5, 7, 0]);
        assert_eq!([Amount::Count(1).of(50), Amount::Count(9).of(7), Amount::Share(f64::NAN).of(7)], [1, 7, 0]);
    }
}
