//! A scenario: many simulated devices and their script, as a person writes it into a TOML file. Pure: text in, values out.
//!
//! ```text
//!  text ─▶ toml, with the place of each value ─▶ swarms, each checked ─▶ ids for all of them ─▶ Scenario
//!                                                        └── Mistakes, with their lines ──────▶ all of them at once
//! ```
//!
//! `simulator/scenarios/workshop.toml` shows every key there is. When the frames of a swarm are due is [`Schedule`]'s part.

mod describe;
mod duration;
mod examples;
mod ids;
mod keys;
mod mistakes;
mod read;
mod schedule;
mod swarm;
#[cfg(test)]
mod tests;

pub use describe::describe;
pub use duration::{DurationError, parse_duration, show_duration};
pub use examples::{EXAMPLES, summary};
pub use mistakes::Mistake;
pub(crate) use mistakes::{QuotedText, nearest};
pub(crate) use schedule::mixed;
pub use schedule::{Due, Schedule};
pub use swarm::{Amount, Churn, CommandLoad, CommandSlot, CommandTarget, Faults, Storm, Swarm, Transport};

use grouploop_bridge::{DeviceId, Registry, Space};
use mistakes::Mistakes;
use std::collections::BTreeSet;
use toml::de::DeTable;

/// Devices that a space can hold: an id has 16 bits.
pub const MAX_DEVICES: u32 = 65_536;
/// Swarms in one scenario.
pub const MAX_SWARMS: usize = 64;
/// Bytes of a scenario.
pub const MAX_SCENARIO_BYTES: usize = 1024 * 1024;

/// The edge of this machine, as its settings have it at first.
pub(crate) const EDGE: &str = "ws://127.0.0.1:5003";

/// What a scenario means where it says nothing, and the world that it is read for.
pub struct Given<'a> {
    /// The commands that there are.
    pub registry: &'a Registry,
    /// How frames get out when a swarm does not say.
    pub transport: Transport,
    /// The edge of swarms that go over WebSockets and name none, as `ws://host:port`.
    pub edge: &'a str,
    /// The ids of a space that others have: swarms that name none get what is left.
    pub taken: &'a dyn Fn(&Space) -> BTreeSet<DeviceId>,
    /// What swarms that name no ids get first, as far as it is free.
    pub first: &'a [DeviceId],
}

impl<'a> Given<'a> {
    /// Nobody else is there, and swarms go straight to the bus.
    #[must_use]
    pub fn alone(registry: &'a Registry) -> Self {
        Self { registry, transport: Transport::Bus, edge: EDGE, taken: &|_| BTreeSet::new(), first: &[] }
    }
}

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
        Self::parse_given(text, &Given::alone(registry))
    }

    /// Reads a scenario for a world in which there may be other swarms.
    ///
    /// # Errors
    /// Every mistake in it, by line.
    pub fn parse_given(text: &str, given: &Given<'_>) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Mistakes::new(text);
        if text.len() > MAX_SCENARIO_BYTES {
            mistakes.note(0, format_args!("the scenario has {} bytes, it may have {MAX_SCENARIO_BYTES}", text.len()));
            return mistakes.or(Self { swarms: Vec::new() });
        }
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            mistakes.syntax(error.span().map_or(0, |span| span.start), error.message());
        }
        let swarms = read::swarms(table.get_ref(), given, &mut mistakes);
        mistakes.or(Self { swarms })
    }
}
