//! Commands: every answer of the table, order, spacing, `all` over edges.

use crate::stage::{Stage, edges, meet};
use grouploop_testkit::{NatsServer, Peer, Proxy, eventually, frame, http_get};
use std::time::{Duration, Instant};

crate::on_both_stages!(
    every_answer_of_the_table,
    the_device_sees_the_command_and_nothing_else,
    answers_come_in_order,
    commands_to_a_device_are_spaced,
    all_counts_every_id,
    a_command_to_all_and_one_to_a_device_keep_their_order,
    a_command_to_a_device_that_has_gone_fails,
);

const DEVICE: u16 = 0x1a2b;

async fn pair(stage: &Stage) -> (Peer, Peer) {
    let mut device = Peer::device(&stage.devices, DEVICE).await;
    let mut controller = Peer::connect(&stage.clients).await;
    meet(&mut controller, &mut device, DEVICE).await;
    (device, controller)
}

async fn every_answer_of_the_table(stage: Stage) {
    let (mut device, mut controller) = pair(&stage).await;
    for (command, answer, arrives) in [
        ("cmd:1a2b:led:ff0000", "cmd:result:success", Some("led:ff0000")),
        ("cmd:1A2B:led:#00FF00", "cmd:result:success", Some("led:00ff00")),
        ("cmd:1a2b:status", "cmd:result:success", Some("status:")),
        ("cmd:1a2b:led_set:0:orange", "cmd:result:success", Some("led_set:0:ff8000")),
        ("cmd:1a2b:ota:http://h:5008/firmware/x.bin", "cmd:result:success", Some("ota:http://h:5008/firmware/x.bin")),
        ("cmd:3c4d:led:red", "cmd:result:failed", None),
        ("cmd:nobody:led:red", "cmd:result:failed", None),
        ("cmd:", "cmd:error:invalid_format", None),
        ("cmd:1a2b", "cmd:error:invalid_format", None),
        ("cmd:1a2b:explode", "cmd:error:unknown_command", None),
        ("cmd:1a2b:led", "cmd:error:missing_parameters", None),
        ("cmd:1a2b:led_set:1", "cmd:error:missing_parameters", None),
        ("cmd:all:led", "cmd:error:missing_parameters", None),
        ("cmd:1a2b:led:mauve", "cmd:error:invalid_parameter", None),
    ] {
        assert_eq!(controller.ask(command).await, answer, "{command}");
        if let Some(text) = arrives {
            device.expect(text).await;
        }
    }
    let long = format!("cmd:1a2b:ota:{}", "x".repeat(5000));
    assert_eq!(controller.ask(long).await, "cmd:error:too_long");
    device.barrier().await;
}

async fn the_device_sees_the_command_and_nothing_else(stage: Stage) {
    let (mut device, mut controller) = pair(&stage).await;
    assert_eq!(controller.ask("cmd:1a2b:vibrate:500").await, "cmd:result:success");
    device.expect("vibrate:500").await;
    device.barrier().await;
    // A device that commands itself: the command first, then the answer.
    device.send("cmd:1a2b:brightness:10").await;
    device.expect("brightness:10").await;
    device.expect("cmd:result:success").await;
}

async fn answers_come_in_order(stage: Stage) {
    let (mut device, mut controller) = pair(&stage).await;
    let mut expected = Vec::new();
    for n in 0..30 {
        let (command, answer) = match n % 5 {
            0 => ("cmd:1a2b:reset", "cmd:result:success"),
            1 => ("cmd:dead:reset", "cmd:result:failed"),
            2 => ("cmd:1a2b:nope", "cmd:error:unknown_command"),
            3 => ("ping", "pong"),
            _ => ("cmd:x", "cmd:error:invalid_format"),
        };
        controller.send(command).await;
        expected.push(answer);
    }
    for answer in expected {
        controller.expect(answer).await;
    }
    for _ in 0..6 {
        device.expect("reset:").await;
    }
    device.barrier().await;
}

async fn commands_to_a_device_are_spaced(stage: Stage) {
    let (mut device, mut controller) = pair(&stage).await;
    let start = Instant::now();
    for n in 0..8 {
        controller.send(format!("cmd:1a2b:brightness:{n}")).await;
    }
    for n in 0..8 {
        device.expect(&format!("brightness:{n}")).await;
    }
    // Each 20 ms after the one before; how late a single one is seen says more of this machine.
    assert!(start.elapsed() >= Duration::from_millis(7 * 20), "all within {:?}", start.elapsed());
    for _ in 0..8 {
        controller.expect("cmd:result:success").await;
    }
}

async fn a_command_to_all_and_one_to_a_device_keep_their_order(stage: Stage) {
    let (mut device, mut controller) = pair(&stage).await;
    for round in 1..=20 {
        controller.send(format!("cmd:all:vibrate:{round}")).await;
        controller.send(format!("cmd:1a2b:brightness:{round}")).await;
        controller.send(format!("cmd:all:vibrate:{round}")).await;
        for text in ["vibrate", "brightness", "vibrate"] {
            device.expect(&format!("{text}:{round}")).await;
        }
        for _ in 0..3 {
            assert!(controller.next().await.starts_with("cmd:result:s"));
        }
    }
}

async fn all_counts_every_id(stage: Stage) {
    let mut gateway = Peer::connect(&stage.devices).await;
    gateway.send([1, 2, 3].map(|id| frame(id, 0)).join("\n")).await;
    gateway.barrier().await;
    let mut controller = Peer::connect(&stage.clients).await;
    // The count is true from the first question on: none while the interest is on its way, and then nothing arrives.
    eventually!({
        let answer = controller.ask("cmd:all:reset").await;
        assert!(
            ["cmd:result:sent_to_0_devices", "cmd:result:sent_to_3_devices"].contains(&answer.as_str()),
            "{answer}"
        );
        answer == "cmd:result:sent_to_3_devices"
    });
    for _ in 0..3 {
        gateway.expect("reset:").await;
    }
    gateway.barrier().await;
}

async fn a_command_to_a_device_that_has_gone_fails(stage: Stage) {
    let (device, mut controller) = pair(&stage).await;
    device.close().await;
    eventually!(controller.ask("cmd:1a2b:status").await == "cmd:result:failed");
    assert_eq!(controller.ask("cmd:all:status").await, "cmd:result:sent_to_0_devices");
}

#[tokio::test]
async fn a_device_is_reachable_as_soon_as_its_first_frame_is_in() {
    let stage = Stage::one_edge().await;
    let mut controller = Peer::connect(&stage.clients).await;
    for id in 0..50 {
        let mut device = Peer::connect(&stage.devices).await;
        device.send(frame(id, 0)).await;
        device.barrier().await;
        assert_eq!(controller.ask(format!("cmd:{id:04x}:reset")).await, "cmd:result:success");
        assert_eq!(controller.ask("cmd:all:status").await, format!("cmd:result:sent_to_{}_devices", 1));
        device.expect("reset:").await;
        device.expect("status:").await;
        device.close().await;
        assert_eq!(controller.ask(format!("cmd:{id:04x}:reset")).await, "cmd:result:failed", "gone at once");
    }
}

#[tokio::test]
async fn all_over_three_edges() {
    let nats = NatsServer::start().await;
    let edges: [_; 3] = edges(&nats).await;
    let mut devices = Vec::new();
    for id in 0..9u16 {
        devices.push(Peer::device(edges[usize::from(id) % 3].ws_url("/"), id).await);
    }
    let mut controllers = Vec::new();
    for edge in &edges {
        controllers.push(Peer::connect(edge.ws_url("/")).await);
    }
    // What is counted and what arrives is the same, from the first question on.
    let mut sent = 0;
    for controller in &mut controllers {
        eventually!({
            let answer = controller.ask("cmd:all:reset").await;
            let count =
                answer.strip_prefix("cmd:result:sent_to_").and_then(|rest| rest.strip_suffix("_devices")).unwrap();
            sent += count.parse::<usize>().unwrap();
            count == "9"
        });
    }
    for controller in &mut controllers {
        assert_eq!(controller.ask("cmd:all:led:blue").await, "cmd:result:sent_to_9_devices");
    }
    let mut resets = 0;
    for device in &mut devices {
        loop {
            match device.next().await.as_str() {
                "reset:" => resets += 1,
                "led:0000ff" => break,
                other => panic!("{other}"),
            }
        }
        device.expect("led:0000ff").await;
        device.expect("led:0000ff").await;
        device.barrier().await;
    }
    assert_eq!(resets, sent);
}

#[tokio::test]
async fn a_burst_to_many_devices_loses_nothing() {
    // What a page does that sends to each of its devices in a loop.
    let stage = Stage::one_edge().await;
    let mut controller = Peer::connect(&stage.clients).await;
    let mut gateway = Peer::connect(&stage.devices).await;
    let ids: Vec<u16> = (0..1000).collect();
    gateway.send(ids.iter().map(|id| frame(*id, 0)).collect::<Vec<_>>().join("\n")).await;
    gateway.barrier().await;
    for id in &ids {
        controller.send(format!("cmd:{id:04x}:brightness:1")).await;
    }
    for _ in &ids {
        controller.expect("cmd:result:success").await;
    }
    for _ in &ids {
        gateway.expect("brightness:1").await;
    }
}

#[tokio::test]
async fn a_gateway_with_very_many_devices_gets_a_command_for_each() {
    const DEVICES: u32 = 20_000;
    let stage = Stage::one_edge().await;
    let mut gateway = Peer::connect(&stage.devices).await;
    for part in (0..DEVICES).collect::<Vec<_>>().chunks(1000) {
        gateway.send(part.iter().map(|id| frame(*id as u16, 0)).collect::<Vec<_>>().join("\n")).await;
    }
    gateway.barrier().await;
    let mut controller = Peer::connect(&stage.clients).await;
    controller.send("cmd:all:reset").await;
    for _ in 0..DEVICES {
        gateway.expect("reset:").await;
    }
    controller.expect("cmd:result:sent_to_20000_devices").await;
}

#[tokio::test]
async fn a_client_that_waits_for_its_own_backlog_is_not_taken_for_dead() {
    let edge = crate::stage::builder()
        .env("GROUPLOOP_EDGE__PING_INTERVAL_MS", "300")
        .env("GROUPLOOP_EDGE__COMMANDS_IN_FLIGHT", "2")
        .env("GROUPLOOP_EDGE__COMMAND_SPACING_MS", "50")
        .start()
        .await;
    let mut device = Peer::device(edge.ws_url("/"), DEVICE).await;
    let drain = async {
        for n in 0..40 {
            device.expect(&format!("brightness:{n}")).await;
        }
    };
    let mut controller = Peer::connect(edge.ws_url("/")).await;
    let control = async {
        for n in 0..40 {
            controller.send(format!("cmd:1a2b:brightness:{n}")).await;
        }
        for _ in 0..40 {
            controller.expect("cmd:result:success").await;
        }
    };
    tokio::join!(drain, control);
}

#[tokio::test]
async fn a_count_is_exact_even_when_news_of_the_devices_are_still_on_their_way() {
    let nats = NatsServer::start().await;
    let [near] = edges(&nats).await;
    let slow_link = Proxy::start(nats.addr()).await;
    let far = crate::stage::builder().nats_url(slow_link.url("nats")).start().await;
    eventually!(http_get(far.addr(), "/readyz").await.status == 200);
    let mut controller = Peer::connect(far.ws_url("/")).await;
    assert_eq!(controller.ask("cmd:all:status").await, "cmd:result:sent_to_0_devices");
    slow_link.latency(Duration::from_millis(300));
    let mut device = Peer::device(near.ws_url("/"), 1).await;
    let mut local = Peer::connect(near.ws_url("/")).await;
    assert_eq!(local.ask("cmd:all:reset").await, "cmd:result:sent_to_1_devices");
    device.expect("reset:").await;
    // The far edge cannot have heard of the device yet, and neither has its question arrived.
    assert_eq!(controller.ask("cmd:all:led:red").await, "cmd:result:sent_to_1_devices");
    device.expect("led:ff0000").await;
}
