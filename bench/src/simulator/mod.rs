//! The simulator: how many frames it sends, at what cost, how fast its bodies are, and whether its replay keeps time.
//!
//! ```text
//!  grouploop simulate ──frames──▶ nats-server, or an edge
//!    │ process of its own;           CPU of both, memory of the first read from /proc
//!    └──▶ report, as JSON
//! ```
//!
//! Here a program of the product generates the load, so it says itself what it sent, and is held to its own schedule.

mod bodies;
mod nats;
pub(crate) mod ran;
mod replay;
mod run;

pub(crate) use bodies::bodies;
pub(crate) use replay::replay;
pub(crate) use run::{Crowd, on_bus, over_sockets};
