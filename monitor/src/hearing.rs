//! What the monitor hears on the bus: reports and presence for what they say, and everything that is told rather than asked for how much of
//! it there is. Questions are not listened to: who asks where nobody is hears so at once, and an ear would make it wait.

use crate::state::{State, wall_ms};
use futures_util::StreamExt;
use futures_util::stream::SelectAll;
use grouploop_bridge::{BusState, Delivery, Pattern, Presence, Report, Subject, Subscription};
use std::sync::Arc;
use std::time::Instant;

/// Bytes of the largest report that is read: twice what a node sends.
const MAX_REPORT_BYTES: usize = 2 * grouploop_bridge::MAX_REPORT_BYTES;

/// Hears until the monitor stops.
pub(crate) async fn run(state: Arc<State>) {
    let mut bus = state.bus.state();
    let patterns = [
        Pattern::Reports,
        Pattern::Nodes,
        Pattern::Echoes,
        Pattern::AllPresence,
        Pattern::AllKept,
        Subject::Registry.into(),
        Subject::Firmware.into(),
    ];
    take_note(&state, &bus.borrow_and_update());
    let subscribed = tokio::select! {
        biased;
        () = state.stop.cancelled() => return,
        subscribed = state.bus.subscribe_all(&patterns) => subscribed,
    };
    let Ok(subscribed) = subscribed else { return };
    let mut messages: SelectAll<Subscription> = subscribed.into_iter().collect();
    loop {
        tokio::select! {
            biased;
            () = state.stop.cancelled() => return,
            changed = bus.changed() => match changed {
                Ok(()) => take_note(&state, &bus.borrow_and_update()),
                Err(_) => return,
            },
            message = messages.next() => match message {
                Some(message) => hear(&state, &message),
                None => return,
            },
        }
    }
}

fn take_note(state: &State, bus: &BusState) {
    match bus {
        BusState::Up => state.model().bus_up(Instant::now()),
        BusState::Away(why) => state.model().bus_away(why),
        BusState::Closed => state.model().bus_away("it is closed"),
    }
    state.news.notify_one();
}

fn hear(state: &State, message: &Delivery) {
    let (now, wall_ms) = (Instant::now(), wall_ms());
    let payload = &message.payload;
    state.metrics.heard.inc();
    match &message.subject {
        Subject::Report { node } if payload.len() <= MAX_REPORT_BYTES => {
            // Whoever may publish on the subject of a node is that node.
            match serde_json::from_slice::<Report>(payload).ok().filter(|report| report.node == *node) {
                Some(report) => {
                    let leaving = report.leaving;
                    state.model().hear_report(report, now, wall_ms);
                    if leaving {
                        state.news.notify_one();
                    }
                }
                None => drop(state.metrics.misunderstood.inc()),
            }
        }
        Subject::Report { .. } => drop(state.metrics.misunderstood.inc()),
        Subject::Presence { space } => match serde_json::from_slice::<Presence>(payload) {
            Ok(presence) => state.model().hear_presence(space, &presence, now, wall_ms),
            Err(_) => drop(state.metrics.misunderstood.inc()),
        },
        _ => {}
    }
    state.model().hear(&message.subject, payload.len());
}
