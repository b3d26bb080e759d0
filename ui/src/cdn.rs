//! What existing apps ask their own server for, and the CDN has: the registry, libraries and firmware. Fetched for whoever asks, passed on
//! piece by piece, kept nowhere.
//!
//! ```text
//!  GET /static/vendor/js/p5.min.js, with conditions and range ─▶ GET <cdn>/js/p5.min.js ─▶ status, headers, body as they come
//! ```

use crate::error::HttpError;
use crate::http::Kind;
use crate::metrics::Metrics;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::Response;
use http_body_util::BodyExt;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Request, Url};
use std::error::Error;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Fetched at a time: each may hold a few hundred KB that its client has not taken yet.
const FETCHES: usize = 256;
/// What is asked for to see whether the CDN is there.
const PROBE: &str = "/static/commands.json";
/// Says in `Via` that a request came through here.
const VIA: &str = "1.1 grouploop-ui";

/// Headers of a request that change what is answered, beside those of devices.
const ASKED: [HeaderName; 8] = [
    header::ACCEPT_ENCODING,
    header::CACHE_CONTROL,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::RANGE,
];
/// How the headers begin in which devices say what they run.
const OF_DEVICES: &str = "x-esp32-";
/// Headers of an answer that say something about the content.
const ANSWERED: [HeaderName; 12] = [
    header::ACCEPT_RANGES,
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::ETAG,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
    header::VARY,
    HeaderName::from_static("x-md5"),
];

/// Where on the CDN it is that stands at this path here; `None` when it is nothing of the CDN's. Letters that need no decoding alone, so that
/// nothing climbs anywhere.
pub(crate) fn place(path: &str) -> Option<String> {
    if path == PROBE {
        return Some(path.to_owned());
    }
    let (folder, file) = if let Some(file) = path.strip_prefix("/static/vendor/js/") {
        ("/js/", file)
    } else if let Some(file) = path.strip_prefix("/js/") {
        ("/js/", file)
    } else {
        ("/firmware/", path.strip_prefix("/firmware/")?)
    };
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'@' | b'-');
    let is_name = |name: &str| !name.is_empty() && !name.starts_with('.') && name.bytes().all(fine);
    file.split('/').all(is_name).then(|| format!("{folder}{file}"))
}

/// The way to the CDN.
#[derive(Debug)]
pub(crate) struct Cdn {
    client: Client,
    /// Without a slash at its end.
    base: String,
    patience: Duration,
    free: Arc<Semaphore>,
    /// Why it is away; it counts as there until it was found away.
    away: RwLock<Option<String>>,
    metrics: Arc<Metrics>,
}

impl Cdn {
    /// # Errors
    /// When there can be no client.
    pub(crate) fn new(
        url: &str,
        patience: Duration,
        trusted: Vec<Certificate>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, reqwest::Error> {
        // rustls takes its cryptography from whoever is first to say so.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Redirects would have us fetch from whomever the CDN names.
        let builder = || {
            let builder = Client::builder().connect_timeout(patience).read_timeout(patience).redirect(Policy::none());
            // A proxy that the environment names cannot reach what is on this machine alone.
            if is_loopback(url) { builder.no_proxy() } else { builder }
        };
        // On a machine that trusts nobody, as in a small container, there is no such client; plain HTTP needs none.
        let client = builder().tls_certs_merge(trusted).build().or_else(|_| builder().tls_certs_only([]).build())?;
        Ok(Self {
            client,
            base: url.trim_end_matches('/').to_owned(),
            patience,
            free: Arc::new(Semaphore::new(FETCHES)),
            away: RwLock::default(),
            metrics,
        })
    }

    /// Why the CDN is away; `None` when it is there.
    pub(crate) fn away(&self) -> Option<String> {
        self.away.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks whether it is there.
    pub(crate) async fn probe(&self) {
        // What went wrong is noted.
        let _ = self.ask(&Method::HEAD, PROBE, &HeaderMap::new()).await;
    }

    /// GET or HEAD of what is at this [`place`].
    pub(crate) async fn fetch(&self, method: &Method, place: &str, headers: &HeaderMap) -> Result<Response, HttpError> {
        let fetched = self.pass_on(method, place, headers).await;
        self.metrics.fetched(fetched.as_ref().err());
        let mut response = fetched?;
        allow_pages(response.headers_mut());
        response.extensions_mut().insert(Kind::Cdn);
        Ok(response)
    }

    async fn pass_on(&self, method: &Method, place: &str, headers: &HeaderMap) -> Result<Response, HttpError> {
        if headers.get_all(header::VIA).iter().any(|via| via.to_str().is_ok_and(|via| via.contains(VIA))) {
            return Err(HttpError::CdnLoop);
        }
        let waited = timeout(self.patience, self.free.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = waited else { return Err(HttpError::CdnBusy) };
        let answer = self.ask(method, place, headers).await?;
        if answer.status().is_redirection() && answer.status() != reqwest::StatusCode::NOT_MODIFIED {
            return Err(HttpError::CdnElsewhere);
        }
        let answer = axum::http::Response::from(answer);
        let (parts, body) = answer.into_parts();
        // To the end of the body, whoever ends it.
        let body = body.map_frame(move |frame| {
            let _held = &permit;
            frame
        });
        let mut response = Response::new(Body::new(body));
        *response.status_mut() = parts.status;
        let known = parts.headers.iter().filter(|(name, _)| ANSWERED.contains(name));
        response.headers_mut().extend(known.map(|(name, value)| (name.clone(), value.clone())));
        Ok(response)
    }

    /// One request, until its answer begins.
    async fn ask(&self, method: &Method, place: &str, headers: &HeaderMap) -> Result<reqwest::Response, HttpError> {
        let Ok(url) = Url::parse(&format!("{}{place}", self.base)) else { return Err(HttpError::CdnFailed) };
        let mut request = Request::new(method.clone(), url);
        let passed = headers.iter().filter(|(name, _)| ASKED.contains(name) || name.as_str().starts_with(OF_DEVICES));
        let sent = request.headers_mut();
        sent.extend(passed.map(|(name, value)| (name.clone(), value.clone())));
        sent.insert(header::VIA, HeaderValue::from_static(VIA));
        let error = match timeout(self.patience, self.client.execute(request)).await {
            Ok(Ok(answer)) => {
                self.note(None);
                return Ok(answer);
            }
            Ok(Err(error)) => error,
            Err(_) => {
                self.note(Some(format!("no answer within {} ms", self.patience.as_millis())));
                return Err(HttpError::CdnAway);
            }
        };
        let error = error.without_url();
        let is_nonsense = causes(&error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse));
        let why = causes(&error).last().map(ToString::to_string);
        self.note(Some(why.unwrap_or_default()));
        Err(if is_nonsense { HttpError::CdnFailed } else { HttpError::CdnAway })
    }

    /// Notes whether it is there, and says so when that is news.
    fn note(&self, away: Option<String>) {
        // Nearly always there is none, and nobody waits for anybody.
        if away.is_none() && self.away.read().unwrap_or_else(PoisonError::into_inner).is_none() {
            return;
        }
        let mut now = self.away.write().unwrap_or_else(PoisonError::into_inner);
        match (&*now, &away) {
            (None, Some(why)) => {
                tracing::warn!(cdn.error = why, "the CDN does not answer; what apps ask us for from there is refused")
            }
            (Some(_), None) => tracing::info!("the CDN answers again"),
            _ => {}
        }
        self.metrics.cdn_up(away.is_none());
        *now = away;
    }
}

/// What pages of other origins may do with what is the CDN's: as much as there.
pub(crate) fn allow_pages(headers: &mut HeaderMap) {
    let mut set = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        "accept-ranges, content-encoding, content-length, content-range, etag, last-modified, retry-after, x-md5",
    );
    set(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
}

/// The error and what it came from; the last one says the most.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

fn is_loopback(url: &str) -> bool {
    let url = Url::parse(url);
    let host = url.as_ref().ok().and_then(Url::host_str).unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apps_ask_for_has_its_place_on_the_cdn() {
        for (path, there) in [
            ("/static/commands.json", "/static/commands.json"),
            ("/static/vendor/js/p5.min.js", "/js/p5.min.js"),
            ("/js/HitloopDevice.js", "/js/HitloopDevice.js"),
            ("/js/addons/x@1.0+a_b-c.js", "/js/addons/x@1.0+a_b-c.js"),
            ("/firmware/manifest.json", "/firmware/manifest.json"),
            ("/firmware/board/1.4.0/a.bin", "/firmware/board/1.4.0/a.bin"),
        ] {
            assert_eq!(place(path).as_deref(), Some(there));
        }
    }

    #[test]
    fn nothing_else_has() {
        for path in [
            "/",
            "/js",
            "/js/",
            "/js//a.js",
            "/js/../static/commands.json",
            "/js/./a.js",
            "/js/.hidden",
            "/js/a/../../x",
            "/js/%2e%2e/x",
            "/js/a.js%3f",
            "/js/..\\x",
            "/js/a b",
            "/js/a@b:c",
            "/js/ä.js",
            "/static/other.json",
            "/static/vendor/a.js",
            "/static/vendor/js/",
            "/static/vendor/js/../../commands.json",
            "/firmware/",
            "/health",
            "//evil.example/js/a.js",
        ] {
            assert_eq!(place(path), None, "{path}");
        }
    }

    #[test]
    fn only_what_is_on_this_machine_needs_no_proxy() {
        for (url, loopback) in [
            ("http://127.0.0.1:5008", true),
            ("http://localhost:5008/x", true),
            ("http://[::1]:5008", true),
            ("http://cdn:5000", false),
            ("https://10.0.0.7", false),
        ] {
            assert_eq!(is_loopback(url), loopback, "{url}");
        }
    }
}
