//! What is answered at once.

use crate::stage::{Events, Stage, answers_rosters, report, say};
use bytes::Bytes;
use grouploop_bridge::{BusState, Report, SpaceFigures, Subject};
use grouploop_testkit::{eventually, http};
use serde_json::json;

const FIGURES: SpaceFigures = SpaceFigures {
    devices: 3,
    viewers: 1,
    silent: 0,
    frames: 60,
    messages: 6,
    lost: 0,
    success: 0,
    failed: 0,
    sent_to_all: 0,
    error: 0,
    delivered: 0,
    asked: 0,
    asked_bytes: 0,
    all_bytes: 0,
    p50_us: 0,
    p99_us: 0,
    rosters: 0,
};

#[tokio::test]
async fn what_a_node_reports_is_shown_and_what_is_none_is_counted() {
    let stage = Stage::start().await;
    let bus = stage.hub.attach();
    say(&bus, &report("edge-1", 1_000, &[("lab", SpaceFigures { frames: 0, messages: 0, ..FIGURES })]));
    say(&bus, &report("edge-1", 2_000, &[("lab", FIGURES)]));
    // Somebody speaks for another, something that is no report, and one that is far too large.
    let subject = Subject::Report { node: "edge-2".parse().unwrap() };
    bus.publish(&subject, grouploop_bridge::json(&report("edge-3", 1, &[]))).unwrap();
    bus.publish(&subject, Bytes::from_static(b"{")).unwrap();
    bus.publish(&subject, vec![b' '; 20_000].into()).unwrap();
    eventually!(stage.system().await["nodes"].as_array().unwrap().len() == 1);
    let system = stage.system().await;
    assert_eq!(system["bus"], json!({"engine": "embedded", "up": true}));
    let node = &system["nodes"][0];
    assert_eq!((&node["node"], &node["role"], &node["commit"]), (&json!("edge-1"), &json!("edge"), &json!("abc")));
    assert_eq!((&node["state"], &node["connections"], &node["devices"]), (&json!("live"), &json!(3), &json!(3)));
    let space = &system["spaces"][0];
    assert_eq!(
        (&space["space"], &space["frames_per_s"], &space["bytes_per_s"]),
        (&json!("lab"), &json!(60.0), &json!(1260.0))
    );
    let mut subjects = system["subjects"].as_array().unwrap().iter().map(|row| &row["subject"]);
    assert!(subjects.any(|subject| subject == "gl.space.lab.telemetry.edge-1"), "{system}");
    eventually!(stage.metric("grouploop_monitor_messages_misunderstood_total ").await == 3.0);
    let gone = Report { leaving: true, ..report("edge-1", 2_500, &[]) };
    say(&bus, &gone);
    eventually!(stage.system().await["nodes"][0]["state"] == "gone");
    assert_eq!(stage.system().await["totals"]["devices"], 0);
}

#[tokio::test]
async fn the_devices_of_a_space_are_asked_of_its_nodes_once_a_second() {
    let stage = Stage::start().await;
    answers_rosters(stage.hub.attach(), "edge-1", "lab", &[3, 1, 2]).await;
    answers_rosters(stage.hub.attach(), "edge-2", "lab", &[9, 2]).await;
    let bus = stage.hub.attach();
    say(&bus, &report("edge-1", 1_000, &[("lab", FIGURES)]));
    say(&bus, &report("edge-2", 1_000, &[("lab", FIGURES)]));
    say(&bus, &report("edge-3", 1_000, &[("other", FIGURES)]));
    eventually!(stage.system().await["nodes"].as_array().unwrap().len() == 3);
    let answer = stage.get("/api/spaces/lab/devices").await.json();
    let ids: Vec<&str> =
        answer["devices"].as_array().unwrap().iter().map(|device| device["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["0001", "0002", "0003", "0009"], "{answer}");
    assert_eq!((&answer["nodes"], &answer["cut"]), (&json!(["edge-1", "edge-2"]), &json!(false)));
    let first = &answer["devices"][0];
    let expected = json!({"id": "0001", "node": "edge-1", "frames_per_second": 20.0, "last_seen_ms": 7, "claimed": 1});
    assert_eq!(*first, expected);
    let asked = stage.metric("grouploop_monitor_rosters_total ").await;
    for _ in 0..5 {
        stage.get("/api/spaces/lab/devices").await;
    }
    assert!(stage.metric("grouploop_monitor_rosters_total ").await <= asked + 1.0);

    // A node that does not answer, and a space where nobody is.
    let answer = stage.get("/api/spaces/other/devices").await.json();
    assert_eq!((&answer["devices"], &answer["cut"]), (&json!([]), &json!(false)), "nobody hears the question");
    let _silent = bus.subscribe(Subject::Roster { space: "other".parse().unwrap() }).await.unwrap();
    eventually!(stage.get("/api/spaces/other/devices").await.json()["cut"] == true);
    assert_eq!(stage.get("/api/spaces/Wrong/devices").await.status, 400);
}

#[tokio::test]
async fn it_says_what_it_is_and_how_it_is() {
    let stage = Stage::start().await;
    let welcome = stage.get("/").await.json();
    assert_eq!((&welcome["service"], &welcome["version"]), (&json!("grouploop-monitor"), &json!("0.0.0-test")));
    let health = stage.get("/health").await.json();
    assert_eq!((&health["status"], &health["node"]), (&json!("ok"), &json!("monitor-1")));
    assert_eq!(stage.get("/livez").await.status, 200);
    assert_eq!(stage.get("/readyz").await.json(), json!({"status": "ready", "reasons": []}));
    for (method, path, status) in [("GET", "/nothing", 404), ("POST", "/api/system", 405), ("DELETE", "/", 405)] {
        let answer = http(method, stage.addr, path, &[], b"").await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.json()["error"].is_string());
    }
    assert_eq!(stage.metric("grouploop_monitor_bus_up ").await, 1.0);
}

#[tokio::test]
async fn pages_of_strangers_see_nothing_and_hold_no_place() {
    let stage = Stage::with(|settings| settings.allow_origins = "https://stage.example".into()).await;
    for path in ["/api/system", "/api/stream", "/api/spaces/main/devices", "/api/tap?subject=gl.registry"] {
        let answer = stage.asked_by("https://evil.example", path).await;
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert!(answer.json()["error"].as_str().unwrap().contains("monitor.allow_origins"));
    }
    assert_eq!(stage.metric("grouploop_monitor_refused_total{reason=\"origin\"} ").await, 4.0);
    let ours = stage.asked_by("https://stage.example", "/api/system").await;
    assert_eq!((ours.status, ours.header("access-control-allow-origin")), (200, Some("https://stage.example")));
}

#[tokio::test]
async fn a_drain_ends_streams_and_taps_and_then_the_bus() {
    let stage = Stage::start().await;
    let mut stream = Events::open(stage.addr, "/api/stream").await;
    let mut tap = Events::open(stage.addr, "/api/tap?subject=gl.registry").await;
    assert!(stream.next().await.is_some() && tap.next().await.is_some());
    let bus = stage.hub.attach();
    assert!(stage.monitor.drain().await, "nothing had to be cut");
    while stream.next().await.is_some() {}
    assert!(tap.next().await.is_none());
    assert_eq!(*bus.state().borrow(), BusState::Up, "that of others stays");
}
