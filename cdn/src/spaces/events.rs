//! `GET /api/spaces/<space>/events`: what changes of what the space keeps, as Server-Sent Events. Nothing is replayed: a page that
//! (re)connects hears `ready`, looks at everything once, and from then on at what is named.

use super::news::Piece;
use super::request::space_of;
use crate::error::HttpError;
use crate::state::State;
use axum::extract::{Path, State as FromState};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use grouploop_bridge::{Kept, PANIC, Space};
use grouploop_serve::Asker;
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast};

/// Between two comments that show that the stream is alive, to both ends and to proxies between them.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// When a page comes back after the stream has ended.
const RETRY: Duration = Duration::from_secs(2);

/// One stream.
struct Stream {
    state: Arc<State>,
    space: Space,
    news: broadcast::Receiver<Piece>,
    greeted: bool,
    _place: OwnedSemaphorePermit,
}

/// Answers it.
pub(crate) async fn listen(
    FromState(state): FromState<Arc<State>>,
    Path(space): Path<String>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let space = space_of(&space)?;
    // A browser that keeps the events from a stranger's page would still hold a place.
    if state.origins.judge(&headers) == Asker::Stranger {
        return Err(HttpError::Stranger);
    }
    let most = state.settings.max_event_streams;
    let place = state.streams.clone().try_acquire_owned().map_err(|_| HttpError::TooManyStreams(most))?;
    let news = state.news.listen(&space);
    let stream = Stream { state, space, news, greeted: false, _place: place };
    let events = futures_util::stream::unfold(stream, async |mut stream| {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

impl Stream {
    /// The next event; `None` when the CDN goes, or the listener is too far behind.
    async fn next(&mut self) -> Option<Event> {
        if !self.greeted {
            self.greeted = true;
            let data = json!({"space": self.space, "node": self.state.node});
            return Some(Event::default().event("ready").retry(RETRY).data(data.to_string()));
        }
        let news = tokio::select! {
            biased;
            () = self.state.closing.cancelled() => return None,
            news = self.news.recv() => news,
        };
        match news {
            Ok(Piece::Kept(kept)) => Some(event_of(&kept)),
            Ok(Piece::Missed) => Some(Event::default().event("missed").data("{}")),
            Err(RecvError::Lagged(_)) => {
                self.state.metrics.event_streams_lagged.inc();
                None
            }
            Err(RecvError::Closed) => None,
        }
    }
}

fn event_of(kept: &Kept) -> Event {
    if kept.kind == PANIC {
        return Event::default().event(PANIC).data(json!({"by": kept.id}).to_string());
    }
    let data = json!({"kind": kept.kind, "id": kept.id, "etag": kept.etag});
    let name = if kept.etag.is_some() { "changed" } else { "removed" };
    Event::default().event(name).data(data.to_string())
}
