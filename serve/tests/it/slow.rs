//! Clients that are slow, some too slow. Their clocks are short here and the ratios wide: a busy machine stretches both sides.

use crate::stage::{Made, options, start};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::routing::{get, post};
use grouploop_serve::{ServeOptions, Server};
use grouploop_testkit::{RawPeer, eventually, within};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, interval, sleep};

const IMAGE: u64 = 64 * 1024 * 1024;
const WINDOW: Duration = Duration::from_millis(300);

fn quick_to_judge() -> ServeOptions {
    ServeOptions { slow_client: WINDOW, ..options() }
}

/// Serves `length` bytes at `/`, and counts how many of them were made.
fn image(options: ServeOptions, length: u64) -> (Server, Arc<AtomicU64>) {
    let made = Arc::new(AtomicU64::new(0));
    let count = made.clone();
    let make = move || async move { Body::new(Made { left: length, made: count }) };
    (start(options, Router::new().route("/", get(make))), made)
}

async fn ask(server: &Server, receive_buffer: u32) -> RawPeer {
    let mut peer = RawPeer::tcp_with_receive_buffer(server.address(), receive_buffer).await;
    peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    peer
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_byte_by_byte_are_cut() {
    let (server, made) = image(ServeOptions { header_timeout: WINDOW, ..options() }, 5);
    let mut peer = RawPeer::tcp(server.address()).await;
    let (start, mut beat) = (Instant::now(), interval(WINDOW / 10));
    let trickle = async {
        for byte in b"GET / HTTP/1.1\r\nX-Long: ".iter().copied().chain(std::iter::repeat(b'a')) {
            beat.tick().await;
            if peer.try_write([byte]).await.is_err() {
                return;
            }
        }
    };
    within("the connection to be cut", trickle).await;
    assert!(start.elapsed() >= WINDOW, "it has its time");
    eventually!(server.connections() == 0);
    assert_eq!((server.counts().slow(), made.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_is_closed() {
    let (server, _) = image(ServeOptions { header_timeout: WINDOW, ..options() }, 5);
    assert_eq!(RawPeer::tcp(server.address()).await.read_to_end().await, b"");
    eventually!(server.connections() == 0);
    assert_eq!(server.counts().slow(), 0, "browsers connect before they know what to ask");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_after_its_answer() {
    let (server, _) = image(ServeOptions { header_timeout: WINDOW, ..options() }, 5);
    let mut peer = ask(&server, 4096).await;
    let head = peer.read_head().await;
    assert!(head.starts_with("HTTP/1.1 200 ") && !head.contains("close"), "kept alive: {head}");
    assert_eq!(peer.read_to_end().await, b"xxxxx");
    eventually!(server.connections() == 0);
    assert_eq!(server.counts().slow(), 0, "idle is not slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_is_cut_and_nothing_piles_up() {
    let (server, made) = image(quick_to_judge(), IMAGE);
    let peer = ask(&server, 4096).await;
    eventually!(server.counts().slow() == 1);
    eventually!(server.connections() == 0);
    // The receive buffer, what the kernel holds of it here, and what hyper was given last.
    let made = made.load(Ordering::SeqCst);
    assert!(made < 1024 * 1024, "{made} bytes were made for a client that takes none");
    drop(peer);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_a_byte_now_and_then_is_cut() {
    let (server, made) = image(quick_to_judge(), IMAGE);
    let mut peer = ask(&server, 4096).await;
    let mut beat = interval(WINDOW / 6);
    let sip = async {
        loop {
            beat.tick().await;
            if server.counts().slow() > 0 {
                return;
            }
            let _ = peer.stream().read_u8().await;
        }
    };
    within("the connection to be cut", sip).await;
    eventually!(server.connections() == 0);
    let made = made.load(Ordering::SeqCst);
    assert!(made < 1024 * 1024, "{made} bytes were made for a client that takes next to none");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_piece_of_any_size_is_guarded_too() {
    let whole = Bytes::from(vec![b'x'; IMAGE as usize]);
    let server = start(quick_to_judge(), Router::new().route("/", get(|| async { whole })));
    let peer = ask(&server, 4096).await;
    eventually!(server.counts().slow() == 1);
    eventually!(server.connections() == 0);
    drop(peer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weak_network_gets_its_image() {
    const LENGTH: usize = 1024 * 1024;
    // Long enough for the kernel, which opens the window of this receive buffer only when half of it is free.
    let window = Duration::from_millis(800);
    let (server, made) =
        image(ServeOptions { slow_client: window, header_timeout: WINDOW, ..options() }, LENGTH as u64);
    let mut peer = ask(&server, 4096).await;
    // 50 KB a second, over several windows.
    let (mut taken, mut some, mut beat) = (0, vec![0; 5000], interval(Duration::from_millis(100)));
    let start = Instant::now();
    while start.elapsed() < 4 * window {
        beat.tick().await;
        taken += within("some of the image", peer.stream().read(&mut some)).await.unwrap();
    }
    assert!(made.load(Ordering::SeqCst) < LENGTH as u64, "the server waited for the client");
    // And then the network is better.
    taken += peer.read_to_end().await.len();
    assert!(taken > LENGTH, "{taken} bytes with the head");
    assert_eq!(server.counts().slow(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_is_ended() {
    let read = |body: Result<Bytes, _>| async { body.map_or(StatusCode::BAD_REQUEST, |_: Bytes| StatusCode::OK) };
    let server = start(quick_to_judge(), Router::new().route("/", post(read)));
    let mut peer = RawPeer::tcp(server.address()).await;
    peer.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n").await;
    let mut beat = interval(WINDOW / 10);
    let trickle = async {
        while server.counts().slow() == 0 {
            beat.tick().await;
            let _ = peer.try_write("a").await;
        }
    };
    within("the body to be ended", trickle).await;
    let answer = peer.read_to_end().await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&answer));
    eventually!(server.connections() == 0);
    assert_eq!(server.counts().slow(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_a_weak_network_is_received() {
    const PIECES: usize = 25;
    // Time for a client that is held up on a busy machine.
    let options = ServeOptions { slow_client: Duration::from_millis(800), ..options() };
    let server = start(options, Router::new().route("/", post(|body: Bytes| async move { body.len().to_string() })));
    let mut peer = RawPeer::tcp(server.address()).await;
    let length = PIECES * 5000;
    peer.write(format!("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")).await;
    let mut beat = interval(WINDOW / 3);
    for _ in 0..PIECES {
        beat.tick().await;
        peer.write([b'a'; 5000]).await;
    }
    let answer = String::from_utf8(peer.read_to_end().await).unwrap();
    assert!(answer.ends_with(&format!("\r\n\r\n{length}")), "{answer}");
    assert_eq!(server.counts().slow(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_thinks_is_no_slow_client() {
    let think = || async {
        sleep(4 * WINDOW).await;
        "42"
    };
    let server =
        start(ServeOptions { header_timeout: WINDOW, ..quick_to_judge() }, Router::new().route("/", get(think)));
    let mut peer = ask(&server, 4096).await;
    assert!(peer.read_head().await.starts_with("HTTP/1.1 200 "));
    assert_eq!(server.counts().slow(), 0);
}
