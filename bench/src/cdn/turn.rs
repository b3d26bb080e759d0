//! What a server gave in one turn.

use crate::metric::Metric;
use crate::swarm::Latency;
use serde::Serialize;

/// What a server gave in one turn.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Turn {
    pub(crate) requests_per_second: f64,
    pub(crate) mb_per_second: f64,
    pub(crate) latency: Latency,
    pub(crate) server_cores: f64,
    pub(crate) cpu_us_per_request: f64,
    /// wrk's own.
    pub(crate) generator_cores: f64,
    pub(crate) foreign_load: f64,
}

impl Turn {
    /// Of this turn alone, if it is something that a turn has.
    pub(super) fn figure(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::RequestsPerSecond => Some(self.requests_per_second),
            Metric::MegabytesPerSecond => Some(self.mb_per_second),
            Metric::CpuUsPerRequest => Some(self.cpu_us_per_request),
            _ => None,
        }
    }
}
