//! Our own pages: at the root of their ports and below /apps/ on the hub.

use crate::stage::{Stage, error, script};
use grouploop_testkit::{http, http_get};
use grouploop_ui::Pages;

const ASSET: &str = "/assets/index-AbCd_123.js";

#[tokio::test]
async fn each_port_has_its_page_and_the_hub_has_all() {
    let stage = Stage::start().await;
    for (addr, path, title) in [
        (stage.hub, "/", "Dashboard"),
        (stage.hub, "/index.html", "Dashboard"),
        (stage.hub, "/?space=blue", "Dashboard"),
        (stage.emulator, "/", "Emulator"),
        (stage.hub, "/apps/dashboard/", "Dashboard"),
        (stage.hub, "/apps/emulator/", "Emulator"),
        (stage.hub, "/apps/control/", "Control"),
    ] {
        let answer = http_get(addr, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.text(), format!("<!doctype html><title>{title}</title>"), "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("public, no-cache"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        let policy = answer.header("content-security-policy").unwrap();
        for rule in ["default-src 'self'", "connect-src 'self' ws: wss: http: https:", "img-src 'self' data:"] {
            assert!(policy.split("; ").any(|found| found == rule), "{rule} in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    for (addr, path) in [(stage.emulator, ASSET), (stage.hub, "/assets/"), (stage.hub, "/assets/other.js")] {
        assert_eq!(error(&http_get(addr, path).await), (404, "not_found".into()), "{path}");
    }
}

#[tokio::test]
async fn the_documentation_has_folders_and_a_page_for_what_is_not_there() {
    let stage = Stage::start().await;
    for (addr, path, status, title) in [
        (stage.docs, "/", 200, "Docs"),
        (stage.docs, "/protocol/", 200, "Protocol"),
        (stage.hub, "/apps/docs/protocol/", 200, "Protocol"),
        (stage.docs, "/nothing/", 404, "No such page"),
        (stage.docs, "/protocol/nothing.html", 404, "No such page"),
    ] {
        let answer = http_get(addr, path).await;
        assert_eq!(
            (answer.status, answer.text()),
            (status, &*format!("<!doctype html><title>{title}</title>")),
            "{path}"
        );
        let policy = answer.header("content-security-policy").unwrap();
        for rule in ["default-src 'self'", "style-src 'self' 'unsafe-inline'"] {
            assert!(policy.split("; ").any(|found| found == rule), "{rule} in {policy}");
        }
        assert!(!policy.contains("http") && !policy.contains("script-src"), "{policy}");
    }
    for path in ["/protocol", "/apps/docs/protocol"] {
        let addr = if path == "/protocol" { stage.docs } else { stage.hub };
        let answer = http_get(addr, path).await;
        assert_eq!((answer.status, answer.header("location")), (307, Some("protocol/")), "{path}");
    }
    let missing = http("GET", stage.docs, "/nothing", &[("If-None-Match", "*"), ("Range", "bytes=0-3")], b"").await;
    assert_eq!(missing.status, 404, "no condition makes it something that is there");
}

#[tokio::test]
async fn hashed_files_are_kept_for_ever_and_the_rest_is_asked_about() {
    let stage = Stage::start().await;
    for path in [ASSET, "/apps/dashboard/assets/index-AbCd_123.js"] {
        let asset = stage.get(path).await;
        assert_eq!(asset.text(), script());
        assert_eq!(asset.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert!(asset.header("content-security-policy").is_some(), "a worker lives by it");
        let tag = asset.header("etag").unwrap();
        assert!(tag.starts_with('"'), "strong: {tag}");
        let same = stage.get_with(path, &[("If-None-Match", tag)]).await;
        assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, Some(tag)));
        assert_eq!(same.header("cache-control"), asset.header("cache-control"));
    }
    assert_eq!(stage.get("/assets/index-x1.css").await.header("content-type"), Some("text/css; charset=utf-8"));
    let index = stage.get("/").await;
    let same = stage.get_with("/", &[("If-None-Match", index.header("etag").unwrap())]).await;
    assert_eq!(same.status, 304);
    let other = stage.get_with("/", &[("If-None-Match", "\"other\"")]).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn text_comes_smaller_to_whoever_takes_it() {
    let stage = Stage::start().await;
    let plain = stage.get(ASSET).await;
    let brotli = stage.get_with(ASSET, &[("Accept-Encoding", "gzip, deflate, br")]).await;
    let gzip = stage.get_with(ASSET, &[("Accept-Encoding", "gzip")]).await;
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!((gzip.header("content-encoding"), brotli.header("content-encoding")), (Some("gzip"), Some("br")));
    assert!(brotli.body.len() < gzip.body.len() && gzip.body.len() < plain.body.len());
    let mut back = Vec::new();
    brotli::BrotliDecompress(&mut &*brotli.body, &mut back).unwrap();
    assert_eq!(back, plain.body);
    let tags = [&plain, &gzip, &brotli].map(|answer| answer.header("etag").unwrap());
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
    for answer in [&plain, &gzip, &brotli] {
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
        assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()));
    }
    // HEAD says what GET says.
    let mut head = http("HEAD", stage.hub, ASSET, &[("Accept-Encoding", "br")], b"").await;
    let mut get = brotli.clone();
    assert!(head.body.is_empty());
    for answer in [&mut head, &mut get] {
        answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
    }
    assert_eq!(head.headers, get.headers);
}

#[tokio::test]
async fn names_without_their_slash_lead_to_it() {
    let stage = Stage::start().await;
    for (path, place) in [
        ("/apps/emulator", "/apps/emulator/"),
        ("/apps/nobody?a=b", "/apps/nobody/?a=b"),
        ("/apps", "/"),
        ("/apps/", "/"),
    ] {
        let answer = stage.get(path).await;
        assert_eq!((answer.status, answer.header("location")), (307, Some(place)), "{path}");
    }
}

#[tokio::test]
async fn nothing_can_be_sent_here() {
    let stage = Stage::start().await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"] {
        for path in ["/", "/config.js", "/api/apps", "/apps/emulator/", "/js/p5.min.js", "/health"] {
            let answer = http(method, stage.hub, path, &[], b"").await;
            assert_eq!(error(&answer), (405, "method_not_allowed".into()), "{method} {path}");
        }
    }
    let answer = http("OPTIONS", stage.hub, "/", &[], b"").await;
    assert_eq!((answer.status, answer.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn the_icon_is_there_when_it_was_built_in() {
    let stage = Stage::start().await;
    for path in ["/favicon.ico", "/favicon.svg"] {
        assert_eq!(http_get(stage.emulator, path).await.status, 204);
    }
}

#[tokio::test]
async fn a_program_without_pages_says_how_to_get_them() {
    let stage = Stage::with(|options| options.pages = Pages::default()).await;
    for (addr, path) in
        [(stage.hub, "/"), (stage.emulator, "/"), (stage.hub, "/apps/emulator/"), (stage.hub, "/apps/dashboard/")]
    {
        let answer = http_get(addr, path).await;
        assert_eq!((answer.status, answer.header("content-type")), (503, Some("text/html; charset=utf-8")));
        assert!(answer.text().contains("<code>make web</code>"), "{}", answer.text());
        assert!(answer.header("content-security-policy").is_some());
    }
    let answer = http_get(stage.docs, "/").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("<code>make docs</code>, which needs Python 3"), "{}", answer.text());
    assert_eq!(stage.get("/health").await.json()["pages"]["dashboard"], "not built in");
    assert_eq!(stage.get("/readyz").await.status, 200);
}
