//! The bridge from outside: the shared vectors, the registry under damage, and the contract of the bus over both engines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "in a test a panic says where, and a task ends with its test"
)]

mod bus;
mod registry;
mod vectors;
