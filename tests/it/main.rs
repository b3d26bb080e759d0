//! Whole systems: the real binary as processes, a real nats-server, real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "in a test a panic says where, and a task ends with its test"
)]

mod stage;

mod cdn;
mod cluster;
mod commands;
mod docs;
mod faults;
mod firmware;
mod hostile;
mod http;
mod monitor;
mod monitoring;
mod ownership;
mod parameters;
mod program;
mod recordings;
mod registry;
mod rights;
mod rollouts;
mod simulate;
mod simulator;
mod stack;
mod subscriptions;
mod telemetry;
mod tls;
mod traces;
mod transport;
mod ui;
