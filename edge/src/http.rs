//! HTTP on the edge's port: health, metrics, the roster and commands; and the upgrade to a WebSocket on every other path.

use crate::api;
use crate::metrics::Levels;
use crate::node::Node;
use crate::state::{AppState, EdgeState};
use crate::upgrade::{is_upgrade, upgrade};
use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use grouploop_bridge::BusState;
use grouploop_serve::metrics::CONTENT_TYPE;
use grouploop_serve::{Scheme, Tls};
use serde_json::json;
use std::time::Instant;

/// Body of a command request at most: 65,536 ids fit.
const MAX_BODY_BYTES: usize = 1 << 20;
/// What all of this is, for programs.
const OPENAPI: &str = include_str!("openapi.json");

pub(crate) fn router(state: AppState) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(|| async { ([(header::CONTENT_TYPE, "application/json")], OPENAPI) }))
        .route("/api/spaces/{space}/devices", get(api::devices))
        .route("/api/spaces/{space}/commands", post(api::commands))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .fallback(other)
        .layer(middleware::from_fn(cors))
        .with_state(state)
}

/// Any origin may read, as in the original, until there are roles.
async fn cors(request: Request, next: Next) -> Response {
    let upgrade = is_upgrade(request.headers());
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    if !upgrade {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, authorization"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
    response
}

/// Every path that is no route: a WebSocket, a word of explanation at `/`, or nothing.
async fn other(State(state): State<AppState>, request: Request) -> Response {
    if is_upgrade(request.headers()) {
        return upgrade(&state, request);
    }
    if request.uri().path() != "/" {
        return (StatusCode::NOT_FOUND, "nothing here; see / for what this is\n").into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")], "only GET here\n").into_response();
    }
    welcome(&state.edge.node, &request).into_response()
}

/// What a person sees who opens the port in a browser.
fn welcome(node: &Node, request: &Request<Body>) -> String {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost:5003");
    let scheme = Scheme::of(request.extensions());
    let (http, ws) = (scheme.http(), scheme.ws());
    let plain = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    format!(
        "GroupLoop edge {version}\n\n\
         Devices and apps connect here by WebSocket:  {ws}://{host}/  (another space: {ws}://{host}/spaces/<space>)\n\
         Dashboard, apps and emulator, usually:        {http}://{plain}:5004/\n\
         Devices of this space as JSON:                {http}://{host}/api/spaces/main/devices\n\
         All requests, described as OpenAPI:           {http}://{host}/openapi.json\n\
         Health and metrics:                           {http}://{host}/health  {http}://{host}/metrics\n",
        version = node.member.version
    )
}

/// Why the edge should get no new connections now; empty when it should.
fn unready(node: &Node) -> Vec<String> {
    let mut reasons = Vec::new();
    if node.is_draining() {
        reasons.push("draining: this edge is going away".to_owned());
    }
    match &*node.member.bus.state().borrow() {
        BusState::Up => {}
        BusState::Away(why) => {
            reasons.push(format!("bus away: {why}; devices and apps on this edge still reach each other"))
        }
        BusState::Closed => reasons.push("bus closed".to_owned()),
    }
    reasons.extend(node.member.bus.refused());
    reasons
}

async fn readyz(State(state): State<AppState>) -> Response {
    let reasons = unready(&state.edge.node);
    let (status, word) =
        if reasons.is_empty() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    (status, Json(json!({"status": word, "reasons": reasons}))).into_response()
}

async fn health(State(state): State<AppState>) -> Response {
    let node = &state.edge.node;
    let levels = levels(&state.edge);
    let mut reasons = unready(node);
    reasons.extend(node.tls.as_ref().and_then(Tls::over));
    // Away from the bus it still serves what is connected here, so only an edge that goes is unhealthy.
    let (status, word) = match (node.is_draining(), reasons.is_empty()) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (false, true) => (StatusCode::OK, "ok"),
        (false, false) => (StatusCode::OK, "degraded"),
    };
    let body = json!({
        "status": word,
        "reasons": reasons,
        "version": node.member.version,
        "node": node.member.id,
        "bus": {"engine": node.member.bus.engine().name(), "state": if levels.bus_up { "up" } else { "away" }},
        "registry": node.registry_source(),
        "certificate_ends": node.tls.as_ref().map(Tls::ends),
        "connections": node.peer_count(),
        "devices": levels.devices,
        "viewers": levels.viewers,
        "spaces": levels.spaces,
        "nodes": state.edge.node.member.others.count() + 1,
    });
    (status, Json(body)).into_response()
}

async fn metrics(State(state): State<AppState>) -> Response {
    let text = state.edge.node.metrics.text(levels(&state.edge));
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}

fn levels(edge: &EdgeState) -> Levels {
    let (spaces, now) = (edge.spaces.all(), Instant::now());
    Levels {
        spaces: spaces.len(),
        devices: spaces.iter().map(|space| space.owners.len()).sum(),
        viewers: spaces.iter().map(|space| space.viewers()).sum(),
        clashing: spaces.iter().map(|space| space.owners.clashing(now).len()).sum(),
        bus_up: edge.node.member.bus.is_up(),
        bus_lost: edge.node.member.bus.lost(),
        trace_spans_dropped: edge.node.tracer.dropped(),
        certificate_ends: edge.node.tls.as_ref().map(Tls::ends_seconds),
    }
}
