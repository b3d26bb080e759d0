//! The CDN over HTTP, on every kind of store that can be had on one machine: memory, a folder, and a real S3 server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "in a test a panic says where, and a task ends with its test"
)]

mod away;
mod built_in;
mod devices;
mod hostile;
mod large;
mod links;
mod raw;
mod reading;
mod rollouts;
mod same;
mod several;
mod spaces;
mod stage;
mod wearables;
mod writing;
