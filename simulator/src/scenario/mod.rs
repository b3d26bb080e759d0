//! A scenario: many simulated devices and their script, as a person writes it into a TOML file. Pure: text in, values out.
//!
//! ```text
//!  text ─▶ toml, with the place of each value ─▶ swarms, each checked ─▶ ids for all of them ─▶ Scenario
//!                                                        └── Mistakes, with their lines ──────▶ all of them at once
//! ```
//!
//! `simulator/scenarios/workshop.toml` shows every key there is. When the frames of a swarm are due is [`Schedule`]'s part.

mod duration;
mod ids;
mod keys;
mod mistakes;
mod read;
mod schedule;
mod swarm;
#[cfg(test)]
mod tests;

pub use duration::{DurationError, parse_duration};
pub use mistakes::Mistake;
pub use schedule::{Due, Schedule};
pub use swarm::{Amount, Churn, CommandLoad, CommandSlot, CommandTarget, Faults, Storm, Swarm, Transport};

use grouploop_bridge::Registry;
use mistakes::Mistakes;
use toml::de::DeTable;

/// Devices that a space can hold: an id has 16 bits.
pub const MAX_DEVICES: u32 = 65_536;
/// Swarms in one scenario.
pub const MAX_SWARMS: usize = 64;
/// Bytes of a scenario.
pub const MAX_SCENARIO_BYTES: usize = 1024 * 1024;

/// What a file of swarms says.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The swarms in the order of the file, at least one. No two have the same name, or the same id in the same space.
    pub swarms: Vec<Swarm>,
}

impl Scenario {
    /// Reads a scenario whose commands are those of the registry that the program brings along.
    ///
    /// # Errors
    /// Every mistake in it, by line.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        Self::parse_with(text, &Registry::built_in())
    }

    /// Reads a scenario whose commands are those of another registry.
    ///
    /// # Errors
    /// Every mistake in it, by line.
    pub fn parse_with(text: &str, registry: &Registry) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Mistakes::new(text);
        if text.len() > MAX_SCENARIO_BYTES {
            mistakes.note(0, format_args!("the scenario has {} bytes, it may have {MAX_SCENARIO_BYTES}", text.len()));
            return mistakes.or(Self { swarms: Vec::new() });
        }
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            mistakes.syntax(error.span().map_or(0, |span| span.start), error.message());
        }
        let swarms = read::swarms(table.get_ref(), registry, &mut mistakes);
        mistakes.or(Self { swarms })
    }
}
