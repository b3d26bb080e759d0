//! The server with real sockets: what it serves, whom it ends, and how it ends itself.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "in a test a panic says where")]

mod ending;
mod serving;
mod slow;
mod stage;
mod tls;
