//! The stack of `compose.yaml` without an engine: what its files say, and all of it as processes.

mod files;
mod image;
mod running;
mod values;
