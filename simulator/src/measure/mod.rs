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
mod error;
mod latency;
mod ledger;
mod post;
#[cfg(test)]
mod tests;
mod track;
mod viewer;

pub use error::{MAX_VIEWERS, ViewersError};
pub use latency::Latency;
pub use ledger::{ClassCounts, Ledger};
pub use post::SharedLedger;
pub use track::HISTORY;
pub use viewer::{Viewers, Watch, Watched};
