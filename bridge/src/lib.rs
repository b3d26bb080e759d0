//! What edges and simulators share: the wire codec, subjects, the command registry, and the bus with its two engines.

mod bus;

pub use bus::{BusSettings, EngineKind, NatsSettings};
