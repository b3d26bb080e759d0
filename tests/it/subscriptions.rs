//! The extensions of a subscription: some devices, a rate, an end, and the same in the URL's query.

use crate::stage::{Stage, tune_in};
use grouploop_testkit::{GREETING, Peer, frame, frame_id, frame_number};

crate::on_both_stages!(
    only_some_devices,
    a_rate_conflates_to_the_latest_and_keeps_taps,
    the_query_subscribes_at_once,
    wrong_options_are_answered,
);

async fn only_some_devices(stage: Stage) {
    let mut viewer = Peer::connect(&stage.clients).await;
    assert_eq!(viewer.ask("s:devices=0001,0003").await, "stream:on");
    let mut gateway = Peer::connect(&stage.devices).await;
    let first = tune_in(&mut viewer, &mut gateway, 1).await;
    for number in first..first + 20 {
        let lines: Vec<String> = (1..=4).map(|id| frame(id, number)).collect();
        gateway.send(lines.join("\n")).await;
    }
    for number in first..first + 20 {
        assert_eq!(viewer.next_frame().await, frame(1, number));
        assert_eq!(viewer.next_frame().await, frame(3, number));
    }
    viewer.barrier().await;
}

async fn a_rate_conflates_to_the_latest_and_keeps_taps(stage: Stage) {
    let mut all = Peer::viewer(&stage.clients).await;
    let mut slow = Peer::connect(&stage.clients).await;
    let mut device = Peer::connect(&stage.devices).await;
    let first = tune_in(&mut all, &mut device, 1).await;
    assert_eq!(slow.ask("s:rate=1").await, "stream:on");
    // The number rides in the last digits too, so a tap is a number that ends in ff; all others here do not.
    let number = |n: u64| (first + n) << 8;
    device.send(frame(1, number(0))).await;
    assert_eq!(slow.next_frame().await, frame(1, number(0)), "the first goes at once");
    device.send(frame(1, number(1) | 0xff)).await;
    for n in 2..40 {
        device.send(frame(1, number(n))).await;
    }
    all.frame_where(|line| *line == frame(1, number(39))).await;
    // One frame for all that was between, the latest, with the tap.
    assert_eq!(slow.next_frame().await, frame(1, number(39) | 0xff));
    device.send(frame(1, number(40))).await;
    assert_eq!(slow.next_frame().await, frame(1, number(40)), "and the tap shows once");
}

async fn the_query_subscribes_at_once(stage: Stage) {
    let mut viewer = Peer::connect_raw(format!("{}?devices=0002&rate=100", stage.clients)).await;
    viewer.expect(GREETING).await;
    viewer.expect("stream:on").await;
    let mut gateway = Peer::connect(&stage.devices).await;
    tune_in(&mut viewer, &mut gateway, 2).await;
    gateway.send(format!("{}\n{}", frame(1, 99), frame(2, 99))).await;
    let line = viewer.next_frame().await;
    assert_eq!((frame_id(&line), frame_number(&line)), (2, 99));
    assert_eq!(viewer.ask("u").await, "stream:off");
    // Once another one has it, it would be here as well.
    let mut other = Peer::viewer(&stage.clients).await;
    tune_in(&mut other, &mut gateway, 2).await;
    gateway.send(frame(2, 100)).await;
    other.frame_where(|line| *line == frame(2, 100)).await;
    viewer.barrier().await;
}

async fn wrong_options_are_answered(stage: Stage) {
    let mut viewer = Peer::connect(&stage.clients).await;
    assert_eq!(viewer.ask("s:devices=1a2b,nope").await, "stream:error:invalid_devices");
    assert_eq!(viewer.ask("s:rate=fast").await, "stream:error:invalid_rate");
    let (mut device, mut other) = (Peer::device(&stage.devices, 1).await, Peer::viewer(&stage.clients).await);
    let number = tune_in(&mut other, &mut device, 1).await;
    device.send(frame(1, number)).await;
    other.frame_where(|line| *line == frame(1, number)).await;
    viewer.barrier().await;
}
