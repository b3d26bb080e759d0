//! Watching a run: what of the frames that were sent arrives where people look, and how long it takes.
//!
//! ```text
//!  swarms ──sent──▶ ┌────────┐ ◀──received── bus viewer  ◀── telemetry of a space
//!   (before it      │ Ledger │               edge viewer ◀── ws://edge/spaces/<space>, as a browser
//!    goes out)      └────────┘                    one task each
//!                        │ counts, latency by class
//!                        ▼
//!                     Report
//! ```
//!
//! Devices stay what they are on the wire: nothing is added to a frame to find it again.

mod edge;
mod latency;
mod ledger;
#[cfg(test)]
mod tests;
mod track;
mod viewer;

pub use latency::Latency;
pub use ledger::{ClassCounts, Ledger};
pub use track::HISTORY;
pub use viewer::{MAX_VIEWERS, SharedLedger, Viewers, ViewersError, Watch, Watched};
