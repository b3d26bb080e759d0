//! The handshake, the greeting, pings, sizes: what protocol.md says under 'Transport'.

use crate::stage::{Stage, builder};
use grouploop_testkit::{Peer, RawPeer, WireFrame, frame};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn the_handshake_is_what_the_stock_firmware_expects() {
    let edge = builder().start().await;
    for path in ["/", "/ws", "/any/path?x=1", "/spaces/main"] {
        let mut device = RawPeer::tcp(edge.addr()).await;
        let head = device.upgrade(path).await;
        let lines: Vec<&str> = head.lines().collect();
        assert_eq!(lines[0], "HTTP/1.1 101 Switching Protocols", "{path}");
        assert!(lines.contains(&"Connection: Upgrade"), "{head}");
        let lower = head.to_ascii_lowercase();
        assert_eq!(lower.matches("connection:").count(), 1, "{head}");
        assert!(lower.contains("upgrade: websocket"), "{head}");
        assert!(!lower.contains("sec-websocket-protocol"), "no subprotocol is selected: {head}");
        assert!(!lower.contains("sec-websocket-extensions"), "no compression is offered: {head}");
    }
}

#[tokio::test]
async fn the_table_of_messages() {
    let edge = builder().start().await;
    let mut peer = Peer::connect(edge.ws_url("/")).await;
    for (text, answer) in [
        ("ping", "pong"),
        (" ping\r\n", "pong"),
        ("id:lamp", "id:ok"),
        ("id:1A2B", "id:ok"),
        ("id:", "id:error"),
        ("id:  \n", "id:error"),
        ("s", "stream:on"),
        ("s\n", "stream:on"),
        ("u", "stream:off"),
        ("u", "stream:off"),
    ] {
        assert_eq!(peer.ask(text).await, answer, "{text:?}");
    }
}

#[tokio::test]
async fn what_is_nothing_is_ignored_and_the_connection_stays() {
    let edge = builder().start().await;
    let mut peer = Peer::connect(edge.ws_url("/")).await;
    for text in ["", "\n", "hello", "PING", "S", "ID:x", "Cmd:1:2", "s:x", "stream:on", "1a2b", "\u{0}", "é", "{}"] {
        peer.send(text).await;
        peer.barrier().await;
    }
    peer.binary(vec![1, 2, 3]).await;
    peer.binary(frame(0x1a2b, 1).into_bytes()).await;
    peer.barrier().await;
    assert_eq!(peer.ask("cmd:1a2b:status").await, "cmd:result:failed", "a binary frame registers nothing");
    let metrics = grouploop_testkit::http_get(edge.addr(), "/metrics").await;
    assert!(metrics.text().contains("messages_ignored_total{reason=\"binary\"} 2"), "{}", metrics.text());
}

#[tokio::test]
async fn the_server_answers_pings_and_sends_its_own() {
    let edge = builder().env("GROUPLOOP_EDGE__PING_INTERVAL_MS", "1000").start().await;
    Peer::connect(edge.ws_url("/")).await.ping("hello").await;
    let mut raw = RawPeer::open(edge.addr(), "/").await;
    let ping = raw.read_frame().await;
    assert_eq!(ping.opcode, 9);
    raw.send(&WireFrame::new(10, ping.payload)).await;
    let ping = raw.read_frame().await;
    assert_eq!(ping.opcode, 9, "still alive after it answered");
    // No answer this time; silence is no excuse, and neither are frames.
    raw.text(&frame(1, 1)).await;
    let (code, reason) = raw.closed().await.unwrap();
    assert_eq!((code, reason.as_str()), (1011, "ping_timeout"));
}

#[tokio::test]
async fn a_message_of_64_kib_is_taken_and_one_more_byte_closes_with_1009() {
    let edge = builder().start().await;
    let mut peer = Peer::connect(edge.ws_url("/")).await;
    let line = frame(0x1a2b, 1) + "\n";
    let mut text = line.repeat(65_536 / line.len());
    text.push_str(&"\n".repeat(65_536 - text.len()));
    peer.send(text.clone()).await;
    peer.barrier().await;
    text.push('\n');
    peer.send(text).await;
    assert_eq!(peer.closed().await, (1009, "message_too_big".to_owned()));
    // One that goes on sending is read for a while, because a reset would overtake the close frame on its way.
    let mut flood = RawPeer::open(edge.addr(), "/").await;
    flood.write(WireFrame::text("").header(900_000)).await;
    flood.write(vec![b'x'; 70_000]).await;
    assert_eq!(flood.read_frame().await.close_reason().0, 1009);
    for _ in 0..5 {
        flood.write(vec![b'x'; 50_000]).await;
        flood.stream().flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    flood.read_to_end().await;
    // Claimed only, or in fragments: the limit holds before anything is stored.
    let mut liar = RawPeer::open(edge.addr(), "/").await;
    liar.write(WireFrame::text("").header(1 << 40)).await;
    assert_eq!(liar.closed().await.unwrap().0, 1009);
    let mut splitter = RawPeer::open(edge.addr(), "/").await;
    let part = |opcode, fin| WireFrame { fin, ..WireFrame::new(opcode, vec![b'\n'; 40_000]) };
    splitter.send(&part(1, false)).await;
    splitter.send(&part(0, true)).await;
    assert_eq!(splitter.closed().await.unwrap().0, 1009);
}

#[tokio::test]
async fn a_goodbye_is_answered() {
    let stage = Stage::one_edge().await;
    let mut peer =
        RawPeer::open(stage.devices.trim_start_matches("ws://").trim_end_matches('/').parse().unwrap(), "/").await;
    peer.send(&WireFrame::close(1000, "done")).await;
    assert_eq!(peer.closed().await.unwrap().0, 1000);
    peer.read_to_end().await;
}
