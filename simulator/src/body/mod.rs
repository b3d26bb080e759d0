//! Bodies on a floor and what their wearables sense: a pure, seeded model. Nothing here reads a clock, does I/O or sends.
//!
//! ```text
//!  NW beacon ───────────────── NE beacon      x to the east, y to the south, in metres
//!      │   bodies: walk, dance, │
//!      │   rest, flock, or turn │   ──step(dt)──▶ readings ──▶ frames of 21 bytes
//!      │   freely               │
//!  SW beacon ───────────────── SE beacon
//! ```
//!
//! The same seed and the same calls give the same bytes on every machine. So there is no transcendental function of the
//! platform here (only `+ - * /`, square roots, casts, and polynomials of our own), no hash map, and each device has a noise
//! stream of its own, so that one that comes or goes does not change another.

mod device;
mod flock;
mod math;
mod motion;
mod sensors;
mod settings;
mod world;

#[cfg(test)]
mod tests;

pub(crate) use math::wave;
pub use motion::{Motion, MotionMix};
pub use settings::{Floor, Radio, SettingError, Taps, WorldSettings};
pub use world::{BodyView, MAX_DEVICES, World};
