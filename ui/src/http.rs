//! HTTP of each port: its page at the root, what apps ask for, status, health and metrics; on the hub also every page and every app.

use crate::Port;
use crate::apps::AppName;
use crate::cdn::{allow_pages, place};
use crate::config::Config;
use crate::error::HttpError;
use crate::lodger::{MONITOR, SIMULATOR};
use crate::state::State;
use axum::body::Body;
use axum::extract::{Request, State as FromState};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use grouploop_serve::content::NO_STORE;
use grouploop_serve::metrics::CONTENT_TYPE;
use grouploop_serve::{Tls, words};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What can be done with anything here.
const METHODS: &str = "GET, HEAD, OPTIONS";
/// Headers of requests that pages of other origins may send for what is the CDN's.
const REQUEST_HEADERS: &str =
    "cache-control, if-match, if-modified-since, if-none-match, if-range, if-unmodified-since, range";

words! {
    /// What was answered with, for the metrics; whoever knows better than `Other` says so among the extensions of the response.
    pub(crate) enum Kind {
        /// A file of a page of ours.
        Page = "page",
        /// A file of somebody's app.
        App = "app",
        /// Something that the CDN has.
        Cdn = "cdn",
        /// Anything else.
        Other = "other",
    }
}

/// What a handler knows: everything, and at which port it is.
#[derive(Debug, Clone)]
struct Here {
    state: Arc<State>,
    port: Port,
}

type TheHere = FromState<Here>;
type Answer = Result<Response, HttpError>;

pub(crate) fn router(state: Arc<State>, port: Port) -> Router {
    let here = Here { state, port };
    let mut router = Router::new()
        .route("/config.js", get(config))
        .route("/favicon.ico", get(icon))
        .route("/favicon.svg", get(icon))
        .route("/health", get(health))
        .route("/livez", get(|| async { ([(header::CACHE_CONTROL, NO_STORE)], "ok\n") }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics));
    if port == Port::Hub {
        router = router.route("/api/apps", get(apps));
    }
    router
        .method_not_allowed_fallback(|| async { HttpError::MethodNotAllowed })
        .fallback(content)
        .layer(middleware::from_fn_with_state(here.clone(), around))
        .with_state(here)
}

/// What holds for every answer: it is what its type says, and nobody sends anything but questions.
async fn around(FromState(here): TheHere, request: Request, next: Next) -> Response {
    let mut response = match *request.method() {
        Method::OPTIONS => options(request.uri().path()),
        _ => next.run(request).await,
    };
    let kind = response.extensions_mut().remove::<Kind>().unwrap_or(Kind::Other);
    here.state.metrics.responded(here.port, kind, response.status());
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What can be done with this path, and, where it is the CDN's, by whose pages.
fn options(path: &str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(METHODS));
    if place(path).is_some() {
        allow_pages(headers);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
    response
}

/// Every path that is no route: on the hub a page or an app; then what is the CDN's; then the page of this port. Paths are compared as they
/// came, before anything is decoded.
async fn content(FromState(Here { state, port }): TheHere, method: Method, uri: Uri, headers: HeaderMap) -> Answer {
    if !matches!(method, Method::GET | Method::HEAD) {
        return Err(HttpError::MethodNotAllowed);
    }
    let path = uri.path();
    if let Some(place) = place(path) {
        return state.cdn.fetch(&method, &place, &headers).await;
    }
    if port == Port::Hub && (path == "/apps" || path == "/apps/") {
        // The list for people is the dashboard.
        return Ok(redirect("/", None));
    }
    match path.strip_prefix("/apps/").filter(|_| port == Port::Hub) {
        Some(rest) => below_apps(&state, rest, &method, &uri, &headers).await,
        None => {
            // A target that is no path is for proxies.
            let path = path.strip_prefix('/').ok_or(HttpError::NotFound)?;
            state.pages.answer(port.page(), path, &method, &headers).await
        }
    }
}

/// `<name>/<path>`: a page of ours, or an app.
async fn below_apps(state: &State, rest: &str, method: &Method, uri: &Uri, headers: &HeaderMap) -> Answer {
    let (name, path) = rest.split_once('/').map_or((rest, None), |(name, path)| (name, Some(path)));
    let name = AppName::parse(name).ok_or(HttpError::NoApp)?;
    let Some(path) = path else { return Ok(redirect(&format!("{}/", uri.path()), uri.query())) };
    if is_ours(state, name.as_str()) {
        return state.pages.answer(name.as_str(), path, method, headers).await;
    }
    match state.apps.answer(name, path, method, headers).await? {
        Some(response) => Ok(response),
        None => Ok(redirect(&format!("{}/", uri.path()), uri.query())),
    }
}

/// Whether a name is that of a page of ours, built or not.
fn is_ours(state: &State, name: &str) -> bool {
    state.pages.has(name) || names_of_ours().any(|page| page == name)
}

/// The names of our pages, built or not: those of the ports, and those that other services have at theirs.
pub(crate) fn names_of_ours() -> impl Iterator<Item = &'static str> {
    Port::ALL.iter().map(|port| port.page()).chain([SIMULATOR, MONITOR])
}

/// To a path of this host, for now: where an app is missing today there may be one tomorrow.
pub(crate) fn redirect(path: &str, query: Option<&str>) -> Response {
    let place = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    // Both were in a header before.
    if let Ok(place) = HeaderValue::try_from(place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(NO_STORE));
    response
}

async fn config(FromState(here): TheHere) -> Response {
    script(&here.state.config, here.port.page())
}

/// `/config.js` at the port of this page.
pub(crate) fn script(config: &Config, page: &str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, NO_STORE)];
    (headers, config.script(page)).into_response()
}

async fn icon(FromState(here): TheHere, method: Method, headers: HeaderMap) -> Answer {
    here.state.pages.icon(&method, &headers).await
}

/// `GET /api/apps`
async fn apps(FromState(here): TheHere) -> Answer {
    let apps = here.state.apps.list().await?;
    here.state.metrics.listed(apps.len());
    // The dashboard may have been opened under another name of this host than the one that is set.
    let headers = [(header::CACHE_CONTROL, NO_STORE), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    Ok((headers, Json(&*apps)).into_response())
}

fn unstored(status: StatusCode, body: Value) -> Response {
    (status, [(header::CACHE_CONTROL, NO_STORE)], Json(body)).into_response()
}

const DRAINING: &str = "draining: this server is going away";

async fn health(FromState(Here { state, .. }): TheHere) -> Response {
    let away = state.cdn.away();
    let mut reasons = Vec::new();
    reasons.extend(state.is_draining().then(|| DRAINING.to_owned()));
    reasons.extend(away.as_ref().map(|why| format!("CDN away: {why}; pages and apps are served all the same")));
    reasons.extend(state.tls.as_ref().and_then(Tls::over));
    let (status, word) = match (state.is_draining(), reasons.is_empty()) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (false, true) => (StatusCode::OK, "ok"),
        (false, false) => (StatusCode::OK, "degraded"),
    };
    let by_page = |value: &dyn Fn(Port, usize) -> Value| {
        let pages = state.counts.iter().map(|(port, counts)| (port.page().to_owned(), value(*port, counts.open())));
        Value::Object(pages.collect::<Map<_, _>>())
    };
    let body = json!({
        "status": word,
        "reasons": reasons,
        "version": state.version,
        "certificate_ends": state.tls.as_ref().map(Tls::ends),
        "pages": by_page(&|port, _| if state.pages.has(port.page()) { "there" } else { "not built in" }.into()),
        "connections": by_page(&|_, open| open.into()),
        "cdn": {"state": if away.is_some() { "away" } else { "up" }},
    });
    unstored(status, body)
}

/// Without the CDN it serves all the same.
async fn readyz(FromState(Here { state, .. }): TheHere) -> Response {
    if state.is_draining() {
        return unstored(StatusCode::SERVICE_UNAVAILABLE, json!({"status": "not_ready", "reasons": [DRAINING]}));
    }
    unstored(StatusCode::OK, json!({"status": "ready", "reasons": []}))
}

async fn metrics(FromState(Here { state, .. }): TheHere) -> Response {
    let headers = [(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, NO_STORE)];
    (headers, Body::from(state.metrics.text(&state.counts, state.tls.as_ref().map(Tls::ends_seconds)))).into_response()
}
