//! The page of the simulator, and pages of other hosts.

use super::*;
use axum::Router;
use axum::routing::get;

const BROWSER: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[tokio::test]
async fn browsers_get_the_page_and_programs_what_they_always_did() {
    let script = || async { ([("cache-control", "public, immutable"), ("vary", "accept-encoding")], "1") };
    let page = Router::new().route("/", get(|| async { "<!doctype html>" })).route("/assets/a.js", get(script));
    let stage = Stage::with_page(page);
    let ask =
        async |method: &str, path: &str, headers: &[(&str, &str)]| http(method, stage.at(), path, headers, "").await;
    let front = ask("GET", "/", &[BROWSER]).await;
    assert_eq!((front.status, front.text()), (200, "<!doctype html>"));
    let plain = ask("GET", "/", &[("Accept", "*/*")]).await;
    assert_eq!(plain.json()["service"], "grouploop-simulator");
    for answer in [&front, &plain] {
        let varies: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("vary"))
            .map(|(_, by)| &by[..])
            .collect();
        assert_eq!(varies, ["Accept", "Origin"]);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let file = ask("GET", "/assets/a.js", &[]).await;
    assert_eq!((file.text(), file.header("cache-control")), ("1", Some("public, immutable")));
    assert_eq!(ask("HEAD", "/assets/a.js", &[]).await.status, 200);
    for (method, path) in
        [("GET", "/assets/b.js"), ("GET", "/api/nothing"), ("POST", "/assets/a.js"), ("POST", "/other")]
    {
        let missing = ask(method, path, &[BROWSER]).await;
        assert!(
            missing.status == 404 && error(&missing).contains("/openapi.json"),
            "{method} {path}: {}",
            missing.text()
        );
        assert_eq!(missing.header("cache-control"), Some("no-store"));
    }
    stage.drain().await;
}

#[tokio::test]
async fn without_a_page_browsers_read_what_programs_do() {
    let stage = Stage::new();
    let front = http("GET", stage.at(), "/", &[BROWSER], "").await;
    assert_eq!(front.json()["service"], "grouploop-simulator");
    stage.drain().await;
}

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
