//! What requests to the API of spaces have in common: whose page asks, names in the path, conditions, bodies, and how much of it at a time.

use super::DocumentId;
use crate::error::HttpError;
use crate::state::State;
use crate::store::{Condition, Version};
use crate::write::{collect, take_leftover};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State as FromState};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use grouploop_bridge::Space;
use grouploop_serve::Cors;
use grouploop_serve::content::NO_STORE;
use headers::{ContentLength, ETag, HeaderMapExt, IfMatch, IfNoneMatch};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// What pages may do.
const CORS: Cors = Cors {
    methods: "GET, HEAD, PUT, POST, DELETE, OPTIONS",
    request_headers: "cache-control, content-type, if-match, if-none-match, last-event-id",
    response_headers: "etag, location, retry-after",
};
/// Time for a body to arrive, and to get a place.
const PATIENCE: Duration = Duration::from_secs(10);

/// What holds for every answer: strangers' pages change nothing and read nothing, and nothing is kept in a cache.
pub(crate) async fn around(FromState(state): FromState<Arc<State>>, request: Request, next: Next) -> Response {
    let asker = state.origins.judge(request.headers());
    let preflight = request.method() == Method::OPTIONS;
    let mut response = match asker.may(request.method(), request.headers()) {
        false => HttpError::Stranger.into_response(),
        true if preflight => StatusCode::NO_CONTENT.into_response(),
        true => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(NO_STORE));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    asker.tell(CORS, preflight, headers);
    state.metrics.responded(response.status());
    response
}

pub(crate) fn space_of(text: &str) -> Result<Space, HttpError> {
    text.parse().map_err(|_| HttpError::BadSpace)
}

pub(crate) fn id_of(text: &str) -> Result<DocumentId, HttpError> {
    text.parse()
}

/// Takes a body of at most so many bytes.
pub(crate) async fn body_of(
    state: &State,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<(Bytes, OwnedSemaphorePermit), HttpError> {
    let mut pieces = body.into_data_stream();
    let take = async {
        if headers.typed_get::<ContentLength>().is_some_and(|length| length.0 > limit as u64) {
            return Err(HttpError::TooLong(limit));
        }
        let place = timeout(PATIENCE, state.bodies.clone().acquire_owned()).await;
        let place = place.ok().and_then(Result::ok).ok_or(HttpError::Busy)?;
        let whole = timeout(PATIENCE, collect(&mut pieces, limit as u64)).await.map_err(|_| HttpError::Cut)?;
        Ok((
            whole.map_err(
                |error| if matches!(error, HttpError::TooLarge(_)) { HttpError::TooLong(limit) } else { error },
            )?,
            place,
        ))
    };
    let taken = take.await;
    if taken.is_err() {
        take_leftover(headers, &mut pieces).await;
    }
    taken
}

/// What `If-Match` and `If-None-Match` mean to the store, where this is now.
///
/// # Errors
/// When none of the two is there, or does not hold.
pub(crate) fn condition(headers: &HeaderMap, current: Option<(&str, Version)>) -> Result<Condition, HttpError> {
    let tag = current.as_ref().and_then(|(tag, _)| tag.parse::<ETag>().ok());
    let mut holds = None;
    if headers.contains_key(header::IF_MATCH) {
        let wanted = headers.typed_get::<IfMatch>().ok_or(HttpError::BadRequest("If-Match has no list of tags"))?;
        holds = Some(tag.as_ref().is_some_and(|tag| wanted.precondition_passes(tag)));
    }
    if headers.contains_key(header::IF_NONE_MATCH) {
        let unwanted =
            headers.typed_get::<IfNoneMatch>().ok_or(HttpError::BadRequest("If-None-Match has no list of tags"))?;
        let passes = tag.as_ref().is_none_or(|tag| unwanted.precondition_passes(tag));
        holds = Some(holds.unwrap_or(true) && passes);
    }
    match (holds, current) {
        (None, _) => Err(HttpError::NoCondition),
        (Some(false), _) => Err(HttpError::PreconditionFailed),
        (Some(true), Some((_, version))) => Ok(Condition::Is(version)),
        (Some(true), None) => Ok(Condition::Absent),
    }
}

/// A body whose bytes count as held until the client has taken them.
pub(crate) struct Held(pub(crate) Bytes, pub(crate) OwnedSemaphorePermit);

impl Held {
    /// The place of an answer among those that are held at a time.
    pub(crate) async fn place(state: &State) -> Result<OwnedSemaphorePermit, HttpError> {
        let place = timeout(PATIENCE, state.answers.clone().acquire_owned()).await;
        place.ok().and_then(Result::ok).ok_or(HttpError::Busy)
    }
}

impl IntoResponse for Held {
    fn into_response(self) -> Response {
        let pieces = futures_util::stream::unfold((Some(self.0), self.1), |(bytes, place)| async move {
            Some((Ok::<_, std::convert::Infallible>(bytes?), (None, place)))
        });
        ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(pieces)).into_response()
    }
}
