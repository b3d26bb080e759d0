//! What a run reports at its end: plain values, the same as JSON and as a table for people, and whether the run is good enough.
//!
//! ```text
//!  swarms ── SwarmReport ─┐
//!  viewers ── Measured ───┼──▶ Report ──judge(Expectations)──▶ Verdict ──▶ exit code
//!  process ── RunReport ──┘      ├──▶ JSON   (the names of the fields are a public contract)
//!                                └──▶ table()
//! ```

mod expect;
mod grid;
mod judge;
mod measured;
mod table;
#[cfg(test)]
mod tests;
mod usage;

pub use expect::{ExpectError, Expectations};
pub use judge::{Judged, MAX_MISSED, Verdict};
pub use measured::{LatencyReport, Measured, MeasuredClass, MeasuredFigures, ViewerReport};
pub use usage::Usage;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A whole run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The run itself.
    pub run: RunReport,
    /// Each swarm, in the order of the scenario.
    pub swarms: Vec<SwarmReport>,
    /// What viewers saw; absent without `--measure`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// Whether it was good enough.
    pub verdict: Verdict,
}

/// When, how long, and at what cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The version of the program.
    pub version: String,
    /// When it began, in seconds since 1970 (Unix time).
    pub started_at_unix_s: u64,
    /// How long it sent, in seconds.
    pub duration_s: f64,
    /// CPU time of the process in it, in seconds; of the measuring too, when it was on.
    pub cpu_s: f64,
    /// The most memory that the process ever had, in bytes.
    pub peak_memory_bytes: u64,
    /// How often two live senders were found under one device id: twins of the scenario, or somebody else's devices.
    #[serde(default)]
    pub clashes: u64,
}

impl RunReport {
    /// A run that began then and took so long, and what the process spent from one look to another.
    #[must_use]
    pub fn new(started_at: SystemTime, duration: Duration, before: Usage, after: Usage) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at_unix_s: started_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            duration_s: duration.as_secs_f64(),
            cpu_s: after.cpu.saturating_sub(before.cpu).as_secs_f64(),
            peak_memory_bytes: after.peak_memory_bytes,
            clashes: 0,
        }
    }
}

/// One swarm, from its own side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SwarmReport {
    /// Its name: the class of its frames.
    pub name: String,
    /// Its space.
    pub space: String,
    /// Its devices.
    pub devices: u32,
    /// `bus` or `ws`.
    pub transport: String,
    /// Its frames.
    pub frames: FramesReport,
    /// Bytes of the frames that were sent, as lines.
    pub bytes: u64,
    /// Messages that they were sent in.
    pub messages: u64,
    /// Its connections to edges; absent when it is on the bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<ConnectionsReport>,
    /// Commands that reached its devices.
    pub commands: CommandsReport,
    /// Firmware updates of its devices.
    pub updates: UpdatesReport,
    /// Commands that were sent to it by the scenario; absent when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_load: Option<CommandLoadReport>,
}

/// Frames of a swarm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FramesReport {
    /// Frames that the schedule asked for.
    pub scheduled: u64,
    /// Frames that were sent.
    pub sent: u64,
    /// Frames that were made later than their time, whether sent or dropped.
    pub late: u64,
    /// Frames that were not made at all, because the generator was too far behind.
    pub skipped: u64,
    /// Frames that were made and not sent, by reason.
    pub dropped: BTreeMap<String, u64>,
}

impl FramesReport {
    /// Frames that were made and not sent, for all reasons.
    #[must_use]
    pub fn dropped_in_all(&self) -> u64 {
        self.dropped.values().sum()
    }
}

/// Connections of a swarm to edges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionsReport {
    /// Connections that were opened, again after a loss too.
    pub opened: u64,
    /// Connections that were lost without the scenario asking for it.
    pub lost: u64,
    /// Tries that failed, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: BTreeMap<String, u64>,
    /// Frames that counted as sent and were still waiting when their connection was lost.
    #[serde(default)]
    pub frames_lost: u64,
}

/// Commands that reached devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandsReport {
    /// Commands that arrived, one for each device.
    pub received: u64,
    /// Those of them that the next one overwrote, as the single slot of the firmware does.
    pub lost_in_slot: u64,
}

/// Firmware updates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatesReport {
    /// Devices that went to fetch an image.
    pub started: u64,
    /// Those that came back with it.
    pub succeeded: u64,
    /// Those that came back without.
    pub failed: u64,
    /// Those that ran the image already.
    #[serde(default)]
    pub unchanged: u64,
}

/// Commands that the scenario sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CommandLoadReport {
    /// Commands that were sent.
    pub sent: u64,
    /// Answered: a device has it.
    pub success: u64,
    /// Answered: no device has it.
    pub failed: u64,
    /// Not answered in time.
    pub no_answer: u64,
    /// Due and not sent: nobody was there to take them, or too many waited for answers.
    #[serde(default)]
    pub not_sent: u64,
    /// Half of the answers took no longer, in ms; absent without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    /// 99 of 100 answers took no longer, in ms; absent without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
}

impl Report {
    /// Judges the run: the verdict. Call it when all else is in the report.
    pub fn judge(&mut self, expectations: &Expectations) {
        self.verdict = Verdict::of(self, expectations);
    }
}
