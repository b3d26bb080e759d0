//! What the parts of one connection know of its client: the guard of its writes, the bodies of its requests, and the connection itself.

use crate::counts::Counts;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What the parts of one connection know of its client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) slow_client: Duration,
    pub(crate) counts: Arc<Counts>,
    /// Bytes have come that belong to no request yet.
    pub(crate) begun: AtomicBool,
}
