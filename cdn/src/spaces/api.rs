//! Groups and scenes over HTTP: all of a kind at once, one, written and removed on a condition.

use super::check::check;
use super::documents::MAX_DOCUMENT_BYTES;
use super::{DocumentId, Held, Kind, Listed, body_of, condition, id_of, space_of, tag_of};
use crate::error::HttpError;
use crate::metrics::Write;
use crate::path::AssetPath;
use crate::shelf::Freshness;
use crate::state::State;
use crate::store::{StoreError, Version};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State as FromState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use grouploop_bridge::{Registry, Space};
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::sync::Arc;

type Answer = Result<Response, HttpError>;
type TheState = FromState<Arc<State>>;

#[derive(Serialize)]
struct List<'a> {
    space: &'a Space,
    kind: &'static str,
    complete: bool,
    documents: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    etag: &'a str,
    /// `null` when somebody put something there that is none.
    document: Option<&'a RawValue>,
}

impl<'a> Shown<'a> {
    fn new(listed: &'a Listed) -> Self {
        let document = serde_json::from_slice(&listed.bytes).ok();
        Self { id: listed.id.as_str(), etag: &listed.etag, document }
    }
}

/// `GET /api/spaces/{space}/{kind}`
pub(crate) async fn list(FromState(state): TheState, Path((space, kind)): Path<(String, String)>) -> Answer {
    let (space, kind) = (space_of(&space)?, kind_of(&kind)?);
    let place = Held::place(&state).await?;
    let (listed, complete) = state.documents.list(&space, kind).await?;
    let documents = listed.iter().map(Shown::new).collect();
    let list = List { space: &space, kind: kind.name(), complete, documents };
    // Texts and what was JSON before: nothing of it can fail.
    Ok(Held(serde_json::to_vec(&list).unwrap_or_default().into(), place).into_response())
}

/// `GET /api/spaces/{space}/{kind}/{id}`
pub(crate) async fn show(
    FromState(state): TheState,
    Path((space, kind, id)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let (space, kind, id) = (space_of(&space)?, kind_of(&kind)?, id_of(&id)?);
    let place = Held::place(&state).await?;
    let (bytes, _) = state.documents.read(&space, kind, &id).await?;
    Ok(tagged(bytes, &headers, |bytes| Held(bytes, place).into_response()))
}

/// The content with its tag, or that the client has it.
pub(crate) fn tagged(bytes: Bytes, headers: &HeaderMap, answer: impl FnOnce(Bytes) -> Response) -> Response {
    let tag = tag_of(&bytes);
    let known = headers.typed_get::<IfNoneMatch>().zip(tag.parse::<ETag>().ok());
    let has_it = known.is_some_and(|(condition, tag)| !condition.precondition_passes(&tag));
    let response = if has_it { StatusCode::NOT_MODIFIED.into_response() } else { answer(bytes) };
    ([(header::ETAG, tag)], response).into_response()
}

/// `PUT /api/spaces/{space}/{kind}/{id}`
pub(crate) async fn change(
    FromState(state): TheState,
    Path((space, kind, id)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let outcome = put(&state, &space, &kind, &id, &headers, body).await;
    counted(&state, &kind, Write::Written, outcome)
}

async fn put(state: &State, space: &str, kind: &str, id: &str, headers: &HeaderMap, body: Body) -> Answer {
    let (space, kind, id) = (space_of(space)?, kind_of(kind)?, id_of(id)?);
    let (body, _place) = body_of(state, headers, body, MAX_DOCUMENT_BYTES).await?;
    let registry = registry(state).await;
    // As values it takes many times the room of its text, so it is that for this moment alone.
    let bytes: Bytes = check(kind, &body, &registry).map_err(HttpError::Refused)?.to_string().into();
    // Numbers may be longer than they were written: 1e9 is 1000000000.0.
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(HttpError::TooLong(MAX_DOCUMENT_BYTES));
    }
    let current = current(state, &space, kind, &id).await?;
    let is_new = current.is_none();
    let condition = condition(headers, current.as_ref().map(|(tag, version)| (tag.as_str(), version.clone())))?;
    let etag = tag_of(&bytes);
    state.documents.write(&space, kind, &id, bytes, &condition).await?;
    tracing::info!(space.id = %space, document.kind = kind.name(), document.id = %id, "document written");
    state.news.announce(&state.bus, &state.node, &space, kind, &id, Some(etag.clone()));
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, [(header::ETAG, etag.clone())], Json(json!({"id": id.as_str(), "etag": etag}))).into_response())
}

/// `DELETE /api/spaces/{space}/{kind}/{id}`
pub(crate) async fn remove(
    FromState(state): TheState,
    Path((space, kind, id)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let outcome = delete(&state, &space, &kind, &id, &headers).await;
    counted(&state, &kind, Write::Removed, outcome)
}

async fn delete(state: &State, space: &str, kind: &str, id: &str, headers: &HeaderMap) -> Answer {
    let (space, kind, id) = (space_of(space)?, kind_of(kind)?, id_of(id)?);
    let Some((tag, version)) = current(state, &space, kind, &id).await? else {
        return Err(HttpError::NotFound);
    };
    let condition = condition(headers, Some((&tag, version)))?;
    state.documents.delete(&space, kind, &id, &condition).await?;
    tracing::info!(space.id = %space, document.kind = kind.name(), document.id = %id, "document removed");
    state.news.announce(&state.bus, &state.node, &space, kind, &id, None);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The kinds that people write. Rollouts have ways of their own.
fn kind_of(text: &str) -> Result<Kind, HttpError> {
    Kind::WRITTEN.into_iter().find(|kind| kind.name() == text).ok_or(HttpError::NotFound)
}

async fn current(
    state: &State,
    space: &Space,
    kind: Kind,
    id: &DocumentId,
) -> Result<Option<(String, Version)>, HttpError> {
    match state.documents.read(space, kind, id).await {
        Ok((bytes, version)) => Ok(Some((tag_of(&bytes), version))),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The commands that scenes may name: those of the store, or the built-in ones while there are none that can be read.
async fn registry(state: &State) -> Registry {
    let asset = state.shelf.lookup(&AssetPath::registry(), Freshness::Recent).await.ok();
    let stored = asset.and_then(|asset| Registry::parse(asset.forms.as_ref()?.body()).ok());
    stored.unwrap_or_else(Registry::built_in)
}

fn counted(state: &State, kind: &str, done: Write, outcome: Answer) -> Answer {
    // What is no kind is not a label.
    if let Ok(kind) = kind_of(kind) {
        state.metrics.kept(kind, outcome.as_ref().map_or_else(|error| Write::Refused(error.word()), |_| done));
    }
    outcome
}
