//! What one run of the simulator did, and what it cost.

use serde::Serialize;
use std::collections::BTreeMap;

/// One run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Run {
    pub(crate) devices: u32,
    /// How long it was to send.
    pub(crate) seconds: f64,
    pub(crate) scheduled: u64,
    pub(crate) sent: u64,
    /// Late or skipped.
    pub(crate) missed: u64,
    /// By reason.
    pub(crate) dropped: BTreeMap<String, u64>,
    /// Connections that were opened, and those of them that were lost.
    pub(crate) connections: (u64, u64),
    /// In the measured window.
    pub(crate) simulator_cores: f64,
    pub(crate) server_cores: f64,
    pub(crate) cpu_us_per_frame: f64,
    pub(crate) foreign_load: f64,
    /// The most memory that the simulator ever had.
    pub(crate) peak_bytes: u64,
}
