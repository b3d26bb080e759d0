//! The stack of `compose.yaml` without an engine.
//!
//! Docker Compose itself reads the file and puts the environment into it; containers become processes, each with a loopback address of its
//! own and the ports that it has in its container, and names become addresses.

pub mod compose;
mod processes;
mod resolver;

pub use processes::Stack;
