//! Who owns an id: the newest connection to send a frame for it, across edges.

use crate::stage::{Stage, builder, meet};
use grouploop_testkit::{Peer, eventually, frame, http_get};

crate::on_both_stages!(
    the_newest_sender_gets_the_commands,
    closing_the_older_connection_takes_nothing,
    a_label_registers_too,
    what_waits_for_a_device_goes_where_the_device_went,
);

const DEVICE: u16 = 0x1a2b;

/// Sends a command until this connection gets it. None of the others may; what they got before is thrown away.
async fn owned_by(controller: &mut Peer, owner: &mut Peer, mark: u32) {
    let text = format!("brightness:{mark}");
    eventually!({
        controller.send(format!("cmd:1a2b:{text}")).await;
        controller.next().await;
        owner.send("ping").await;
        let mut mine = false;
        loop {
            let message = owner.next().await;
            mine |= message == text;
            if message == "pong" {
                break mine;
            }
        }
    });
}

/// Reads away what a connection got, up to a pong.
async fn clear(peer: &mut Peer) {
    peer.send("ping").await;
    while peer.next().await != "pong" {}
}

async fn the_newest_sender_gets_the_commands(stage: Stage) {
    let mut controller = Peer::connect(&stage.clients).await;
    let mut older = Peer::device(&stage.devices, DEVICE).await;
    owned_by(&mut controller, &mut older, 1).await;
    let mut newer = Peer::device(&stage.clients, DEVICE).await;
    owned_by(&mut controller, &mut newer, 2).await;
    clear(&mut older).await;
    for mark in 0..5 {
        assert_eq!(controller.ask(format!("cmd:1a2b:vibrate:{}", mark + 1)).await, "cmd:result:success");
        newer.expect(&format!("vibrate:{}", mark + 1)).await;
    }
    older.barrier().await;
    // The older one sends again and takes it back.
    older.send(frame(DEVICE, 1)).await;
    owned_by(&mut controller, &mut older, 3).await;
    clear(&mut newer).await;
    assert_eq!(controller.ask("cmd:1a2b:vibrate:9").await, "cmd:result:success");
    older.expect("vibrate:9").await;
    newer.barrier().await;
}

async fn closing_the_older_connection_takes_nothing(stage: Stage) {
    let mut controller = Peer::connect(&stage.clients).await;
    let mut older = Peer::device(&stage.devices, DEVICE).await;
    owned_by(&mut controller, &mut older, 1).await;
    let mut newer = Peer::device(&stage.clients, DEVICE).await;
    owned_by(&mut controller, &mut newer, 2).await;
    older.close().await;
    assert_eq!(controller.ask("cmd:1a2b:vibrate:5").await, "cmd:result:success");
    newer.expect("vibrate:5").await;
    newer.close().await;
    eventually!(controller.ask("cmd:1a2b:vibrate:5").await == "cmd:result:failed");
}

async fn what_waits_for_a_device_goes_where_the_device_went(stage: Stage) {
    let mut controller = Peer::connect(&stage.clients).await;
    let mut older = Peer::device(&stage.devices, DEVICE).await;
    meet(&mut controller, &mut older, DEVICE).await;
    for n in 0..30 {
        controller.send(format!("cmd:1a2b:brightness:{n}")).await;
    }
    older.expect("brightness:0").await;
    // The same edge as the older one's: what waits there moves along, in order. On another it would have failed.
    let mut newer = Peer::connect(&stage.devices).await;
    newer.send(frame(DEVICE, 5)).await;
    let mut last = None;
    while last != Some(29) {
        let n: u32 = newer.next().await.strip_prefix("brightness:").unwrap().parse().unwrap();
        assert!(last.is_none_or(|last| n > last), "{n} after {last:?}");
        last = Some(n);
    }
    for _ in 0..30 {
        controller.expect("cmd:result:success").await;
    }
    newer.barrier().await;
}

async fn a_label_registers_too(stage: Stage) {
    let mut device = Peer::connect(&stage.devices).await;
    assert_eq!(device.ask("id:1A2B").await, "id:ok");
    let mut controller = Peer::connect(&stage.clients).await;
    meet(&mut controller, &mut device, DEVICE).await;
}

#[tokio::test]
async fn a_clash_is_counted_and_logged_once() {
    let edge = builder().start().await;
    let (mut one, mut two) = (Peer::connect(edge.ws_url("/")).await, Peer::connect(edge.ws_url("/")).await);
    for number in 0..50 {
        for peer in [&mut one, &mut two] {
            peer.send(frame(DEVICE, number)).await;
            peer.barrier().await;
        }
    }
    eventually!(http_get(edge.addr(), "/metrics").await.text().contains("grouploop_edge_clashes_total 1\n"));
    let told = edge.log().iter().filter(|line| line.contains("two live connections")).count();
    assert_eq!(told, 1, "{:?}", edge.log());
}
