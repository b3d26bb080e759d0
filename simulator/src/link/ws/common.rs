//! What the connections of one link share.

use super::counts::WsCounts;
use super::edge::Edge;
use crate::link::Incoming;
use grouploop_serve::Seldom;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

/// Connections of a link that are being opened at the same time: far fewer than an accept queue holds (4,096 is what Linux allows).
pub(super) const CONNECTS_IN_FLIGHT: usize = 256;

/// At most one line in this time tells of connections that fail.
const WARN_PERIOD: Duration = Duration::from_secs(10);

/// What the connections of a link share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) edges: Vec<Edge>,
    pub(super) reconnect: Duration,
    pub(super) incoming: mpsc::Sender<Incoming>,
    pub(super) counts: Arc<WsCounts>,
    pub(super) connects: Semaphore,
    warnings: Mutex<Seldom>,
}

impl Common {
    pub(super) fn new(
        edges: Vec<Edge>,
        reconnect: Duration,
        incoming: mpsc::Sender<Incoming>,
        counts: Arc<WsCounts>,
    ) -> Self {
        let warnings = Mutex::new(Seldom::new(WARN_PERIOD));
        Self { edges, reconnect, incoming, counts, connects: Semaphore::new(CONNECTS_IN_FLIGHT), warnings }
    }

    /// Says once in a while that a connection fails.
    pub(super) fn warn(&self, edge: &Edge, error: &dyn Display) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(unsaid) = warnings.say(Instant::now().into_std()) {
            let again_after_s = self.reconnect.as_secs_f64();
            tracing::warn!(edge.url, %error, again_after_s, unsaid, "a device has no connection to its edge");
        }
    }
}
