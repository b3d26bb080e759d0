//! Stateless WebSocket node between devices, clients and the bus.

mod settings;

pub use settings::EdgeSettings;
