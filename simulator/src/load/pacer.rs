//! Which command is due when, and for whom.

use super::Appeared;
use crate::scenario::{CommandTarget, Swarm};
use grouploop_bridge::Target;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A command that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    /// When it was to be sent.
    pub(super) at: Instant,
    pub(super) target: Target,
    /// `<command>:<parameters>`.
    pub(super) text: String,
}

/// The schedule of a load. The first command is due one interval after its beginning.
#[derive(Debug)]
pub(super) struct Pacer<P> {
    plan: P,
    appeared: Arc<Appeared>,
    began: Instant,
    /// Commands that were due.
    turns: u64,
}

impl<P: Fn() -> Arc<Swarm>> Pacer<P> {
    /// A load that begins now, for those that have appeared by each of its commands.
    pub(super) fn new(plan: P, appeared: Arc<Appeared>) -> Self {
        Self { plan, appeared, began: Instant::now(), turns: 0 }
    }

    /// Waits for the next command that is due.
    ///
    /// # Cancel safety
    /// Dropped, it is still the next.
    pub(super) async fn next(&mut self) -> Due {
        let plan = (self.plan)();
        let Some((load, at)) = plan.commands.as_ref().and_then(|load| Some((load, self.due_at(load.per_second)?)))
        else {
            return std::future::pending().await;
        };
        tokio::time::sleep_until(at).await;
        let turn = self.turns;
        self.turns += 1;
        let target = match load.target {
            CommandTarget::All => Target::All,
            CommandTarget::Each => self.appeared.in_turn(turn).map_or(Target::All, Target::Device),
        };
        Due { at, target, text: in_turn(&load.which, turn).cloned().unwrap_or_default() }
    }

    /// `None` for a time that no clock reaches.
    fn due_at(&self, per_second: f64) -> Option<Instant> {
        // A float holds whole numbers exactly up to 2^53: 28,000 years at the highest rate.
        let after = Duration::try_from_secs_f64((self.turns + 1) as f64 / per_second).ok()?;
        self.began.checked_add(after)
    }
}

pub(super) fn in_turn<T>(all: &[T], turn: u64) -> Option<&T> {
    // A remainder by a length is below it, so it fits.
    all.get(usize::try_from(turn.checked_rem(all.len() as u64)?).ok()?)
}
