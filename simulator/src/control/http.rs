//! HTTP of the simulator: all routes, what holds for each answer, status, health and metrics.

use super::api;
use super::error::ApiError;
use super::metrics::{Levels, Refusal};
use super::recordings;
use super::state::State;
use super::stream;
use crate::deck::unix_ms;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State as FromState};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use grouploop_serve::metrics::CONTENT_TYPE;
use grouploop_serve::{Cors, Tls};
use serde_json::json;
use std::sync::Arc;
use tower::ServiceExt;

/// The description of all of this for programs.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// What pages may do.
const CORS: Cors = Cors {
    methods: "GET, HEAD, POST, PATCH, DELETE, OPTIONS",
    request_headers: "content-type",
    response_headers: "location, retry-after",
};

/// All that there is.
pub(super) fn routes() -> Vec<(&'static str, MethodRouter<Arc<State>>)> {
    vec![
        ("/", get(welcome)),
        ("/health", get(health)),
        ("/livez", get(|| async { "ok\n" })),
        ("/readyz", get(readyz)),
        ("/metrics", get(metrics)),
        ("/openapi.json", get(|| async { ([(header::CONTENT_TYPE, "application/json")], OPENAPI) })),
        ("/api/swarms", get(api::list).post(api::start)),
        ("/api/swarms/{name}", get(api::show).patch(api::change).delete(api::stop)),
        ("/api/swarms/{name}/devices", get(api::devices)),
        ("/api/swarms/{name}/devices/{id}", get(api::device)),
        ("/api/swarms/{name}/stream", get(stream::open)),
        ("/api/scenarios", get(api::scenarios)),
        ("/api/scenarios/{name}", post(api::start_scenario)),
        ("/api/recordings", get(recordings::list).post(recordings::record)),
        ("/api/recordings/{name}", get(recordings::show).delete(recordings::delete)),
        ("/api/recordings/{name}/stop", post(recordings::stop)),
        ("/api/replays", get(recordings::replays).post(recordings::play)),
        ("/api/replays/{number}", get(recordings::replay).delete(recordings::stop_replay)),
    ]
}

pub(super) fn router(state: Arc<State>) -> Router {
    let router = routes().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    router
        .method_not_allowed_fallback(|| async { ApiError::NoMethod })
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(api::MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(state.clone(), around))
        .with_state(state)
}

/// What holds for every answer: strangers' pages change nothing and read nothing, and nothing but the page is kept in a cache.
async fn around(FromState(state): FromState<Arc<State>>, request: Request, next: Next) -> Response {
    let asker = state.origins.judge(request.headers());
    let preflight = request.method() == Method::OPTIONS;
    let may = asker.may(request.method(), request.headers());
    let mut response = match may {
        false => ApiError::Stranger.into_response(),
        true if preflight => StatusCode::NO_CONTENT.into_response(),
        true => next.run(request).await,
    };
    state.metrics.responded(response.status());
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        state.metrics.refused(refusal);
    }
    let headers = response.headers_mut();
    // The files of the page know better.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    asker.tell(CORS, preflight, headers);
    response
}

/// Every path that is no route: a file of the page, or nothing.
async fn elsewhere(FromState(state): FromState<Arc<State>>, request: Request) -> Response {
    let looks = [Method::GET, Method::HEAD].contains(request.method());
    match state.page.clone().filter(|_| looks) {
        Some(page) => {
            let Ok(answer) = page.oneshot(request).await;
            if answer.status() == StatusCode::NOT_FOUND { ApiError::NoRoute.into_response() } else { answer }
        }
        None => ApiError::NoRoute.into_response(),
    }
}

/// Whether a browser asks, for something to show.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.into_iter().any(|accepted| accepted.contains("text/html"))
}

/// The page for a person who opens the port in a browser; for everybody else what this is.
async fn welcome(FromState(state): FromState<Arc<State>>, request: Request) -> Response {
    let page = state.page.clone().filter(|_| wants_page(request.headers()));
    let mut response = match page {
        Some(page) => {
            let Ok(answer) = page.oneshot(request).await;
            answer
        }
        None => description(&state),
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept"));
    response
}

fn description(state: &State) -> Response {
    let body = json!({
        "service": "grouploop-simulator",
        "status": status_word(state).1,
        "version": state.version,
        "endpoints": {
            "swarms": "/api/swarms",
            "swarm": "/api/swarms/<name>",
            "devices": "/api/swarms/<name>/devices?from=0&limit=100",
            "device": "/api/swarms/<name>/devices/<id>",
            "stream": "/api/swarms/<name>/stream?rate=30&limit=2000",
            "scenarios": "/api/scenarios",
            "recordings": "/api/recordings",
            "replays": "/api/replays",
            "description": "/openapi.json",
            "health": "/health",
            "readiness": "/readyz",
            "metrics": "/metrics",
        },
    });
    Json(body).into_response()
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

/// Why this simulator should get no new work now; empty when it should.
fn unready(state: &State) -> Vec<String> {
    let mut reasons = Vec::new();
    if state.is_draining() {
        reasons.push("draining: this simulator is going away".to_owned());
    }
    if let Some(why) = state.swarms.bus().away() {
        reasons.push(format!("bus away: {why}; frames of swarms on the bus reach nobody"));
    }
    reasons.extend(state.swarms.bus().refused());
    reasons
}

/// All that is not as it should be.
fn unwell(state: &State) -> Vec<String> {
    let mut reasons = unready(state);
    reasons.extend(state.tls.as_ref().and_then(Tls::over));
    reasons
}

async fn health(FromState(state): FromState<Arc<State>>) -> Response {
    let (status, word) = status_word(&state);
    let (levels, bus) = (Levels::of(&state), state.swarms.bus());
    let body = json!({
        "status": word,
        "reasons": unwell(&state),
        "version": state.version,
        "node": state.swarms.node(),
        "started_unix_ms": unix_ms(state.started),
        "bus": {"engine": bus.engine().name(), "state": if bus.is_up() { "up" } else { "away" }},
        "swarms": levels.waiting + levels.running,
        "devices": levels.devices,
        "devices_present": levels.totals.figures.present,
        "streams": levels.streams,
        "recordings": levels.recordings,
        "replays": levels.replays,
        "connections": levels.counts.open(),
        "certificate_ends": state.tls.as_ref().map(Tls::ends),
    });
    (status, Json(body)).into_response()
}

async fn readyz(FromState(state): FromState<Arc<State>>) -> Response {
    let reasons = unready(&state);
    let (status, word) =
        if reasons.is_empty() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    (status, Json(json!({"status": word, "reasons": reasons}))).into_response()
}

async fn metrics(FromState(state): FromState<Arc<State>>) -> Response {
    let text = state.metrics.text(&Levels::of(&state));
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], Body::from(text)).into_response()
}
