//! A swarm of devices that nobody can tell from real ones on the wire.

pub mod body;
mod control;
mod deck;
mod link;
mod load;
pub mod measure;
mod node;
pub mod recording;
pub mod report;
pub mod scenario;
mod simulation;
mod swarm;
mod swarms;
pub mod tape;
pub mod wearable;

pub use control::{Simulator, SimulatorOptions, SimulatorSettings, StartError, metrics_catalogue};
pub use load::{CommandFigures, LatencyFigures};
pub use simulation::{Live, Simulation, SimulationError};
pub use swarm::{Figures, Seen, Status, SwarmHandle, View};
pub use swarms::{Limits, SwarmError, Swarms};
