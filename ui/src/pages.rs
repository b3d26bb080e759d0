//! Our own pages: each a folder that is whole in itself, held in memory, made smaller once, and served under rules that suit what we wrote.

use crate::Port;
use crate::error::HttpError;
use crate::http::{Kind, redirect};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use grouploop_serve::content::{Delivery, Encoding, Forms, IMMUTABLE, MediaType, NO_STORE, REVALIDATE, Tags, hex};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// What our pages may do: run what is served here, and talk to any edge, CDN and simulator, for those addresses can be changed. A QR code is
/// drawn as a `data:` image.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss: http: https:; img-src 'self' data:; object-src 'none'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

/// What the documentation may do: show itself. Its diagrams carry their own styles, and its theme draws icons from `data:` images.
const POLICY_OF_DOCS: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
                              base-uri 'none'; form-action 'self'; frame-ancestors 'self'";
/// What a page may have for paths that are not there.
const NOT_FOUND: &str = "404.html";

/// Where the files are whose names carry a hash.
const HASHED: &str = "assets/";

/// The pages that there are, by name. Clones are cheap.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    pages: Arc<BTreeMap<String, BTreeMap<String, Arc<PageFile>>>>,
    icon: Option<Arc<PageFile>>,
}

/// A file of a page.
#[derive(Debug)]
pub(crate) struct PageFile {
    forms: Forms,
    tags: Tags,
    media_type: MediaType,
    cache_control: &'static str,
}

impl PageFile {
    fn new(path: &str, bytes: Bytes) -> Self {
        let media_type = MediaType::of(path);
        Self {
            tags: Tags::new(&hex(&Sha256::digest(&bytes))),
            forms: Forms::new(bytes, media_type.compressible),
            media_type,
            cache_control: if path.starts_with(HASHED) { IMMUTABLE } else { REVALIDATE },
        }
    }
}

impl Pages {
    /// What `make web` had built when this program was.
    #[must_use]
    pub fn built_in() -> Self {
        let files = PAGES.iter().map(|&(page, path, bytes)| (page, path, Bytes::from_static(bytes)));
        let icon = ICON.map(|bytes| Arc::new(PageFile::new("icon.svg", Bytes::from_static(bytes))));
        Self { icon, ..Self::new(files) }
    }

    /// Pages of these files: the name of the page, the path in its folder, the bytes.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str, Bytes)>) -> Self {
        let mut pages = BTreeMap::<String, BTreeMap<String, Arc<PageFile>>>::new();
        for (page, path, bytes) in files {
            let file = Arc::new(PageFile::new(path, bytes));
            pages.entry(page.to_owned()).or_default().insert(path.to_owned(), file);
        }
        Self { pages: Arc::new(pages), icon: None }
    }

    /// Whether there is a page of this name.
    pub(crate) fn has(&self, page: &str) -> bool {
        self.pages.contains_key(page)
    }

    /// What they are called.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.pages.keys().cloned()
    }

    /// GET or HEAD of a path in the folder of a page. Paths are as they were built, letter for letter: nothing else is there.
    pub(crate) async fn answer(
        &self,
        page: &str,
        path: &str,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Response, HttpError> {
        let Some(files) = self.pages.get(page) else { return Ok(not_built(page)) };
        let index = |folder: &str| format!("{folder}index.html");
        let found = if path.is_empty() || path.ends_with('/') { files.get(&index(path)) } else { files.get(path) };
        let mut response = match (found, files.get(NOT_FOUND)) {
            (Some(file), _) => send(file, method, headers).await?,
            (None, _) if files.contains_key(&index(&format!("{path}/"))) => {
                // Where a name stands for a folder, its own links begin there.
                let name = path.rsplit('/').next().unwrap_or(path);
                return Ok(redirect(&format!("{name}/"), None));
            }
            (None, Some(file)) => {
                let mut response = send(file, method, &HeaderMap::new()).await?;
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
            (None, None) => return Err(HttpError::NotFound),
        };
        guard(page, response.headers_mut());
        Ok(response)
    }

    /// What browsers show in a tab; without one they draw their own.
    pub(crate) async fn icon(&self, method: &Method, headers: &HeaderMap) -> Result<Response, HttpError> {
        match &self.icon {
            Some(icon) => send(icon, method, headers).await,
            None => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::NO_CONTENT;
                Ok(response)
            }
        }
    }
}

async fn send(file: &PageFile, method: &Method, headers: &HeaderMap) -> Result<Response, HttpError> {
    let (encoding, body) = file.forms.get(Encoding::of_request(method, headers)).await;
    let size = body.len() as u64;
    let delivery = Delivery::decide(method, headers, file.tags.typed(encoding).as_ref(), None, size);
    match delivery {
        Delivery::PreconditionFailed => return Err(HttpError::PreconditionFailed),
        Delivery::NoSuchRange => return Err(HttpError::NoSuchRange(size)),
        _ => {}
    }
    let part = delivery.bytes(size);
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(body.len());
    let mut response = Response::new(if *method == Method::HEAD {
        Body::empty()
    } else {
        Body::from(body.slice(place(part.start)..place(part.end)))
    });
    *response.status_mut() = delivery.status();
    let sent = response.headers_mut();
    sent.insert(header::ETAG, file.tags.header(encoding).clone());
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static(file.cache_control));
    if file.media_type.compressible {
        sent.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if delivery != Delivery::NotModified {
        sent.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type.content_type));
        delivery.describe(size, sent);
        if let Some(name) = encoding.name() {
            sent.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
    }
    response.extensions_mut().insert(Kind::Page);
    Ok(response)
}

/// On every file of a page: a worker lives by the rules that came with its own script.
fn guard(page: &str, headers: &mut HeaderMap) {
    let policy = if page == Port::Docs.page() { POLICY_OF_DOCS } else { POLICY };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

/// For who built without Node.js or Python.
fn not_built(page: &str) -> Response {
    let (what, make, needs) = match page {
        "docs" => ("its documentation", "docs", "Python 3 with pip, and Node.js"),
        _ => ("its pages", "web", "Node.js"),
    };
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>GroupLoop</title>\n\
         <p>This program was built without {what}, so there is no {page} here: run <code>make {make}</code>, which needs {needs}, then build it \
         again (<code>make run</code> does both). Everything else works.</p>\n"
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let mut set = |name: HeaderName, value| response.headers_mut().insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(header::CACHE_CONTROL, NO_STORE);
    guard(page, response.headers_mut());
    response.extensions_mut().insert(Kind::Page);
    response
}
