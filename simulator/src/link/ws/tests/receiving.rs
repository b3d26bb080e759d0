//! From the edge to the link.

use super::*;
use crate::link::To;
use bytes::Bytes;
use grouploop_bridge::{GREETING, ID_OK, MAX_COMMAND_BYTES, PONG};

#[tokio::test]
async fn commands_reach_the_device_and_answers_do_not() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 1);
    rig.join([5]);
    let mut peer = server.peer().await;
    for text in [GREETING, "led:ff0000", ID_OK, "id:error", PONG, "status:"] {
        peer.say(text).await;
    }
    for expected in ["led:ff0000", "status:"] {
        assert_eq!(rig.command().await, Incoming { to: To::Place(5), text: Bytes::from_static(expected.as_bytes()) });
    }
    drop(peer);
    rig.close().await;
}

#[tokio::test]
async fn devices_that_share_a_connection_get_commands_in_turn() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 8);
    rig.join([4, 0, 6, 2]);
    rig.leave(6);
    let mut peer = server.peer().await;
    for _ in 0..5 {
        peer.say("vibrate:100").await;
    }
    let mut reached = Vec::new();
    for _ in 0..5 {
        reached.push(rig.command().await.to);
    }
    assert_eq!(reached, [0, 2, 4, 0, 2].map(To::Place));
    drop(peer);
    rig.close().await;
}

#[tokio::test]
async fn commands_beyond_the_queue_and_texts_that_are_none_are_counted() {
    let server = Server::new().await;
    let mut rig = Rig::with(options(vec![server.url()], 1), 1);
    rig.join([0]);
    let mut peer = server.peer().await;
    for _ in 0..3 {
        peer.say("status:").await;
    }
    peer.say(&"x".repeat(MAX_COMMAND_BYTES + 1)).await;
    eventually!(rig.counts.incoming_too_long.get() == 1);
    assert_eq!(rig.counts.incoming_full.get(), 2);
    assert_eq!(rig.command().await.text, "status:");
    drop(peer);
    rig.close().await;
}

#[tokio::test]
async fn pings_are_answered() {
    let server = Server::new().await;
    let mut rig = Rig::new(vec![server.url()], 1);
    rig.join([0]);
    let mut peer = server.peer().await;
    peer.socket.send(Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    assert_eq!(peer.next().await, Message::Pong(Bytes::from_static(b"there?")));
    drop(peer);
    rig.close().await;
}

#[tokio::test]
async fn a_slow_link_reads_two_messages_a_second() {
    let server = Server::new().await;
    let mut settings = options(vec![server.url()], 1);
    settings.slow.insert(0);
    let mut rig = Rig::with(settings, 10);
    rig.join([0]);
    let mut peer = server.peer().await;
    for _ in 0..3 {
        peer.say("status:").await;
    }
    rig.command().await;
    let first = Instant::now();
    rig.command().await;
    rig.command().await;
    // The first was read a moment before we noticed.
    assert!(first.elapsed() >= Duration::from_millis(950), "{:?}", first.elapsed());
    drop(peer);
    rig.close().await;
}
