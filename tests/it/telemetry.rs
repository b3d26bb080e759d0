//! Frames from devices to subscribers.

use crate::stage::{Stage, builder, edges, tune_in};
use grouploop_testkit::{NatsServer, Peer, frame, frame_number, stock_frame};

crate::on_both_stages!(
    frames_arrive_in_lower_case_and_in_order,
    one_message_may_carry_many_lines_and_devices,
    who_did_not_subscribe_hears_nothing,
);

async fn frames_arrive_in_lower_case_and_in_order(stage: Stage) {
    let mut viewer = Peer::viewer(&stage.clients).await;
    let mut device = Peer::connect(&stage.devices).await;
    let first = tune_in(&mut viewer, &mut device, 0x1a2b).await;
    for number in first..first + 500 {
        device.send(stock_frame(0x1a2b, number)).await;
    }
    for number in first..first + 500 {
        assert_eq!(viewer.next_frame().await, frame(0x1a2b, number));
    }
}

async fn one_message_may_carry_many_lines_and_devices(stage: Stage) {
    let mut viewer = Peer::viewer(&stage.clients).await;
    let mut gateway = Peer::connect(&stage.devices).await;
    tune_in(&mut viewer, &mut gateway, 1).await;
    let good = [frame(2, 7), frame(3, 8), frame(2, 9)];
    let text = format!("  {}\r\nnonsense\n\n{}\n{}0\n{}", good[0].to_uppercase(), good[1], good[2], good[2]);
    gateway.send(text).await;
    for line in good {
        assert_eq!(viewer.next_frame().await, line);
    }
    viewer.barrier().await;
}

async fn who_did_not_subscribe_hears_nothing(stage: Stage) {
    let mut viewer = Peer::viewer(&stage.clients).await;
    let mut bystander = Peer::connect(&stage.clients).await;
    let mut device = Peer::connect(&stage.devices).await;
    let number = tune_in(&mut viewer, &mut device, 5).await;
    bystander.barrier().await;
    device.barrier().await;
    assert_eq!(bystander.ask("s").await, "stream:on");
    assert_eq!(bystander.ask("s").await, "stream:on", "twice is harmless");
    assert_eq!(bystander.ask("u").await, "stream:off");
    device.send(frame(5, number)).await;
    assert_eq!(viewer.next_frame().await, frame(5, number));
    bystander.barrier().await;
}

#[tokio::test]
async fn a_device_that_subscribes_sees_itself_once() {
    let stage = Stage::one_edge().await;
    let mut both = Peer::viewer(&stage.devices).await;
    for number in 0..50 {
        both.send(frame(9, number)).await;
    }
    for number in 0..50 {
        assert_eq!(both.next_frame().await, frame(9, number));
    }
    // Subscribing twice is harmless: between two frames that come at once nothing is lost.
    let mut sender = Peer::connect(&stage.devices).await;
    for number in 0..200 {
        sender.send(frame(8, number)).await;
        both.send("s").await;
    }
    let (mut next, mut answers) = (0, 0);
    while next < 200 || answers < 200 {
        let message = both.next().await;
        if message == "stream:on" {
            answers += 1;
            continue;
        }
        for line in message.lines() {
            assert_eq!(line, frame(8, next));
            next += 1;
        }
    }
    both.barrier().await;
}

#[tokio::test]
async fn spaces_share_nothing() {
    let nats = NatsServer::start().await;
    let [one, two] = edges(&nats).await;
    let mut blue = Peer::viewer(two.ws_url("/spaces/blue")).await;
    let mut main = Peer::viewer(two.ws_url("/")).await;
    let mut main_device = Peer::connect(one.ws_url("/elsewhere")).await;
    let mut blue_device = Peer::connect(one.ws_url("/spaces/blue")).await;
    let in_main = tune_in(&mut main, &mut main_device, 7).await;
    let in_blue = tune_in(&mut blue, &mut blue_device, 7).await;
    main_device.send(frame(7, in_main + 1000)).await;
    blue_device.send(frame(7, in_blue + 2000)).await;
    assert_eq!(frame_number(&main.next_frame().await), in_main + 1000);
    assert_eq!(frame_number(&blue.next_frame().await), in_blue + 2000);
    crate::stage::meet(&mut blue, &mut blue_device, 7).await;
    crate::stage::meet(&mut main, &mut main_device, 7).await;
    assert_eq!(blue.ask("cmd:all:status").await, "cmd:result:sent_to_1_devices");
    blue_device.expect("status:").await;
    main_device.barrier().await;
    main.barrier().await;
}

#[tokio::test]
async fn a_space_that_cannot_be_is_refused_in_words() {
    let edge = builder().start().await;
    let error = Peer::try_connect(&edge.ws_url("/spaces/No.Such"), &[]).await.unwrap_err();
    assert!(format!("{error:#}").contains("400"), "{error:#}");
}
