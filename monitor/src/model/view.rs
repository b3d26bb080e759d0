//! The system as it is shown: what `/api/system` answers. Rates are of about the last two seconds.

use grouploop_bridge::{DeviceId, NodeId, Space};
use serde::Serialize;

/// Everything.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct System {
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) version: String,
    pub(crate) commit: String,
    pub(crate) bus: BusView,
    pub(crate) nodes: Vec<NodeView>,
    pub(crate) spaces: Vec<SpaceView>,
    pub(crate) subjects: Vec<SubjectView>,
    pub(crate) rest: RestView,
    pub(crate) totals: TotalsView,
    pub(crate) nats: Vec<NatsView>,
    pub(crate) devices: DevicesView,
    pub(crate) troubles: Vec<Trouble>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct BusView {
    pub(crate) engine: &'static str,
    pub(crate) up: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) says: Option<String>,
    /// While it is not up: of when spaces, subjects and totals are, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) figures_at: Option<u64>,
}

/// Whether something is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NodeState {
    Live,
    Silent,
    Gone,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct NodeView {
    pub(crate) node: NodeId,
    pub(crate) role: String,
    pub(crate) version: String,
    pub(crate) commit: String,
    pub(crate) state: NodeState,
    /// Whether it said that it goes.
    pub(crate) leaving: bool,
    pub(crate) age_ms: u64,
    pub(crate) up_s: u64,
    pub(crate) clock_off_ms: Option<i64>,
    pub(crate) cores: Option<f64>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) connections: u64,
    pub(crate) devices: u64,
    pub(crate) viewers: u64,
    pub(crate) round_trip_us: Option<u64>,
    pub(crate) drops: Vec<DropView>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct DropView {
    pub(crate) reason: String,
    pub(crate) total: u64,
    pub(crate) per_s: f64,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct SpaceView {
    pub(crate) space: Space,
    pub(crate) devices: u64,
    pub(crate) viewers: u64,
    pub(crate) frames_per_s: f64,
    pub(crate) messages_per_s: f64,
    pub(crate) bytes_per_s: f64,
    pub(crate) commands_per_s: f64,
    pub(crate) answers: AnswersView,
    pub(crate) latency_us: Option<LatencyView>,
    pub(crate) clashes: usize,
}

/// Answers to commands, each a second.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct AnswersView {
    pub(crate) success: f64,
    pub(crate) failed: f64,
    pub(crate) sent_to_all: f64,
    pub(crate) error: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct LatencyView {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct SubjectView {
    pub(crate) subject: String,
    pub(crate) space: Option<Space>,
    pub(crate) kind: &'static str,
    pub(crate) node: Option<NodeId>,
    pub(crate) messages_per_s: f64,
    pub(crate) bytes_per_s: f64,
    /// Messages a second of the last seconds, the oldest first; 60 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) history: Option<Vec<f32>>,
}

/// What is beyond the bounds of the lists.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct RestView {
    pub(crate) spaces: u64,
    pub(crate) subjects: u64,
    pub(crate) messages_per_s: f64,
    pub(crate) bytes_per_s: f64,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct TotalsView {
    pub(crate) devices: u64,
    pub(crate) viewers: u64,
    pub(crate) frames_per_s: f64,
    pub(crate) messages_per_s: f64,
    pub(crate) bytes_per_s: f64,
    pub(crate) commands_per_s: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NatsState {
    Live,
    Away,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct NatsView {
    pub(crate) url: String,
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) state: NatsState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) says: Option<String>,
    pub(crate) age_ms: u64,
    pub(crate) connections: u64,
    pub(crate) routes: u64,
    pub(crate) slow_consumers: u64,
    pub(crate) pending_bytes: u64,
    pub(crate) in_messages_per_s: f64,
    pub(crate) in_bytes_per_s: f64,
    pub(crate) out_messages_per_s: f64,
    pub(crate) out_bytes_per_s: f64,
    pub(crate) memory_bytes: u64,
    pub(crate) cores: f64,
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct DevicesView {
    pub(crate) clashes: Vec<ClashView>,
    pub(crate) flapping: Vec<FlappingView>,
    pub(crate) silent: Vec<SilentView>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ClashView {
    pub(crate) space: Space,
    pub(crate) device: DeviceId,
    pub(crate) nodes: Vec<NodeId>,
    /// Milliseconds since 1970.
    pub(crate) since: u64,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct FlappingView {
    pub(crate) space: Space,
    pub(crate) device: DeviceId,
    pub(crate) times: usize,
    pub(crate) within_s: u64,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct SilentView {
    pub(crate) space: Space,
    pub(crate) device: DeviceId,
    pub(crate) node: NodeId,
    pub(crate) silent_ms: u64,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Trouble {
    pub(crate) kind: TroubleKind,
    pub(crate) about: String,
    pub(crate) text: String,
    /// Milliseconds since 1970.
    pub(crate) since: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TroubleKind {
    NodeGone,
    NodeSilent,
    NatsAway,
    BusAway,
    ClockOff,
    Clash,
    Flapping,
    Silent,
    Drops,
}

/// To a tenth: what is shown, and shorter on the wire.
pub(crate) fn rounded(rate: f64) -> f64 {
    (rate * 10.0).round() / 10.0
}
