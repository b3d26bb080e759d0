//! The bus.

mod settings;

pub use settings::{BusSettings, EngineKind, NatsSettings};
