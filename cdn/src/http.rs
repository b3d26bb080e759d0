//! HTTP of the CDN: status, health, metrics, and objects on every other path.

use crate::downloads::Client;
use crate::error::HttpError;
use crate::metrics::{Levels, Write};
use crate::path::AssetPath;
use crate::read;
use crate::rollout;
use crate::spaces;
use crate::state::State;
use crate::write;
use axum::body::Body;
use axum::extract::{Request, State as FromState};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use grouploop_serve::content::NO_STORE;
use grouploop_serve::metrics::CONTENT_TYPE;
use grouploop_serve::{Remote, Tls};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// What can be done with an object.
const METHODS: &str = "GET, HEAD, PUT, DELETE, OPTIONS";
/// Headers of requests that pages of other origins may send.
const REQUEST_HEADERS: &str = "authorization, cache-control, content-type, if-match, if-modified-since, if-none-match, if-range, if-unmodified-since, range";
/// Headers of answers that they may read.
const RESPONSE_HEADERS: &str =
    "accept-ranges, content-encoding, content-length, content-range, etag, last-modified, retry-after, x-md5";

/// The description of the API of spaces for programs.
const OPENAPI: &str = include_str!("openapi.json");

pub(crate) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/", get(welcome))
        .route("/health", get(health))
        .route("/livez", get(|| async { ([(header::CACHE_CONTROL, NO_STORE)], "ok\n") }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(|| async { HttpError::MethodNotAllowed("GET, HEAD, OPTIONS") })
        .fallback(object)
        .layer(middleware::from_fn_with_state(state.clone(), around))
        .merge(spaces(&state))
        .with_state(state)
}

/// What spaces keep, with rules of its own about whose pages may use it.
fn spaces(state: &Arc<State>) -> Router<Arc<State>> {
    let nothing = || async { HttpError::NotFound };
    Router::new()
        .route("/api/spaces/{space}/events", get(spaces::listen))
        .route("/api/spaces/{space}/panic", post(spaces::panic))
        .route("/api/spaces/{space}/rollouts", get(rollout::list).post(rollout::create))
        .route("/api/spaces/{space}/rollouts/{id}", get(rollout::show))
        .route("/api/spaces/{space}/rollouts/{id}/{verb}", post(rollout::wish))
        .route("/api/spaces/{space}/{kind}", get(spaces::list))
        .route("/api/spaces/{space}/{kind}/{id}", get(spaces::show).put(spaces::change).delete(spaces::remove))
        .route("/api/{*rest}", any(nothing))
        .route("/openapi.json", get(|| async { ([(header::CONTENT_TYPE, "application/json")], OPENAPI) }))
        .method_not_allowed_fallback(|| async { HttpError::MethodNotAllowed("GET, HEAD, PUT, POST, DELETE, OPTIONS") })
        .layer(middleware::from_fn_with_state(state.clone(), spaces::around))
}

/// What holds for every answer: pages of any origin may load and read it, and it is what its type says.
async fn around(FromState(state): FromState<Arc<State>>, request: Request, next: Next) -> Response {
    let preflight = request.method() == Method::OPTIONS;
    let mut response = if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    set(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if preflight {
        set(header::ALLOW, METHODS);
        set(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        set(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        set(header::ACCESS_CONTROL_MAX_AGE, "86400");
    }
    state.metrics.responded(response.status());
    response
}

/// Every path that is no route.
async fn object(FromState(state): FromState<Arc<State>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = AssetPath::from_url(parts.uri.path());
    match parts.method {
        Method::GET | Method::HEAD => {
            let Some(path) = path else { return HttpError::NotFound.into_response() };
            let remote = parts.extensions.get::<Remote>().map(|remote| remote.0);
            let client = Client::new(
                remote.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))),
                &parts.headers,
                parts.uri.query(),
            );
            read::answer(&state, &path, &parts.method, &parts.headers, &client).await.into_response()
        }
        Method::PUT => {
            let mut body = body.into_data_stream();
            let outcome = write::put(&state, path, &parts.headers, &mut body).await;
            if outcome.is_err() {
                write::take_leftover(&parts.headers, &mut body).await;
            }
            counted(&state, Write::Written, outcome)
        }
        Method::DELETE => counted(&state, Write::Removed, write::delete(&state, path, &parts.headers).await),
        _ => HttpError::MethodNotAllowed(METHODS).into_response(),
    }
}

fn counted(state: &State, done: Write, outcome: Result<Response, HttpError>) -> Response {
    state.metrics.wrote(match &outcome {
        Ok(_) => done,
        Err(error) => Write::Refused(error.word()),
    });
    outcome.into_response()
}

fn unstored(status: StatusCode, body: serde_json::Value) -> Response {
    (status, [(header::CACHE_CONTROL, NO_STORE)], Json(body)).into_response()
}

/// What a person sees who opens the port in a browser.
async fn welcome(FromState(state): FromState<Arc<State>>) -> Response {
    let body = json!({
        "service": "grouploop-cdn",
        "status": status_word(&state).1,
        "version": state.version,
        "endpoints": {
            "libraries": "/js/<file>",
            "firmware": "/firmware/<file>",
            "firmware_manifest": "/firmware/manifest.json",
            "files": "/static/<file>",
            "commands": "/static/commands.json",
            "groups": "/api/spaces/<space>/groups",
            "scenes": "/api/spaces/<space>/scenes",
            "rollouts": "/api/spaces/<space>/rollouts",
            "events": "/api/spaces/<space>/events",
            "panic": "/api/spaces/<space>/panic",
            "description": "/openapi.json",
            "health": "/health",
            "readiness": "/readyz",
            "metrics": "/metrics",
        },
        "writing": if state.token.is_set() { "with a token" } else { "off" },
    });
    unstored(StatusCode::OK, body)
}

fn status_word(state: &State) -> (StatusCode, &'static str) {
    if state.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else if unwell(state).is_empty() {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::OK, "degraded")
    }
}

/// Why this CDN should get no new connections now; empty when it should. Without the bus it serves all the same, so only the store counts,
/// and what the bus refuses for good.
fn unready(state: &State) -> Vec<String> {
    let mut reasons = Vec::new();
    if state.is_draining() {
        reasons.push("draining: this CDN is going away".to_owned());
    }
    if let Some(why) = state.shelf.health.away() {
        reasons.push(format!("object store away: {why}; what is in memory is still served"));
    }
    reasons.extend(state.bus.refused());
    reasons
}

/// All that is not as it should be.
fn unwell(state: &State) -> Vec<String> {
    let mut reasons = unready(state);
    if let Some(why) = state.shelf.health.unfilled() {
        reasons.push(format!("built-in files missing in the store: {why}"));
    }
    if let Some(why) = state.bus.away() {
        reasons.push(format!("bus away: {why}; edges and pages do not hear of changes, and no rollout goes on"));
    }
    reasons.extend(state.tls.as_ref().and_then(Tls::over));
    reasons
}

async fn health(FromState(state): FromState<Arc<State>>) -> Response {
    let (status, word) = status_word(&state);
    let body = json!({
        "status": word,
        "reasons": unwell(&state),
        "version": state.version,
        "node": state.node,
        "store": {
            "state": if state.shelf.health.is_away() { "away" } else { "up" },
            "built_in_files": state.shelf.health.unfilled().map_or("there".to_owned(), |why| format!("missing: {why}")),
        },
        "bus": {"engine": state.bus.engine().name(), "state": if state.bus.is_up() { "up" } else { "away" }},
        "connections": state.counts.open(),
        "cache_bytes": state.shelf.weight(),
        "certificate_ends": state.tls.as_ref().map(Tls::ends),
    });
    unstored(status, body)
}

async fn readyz(FromState(state): FromState<Arc<State>>) -> Response {
    let reasons = unready(&state);
    let (status, word) =
        if reasons.is_empty() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    unstored(status, json!({"status": word, "reasons": reasons}))
}

async fn metrics(FromState(state): FromState<Arc<State>>) -> Response {
    let text = state.metrics.text(&Levels {
        counts: state.counts.clone(),
        event_streams: state.open_streams(),
        cache_bytes: state.shelf.weight(),
        store_up: !state.shelf.health.is_away(),
        bus_up: state.bus.is_up(),
        certificate_ends: state.tls.as_ref().map(Tls::ends_seconds),
    });
    let headers = [(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, NO_STORE)];
    (headers, Body::from(text)).into_response()
}
