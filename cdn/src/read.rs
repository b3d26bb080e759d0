//! GET and HEAD of an object: which form of it, whether the client has it already, and which bytes.

use crate::asset::Asset;
use crate::downloads::{Client, SKETCH_MD5, Source, VERSION, said};
use crate::error::HttpError;
use crate::path::AssetPath;
use crate::shelf::Freshness;
use crate::state::State;
use crate::store::StoreError;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use grouploop_serve::content::{Delivery, Encoding};
use std::ops::Range;
use std::sync::Arc;

/// How often an object is looked up that is replaced between its headers and its body.
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
    client: &Client,
) -> Result<Response<Body>, HttpError> {
    let mut freshness = if wants_now(headers) { Freshness::Now } else { Freshness::Recent };
    for _ in 0..TRIES {
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
    client: &Client,
) -> Result<Response<Body>, Failure> {
    let get = *method == Method::GET;
    if get && asset.path.is_firmware() && (client.check || runs_it_already(state, asset, headers).await) {
        state.downloads.nothing_to_do(&asset.path, client.clone());
        return Ok(not_modified(asset, Encoding::Identity));
    }
    let form = form(asset, Encoding::of_request(method, headers)).await;
    let (encoding, total) = (form.encoding, form.size);
    let delivery = Delivery::decide(method, headers, asset.tags.typed(encoding).as_ref(), asset.modified, total);
    match delivery {
        Delivery::PreconditionFailed => return Err(HttpError::PreconditionFailed.into()),
        Delivery::NotModified => return Ok(not_modified(asset, encoding)),
        Delivery::NoSuchRange => return Err(HttpError::NoSuchRange(total).into()),
        Delivery::All | Delivery::Part(_) => {}
    }

    let (status, part) = (delivery.status(), delivery.bytes(total));
    let length = part.end.saturating_sub(part.start);
    let body = if get { body(state, asset, form, status, part, client).await? } else { Body::empty() };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let sent = response.headers_mut();
    describe(sent, asset, encoding);
    sent.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type.content_type));
    delivery.describe(total, sent);
    if let Some(name) = encoding.name() {
        sent.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    // A device compares it with what it has received, so it belongs to the whole alone.
    if delivery == Delivery::All && asset.path.is_firmware() {
        sent.insert("x-md5", asset.md5.clone());
    }
    if get {
        if let Some(sealed) = &asset.sealed {
            response.extensions_mut().insert(sealed.clone());
        }
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
    if let Some(md5) = said(headers, SKETCH_MD5) {
        return md5.eq_ignore_ascii_case(&asset.hashes.md5);
    }
    let Some(version) = said(headers, VERSION) else { return false };
    match state.shelf.lookup(&AssetPath::manifest(), Freshness::Recent).await {
        Ok(manifest) => {
            let manifest = manifest.manifest.as_ref();
            manifest.and_then(|manifest| manifest.version_of(asset.path.as_str())) == Some(version)
        }
        // A device that is told too little fetches what it has: a waste, and no harm.
        Err(_) => false,
    }
}

async fn form(asset: &Asset, wanted: Encoding) -> Form {
    match &asset.forms {
        Some(forms) => {
            let (encoding, body) = forms.get(wanted).await;
            Form { encoding, size: body.len() as u64, body: Some(body) }
        }
        None => Form { encoding: Encoding::Identity, size: asset.size, body: None },
    }
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
    sent.insert(header::ETAG, asset.tags.header(encoding).clone());
    if let Some(modified) = &asset.last_modified {
        sent.insert(header::LAST_MODIFIED, modified.clone());
    }
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static(asset.cache_control));
    if asset.media_type.compressible {
        sent.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

async fn body(
    state: &Arc<State>,
    asset: &Arc<Asset>,
    form: Form,
    status: StatusCode,
    part: Range<u64>,
    client: &Client,
) -> Result<Body, Failure> {
    let length = part.end.saturating_sub(part.start);
    let source = match form.body {
        Some(body) => Source::Memory(slice(&body, &part)),
        None => Source::Store(stream(state, asset, part).await?),
    };
    if asset.path.is_firmware() {
        return Ok(Body::new(state.downloads.follow(&asset.path, client.clone(), status.as_u16(), length, source)));
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
