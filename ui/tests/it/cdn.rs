//! What existing apps ask their own server for, from a real CDN.

use crate::stage::{Stage, error, noise};
use grouploop_bridge::{Hub, NodeId};
use grouploop_cdn::{Cdn, CdnOptions, CdnSettings};
use grouploop_testkit::{HttpStub, Proxy, RawPeer, Response, eventually, http, http_get, within};
use std::net::TcpListener;
use tokio::task::JoinSet;

const TOKEN: &str = "a-token-for-the-tests";
const LARGE: usize = 9 << 20;

/// A CDN with a script and an image in it.
async fn cdn() -> (Cdn, Hub) {
    let hub = Hub::new();
    let settings = CdnSettings { store: "memory://".into(), token: TOKEN.into(), ..CdnSettings::default() };
    let options = CdnOptions {
        settings,
        node: NodeId::random("cdn"),
        version: "0.0.0-test".into(),
        tls: None,
        variables: Default::default(),
        lan: Vec::new,
    };
    let cdn = Cdn::start(options, TcpListener::bind("127.0.0.1:0").unwrap(), hub.attach()).await.unwrap();
    let bearer = [("Authorization", "Bearer a-token-for-the-tests")];
    for (path, body) in [("/js/my.js", "let mine;\n".repeat(200).into_bytes()), ("/firmware/a.bin", noise(1, LARGE))] {
        assert_eq!(http("PUT", cdn.address(), path, &bearer, body).await.status, 201);
    }
    (cdn, hub)
}

/// All headers but the time, which passes.
fn about(answer: &Response) -> Vec<(String, String)> {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
    headers.iter_mut().for_each(|(name, _)| name.make_ascii_lowercase());
    headers.sort();
    headers
}

#[tokio::test]
async fn every_answer_is_the_one_that_the_cdn_would_give() {
    let (cdn, _hub) = cdn().await;
    let stage = Stage::with(|options| options.cdn_url = format!("http://{}/", cdn.address())).await;
    let tag = http_get(cdn.address(), "/js/my.js").await.header("etag").unwrap().to_owned();
    let date = http_get(cdn.address(), "/js/my.js").await.header("last-modified").unwrap().to_owned();
    let asked: &[&[(&str, &str)]] = &[
        &[],
        &[("Accept-Encoding", "br")],
        &[("Accept-Encoding", "gzip")],
        &[("If-None-Match", &tag)],
        &[("If-Modified-Since", &date)],
        &[("If-Match", "\"other\"")],
        &[("Range", "bytes=10-19")],
        &[("Range", "bytes=10-19"), ("If-Range", "\"other\"")],
        &[("Range", "bytes=99999999-")],
        &[("Cache-Control", "no-cache")],
        &[("x-ESP32-sketch-md5", "0")],
    ];
    for (here, there) in [
        ("/static/vendor/js/my.js", "/js/my.js"),
        ("/js/my.js", "/js/my.js"),
        ("/js/my.js?v=1", "/js/my.js"),
        ("/static/commands.json", "/static/commands.json"),
        ("/firmware/a.bin", "/firmware/a.bin"),
        ("/firmware/manifest.json", "/firmware/manifest.json"),
        ("/js/none.js", "/js/none.js"),
    ] {
        for headers in asked {
            for method in ["GET", "HEAD"] {
                let told = http(method, cdn.address(), there, headers, b"").await;
                for addr in [stage.hub, stage.emulator] {
                    let passed = http(method, addr, here, headers, b"").await;
                    assert_eq!(passed.status, told.status, "{method} {here} {headers:?}");
                    assert!(passed.body == told.body, "{method} {here} {headers:?}");
                    assert_eq!(about(&passed), about(&told), "{method} {here} {headers:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_do_what_they_may_there() {
    let (cdn, _hub) = cdn().await;
    let stage = Stage::with(|options| options.cdn_url = format!("http://{}", cdn.address())).await;
    let headers = [("Origin", "http://app.example"), ("Access-Control-Request-Method", "GET")];
    let preflight = http("OPTIONS", stage.hub, "/js/my.js", &headers, b"").await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some("*")));
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("range"));
    let answer = http("GET", stage.hub, "/js/my.js", &headers, b"").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn a_device_is_told_what_the_cdn_would_tell_it() {
    let (cdn, _hub) = cdn().await;
    let stage = Stage::with(|options| options.cdn_url = format!("http://{}", cdn.address())).await;
    let image = stage.get("/firmware/a.bin").await;
    assert_eq!(image.header("content-length"), Some(&*LARGE.to_string()));
    let md5 = image.header("x-md5").unwrap();
    let same = stage.get_with("/firmware/a.bin", &[("x-ESP32-sketch-md5", md5)]).await;
    assert_eq!(same.status, 304);
}

#[tokio::test]
async fn a_cdn_that_is_away_is_said_and_comes_back() {
    let (cdn, _hub) = cdn().await;
    let way = Proxy::start(cdn.address()).await;
    let stage = Stage::with(|options| {
        options.cdn_url = way.url("http");
        options.settings.cdn_timeout_ms = 500;
    })
    .await;
    assert_eq!(stage.get("/js/my.js").await.status, 200);
    assert_eq!(stage.get("/health").await.json()["status"], "ok");
    way.refuse();
    way.cut();
    eventually!(error(&stage.get("/js/my.js").await) == (503, "cdn_away".into()));
    let away = stage.get("/static/commands.json").await;
    assert_eq!(away.header("retry-after"), Some("1"));
    assert_eq!(stage.get("/health").await.json()["status"], "degraded");
    assert_eq!(stage.get("/readyz").await.status, 200);
    assert_eq!(stage.get("/").await.status, 200);
    way.accept();
    eventually!(stage.get("/js/my.js").await.status == 200);
    assert_eq!(stage.get("/health").await.json()["status"], "ok");
    // One that takes requests and says nothing.
    way.stall();
    eventually!(error(&stage.get("/js/my.js").await) == (503, "cdn_away".into()));
    way.resume();
    eventually!(stage.get("/js/my.js").await.status == 200);
}

#[tokio::test]
async fn one_that_goes_away_in_the_middle_is_no_whole_answer() {
    let (cdn, _hub) = cdn().await;
    let way = Proxy::start(cdn.address()).await;
    let stage = Stage::with(|options| {
        options.cdn_url = way.url("http");
        options.settings.cdn_timeout_ms = 500;
    })
    .await;
    for ends in [Proxy::cut, Proxy::stall] {
        let mut client = RawPeer::tcp_with_receive_buffer(stage.hub, 4096).await;
        client.write("GET /firmware/a.bin HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let head = client.read_head().await;
        assert!(head.contains(&format!("Content-Length: {LARGE}\r\n")), "{head}");
        ends(&way);
        let rest = client.read_to_end().await;
        assert!(rest.len() < LARGE, "{} bytes", rest.len());
        way.resume();
    }
    eventually!(stage.get("/js/my.js").await.status == 200);
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let (stub, elsewhere) = (HttpStub::start().await, HttpStub::start().await);
    elsewhere.serve("/js/a.js", "elsewhere");
    stub.serve("/static/commands.json", "{}");
    for status in [301, 302, 303, 307, 308] {
        stub.answer("/js/a.js", status, &[&format!("Location: {}/js/a.js", elsewhere.url()), "Content-Length: 0"], b"");
        let stage = Stage::with(|options| options.cdn_url = stub.url()).await;
        let answer = stage.get("/js/a.js").await;
        assert_eq!(error(&answer), (502, "cdn_elsewhere".into()));
        assert_eq!(answer.header("location"), None);
    }
    assert_eq!(elsewhere.requests(), []);
}

#[tokio::test]
async fn nothing_of_the_client_goes_along_but_what_it_asks() {
    let stub = HttpStub::start().await;
    stub.serve("/js/a.js", "a");
    stub.serve("/static/commands.json", "{}");
    stub.answer(
        "/js/b.js",
        200,
        &[
            "Content-Length: 1",
            "Set-Cookie: a=b",
            "Server: x",
            "Access-Control-Allow-Origin: http://evil.example",
            "ETag: \"1\"",
        ],
        b"b",
    );
    let stage = Stage::with(|options| options.cdn_url = stub.url()).await;
    let headers =
        [("Cookie", "secret"), ("Authorization", "Bearer secret"), ("Origin", "http://x"), ("Range", "bytes=0-")];
    assert_eq!(stage.get_with("/js/a.js?token=secret", &headers).await.status, 200);
    let asked = stub.requests().into_iter().find(|request| request.path.contains("a.js")).unwrap();
    assert_eq!(asked.path, "/js/a.js");
    for name in ["cookie", "authorization", "origin", "referer"] {
        assert_eq!(asked.header(name), None, "{name}");
    }
    assert_eq!((asked.header("range"), asked.header("via")), (Some("bytes=0-"), Some("1.1 grouploop-ui")));
    let answer = stage.get("/js/b.js").await;
    assert_eq!((answer.text(), answer.header("etag")), ("b", Some("\"1\"")));
    assert_eq!((answer.header("set-cookie"), answer.header("server")), (None, None));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn nonsense_is_told_as_that() {
    let stub = HttpStub::start().await;
    stub.serve("/static/commands.json", "{}");
    stub.answer("/js/a.js", 200, &["Content-Length: x"], b"b");
    let stage = Stage::with(|options| options.cdn_url = stub.url()).await;
    assert_eq!(error(&stage.get("/js/a.js").await), (502, "cdn_failed".into()));
}

#[tokio::test]
async fn a_hub_that_is_its_own_cdn_says_so() {
    // The address of what leads back is known before there is a hub for it.
    let back = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = back.local_addr().unwrap();
    let stage = Stage::with(|options| options.cdn_url = format!("http://{address}")).await;
    let hub = stage.hub;
    let mut ways = JoinSet::new();
    ways.spawn(async move {
        let mut passing = JoinSet::new();
        while let Ok((mut from, _)) = back.accept().await {
            passing.spawn(async move {
                let mut to = tokio::net::TcpStream::connect(hub).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
            });
        }
    });
    let answer = within("an answer", stage.get("/js/a.js")).await;
    assert_eq!(error(&answer), (508, "cdn_loop".into()));
}
