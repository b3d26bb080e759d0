//! What the stock firmware does with commands: six LEDs, a motor, updates. Pure: lines and the time in, states out.
//!
//! ```text
//!  line ──▶ CommandSlot (looks every 10 ms) ──▶ Wearable::obey ──▶ Outcome: done, printed, or an image to fetch
//!                                                   │
//!                                                   └─▶ Wearable::state(now): LEDs, motor, firmware
//! ```
//!
//! Time is what has passed since some start that the caller chose, the same for all calls. A wearable that never got a command
//! is a null pointer.

mod firmware;
mod lights;
mod obey;
mod pattern;
mod read;
mod slot;
mod state;

#[cfg(test)]
mod tests;

pub use firmware::{Activity, REBOOT};
pub use lights::{LEDS, Rgb};
pub use obey::Outcome;
pub use pattern::{Pattern, Spring};
pub use slot::{CommandSlot, LOOK_EVERY};
pub use state::{Wearable, WearableState};
