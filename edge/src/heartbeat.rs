//! Heartbeats: what this node tells the others once a second, and the ear for theirs.

use crate::space::SpaceState;
use crate::state::EdgeState;
use futures_util::StreamExt;
use grouploop_bridge::{BusState, HEARTBEAT_INTERVAL, Heartbeat, Pattern, Subject, Subscription, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// Subjects whose rates a heartbeat tells: with more spaces it would outgrow a message.
const MAX_RATES: usize = 64;

/// Sends and hears heartbeats until the node stops.
pub(crate) async fn run(state: Arc<EdgeState>) {
    let node = &state.node;
    let mut bus_state = node.bus.state();
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
                for space in state.spaces.all() {
                    space.owners.sample(now - sampled);
                }
                sampled = now;
                send(&state, false);
            }
            () = node.beat_now.notified() => send(&state, false),
            changed = bus_state.changed() => match changed {
                Ok(()) if *bus_state.borrow_and_update() == BusState::Up => send(&state, false),
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
                    if state.others.hear(beat) {
                        send(&state, false);
                    }
                }
            },
            // After the beats, so that those before an echo have been handled.
            echo = echoes.next() => match echo {
                None => break,
                Some(delivery) => state.others.hear_echo(&delivery.payload),
            },
        }
    }
    send(&state, true);
}

/// Tells the others how things stand.
pub(crate) fn send(state: &EdgeState, leaving: bool) {
    let node = &state.node;
    let mut devices = BTreeMap::new();
    let mut viewers = BTreeMap::new();
    let mut rates = BTreeMap::new();
    for space in state.spaces.all() {
        let owned = u32::try_from(space.owners.len()).unwrap_or(u32::MAX);
        if owned > 0 {
            devices.insert(space.name.clone(), owned);
        }
        let watching = u32::try_from(space.viewers()).unwrap_or(u32::MAX);
        if watching > 0 {
            viewers.insert(space.name.clone(), watching);
        }
        let (subject, rate) = space.telemetry.rate();
        if rate.messages > 0 && rates.len() < MAX_RATES {
            rates.insert(subject.to_string(), rate);
        }
    }
    let beat = Heartbeat {
        node: node.id.clone(),
        role: "edge".into(),
        version: node.version.clone(),
        clock: node.clock.now(),
        leaving,
        partial: false,
        devices,
        viewers,
        rates,
        drops: node.metrics.drops(),
    };
    // With the bus away nobody hears it; the next one comes in a second.
    let _ = node.bus.publish(&Subject::Node { node: node.id.clone() }, json(&beat));
}

/// Tells the others that a space has its first device here, or no more.
pub(crate) fn send_space(state: &EdgeState, space: &SpaceState) {
    let node = &state.node;
    let owned = u32::try_from(space.owners.len()).unwrap_or(u32::MAX);
    let beat = Heartbeat {
        node: node.id.clone(),
        role: "edge".into(),
        version: node.version.clone(),
        clock: node.clock.now(),
        leaving: false,
        partial: true,
        devices: [(space.name.clone(), owned)].into(),
        viewers: BTreeMap::new(),
        rates: BTreeMap::new(),
        drops: BTreeMap::new(),
    };
    // With the bus away nobody hears it; the next whole one comes in a second.
    let _ = node.bus.publish(&Subject::Node { node: node.id.clone() }, json(&beat));
}
