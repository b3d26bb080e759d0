//! What fails: a viewer that never reads, NATS, an edge; and an edge that is told to go.

use crate::stage::{builder, edges, meet, tune_in};
use futures_util::{SinkExt, StreamExt};
use grouploop_testkit::{
    Edge, NatsServer, Peer, Proxy, RawPeer, WireFrame, eventually, frame, frame_id, frame_number, http_get, within,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_tungstenite::tungstenite::Message;

/// Devices on one connection each that send at a rate until told to stop. The number in a frame is its position, from 1.
struct Swarm {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<u64>>,
}

impl Swarm {
    async fn start(url: &str, ids: std::ops::Range<u16>, hertz: u32) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut tasks = Vec::new();
        for id in ids {
            let mut device = Peer::connect(url).await;
            let (stop, sent) = (stop.clone(), sent.clone());
            tasks.push(tokio::spawn(async move {
                let mut ticks = tokio::time::interval(Duration::from_secs(1) / hertz);
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    ticks.tick().await;
                    number += 1;
                    if device.try_send(frame(id, number)).await.is_err() {
                        return number - 1;
                    }
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                // All of it is in the edge when it answers.
                device.barrier().await;
                number
            }));
        }
        Self { stop, sent, tasks }
    }

    fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Stops all devices, whatever became of their connections.
    fn abandon(self) {
        for task in self.tasks {
            task.abort();
        }
    }

    /// Stops all devices; how many frames each sent.
    async fn stop(self) -> Vec<u64> {
        self.stop.store(true, Ordering::Relaxed);
        let mut counts = Vec::new();
        for task in self.tasks {
            counts.push(within("a device to stop", task).await.unwrap());
        }
        counts
    }
}

async fn metric(edge: &Edge, name: &str) -> f64 {
    let metrics = http_get(edge.addr(), "/metrics").await;
    let line = metrics.text().lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
    line.map_or(0.0, |value| value.trim().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_that_never_reads_hurts_nobody() {
    const DEVICES: u16 = 200;
    let edge = builder().start().await;
    // A small window, so that the edge's writes stall soon.
    let mut stuck = RawPeer::tcp_with_receive_buffer(edge.addr(), 4096).await;
    stuck.upgrade("/").await;
    stuck.text("s").await;
    eventually!(metric(&edge, "grouploop_edge_viewers ").await == 1.0);
    let mut viewer = Peer::viewer(edge.ws_url("/")).await;
    let seen = tokio::spawn(async move {
        let mut numbers: HashMap<u16, u64> = HashMap::new();
        loop {
            let line = viewer.next_frame().await;
            if frame_id(&line) == 0xffff {
                return (numbers, viewer);
            }
            let next = numbers.entry(frame_id(&line)).or_default();
            *next += 1;
            assert_eq!(frame_number(&line), *next, "device {:04x} lost or reordered", frame_id(&line));
        }
    });
    let swarm = Swarm::start(&edge.ws_url("/"), 0..DEVICES, 50).await;
    eventually!(swarm.sent() > 20_000);
    let early = edge.rss_bytes();
    // Until the stuck one is far beyond what its ring holds and its write has timed out.
    eventually!(
        Duration::from_secs(60),
        metric(&edge, "grouploop_edge_connections_closed_total{reason=\"write_timeout\"} ").await == 1.0
    );
    let late = edge.rss_bytes();
    assert!(late < early + (16 << 20), "memory grew from {early} to {late}");
    let sent = swarm.stop().await;
    let mut end = Peer::connect(edge.ws_url("/")).await;
    end.send(frame(0xffff, 1)).await;
    let (numbers, mut viewer) = within("the last frame", seen).await.unwrap();
    for (id, count) in sent.into_iter().enumerate() {
        assert_eq!(numbers[&(id as u16)], count, "device {id}");
    }
    viewer.barrier().await;
}

/// Sends frames of 200 devices until the edge's only viewer, which does not read, has a full socket. The number of the last is shifted, so
/// that none looks like a tap.
async fn fill(edge: &Edge) -> (Peer, u64) {
    let mut gateway = Peer::connect(edge.ws_url("/")).await;
    let mut number = 0;
    eventually!({
        for _ in 0..20 {
            number += 1;
            gateway.send((0..200).map(|id| frame(id, number << 8)).collect::<Vec<_>>().join("\n")).await;
        }
        gateway.barrier().await;
        // Stalled: messages to it do not grow while frames do.
        let before = metric(edge, "grouploop_edge_viewer_messages_total ").await;
        gateway.send(frame(0, number << 8)).await;
        gateway.barrier().await;
        number > 2_000 && metric(edge, "grouploop_edge_viewer_messages_total ").await == before
    });
    (gateway, number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_that_is_lapped_gets_the_newest_of_each_device() {
    let edge = builder().env("GROUPLOOP_EDGE__RING_FRAMES", "256").start().await;
    let mut slow = RawPeer::tcp_with_receive_buffer(edge.addr(), 4096).await;
    slow.upgrade("/").await;
    slow.text("s").await;
    eventually!(metric(&edge, "grouploop_edge_viewers ").await == 1.0);
    let (mut gateway, mut number) = fill(&edge).await;
    number += 1;
    gateway.send((0..200).map(|id| frame(id, number << 8)).collect::<Vec<_>>().join("\n")).await;
    gateway.barrier().await;
    // Now it reads: in order for each device, with a jump, up to the newest of all.
    let mut newest: HashMap<u16, u64> = HashMap::new();
    while newest.len() < 200 || newest.values().any(|seen| *seen < number << 8) {
        let message = slow.read_frame().await;
        for line in message.payload_text().lines().filter(|line| line.len() == 20) {
            let seen = newest.entry(frame_id(line)).or_default();
            assert!(frame_number(line) >= *seen, "time went back");
            *seen = frame_number(line);
        }
    }
    assert!(metric(&edge, "grouploop_edge_frames_dropped_total{reason=\"viewer_lapped\"} ").await > 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_killed_and_restarted_under_load() {
    let mut nats = NatsServer::start().await;
    let [one, two] = edges(&nats).await;
    let mut near = Peer::viewer(one.ws_url("/")).await;
    let mut far = Peer::viewer(two.ws_url("/")).await;
    let mut controller = Peer::connect(two.ws_url("/")).await;
    let mut device = Peer::connect(one.ws_url("/")).await;
    let mut number = tune_in(&mut far, &mut device, 0x1a2b).await;
    meet(&mut controller, &mut device, 0x1a2b).await;
    let swarm = Swarm::start(&one.ws_url("/"), 1..21, 50).await;
    far.frame_where(|line| frame_id(line) == 20).await;

    nats.kill().await;
    // Local service goes on; a command to the other edge fails at once; readiness says why.
    eventually!(http_get(one.addr(), "/readyz").await.status == 503);
    let ready = http_get(two.addr(), "/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("bus away"), "{}", ready.text());
    assert_eq!(http_get(one.addr(), "/health").await.status, 200, "it still serves");
    device.send(frame(0x1a2b, number + 1)).await;
    near.frame_where(|line| *line == frame(0x1a2b, number + 1)).await;
    let mut local = Peer::connect(one.ws_url("/")).await;
    assert_eq!(local.ask("cmd:1a2b:vibrate:1").await, "cmd:result:success");
    device.expect("vibrate:1").await;
    let asked = Instant::now();
    assert_eq!(controller.ask("cmd:1a2b:vibrate:2").await, "cmd:result:failed");
    assert!(asked.elapsed() < Duration::from_secs(1), "at once: {:?}", asked.elapsed());
    let before = swarm.sent();
    eventually!(swarm.sent() > before + 2000);
    let dropped = metric(&one, "grouploop_edge_frames_dropped_total{reason=\"bus_away\"} ").await;
    assert!(dropped > 1000.0, "{dropped} frames counted as dropped");
    let newest_sent = swarm.sent() / 20;

    nats.restart().await;
    let back = Instant::now();
    for edge in [&one, &two] {
        eventually!(Duration::from_secs(3), http_get(edge.addr(), "/readyz").await.status == 200);
    }
    // What arrives now was sent now: nothing from the time in between.
    far.frames_until_pong().await;
    let first = far.frame_where(|line| (1..21).contains(&frame_id(line))).await;
    assert!(back.elapsed() < Duration::from_secs(3), "{:?}", back.elapsed());
    assert!(frame_number(&first) + 50 > newest_sent, "stale: {} after {newest_sent}", frame_number(&first));
    number += 2;
    device.send(frame(0x1a2b, number)).await;
    far.frame_where(|line| *line == frame(0x1a2b, number)).await;
    eventually!(Duration::from_secs(3), controller.ask("cmd:1a2b:vibrate:3").await == "cmd:result:success");
    device.expect("vibrate:3").await;
    swarm.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_that_moved_while_nats_was_away_have_one_owner_afterwards() {
    let mut nats = NatsServer::start().await;
    let [one, two] = edges(&nats).await;
    let mut controller = Peer::connect(one.ws_url("/")).await;
    let mut older = Peer::device(one.ws_url("/"), 7).await;
    meet(&mut controller, &mut older, 7).await;
    nats.kill().await;
    for edge in [&one, &two] {
        eventually!(http_get(edge.addr(), "/readyz").await.status == 503);
    }
    let mut newer = Peer::device(two.ws_url("/"), 7).await;
    nats.restart().await;
    for edge in [&one, &two] {
        eventually!(http_get(edge.addr(), "/readyz").await.status == 200);
    }
    eventually!(http_get(one.addr(), "/health").await.json()["devices"] == 0);
    eventually!(controller.ask("cmd:0007:vibrate:1").await == "cmd:result:success");
    newer.expect("vibrate:1").await;
    assert_eq!(http_get(two.addr(), "/health").await.json()["devices"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_killed_outright() {
    let nats = NatsServer::start().await;
    let [one, two, three] = edges(&nats).await;
    let mut doomed = Peer::device(one.ws_url("/"), 1).await;
    let mut safe = Peer::device(two.ws_url("/"), 2).await;
    let mut controller = Peer::connect(three.ws_url("/")).await;
    meet(&mut controller, &mut doomed, 1).await;
    meet(&mut controller, &mut safe, 2).await;
    one.kill().await;
    let since = Instant::now();
    assert_eq!(controller.ask("cmd:0001:status").await, "cmd:result:failed");
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    assert_eq!(controller.ask("cmd:0002:status").await, "cmd:result:success");
    safe.expect("status:").await;
    eventually!(controller.ask("cmd:all:reset").await == "cmd:result:sent_to_1_devices");
    assert_eq!(doomed.ended().await, None);
    // Its device comes back on another edge.
    let mut again = Peer::device(two.ws_url("/"), 1).await;
    meet(&mut controller, &mut again, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load() {
    let nats = NatsServer::start().await;
    let [one, two] = edges(&nats).await;
    let swarm = Swarm::start(&one.ws_url("/"), 1..101, 20).await;
    let mut viewers = Vec::new();
    for _ in 0..20 {
        viewers.push(Peer::viewer(one.ws_url("/")).await);
    }
    let mut idle = Vec::new();
    for _ in 0..50 {
        idle.push(Peer::connect(one.ws_url("/")).await);
    }
    let half_open = RawPeer::tcp(one.addr()).await;
    let mut far = Peer::viewer(two.ws_url("/")).await;
    far.frame_where(|line| frame_id(line) == 100).await;
    let status = one.terminate().await;
    assert_eq!(status.code(), Some(0), "{:?}", one.log());
    for mut peer in viewers.into_iter().chain(idle) {
        let (code, reason) = peer.closed().await;
        assert_eq!(code, 1012);
        assert!(reason.starts_with("restart retry_ms="), "{reason}");
    }
    swarm.abandon();
    drop(half_open);
    let log = one.log().join("\n");
    assert!(log.contains("\"drained\""), "{log}");
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    // The other edge goes on, and knows that the devices are gone.
    let mut controller = Peer::connect(two.ws_url("/")).await;
    eventually!(controller.ask("cmd:all:reset").await == "cmd:result:sent_to_0_devices");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lame_duck_takes_connections_and_serves_them() {
    let edge = builder().env("GROUPLOOP_EDGE__LAME_DUCK_MS", "600000").start().await;
    let mut early = Peer::device(edge.ws_url("/"), 1).await;
    edge.signal("TERM");
    eventually!(http_get(edge.addr(), "/readyz").await.status == 503);
    let mut late = Peer::connect(edge.ws_url("/")).await;
    assert_eq!(late.ask("cmd:0001:status").await, "cmd:result:success");
    early.expect("status:").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_sent_away_gets_the_answers_before() {
    let nats = NatsServer::start().await;
    let [far] = edges(&nats).await;
    let slow_link = Proxy::start(nats.addr()).await;
    let near = builder().nats_url(slow_link.url("nats")).start().await;
    eventually!(http_get(near.addr(), "/readyz").await.status == 200);
    let mut device = Peer::device(far.ws_url("/"), 1).await;
    let mut controller = Peer::connect(near.ws_url("/")).await;
    meet(&mut controller, &mut device, 1).await;
    slow_link.latency(Duration::from_millis(300));
    controller.send("cmd:0001:vibrate:7").await;
    // It is there, and the answer on its way back is slow.
    device.expect("vibrate:7").await;
    let goodbye = async {
        controller.expect("cmd:result:success").await;
        assert_eq!(controller.closed().await.0, 1012);
    };
    let (status, ()) = tokio::join!(near.terminate(), goodbye);
    assert_eq!(status.code(), Some(0), "{:?}", near.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_later_is_served_meanwhile() {
    let edge = builder().start().await;
    let (first_told, _) = watch::channel(false);
    let mut peers = JoinSet::new();
    for _ in 0..800 {
        let mut peer = Peer::connect(edge.ws_url("/")).await.into_inner();
        let (first_told, mut somebody_told) = (first_told.clone(), first_told.subscribe());
        peers.spawn(async move {
            let mut served = false;
            loop {
                tokio::select! {
                    // Those who are told in one instant do not hear this question any more.
                    told = somebody_told.changed() => {
                        told.unwrap();
                        // It may have ended just now, and says so below.
                        let _ = peer.send(Message::text("ping")).await;
                    }
                    message = peer.next() => match message {
                        Some(Ok(Message::Text(_))) => served = true,
                        Some(Ok(Message::Close(_)) | Err(_)) | None => {
                            first_told.send_replace(true);
                            return served;
                        }
                        Some(Ok(_)) => {}
                    },
                }
            }
        });
    }
    assert_eq!(edge.terminate().await.code(), Some(0), "{:?}", edge.log());
    let served = within("the end of all", peers.join_all()).await;
    assert!(served.contains(&true));
}

#[tokio::test]
async fn a_drain_does_not_wait_for_peers_that_do_not_answer() {
    let edge = builder().env("GROUPLOOP_EDGE__DRAIN_TIMEOUT_MS", "4000").start().await;
    let mut silent = RawPeer::open(edge.addr(), "/").await;
    // And one whose socket is full: a write to it is stuck when the goodbye comes.
    let mut stuck = RawPeer::tcp_with_receive_buffer(edge.addr(), 4096).await;
    stuck.upgrade("/").await;
    stuck.text("s").await;
    eventually!(metric(&edge, "grouploop_edge_viewers ").await == 1.0);
    fill(&edge).await;
    let status = edge.terminate().await;
    assert_eq!(status.code(), Some(0), "{:?}", edge.log());
    assert_eq!(silent.closed().await.unwrap().0, 1012);
}

#[tokio::test]
async fn nats_away_at_start() {
    let mut nats = NatsServer::start().await;
    nats.kill().await;
    let edge = builder().nats(&nats).start().await;
    let ready = http_get(edge.addr(), "/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains(&nats.addr()), "{}", ready.text());
    let mut device = Peer::device(edge.ws_url("/"), 1).await;
    let mut controller = Peer::connect(edge.ws_url("/")).await;
    assert_eq!(controller.ask("cmd:0001:status").await, "cmd:result:success", "local service works");
    device.expect("status:").await;
    assert_eq!(controller.ask("cmd:all:status").await, "cmd:result:sent_to_1_devices");
    nats.restart().await;
    eventually!(http_get(edge.addr(), "/readyz").await.status == 200);
    let other = builder().nats(&nats).start().await;
    let mut far = Peer::connect(other.ws_url("/")).await;
    device.expect("status:").await;
    meet(&mut far, &mut device, 1).await;
}

#[tokio::test]
async fn nats_that_hangs_is_noticed() {
    let nats = NatsServer::start().await;
    let [one] = edges(&nats).await;
    nats.stop();
    eventually!(http_get(one.addr(), "/readyz").await.status == 503);
    nats.cont();
    eventually!(http_get(one.addr(), "/readyz").await.status == 200);
}

#[tokio::test]
async fn sockets_that_say_nothing_are_closed() {
    let edge = builder()
        .env("GROUPLOOP_EDGE__HEADER_TIMEOUT_MS", "300")
        .env("GROUPLOOP_EDGE__PING_INTERVAL_MS", "300")
        .start()
        .await;
    let mut mute = RawPeer::tcp(edge.addr()).await;
    let mut slow = RawPeer::tcp(edge.addr()).await;
    slow.write("GET / HTTP/1.1\r\nHost: x\r\n").await;
    let mut gone = RawPeer::open(edge.addr(), "/").await;
    gone.send(&WireFrame::text(frame(3, 1))).await;
    mute.read_to_end().await;
    slow.read_to_end().await;
    // Open, but nobody answers the pings: its device goes too.
    gone.closed().await;
    eventually!(http_get(edge.addr(), "/health").await.json()["devices"] == 0);
    eventually!(http_get(edge.addr(), "/health").await.json()["connections"] == 0);
}
