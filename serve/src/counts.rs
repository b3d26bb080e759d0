//! What happened at a port, for the metrics of the role that has it.

use crate::words;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

words! {
    /// Why a connection was not taken.
    pub enum Refused {
        /// As many as may be were open.
        Overloaded = "overloaded",
        /// It could not be accepted, as when the process is out of file descriptors.
        AcceptFailed = "accept_failed",
        /// Its TLS handshake failed. A browser that does not trust the certificate ends it too.
        TlsFailed = "tls_failed",
    }
}

/// Counts of one server. The role makes them, so that its metrics can know them before there is a port.
#[derive(Debug, Default)]
pub struct Counts {
    open: AtomicUsize,
    overloaded: AtomicU64,
    accept_failed: AtomicU64,
    slow: AtomicU64,
    tls_failed: AtomicU64,
}

impl Counts {
    /// Connections that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Connections refused because as many as may be were open.
    #[must_use]
    pub fn overloaded(&self) -> u64 {
        self.overloaded.load(Ordering::Relaxed)
    }

    /// Connections that could not be accepted, as when the process is out of file descriptors.
    #[must_use]
    pub fn accept_failed(&self) -> u64 {
        self.accept_failed.load(Ordering::Relaxed)
    }

    /// Connections ended because their client was too slow with a TLS handshake, a request or in taking an answer. Those that were idle, before a request
    /// or between two, are not among them.
    #[must_use]
    pub fn slow(&self) -> u64 {
        self.slow.load(Ordering::Relaxed)
    }

    /// Connections whose TLS handshake failed. A browser that does not trust the certificate ends it too.
    #[must_use]
    pub fn tls_failed(&self) -> u64 {
        self.tls_failed.load(Ordering::Relaxed)
    }

    /// Connections not taken for this reason.
    #[must_use]
    pub fn refused(&self, why: Refused) -> u64 {
        match why {
            Refused::Overloaded => self.overloaded(),
            Refused::AcceptFailed => self.accept_failed(),
            Refused::TlsFailed => self.tls_failed(),
        }
    }

    pub(crate) fn add_overloaded(&self) {
        self.overloaded.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_accept_failed(&self) {
        self.accept_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_slow(&self) {
        self.slow.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_tls_failed(&self) {
        self.tls_failed.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts a connection as open while it lives.
#[derive(Debug)]
pub(crate) struct Open(Arc<Counts>);

impl Open {
    pub(crate) fn new(counts: &Arc<Counts>) -> Self {
        counts.open.fetch_add(1, Ordering::Relaxed);
        Self(counts.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
