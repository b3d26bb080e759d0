//! HTTP of the monitor: all routes, what holds for each answer, status, health and metrics.

mod api;
mod error;
mod stream;

use crate::metrics::{Levels, Refusal};
use crate::state::State;
use axum::body::Body;
use axum::extract::{Request, State as FromState};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use error::ApiError;
use grouploop_bridge::BusState;
use grouploop_serve::metrics::CONTENT_TYPE;
use grouploop_serve::{Asker, Cors, Tls};
use serde_json::json;
use std::sync::Arc;

const OPENAPI: &str = include_str!("../openapi.json");

/// What pages may do.
const CORS: Cors =
    Cors { methods: "GET, HEAD, OPTIONS", request_headers: "content-type", response_headers: "retry-after" };

pub(crate) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/", get(welcome))
        .route("/health", get(health))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(|| async { ([(header::CONTENT_TYPE, "application/json")], OPENAPI) }))
        .route("/api/system", get(api::system))
        .route("/api/stream", get(stream::system))
        .route("/api/spaces/{space}/devices", get(api::devices))
        .route("/api/tap", get(stream::tap))
        .method_not_allowed_fallback(|| async { ApiError::NoMethod })
        .fallback(elsewhere)
        .layer(middleware::from_fn_with_state(state.clone(), around))
        .with_state(state)
}

/// What holds for every answer: strangers' pages read nothing, and hold no place of those who may; nothing but the page is kept in a cache.
async fn around(FromState(state): FromState<Arc<State>>, request: Request, next: Next) -> Response {
    let asker = state.origins.judge(request.headers());
    let preflight = request.method() == Method::OPTIONS;
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = match () {
        () if asker == Asker::Stranger && (is_api || !asker.may(request.method(), request.headers())) => {
            ApiError::Stranger.into_response()
        }
        () if preflight => StatusCode::NO_CONTENT.into_response(),
        () => next.run(request).await,
    };
    state.metrics.responded(response.status());
    if let Some(why) = response.extensions_mut().remove::<Refusal>() {
        state.metrics.refused(why);
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
    state.page.file(request).await.unwrap_or_else(|| ApiError::NoRoute.into_response())
}

async fn welcome(FromState(state): FromState<Arc<State>>, request: Request) -> Response {
    state.page.welcome(request, || description(&state)).await
}

fn description(state: &State) -> Response {
    let body = json!({
        "service": "grouploop-monitor",
        "status": status_word(state).1,
        "version": state.version,
        "endpoints": {
            "system": "/api/system",
            "stream": "/api/stream",
            "devices": "/api/spaces/<space>/devices",
            "tap": "/api/tap?subject=<subject>&device=<id>",
            "health": "/health",
            "readiness": "/readyz",
            "metrics": "/metrics",
            "description": "/openapi.json",
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

async fn health(FromState(state): FromState<Arc<State>>) -> Response {
    let (status, word) = status_word(&state);
    let body = json!({
        "status": word,
        "reasons": unwell(&state),
        "version": state.version,
        "node": state.node,
        "bus": {"engine": state.bus.engine().name(), "state": if state.bus.is_up() { "up" } else { "away" }},
        "streams": state.open_streams(),
        "taps": state.open_taps(),
        "connections": state.counts.open(),
        "certificate_ends": state.tls.as_ref().map(Tls::ends),
    });
    (status, Json(body)).into_response()
}

/// Why it should not be asked now; empty when it can be.
fn unready(state: &State) -> Vec<String> {
    let mut reasons = Vec::new();
    if state.is_draining() {
        reasons.push("draining: this monitor is going away".to_owned());
    }
    match &*state.bus.state().borrow() {
        BusState::Up => {}
        BusState::Away(why) => reasons.push(format!("bus away: {why}; nothing is known of nodes and spaces")),
        BusState::Closed => reasons.push("bus closed".to_owned()),
    }
    reasons.extend(state.bus.refused());
    reasons
}

/// All that is not as it should be.
fn unwell(state: &State) -> Vec<String> {
    let mut reasons = unready(state);
    reasons.extend(state.tls.as_ref().and_then(Tls::over));
    reasons
}

async fn readyz(FromState(state): FromState<Arc<State>>) -> Response {
    let reasons = unready(&state);
    let (status, word) =
        if reasons.is_empty() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    (status, Json(json!({"status": word, "reasons": reasons}))).into_response()
}

async fn metrics(FromState(state): FromState<Arc<State>>) -> Response {
    let levels = Levels {
        streams: state.open_streams(),
        taps: state.open_taps(),
        counts: state.counts.clone(),
        bus_up: state.bus.is_up(),
        bus_lost: state.bus.lost(),
        nats_away: state.model().nats_away(),
        certificate_ends: state.tls.as_ref().map(Tls::ends_seconds),
    };
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], Body::from(state.metrics.text(&levels))).into_response()
}
