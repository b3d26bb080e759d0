//! Heartbeats: what a node tells the others once a second, and the ear for theirs.

use super::Member;
use super::host::NodeHost;
use crate::bus::{Answers, BusState, Subscription};
use crate::name::Space;
use crate::node::{HEARTBEAT_INTERVAL, Heartbeat};
use crate::subject::{Pattern, Subject};
use bytes::Bytes;
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// Sends and hears heartbeats until the node stops or its bus is closed.
pub async fn run_heartbeat<H: NodeHost>(host: Arc<H>, stop: CancellationToken) {
    let host = &*host;
    let member = host.member();
    let mut bus_state = member.bus.state();
    let patterns = [Pattern::Nodes, Subject::Echo { node: member.id.clone() }.into()];
    let Ok(subscriptions) = member.bus.subscribe_all(&patterns).await else { return };
    let Ok([mut beats, mut echoes]) = <[Subscription; 2]>::try_from(subscriptions) else { return };
    let mut every = tokio::time::interval(HEARTBEAT_INTERVAL);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut sampled = Instant::now();
    let mut question = ask_self(member);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            _ = every.tick() => {
                let now = Instant::now();
                host.sample(now - sampled);
                sampled = now;
                send(host, Occasion::Living);
                // What was refused may have come too late, or be given by now.
                if member.bus.refused().is_some() {
                    question = ask_self(member);
                }
            }
            () = member.beat_wanted() => send(host, Occasion::Living),
            changed = bus_state.changed() => match changed {
                Ok(()) if *bus_state.borrow_and_update() == BusState::Up => {
                    send(host, Occasion::Living);
                    question = ask_self(member);
                }
                Ok(()) => {}
                Err(_) => break,
            },
            beat = beats.next() => match beat {
                None => break,
                Some(delivery) => {
                    let Ok(beat) = serde_json::from_slice::<Heartbeat>(&delivery.payload) else { continue };
                    if beat.node == member.id {
                        continue;
                    }
                    member.clock.observe(beat.clock);
                    // A newcomer must not wait a second to learn of us.
                    if member.others.hear(beat) {
                        send(host, Occasion::Living);
                    }
                }
            },
            answer = answer_of(&mut question) => {
                question = None;
                if answer.is_some() {
                    member.bus.answered_itself();
                }
            }
            // After the beats, so that those before an echo have been handled.
            echo = echoes.next() => match echo {
                None => break,
                Some(delivery) => {
                    member.others.hear_echo(&delivery.payload);
                    // Others ask whether anybody hears it; that is answered by the bus, and only when nobody does.
                    if delivery.own {
                        let _ = delivery.respond(Bytes::new());
                    }
                }
            },
        }
    }
    send(host, Occasion::Leaving);
}

/// Asks this node something that it answers itself. Without the right to answer nobody would notice anything but the askers, who would wait in
/// vain; so the bus says it of the answer to ourselves.
fn ask_self(member: &Member) -> Option<Answers> {
    member.bus.gather(&Subject::Echo { node: member.id.clone() }, Bytes::new()).ok()
}

/// The answer to it, where one comes.
async fn answer_of(question: &mut Option<Answers>) -> Option<Bytes> {
    match question {
        Some(answers) => answers.next().await,
        None => std::future::pending().await,
    }
}

/// What a heartbeat is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion {
    Living,
    Leaving,
}

/// Tells the others how things stand.
fn send(host: &impl NodeHost, occasion: Occasion) {
    let member = host.member();
    let mut beat = Heartbeat { leaving: occasion == Occasion::Leaving, ..member.beat() };
    host.describe(&mut beat);
    member.send_beat(&beat);
}

/// Tells the others that a space has its first device here, or no more.
pub(super) fn send_space(member: &Member, space: &Space, owned: usize) {
    let owned = u32::try_from(owned).unwrap_or(u32::MAX);
    member.send_beat(&Heartbeat { partial: true, devices: [(space.clone(), owned)].into(), ..member.beat() });
}
