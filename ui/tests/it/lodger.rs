//! A page at the root of a port that another service serves.

use crate::stage::{Stage, nobody, pages};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response};
use grouploop_ui::{Lodger, Neighbours, Pages, Port, UiSettings};
use std::net::{Ipv4Addr, SocketAddr};
use tower::ServiceExt;

fn lodger(pages: Pages) -> Router {
    let at = |port| SocketAddr::from(([0, 0, 0, 0], port));
    let lodger = Lodger {
        settings: UiSettings::default(),
        version: "0.0.0-test".into(),
        pages,
        neighbours: Neighbours { edge: at(6003), cdn: nobody(), simulator: at(6005), monitor: at(6010) },
        ports: vec![
            (Port::Hub, at(6004)),
            (Port::Emulator, at(6007)),
            (Port::Control, at(6009)),
            (Port::Docs, at(6006)),
        ],
        cdn_base_url: String::new(),
        lan: || vec![Ipv4Addr::new(10, 0, 0, 7)],
        tls: false,
    };
    lodger.simulator()
}

async fn get(router: &Router, method: &str, path: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn it_has_its_files_under_the_rules_of_every_page_and_knows_where_it_is() {
    let router = lodger(pages());
    let index = get(&router, "GET", "/").await;
    assert_eq!(index.status(), 200);
    assert_eq!(header(index.headers(), "content-type"), Some("text/html; charset=utf-8"));
    assert!(header(index.headers(), "content-security-policy").unwrap().starts_with("default-src 'self'"));
    assert_eq!(header(index.headers(), "referrer-policy"), Some("same-origin"));
    let body = to_bytes(index.into_body(), 1 << 20).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("<title>Simulator"), "{body:?}");
    let script = get(&router, "GET", "/assets/index-sim.js").await;
    assert_eq!(header(script.headers(), "cache-control"), Some("public, max-age=31536000, immutable"));
    let config = get(&router, "GET", "/config.js").await;
    let body = to_bytes(config.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8_lossy(&body);
    for said in ["\"here\":\"simulator\"", "\"port\":6003", "\"port\":6004", "\"port\":6007"] {
        assert!(text.contains(said), "{said} in {text}");
    }
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("GET", "/../dashboard/index.html", 404),
        ("GET", "/dashboard/index.html", 404),
        ("HEAD", "/", 200),
        ("GET", "/favicon.svg", 204),
    ] {
        assert_eq!(get(&router, method, path).await.status(), status, "{method} {path}");
    }
}

#[tokio::test]
async fn where_it_was_not_built_only_its_root_says_so() {
    let router = lodger(Pages::default());
    assert_eq!(get(&router, "GET", "/").await.status(), 503);
    assert_eq!(get(&router, "GET", "/assets/index-sim.js").await.status(), 404);
}

#[tokio::test]
async fn its_name_is_ours_on_the_hub_built_or_not() {
    let stage = Stage::with(|options| options.pages = Pages::default()).await;
    stage.write("simulator/index.html", "another");
    let answer = stage.get("/apps/simulator/").await;
    assert!(answer.status == 503 && answer.text().contains("make web"), "{}", answer.text());
    assert_eq!(stage.apps().await.len(), 0);
}
