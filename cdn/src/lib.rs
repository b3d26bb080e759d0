//! The CDN: libraries for browsers, firmware for devices and the command registry for edges, over HTTP, on object storage.
//!
//! ```text
//!  GET ─▶ http ─▶ read ─▶ shelf ─▶ store ─▶ folder · S3 · Google · Azure · memory
//!  PUT ─▶ http ─▶ write ───────────▲ ▲
//!                       watch ─────┘ │ every second: is it there, is the registry another one? ─▶ gl.registry
//!                       fill ────────┘ what the program brings along
//!                 read ─▶ downloads ─────────────────────────────────────────────────────────▶ gl.cdn.firmware
//! ```

mod asset;
mod auth;
mod built_in;
mod cdn;
mod downloads;
mod error;
mod fill;
mod health;
mod http;
mod image;
mod keeping;
mod manifest;
mod metrics;
mod mistakes;
mod path;
mod read;
mod rollout;
mod settings;
mod shelf;
mod spaces;
mod state;
mod store;
mod watch;
mod write;

pub use cdn::{Cdn, CdnOptions, StartError};
pub use image::*;
pub use manifest::{Facts, Image, Manifest, TooManyBoards};
pub use metrics::metrics_catalogue;
pub use settings::CdnSettings;
pub use store::{OpenError, variables_complaints};
