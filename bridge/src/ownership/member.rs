//! A node as the bus knows it.

use super::Others;
use crate::bus::Bus;
use crate::name::NodeId;
use crate::node::{Heartbeat, OwnershipClock, json};
use crate::report::Reporter;
use crate::subject::Subject;
use crate::version::Version;
use bytes::Bytes;
use std::collections::BTreeMap;
use tokio::sync::Notify;

/// A node on the bus: its name, its clock, and what it knows of other nodes. One for each node, shared by its spaces.
#[derive(Debug)]
pub struct Member {
    /// Its name.
    pub id: NodeId,
    /// `edge`, `simulator` …
    pub role: &'static str,
    /// Version of the program.
    pub version: Version,
    /// Its access to the bus.
    pub bus: Bus,
    /// Orders what it claims.
    pub clock: OwnershipClock,
    /// The other nodes.
    pub others: Others,
    /// Wakes the heartbeat before its time.
    beat_now: Notify,
}

impl Member {
    /// A node that has heard of nobody yet.
    #[must_use]
    pub fn new(id: NodeId, role: &'static str, version: Version, bus: Bus) -> Self {
        let (clock, others, beat_now) = (OwnershipClock::default(), Others::default(), Notify::new());
        Self { id, role, version, bus, clock, others, beat_now }
    }

    /// Whose reports those of this node are.
    #[must_use]
    pub fn reporter(&self) -> Reporter {
        let Self { id, role, version, bus, .. } = self;
        Reporter { node: id.clone(), role, version: version.clone(), bus: bus.clone() }
    }

    /// Returns when every heartbeat is known that was sent before this call: a message to ourselves comes behind them. With the bus away
    /// there is nothing to wait for. [`run_heartbeat`](super::run_heartbeat) must be running.
    pub async fn catch_up(&self) {
        let (number, mut echoed) = self.others.next_echo();
        let payload = Bytes::copy_from_slice(&number.to_be_bytes());
        if self.bus.publish(&Subject::Echo { node: self.id.clone() }, payload).is_ok() {
            // The sender is ours, so it cannot be gone.
            let _ = echoed.wait_for(|seen| *seen >= number).await;
        }
    }

    /// Has a heartbeat sent before its time.
    pub(super) fn beat_now(&self) {
        self.beat_now.notify_one();
    }

    /// Returns when one is to be sent before its time.
    pub(super) async fn beat_wanted(&self) {
        self.beat_now.notified().await;
    }

    /// A heartbeat that says nothing but who and when.
    pub(super) fn beat(&self) -> Heartbeat {
        Heartbeat {
            node: self.id.clone(),
            role: self.role.to_owned(),
            version: self.version.number.clone(),
            clock: self.clock.now(),
            leaving: false,
            partial: false,
            devices: BTreeMap::new(),
            viewers: BTreeMap::new(),
        }
    }

    /// Tells the others. With the bus away nobody hears it; the next whole one comes in a second.
    pub(super) fn send_beat(&self, beat: &Heartbeat) {
        let _ = self.bus.publish(&Subject::Node { node: self.id.clone() }, json(beat));
    }
}
