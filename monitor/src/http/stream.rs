//! What goes on: the system once a second, and the messages of a subject, as Server-Sent Events.

use super::error::ApiError;
use crate::picture::Picture;
use crate::state::State;
use crate::tap::Tap;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as FromState};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use grouploop_bridge::{DeviceId, Pattern, Tapped};
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// Between two comments that show that a tap is alive, to both ends and to proxies between them.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// When a page comes back after the stream has ended.
const RETRY: Duration = Duration::from_secs(1);

/// One who looks at the system.
struct Looker {
    state: Arc<State>,
    pictures: watch::Receiver<Arc<Picture>>,
    /// The number of the last picture that was sent; 0 before the first.
    seen: u64,
    _place: OwnedSemaphorePermit,
}

/// `GET /api/stream`
pub(super) async fn system(FromState(state): FromState<Arc<State>>) -> Result<Response, ApiError> {
    let most = state.settings.max_streams;
    let place = state.stream_permit().ok_or(ApiError::TooManyStreams(most))?;
    let pictures = state.pictures.subscribe();
    let looker = Looker { state, pictures, seen: 0, _place: place };
    let events = futures_util::stream::unfold(looker, async |mut looker| {
        let event = looker.next().await?;
        Some((Ok::<_, Infallible>(event), looker))
    });
    Ok(Sse::new(events).into_response())
}

impl Looker {
    /// The next event; `None` when the monitor goes. Asked for when the last one is on its way, so who is slow misses pictures.
    async fn next(&mut self) -> Option<Event> {
        let first = self.seen == 0;
        // Whoever comes does not wait, unless there is nothing yet.
        if !first || self.pictures.borrow().plain().is_empty() {
            tokio::select! {
                biased;
                () = self.state.closing.cancelled() => return None,
                changed = self.pictures.changed() => changed.ok()?,
            }
        }
        let picture = self.pictures.borrow_and_update().clone();
        self.state.metrics.pictures_sent.inc();
        if !first {
            self.state.metrics.pictures_skipped.inc_by(picture.number.saturating_sub(self.seen + 1));
        }
        self.seen = picture.number;
        let event = Event::default().event("system");
        Some(if first { event.retry(RETRY).data(text(&picture.whole())) } else { event.data(text(&picture.plain())) })
    }
}

/// JSON is text.
fn text(json: &Bytes) -> &str {
    std::str::from_utf8(json).unwrap_or_default()
}

/// What a tap is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    subject: String,
    #[serde(default)]
    device: String,
}

/// `GET /api/tap`
pub(super) async fn tap(
    FromState(state): FromState<Arc<State>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(Wanted { subject, device }) = wanted.map_err(|error| ApiError::Query(error.body_text()))?;
    let subject: Tapped = subject.parse()?;
    let device = match device.as_str() {
        "" => None,
        text => Some(DeviceId::parse(text).ok_or_else(|| ApiError::Device(text.chars().take(40).collect()))?),
    };
    let most = state.settings.max_taps;
    let place = state.tap_permit().ok_or(ApiError::TooManyTaps(most))?;
    let messages = state.bus.subscribe(Pattern::Tapped(subject)).await.map_err(|_| ApiError::Closed)?;
    let tap = Tap::new(state, messages, device, place);
    let events = futures_util::stream::unfold(tap, async |mut tap| {
        let event = tap.next().await?;
        Some((Ok::<_, Infallible>(event), tap))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}
