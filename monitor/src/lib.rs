//! The monitor: the live system at a glance, for pages and terminals.
//!
//! ```text
//!  bus ── reports, presence, heartbeats … ─▶ hearing ─┐             ┌─▶ http: /api/system, /api/stream
//!  NATS servers ── /varz, /routez, /connz ─▶ polling ─┼─▶ model ────┤    (a picture a second, the same for all)
//!  bus ◀── who is in a space? ── rosters ─────────────┘             └─▶ rosters that are worth asking for
//!  bus ── any subject ─▶ tap ─▶ http: /api/tap
//! ```
//!
//! It changes nothing and keeps nothing. What it shows is of the last seconds, and what it no longer hears it shows as such.

mod hearing;
mod http;
mod metrics;
mod model;
mod monitor;
mod picture;
mod polling;
mod rosters;
mod settings;
mod state;
mod tap;

pub use metrics::metrics_catalogue;
pub use monitor::{Monitor, MonitorOptions, StartError};
pub use settings::MonitorSettings;
