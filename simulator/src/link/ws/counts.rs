//! What the connections of a link have done, for reports and metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that many tasks add to and anybody may read at any time.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// The number now.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn subtract(&self, less: u64) {
        self.0.fetch_sub(less, Ordering::Relaxed);
    }
}

/// The counts of one link or of several.
#[derive(Debug, Default)]
pub(crate) struct WsCounts {
    /// Connections that stand now.
    pub(crate) open: Count,
    /// Connections that came to stand.
    pub(crate) opened: Count,
    /// Connections that ended without our wish.
    pub(crate) lost: Count,
    /// Messages that the kernel took.
    pub(crate) messages: Count,
    /// Bytes of text in them, without the few that WebSocket and TCP add.
    pub(crate) bytes: Count,
    /// Frames that were taken, and could not be written before their connection ended.
    pub(crate) lost_with_connection: Count,
    /// Commands that arrived while too many waited for whoever makes the frames.
    pub(crate) incoming_full: Count,
    /// Texts that were longer than any command.
    pub(crate) incoming_too_long: Count,
    refused: Count,
    timed_out: Count,
    handshake: Count,
    other: Count,
}

impl WsCounts {
    /// Connections that did not come to stand, by reason.
    pub(crate) fn failed(&self, why: ConnectFailure) -> &Count {
        match why {
            ConnectFailure::Refused => &self.refused,
            ConnectFailure::TimedOut => &self.timed_out,
            ConnectFailure::Handshake => &self.handshake,
            ConnectFailure::Other => &self.other,
        }
    }
}

/// Why a connection did not come to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectFailure {
    /// Nothing listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// What answered is no WebSocket server, or wants us not.
    Handshake,
    /// Anything else: a name that is not known, a network that is not reached, no more open files.
    Other,
}

impl ConnectFailure {
    /// Every kind there is.
    pub(crate) const ALL: [Self; 4] = [Self::Refused, Self::TimedOut, Self::Handshake, Self::Other];

    /// The kind as a label of bounded values.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::TimedOut => "timed_out",
            Self::Handshake => "handshake",
            Self::Other => "other",
        }
    }
}
