//! The service over real sockets: what it answers to requests that are right, wrong, hostile, and those of other people's pages.

mod changes;
mod description;
mod pages;
mod recordings;
mod streams;
mod told;

use super::*;
use crate::scenario::Scenario;
use grouploop_bridge::Hub;
use grouploop_testkit::{Peer, Response, eventually, http, within};
use serde_json::{Value, json};
use std::net::SocketAddr;

const JSON: (&str, &str) = ("Content-Type", "application/json");
const TOML: (&str, &str) = ("Content-Type", "application/toml");
const PATCH: (&str, &str) = ("Content-Type", "application/merge-patch+json");

struct Stage {
    simulator: Simulator,
    hub: Hub,
}

impl Stage {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut SimulatorSettings)) -> Self {
        Self::start_with(change, None)
    }

    fn with_page(page: axum::Router) -> Self {
        Self::start_with(|_| (), Some(page))
    }

    fn start_with(change: impl FnOnce(&mut SimulatorSettings), page: Option<axum::Router>) -> Self {
        let mut settings = SimulatorSettings { listen: "127.0.0.1:0".into(), ..SimulatorSettings::default() };
        change(&mut settings);
        let (hub, listener) = (Hub::new(), std::net::TcpListener::bind(&settings.listen).unwrap());
        let (node, edge) = ("sim-1".parse().unwrap(), Some("ws://127.0.0.1:6".into()));
        let options = SimulatorOptions { settings, node, version: "0".into(), edge, tls: None, page };
        Self { simulator: Simulator::start(options, listener, hub.attach(), hub.attach()).unwrap(), hub }
    }

    fn at(&self) -> SocketAddr {
        self.simulator.address()
    }

    async fn get(&self, path: &str) -> Response {
        http("GET", self.at(), path, &[], "").await
    }

    async fn send(&self, method: &str, path: &str, kind: (&str, &str), body: impl ToString) -> Response {
        http(method, self.at(), path, &[kind], body.to_string()).await
    }

    /// Starts a swarm that must be fine.
    async fn start(&self, definition: Value) -> Value {
        let answer = self.send("POST", "/api/swarms", JSON, definition).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    async fn patch(&self, name: &str, patch: Value) -> Response {
        self.send("PATCH", &format!("/api/swarms/{name}"), PATCH, patch).await
    }

    async fn watch(&self, path: &str) -> Peer {
        Peer::connect_raw(format!("ws://{}{path}", self.at())).await
    }

    async fn drain(self) {
        assert!(within("the drain", self.simulator.drain()).await);
    }
}

fn error(answer: &Response) -> String {
    answer.json()["error"].as_str().unwrap().to_owned()
}

fn mistakes(answer: &Response) -> Vec<String> {
    answer.json()["mistakes"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_swarm_is_started_looked_at_changed_and_stopped() {
    let stage = Stage::new();
    let answer = stage.send("POST", "/api/swarms", JSON, json!({"name": "crowd", "space": "hall", "devices": 3})).await;
    assert_eq!((answer.status, answer.header("location")), (201, Some("/api/swarms/crowd")));
    eventually!(stage.get("/api/swarms/crowd").await.json()["figures"]["present"] == 3);
    let seen = stage.get("/api/swarms/crowd").await.json();
    assert_eq!((&seen["status"], &seen["devices"]), (&"running".into(), &3.into()));
    assert_eq!(seen["definition"]["first_id"], "0000");
    assert_eq!(stage.get("/api/swarms").await.json()["swarms"].as_array().unwrap().len(), 1);

    let page = stage.get("/api/swarms/crowd/devices?from=1&limit=1").await.json();
    assert_eq!((&page["devices"], &page["from"], &page["floor"]["width_m"]), (&3.into(), &1.into(), &12.0.into()));
    assert_eq!(page["seen"].as_array().unwrap().len(), 1);
    assert_eq!((&page["seen"][0]["place"], &page["seen"][0]["body"]["device"]), (&1.into(), &"0001".into()));
    let device = stage.get("/api/swarms/crowd/devices/0002").await.json();
    assert_eq!((&device["present"], &device["wearable"]["pattern"]), (&true.into(), &"off".into()));
    assert_eq!(stage.get("/api/swarms/crowd/devices/0003").await.status, 404);
    assert_eq!(stage.get("/api/swarms/crowd/devices/xyz").await.status, 400);

    let changed =
        stage.patch("crowd", json!({"rate_hz": 50, "motion": "dance", "taps": {"per_second": 1}})).await.json();
    let definition = &changed["definition"];
    assert_eq!((&definition["rate_hz"], &definition["motion"]), (&50.0.into(), &"dance".into()));
    assert_eq!(definition["taps"], json!({"per_second": 1.0, "duration_ms": 150}), "the rest stays");
    assert_eq!(stage.send("DELETE", "/api/swarms/crowd", JSON, "").await.status, 204);
    for gone in ["/api/swarms/crowd", "/api/swarms/crowd/devices", "/api/swarms/crowd/stream"] {
        assert_eq!(stage.get(gone).await.status, 404);
    }
    assert_eq!(stage.send("DELETE", "/api/swarms/crowd", JSON, "").await.status, 404);
    assert_eq!(stage.patch("crowd", json!({})).await.status, 404);
    let metrics = stage.get("/metrics").await;
    let sent =
        metrics.text().lines().find_map(|line| line.strip_prefix("grouploop_simulator_frames_sent_total ")).unwrap();
    assert_ne!(sent, "0", "what is forgotten stays counted");
    assert!(!metrics.text().contains("crowd") && metrics.text().ends_with("# EOF\n"));
    stage.drain().await;
}

#[tokio::test]
async fn devices_keep_their_ids_when_their_number_changes() {
    let stage = Stage::new();
    stage.start(json!({"name": "a", "devices": 2})).await;
    let b = stage.start(json!({"name": "b", "devices": 2})).await;
    assert_eq!(b["definition"]["first_id"], "0002", "those of the other are left alone");
    let grown = stage.patch("a", json!({"devices": 4})).await.json();
    assert_eq!(grown["definition"]["ids"], json!(["0000", "0001", "0004", "0005"]));
    // What does not touch the devices leaves them, wherever they are.
    let same = stage.patch("a", json!({"rate_hz": 5})).await.json();
    assert_eq!(same["definition"]["ids"], grown["definition"]["ids"]);
    let shrunk = stage.patch("a", json!({"devices": 1})).await.json();
    assert_eq!((&shrunk["definition"]["first_id"], &shrunk["devices"]), (&"0000".into(), &1.into()));
    // Whoever names some gets those, or hears whose they are.
    assert_eq!(
        stage.patch("a", json!({"ids": ["1a2b", "0000"]})).await.json()["definition"]["ids"],
        json!(["1a2b", "0000"])
    );
    let taken = stage.patch("a", json!({"first_id": "0001"})).await;
    assert_eq!(taken.status, 409, "{}", taken.text());
    assert!(error(&taken).contains("device 0002 of space `main` is one of swarm `b`"), "{}", taken.text());
    let moved = stage.patch("a", json!({"space": "lab"})).await.json();
    assert_eq!((&moved["definition"]["space"], &moved["definition"]["ids"]), (&"lab".into(), &json!(["1a2b", "0000"])));
    let nameless = [stage.start(json!({"space": "x"})).await, stage.start(json!({"space": "x", "name": null})).await];
    assert_eq!(nameless.map(|swarm| swarm["name"].as_str().unwrap().to_owned()), ["swarm-1", "swarm-2"]);
    stage.drain().await;
}

#[tokio::test]
async fn what_is_wrong_is_all_named_and_nothing_happens() {
    let stage = Stage::with(|settings| {
        (settings.max_swarms, settings.max_devices, settings.max_frames_per_second) = (2, 100, 1000);
        settings.max_commands_per_second = 50;
    });
    let post = async |kind, body: &str| stage.send("POST", "/api/swarms", kind, body).await;
    let wrong = post(JSON, r#"{"devices": 0, "rate": 3, "floor": {"width_m": 0}}"#).await;
    assert_eq!((wrong.status, mistakes(&wrong).len()), (400, 3), "{}", wrong.text());
    let wrong = post(TOML, "[[swarm]]\ndevices = 0\n[[swarm]]\nrate = 3").await;
    assert_eq!(wrong.status, 400);
    assert!(mistakes(&wrong)[0].starts_with("line 2: `devices`") && mistakes(&wrong)[1].starts_with("line 4: "));
    for (kind, body, status, words) in [
        (JSON, "{", 400, "no JSON"),
        (JSON, "[]", 400, "the definition is wrong"),
        (("Content-Type", "text/plain"), "{}", 415, "application/json"),
        (JSON, r#"{"devices": 101, "rate_hz": 1}"#, 422, "simulator.max_devices allows 100"),
        (JSON, r#"{"devices": 51}"#, 422, "1020 frames a second"),
        (JSON, r#"{"commands": {"which": ["status"], "per_second": 6, "target": "all"}}"#, 422, "60 commands a second"),
        // The second one would be too many, so the first one does not begin either.
        (TOML, "[[swarm]]\ndevices = 60\nrate_hz = 1\n[[swarm]]\ndevices = 60\nrate_hz = 1", 422, "120 devices"),
        (TOML, "[[swarm]]\n[[swarm]]\n[[swarm]]", 422, "3 swarms, and simulator.max_swarms allows 2"),
    ] {
        let answer = post(kind, body).await;
        assert!(answer.status == status && error(&answer).contains(words), "{body}: {}", answer.text());
    }
    let large = post(JSON, &format!(r#"{{"name": "{}"}}"#, "x".repeat(api::MAX_BODY_BYTES))).await;
    assert_eq!((large.status, error(&large).as_str()), (413, "a body has at most 65536 bytes"));
    assert_eq!(stage.get("/api/swarms").await.json(), json!({"swarms": []}));

    stage.start(json!({"name": "a"})).await;
    assert!(error(&post(JSON, r#"{"name": "a"}"#).await).contains("there is a swarm `a` already"));
    for (patch, status) in [
        (json!({"name": "b"}), 400),
        (json!([1]), 400),
        (json!({"devices": 0}), 400),
        (json!({"devices": 500}), 422),
        (json!({"storm": 1}), 400),
    ] {
        assert_eq!(stage.patch("a", patch.clone()).await.status, status, "{patch}");
    }
    assert_eq!(stage.patch("a", json!({"name": "a"})).await.status, 200);
    assert_eq!(stage.send("PATCH", "/api/swarms/a", TOML, "").await.status, 415);
    for query in [
        "devices?limit=0",
        "devices?limit=2001",
        "devices?from=-1",
        "devices?form=1",
        "stream?rate=61",
        "stream?limit=0",
        "stream",
    ] {
        assert_eq!(stage.get(&format!("/api/swarms/a/{query}")).await.status, 400, "{query}");
    }
    assert_eq!(stage.get("/api/nothing").await.status, 404);
    let put = stage.send("PUT", "/api/swarms/a", JSON, "{}").await;
    assert_eq!((put.status, put.header("allow")), (405, Some("GET,HEAD,PATCH,DELETE")));
    let text = stage.get("/metrics").await;
    for refused in ["mistakes\"} 5", "limit\"} 6", "taken\"} 1"] {
        let line = format!("grouploop_simulator_refused_total{{reason=\"{refused}\n");
        assert!(text.text().contains(&line), "{refused} in {}", text.text());
    }
    stage.drain().await;
}

#[tokio::test]
async fn a_swarm_that_is_over_is_listed_and_can_be_followed_by_another() {
    let stage = Stage::new();
    stage.start(json!({"name": "short", "duration": "1ms"})).await;
    eventually!(stage.get("/api/swarms/short").await.json()["status"] == "finished");
    for path in ["/api/swarms/short/devices", "/api/swarms/short/devices/0000", "/api/swarms/short/stream"] {
        assert_eq!(stage.get(path).await.status, 409, "{path}");
    }
    assert!(error(&stage.patch("short", json!({"devices": 1})).await).contains("`short` is over: start it again"));
    assert_eq!(stage.start(json!({"name": "short"})).await["status"], "waiting");
    stage.drain().await;
}

#[tokio::test]
async fn every_built_in_scenario_can_be_started_with_the_settings_as_they_are() {
    let stage = Stage::new();
    let all = stage.get("/api/scenarios").await.json();
    let all = all["scenarios"].as_array().unwrap();
    assert_eq!(all.len(), crate::scenario::EXAMPLES.len());
    for scenario in all {
        let (name, text) = (scenario["name"].as_str().unwrap(), scenario["text"].as_str().unwrap());
        let path = format!("/api/scenarios/{name}");
        let started = stage.send("POST", &path, JSON, "").await;
        assert_eq!((started.status, started.header("location")), (201, Some("/api/swarms")), "{}", started.text());
        let expected = Scenario::parse(text).unwrap().swarms;
        let told: Vec<Value> = expected
            .iter()
            .map(|one| json!({"name": one.name, "space": one.space, "devices": one.ids.len()}))
            .collect();
        assert_eq!(scenario["swarms"], Value::from(told));
        assert!(scenario["description"].as_str().unwrap().ends_with('.'));
        let names: Vec<Value> =
            started.json()["swarms"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
        assert_eq!(names, expected.iter().map(|one| Value::from(one.name.as_str())).collect::<Vec<_>>());
        assert_eq!(stage.send("POST", &path, JSON, "").await.status, 409);
        for swarm in expected {
            assert_eq!(stage.send("DELETE", &format!("/api/swarms/{}", swarm.name), JSON, "").await.status, 204);
        }
    }
    assert_eq!(stage.send("POST", "/api/scenarios/none", JSON, "").await.status, 404);
    stage.drain().await;
}

#[tokio::test]
async fn it_says_how_it_is() {
    let stage = Stage::new();
    assert_eq!(stage.get("/").await.json()["service"], "grouploop-simulator");
    assert_eq!(stage.get("/livez").await.text(), "ok\n");
    assert_eq!(stage.get("/readyz").await.json(), json!({"status": "ready", "reasons": []}));
    let health = stage.get("/health").await;
    assert_eq!((health.status, &health.json()["status"]), (200, &"ok".into()));
    assert_eq!(health.json()["bus"], json!({"engine": "embedded", "state": "up"}));
    assert_eq!(health.header("cache-control"), Some("no-store"));
    let draining = Stage::with(|settings| settings.lame_duck_ms = 2_000);
    let at = draining.at();
    let look = async {
        eventually!(http("GET", at, "/readyz", &[], "").await.status == 503);
        let ready = http("GET", at, "/readyz", &[], "").await.json();
        assert!(ready["reasons"][0].as_str().unwrap().starts_with("draining"), "{ready}");
        assert_eq!(http("GET", at, "/health", &[], "").await.json()["status"], "draining");
    };
    tokio::join!(look, draining.drain());
    stage.drain().await;
}
