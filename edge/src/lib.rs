//! Stateless WebSocket node between devices, clients and the bus.
//!
//! ```text
//!  accept ─▶ worker (thread) ─▶ http ─▶ upgrade ─▶ connection ─┬─▶ owners   who owns which device
//!                                                              ├─▶ share    this worker's viewers and ticker
//!                                                              └─▶ dispatch commands to any edge
//!  space: owners + telemetry (batches, ring) + shares      on_the_bus: what an edge adds to what every node does there
//!  registry_loader: a task of its own                      node: what all of them stand on
//! ```

mod api;
mod connection;
mod dispatch;
mod edge;
mod goodbye;
mod http;
mod metrics;
mod node;
mod on_the_bus;
mod outcomes;
mod pace;
mod peer;
mod registry_loader;
mod ring;
mod settings;
mod share;
mod space;
mod state;
mod telemetry;
mod upgrade;
mod view;
mod worker;

pub use edge::{DrainOutcome, Edge, EdgeOptions};
pub use metrics::metrics_catalogue;
pub use settings::EdgeSettings;
