//! GET and HEAD: forms, conditions, ranges, and what pages of other origins may do.

use crate::on_all_stages;
use crate::stage::{Stage, noise};
use grouploop_testkit::http;
use httpdate::{fmt_http_date, parse_http_date};
use std::io::Read as _;
use std::time::Duration;

on_all_stages!(
    forms_have_tags_of_their_own_and_give_the_same_text_back,
    conditions_save_a_body,
    a_range_is_exactly_its_bytes,
    a_part_is_only_added_to_what_it_belongs_to,
    names_that_carry_their_hash_are_kept_for_ever,
);

/// Text that gets smaller.
fn text() -> Vec<u8> {
    (0..500).flat_map(|line| format!("let line{line} = 'red';\n").into_bytes()).collect()
}

async fn forms_have_tags_of_their_own_and_give_the_same_text_back(stage: Stage) {
    let (cdn, text) = (stage.cdn().await, text());
    let written = cdn.put("/js/a.js", &text).await;
    let plain = cdn.get("/js/a.js").await;
    let gzip = cdn.get_with("/js/a.js", &[("Accept-Encoding", "gzip")]).await;
    let brotli = cdn.get_with("/js/a.js", &[("Accept-Encoding", "gzip, deflate, br")]).await;
    for answer in [&plain, &gzip, &brotli] {
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
        assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("public, no-cache"));
        assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()));
    }
    assert_eq!(plain.header("etag"), Some(&*written));
    assert_eq!((plain.header("content-encoding"), &plain.body), (None, &text));
    assert_eq!((gzip.header("content-encoding"), brotli.header("content-encoding")), (Some("gzip"), Some("br")));
    assert!(brotli.body.len() < gzip.body.len() && gzip.body.len() < text.len());
    let tags = [&plain, &gzip, &brotli].map(|answer| answer.header("etag").unwrap());
    assert!(tags.iter().all(|tag| tag.starts_with('"')), "strong: {tags:?}");
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");

    let (mut from_gzip, mut from_brotli) = (Vec::new(), Vec::new());
    flate2::read::GzDecoder::new(&*gzip.body).read_to_end(&mut from_gzip).unwrap();
    brotli::BrotliDecompress(&mut &*brotli.body, &mut from_brotli).unwrap();
    assert_eq!((&from_gzip, &from_brotli), (&text, &text));

    // HEAD says what GET says, each form included.
    for (accepted, whole) in [("identity", &plain), ("gzip", &gzip), ("br", &brotli)] {
        let mut head = cdn.head_with("/js/a.js", &[("Accept-Encoding", accepted)]).await;
        assert!(head.body.is_empty());
        let mut whole = whole.clone();
        for answer in [&mut head, &mut whole] {
            answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
        }
        assert_eq!(head.headers, whole.headers);
    }
    // What does not get smaller is not forced.
    cdn.put("/js/tiny.js", b"1").await;
    let tiny = cdn.get_with("/js/tiny.js", &[("Accept-Encoding", "br")]).await;
    assert_eq!((tiny.header("content-encoding"), tiny.text()), (None, "1"));
}

async fn conditions_save_a_body(stage: Stage) {
    let (cdn, text) = (stage.cdn().await, text());
    let tag = cdn.put("/js/a.js", &text).await;
    let whole = cdn.get("/js/a.js").await;
    let modified = whole.header("last-modified").unwrap();
    let earlier = fmt_http_date(parse_http_date(modified).unwrap() - Duration::from_secs(1));
    let brotli = cdn.get_with("/js/a.js", &[("Accept-Encoding", "br")]).await;
    let brotli_tag = brotli.header("etag").unwrap();
    let (weak, list) = (format!("W/{tag}"), format!("\"other\", {tag}"));
    for (status, headers) in [
        (304, &[("If-None-Match", &*tag)][..]),
        (304, &[("If-None-Match", &weak)]),
        (304, &[("If-None-Match", &list)]),
        (304, &[("If-None-Match", "*")]),
        (200, &[("If-None-Match", "\"other\"")]),
        (200, &[("If-None-Match", brotli_tag)]),
        (304, &[("If-None-Match", brotli_tag), ("Accept-Encoding", "br")]),
        (200, &[("If-None-Match", &tag), ("Accept-Encoding", "br")]),
        (304, &[("If-Modified-Since", modified)]),
        (200, &[("If-Modified-Since", &earlier)]),
        (200, &[("If-Modified-Since", "yesterday")]),
        (200, &[("If-None-Match", "\"other\""), ("If-Modified-Since", modified)]),
        (304, &[("If-None-Match", &tag), ("If-Modified-Since", &earlier)]),
        (200, &[("If-Match", &tag)]),
        (200, &[("If-Match", "*")]),
        (412, &[("If-Match", "\"other\"")]),
        (412, &[("If-Match", &weak)]),
        (200, &[("If-Unmodified-Since", modified)]),
        (412, &[("If-Unmodified-Since", &earlier)]),
        (304, &[("If-None-Match", &tag), ("Range", "bytes=0-1")]),
    ] {
        let get = cdn.get_with("/js/a.js", headers).await;
        assert_eq!(get.status, status, "{headers:?}");
        let head = cdn.head_with("/js/a.js", headers).await;
        assert_eq!(head.status, status, "HEAD {headers:?}");
        if status == 304 {
            assert!(get.body.is_empty());
            assert_eq!(get.header("last-modified"), Some(modified));
            assert_eq!(get.header("cache-control"), Some("public, no-cache"));
            assert_eq!(get.header("vary"), Some("accept-encoding"));
            let encoded = headers.iter().any(|(name, _)| *name == "Accept-Encoding");
            assert_eq!(get.header("etag"), Some(if encoded { brotli_tag } else { &tag }));
        }
    }
    // Other content, other tag, and no 304 for the old one.
    assert_ne!(cdn.put("/js/a.js", b"other").await, tag);
    assert_eq!(cdn.get_with("/js/a.js", &[("If-None-Match", &tag)]).await.text(), "other");
}

async fn a_range_is_exactly_its_bytes(stage: Stage) {
    let (cdn, bytes) = (stage.cdn().await, noise(1, 100));
    let tag = cdn.put("/static/a.json", &bytes).await;
    for (range, part) in [
        ("bytes=0-0", 0..1),
        ("bytes=10-19", 10..20),
        ("bytes=90-", 90..100),
        ("bytes=90-1000", 90..100),
        ("bytes=0-99", 0..100),
        ("bytes=-1", 99..100),
        ("bytes=-30", 70..100),
        ("bytes=-1000", 0..100),
    ] {
        // Never another form: the bytes are those of the object.
        let answer = cdn.get_with("/static/a.json", &[("Range", range), ("Accept-Encoding", "br")]).await;
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.body, bytes[part.clone()], "{range}");
        let expected = format!("bytes {}-{}/100", part.start, part.end - 1);
        assert_eq!(answer.header("content-range"), Some(&*expected), "{range}");
        assert_eq!(answer.header("content-length"), Some(&*part.len().to_string()));
        assert_eq!((answer.header("etag"), answer.header("content-encoding")), (Some(&*tag), None));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    for range in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=5-2", "bytes=x-", "bytes=-"] {
        let answer = cdn.get_with("/static/a.json", &[("Range", range)]).await;
        assert_eq!((answer.status, answer.header("content-range")), (416, Some("bytes */100")), "{range}");
    }
    // Several ranges, other units, and a HEAD, whose range means nothing, get the whole.
    for range in ["bytes=0-1,5-6", "lines=1-2"] {
        assert_eq!(cdn.get_with("/static/a.json", &[("Range", range)]).await.body, bytes, "{range}");
    }
    let head = cdn.head_with("/static/a.json", &[("Range", "bytes=0-1")]).await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("100")));
    assert_eq!(head.header("accept-ranges"), Some("bytes"));
}

async fn a_part_is_only_added_to_what_it_belongs_to(stage: Stage) {
    let (cdn, bytes) = (stage.cdn().await, text());
    let tag = cdn.put("/js/a.js", &bytes).await;
    let modified = cdn.get("/js/a.js").await.header("last-modified").unwrap().to_owned();
    let date = |seconds: i64| {
        let (date, distance) = (parse_http_date(&modified).unwrap(), Duration::from_secs(seconds.unsigned_abs()));
        fmt_http_date(if seconds < 0 { date - distance } else { date + distance })
    };
    let encoded = cdn.get_with("/js/a.js", &[("Accept-Encoding", "br")]).await.header("etag").unwrap().to_owned();
    for (status, condition) in [
        (206, tag.clone()),
        (206, modified.clone()),
        (200, "\"other\"".to_owned()),
        (200, format!("W/{tag}")),
        (200, encoded),
        (200, date(-1)),
        // A file that was replaced by an older one is another one too.
        (200, date(3600)),
        (200, "nonsense".to_owned()),
    ] {
        let answer = cdn.get_with("/js/a.js", &[("Range", "bytes=5-9"), ("If-Range", &condition)]).await;
        assert_eq!(answer.status, status, "{condition}");
        assert_eq!(answer.body, if status == 206 { &bytes[5..10] } else { &bytes[..] }, "{condition}");
        // A range that there is not is no reason to refuse the whole either, when the object is another one.
        let beyond = cdn.get_with("/js/a.js", &[("Range", "bytes=999999-"), ("If-Range", &condition)]).await;
        assert_eq!(beyond.status, if status == 206 { 416 } else { 200 }, "{condition}");
    }
}

async fn names_that_carry_their_hash_are_kept_for_ever(stage: Stage) {
    const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // of "abc"
    let cdn = stage.cdn().await;
    let immutable = Some("public, max-age=31536000, immutable");
    for (path, expected) in [
        (format!("/js/app.{}.js", &HASH[..12]), immutable),
        (format!("/static/app-{HASH}.css"), immutable),
        (format!("/firmware/x-{}.bin", &HASH[..16]), immutable),
        (format!("/js/app.{}.js", &HASH[..11]), Some("public, no-cache")),
        ("/js/app.0123456789ab.js".to_owned(), Some("public, no-cache")),
        ("/js/app.js".to_owned(), Some("public, no-cache")),
    ] {
        let tag = cdn.put(&path, b"abc").await;
        assert_eq!(cdn.get(&path).await.header("cache-control"), expected, "{path}");
        let same = cdn.get_with(&path, &[("If-None-Match", &tag)]).await;
        assert_eq!((same.status, same.header("cache-control")), (304, expected), "{path}");
        assert_eq!(cdn.get_with(&path, &[("Range", "bytes=0-1")]).await.header("cache-control"), expected, "{path}");
    }
}

#[tokio::test]
async fn types_follow_names() {
    let cdn = Stage::memory().await.cdn().await;
    for (name, content_type) in [
        ("js/a.js", "text/javascript; charset=utf-8"),
        ("js/a.mjs", "text/javascript; charset=utf-8"),
        ("js/a.wasm", "application/wasm"),
        ("js/a.js.map", "application/json"),
        ("firmware/a.bin", "application/octet-stream"),
        ("firmware/manifest.json", "application/json"),
        ("static/a.css", "text/css; charset=utf-8"),
        ("static/a.html", "text/html; charset=utf-8"),
        ("static/a.svg", "image/svg+xml"),
        ("static/a.PNG", "image/png"),
        ("static/a.woff2", "font/woff2"),
        ("static/a", "application/octet-stream"),
        ("static/commands.json", "application/json"),
    ] {
        let path = format!("/{name}");
        if !name.ends_with("manifest.json") && !name.ends_with("commands.json") {
            cdn.put(&path, b"x").await;
        }
        let answer = cdn.get(&path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(content_type)), "{name}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}

#[tokio::test]
async fn pages_of_any_origin_may_load_and_read() {
    let cdn = Stage::memory().await.cdn().await;
    let tag = cdn.put("/js/a.js", b"abc").await;
    let of_a_page = async |status: u16, headers: &[(&str, &str)], path: &str| {
        let headers: Vec<_> = headers.iter().copied().chain([("Origin", "http://10.0.0.9:8000")]).collect();
        let answer = cdn.get_with(path, &headers).await;
        assert_eq!(answer.status, status, "{path} {headers:?}");
        answer
    };
    for answer in [
        of_a_page(200, &[], "/js/a.js").await,
        of_a_page(304, &[("If-None-Match", "*")], "/js/a.js").await,
        of_a_page(206, &[("Range", "bytes=0-0")], "/js/a.js").await,
        of_a_page(416, &[("Range", "bytes=9-")], "/js/a.js").await,
        of_a_page(404, &[], "/js/none.js").await,
        of_a_page(200, &[], "/").await,
        of_a_page(200, &[], "/health").await,
        http("PUT", cdn.addr, "/js/a.js", &[("Origin", "http://page")], "x").await,
    ] {
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{answer:?}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
        let exposed = answer.header("access-control-expose-headers").unwrap().to_ascii_lowercase();
        for name in ["etag", "content-range", "accept-ranges", "content-length", "last-modified"] {
            assert!(exposed.split(", ").any(|one| one == name), "{name} in {exposed}");
        }
    }
    let asks = [
        ("Origin", "http://page"),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "authorization, if-match"),
    ];
    for path in ["/js/a.js", "/js/none.js", "/static/commands.json", "/"] {
        let preflight = http("OPTIONS", cdn.addr, path, &asks, "").await;
        assert_eq!((preflight.status, preflight.body.len()), (204, 0), "{path}");
        assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
        let methods = preflight.header("access-control-allow-methods").unwrap();
        assert!(["GET", "HEAD", "PUT", "DELETE"].iter().all(|one| methods.split(", ").any(|method| method == *one)));
        let headers = preflight.header("access-control-allow-headers").unwrap().to_ascii_lowercase();
        for name in ["authorization", "content-type", "if-match", "if-none-match", "range", "if-range"] {
            assert!(headers.split(", ").any(|one| one == name), "{name} in {headers}");
        }
    }
    assert_eq!(cdn.get("/js/a.js").await.header("etag"), Some(&*tag), "a preflight does nothing");
}

#[tokio::test]
async fn it_says_what_it_is_and_how_it_is() {
    let cdn = Stage::memory().await.cdn().await;
    let welcome = cdn.get_with("/", &[]).await;
    assert_eq!(welcome.header("content-type"), Some("application/json"));
    let json = welcome.json();
    assert_eq!((&json["service"], &json["status"]), (&"grouploop-cdn".into(), &"ok".into()));
    assert_eq!(json["endpoints"]["commands"], "/static/commands.json");
    for endpoint in json["endpoints"].as_object().unwrap().values() {
        let path = endpoint.as_str().unwrap();
        if !path.contains('<') {
            assert_eq!(cdn.get(path).await.status, 200, "{path}");
        }
    }
    let health = cdn.get("/health").await.json();
    assert_eq!((&health["status"], &health["store"]["state"]), (&"ok".into(), &"up".into()));
    assert_eq!((cdn.get("/livez").await.status, cdn.get("/readyz").await.status), (200, 200));
    cdn.get("/js/none.js").await;
    let metrics = cdn.get("/metrics").await;
    assert!(metrics.text().contains("grouploop_cdn_responses_total{status=\"404\"} 1"), "{}", metrics.text());
    assert!(metrics.text().ends_with("# EOF\n"));
    for path in ["/", "/health", "/livez", "/readyz", "/metrics"] {
        assert_eq!(cdn.get(path).await.header("cache-control"), Some("no-store"), "{path}");
        let head = cdn.head_with(path, &[]).await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
    }
    for method in ["POST", "PATCH", "TRACE"] {
        let answer = http(method, cdn.addr, "/js/a.js", &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD, PUT, DELETE, OPTIONS")), "{method}");
    }
}

#[tokio::test]
async fn a_smaller_form_is_made_once_and_kept() {
    let cdn = Stage::memory().await.cdn_with(|settings| settings.revalidate_ms = 3_600_000).await;
    cdn.put("/js/a.js", text()).await;
    let first = cdn.get_with("/js/a.js", &[("Accept-Encoding", "br")]).await;
    let second = cdn.get_with("/js/a.js", &[("Accept-Encoding", "br")]).await;
    assert_eq!(first.body, second.body);
    let metrics = cdn.get("/metrics").await;
    assert!(metrics.text().contains("grouploop_cdn_lookups_total{outcome=\"hit\"} 1\n"), "{}", metrics.text());
}
