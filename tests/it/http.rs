//! HTTP on the edge's port.

use crate::stage::{builder, edges};
use grouploop_testkit::{NatsServer, Peer, eventually, frame, http, http_get};
use serde_json::json;

#[tokio::test]
async fn health_and_a_word_for_people() {
    let edge = builder().start().await;
    let mut device = Peer::device(edge.ws_url("/"), 1).await;
    let _viewer = Peer::viewer(edge.ws_url("/")).await;
    let health = http_get(edge.addr(), "/health").await;
    assert_eq!(health.status, 200);
    let body = health.json();
    assert_eq!(body["status"], "ok");
    assert_eq!(body["bus"], json!({"engine": "embedded", "state": "up"}));
    assert_eq!((&body["devices"], &body["viewers"]), (&json!(1), &json!(1)));
    assert!(body["version"].is_string() && body["node"].as_str().unwrap().starts_with("edge-"));
    assert_eq!(http_get(edge.addr(), "/livez").await.status, 200);
    assert_eq!(http_get(edge.addr(), "/readyz").await.json(), json!({"status": "ready", "reasons": []}));
    let welcome = http_get(edge.addr(), "/").await;
    assert_eq!(welcome.status, 200);
    assert!(welcome.text().contains(&format!("ws://{}/", edge.addr())), "{}", welcome.text());
    assert_eq!(http_get(edge.addr(), "/nothing/here").await.status, 404);
    device.barrier().await;
}

#[tokio::test]
async fn any_origin_may_read() {
    let edge = builder().start().await;
    for path in ["/health", "/api/spaces/main/devices", "/nothing"] {
        let response = http_get(edge.addr(), path).await;
        assert_eq!(response.header("access-control-allow-origin"), Some("*"), "{path}");
    }
    let headers = [("Origin", "http://app.example"), ("Access-Control-Request-Method", "POST")];
    let preflight = http("OPTIONS", edge.addr(), "/api/spaces/main/commands", &headers, b"").await;
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("POST"));
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("content-type"));
}

#[tokio::test]
async fn the_roster_and_commands_over_all_edges() {
    let nats = NatsServer::start().await;
    let [one, two] = edges(&nats).await;
    let mut first = Peer::device(one.ws_url("/"), 0x1a2b).await;
    let mut second = Peer::device(two.ws_url("/"), 0x3c4d).await;
    for edge in [&one, &two] {
        eventually!(
            http_get(edge.addr(), "/api/spaces/main/devices").await.json()["devices"].as_array().unwrap().len() == 2
        );
    }
    let roster = http_get(one.addr(), "/api/spaces/main/devices").await.json();
    assert_eq!(roster["complete"], true);
    assert_eq!(roster["devices"].as_array().unwrap().len(), 2, "{roster}");
    let nodes = [&one, &two].map(|edge| edge.addr());
    for (entry, (id, node)) in
        roster["devices"].as_array().unwrap().iter().zip([("1a2b", nodes[0]), ("3c4d", nodes[1])])
    {
        assert_eq!(entry["id"], id);
        assert_eq!(entry["node"], http_get(node, "/health").await.json()["node"]);
        assert!(entry["last_seen_ms"].as_u64().unwrap() < 20_000 && entry["frames_per_second"].is_number());
    }
    let send = async |body: serde_json::Value| {
        let headers = [("Content-Type", "application/json")];
        http("POST", one.addr(), "/api/spaces/main/commands", &headers, body.to_string()).await
    };
    let answer = send(json!({"target": "1A2B", "command": "led", "parameters": ["#FF0000"]})).await;
    assert_eq!(answer.json(), json!({"sent": 1, "failed": 0, "results": {"1a2b": "success"}}));
    first.expect("led:ff0000").await;
    let answer = send(json!({"target": ["1a2b", "3c4d", "ffff"], "command": "vibrate", "parameters": [250]})).await;
    let results = json!({"1a2b": "success", "3c4d": "success", "ffff": "failed"});
    assert_eq!(answer.json(), json!({"sent": 2, "failed": 1, "results": results}));
    for device in [&mut first, &mut second] {
        device.expect("vibrate:250").await;
    }
    let lines = [("Content-Type", "application/json"), ("Accept", "application/x-ndjson")];
    let body = json!({"target": ["1a2b", "3c4d", "ffff"], "command": "vibrate", "parameters": [300]}).to_string();
    let answer = http("POST", one.addr(), "/api/spaces/main/commands", &lines, body).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")));
    let mut said: Vec<serde_json::Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said.pop(), Some(json!({"sent": 2, "failed": 1})));
    said.sort_by_key(|line| line["device"].to_string());
    let expected = [("1a2b", "success"), ("3c4d", "success"), ("ffff", "failed")];
    assert_eq!(said, expected.map(|(device, result)| json!({"device": device, "result": result})));
    for device in [&mut first, &mut second] {
        device.expect("vibrate:300").await;
    }
    eventually!({
        let answer = send(json!({"target": "all", "command": "reset"})).await.json();
        first.expect("reset:").await;
        answer["results"] == json!({"1a2b": "success", "3c4d": "success"})
    });
    for (body, status, error) in [
        (json!({"target": "1a2b", "command": "explode"}), 422, "unknown_command"),
        (json!({"target": "1a2b", "command": "led"}), 422, "missing_parameters"),
        (json!({"target": "1a2b", "command": "led", "parameters": ["mauve"]}), 422, "invalid_parameter"),
        (json!({"target": "12", "command": "status"}), 422, "invalid_target"),
        (json!({"target": ["1a2b", "all"], "command": "status"}), 422, "invalid_target"),
        (json!({"command": "status"}), 422, "invalid_body"),
    ] {
        let answer = send(body.clone()).await;
        assert_eq!((answer.status, &answer.json()["error"]), (status, &json!(error)), "{body}");
    }
    let headers = [("Content-Type", "application/json")];
    let broken = http("POST", one.addr(), "/api/spaces/main/commands", &headers, "{").await;
    assert_eq!((broken.status, &broken.json()["error"]), (400, &json!("invalid_body")));
    assert_eq!(http_get(one.addr(), "/api/spaces/No/devices").await.status, 404);
    let empty = http_get(one.addr(), "/api/spaces/nobody-here/devices").await.json();
    assert_eq!(empty["devices"], json!([]));
}

#[tokio::test]
async fn the_roster_shows_rates() {
    let edge = builder().start().await;
    let mut device = Peer::connect(edge.ws_url("/")).await;
    let mut number = 0;
    eventually!({
        number += 1;
        device.send(frame(9, number)).await;
        let roster = http_get(edge.addr(), "/api/spaces/main/devices").await.json();
        roster["devices"][0]["frames_per_second"].as_f64().unwrap_or(0.0) > 1.0
    });
}
