//! What is served, and to how many.

use crate::stage::{options, start};
use axum::body::Bytes;
use axum::routing::{get, post};
use axum::{Extension, Router};
use grouploop_serve::{Remote, ServeOptions};
use grouploop_testkit::{RawPeer, eventually, http, http_get, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_and_says_who_asks() {
    let router = Router::new()
        .route("/who", get(|Extension(Remote(address)): Extension<Remote>| async move { address.to_string() }))
        .route("/length", post(|body: Bytes| async move { body.len().to_string() }));
    let server = start(options(), router);
    let mut peer = RawPeer::tcp(server.address()).await;
    let own = peer.stream().local_addr().unwrap().to_string();
    peer.write("GET /who HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let head = peer.read_head().await;
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", own.len())), "names as devices write them: {head}");
    peer.write("GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let rest = String::from_utf8(peer.read_to_end().await).unwrap();
    assert!(rest.starts_with(&format!("{own}HTTP/1.1 200 OK\r\n")) && rest.ends_with(&own), "{rest}");

    let posted = http("POST", server.address(), "/length", &[], vec![7; 300_000]).await;
    assert_eq!((posted.status, posted.text()), (200, "300000"));
    assert_eq!(http_get(server.address(), "/nowhere").await.status, 404);
    eventually!(server.connections() == 0);
    assert_eq!(server.counts().slow(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_0_gets_a_length_and_the_end() {
    let server = start(options(), hello());
    let mut peer = RawPeer::tcp(server.address()).await;
    peer.write("GET / HTTP/1.0\r\n\r\n").await;
    let answer = String::from_utf8(peer.read_to_end().await).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nContent-Length: 5\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
}

/// Small clients say all that they have to say, close that direction, and listen.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_said_all_is_answered() {
    let router = Router::new().route(
        "/",
        get(async || {
            tokio::task::yield_now().await;
            "hello"
        }),
    );
    let server = start(options(), router);
    let mut peer = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    peer.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    peer.shutdown().await.unwrap();
    let mut answer = String::new();
    within("the answer", peer.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer:?}");
    eventually!(server.connections() == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_without_end_are_refused() {
    let server = start(options(), hello());
    let mut peer = RawPeer::tcp(server.address()).await;
    peer.write("GET / HTTP/1.1\r\nX-Long: ").await;
    // It may close before it has taken all.
    let _ = peer.try_write(vec![b'a'; 64 * 1024]).await;
    let answer = peer.read_to_end().await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431 "), "{}", String::from_utf8_lossy(&answer));
    eventually!(server.connections() == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_too_many_is_closed_and_counted() {
    let server = start(ServeOptions { max_connections: 1, ..options() }, hello());
    let mut first = RawPeer::tcp(server.address()).await;
    first.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    first.read_head().await;
    assert_eq!((server.connections(), server.counts().overloaded()), (1, 0));
    assert_eq!(RawPeer::tcp(server.address()).await.read_to_end().await, b"");
    assert_eq!((server.connections(), server.counts().overloaded()), (1, 1));
    drop(first);
    eventually!(server.connections() == 0);
    assert_eq!(http_get(server.address(), "/").await.text(), "hello");
    assert_eq!(server.counts().overloaded(), 1);
}
