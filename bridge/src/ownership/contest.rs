//! A contest: a device id that goes to and fro between live connections. What is a clash, and what of it the bus hears when.

use super::{NOBODY, OwnerId};
use std::time::{Duration, Instant};

/// Returns to an earlier owner within [`CONTEST_WINDOW`] from which on an id counts as clashing: two live connections send under it.
const CLASH_RETURNS: u32 = 3;
/// How long returns are counted together.
const CONTEST_WINDOW: Duration = Duration::from_secs(10);
/// Returns in [`CONTEST_WINDOW`] after which the bus hears of the next one with a delay: a clash across nodes must not flood it.
const RETURNS: u32 = 8;
/// That delay.
const HOLD: Duration = Duration::from_millis(250);
/// Connections that are remembered to have lost a contested id.
const LOSERS: usize = 4;

/// An id that has gone from one live connection to another.
#[derive(Debug)]
pub(super) struct Contest {
    since: Instant,
    /// How often it came back to a connection that had lost it: one that only moves does not.
    returns: u32,
    losers: [OwnerId; LOSERS],
    hold_until: Option<Instant>,
    told: bool,
    /// Somebody took it back, and not all others have gone since.
    is_fought: bool,
    /// Another node is one of those who fight.
    is_far: bool,
}

impl Contest {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            returns: 0,
            losers: [NOBODY; LOSERS],
            hold_until: None,
            told: false,
            is_fought: false,
            is_far: false,
        }
    }

    /// Whether it is so long ago that it may be forgotten.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now >= self.since + CONTEST_WINDOW
    }

    /// Whether it is a clash that goes on.
    pub(super) fn is_clash(&self, now: Instant) -> bool {
        self.told && self.is_fought && !self.is_over(now)
    }

    /// Delays what the bus hears of it, when it has come back often.
    pub(super) fn hold(&mut self, now: Instant) {
        if self.returns >= RETURNS {
            self.hold_until = Some(now + HOLD);
        }
    }

    /// Until when the bus is not to hear of it.
    pub(super) fn held_until(&self, now: Instant) -> Option<Instant> {
        self.hold_until.filter(|until| now < *until)
    }

    pub(super) fn refresh(&mut self, now: Instant) {
        if self.is_over(now) {
            // A clash that goes on is told once; one that ended and begins again is told again.
            self.told &= self.returns >= CLASH_RETURNS;
            self.since = now;
            self.returns = 0;
            self.is_far = false;
        }
    }

    pub(super) fn lost_by(&mut self, owner: OwnerId) {
        if !self.losers.contains(&owner) {
            self.losers.rotate_right(1);
            if let Some(first) = self.losers.first_mut() {
                *first = owner;
            }
        }
    }

    /// Another node took it from this connection.
    pub(super) fn lost_to_far(&mut self, loser: OwnerId) {
        self.lost_by(loser);
        self.is_far = true;
    }

    /// A connection is gone, and `owner` has it now, if anybody here does. When nobody is left to fight with, the fight is over until somebody
    /// takes it back again.
    pub(super) fn left_by(&mut self, gone: OwnerId, owner: Option<OwnerId>) {
        for loser in self.losers.iter_mut().filter(|loser| **loser == gone) {
            *loser = NOBODY;
        }
        let others = self.losers.iter().filter(|loser| **loser != NOBODY && Some(**loser) != owner).count();
        if others + usize::from(owner.is_some()) + usize::from(self.is_far) <= 1 {
            self.is_fought = false;
        }
    }

    /// A connection takes it; `true` when this makes it a clash that nobody was told of.
    pub(super) fn taken_by(&mut self, owner: OwnerId) -> bool {
        if !self.losers.contains(&owner) {
            return false;
        }
        self.is_fought = true;
        self.returns = self.returns.saturating_add(1);
        let tell = self.returns >= CLASH_RETURNS && !self.told;
        self.told |= tell;
        tell
    }
}
