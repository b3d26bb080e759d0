//! TLS and plain HTTP on one port: what is served, whom it ends, and how it ends itself.

use crate::stage::{Made, options, start};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::routing::{get, post};
use grouploop_serve::{Certificate, Remote, Scheme, ServeOptions, Server, Tls};
use grouploop_testkit::{RawPeer, TestCertificate, TlsClient, eventually, within};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, interval};
use tokio_rustls::client::TlsStream;

const IMAGE: u64 = 64 * 1024 * 1024;
const WINDOW: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(3600);
/// How a ClientHello begins: a record of the handshake that has 512 bytes, and a message in it.
const HALF_A_HELLO: [u8; 9] = [0x16, 3, 1, 2, 0, 1, 0, 1, 252];

fn ready(certificate: &TestCertificate) -> Certificate {
    let chain = vec![CertificateDer::from_pem_slice(certificate.certificate.as_bytes()).unwrap()];
    let key = any_supported_type(&PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).unwrap()).unwrap();
    Certificate {
        key: Arc::new(CertifiedKey::new(chain, key)),
        ends: "in a year".into(),
        until: SystemTime::now() + Duration::from_secs(60),
    }
}

/// A server with TLS, and a client that trusts it.
fn secure(options: ServeOptions, router: Router) -> (Server, TlsClient) {
    let certificate = TestCertificate::new();
    let tls = Some(Tls::new(ready(&certificate)).unwrap());
    (start(ServeOptions { tls, ..options }, router), TlsClient::trusting(&certificate.certificate))
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

/// Serves `length` bytes at `/`, and counts how many of them were made.
fn image(length: u64) -> (Router, Arc<AtomicU64>) {
    let made = Arc::new(AtomicU64::new(0));
    let count = made.clone();
    let make = move || async move { Body::new(Made { left: length, made: count }) };
    (Router::new().route("/", get(make)), made)
}

async fn ask(server: &Server, client: &TlsClient, receive_buffer: u32) -> RawPeer<TlsStream<TcpStream>> {
    let peer = RawPeer::tcp_with_receive_buffer(server.address(), receive_buffer).await;
    let mut peer = peer.secure(client).await;
    peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    peer
}

#[tokio::test(flavor = "multi_thread")]
async fn one_port_speaks_both_and_requests_know_by_which_they_came() {
    let who = |request: Request| async move {
        let (Remote(remote), scheme) = (request.extensions().get().unwrap(), Scheme::of(request.extensions()));
        format!("{}-{}-{remote}", scheme.http(), scheme.ws())
    };
    let router = Router::new()
        .route("/who", get(who))
        .route("/length", post(|body: Bytes| async move { body.len().to_string() }));
    let (server, client) = secure(options(), router);
    let mut plain = RawPeer::tcp(server.address()).await;
    let mut secure = RawPeer::tcp(server.address()).await.secure(&client).await;
    let from = [plain.stream().local_addr().unwrap(), secure.stream().get_ref().0.local_addr().unwrap()];
    for _ in 0..2 {
        // Kept alive, both.
        let request = "GET /who HTTP/1.1\r\nHost: x\r\n\r\n";
        plain.write(request).await;
        assert!(plain.read_head().await.starts_with("HTTP/1.1 200 "));
        assert_eq!(plain.read(from[0].to_string().len() + 8).await, format!("http-ws-{}", from[0]).as_bytes());
        secure.write(request).await;
        assert!(secure.read_head().await.starts_with("HTTP/1.1 200 "));
        assert_eq!(secure.read(from[1].to_string().len() + 10).await, format!("https-wss-{}", from[1]).as_bytes());
    }
    secure.write("POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n").await;
    secure.write(vec![7; 300_000]).await;
    let answer = String::from_utf8(secure.read_to_end().await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n300000"), "{answer}");
    drop(plain);
    eventually!(server.connections() == 0);
    assert_eq!((server.counts().slow(), server.counts().tls_failed()), (0, 0));
}

/// Devices and small clients beside it are served as ever.
#[tokio::test(flavor = "multi_thread")]
async fn http_1_0_is_plain_all_the_same() {
    let (server, _) = secure(options(), hello());
    let mut peer = RawPeer::tcp(server.address()).await;
    peer.write("GET / HTTP/1.0\r\n\r\n").await;
    peer.stream().shutdown().await.unwrap();
    let answer = String::from_utf8(peer.read_to_end().await).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_a_hello_is_no_request() {
    let server = start(options(), hello());
    let stream = TcpStream::connect(server.address()).await.unwrap();
    assert!(TlsClient::trusting(&TestCertificate::new().certificate).handshake(stream).await.is_err());
    eventually!(server.connections() == 0);
    assert_eq!(server.counts().tls_failed(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_is_closed_before_and_after_the_handshake() {
    let (server, client) = secure(ServeOptions { header_timeout: WINDOW, ..options() }, hello());
    assert_eq!(RawPeer::tcp(server.address()).await.read_to_end().await, b"");
    let mut peer = RawPeer::tcp(server.address()).await.secure(&client).await;
    assert_eq!(peer.read_to_end().await, b"");
    let mut peer = ask(&server, &client, 65_536).await;
    peer.read_head().await;
    assert_eq!(peer.read_to_end().await, b"hello", "and between two requests");
    eventually!(server.connections() == 0);
    assert_eq!((server.counts().slow(), server.counts().tls_failed()), (0, 0), "idle is no fault");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hello_byte_by_byte_is_cut() {
    let (server, _) = secure(ServeOptions { header_timeout: WINDOW, ..options() }, hello());
    let mut peer = RawPeer::tcp(server.address()).await;
    let (start, mut beat) = (Instant::now(), interval(WINDOW / 10));
    let trickle = async {
        for byte in HALF_A_HELLO.iter().copied().chain(std::iter::repeat(0)) {
            beat.tick().await;
            if peer.try_write([byte]).await.is_err() {
                return;
            }
        }
    };
    within("the connection to be cut", trickle).await;
    assert!(start.elapsed() >= WINDOW, "it has its time");
    eventually!(server.connections() == 0);
    assert_eq!((server.counts().slow(), server.counts().tls_failed()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_byte_by_byte_are_cut_over_tls_too() {
    let (server, client) = secure(ServeOptions { header_timeout: WINDOW, ..options() }, hello());
    let mut peer = RawPeer::tcp(server.address()).await.secure(&client).await;
    let mut beat = interval(WINDOW / 10);
    let trickle = async {
        for byte in b"GET / HTTP/1.1\r\nX-Long: ".iter().copied().chain(std::iter::repeat(b'a')) {
            beat.tick().await;
            if peer.try_write([byte]).await.is_err() {
                return;
            }
        }
    };
    within("the connection to be cut", trickle).await;
    eventually!(server.connections() == 0);
    assert_eq!((server.counts().slow(), server.counts().tls_failed()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_is_none_is_ended_and_counted() {
    let (server, _) = secure(options(), hello());
    let mut failed = 0;
    let mut garbage = [0xa5; 600];
    garbage[0] = 0x16;
    for nonsense in [&garbage[..], &[0x16, 3, 1, 0, 0], &[0x16, 3, 1, 255, 255, 0]] {
        let mut peer = RawPeer::tcp(server.address()).await;
        let _ = peer.try_write(nonsense).await;
        // It is told why, in TLS, before the end.
        peer.read_to_end().await;
        failed += 1;
        eventually!(server.counts().tls_failed() == failed);
    }
    let mut gone = RawPeer::tcp(server.address()).await;
    gone.write(HALF_A_HELLO).await;
    drop(gone);
    eventually!(server.counts().tls_failed() == failed + 1);
    // One that does not trust us says so and goes, as browsers do.
    let stranger = TlsClient::trusting(&TestCertificate::new().certificate);
    let refused = stranger.handshake(TcpStream::connect(server.address()).await.unwrap()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidData);
    eventually!(server.counts().tls_failed() == failed + 2);
    eventually!(server.connections() == 0);
    assert_eq!(server.counts().slow(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_is_cut_and_nothing_piles_up() {
    let (router, made) = image(IMAGE);
    let (server, client) = secure(ServeOptions { slow_client: WINDOW, ..options() }, router);
    let peer = ask(&server, &client, 4096).await;
    eventually!(server.counts().slow() == 1);
    eventually!(server.connections() == 0);
    let made = made.load(Ordering::SeqCst);
    assert!(made < 1024 * 1024, "{made} bytes were made for a client that takes none");
    drop(peer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weak_network_gets_its_image() {
    const LENGTH: usize = 2 * 1024 * 1024;
    let window = Duration::from_millis(800);
    let (router, made) = image(LENGTH as u64);
    let (server, client) = secure(ServeOptions { slow_client: window, header_timeout: WINDOW, ..options() }, router);
    // Twice a record of TLS, so that the kernel, which opens the window only when enough is free, does so often enough.
    let mut peer = ask(&server, &client, 16 * 1024).await;
    // 150 KB a second, over several windows: less in each than the kernel lets go of before it wakes the server.
    let (mut taken, mut some, mut beat) = (0, vec![0; 15_000], interval(Duration::from_millis(100)));
    let start = Instant::now();
    while start.elapsed() < 4 * window {
        beat.tick().await;
        taken += within("some of the image", peer.stream().read(&mut some)).await.unwrap();
    }
    assert!(made.load(Ordering::SeqCst) < LENGTH as u64, "the server waited for the client");
    taken += peer.read_to_end().await.len();
    assert!(taken > LENGTH, "{taken} bytes with the head");
    assert_eq!(server.counts().slow(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_finishes_answers_says_goodbye_and_waits_for_no_handshake() {
    let (asked, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (say, wait) = (asked.clone(), gate.clone());
    let answer = move || async move {
        say.add_permits(1);
        let _permit = wait.acquire().await;
        "at last"
    };
    let (server, client) = secure(options(), Router::new().route("/", get(answer)));
    let mut busy = ask(&server, &client, 65_536).await;
    within("the request to arrive", asked.acquire()).await.unwrap().forget();
    let mut idle = RawPeer::tcp(server.address()).await.secure(&client).await;
    let mut half = RawPeer::tcp(server.address()).await;
    half.write(HALF_A_HELLO).await;
    let silent = RawPeer::tcp(server.address()).await;
    eventually!(server.connections() == 4);
    let rest = async {
        let mut rest = Vec::new();
        // Without a goodbye of TLS this is an error.
        within("the end of an idle connection", idle.stream().read_to_end(&mut rest)).await.unwrap();
        assert_eq!(half.read_to_end().await, b"");
        gate.add_permits(1);
        within("the answer", busy.stream().read_to_end(&mut rest)).await.unwrap();
        String::from_utf8(rest).unwrap()
    };
    let (clean, answer) = tokio::join!(within("the drain", server.drain(Duration::ZERO, LONG)), rest);
    assert!(clean);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("at last"), "{answer}");
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_for_those_who_come_then() {
    let (first, second) = (TestCertificate::new(), TestCertificate::new());
    let tls = Tls::new(ready(&first)).unwrap();
    let server = start(ServeOptions { tls: Some(tls.clone()), ..options() }, hello());
    let client = TlsClient::trusting(&first.certificate);
    let mut early = RawPeer::tcp(server.address()).await.secure(&client).await;
    tls.renew(Certificate { ends: "later".into(), ..ready(&second) });
    assert_eq!((tls.ends().as_str(), tls.over()), ("later", None));
    assert!(client.handshake(TcpStream::connect(server.address()).await.unwrap()).await.is_err());
    let mut late = RawPeer::tcp(server.address()).await.secure(&TlsClient::trusting(&second.certificate)).await;
    for peer in [&mut early, &mut late] {
        peer.write("GET / HTTP/1.0\r\n\r\n").await;
        assert!(peer.read_to_end().await.ends_with(b"hello"));
    }
}

#[test]
fn a_certificate_that_is_over_says_so_and_its_successor_does_not() {
    let made = TestCertificate::new();
    let past = Certificate { ends: "yesterday".into(), until: SystemTime::now(), ..ready(&made) };
    let tls = Tls::new(past).unwrap();
    assert!(tls.over().unwrap().starts_with("the certificate is over since yesterday: renew it"));
    tls.renew(ready(&made));
    assert_eq!(tls.over(), None);
}
