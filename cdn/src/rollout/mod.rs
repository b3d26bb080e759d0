//! Rollouts: an image for many devices, a few first, then in waves, run by a CDN and not by a page.
//!
//! ```text
//!  POST ─▶ api ─▶ definition ─▶ record ─▶ store: spaces/<space>/rollouts/<id>.json      what it is, and how far each device is
//!                                   └───▶ store: .grouploop/rollouts.json                 which are under way
//!  runner, one of all CDNs by the lease ─▶ drive, a task for each ─▶ course: who is told when, and what became of it
//!                                            │  ▲
//!                       ota: to the device ──┘  └── gl.cdn.firmware, rosters of the space, wishes in the record (pause, abort)
//! ```
//!
//! Whatever a page or a runner knows is in the record, so pages may go and come, and another CDN goes on where one died. The record has two
//! kinds of writers, the one runner and whoever wishes something, and the conditions of the store decide between them.

mod active;
mod address;
mod api;
mod course;
mod definition;
mod drive;
mod lease;
mod record;
mod runner;

pub(crate) use api::{create, list, show, wish};
pub(crate) use record::{State, Step};
pub(crate) use runner::Runner;
