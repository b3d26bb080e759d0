//! The way of what a viewer receives into the ledger.

use super::ledger::Ledger;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// The ledger, for whoever sends and for the viewers.
#[derive(Debug, Clone)]
pub struct SharedLedger(Arc<Mutex<Ledger>>);

impl SharedLedger {
    pub(super) fn new(ledger: Ledger) -> Self {
        Self(Arc::new(Mutex::new(ledger)))
    }

    /// The ledger. Hold it for as long as many lines take, and never over an await.
    pub fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a viewer has to write to.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) ledger: SharedLedger,
    /// Which viewer it is.
    pub(super) viewer: usize,
    /// The start of the run.
    pub(super) epoch: Instant,
    pub(super) reconnects: Arc<AtomicU64>,
}

impl Post {
    /// Notes a message that has been read just now.
    pub(super) fn take(&self, lines: &[u8]) {
        let at_us = u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.ledger.lock().received(self.viewer, lines, at_us);
    }
}
