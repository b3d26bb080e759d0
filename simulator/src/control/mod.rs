//! The simulator as a service: its swarms over HTTP, for pages and scripts.
//!
//! ```text
//!  page, curl ─▶ http (whose page is it?) ─▶ api ─▶ definition: JSON ─▶ TOML ─▶ scenario reader ─▶ Swarms ─▶ bus
//!                   │                                                                                │
//!                   └── WebSocket ─▶ stream ◀─ picture ◀── at most one at a time ◀── View ───────────┘
//! ```
//!
//! A definition is a `[[swarm]]` table of a scenario, and the scenario's reader says what is wrong with it: there is one set of rules.
//! What is normative for those who call it is `openapi.json` and `docs/simulator.md`.

mod api;
mod definition;
mod error;
mod http;
mod metrics;
mod path;
mod picture;
mod recordings;
mod settings;
mod simulator;
mod state;
mod stream;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use definition::as_toml as definition_as_toml;
pub use metrics::metrics_catalogue;
pub use settings::SimulatorSettings;
pub use simulator::{Simulator, SimulatorOptions, StartError};
