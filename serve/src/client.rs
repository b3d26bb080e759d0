//! What the parts of one connection know of its client: the guard of its writes, the bodies of its requests, and the connection itself.

use crate::counts::Counts;
use crate::sealed::Sealed;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the parts of one connection know of its client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) slow_client: Duration,
    pub(crate) counts: Arc<Counts>,
    /// Bytes have come that belong to no request yet.
    pub(crate) begun: AtomicBool,
    sealed: Mutex<Option<Sealed>>,
}

impl Client {
    pub(crate) fn new(slow_client: Duration, counts: Arc<Counts>) -> Self {
        Self { slow_client, counts, begun: AtomicBool::new(false), sealed: Mutex::new(None) }
    }

    /// What the answer consists of that is on its way now, when it is sealed; until the next answer.
    pub(crate) fn sealed(&self) -> MutexGuard<'_, Option<Sealed>> {
        self.sealed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
