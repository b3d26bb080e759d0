//! A look at the messages of a subject.

use crate::stage::{Events, Stage};
use grouploop_bridge::{DeviceId, Subject};
use grouploop_testkit::eventually;
use serde_json::json;

fn telemetry() -> Subject {
    Subject::Telemetry { space: "lab".parse().unwrap(), node: "edge-1".parse().unwrap() }
}

#[tokio::test]
async fn messages_are_shown_as_they_come_and_of_too_many_the_number() {
    let stage = Stage::start().await;
    let bus = stage.hub.attach();
    let mut tap = Events::open(stage.addr, "/api/tap?subject=gl.space.*.telemetry.%3E").await;
    assert_eq!(tap.next().await.unwrap().0, "ready");
    let lines = "1a2b808080ff000000000\n1a2c808080ff000000000\n";
    bus.publish(&Subject::Registry, "not meant".into()).unwrap();
    bus.publish(&telemetry(), lines.into()).unwrap();
    let (name, shown) = tap.next().await.unwrap();
    assert_eq!((name.as_str(), &shown["subject"]), ("message", &json!("gl.space.lab.telemetry.edge-1")));
    assert_eq!((&shown["text"], &shown["bytes"], &shown["cut"]), (&json!(lines), &json!(lines.len()), &json!(false)));
    assert!(shown["at"].is_u64());

    for number in 0..100 {
        bus.publish(&telemetry(), format!("{number}").into()).unwrap();
    }
    let (mut shown, mut skipped) = (0, 0);
    while shown + skipped < 100 {
        match tap.next().await.unwrap() {
            (name, _) if name == "message" => shown += 1,
            (name, event) if name == "skipped" => skipped += event["messages"].as_u64().unwrap(),
            (name, _) => panic!("{name}"),
        }
    }
    // 20 in a second, and the burst may lie in two of them.
    assert!((19..=40).contains(&shown) && skipped >= 60, "{shown} shown, {skipped} skipped");

    let long = "ü".repeat(5_000);
    bus.publish(&telemetry(), long.clone().into()).unwrap();
    let (_, event) = loop {
        let (name, event) = tap.next().await.unwrap();
        if name == "message" {
            break (name, event);
        }
    };
    assert_eq!((&event["cut"], &event["bytes"]), (&json!(true), &json!(10_000)));
    assert_eq!(event["text"].as_str().unwrap(), "ü".repeat(1_024));
}

#[tokio::test]
async fn of_a_device_its_own_lines_and_commands_are_shown() {
    let stage = Stage::start().await;
    let bus = stage.hub.attach();
    let mut tap = Events::open(stage.addr, "/api/tap?subject=gl.space.lab.%3E&device=1A2B").await;
    assert_eq!(tap.next().await.unwrap().0, "ready");
    let line = |id: &str| format!("{id}808080ff00000000\n");
    let command = |device| Subject::Command { space: "lab".parse().unwrap(), device: DeviceId(device) };
    bus.publish(&telemetry(), line("1a2c").into()).unwrap();
    bus.publish(&command(0x1a2c), "led:ff0000".into()).unwrap();
    bus.publish(&Subject::Presence { space: "lab".parse().unwrap() }, "{}".into()).unwrap();
    bus.publish(&telemetry(), format!("{}{}{}", line("1a2b"), line("1a2c"), line("1a2b")).into()).unwrap();
    bus.publish(&command(0x1a2b), "led:ff8000".into()).unwrap();
    bus.publish(&Subject::CommandAll { space: "lab".parse().unwrap() }, "reset:".into()).unwrap();
    let mut shown = Vec::new();
    while shown.len() < 3 {
        shown.push(tap.next().await.unwrap().1["text"].as_str().unwrap().to_owned());
    }
    assert_eq!(shown, [line("1a2b").repeat(2), "led:ff8000".to_owned(), "reset:".to_owned()]);
}

#[tokio::test]
async fn what_is_no_subject_of_ours_is_told_and_so_are_too_many() {
    let stage = Stage::with(|settings| settings.max_taps = 1).await;
    for (path, said) in [
        ("/api/tap", "subject"),
        ("/api/tap?subject=", "must begin with gl."),
        ("/api/tap?subject=%3E", "must begin with gl."),
        ("/api/tap?subject=_INBOX.%3E", "must begin with gl."),
        ("/api/tap?subject=gl.space%0d%0aSUB", "must begin with gl."),
        ("/api/tap?subject=gl.registry&device=xyz", "no device id"),
        ("/api/tap?subject=gl.registry&more=1", "more"),
    ] {
        let answer = stage.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.json()["error"].as_str().unwrap().contains(said), "{path}: {}", answer.text());
    }
    let tap = Events::open(stage.addr, "/api/tap?subject=gl.registry").await;
    let refused = stage.get("/api/tap?subject=gl.registry").await;
    assert!(refused.status == 503 && refused.text().contains("monitor.max_taps"), "{}", refused.text());
    drop(tap);
    eventually!(stage.metric("grouploop_monitor_taps ").await == 0.0);
    assert_eq!(Events::open(stage.addr, "/api/tap?subject=gl.registry").await.status, 200);
}
