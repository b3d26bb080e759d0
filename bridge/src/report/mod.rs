//! Reports: what a node tells of itself once a second, for whoever shows the whole system. Apart from heartbeats, which every node hears and
//! which say only what others need to know.
//!
//! ```text
//!  work ──▶ SpaceCounts (by batch, by command) ──▶ Ledger ──(once a second)──▶ Report, at most 8 KB ──▶ gl.node.<node>.report
//! ```

mod counts;
mod figures;
mod fit;
mod latency;
mod ledger;
mod run;
mod usage;

pub use counts::SpaceCounts;
pub use figures::SpaceFigures;
pub use ledger::Ledger;
pub use run::{ReportHost, Reporter, run_reports};

use crate::frame::DeviceId;
use crate::name::{NodeId, Space};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Time between two reports of a node.
pub const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Bytes of a report at most, so that with what the bus adds it is 8 KB a second.
pub const MAX_REPORT_BYTES: usize = 8_000;
/// Clashes that a report names at most.
const MAX_CLASHES: usize = 32;
/// Reasons of drops that a report names at most.
const MAX_REASONS: usize = 16;

/// `gl.node.<node>.report`: the figures of a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Who.
    pub node: NodeId,
    /// `edge`, `simulator`, `cdn` …
    pub role: String,
    /// Version of the program.
    pub version: String,
    /// The commit that it was built from; empty where nobody knows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commit: String,
    /// Another one for each start of the node: with it all counts begin anew.
    pub run: u64,
    /// `true` in the last one, when the node goes.
    #[serde(default)]
    pub leaving: bool,
    /// The node's clock: milliseconds since 1970.
    pub clock_ms: u64,
    /// Milliseconds since it started.
    pub up_ms: u64,
    /// CPU time that its process has spent.
    #[serde(default)]
    pub cpu_ms: Option<u64>,
    /// Memory of its process that is resident.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
    /// Open connections to it.
    #[serde(default)]
    pub connections: u64,
    /// How long the bus takes to answer it, in microseconds; `None` with the embedded bus, or when it did not.
    #[serde(default)]
    pub round_trip_us: Option<u64>,
    /// Frames that it dropped since its start, by reason.
    #[serde(default)]
    pub drops: BTreeMap<String, u64>,
    /// Devices of its own under whose id two live connections send now, by space; not all, when there are many.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clashes: BTreeMap<Space, Vec<DeviceId>>,
    /// The figures of all spaces together.
    pub all: SpaceFigures,
    /// Spaces that it has figures of.
    #[serde(default)]
    pub spaces_in_all: u64,
    /// The figures of the busiest of them: as many as fit.
    #[serde(default)]
    pub spaces: BTreeMap<Space, SpaceFigures>,
}
