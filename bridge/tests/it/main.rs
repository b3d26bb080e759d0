//! The bridge from outside: the shared vectors, the registry under damage, the contract of the bus over both engines, how the
//! NATS engine notices losses, and a node that owns devices on the bus.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "in a test a panic says where, and a task ends with its test"
)]

mod bus;
mod losses;
mod ownership;
mod registry;
mod vectors;
