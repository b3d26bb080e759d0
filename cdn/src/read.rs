//! GET and HEAD of an object: which form of it, whether the client has it already, and which bytes.

use crate::asset::Asset;
use crate::downloads::{Client, Source};
use crate::encoding::Encoding;
use crate::error::HttpError;
use crate::path::AssetPath;
use crate::range::Wanted;
use crate::shelf::Freshness;
use crate::state::State;
use crate::store::StoreError;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use headers::{HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince};
use std::ops::Range;
use std::sync::Arc;

/// How often an object is looked up again that is replaced between its headers and its body.
const TRIES: usize = 3;

/// What a request is answered with: the bytes of one form.
struct Form {
    encoding: Encoding,
    /// Where they are in memory.
    body: Option<Bytes>,
    size: u64,
}

/// Answers GET or HEAD.
pub(crate) async fn answer(
    state: &Arc<State>,
    path: &AssetPath,
    method: &Method,
    headers: &HeaderMap,
    client: Client,
) -> Result<Response<Body>, HttpError> {
    let mut freshness = if wants_now(headers) { Freshness::Now } else { Freshness::Recent };
    for _ in 1..TRIES {
        let asset = state.shelf.lookup(path, freshness).await?;
        match answer_with(state, &asset, method, headers, client).await {
            Err(Failure::Changed) => freshness = Freshness::Now,
            Err(Failure::Http(error)) => return Err(error),
            Ok(response) => return Ok(response),
        }
    }
    Err(HttpError::Busy)
}

enum Failure {
    /// The object is another one by now.
    Changed,
    Http(HttpError),
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

async fn answer_with(
    state: &Arc<State>,
    asset: &Arc<Asset>,
    method: &Method,
    headers: &HeaderMap,
    client: Client,
) -> Result<Response<Body>, Failure> {
    let get = *method == Method::GET;
    if get && asset.path.is_firmware() && runs_it_already(state, asset, headers).await {
        state.downloads.up_to_date(&asset.path, client);
        return Ok(not_modified(asset, Encoding::Identity));
    }
    // A range is one of the bytes as they are stored, which every client takes.
    let range = headers.get(header::RANGE).filter(|_| get);
    let encoding = match range {
        None if asset.kind.compressible => Encoding::choose(headers.get_all(header::ACCEPT_ENCODING).iter()),
        _ => Encoding::Identity,
    };
    let form = form(asset, encoding).await;
    check_preconditions(asset, form.encoding, headers)?;
    if has_it(asset, form.encoding, headers) {
        return Ok(not_modified(asset, form.encoding));
    }
    let wanted = match range {
        Some(range) if same_as_before(asset, headers) => Wanted::parse(Some(range), form.size),
        _ => Wanted::All,
    };
    let (status, part) = match wanted {
        Wanted::All => (StatusCode::OK, 0..form.size),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nothing => return Err(HttpError::NoSuchRange(form.size).into()),
    };

    let length = part.end.saturating_sub(part.start);
    let total = form.size;
    let encoding = form.encoding;
    let body = if get { body(state, asset, form, status, part.clone(), client).await? } else { Body::empty() };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let sent = response.headers_mut();
    describe(sent, asset, encoding);
    sent.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind.content_type));
    sent.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    sent.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(name) = encoding.name() {
        sent.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let last = part.end.saturating_sub(1);
        if let Ok(value) = HeaderValue::try_from(format!("bytes {}-{last}/{total}", part.start)) {
            sent.insert(header::CONTENT_RANGE, value);
        }
    } else if asset.path.is_firmware() {
        // A device compares it with what it has received, so it belongs to the whole alone.
        sent.insert("x-md5", asset.md5.clone());
    }
    if get {
        state.metrics.body_bytes.inc_by(length);
    }
    Ok(response)
}

/// `Cache-Control: no-cache`: the client must know how it is now.
fn wants_now(headers: &HeaderMap) -> bool {
    let directives = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    directives.flat_map(|text| text.split(',')).any(|word| word.trim().eq_ignore_ascii_case("no-cache"))
}

/// Whether a device says that it runs this image: by the MD5 of its sketch, or, when it does not say that, by its version.
async fn runs_it_already(state: &State, asset: &Asset, headers: &HeaderMap) -> bool {
    let said = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
    };
    if let Some(md5) = said("x-esp32-sketch-md5") {
        return md5.eq_ignore_ascii_case(&asset.hashes.md5);
    }
    let Some(version) = said("x-esp32-version") else { return false };
    match state.shelf.lookup(&AssetPath::manifest(), Freshness::Recent).await {
        Ok(manifest) => {
            let manifest = manifest.manifest.as_ref();
            manifest.and_then(|manifest| manifest.version_of(asset.path.as_str())) == Some(version)
        }
        // A device that is told too little fetches what it has: a waste, and no harm.
        Err(_) => false,
    }
}

async fn form(asset: &Arc<Asset>, wanted: Encoding) -> Form {
    match asset.encoded(wanted).await {
        Some((encoding, body)) => Form { encoding, size: body.len() as u64, body: Some(body) },
        None => Form { encoding: Encoding::Identity, size: asset.size, body: None },
    }
}

/// `If-Match` and `If-Unmodified-Since`.
fn check_preconditions(asset: &Asset, encoding: Encoding, headers: &HeaderMap) -> Result<(), HttpError> {
    let holds = if headers.contains_key(header::IF_MATCH) {
        let condition = headers.typed_get::<IfMatch>();
        condition.zip(asset.typed_tag(encoding)).is_some_and(|(condition, tag)| condition.precondition_passes(&tag))
    } else if headers.contains_key(header::IF_UNMODIFIED_SINCE) {
        let condition = headers.typed_get::<IfUnmodifiedSince>();
        condition.zip(asset.modified).is_none_or(|(condition, modified)| condition.precondition_passes(modified))
    } else {
        true
    };
    if holds { Ok(()) } else { Err(HttpError::PreconditionFailed) }
}

/// `If-None-Match` and, without it, `If-Modified-Since`.
fn has_it(asset: &Asset, encoding: Encoding, headers: &HeaderMap) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        let condition = headers.typed_get::<IfNoneMatch>();
        condition.zip(asset.typed_tag(encoding)).is_some_and(|(condition, tag)| !condition.precondition_passes(&tag))
    } else if headers.contains_key(header::IF_MODIFIED_SINCE) {
        let condition = headers.typed_get::<IfModifiedSince>();
        condition.zip(asset.modified).is_some_and(|(condition, modified)| !condition.is_modified(modified))
    } else {
        false
    }
}

/// `If-Range`: whether the object is the one that the client has a part of.
fn same_as_before(asset: &Asset, headers: &HeaderMap) -> bool {
    if !headers.contains_key(header::IF_RANGE) {
        return true;
    }
    let Some(condition) = headers.typed_get::<IfRange>() else { return false };
    // The very date: who has a part of a newer one has a part of another one as well.
    if let Some(modified) = asset.modified
        && condition == IfRange::date(modified)
    {
        return true;
    }
    !condition.is_modified(asset.typed_tag(Encoding::Identity).as_ref(), None)
}

fn not_modified(asset: &Asset, encoding: Encoding) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    describe(response.headers_mut(), asset, encoding);
    response
}

/// What 200, 206 and 304 say alike.
fn describe(sent: &mut HeaderMap, asset: &Asset, encoding: Encoding) {
    sent.reserve(20);
    sent.insert(header::ETAG, asset.tag(encoding).clone());
    if let Some(modified) = &asset.last_modified {
        sent.insert(header::LAST_MODIFIED, modified.clone());
    }
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static(asset.cache_control));
    if asset.kind.compressible {
        sent.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

async fn body(
    state: &Arc<State>,
    asset: &Arc<Asset>,
    form: Form,
    status: StatusCode,
    part: Range<u64>,
    client: Client,
) -> Result<Body, Failure> {
    let length = part.end.saturating_sub(part.start);
    let source = match form.body {
        Some(body) => Source::Memory(slice(&body, &part)),
        None => Source::Store(stream(state, asset, part).await?),
    };
    if asset.path.is_firmware() {
        return Ok(Body::new(state.downloads.follow(&asset.path, client, status.as_u16(), length, source)));
    }
    Ok(match source {
        Source::Memory(bytes) => Body::from(bytes),
        Source::Store(pieces) => Body::from_stream(pieces),
    })
}

fn slice(body: &Bytes, part: &Range<u64>) -> Bytes {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(body.len());
    body.slice(place(part.start)..place(part.end))
}

async fn stream(
    state: &State,
    asset: &Asset,
    part: Range<u64>,
) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, Failure> {
    // The store has no word for a range without bytes.
    if part.is_empty() {
        return Ok(futures_util::stream::empty().boxed());
    }
    let whole = part == (0..asset.size);
    match state.shelf.store.read(&asset.path, (!whole).then_some(part), asset.version.as_ref()).await {
        Ok(reading) => Ok(reading.bytes),
        Err(StoreError::Changed | StoreError::NotFound) => Err(Failure::Changed),
        Err(error) => Err(HttpError::from(error).into()),
    }
}
