//! The monitor over a real nats-server with real edges: figures against what was sent, and what fails shown in words.

use crate::rights::{PASSWORDS, file, role};
use crate::stage::{builder, meet};
use grouploop_testkit::{Edge, NatsServer, Peer, eventually, frame, http_get};
use serde_json::Value;
use std::time::Duration;

/// A nats-server with its own figures, edges, and a monitor of them.
struct Watched {
    nats: NatsServer,
    edges: Vec<Edge>,
    monitor: Edge,
}

impl Watched {
    /// Each role under its own user, so with the rights that it has and no others.
    async fn start(edges: usize) -> Self {
        let nats = NatsServer::with_file(&file("one.conf"), &PASSWORDS).await;
        let urls = format!("http://{}", nats.http_addr().await);
        let monitor = role("monitor", "monitor", &nats.url()).env("GROUPLOOP_MONITOR__NATS_URLS", urls).start().await;
        let mut watched = Self { nats, edges: Vec::new(), monitor };
        for _ in 0..edges {
            watched.edges.push(role("edge", "edge", &watched.nats.url()).start().await);
        }
        eventually!(http_get(watched.monitor.addr(), "/readyz").await.status == 200);
        eventually!(watched.in_state("live").await == edges);
        watched
    }

    async fn system(&self) -> Value {
        http_get(self.monitor.addr(), "/api/system").await.json()
    }

    async fn in_state(&self, state: &str) -> usize {
        let system = self.system().await;
        system["nodes"].as_array().into_iter().flatten().filter(|node| node["state"] == state).count()
    }

    /// Whether there is a trouble of this kind whose sentence has this in it.
    async fn says(&self, kind: &str, text: &str) -> bool {
        let system = self.system().await;
        let mut troubles = system["troubles"].as_array().into_iter().flatten();
        troubles.any(|trouble| trouble["kind"] == kind && trouble["text"].as_str().unwrap().contains(text))
    }
}

/// Sends a frame of each of ten devices, 25 times a second, until it is dropped.
async fn ten_devices(url: String, first: u16) -> tokio::task::JoinHandle<()> {
    let mut gateway = Peer::connect(url).await;
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(40));
        for number in 1.. {
            ticks.tick().await;
            let lines: Vec<String> = (first..first + 10).map(|id| frame(id, number)).collect();
            if gateway.try_send(lines.join("\n")).await.is_err() {
                return;
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_are_those_that_were_sent_and_a_device_is_found() {
    let watched = Watched::start(2).await;
    let mut swarms = Vec::new();
    for (edge, first) in watched.edges.iter().zip([0x100, 0x200]) {
        swarms.push(ten_devices(edge.ws_url("/spaces/lab"), first).await);
    }
    // 500 frames a second, to 2 in a hundred.
    eventually!({
        let system = watched.system().await;
        let frames = system["totals"]["frames_per_s"].as_f64().unwrap();
        let bytes = system["spaces"][0]["bytes_per_s"].as_f64().unwrap_or(0.0);
        (490.0..=510.0).contains(&frames) && bytes >= 490.0 * 21.0 && system["totals"]["devices"] == 20
    });
    let system = watched.system().await;
    assert_eq!(system["spaces"][0]["space"], "lab");
    let subjects: Vec<&Value> = system["subjects"].as_array().unwrap().iter().collect();
    let telemetry = |row: &&&Value| row["kind"] == "telemetry" && row["space"] == "lab";
    assert_eq!(subjects.iter().filter(telemetry).count(), 2, "one for each edge");
    assert!(system["nodes"][0]["round_trip_us"].as_u64().is_some_and(|us| us > 0), "{system}");
    assert_eq!((&system["nats"][0]["state"], &system["bus"]["engine"]), (&"live".into(), &"nats".into()));
    assert!(system["nats"][0]["in_messages_per_s"].as_f64().is_some());

    let devices = http_get(watched.monitor.addr(), "/api/spaces/lab/devices").await.json();
    assert_eq!((devices["devices"].as_array().unwrap().len(), &devices["cut"]), (20, &false.into()));
    assert_eq!(devices["nodes"].as_array().unwrap().len(), 2);

    // Commands, with their times.
    let mut device = Peer::connect(watched.edges[0].ws_url("/spaces/lab")).await;
    device.send(frame(0x300, 1)).await;
    let mut controller = Peer::connect(watched.edges[1].ws_url("/spaces/lab")).await;
    meet(&mut controller, &mut device, 0x300).await;
    eventually!({
        assert_eq!(controller.ask("cmd:0300:reset").await, "cmd:result:success");
        let space = &watched.system().await["spaces"][0];
        space["answers"]["success"].as_f64().unwrap() > 0.0 && space["latency_us"]["p99"].is_u64()
    });

    // One that is killed counts no more, and it is said.
    watched.edges[0].kill().await;
    eventually!(watched.in_state("live").await == 1);
    eventually!(watched.system().await["totals"]["devices"] == 10);
    eventually!(watched.says("node_silent", "is not heard").await);
    eventually!(watched.says("node_gone", "without a word").await);
    swarms.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nats_server_that_goes_is_shown_and_so_is_its_return() {
    // At a port that it keeps.
    let http = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut nats = NatsServer::with_config(&format!("http: \"{http}\"")).await;
    let edge = builder().nats(&nats).start().await;
    let monitor = builder().role("monitor").nats(&nats).env("GROUPLOOP_MONITOR__NATS_URLS", format!("http://{http}"));
    let monitor = monitor.start().await;
    let system = || async { http_get(monitor.addr(), "/api/system").await.json() };
    let state = |system: &Value| (system["bus"]["up"].clone(), system["nats"][0]["state"].clone());
    eventually!(state(&system().await) == (true.into(), "live".into()));
    eventually!(system().await["nodes"][0]["state"] == "live");
    nats.kill().await;
    eventually!(state(&system().await) == (false.into(), "away".into()));
    let kinds = |system: &Value| {
        let troubles = system["troubles"].as_array().unwrap().iter();
        troubles.map(|trouble| trouble["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let said = kinds(&system().await);
    assert!(said.contains(&"bus_away".to_owned()) && said.contains(&"nats_away".to_owned()), "{said:?}");
    eventually!(system().await["nodes"][0]["state"] == "silent");
    nats.restart().await;
    eventually!(state(&system().await) == (true.into(), "live".into()));
    eventually!(system().await["nodes"][0]["state"] == "live" && kinds(&system().await).is_empty());
    drop(edge);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clash_a_device_that_flaps_and_one_that_is_silent_are_named() {
    let watched = Watched::start(2).await;
    let url = |edge: usize| watched.edges[edge].ws_url("/spaces/lab");
    let mut silent = Peer::connect(url(0)).await;
    silent.send(frame(0x500, 1)).await;
    // This one says who it is, and then nothing.
    let mut mute = Peer::connect(url(0)).await;
    mute.send("id:0501").await;
    let (mut one, mut two) = (Peer::connect(url(0)).await, Peer::connect(url(1)).await);
    let mut number = 0;
    eventually!({
        number += 1;
        one.send(frame(0x700, number)).await;
        two.send(frame(0x700, number)).await;
        let clashes = watched.system().await["devices"]["clashes"].clone();
        clashes[0]["device"] == "0700" && clashes[0]["nodes"].as_array().unwrap().len() == 2
    });
    assert!(watched.says("clash", "device 0700 of space lab").await);
    eventually!({
        let mut device = Peer::connect(url(0)).await;
        device.send(frame(0x800, 1)).await;
        device.barrier().await;
        device.close().await;
        watched.system().await["devices"]["flapping"][0]["device"] == "0800"
    });
    assert!(watched.says("flapping", "Device 0800 of space lab").await);
    eventually!({
        let silent = watched.system().await["devices"]["silent"].clone();
        silent[0]["device"] == "0500" && silent[1]["device"] == "0501"
    });
    assert!(watched.says("silent", "space lab").await);
}
