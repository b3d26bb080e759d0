//! A look at the messages of a subject, as many as a person can read.

use crate::state::{State, wall_ms};
use axum::response::sse::Event;
use futures_util::StreamExt;
use grouploop_bridge::{Delivery, DeviceId, LINE_LEN, Subject, Subscription};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

/// Messages that are shown at most, in one second.
const MOST: u32 = 20;
const SECOND: Duration = Duration::from_secs(1);
/// Bytes of a message that are shown.
const MAX_TEXT: usize = 2048;

/// One tap, until whoever looks goes.
pub(crate) struct Tap {
    state: Arc<State>,
    messages: Subscription,
    device: Option<DeviceId>,
    /// What was shown and what was not, until this second ends.
    shown: u32,
    skipped: u64,
    ends: Instant,
    greeted: bool,
    _place: OwnedSemaphorePermit,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    at: u64,
    subject: String,
    bytes: usize,
    text: &'a str,
    cut: bool,
}

impl Tap {
    pub(crate) fn new(
        state: Arc<State>,
        messages: Subscription,
        device: Option<DeviceId>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let ends = Instant::now() + SECOND;
        Self { state, messages, device, shown: 0, skipped: 0, ends, greeted: false, _place: place }
    }

    /// The next event; `None` when the monitor goes.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        if !self.greeted {
            // Now it is heard whatever comes: who taps and then sends something sees it.
            self.greeted = true;
            return Some(Event::default().event("ready").data("{}"));
        }
        loop {
            tokio::select! {
                biased;
                () = self.state.closing.cancelled() => return None,
                () = sleep_until(self.ends) => {
                    self.ends = Instant::now() + SECOND;
                    self.shown = 0;
                    let skipped = std::mem::take(&mut self.skipped);
                    if skipped > 0 {
                        return Some(Event::default().event("skipped").data(json!({"messages": skipped}).to_string()));
                    }
                }
                message = self.messages.next() => {
                    let message = message?;
                    let Some(payload) = part_of(&message, self.device) else { continue };
                    if self.shown >= MOST {
                        self.skipped += 1;
                        self.state.metrics.tapped_skipped.inc();
                        continue;
                    }
                    self.shown += 1;
                    self.state.metrics.tapped_shown.inc();
                    return Some(event(&message.subject, &payload));
                }
            }
        }
    }
}

/// What of a message is about a device: its lines of telemetry, its commands; `None` when nothing is. Without a device it is all of it.
fn part_of(message: &Delivery, device: Option<DeviceId>) -> Option<Vec<u8>> {
    let Some(wanted) = device else { return Some(message.payload.to_vec()) };
    match &message.subject {
        Subject::Telemetry { .. } => {
            let id = wanted.to_string();
            let lines = message.payload.chunks(LINE_LEN).filter(|line| line.starts_with(id.as_bytes()));
            let lines: Vec<u8> = lines.flatten().copied().collect();
            (!lines.is_empty()).then_some(lines)
        }
        Subject::Command { device, .. } => (*device == wanted).then(|| message.payload.to_vec()),
        Subject::CommandAll { .. } => Some(message.payload.to_vec()),
        _ => None,
    }
}

fn event(subject: &Subject, payload: &[u8]) -> Event {
    let shown = payload.get(..MAX_TEXT).unwrap_or(payload);
    let text = String::from_utf8_lossy(shown);
    let message = Message {
        at: wall_ms(),
        subject: subject.to_string(),
        bytes: payload.len(),
        text: &text,
        cut: shown.len() < payload.len(),
    };
    // Our own types always serialise.
    Event::default().event("message").data(serde_json::to_string(&message).unwrap_or_default())
}
