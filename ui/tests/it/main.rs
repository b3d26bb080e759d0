//! The pages' server over real sockets, with a real CDN behind it and pages that are made up: no test needs the front end built.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "in a test a panic says where, and a task ends with its test"
)]

mod apps;
mod cdn;
mod config;
mod hostile;
mod lodger;
mod pages;
mod readme;
mod stage;
mod status;
