//! The simulator as part of the whole: its devices beside real ones, over its API, in one process and in several.

use crate::stage::builder;
use futures_util::StreamExt;
use grouploop_testkit::{Edge, NatsServer, Peer, Response, eventually, frame, http, http_get, within};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio_tungstenite::tungstenite::Message;

const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn send(method: &str, simulator: SocketAddr, path: &str, body: Value) -> Response {
    http(method, simulator, path, &[JSON], body.to_string()).await
}

async fn start(simulator: SocketAddr, definition: Value) {
    let answer = send("POST", simulator, "/api/swarms", definition).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

async fn roster(edge: &Edge, space: &str) -> Vec<String> {
    let found = http_get(edge.addr(), &format!("/api/spaces/{space}/devices")).await.json();
    let devices = found["devices"].as_array().unwrap_or_else(|| panic!("devices in {found}"));
    devices.iter().map(|device| device["id"].as_str().unwrap().to_owned()).collect()
}

/// Ids and lit LEDs of the next picture, as the documentation says where they are.
async fn picture(
    viewer: &mut (impl StreamExt<Item = Result<Message, impl std::fmt::Debug>> + Unpin),
) -> Vec<(u16, [u8; 3])> {
    loop {
        let message = within("a picture", viewer.next()).await.unwrap().unwrap();
        let Message::Binary(bytes) = message else { continue };
        assert_eq!(bytes[0], 1, "the version of the layout");
        let (header, record) = (usize::from(bytes[1]), usize::from(bytes[2]));
        let read = |record: &[u8]| (u16::from_le_bytes([record[0], record[1]]), [record[10], record[11], record[12]]);
        return bytes[header..].chunks(record).map(read).collect();
    }
}

#[tokio::test]
async fn simulated_devices_are_devices_to_everybody() {
    let up = builder().role("up").env("GROUPLOOP_SIMULATOR__MAX_DEVICES", "50").start().await;
    let simulator = up.simulator_addr().await;
    let mut viewer = Peer::viewer(up.ws_url("/spaces/hall")).await;
    start(simulator, json!({"name": "crowd", "space": "hall", "devices": 3, "first_id": "1a00"})).await;
    for id in ["1a00", "1a01", "1a02"] {
        viewer.frame_where(|line| line.starts_with(id)).await;
    }
    eventually!(roster(&up, "hall").await == ["1a00", "1a01", "1a02"]);

    let mut controller = Peer::connect(up.ws_url("/spaces/hall")).await;
    eventually!(controller.ask("cmd:1a01:led:00ff00").await == "cmd:result:success");
    let device = http_get(simulator, "/api/swarms/crowd/devices/1a01").await.json();
    assert_eq!((&device["wearable"]["color"], &device["wearable"]["leds"][5]), (&"00ff00".into(), &"00ff00".into()));
    assert_eq!(controller.ask("cmd:all:vibrate:500").await, "cmd:result:sent_to_3_devices");

    let stream = format!("ws://{simulator}/api/swarms/crowd/stream?rate=60");
    let mut drawn = Peer::connect_raw(&stream).await.into_inner();
    let green = [(0x1a00, [0; 3]), (0x1a01, [0, 255, 0]), (0x1a02, [0; 3])];
    assert_eq!(picture(&mut drawn).await, green);

    assert_eq!(send("PATCH", simulator, "/api/swarms/crowd", json!({"devices": 5})).await.status, 200);
    eventually!(roster(&up, "hall").await.len() == 5);
    while picture(&mut drawn).await.len() != 5 {}
    let over = send("PATCH", simulator, "/api/swarms/crowd", json!({"devices": 51})).await;
    assert!(over.status == 422 && over.text().contains("simulator.max_devices allows 50"), "{}", over.text());
    let origin = [JSON, ("Origin", "http://evil.example")];
    assert_eq!(http("DELETE", simulator, "/api/swarms/crowd", &origin, "").await.status, 403);

    assert_eq!(send("DELETE", simulator, "/api/swarms/crowd", json!({})).await.status, 204);
    eventually!(roster(&up, "hall").await.is_empty());
    assert_eq!(controller.ask("cmd:1a01:led:00ff00").await, "cmd:result:failed");
    assert!(up.terminate().await.success(), "it drains: {:?}", up.log());
}

#[tokio::test]
async fn a_simulator_of_its_own_reaches_edges_over_nats_and_takes_its_devices_along() {
    let nats = NatsServer::start().await;
    let edge = builder().nats(&nats).start().await;
    let simulator = builder().role("simulator").nats(&nats).start().await;
    for addr in [edge.addr(), simulator.addr()] {
        eventually!(http_get(addr, "/readyz").await.status == 200);
    }
    let mut viewer = Peer::viewer(edge.ws_url("/")).await;
    start(simulator.addr(), json!({"devices": 20})).await;
    viewer.frame_where(|line| line.starts_with("0013")).await;
    let mut controller = Peer::connect(edge.ws_url("/")).await;
    eventually!(controller.ask("cmd:0007:led:ff8000").await == "cmd:result:success");
    let device = http_get(simulator.addr(), "/api/swarms/swarm-1/devices/0007").await.json();
    assert_eq!(device["wearable"]["color"], "ff8000");
    eventually!(roster(&edge, "main").await.len() == 20);
    let stream = format!("ws://{}/api/swarms/swarm-1/stream", simulator.addr());
    let mut drawn = Peer::connect_raw(&stream).await.into_inner();
    picture(&mut drawn).await;
    assert!(simulator.terminate().await.success(), "{:?}", simulator.log());
    let close = loop {
        match within("the end of the stream", drawn.next()).await.unwrap().unwrap() {
            Message::Close(frame) => break frame.unwrap(),
            _ => continue,
        }
    };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1012, "restart"));
    eventually!(roster(&edge, "main").await.is_empty());
    assert_eq!(controller.ask("cmd:0007:led:ff8000").await, "cmd:result:failed");
}

#[tokio::test]
async fn a_simulator_without_its_bus_says_so() {
    let nats = NatsServer::start().await;
    let simulator = builder().role("simulator").nats(&nats).start().await;
    eventually!(http_get(simulator.addr(), "/readyz").await.status == 200);
    nats.kill().await;
    eventually!(http_get(simulator.addr(), "/readyz").await.status == 503);
    let ready = http_get(simulator.addr(), "/readyz").await.json();
    assert!(ready["reasons"][0].as_str().unwrap().starts_with("bus away"), "{ready}");
    assert_eq!(http_get(simulator.addr(), "/health").await.json()["status"], "degraded");
    assert_eq!(http_get(simulator.addr(), "/livez").await.status, 200);
}

#[tokio::test]
async fn a_space_is_recorded_over_http_and_played_again_after_a_restart() {
    let folder = std::env::temp_dir().join(format!("grouploop-it-recordings-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let nats = NatsServer::start().await;
    let edge = builder().nats(&nats).start().await;
    let simulator = async || {
        builder().role("simulator").nats(&nats).env("GROUPLOOP_SIMULATOR__RECORDINGS", folder.display()).start().await
    };
    let first = simulator().await;
    // A device that no simulator has: what is recorded is the space.
    let mut device = Peer::device(edge.ws_url("/spaces/hall"), 0x1a2b).await;
    start(first.addr(), json!({"space": "hall", "devices": 5})).await;
    let begun = send("POST", first.addr(), "/api/recordings", json!({"name": "night", "space": "hall"})).await;
    assert_eq!(begun.status, 201, "{}", begun.text());
    let recording = async || http_get(first.addr(), "/api/recordings/night").await.json();
    let mut number = 0;
    let ready = |told: &Value| told["devices"] == 6 && told["frames"].as_u64().is_some_and(|frames| frames > 50);
    while !ready(&recording().await) {
        number += 1;
        device.send(frame(0x1a2b, number)).await;
    }
    // Nobody stops it: it is whole all the same.
    assert!(first.terminate().await.success(), "{:?}", first.log());
    drop(device);
    eventually!(roster(&edge, "hall").await.is_empty());

    let second = simulator().await;
    let kept = http_get(second.addr(), "/api/recordings/night").await.json();
    assert_eq!((&kept["status"], &kept["problem"]), (&"kept".into(), &Value::Null), "{kept}");
    let play = json!({"recording": "night", "space": "lab", "speed": 10, "loop": true});
    assert_eq!(send("POST", second.addr(), "/api/replays", play).await.status, 201);
    eventually!(roster(&edge, "lab").await.len() == 6);
    assert!(roster(&edge, "lab").await.contains(&"1a2b".to_owned()));
    assert_eq!(send("DELETE", second.addr(), "/api/replays/1", json!({})).await.status, 204);
    eventually!(roster(&edge, "lab").await.is_empty());
    assert_eq!(send("DELETE", second.addr(), "/api/recordings/night", json!({})).await.status, 204);
    assert!(second.terminate().await.success(), "{:?}", second.log());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn limits_of_recordings_that_cannot_be_are_mistakes_in_the_settings() {
    let simulator = builder().role("simulator").env("GROUPLOOP_SIMULATOR__MAX_RECORDING_BYTES", "1");
    let simulator = simulator.env("GROUPLOOP_SIMULATOR__MAX_REPLAYS", "65").spawn();
    assert_eq!(within("it to end", simulator.ended()).await.code(), Some(64));
    let said = simulator.log().join("\n");
    for key in ["simulator.max_recording_bytes", "simulator.max_replays"] {
        assert!(said.contains(key), "{key} in {said}");
    }
}
