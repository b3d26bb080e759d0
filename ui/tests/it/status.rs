//! Health, metrics, and the end.

use crate::stage::{Stage, noise};
use grouploop_testkit::{RawPeer, eventually, http_get, within};
use serde_json::json;

#[tokio::test]
async fn every_port_tells_how_all_are() {
    let stage = Stage::start().await;
    for addr in [stage.hub, stage.emulator] {
        assert_eq!(http_get(addr, "/livez").await.text(), "ok\n");
        let ready = http_get(addr, "/readyz").await;
        assert_eq!((ready.status, ready.json()), (200, json!({"status": "ready", "reasons": []})));
        // Nobody is where the CDN should be, which is no reason to be taken out of service.
        eventually!(http_get(addr, "/health").await.json()["status"] == "degraded");
        let health = http_get(addr, "/health").await;
        assert_eq!(health.status, 200);
        let body = health.json();
        assert_eq!(body["version"], "0.0.0-test");
        assert_eq!(
            body["pages"],
            json!({"control": "there", "dashboard": "there", "docs": "there", "emulator": "there"})
        );
        assert_eq!(body["cdn"], json!({"state": "away"}));
        let page = if addr == stage.hub { "dashboard" } else { "emulator" };
        assert_eq!(body["connections"][page], 1);
        for path in ["/health", "/livez", "/readyz", "/metrics", "/config.js"] {
            let answer = http_get(addr, path).await;
            assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{path}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        }
    }
}

#[tokio::test]
async fn what_happens_is_counted_by_page_and_kind() {
    let stage = Stage::start().await;
    stage.write("mine/index.html", "mine");
    stage.get("/").await;
    stage.get("/apps/mine/").await;
    stage.get("/apps/yours/").await;
    stage.get("/js/p5.min.js").await;
    stage.apps().await;
    http_get(stage.emulator, "/").await;
    let text = http_get(stage.emulator, "/metrics").await;
    let types = text.header("content-type").unwrap();
    assert!(types.starts_with("application/openmetrics-text"), "{types}");
    for line in [
        "responses_total{page=\"dashboard\",kind=\"page\",status=\"200\"} 1",
        "responses_total{page=\"dashboard\",kind=\"app\",status=\"200\"} 1",
        "responses_total{page=\"dashboard\",kind=\"other\",status=\"404\"} 1",
        "responses_total{page=\"dashboard\",kind=\"other\",status=\"503\"} 1",
        "responses_total{page=\"emulator\",kind=\"page\",status=\"200\"} 1",
        "cdn_fetches_total{outcome=\"cdn_away\"} 1",
        "cdn_up 0",
        "apps 1",
        "connections{page=\"emulator\"} 1",
    ] {
        assert!(text.text().contains(&format!("\ngrouploop_ui_{line}\n")), "{line} in {}", text.text());
    }
}

#[tokio::test]
async fn it_ends_in_order_on_all_ports() {
    let stage = Stage::with(|options| options.settings.lame_duck_ms = 500).await;
    let large = noise(1, 8 << 20);
    stage.write("mine/song.wav", &large);
    let mut reader = RawPeer::tcp_with_receive_buffer(stage.hub, 4096).await;
    reader.write("GET /apps/mine/song.wav HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let head = reader.read_head().await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let (hub, emulator) = (stage.hub, stage.emulator);
    let draining = tokio::spawn(stage.ui.drain());
    for addr in [hub, emulator] {
        eventually!(http_get(addr, "/readyz").await.status == 503);
        let health = http_get(addr, "/health").await;
        assert_eq!((health.status, &health.json()["status"]), (503, &json!("draining")));
        assert_eq!(http_get(addr, "/").await.status, 200, "it serves as ever for a while");
    }
    // What is under way arrives whole.
    let rest = reader.read_to_end().await;
    assert!(rest == large, "{} bytes", rest.len());
    assert!(within("the end", draining).await.unwrap());
    for addr in [hub, emulator] {
        assert!(tokio::net::TcpStream::connect(addr).await.is_err());
    }
}
