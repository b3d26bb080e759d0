//! What the monitor tells of the system, as far as it is shown here. What an older or newer monitor leaves out is nothing, not an error.

use serde::Deserialize;

/// The system, once a second.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct System {
    pub(super) at: u64,
    pub(super) version: String,
    pub(super) bus: Bus,
    pub(super) nodes: Vec<Node>,
    pub(super) spaces: Vec<Space>,
    pub(super) subjects: Vec<Subject>,
    pub(super) rest: Rest,
    pub(super) totals: Totals,
    pub(super) nats: Vec<Server>,
    pub(super) troubles: Vec<Trouble>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Bus {
    pub(super) engine: String,
    /// `Some(false)`: nodes are not heard.
    pub(super) up: Option<bool>,
    /// Of when the figures are while it is not, in milliseconds since 1970.
    pub(super) figures_at: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    pub(super) node: String,
    pub(super) role: String,
    pub(super) version: String,
    /// `live`, `silent` or `gone`.
    pub(super) state: String,
    pub(super) leaving: bool,
    pub(super) age_ms: u64,
    pub(super) cores: Option<f64>,
    pub(super) memory_bytes: Option<f64>,
    pub(super) connections: u64,
    pub(super) devices: u64,
    pub(super) viewers: u64,
    pub(super) round_trip_us: Option<f64>,
    pub(super) drops: Vec<Drops>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Drops {
    pub(super) per_s: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Space {
    pub(super) space: String,
    pub(super) devices: u64,
    pub(super) viewers: u64,
    pub(super) frames_per_s: f64,
    pub(super) messages_per_s: f64,
    pub(super) bytes_per_s: f64,
    pub(super) commands_per_s: f64,
    pub(super) answers: Answers,
    pub(super) latency_us: Option<Latency>,
    pub(super) clashes: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answers {
    pub(super) success: f64,
    pub(super) failed: f64,
    pub(super) sent_to_all: f64,
    pub(super) error: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Subject {
    pub(super) subject: String,
    pub(super) node: Option<String>,
    pub(super) messages_per_s: f64,
    pub(super) bytes_per_s: f64,
    pub(super) history: Option<Vec<f64>>,
}

/// What is beyond the lists.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rest {
    pub(super) spaces: u64,
    pub(super) subjects: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Totals {
    pub(super) devices: u64,
    pub(super) viewers: u64,
    pub(super) frames_per_s: f64,
    pub(super) messages_per_s: f64,
    pub(super) bytes_per_s: f64,
    pub(super) commands_per_s: f64,
}

/// A NATS server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Server {
    pub(super) url: String,
    pub(super) name: Option<String>,
    /// `live` or `away`.
    pub(super) state: String,
    pub(super) age_ms: u64,
    pub(super) connections: u64,
    pub(super) routes: u64,
    pub(super) slow_consumers: u64,
    pub(super) pending_bytes: f64,
    pub(super) in_messages_per_s: f64,
    pub(super) out_messages_per_s: f64,
    pub(super) memory_bytes: f64,
    pub(super) cores: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Trouble {
    pub(super) text: String,
    /// Milliseconds since 1970, by the monitor's clock.
    pub(super) since: u64,
}
