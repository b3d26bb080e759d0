//! How a server ends: with a drain, in time or not, or just like that.

use crate::stage::{options, start};
use axum::Router;
use axum::routing::get;
use grouploop_serve::Server;
use grouploop_testkit::{RawPeer, eventually, http_get, within};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

const LONG: Duration = Duration::from_secs(3600);

/// A server whose `/` answers when the second one has a permit, and says with the first one that it was asked.
fn gated() -> (Server, Arc<Semaphore>, Arc<Semaphore>) {
    let (asked, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (say, wait) = (asked.clone(), gate.clone());
    let answer = move || async move {
        say.add_permits(1);
        let _permit = wait.acquire().await;
        "at last"
    };
    (start(options(), Router::new().route("/", get(answer)).route("/now", get(|| async { "now" }))), asked, gate)
}

async fn ask(server: &Server, asked: &Semaphore) -> RawPeer {
    let mut peer = RawPeer::tcp(server.address()).await;
    peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    within("the request to arrive", asked.acquire()).await.unwrap().forget();
    peer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_finishes_what_is_under_way_and_takes_nothing_new() {
    let (server, asked, gate) = gated();
    let (address, mut peer) = (server.address(), ask(&server, &asked).await);
    let mut idle = RawPeer::tcp(address).await;
    idle.write("GET /now HTTP/1.1\r\nHost: x\r\n\r\n").await;
    idle.read_head().await;
    let rest = async {
        eventually!(TcpStream::connect(address).await.is_err());
        assert_eq!(idle.read_to_end().await, b"now", "an idle connection ends");
        gate.add_permits(1);
        String::from_utf8(peer.read_to_end().await).unwrap()
    };
    let (clean, answer) = tokio::join!(within("the drain", server.drain(Duration::ZERO, LONG)), rest);
    assert!(clean);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("at last"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lame_duck_serves() {
    let (server, ..) = gated();
    let address = server.address();
    tokio::select! {
        biased;
        _ = server.drain(LONG, LONG) => panic!("it does not wait"),
        answer = http_get(address, "/now") => assert_eq!(answer.text(), "now"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_cuts_what_does_not_end() {
    let (server, asked, _gate) = gated();
    let counts = server.counts().clone();
    let mut peer = ask(&server, &asked).await;
    assert!(!within("the drain", server.drain(Duration::ZERO, Duration::from_millis(50))).await);
    assert_eq!(counts.open(), 0, "nothing is left after a drain");
    assert_eq!(peer.read_to_end().await, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_it_ends_at_once() {
    let server = start(options(), Router::new().route("/", get(pending::<()>)));
    let (address, counts) = (server.address(), server.counts().clone());
    let mut peer = RawPeer::tcp(address).await;
    peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    eventually!(counts.open() == 1);
    drop(server);
    assert_eq!(peer.read_to_end().await, b"");
    eventually!(counts.open() == 0);
    eventually!(TcpStream::connect(address).await.is_err());
}
