//! Heartbeats: what this node tells the others once a second, and what it knows of them.

use crate::node::Node;
use crate::space_bus::json;
use bytes::Bytes;
use futures_util::StreamExt;
use grouploop_bridge::{
    BusState, HEARTBEAT_INTERVAL, Heartbeat, NODE_TIMEOUT, NodeId, Pattern, Space, Subject, Subscription,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// Nodes that are remembered at most.
const MAX_NODES: usize = 4096;

/// What is known of other nodes.
#[derive(Debug, Default)]
pub(crate) struct Others {
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
    pub(crate) fn with_devices(&self, space: &Space) -> Vec<NodeId> {
        let alive = |other: &Other| other.heard.elapsed() < NODE_TIMEOUT;
        let nodes = self.lock();
        nodes
            .iter()
            .filter(|(_, other)| alive(other) && other.spaces.contains(space))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Living nodes beside this one.
    pub(crate) fn count(&self) -> usize {
        self.lock().values().filter(|other| other.heard.elapsed() < NODE_TIMEOUT).count()
    }

    /// Returns when every heartbeat is known that was sent before this call: a message to ourselves comes behind them. With the bus away
    /// there is nothing to wait for.
    pub(crate) async fn catch_up(&self, node: &Node) {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let mut echoed = self.echoed.subscribe();
        let payload = Bytes::copy_from_slice(&number.to_be_bytes());
        if node.bus.publish(&Subject::Echo { node: node.id.clone() }, payload).is_ok() {
            // The sender is ours, so it cannot be gone.
            let _ = echoed.wait_for(|seen| *seen >= number).await;
        }
    }

    fn hear_echo(&self, payload: &[u8]) {
        if let Some(number) = payload.first_chunk::<8>().map(|number| u64::from_be_bytes(*number)) {
            self.echoed.send_if_modified(|seen| std::mem::replace(seen, number.max(*seen)) < number);
        }
    }

    /// Takes note of a heartbeat; `true` when the node was not known.
    fn hear(&self, beat: Heartbeat) -> bool {
        let mut nodes = self.lock();
        nodes.retain(|_, other| other.heard.elapsed() < NODE_TIMEOUT);
        if beat.leaving {
            nodes.remove(&beat.node);
            return false;
        }
        if nodes.len() >= MAX_NODES && !nodes.contains_key(&beat.node) {
            return false;
        }
        let spaces = beat.devices.into_iter().filter(|(_, count)| *count > 0).map(|(space, _)| space).collect();
        nodes.insert(beat.node, Other { heard: Instant::now(), spaces }).is_none()
    }
}

/// Sends and hears heartbeats until the node stops.
pub(crate) async fn run(node: Arc<Node>) {
    let mut state = node.bus.state();
    let patterns = [Pattern::Nodes, Subject::Echo { node: node.id.clone() }.into()];
    let Ok(subscriptions) = node.bus.subscribe_all(&patterns).await else { return };
    let Ok([mut beats, mut echoes]) = <[Subscription; 2]>::try_from(subscriptions) else { return };
    let mut every = tokio::time::interval(HEARTBEAT_INTERVAL);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut sampled = Instant::now();
    loop {
        tokio::select! {
            biased;
            () = node.stop.cancelled() => break,
            _ = every.tick() => {
                let now = Instant::now();
                for space in node.spaces.all() {
                    space.owners.sample(now - sampled);
                }
                sampled = now;
                send(&node, false);
            }
            () = node.beat_now.notified() => send(&node, false),
            changed = state.changed() => match changed {
                Ok(()) if *state.borrow_and_update() == BusState::Up => send(&node, false),
                Ok(()) => {}
                Err(_) => break,
            },
            beat = beats.next() => match beat {
                None => break,
                Some(delivery) => {
                    let Ok(beat) = serde_json::from_slice::<Heartbeat>(&delivery.payload) else { continue };
                    if beat.node == node.id {
                        continue;
                    }
                    node.clock.observe(beat.clock);
                    // A newcomer must not wait a second to learn of us.
                    if node.others.hear(beat) {
                        send(&node, false);
                    }
                }
            },
            // After the beats, so that those before an echo have been handled.
            echo = echoes.next() => match echo {
                None => break,
                Some(delivery) => node.others.hear_echo(&delivery.payload),
            },
        }
    }
    send(&node, true);
}

/// Tells the others how things stand.
pub(crate) fn send(node: &Node, leaving: bool) {
    let mut devices = BTreeMap::new();
    let mut viewers = BTreeMap::new();
    let mut rates = BTreeMap::new();
    for space in node.spaces.all() {
        let owned = u32::try_from(space.owners.len()).unwrap_or(u32::MAX);
        if owned > 0 {
            devices.insert(space.name.clone(), owned);
        }
        let watching = u32::try_from(space.viewers.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        if watching > 0 {
            viewers.insert(space.name.clone(), watching);
        }
        let (subject, rate) = space.telemetry_rate();
        if rate.messages > 0 {
            rates.insert(subject.to_string(), rate);
        }
    }
    let beat = Heartbeat {
        node: node.id.clone(),
        role: "edge".into(),
        version: node.version.clone(),
        clock: node.clock.now(),
        leaving,
        devices,
        viewers,
        rates,
        drops: node.metrics.drops(),
    };
    // With the bus away nobody hears it; the next one comes in a second.
    let _ = node.bus.publish(&Subject::Node { node: node.id.clone() }, json(&beat));
}
