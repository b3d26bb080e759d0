//! Three nats-servers that are one, and one of them is killed under load.

use crate::rights::{PASSWORDS, file, role};
use crate::stage::{meet, tune_in};
use grouploop_testkit::{NatsServer, Peer, eventually, frame, frame_id, frame_number, http_get, within};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const DEVICES: u16 = 20;
const HERTZ: u64 = 50;

/// Which of the servers this connection is to.
async fn server_of(servers: &[NatsServer], connection: &str) -> Option<usize> {
    for (index, server) in servers.iter().enumerate() {
        let connections = http_get(server.http_addr().await, "/connz").await.json();
        let mut names = connections["connections"].as_array().unwrap().iter().map(|one| &one["name"]);
        if names.any(|name| name == connection) {
            return Some(index);
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_servers_killed_under_load_is_a_short_gap() {
    let servers = NatsServer::cluster(&file("cluster.conf"), &PASSWORDS, "cluster-cluster").await;
    let url = servers.iter().map(NatsServer::url).collect::<Vec<_>>().join(",");
    let edge = |name: &str| role("edge", "edge", &url).env("GROUPLOOP_NODE__NAME", name).start();
    let (near, far) = tokio::join!(edge("near"), edge("far"));
    for edge in [&near, &far] {
        eventually!(http_get(edge.addr(), "/readyz").await.status == 200);
    }
    let mut viewer = Peer::viewer(far.ws_url("/")).await;
    let mut target = Peer::connect(near.ws_url("/")).await;
    tune_in(&mut viewer, &mut target, 0xffff).await;
    let mut controller = Peer::connect(far.ws_url("/")).await;
    meet(&mut controller, &mut target, 0xffff).await;

    let (stop, ticks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut devices = Vec::new();
    for id in 0..DEVICES {
        devices.push((id, Peer::connect(near.ws_url("/")).await));
    }
    let load = tokio::spawn({
        let (stop, ticks) = (stop.clone(), ticks.clone());
        async move {
            let mut every = tokio::time::interval(Duration::from_millis(1000 / HERTZ));
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                every.tick().await;
                number += 1;
                for (id, device) in &mut devices {
                    device.send(frame(*id, number)).await;
                }
                ticks.store(number, Ordering::Relaxed);
            }
            for (_, device) in &mut devices {
                device.barrier().await;
            }
            number
        }
    });
    // Frames of each device as they come: the newest number, and how many are missing before it.
    let watch = tokio::spawn(async move {
        let mut newest: HashMap<u16, (u64, u64)> = HashMap::new();
        loop {
            let line = viewer.next_frame().await;
            let (id, number) = (frame_id(&line), frame_number(&line));
            if id == 0xfffe {
                return newest;
            }
            if id < DEVICES {
                let (last, missing) = newest.entry(id).or_insert((number - 1, 0));
                assert!(number > *last, "device {id}: {number} after {last}");
                *missing += number - *last - 1;
                *last = number;
            }
        }
    });
    eventually!(ticks.load(Ordering::Relaxed) > HERTZ);
    let doomed = server_of(&servers, "near telemetry").await.unwrap();
    servers[doomed].kill().await;

    // Its connections are on the others, and everybody reaches everybody.
    let left: Vec<NatsServer> =
        servers.into_iter().enumerate().filter(|(at, _)| *at != doomed).map(|(_, one)| one).collect();
    eventually!(server_of(&left, "near telemetry").await.is_some());
    for edge in [&near, &far] {
        eventually!(http_get(edge.addr(), "/readyz").await.status == 200);
    }
    eventually!(controller.ask("cmd:ffff:vibrate:1").await == "cmd:result:success");
    let after = ticks.load(Ordering::Relaxed);
    eventually!(ticks.load(Ordering::Relaxed) > after + HERTZ);
    stop.store(true, Ordering::Relaxed);
    let sent = within("the devices to stop", load).await.unwrap();
    // What is sent last arrives last.
    let mut last = Peer::connect(near.ws_url("/")).await;
    last.send(frame(0xfffe, 1)).await;
    let seen = within("the last frame", watch).await.unwrap();
    assert_eq!(seen.len(), usize::from(DEVICES));
    for (id, (newest, missing)) in seen {
        assert_eq!(newest, sent, "device {id}");
        assert!(missing < 2 * HERTZ, "device {id}: {missing} frames missing");
    }
}

/// Who does not know the password of the cluster is no part of it, and the cluster goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_another_password_stays_outside() {
    let servers = NatsServer::cluster(&file("cluster.conf"), &PASSWORDS, "cluster-cluster").await;
    let routes = json!(["nats-route://cluster:another@".to_owned() + &servers[0].addr().replace(":4222", ":6222")]);
    let stranger = NatsServer::with_config(&format!(
        "cluster {{ name: grouploop, host: 127.0.0.1, port: -1, routes: {routes} }}\nhttp: 127.0.0.1:-1"
    ))
    .await;
    eventually!(servers[0].process().log().iter().any(|line| line.contains("authentication error")));
    let routes = async |server: &NatsServer| http_get(server.http_addr().await, "/routez").await.json();
    assert_eq!(routes(&stranger).await["num_routes"], 0);
    let of_others = routes(&servers[0]).await["routes"].clone();
    let names: BTreeSet<&str> =
        of_others.as_array().unwrap().iter().map(|route| route["remote_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["nats-2", "nats-3"].into());
}
