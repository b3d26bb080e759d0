//! From an HTTP request to a WebSocket connection.
//!
//! axum's own upgrade is not used, for two reasons: stock firmware wants exactly `Connection: Upgrade`, and the connection's task needs
//! the socket itself, to end an over-long message with a close frame that reaches the peer, and without one indirect call for each read.

use crate::connection::Connection;
use crate::metrics::{Metrics, Refused};
use crate::on_the_bus::OnTheBus;
use crate::state::AppState;
use crate::worker::Open;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use grouploop_bridge::{Space, SubscribeOptions, run_space};
use grouploop_serve::MaybeTls;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// What is read at a time: the library's own 128 KB would be kept for every connection, and nearly all messages are 30 bytes.
const READ_BUFFER: usize = 1024;

/// Why somebody gets no WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    BadHandshake,
    BadSpace,
    Draining,
    TooManyConnections,
    TooManySpaces,
}

impl Refusal {
    /// What it is counted as, and the status.
    fn code(self) -> (Refused, StatusCode) {
        match self {
            Self::BadHandshake => (Refused::BadHandshake, StatusCode::BAD_REQUEST),
            Self::BadSpace => (Refused::BadSpace, StatusCode::BAD_REQUEST),
            Self::Draining => (Refused::Draining, StatusCode::SERVICE_UNAVAILABLE),
            Self::TooManyConnections => (Refused::TooManyConnections, StatusCode::SERVICE_UNAVAILABLE),
            Self::TooManySpaces => (Refused::TooManySpaces, StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

/// Whether a request asks for a WebSocket.
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Answers a request that [`is_upgrade`], for any path.
pub(crate) fn upgrade(state: &AppState, mut request: Request<Body>) -> Response<Body> {
    let edge = state.edge.clone();
    let node = edge.node.clone();
    let key = match handshake_key(&request) {
        Ok(key) => key,
        Err(why) => return refuse(&node.metrics, Refusal::BadHandshake, why),
    };
    let space = match space_of(request.uri().path()) {
        Ok(space) => space,
        Err(why) => return refuse(&node.metrics, Refusal::BadSpace, &why),
    };
    if node.is_leaving() {
        return refuse(&node.metrics, Refusal::Draining, "this edge is going away");
    }
    if node.peer_count() >= node.settings.max_connections as usize {
        return refuse(&node.metrics, Refusal::TooManyConnections, "too many connections");
    }
    let Ok(place) = edge.spaces.enter(&node, &space) else {
        return refuse(&node.metrics, Refusal::TooManySpaces, "too many spaces");
    };
    if place.is_first {
        let host = OnTheBus::new(edge.clone(), place.space.clone());
        node.tasks.spawn_on(run_space(host, place.space.over.clone()), &node.runtime);
    }
    let subscribe = request.uri().query().and_then(SubscribeOptions::parse);
    let upgraded = hyper::upgrade::on(&mut request);
    let open = request.extensions().get::<Arc<Open>>().cloned();
    let worker = state.worker.clone();
    let limit = node.settings.max_message_bytes as usize;
    node.connections.spawn(async move {
        let _open = open;
        // An upgrade that fails was a connection that broke; there is nobody to tell.
        let Ok(upgraded) = upgraded.await else { return };
        let Some(socket) = websocket(upgraded, limit).await else { return };
        // Boxed, so that the task is small while it waits for the upgrade and the box is the connection's only copy.
        Box::pin(Connection::new(edge, worker, place, socket, subscribe).run()).await;
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    // The firmware compares the whole value.
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(&key)) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

/// The socket as a WebSocket. A function of its own, so that hyper's buffer of 8 KB ends with it and not with the connection.
async fn websocket(upgraded: Upgraded, limit: usize) -> Option<WebSocketStream<MaybeTls<TcpStream>>> {
    let parts = upgraded.downcast::<TokioIo<MaybeTls<TcpStream>>>().ok()?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit));
    let (socket, early) = (parts.io.into_inner(), parts.read_buf.to_vec());
    Some(WebSocketStream::from_partially_read(socket, early, Role::Server, Some(config)).await)
}

fn handshake_key(request: &Request<Body>) -> Result<Vec<u8>, &'static str> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err("a WebSocket handshake is a GET request");
    }
    let tokens = headers.get(header::CONNECTION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !tokens.split(',').any(|token| token.trim().eq_ignore_ascii_case("upgrade")) {
        return Err("the header `Connection: Upgrade` is missing");
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|value| value.as_bytes() != b"13") {
        return Err("the header `Sec-WebSocket-Version: 13` is missing");
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or("the header `Sec-WebSocket-Key` is missing")?;
    Ok(key.as_bytes().to_vec())
}

/// The space that a path names: `/spaces/<space>`, and `main` for every other path.
fn space_of(path: &str) -> Result<Space, String> {
    match path.strip_prefix("/spaces/") {
        None => Ok(Space::main()),
        // Falling back to `main` here would put a group with a typing mistake among strangers.
        Some(name) => name.trim_end_matches('/').parse().map_err(|error| format!("the space in the path: {error}")),
    }
}

fn refuse(metrics: &Metrics, refusal: Refusal, why: &str) -> Response<Body> {
    let (reason, status) = refusal.code();
    metrics.refused(reason);
    let mut response = Response::new(Body::from(format!("{why}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use grouploop_testkit::docs;

    #[test]
    fn every_refusal_is_in_the_documentation() {
        use Refusal::{BadHandshake, BadSpace, Draining, TooManyConnections, TooManySpaces};
        let all = [BadHandshake, BadSpace, Draining, TooManyConnections, TooManySpaces];
        docs::every_variant(include_str!("upgrade.rs"), "Refusal", &all);
        let code =
            all.map(Refusal::code).map(|(reason, status)| [reason.word().to_owned(), status.as_u16().to_string()]);
        docs::same_rows("docs/reference/errors.md", "A WebSocket that is refused", code);
    }

    #[test]
    fn paths_name_spaces() {
        for path in ["/", "/ws", "/socket/x", "/space/a", "/spaces"] {
            assert_eq!(space_of(path), Ok(Space::main()), "{path}");
        }
        assert_eq!(space_of("/spaces/class-3b").unwrap().as_str(), "class-3b");
        assert_eq!(space_of("/spaces/class-3b/").unwrap().as_str(), "class-3b");
        for path in ["/spaces/Class", "/spaces/a/b", "/spaces/", "/spaces/a.b", "/spaces/*"] {
            assert!(space_of(path).is_err(), "{path}");
        }
    }
}
