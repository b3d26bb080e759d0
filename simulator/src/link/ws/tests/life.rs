//! How connections begin and end.

use super::*;
use crate::link::ws::ConnectFailure;
use crate::link::ws::common::CONNECTS_IN_FLIGHT;
use crate::link::ws::door::OUTBOX_OF_ONE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PAUSE: Duration = Duration::from_millis(200);

fn impatient(edges: Vec<String>, devices_per_connection: u32) -> Rig {
    Rig::with(WsOptions { reconnect: PAUSE, ..options(edges, devices_per_connection) }, 10)
}

#[tokio::test]
async fn a_lost_connection_is_tried_again_after_the_pause_and_not_before() {
    assert_eq!(RECONNECT, Duration::from_secs(5));
    let server = Server::new().await;
    let mut rig = impatient(vec![server.url()], 1);
    rig.join([0]);
    let mut peer = server.peer().await;
    for round in 1..=2 {
        eventually!(rig.counts.opened.get() == round);
        let before = Instant::now();
        drop(peer);
        peer = server.peer().await;
        assert!(before.elapsed() >= PAUSE);
        assert_eq!(rig.counts.lost.get(), round);
    }
    rig.open(1).await;
    assert_eq!(rig.push(0, 1), Push::Taken);
    assert_eq!(peer.text().await, digits(0, 1));
    drop(peer);
    rig.close().await;
}

#[tokio::test]
async fn an_edge_that_says_goodbye_hears_one_and_is_tried_again() {
    let server = Server::new().await;
    let mut rig = impatient(vec![server.url()], 1);
    rig.join([0]);
    let mut peer = server.peer().await;
    peer.socket.close(None).await.unwrap();
    assert!(matches!(peer.next().await, Message::Close(_)));
    drop(server.peer().await);
    assert_eq!(rig.counts.lost_with_connection.get(), 0);
    rig.close().await;
}

#[tokio::test]
async fn silent_devices_are_named_after_each_connect() {
    let server = Server::new().await;
    let mut rig = impatient(vec![server.url()], 3);
    rig.join([0, 1, 2]);
    rig.link.register(0, DeviceId(0xa0));
    rig.link.register(1, DeviceId(0x1b));
    let mut peer = server.peer().await;
    let named = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(named(vec![peer.text().await, peer.text().await]), ["id:001b", "id:00a0"]);
    rig.link.register(2, DeviceId(0xc2));
    assert_eq!(peer.text().await, "id:00c2", "it came late");
    rig.leave(1);
    drop(peer);
    let mut peer = server.peer().await;
    assert_eq!(named(vec![peer.text().await, peer.text().await]), ["id:00a0", "id:00c2"]);
    let ((), goodbye) = tokio::join!(rig.close(), peer.goodbye());
    assert_eq!(goodbye, (vec![], 1000));
}

#[tokio::test]
async fn a_device_is_named_even_when_the_outbox_is_full() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 1);
    rig.join([0]);
    let mut peer = server.peer().await;
    rig.open(1).await;
    for _ in 0..OUTBOX_OF_ONE {
        assert_eq!(rig.push(0, 0), Push::Taken);
    }
    rig.link.register(0, DeviceId(0xa0));
    let ((), (texts, _)) = tokio::join!(rig.close(), peer.goodbye());
    assert_eq!(texts.len(), OUTBOX_OF_ONE + 1);
    assert!(texts.contains(&"id:00a0".to_owned()));
}

#[tokio::test]
async fn the_last_to_leave_closes_the_connection_and_who_comes_after_opens_another() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 2);
    rig.join([0, 1]);
    let mut peer = server.peer().await;
    rig.open(1).await;
    rig.leave(0);
    assert_eq!(rig.push(1, 7), Push::Taken);
    rig.leave(1);
    assert_eq!(peer.goodbye().await, (vec![digits(1, 7) + "\n"], 1000));
    rig.join([1]);
    assert_eq!(rig.push(1, 8), Push::Dropped(Dropped::Connecting));
    let other = server.peer().await;
    eventually!(rig.counts.opened.get() == 2);
    assert_eq!(rig.counts.lost.get(), 0);
    drop((peer, other));
    rig.close().await;
}

#[tokio::test]
async fn closing_sends_what_waits_and_a_goodbye() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 1);
    rig.join(0..3);
    let mut peers = [server.peer().await, server.peer().await, server.peer().await];
    rig.open(3).await;
    for place in 0..3 {
        assert_eq!(rig.push(place, 1), Push::Taken);
    }
    let (_, mut goodbyes) = tokio::join!(rig.close(), async {
        let mut all = Vec::new();
        for peer in &mut peers {
            all.push(peer.goodbye().await);
        }
        all
    });
    goodbyes.sort();
    assert_eq!(goodbyes, [0, 1, 2].map(|place| (vec![digits(place, 1)], 1000)));
}

#[tokio::test]
async fn closing_is_done_within_two_seconds_with_an_edge_that_takes_no_notice() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 2);
    rig.join([0, 2]);
    // One takes nothing any more, one never says goodbye, one is still connecting.
    let stuck = server.peer().await;
    let mute = server.peer().await;
    rig.open(2).await;
    rig.fill(0).await;
    rig.join([4]);
    let _connecting = server.tcp().await;
    let counts = rig.counts.clone();
    tokio::time::timeout(Duration::from_secs(2), rig.close()).await.unwrap();
    assert!(counts.lost_with_connection.get() > 0);
    drop((stuck, mute));
}

#[tokio::test]
async fn failures_are_counted_by_their_kind() {
    let gone = Server::new().await.url();
    let mut rig = impatient(vec![gone], 1);
    rig.join([0]);
    eventually!(rig.counts.failed(ConnectFailure::Refused).get() > 0);
    rig.close().await;

    let server = Server::new().await;
    for answer in ["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "SSH-2.0-x\r\n\r\n", ""] {
        let mut rig = impatient(vec![server.url()], 1);
        rig.join([0]);
        let mut socket = server.tcp().await;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            socket.read_buf(&mut request).await.unwrap();
        }
        socket.write_all(answer.as_bytes()).await.unwrap();
        drop(socket);
        eventually!(rig.counts.failed(ConnectFailure::Handshake).get() == 1);
        rig.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_edge_that_never_answers_is_given_up() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 1);
    rig.join([0]);
    let start = Instant::now();
    // The time goes by only when there is nothing else to do, and this server does nothing.
    while rig.counts.failed(ConnectFailure::TimedOut).get() == 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(start.elapsed() >= Duration::from_secs(5));
    rig.close().await;
}

#[tokio::test]
async fn so_many_connections_are_opened_at_a_time_and_no_more() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 1);
    rig.join(0..CONNECTS_IN_FLIGHT as Place + 1);
    let mut waiting = Vec::new();
    for _ in 0..CONNECTS_IN_FLIGHT {
        waiting.push(server.tcp().await);
    }
    // Who would have come before this one is not there.
    let barrier = TcpStream::connect(server.listener.local_addr().unwrap()).await.unwrap();
    assert_eq!(server.tcp().await.peer_addr().unwrap(), barrier.local_addr().unwrap());
    // The server gives one up: now the last one comes.
    waiting.pop();
    waiting.push(server.tcp().await);
    rig.close().await;
}

#[tokio::test]
async fn a_device_that_is_gone_for_good_takes_a_shared_connection_along_and_the_others_come_back() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 10);
    rig.join(0..10);
    let mut peer = server.peer().await;
    rig.open(1).await;
    rig.link.remove(4..10);
    assert_eq!(peer.goodbye().await.1, 1000);
    let other = server.peer().await;
    eventually!(rig.counts.opened.get() == 2 && rig.link.connected() == 4);
    assert!(rig.link.connects(3));
    drop(other);
    rig.link.remove(0..4);
    assert!(!rig.link.connects(3));
    rig.close().await;
}
