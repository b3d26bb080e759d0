//! What is told: of connections, of commands, and of paths that are no text.

use super::*;

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
    for (name, refused) in [("given", 1), ("ws", 3)] {
        let path = format!("/api/swarms/{name}");
        eventually!(stage.get(&path).await.json()["connections"]["failed"]["refused"] == refused);
    }
    let commands = json!({"which": ["vibrate:1"], "per_second": 100});
    let bus = stage.start(json!({"name": "bus", "space": "y", "commands": commands})).await;
    let described: Value = serde_json::from_str(crate::control::http::OPENAPI).unwrap();
    let keys = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (schema, told) in [("Connections", &given["connections"]), ("CommandLoad", &bus["command_load"])] {
        assert_eq!(keys(&described["components"]["schemas"][schema]["properties"]), keys(told));
    }
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
    assert_eq!(count("device_connections_failed_total{reason=\"refused\"}"), 4);
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
