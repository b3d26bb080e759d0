//! What is known of other nodes, from their heartbeats.

use crate::name::{NodeId, Space};
use crate::node::{Heartbeat, NODE_TIMEOUT};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// Nodes that are remembered at most.
const MAX_NODES: usize = 4096;

/// What is known of other nodes.
#[derive(Debug, Default)]
pub struct Others {
    nodes: Mutex<HashMap<NodeId, Other>>,
    /// Number of the last echo asked for, and of the last one that came back.
    asked: AtomicU64,
    echoed: watch::Sender<u64>,
}

#[derive(Debug)]
struct Other {
    heard: Instant,
    spaces: HashSet<Space>,
}

impl Others {
    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, Other>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Living nodes that own devices in the space.
    pub fn with_devices(&self, space: &Space) -> Vec<NodeId> {
        let alive = |other: &Other| other.heard.elapsed() < NODE_TIMEOUT;
        let nodes = self.lock();
        nodes
            .iter()
            .filter(|(_, other)| alive(other) && other.spaces.contains(space))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Living nodes beside this one.
    pub fn count(&self) -> usize {
        self.lock().values().filter(|other| other.heard.elapsed() < NODE_TIMEOUT).count()
    }

    /// The number of the next message to ourselves, and what hears of those that came back.
    pub(super) fn next_echo(&self) -> (u64, watch::Receiver<u64>) {
        (self.asked.fetch_add(1, Ordering::Relaxed) + 1, self.echoed.subscribe())
    }

    /// A node is gone.
    pub fn forget(&self, node: &NodeId) {
        self.lock().remove(node);
    }

    /// A message to ourselves came back.
    pub(super) fn hear_echo(&self, payload: &[u8]) {
        if let Some(number) = payload.first_chunk::<8>().map(|number| u64::from_be_bytes(*number)) {
            self.echoed.send_if_modified(|seen| std::mem::replace(seen, number.max(*seen)) < number);
        }
    }

    /// Takes note of a heartbeat; `true` when the node was not known.
    pub(super) fn hear(&self, beat: Heartbeat) -> bool {
        let mut nodes = self.lock();
        nodes.retain(|_, other| other.heard.elapsed() < NODE_TIMEOUT);
        if beat.leaving {
            nodes.remove(&beat.node);
            return false;
        }
        if nodes.len() >= MAX_NODES && !nodes.contains_key(&beat.node) {
            return false;
        }
        let is_new = !nodes.contains_key(&beat.node);
        let other = nodes.entry(beat.node).or_insert_with(|| Other { heard: Instant::now(), spaces: HashSet::new() });
        other.heard = Instant::now();
        if !beat.partial {
            other.spaces.clear();
        }
        for (space, count) in beat.devices {
            if count > 0 {
                other.spaces.insert(space);
            } else {
                other.spaces.remove(&space);
            }
        }
        is_new
    }
}
