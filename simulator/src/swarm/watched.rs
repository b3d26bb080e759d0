//! What a measured swarm sends, noted for those who look at what arrives.

use crate::link::{LineBytes, Place};
use crate::measure::{Ledger, SharedLedger};
use grouploop_bridge::DeviceId;
use std::sync::MutexGuard;
use tokio::time::Instant;

/// Where the frames of one swarm are noted.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    ledger: SharedLedger,
    swarm: usize,
    /// Times of the ledger count from here.
    epoch: Instant,
}

/// The notes of one round of sending. The ledger is locked meanwhile, so that nobody receives a frame before it is noted.
#[derive(Debug)]
pub(crate) struct Notes<'a> {
    ledger: MutexGuard<'a, Ledger>,
    swarm: usize,
    epoch: Instant,
    open: Vec<(Place, DeviceId, LineBytes, Instant)>,
}

impl Watched {
    /// Notes for a swarm of the ledger.
    pub(crate) fn new(ledger: SharedLedger, swarm: usize, epoch: Instant) -> Self {
        Self { ledger, swarm, epoch }
    }

    /// Begins a round.
    pub(crate) fn notes(&self) -> Notes<'_> {
        Notes { ledger: self.ledger.lock(), swarm: self.swarm, epoch: self.epoch, open: Vec::new() }
    }
}

impl Notes<'_> {
    /// A frame was pushed, and was due then.
    pub(crate) fn push(&mut self, place: Place, device: DeviceId, line: &LineBytes, due: Instant) {
        self.open.push((place, device, *line, due));
    }

    /// What was pushed has gone.
    pub(crate) fn gone(&mut self) {
        for (place, device, line, due) in self.open.drain(..) {
            let due_us = due.saturating_duration_since(self.epoch).as_micros();
            self.ledger.sent(self.swarm, place, device, &line, u64::try_from(due_us).unwrap_or(u64::MAX));
        }
    }

    /// What was pushed is gone for good.
    pub(crate) fn dropped(&mut self) {
        self.open.clear();
    }
}
