//! The stack at work: frames through the load balancer, commands, an edge that is restarted under load.

use futures_util::{SinkExt, StreamExt};
use grouploop_testkit::stack::Stack;
use grouploop_testkit::{Peer, eventually, frame, frame_id, frame_number, http, http_get, within};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

const DEVICES: u16 = 30;
const HERTZ: u64 = 20;
/// Between two attempts of a device to connect.
const AGAIN: Duration = Duration::from_millis(100);

async fn health(addr: SocketAddr) -> Value {
    http_get(addr, "/health").await.json()
}

/// A device as firmware is one: sends, obeys, and connects again when its connection ends.
struct Device {
    received: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
    task: JoinHandle<u64>,
}

impl Device {
    fn start(url: String, id: u16, stop: Arc<AtomicBool>) -> Self {
        let (received, connections) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let task = tokio::spawn({
            let (received, connections) = (received.clone(), connections.clone());
            async move {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    // Between two edges the load balancer may have nobody to ask.
                    let Ok((mut socket, _)) = tokio_tungstenite::connect_async(&url).await else {
                        tokio::time::sleep(AGAIN).await;
                        continue;
                    };
                    connections.fetch_add(1, Ordering::Relaxed);
                    let mut every = tokio::time::interval(Duration::from_millis(1000 / HERTZ));
                    loop {
                        tokio::select! {
                            _ = every.tick() => {
                                if stop.load(Ordering::Relaxed) {
                                    return number;
                                }
                                number += 1;
                                if socket.send(Message::text(frame(id, number))).await.is_err() {
                                    break;
                                }
                            }
                            message = socket.next() => match message {
                                Some(Ok(Message::Text(text))) if text.starts_with("vibrate:") => {
                                    received.fetch_add(1, Ordering::Relaxed);
                                }
                                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                                Some(Ok(_)) => {}
                            }
                        }
                    }
                }
                number
            }
        });
        Self { received, connections, task }
    }
}

fn live(list: &Value) -> usize {
    list.as_array().unwrap().iter().filter(|one| one["state"] == "live").count()
}

fn live_in_role(system: &Value, role: &str) -> usize {
    let nodes = system["nodes"].as_array().unwrap().iter();
    nodes.filter(|node| node["state"] == "live" && node["role"] == role).count()
}

/// What a viewer saw of each device: its newest number, and how often one was missing.
type Seen = HashMap<u16, (u64, u64)>;

fn watch(mut viewer: Peer) -> (JoinHandle<Seen>, Arc<AtomicU64>) {
    let frames = Arc::new(AtomicU64::new(0));
    let count = frames.clone();
    let task = tokio::spawn(async move {
        let mut seen = Seen::new();
        loop {
            let line = viewer.next_frame().await;
            let (id, number) = (frame_id(&line), frame_number(&line));
            if id == 0xfffe {
                return seen;
            }
            count.fetch_add(1, Ordering::Relaxed);
            if id < DEVICES {
                let (newest, gaps) = seen.entry(id).or_insert((number - 1, 0));
                assert!(number > *newest, "device {id}: {number} after {newest}");
                *gaps += u64::from(number != *newest + 1);
                *newest = number;
            }
        }
    });
    (task, frames)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_stack_serves_and_an_edge_can_be_restarted_under_load() {
    let mut stack = Stack::start(env!("CARGO_BIN_EXE_grouploop"), &[]).await;
    let url = format!("ws://{}/", stack.balancer());

    // What firmware insists on, through the load balancer.
    let mut raw = grouploop_testkit::RawPeer::tcp(stack.balancer()).await;
    let answer = raw.upgrade("/").await;
    let connection: Vec<&str> =
        answer.lines().filter(|line| line.to_ascii_lowercase().starts_with("connection:")).collect();
    assert_eq!(connection, ["Connection: Upgrade"], "{answer}");
    drop(raw);

    let stop = Arc::new(AtomicBool::new(false));
    let devices: Vec<Device> = (0..DEVICES).map(|id| Device::start(url.clone(), id, stop.clone())).collect();
    let edges: Vec<SocketAddr> = (0..stack.edges()).map(|number| stack.edge_addr(number)).collect();
    let on = async |edge: SocketAddr| health(edge).await["devices"].as_u64().unwrap();
    let total = async || {
        let mut total = 0;
        for edge in &edges {
            total += on(*edge).await;
        }
        total
    };
    eventually!(total().await == u64::from(DEVICES));
    for edge in &edges {
        let here = on(*edge).await;
        assert!((8..=12).contains(&here), "least connections: {here} of {DEVICES} on one of three");
    }

    let (watched, frames) = watch(Peer::viewer(&url).await);
    let mut controller = Peer::connect(&url).await;
    eventually!(controller.ask("cmd:all:status").await == format!("cmd:result:sent_to_{DEVICES}_devices"));
    eventually!(frames.load(Ordering::Relaxed) > u64::from(DEVICES) * HERTZ);

    // The others of the stack: a swarm of the simulator, what the CDN has in its store, and the pages.
    let swarm = json!({"devices": 5, "first_id": "8000", "space": "hall"}).to_string();
    let started = http("POST", stack.simulator(), "/api/swarms", &[("Content-Type", "application/json")], swarm).await;
    assert_eq!(started.status, 201, "{}", started.text());
    Peer::viewer(format!("{url}spaces/hall")).await.frame_where(|line| line.starts_with("8004")).await;
    let token = ("Authorization", "Bearer 0123456789-token-of-the-tests");
    let written = http("PUT", stack.cdn(), "/static/hello.txt", &[token], "hello").await;
    assert_eq!(written.status, 201, "{}", written.text());
    assert_eq!(http_get(stack.cdn(), "/static/hello.txt").await.text(), "hello");
    for port in [5004, 5006, 5007, 5009] {
        assert_eq!(http_get(stack.page(port), "/health").await.status, 200, "{port}");
    }
    eventually!(health(stack.page(5004)).await["status"] == "ok");

    // The monitor sees all of them, and a browser gets its page.
    eventually!({
        let system = http_get(stack.monitor(), "/api/system").await.json();
        live(&system["nats"]) == 3
            && live_in_role(&system, "edge") == 3
            && live_in_role(&system, "cdn") == 1
            && live_in_role(&system, "simulator") == 1
            && system["nats"].as_array().unwrap().iter().all(|server| server["routes"] == 2)
            && system["totals"]["devices"] == u64::from(DEVICES) + 5
    });
    let config = http_get(stack.monitor(), "/config.js").await;
    assert!(config.status == 200 && config.text().contains("\"here\":\"monitor\""), "{}", config.text());

    // An edge is restarted that has neither the viewer nor the controller.
    let mut quiet = None;
    for (number, edge) in edges.iter().enumerate() {
        let now = health(*edge).await;
        if now["viewers"] == 0 && now["connections"] == now["devices"] {
            quiet = Some(number);
        }
    }
    let restarted = quiet.expect("two peers cannot be on three edges");
    let before: Vec<u64> = devices.iter().map(|device| device.connections.load(Ordering::Relaxed)).collect();
    let moved = on(edges[restarted]).await;
    stack.restart_edge(restarted).await;

    // All are back, each on one edge; those elsewhere never noticed.
    eventually!(total().await == u64::from(DEVICES));
    let again = |(device, before): (&Device, &u64)| device.connections.load(Ordering::Relaxed) > *before;
    let back: Vec<bool> = devices.iter().zip(&before).map(again).collect();
    assert_eq!(back.iter().filter(|back| **back).count() as u64, moved);

    // Each answer is the truth: what succeeded has arrived.
    for id in 0..DEVICES {
        eventually!(controller.ask(format!("cmd:{id:04x}:vibrate:1")).await == "cmd:result:success");
    }
    for (id, device) in devices.iter().enumerate() {
        within("a command", async { eventually!(device.received.load(Ordering::Relaxed) == 1) }).await;
        assert_eq!(device.received.load(Ordering::Relaxed), 1, "device {id}");
    }
    eventually!(controller.ask("cmd:all:status").await == format!("cmd:result:sent_to_{DEVICES}_devices"));

    stop.store(true, Ordering::Relaxed);
    let mut sent = Vec::new();
    for device in devices {
        sent.push(within("a device to end", device.task).await.unwrap());
    }
    let mut last = Peer::connect(&url).await;
    last.send(frame(0xfffe, 1)).await;
    let seen = within("the last frame", watched).await.unwrap();
    for (id, back) in (0..DEVICES).zip(back) {
        let (newest, gaps) = seen[&id];
        if !back {
            assert_eq!((newest, gaps), (sent[usize::from(id)], 0), "device {id} stayed");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_edges_restarted_at_once_as_compose_does_have_everybody_back() {
    let mut stack = Stack::start(env!("CARGO_BIN_EXE_grouploop"), &[]).await;
    let url = format!("ws://{}/", stack.balancer());
    let stop = Arc::new(AtomicBool::new(false));
    let devices: Vec<Device> = (0..DEVICES).map(|id| Device::start(url.clone(), id, stop.clone())).collect();
    let everybody = format!("cmd:result:sent_to_{DEVICES}_devices");
    let mut before = Peer::connect(&url).await;
    eventually!(before.ask("cmd:all:status").await == everybody);
    let connections = || devices.iter().map(|device| device.connections.load(Ordering::Relaxed)).collect::<Vec<u64>>();
    assert_eq!(connections(), [1; DEVICES as usize]);
    stack.restart_edges().await;
    let mut after = Peer::connect(&url).await;
    eventually!(after.ask("cmd:all:status").await == everybody);
    for id in 0..DEVICES {
        eventually!(after.ask(format!("cmd:{id:04x}:vibrate:1")).await == "cmd:result:success");
    }
    for device in &devices {
        eventually!(device.received.load(Ordering::Relaxed) == 1);
    }
    assert!(connections().iter().all(|times| *times > 1), "{:?}", connections());
    stop.store(true, Ordering::Relaxed);
    for device in devices {
        within("a device to end", device.task).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_is_gone_but_still_known_keeps_nobody_out() {
    let stack = Stack::start(env!("CARGO_BIN_EXE_grouploop"), &[]).await;
    let url = format!("ws://{}/", stack.balancer());
    let mut before = Vec::new();
    for id in 0..6 {
        before.push(Peer::device(&url, id).await);
    }
    // It has the fewest connections from now on: none.
    stack.kill_edge(1).await;
    let mut after = Vec::new();
    for id in 10..30 {
        after.push(Peer::device(&url, id).await);
    }
    let mut controller = Peer::connect(&url).await;
    eventually!(controller.ask("cmd:all:status").await == "cmd:result:sent_to_24_devices");
    drop((before, after));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_hangs_keeps_nobody_out() {
    let stack = Stack::start(env!("CARGO_BIN_EXE_grouploop"), &[]).await;
    let url = format!("ws://{}/", stack.balancer());
    let mut before = Vec::new();
    for id in 0..6 {
        before.push(Peer::device(&url, id).await);
    }
    // It takes connections as it did, and of all edges it is soon the one with the fewest.
    stack.freeze_edge(1);
    drop(before);
    let mut after = Vec::new();
    for id in 10..20 {
        after.push(Peer::device(&url, id).await);
    }
    let mut controller = Peer::connect(&url).await;
    assert_eq!(controller.ask("cmd:000a:status").await, "cmd:result:success");
    drop(after);
}
