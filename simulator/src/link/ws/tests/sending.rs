//! From the link to the edge.

use super::*;
use crate::link::ws::SHARED_MESSAGE_LINES;
use crate::link::ws::door::{OUTBOX_OF_ONE, OUTBOX_SHARED};

#[tokio::test]
async fn the_handshake_is_that_of_the_stock_firmware() {
    let server = Server::new().await;
    let mut settings = options(vec![server.url()], 1);
    settings.space = "hall-2".parse::<Space>().unwrap();
    let mut rig = Rig::with(settings, 1);
    rig.join([0]);
    let peer = server.peer().await;
    assert_eq!(peer.request.uri().path(), "/spaces/hall-2");
    let header = |name| peer.request.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("host"), server.url().strip_prefix("ws://").unwrap());
    assert_eq!(header("sec-websocket-protocol"), "arduino");
    assert_eq!(header("origin"), "file://");
    assert_eq!(header("user-agent"), "arduino-WebSocket-Client");
    assert_eq!(header("sec-websocket-version"), "13");
    assert_eq!(peer.request.headers().len(), 8);
    rig.open(1).await;
    drop(peer);
    rig.close().await;
}

#[tokio::test]
async fn one_device_sends_its_digits_alone_a_message_for_each_frame() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 1);
    rig.join([7]);
    let mut peer = server.peer().await;
    rig.open(1).await;
    for number in 0..3 {
        assert_eq!(rig.push(7, number), Push::Taken);
    }
    assert_eq!(rig.link.push_malformed(7, "no frame"), Push::Taken);
    rig.seal();
    for number in 0..3 {
        assert_eq!(peer.next().await, Message::text(digits(7, number)));
    }
    assert_eq!(peer.text().await, "no frame");
    eventually!(rig.counts.messages.get() == 4);
    assert_eq!(rig.counts.bytes.get(), 3 * 20 + 8);
    assert_eq!(rig.link.push_malformed(7, &"x".repeat(5000)), Push::Dropped(Dropped::Malformed));
    drop(peer);
    rig.close().await;
}

#[tokio::test]
async fn devices_that_share_a_connection_send_the_lines_of_a_seal_as_one_message() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 3);
    rig.join([3, 4, 5]);
    let mut peer = server.peer().await;
    rig.open(1).await;
    for place in [3, 4, 5] {
        assert_eq!(rig.push(place, 1), Push::Taken);
    }
    assert_eq!(rig.link.push_malformed(4, "no frame"), Push::Taken);
    rig.seal();
    assert_eq!(rig.push(3, 2), Push::Taken);
    rig.seal();
    rig.seal();
    let first: Vec<_> = [3, 4, 5].iter().map(|place| digits(*place, 1) + "\n").collect();
    assert_eq!(peer.text().await, first.concat() + "no frame\n");
    assert_eq!(peer.text().await, digits(3, 2) + "\n");
    drop(peer);
    rig.close().await;
}

#[tokio::test]
async fn many_lines_of_one_seal_are_several_messages() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 2);
    rig.join([0]);
    let mut peer = server.peer().await;
    rig.open(1).await;
    let lines = 2 * SHARED_MESSAGE_LINES + 1;
    for number in 0..u64::from(lines) {
        assert_eq!(rig.push(0, number), Push::Taken);
    }
    rig.seal();
    let mut number = 0;
    for expected in [SHARED_MESSAGE_LINES, SHARED_MESSAGE_LINES, 1] {
        let text = peer.text().await;
        assert_eq!(text.lines().count(), expected as usize);
        for line in text.lines() {
            assert_eq!(line, digits(0, number));
            number += 1;
        }
    }
    drop(peer);
    rig.close().await;
}

#[tokio::test]
async fn connections_are_spread_over_the_edges_in_turn() {
    let (one, two) = (Server::new().await, Server::new().await);
    let mut rig = Rig::new(vec![one.url(), two.url()], 2);
    // Places 0 and 1 are on connection 0, 2 and 3 on connection 1, 4 and 5 on connection 2.
    rig.join([1, 2, 3, 5]);
    let mut peers = [one.peer().await, two.peer().await, one.peer().await];
    rig.open(3).await;
    for place in [1, 2, 3, 5] {
        assert_eq!(rig.push(place, 0), Push::Taken);
    }
    rig.seal();
    assert_eq!(peers[1].text().await, [2, 3].map(|place| digits(place, 0) + "\n").concat());
    let mut others = [peers[0].text().await, peers[2].text().await];
    others.sort();
    assert_eq!(others, [1, 5].map(|place| digits(place, 0) + "\n"));
    drop(peers);
    rig.close().await;
}

#[tokio::test]
async fn nothing_is_taken_without_a_connection() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 1);
    assert_eq!(rig.push(0, 0), Push::Dropped(Dropped::NotConnected));
    rig.join([0]);
    assert_eq!(rig.push(0, 0), Push::Dropped(Dropped::Connecting));
    let peer = server.peer().await;
    rig.open(1).await;
    assert_eq!(rig.push(0, 0), Push::Taken);
    assert_eq!(rig.push(1, 0), Push::Dropped(Dropped::NotConnected), "it has not joined");
    drop(peer);
    eventually!(rig.counts.lost.get() == 1);
    assert_eq!(rig.push(0, 0), Push::Dropped(Dropped::NotConnected));
    rig.close().await;
}

#[tokio::test]
async fn what_exceeds_the_outbox_is_dropped_at_once() {
    let server = Server::new().await;
    for (each, fits) in [(1, OUTBOX_OF_ONE), (2, OUTBOX_SHARED)] {
        let mut rig = Rig::new(vec![server.url()], each);
        rig.join([0]);
        let mut peer = server.peer().await;
        rig.open(1).await;
        // The task does not run before this one waits.
        for number in 0..fits {
            assert_eq!(rig.push(0, number as u64), Push::Taken);
            rig.seal();
        }
        assert_eq!(rig.push(0, 99), Push::Dropped(Dropped::ConnectionFull));
        rig.seal();
        for number in 0..fits {
            assert_eq!(peer.text().await.trim_end(), digits(0, number as u64));
        }
        assert_eq!(rig.push(0, 100), Push::Taken, "there is room again");
        drop(peer);
        rig.close().await;
    }
}

#[tokio::test]
async fn every_frame_that_was_taken_is_written_or_counted_when_an_edge_reads_nothing_and_goes() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 2);
    rig.join([0]);
    let peer = server.peer().await;
    rig.open(1).await;
    let taken = rig.fill(0).await;
    drop(peer);
    eventually!(rig.counts.lost.get() == 1);
    let lost = rig.counts.lost_with_connection.get();
    assert!(lost > u64::from(SHARED_MESSAGE_LINES), "{lost}");
    assert_eq!(rig.counts.bytes.get() / 21 + lost, taken);
    rig.close().await;
}

#[tokio::test]
async fn a_slow_link_takes_two_frames_a_second() {
    let server = Server::new().await;
    let mut settings = options(vec![server.url()], 1);
    settings.slow.insert(1);
    let mut rig = Rig::with(settings, 1);
    rig.join([1]);
    let mut peer = server.peer().await;
    rig.open(1).await;
    let start = Instant::now();
    assert_eq!(rig.push(1, 0), Push::Taken);
    assert_eq!(rig.push(1, 1), Push::Dropped(Dropped::SlowLink));
    eventually!(rig.push(1, 2) == Push::Taken);
    assert!(start.elapsed() >= Duration::from_millis(500));
    assert_eq!([peer.text().await, peer.text().await], [digits(1, 0), digits(1, 2)]);
    drop(peer);
    rig.close().await;
}
