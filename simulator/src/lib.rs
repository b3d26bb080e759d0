//! A swarm of devices that nobody can tell from real ones on the wire.

pub mod body;
pub mod recording;
pub mod scenario;
pub mod wearable;
