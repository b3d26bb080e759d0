//! The registry from the CDN: at start, refreshed with conditional requests, at once when announced, and without a CDN.

use crate::stage::{builder, meet};
use grouploop_testkit::{HttpStub, NOBODY, NatsServer, Peer, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PATH: &str = "/static/commands.json";

fn registry(command: &str) -> String {
    format!(
        r#"{{"commands": {{"{command}": {{"handler": "x", "parameters": ["what"], "description": "d", "examples": []}}}}}}"#
    )
}

#[tokio::test]
async fn it_is_loaded_and_kept_fresh_with_conditional_requests() {
    let cdn = HttpStub::start().await;
    cdn.serve(PATH, registry("wink"));
    let edge = builder()
        .env("CDN_BASE_URL", format!("{}/", cdn.url()))
        .env("GROUPLOOP_EDGE__REGISTRY_REFRESH_MS", "100")
        .start()
        .await;
    let mut controller = Peer::connect(edge.ws_url("/")).await;
    eventually!(controller.ask("cmd:1a2b:wink:x").await == "cmd:result:failed");
    assert_eq!(controller.ask("cmd:1a2b:wink").await, "cmd:error:missing_parameters");
    assert_eq!(controller.ask("cmd:1a2b:led:red").await, "cmd:error:unknown_command");
    cdn.wait_for_requests(4).await;
    assert!(cdn.requests().iter().skip(1).all(|request| request.header("if-none-match").is_some()));
    cdn.serve(PATH, registry("nod"));
    eventually!(controller.ask("cmd:1a2b:nod:x").await == "cmd:result:failed");
    // A registry that is none changes nothing, and neither does a CDN that fails.
    cdn.serve(PATH, r#"{"commands": {"bad name": {}}}"#);
    cdn.wait_for_requests(cdn.requests().len() + 3).await;
    assert_eq!(controller.ask("cmd:1a2b:nod:x").await, "cmd:result:failed");
    cdn.fail(500);
    cdn.wait_for_requests(cdn.requests().len() + 3).await;
    assert_eq!(controller.ask("cmd:1a2b:nod:x").await, "cmd:result:failed");
    let warned = edge.log().iter().filter(|line| line.contains("no command registry")).count();
    assert_eq!(warned, 1, "said once while it lasts: {:?}", edge.log());
}

#[tokio::test]
async fn without_a_cdn_the_built_in_one_serves() {
    let edge = builder().env("CDN_BASE_URL", format!("http://{NOBODY}")).start().await;
    eventually!(edge.log().iter().any(|line| line.contains("no command registry")));
    let mut device = Peer::device(edge.ws_url("/"), 0x1a2b).await;
    let mut controller = Peer::connect(edge.ws_url("/")).await;
    meet(&mut controller, &mut device, 0x1a2b).await;
    assert_eq!(grouploop_testkit::http_get(edge.addr(), "/health").await.json()["registry"], "built_in");
}

#[tokio::test]
async fn an_announcement_is_followed_at_once() {
    let (cdn, nats) = (HttpStub::start().await, NatsServer::start().await);
    cdn.serve(PATH, registry("wink"));
    let edge = builder()
        .nats(&nats)
        .env("CDN_BASE_URL", cdn.url())
        .env("GROUPLOOP_EDGE__REGISTRY_REFRESH_MS", "3600000")
        .start()
        .await;
    eventually!(grouploop_testkit::http_get(edge.addr(), "/readyz").await.status == 200);
    let mut controller = Peer::connect(edge.ws_url("/")).await;
    eventually!(controller.ask("cmd:1a2b:wink:x").await == "cmd:result:failed");
    // Anybody on the bus may say so: here by hand, in NATS's own words. Twice, because the first look may be due to the bus having come up.
    for command in ["nod", "shake"] {
        cdn.serve(PATH, registry(command));
        announce(&nats).await;
        eventually!(controller.ask(format!("cmd:1a2b:{command}:x")).await == "cmd:result:failed");
    }
}

async fn announce(nats: &NatsServer) {
    let mut publisher = tokio::net::TcpStream::connect(nats.addr()).await.unwrap();
    publisher.write_all(b"CONNECT {\"verbose\":false}\r\nPUB gl.registry 0\r\n\r\nPING\r\n").await.unwrap();
    let mut buffer = vec![0; 4096];
    let mut seen = String::new();
    while !seen.contains("PONG") {
        let read = publisher.read(&mut buffer).await.unwrap();
        assert!(read > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
}
