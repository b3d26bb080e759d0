//! Pictures of a swarm over a WebSocket, as often as the viewer asks for and can take.
//!
//! ```text
//!   tick ─▶ View ─▶ picture ─▶ socket      ticks that pass while the viewer has not taken the last picture are pictures skipped
//!   socket ─▶ pongs, goodbyes              who says nothing between two pings is gone
//! ```

use super::api::{MAX_LIMIT, find_live, in_range};
use super::error::ApiError;
use super::path::InPath;
use super::picture::picture;
use super::state::State;
use crate::swarm::SwarmHandle;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State as FromState};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// Pictures a second when nobody says how many, and at most.
const RATE: u32 = 30;
const MAX_RATE: u32 = 60;
/// Bytes of a message that a viewer may send: it has nothing to say.
const MAX_MESSAGE_BYTES: usize = 1024;
/// Between two pings: what the wire protocol says for edges.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Time for the last message.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why a stream ends, as the close codes of the wire protocol say it.
const OVER: (u16, &str) = (1000, "the swarm is over");
const SILENT: (u16, &str) = (1011, "no pong");
const RESTART: (u16, &str) = (1012, "restart");

/// What a viewer asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    rate: Option<u32>,
    limit: Option<u32>,
}

/// `GET /api/swarms/{name}/stream`
pub(super) async fn open(
    FromState(state): FromState<Arc<State>>,
    InPath(name): InPath<String>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let Query(Wanted { rate, limit }) = wanted.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let rate = in_range("rate", rate.unwrap_or(RATE), MAX_RATE)?;
    let limit = in_range("limit", limit.unwrap_or(MAX_LIMIT), MAX_LIMIT)?;
    let swarm = find_live(&state, &name)?;
    let upgrade = upgrade.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let permit = state.stream_permit().ok_or(ApiError::TooManyStreams(state.settings.max_streams))?;
    // From before the upgrade, so that a drain never misses it.
    let token = state.tasks.token();
    let upgrade = upgrade.max_message_size(MAX_MESSAGE_BYTES).max_frame_size(MAX_MESSAGE_BYTES);
    Ok(upgrade.on_upgrade(async move |socket| {
        let _held = (permit, token);
        run(socket, &swarm, rate, limit, &state).await;
    }))
}

type Out = SplitSink<WebSocket, Message>;

async fn run(socket: WebSocket, swarm: &SwarmHandle, rate: u32, limit: u32, state: &State) {
    let (mut out, mut incoming) = socket.split();
    let heard = AtomicBool::new(true);
    let listening = async {
        while let Some(Ok(message)) = incoming.next().await {
            heard.store(true, Ordering::Relaxed);
            if matches!(message, Message::Close(_)) {
                break;
            }
        }
    };
    let goodbye = tokio::select! {
        biased;
        () = state.stop.cancelled() => Some(RESTART),
        () = listening => None,
        goodbye = draw(&mut out, &heard, swarm, rate, limit, state) => goodbye,
    };
    if let Some((code, reason)) = goodbye {
        let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        // Who does not take it in time sees the connection end.
        let _ = timeout(GOODBYE, out.send(close)).await;
    }
    let _ = timeout(GOODBYE, out.close()).await;
}

/// Sends pictures until the swarm is over (and says so) or the viewer is gone (`None`).
async fn draw(
    out: &mut Out,
    heard: &AtomicBool,
    swarm: &SwarmHandle,
    rate: u32,
    limit: u32,
    state: &State,
) -> Option<(u16, &'static str)> {
    let period = Duration::from_secs(1) / rate;
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut last, mut pulse) = (None, Pulse::new(Instant::now()));
    loop {
        let now = ticks.tick().await;
        let missed = last.replace(now).map_or(0, |last| skipped(now - last, period));
        state.metrics.pictures_skipped.fetch_add(missed, Ordering::Relaxed);
        match pulse.look(Instant::now(), heard) {
            Beat::Wait => {}
            Beat::Ping => out.send(Message::Ping(Bytes::new())).await.ok()?,
            Beat::Silent => return Some(SILENT),
        }
        let Some(view) = swarm.view(0, limit).await else { return Some(OVER) };
        let bytes = picture(&view);
        let size = bytes.len() as u64;
        // Returns when the kernel has all of it: the next picture is made of what is true then.
        out.send(Message::Binary(bytes)).await.ok()?;
        state.metrics.pictures_sent.fetch_add(1, Ordering::Relaxed);
        state.metrics.picture_bytes.fetch_add(size, Ordering::Relaxed);
    }
}

/// Whether the viewer is still there.
struct Pulse {
    pinged: Instant,
}

/// What is to be done about it.
#[derive(Debug, PartialEq, Eq)]
enum Beat {
    Wait,
    Ping,
    /// Nothing was heard since the last ping.
    Silent,
}

impl Pulse {
    fn new(now: Instant) -> Self {
        Self { pinged: now }
    }

    fn look(&mut self, now: Instant, heard: &AtomicBool) -> Beat {
        if now - self.pinged < PING_EVERY {
            return Beat::Wait;
        }
        self.pinged = now;
        if heard.swap(false, Ordering::Relaxed) { Beat::Ping } else { Beat::Silent }
    }
}

/// Ticks that passed between two that did not: the time between them is a multiple of the period.
fn skipped(between: Duration, period: Duration) -> u64 {
    let periods = (between.as_secs_f64() / period.as_secs_f64()).round();
    // The cast keeps within its range.
    (periods as u64).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_nothing_between_two_pings_is_gone() {
        let (start, heard) = (Instant::now(), AtomicBool::new(true));
        let mut pulse = Pulse::new(start);
        let mut look = |seconds| pulse.look(start + Duration::from_secs(seconds), &heard);
        assert_eq!([look(19), look(20), look(39)], [Beat::Wait, Beat::Ping, Beat::Wait]);
        heard.store(true, Ordering::Relaxed);
        assert_eq!([look(40), look(60)], [Beat::Ping, Beat::Silent]);
    }

    #[test]
    fn a_tick_that_is_late_skips_those_before_it() {
        let period = Duration::from_millis(10);
        assert_eq!([0, 9, 10, 11, 20, 100].map(|ms| skipped(Duration::from_millis(ms), period)), [0, 0, 0, 0, 1, 9]);
    }
}
