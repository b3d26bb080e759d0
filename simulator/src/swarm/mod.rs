//! Swarms while they run: bodies, wearables, comings and goings, on a link.
//!
//! ```text
//!  Frames (what is due) ──┐
//!  Roll (who is there) ───┼──▶ Run, one task ──▶ Link ──▶ bus │ edges
//!  Crew (wearables) ◀─────┘        │  ▲ ◀─────── Incoming
//!        └── wishes ──▶ Fetcher    │  └── Request (change, view) ◀── SwarmHandle
//!                                  └──▶ Counts, and what is measured
//! ```

mod ask;
mod counts;
mod crew;
mod fetch;
mod frames;
mod handle;
mod outlet;
mod roll;
mod run;
mod watched;

pub use ask::{Seen, Status, View};
pub use counts::Figures;
pub(crate) use fetch::Fetcher;
#[cfg(test)]
pub(crate) use fetch::tests::image;
pub use handle::SwarmHandle;
pub(crate) use handle::can_change;
pub(crate) use watched::Watched;
