//! Changes: what one leaves alone when it fails, and two at the same time.

use super::*;

#[tokio::test]
async fn a_change_to_an_edge_that_cannot_be_leaves_the_swarm_running() {
    let stage = Stage::new();
    stage.start(json!({"name": "a"})).await;
    eventually!(stage.get("/api/swarms/a").await.json()["status"] == "running");
    for edge in ["ws://a:b:1", "ws://[:1", "ws://a::1", "ws://a]b"] {
        let answer = stage.patch("a", json!({"transport": "ws", "ws": {"edges": [edge]}})).await;
        assert_eq!(answer.status, 400, "{edge}: {}", answer.text());
        let told = mistakes(&answer);
        assert!(told.len() == 1 && told[0].starts_with("ws: `edges` is"), "{edge}: {told:?}");
        assert_eq!(stage.get("/api/swarms/a").await.json()["status"], "running", "{edge}");
    }
    stage.drain().await;
}

#[tokio::test]
async fn a_swarm_that_is_stopped_while_it_begins_anew_is_gone() {
    let stage = Stage::new();
    for round in 0..20 {
        stage.start(json!({"name": "a", "seed": 100})).await;
        eventually!(stage.get("/api/swarms/a").await.json()["figures"]["present"] == 10);
        let (changed, stopped) =
            tokio::join!(stage.patch("a", json!({"seed": round})), stage.send("DELETE", "/api/swarms/a", JSON, ""));
        assert!([200, 404].contains(&changed.status), "{}", changed.text());
        assert_eq!(stopped.status, 204, "{}", stopped.text());
        assert_eq!(stage.get("/api/swarms/a").await.status, 404, "round {round}");
    }
    stage.drain().await;
}

#[tokio::test]
async fn null_for_ids_keeps_their_number() {
    let stage = Stage::new();
    stage.start(json!({"name": "a", "devices": 50})).await;
    assert_eq!(stage.patch("a", json!({"ids": null})).await.json()["devices"], 50);
    assert_eq!(stage.patch("a", json!({"ids": ["1a2b", "0007"]})).await.json()["devices"], 2);
    assert_eq!(stage.patch("a", json!({"ids": null, "devices": 3})).await.json()["devices"], 3);
    stage.drain().await;
}

#[tokio::test]
async fn swarms_that_name_no_seed_have_one_of_their_name() {
    let stage = Stage::new();
    let seed = |swarm: &Value| swarm["definition"]["seed"].as_u64().unwrap();
    let a = seed(&stage.start(json!({"name": "a"})).await);
    let b = seed(&stage.start(json!({"name": "b"})).await);
    // FNV-1a of "a", as its authors list it.
    assert_eq!(a, 0xe40c_292c);
    assert_ne!(a, b);
    assert_eq!(seed(&stage.patch("a", json!({"seed": 7})).await.json()), 7);
    assert_eq!(seed(&stage.patch("a", json!({"rate_hz": 5})).await.json()), 7);
    assert_eq!(seed(&stage.patch("a", json!({"seed": null})).await.json()), a);
    // Those of a scenario have what they have on the command line.
    let scenario = stage.send("POST", "/api/swarms", TOML, "[[swarm]]\nname = \"c\"\n[[swarm]]\nname = \"d\"").await;
    let scenario = scenario.json();
    assert_eq!([0, 1].map(|place| seed(&scenario["swarms"][place])), [1, 2]);
    stage.drain().await;
}

#[tokio::test]
async fn a_swarm_over_websockets_shows_its_connections_and_one_with_commands_what_became_of_them() {
    let stage = Stage::new();
    let edge = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // Nobody is there any more.
    let nobody = format!("ws://{}", edge.local_addr().unwrap());
    drop(edge);
    let given = stage.start(json!({"name": "given", "transport": "ws", "devices": 1})).await;
    assert_eq!(given["definition"]["ws"]["edges"], json!(["ws://127.0.0.1:6"]));
    let none = json!({"open": 0, "opened": 0, "lost": 0, "failed": {}, "frames_lost": 0});
    assert_eq!((&given["connections"], &given["command_load"]), (&none, &Value::Null));
    stage.start(json!({"name": "ws", "space": "x", "transport": "ws", "ws": {"edges": [nobody]}, "devices": 3})).await;
    eventually!(stage.get("/api/swarms/ws").await.json()["connections"]["failed"]["refused"] == 3);
    let commands = json!({"which": ["vibrate:1"], "per_second": 100});
    let bus = stage.start(json!({"name": "bus", "space": "y", "commands": commands})).await;
    assert_eq!((&bus["connections"], &bus["command_load"]["failed"]), (&Value::Null, &0.into()));
    eventually!(stage.get("/api/swarms/bus").await.json()["command_load"]["success"].as_u64().unwrap() > 0);
    for name in ["ws", "bus"] {
        assert_eq!(stage.send("DELETE", &format!("/api/swarms/{name}"), JSON, "").await.status, 204);
    }
    // What is forgotten stays counted.
    let metrics = stage.get("/metrics").await;
    let count = |name: &str| -> u64 {
        let name = format!("grouploop_simulator_{name} ");
        metrics.text().lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
    };
    assert_eq!(count("device_connections_failed_total{reason=\"refused\"}"), 3);
    assert!(count("command_load_total{kind=\"success\"}") > 0);
    stage.drain().await;
}

#[tokio::test]
async fn a_path_that_is_no_text_is_told_like_every_mistake() {
    let stage = Stage::new();
    for (method, path) in [
        ("GET", "/api/swarms/%FF"),
        ("PATCH", "/api/swarms/%FF"),
        ("DELETE", "/api/swarms/%FF"),
        ("GET", "/api/swarms/%FF/devices"),
        ("GET", "/api/swarms/a/devices/%FF"),
        ("GET", "/api/swarms/%FF/stream"),
        ("POST", "/api/scenarios/%FF"),
    ] {
        let answer = stage.send(method, path, JSON, "{}").await;
        assert_eq!((answer.status, answer.header("content-type")), (400, Some("application/json")), "{method} {path}");
        assert!(error(&answer).contains("UTF-8"), "{method} {path}: {}", answer.text());
    }
    stage.drain().await;
}
