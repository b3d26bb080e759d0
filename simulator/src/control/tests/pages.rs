//! Pages of other hosts.

use super::*;

#[tokio::test]
async fn pages_of_other_hosts_change_nothing_and_read_nothing() {
    let stage = Stage::with(|settings| settings.allow_origins = "https://stage.example".into());
    stage.start(json!({"name": "a"})).await;
    let ask = async |method: &str, path: &str, origin: &str| {
        http(method, stage.at(), path, &[("Origin", origin), JSON], "{}").await
    };
    let stream = format!("ws://{}/api/swarms/a/stream", stage.at());
    for origin in ["http://evil.example", "null"] {
        for (method, path) in [
            ("POST", "/api/swarms"),
            ("POST", "/api/scenarios/workshop"),
            ("PATCH", "/api/swarms/a"),
            ("DELETE", "/api/swarms/a"),
            ("OPTIONS", "/api/swarms"),
        ] {
            let answer = ask(method, path, origin).await;
            assert!(answer.status == 403 && error(&answer).contains("simulator.allow_origins"), "{method} {path}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
        let read = ask("GET", "/api/swarms", origin).await;
        assert_eq!(
            (read.status, read.header("access-control-allow-origin")),
            (200, None),
            "its browser keeps it from it"
        );
        assert!(Peer::try_connect(&stream, &[("Origin", origin)]).await.unwrap_err().to_string().contains("403"));
    }
    // The dashboard, on another port of the same host; and one that the settings name.
    for origin in ["http://127.0.0.1:5004", "https://stage.example"] {
        let preflight = ask("OPTIONS", "/api/swarms", origin).await;
        assert_eq!(preflight.status, 204);
        assert!(preflight.header("access-control-allow-methods").unwrap().contains("PATCH"));
        assert_eq!(preflight.header("access-control-allow-headers"), Some("content-type"));
        let answer = ask("PATCH", "/api/swarms/a", origin).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(origin)));
        assert_eq!(answer.header("vary"), Some("Origin"));
        assert!(Peer::try_connect(&stream, &[("Origin", origin)]).await.is_ok());
    }
    let text = stage.get("/metrics").await;
    assert!(text.text().contains("refused_total{reason=\"origin\"} 12\n"), "{}", text.text());
    stage.drain().await;
}
