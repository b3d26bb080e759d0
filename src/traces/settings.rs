//! `[tracing]`.

use serde::Deserialize;

/// `[tracing]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TracingSettings {
    /// Where a collector takes OTLP over HTTP; empty for no traces.
    pub(crate) endpoint: String,
    /// One frame in so many is traced; 0 for none.
    pub(crate) frames: u64,
}
