//! Peers that break the rules: each gets the close code of its fault, none hurts another, and nobody can fill the log.

use crate::stage::builder;
use grouploop_testkit::{Peer, RawPeer, WireFrame, eventually, frame, http_get};

#[tokio::test]
async fn every_broken_frame_has_its_close_code() {
    let edge = builder().start().await;
    let unmasked = WireFrame { mask: None, ..WireFrame::text("ping") };
    let reserved = WireFrame { rsv: 4, ..WireFrame::text("ping") };
    let faults: Vec<(&str, Vec<u8>, u16)> = vec![
        ("no mask", unmasked.encode(), 1002),
        ("a reserved bit", reserved.encode(), 1002),
        ("an unknown opcode", WireFrame::new(3, "x").encode(), 1002),
        ("an unknown control opcode", WireFrame::new(11, "x").encode(), 1002),
        ("a continuation of nothing", WireFrame::new(0, "x").encode(), 1002),
        ("a ping in fragments", WireFrame { fin: false, ..WireFrame::new(9, "x") }.encode(), 1002),
        ("a ping that is too long", WireFrame::new(9, vec![0; 126]).encode(), 1002),
        ("text that is not UTF-8", WireFrame::text(vec![0xff, 0xfe, 0xc3]).encode(), 1007),
        ("a length over the limit", WireFrame::text("").header(65_537), 1009),
        ("a length over everything", WireFrame::text("").header(u64::MAX >> 1), 1009),
    ];
    for (fault, bytes, code) in faults {
        let mut peer = RawPeer::open(edge.addr(), "/").await;
        peer.write(bytes).await;
        let closed = peer.closed().await;
        assert_eq!(closed.map(|(code, _)| code), Some(code), "{fault}");
        peer.read_to_end().await;
    }
    eventually!(http_get(edge.addr(), "/health").await.json()["connections"] == 0);
}

#[tokio::test]
async fn fragments_make_a_message_and_may_be_interleaved_with_pings() {
    let edge = builder().start().await;
    let mut peer = RawPeer::open(edge.addr(), "/").await;
    peer.send(&WireFrame { fin: false, ..WireFrame::text("pi") }).await;
    peer.send(&WireFrame::new(9, "hello")).await;
    peer.send(&WireFrame::new(0, "ng")).await;
    let mut answers = [peer.read_frame().await, peer.read_frame().await];
    answers.sort_by_key(|answer| answer.opcode);
    assert_eq!((answers[0].payload_text(), answers[1].opcode), ("pong", 10));
}

#[tokio::test]
async fn http_that_is_none_is_answered_or_closed() {
    let edge = builder().start().await;
    for nonsense in [
        "\r\n\r\n\r\n",
        "HELLO\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}",
        "GET /\0 HTTP/1.1\r\n\r\n",
    ] {
        let mut peer = RawPeer::tcp(edge.addr()).await;
        let _ = peer.try_write(nonsense).await;
        let _ = peer.try_write(" ".repeat(70_000)).await;
        peer.read_to_end().await;
    }
    let upgrade = |more: &str| format!("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n{more}\r\n");
    for (more, status) in [
        ("Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n", "400"),
        ("Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "400"),
        ("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "400"),
    ] {
        let mut peer = RawPeer::tcp(edge.addr()).await;
        peer.write(upgrade(more)).await;
        let head = peer.read_head().await;
        assert!(head.contains(status), "{more:?}: {head}");
    }
}

#[tokio::test]
async fn a_body_that_never_comes_is_answered() {
    let edge = builder().start().await;
    let mut peer = RawPeer::tcp(edge.addr()).await;
    let head = "POST /api/spaces/main/commands HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    peer.write(format!("{head}Content-Length: 100\r\n\r\n{{")).await;
    let answer = peer.read_head().await;
    assert!(answer.contains("408"), "{answer}");
}

#[tokio::test]
async fn resets_in_every_state_leave_nothing_behind() {
    let edge = builder().start().await;
    RawPeer::tcp(edge.addr()).await.reset();
    let mut half = RawPeer::tcp(edge.addr()).await;
    half.write("GET / HTTP/1.1\r\n").await;
    half.reset();
    RawPeer::open(edge.addr(), "/").await.reset();
    let mut device = RawPeer::open(edge.addr(), "/").await;
    device.text(&frame(1, 1)).await;
    device.write(WireFrame::text("").header(100)).await;
    eventually!(http_get(edge.addr(), "/health").await.json()["devices"] == 1);
    device.reset();
    eventually!(http_get(edge.addr(), "/health").await.json()["connections"] == 0);
    eventually!(http_get(edge.addr(), "/health").await.json()["devices"] == 0);
}

#[tokio::test]
async fn a_hostile_peer_cannot_fill_the_log() {
    let edge = builder().start().await;
    let before = edge.log().len();
    for round in 0..30 {
        let mut peer = RawPeer::open(edge.addr(), "/").await;
        for _ in 0..20 {
            peer.text("garbage").await;
            peer.text("cmd:nobody:explode").await;
        }
        peer.text(&frame(round, 1)).await;
        peer.write(WireFrame::new(3, "x").encode()).await;
        peer.closed().await;
        let _ = Peer::try_connect(&edge.ws_url("/spaces/No"), &[]).await;
    }
    let log = edge.log();
    assert!(log.len() <= before + 2, "{} lines more: {:?}", log.len() - before, log.last());
}

#[tokio::test]
async fn limits_hold_before_anything_is_stored() {
    let edge = builder()
        .env("GROUPLOOP_EDGE__MAX_CONNECTIONS", "3")
        .env("GROUPLOOP_EDGE__MAX_SPACES", "2")
        .env("GROUPLOOP_EDGE__MAX_DEVICES_PER_CONNECTION", "2")
        .start()
        .await;
    let mut gateway = Peer::connect(edge.ws_url("/")).await;
    gateway.send([1, 2, 3].map(|id| frame(id, 1)).join("\n")).await;
    gateway.barrier().await;
    let health = http_get(edge.addr(), "/health").await.json();
    assert_eq!(health["devices"], 2);
    let _second = Peer::connect(edge.ws_url("/spaces/b")).await;
    let error = Peer::try_connect(&edge.ws_url("/spaces/c"), &[]).await.unwrap_err();
    assert!(format!("{error:#}").contains("503"), "{error:#}");
    let _third = Peer::connect(edge.ws_url("/")).await;
    let error = Peer::try_connect(&edge.ws_url("/"), &[]).await.unwrap_err();
    assert!(format!("{error:#}").contains("503"), "{error:#}");
    let metrics = http_get(edge.addr(), "/metrics").await;
    for line in [
        "grouploop_edge_connections_refused_total{reason=\"too_many_spaces\"} 1",
        "grouploop_edge_connections_refused_total{reason=\"too_many_connections\"} 1",
        "grouploop_edge_frames_dropped_total{reason=\"too_many_devices\"} 1",
    ] {
        assert!(metrics.text().contains(line), "{line} in {}", metrics.text());
    }
}
