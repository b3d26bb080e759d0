//! PUT and DELETE of an object, for whoever has the token.
//!
//! ```text
//!  token ▸ name ▸ declared size ▸ a place among the uploads ▸ condition ▸ content ▸ store ▸ forget what was in memory ▸ announce
//! ```
//!
//! Each step may end it, and then what was there stays.

use crate::asset::{Asset, Hasher, Hashes};
use crate::error::HttpError;
use crate::manifest::Manifest;
use crate::path::AssetPath;
use crate::shelf::{Freshness, MAX_MANIFEST_BYTES};
use crate::state::State;
use crate::store::{Condition, StoreError};
use axum::Json;
use axum::body::BodyDataStream;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use grouploop_bridge::{MAX_REGISTRY_BYTES, Registry};
use grouploop_serve::content::{Encoding, Tags};
use headers::{ContentLength, HeaderMapExt, IfMatch, IfNoneMatch};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Time that an upload waits for others to end.
const QUEUE_PATIENCE: Duration = Duration::from_secs(10);

/// What a client may still send after it was refused, and for how long: who stops reading at once has the connection reset, and the client
/// never sees why it was refused.
const LEFTOVER_BYTES: usize = 8 << 20;
const LEFTOVER_PATIENCE: Duration = Duration::from_secs(2);

/// What came in.
struct Written {
    size: u64,
    hashes: Hashes,
}

/// Answers PUT.
pub(crate) async fn put(
    state: &State,
    path: Option<AssetPath>,
    headers: &HeaderMap,
    body: &mut BodyDataStream,
) -> Result<Response, HttpError> {
    state.token.check(headers)?;
    let path = path.ok_or(HttpError::BadName)?;
    if headers.contains_key(header::CONTENT_ENCODING) || headers.contains_key(header::CONTENT_RANGE) {
        return Err(HttpError::BadRequest(
            "an object is written whole and as it is: no Content-Encoding, no Content-Range",
        ));
    }
    let limit = limit(state, &path);
    let declared = headers.typed_get::<ContentLength>().map(|length| length.0);
    if declared.is_some_and(|declared| declared > limit) {
        return Err(HttpError::TooLarge(limit));
    }
    let _place = timeout(QUEUE_PATIENCE, state.uploads.acquire()).await.map_err(|_| HttpError::Busy)?;
    let current = current(state, &path).await?;
    let condition = condition(headers, current.as_deref())?;
    let written = if path == AssetPath::registry() || path == AssetPath::manifest() {
        let bytes = collect(body, limit).await?;
        check(state, &path, &bytes).await?;
        let written = written(&bytes);
        state.shelf.store.write(&path, bytes, &condition).await.map_err(|error| failed(&path, error))?;
        written
    } else {
        receive(state, &path, body, condition, limit, declared).await?
    };
    state.shelf.forget(&path);
    state.metrics.written_bytes.inc_by(written.size);
    if path == AssetPath::registry() {
        state.registry_written.notify_one();
    }
    tracing::info!(object.path = %path, object.bytes = written.size, object.sha256 = written.hashes.sha256, "object written");
    let mut answer = Json(json!({
        "path": path.as_str(),
        "size": written.size,
        "sha256": written.hashes.sha256,
        "md5": written.hashes.md5,
    }))
    .into_response();
    *answer.status_mut() =
        if current.is_some_and(|asset| asset.version.is_some()) { StatusCode::OK } else { StatusCode::CREATED };
    // A manifest is served with more in it than was written, so its tag is another one.
    if path != AssetPath::manifest() {
        let tag = Tags::new(&written.hashes.sha256).header(Encoding::Identity).clone();
        answer.headers_mut().insert(header::ETAG, tag);
    }
    Ok(answer)
}

/// Takes what a refused client still sends, within bounds. One that waits for our word before it sends (`Expect: 100-continue`) is not asked.
pub(crate) async fn take_leftover(headers: &HeaderMap, body: &mut BodyDataStream) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let take = async {
        let mut seen = 0;
        while let Some(Ok(piece)) = body.next().await {
            seen += piece.len();
            if seen > LEFTOVER_BYTES {
                return;
            }
        }
    };
    // It was refused either way.
    let _ = timeout(LEFTOVER_PATIENCE, take).await;
}

/// Answers DELETE.
pub(crate) async fn delete(state: &State, path: Option<AssetPath>, headers: &HeaderMap) -> Result<Response, HttpError> {
    state.token.check(headers)?;
    let path = path.ok_or(HttpError::BadName)?;
    let stored = current(state, &path).await?.filter(|asset| asset.version.is_some());
    let Some(current) = stored else {
        // The same answer to a condition: what is not there matches nothing.
        let asked = headers.contains_key(header::IF_MATCH);
        return Err(if asked { HttpError::PreconditionFailed } else { HttpError::NotFound });
    };
    let condition = condition(headers, Some(&current))?;
    state.shelf.store.delete(&path, &condition).await.map_err(|error| failed(&path, error))?;
    state.shelf.forget(&path);
    tracing::info!(object.path = %path, "object removed");
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A write that the store did not take is somebody's to look at: a folder without rights, a bucket that only may be read.
fn failed(path: &AssetPath, error: StoreError) -> HttpError {
    if let StoreError::Away(why) | StoreError::Denied(why) = &error {
        tracing::warn!(object.path = %path, store.error = why, "object not written");
    }
    error.into()
}

fn limit(state: &State, path: &AssetPath) -> u64 {
    let most = state.settings.max_upload_bytes;
    if *path == AssetPath::registry() {
        most.min(MAX_REGISTRY_BYTES as u64)
    } else if *path == AssetPath::manifest() {
        most.min(MAX_MANIFEST_BYTES)
    } else {
        most
    }
}

/// What is there now; a manifest that is made of nothing is not there.
async fn current(state: &State, path: &AssetPath) -> Result<Option<Arc<Asset>>, HttpError> {
    if let Some(why) = state.shelf.health.away() {
        return Err(StoreError::Away(why).into());
    }
    match state.shelf.lookup(path, Freshness::Now).await {
        Ok(asset) => Ok(Some(asset)),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What `If-Match` and `If-None-Match` mean to the store. They name what a GET shows, in whatever form.
fn condition(headers: &HeaderMap, current: Option<&Asset>) -> Result<Condition, HttpError> {
    let forms = [Encoding::Identity, Encoding::Gzip, Encoding::Brotli];
    let tags = || current.into_iter().flat_map(|asset| forms.into_iter().filter_map(|form| asset.tags.typed(form)));
    let now = || match current.map(|asset| asset.version.clone()) {
        Some(Some(version)) => Condition::Is(version),
        _ => Condition::Absent,
    };
    let mut condition = Condition::Any;
    if headers.contains_key(header::IF_MATCH) {
        let wanted = headers.typed_get::<IfMatch>().ok_or(HttpError::BadRequest("If-Match has no list of tags"))?;
        if !tags().any(|tag| wanted.precondition_passes(&tag)) {
            return Err(HttpError::PreconditionFailed);
        }
        condition = now();
    }
    if headers.contains_key(header::IF_NONE_MATCH) {
        let unwanted =
            headers.typed_get::<IfNoneMatch>().ok_or(HttpError::BadRequest("If-None-Match has no list of tags"))?;
        let stored = current.is_some_and(|asset| asset.version.is_some());
        if stored && tags().any(|tag| !unwanted.precondition_passes(&tag)) {
            return Err(HttpError::PreconditionFailed);
        }
        condition = now();
    }
    Ok(condition)
}

pub(crate) async fn collect(pieces: &mut BodyDataStream, limit: u64) -> Result<Bytes, HttpError> {
    let mut whole = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| HttpError::Cut)?;
        if (whole.len() + piece.len()) as u64 > limit {
            return Err(HttpError::TooLarge(limit));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// Looks at the two objects that others rely on.
async fn check(state: &State, path: &AssetPath, bytes: &[u8]) -> Result<(), HttpError> {
    if *path == AssetPath::registry() {
        return Registry::parse(bytes).map(|_| ()).map_err(|error| HttpError::Refused(error.mistakes()));
    }
    let manifest = Manifest::parse(bytes).map_err(HttpError::Refused)?;
    let mut missing = Vec::new();
    for name in manifest.paths() {
        let found = match AssetPath::parse(name) {
            Some(image) => current(state, &image).await?.is_some(),
            None => false,
        };
        if !found {
            missing.push(format!("{name} is not in the store; upload it first"));
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(HttpError::Refused(missing)) }
}

fn written(bytes: &[u8]) -> Written {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    Written { size: bytes.len() as u64, hashes: hasher.finish() }
}

/// Takes an object in, piece by piece.
async fn receive(
    state: &State,
    path: &AssetPath,
    pieces: &mut BodyDataStream,
    condition: Condition,
    limit: u64,
    declared: Option<u64>,
) -> Result<Written, HttpError> {
    let mut upload = state.shelf.store.upload(path, condition).await.map_err(|error| failed(path, error))?;
    let mut hasher = Hasher::default();
    let mut size = 0;
    let outcome = loop {
        match pieces.next().await {
            None if declared.is_some_and(|declared| declared != size) => break Err(HttpError::Cut),
            None => break Ok(()),
            Some(Err(_)) => break Err(HttpError::Cut),
            Some(Ok(piece)) => {
                size += piece.len() as u64;
                if size > limit {
                    break Err(HttpError::TooLarge(limit));
                }
                hasher.update(&piece);
                if let Err(error) = upload.push(piece).await {
                    break Err(failed(path, error));
                }
            }
        }
    };
    match outcome {
        Ok(()) => upload.finish().await.map_err(|error| failed(path, error))?,
        Err(error) => {
            upload.abort().await;
            return Err(error);
        }
    }
    Ok(Written { size, hashes: hasher.finish() })
}
