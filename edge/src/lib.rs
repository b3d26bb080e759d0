//! Stateless WebSocket node between devices, clients and the bus.
//!
//! ```text
//!  accept ─▶ worker (thread) ─▶ http ─▶ upgrade ─▶ connection ─┬─▶ owners   who owns which device
//!                                                              ├─▶ share    this worker's viewers and ticker
//!                                                              └─▶ dispatch commands to any edge
//!  space: owners + telemetry (batches, ring) + shares      space_bus: keeps the bus in line with them
//!  heartbeat, registry_loader: one task each               node: what all of them stand on
//! ```

mod api;
mod connection;
mod contest;
mod dispatch;
mod edge;
mod heartbeat;
mod http;
mod interest;
mod metrics;
mod node;
mod others;
mod owners;
mod pace;
mod peer;
mod registry_loader;
mod ring;
mod settings;
mod share;
mod space;
mod space_bus;
mod state;
mod telemetry;
mod upgrade;
mod view;
mod worker;

pub use edge::{DrainOutcome, Edge, EdgeOptions};
pub use settings::EdgeSettings;
