//! The monitor from outside, on the embedded bus: what it answers, its bounds, and what it does not do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "in a test a panic says where, and a task ends with its test"
)]

mod answers;
mod stage;
mod streams;
mod tap;
