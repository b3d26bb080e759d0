//! The same requests get the same answers from every store: byte for byte, header for header.

use crate::stage::{Node, Stage, noise, registry};
use grouploop_testkit::{Response, http};
use std::time::{Duration, SystemTime};

/// Method, path, headers, body; `TAG` in a header is the tag of the answer before.
type Asked = (&'static str, &'static str, &'static [(&'static str, &'static str)], Vec<u8>);

const TOKEN: (&str, &str) = crate::stage::BEARER;

fn requests() -> Vec<Asked> {
    let text = "let colour = 'red';\n".repeat(100).into_bytes();
    let manifest = br#"{"version": "1.2.0", "build_date": "2025-01-31", "boards": {"esp32-c3": "firmware/a.bin"}}"#;
    let none = Vec::new;
    vec![
        ("GET", "/", &[], none()),
        ("GET", "/livez", &[], none()),
        ("GET", "/readyz", &[], none()),
        ("OPTIONS", "/js/a.js", &[("Origin", "http://page"), ("Access-Control-Request-Method", "GET")], none()),
        ("POST", "/js/a.js", &[], b"x".to_vec()),
        ("GET", "/js/a.js", &[], none()),
        ("PUT", "/js/a.js", &[], text.clone()),
        ("PUT", "/js/a.js", &[("Authorization", "Bearer wrong-wrong-wrong")], text.clone()),
        ("PUT", "/js/a.js", &[TOKEN, ("If-Match", "*")], text.clone()),
        ("PUT", "/js/a.js", &[TOKEN, ("If-None-Match", "*")], text.clone()),
        ("PUT", "/js/a.js", &[TOKEN, ("If-None-Match", "*")], text.clone()),
        ("PUT", "/js/a.js", &[TOKEN], text),
        ("GET", "/js/a.js", &[], none()),
        ("HEAD", "/js/a.js", &[], none()),
        ("GET", "/js/a.js", &[("Accept-Encoding", "br")], none()),
        ("GET", "/js/a.js", &[("If-None-Match", "TAG"), ("Accept-Encoding", "br")], none()),
        ("GET", "/js/a.js", &[("Accept-Encoding", "gzip")], none()),
        ("HEAD", "/js/a.js", &[("Accept-Encoding", "gzip")], none()),
        ("GET", "/js/a.js", &[("Range", "bytes=3-9")], none()),
        ("GET", "/js/a.js", &[("Range", "bytes=-7"), ("If-Range", "TAG")], none()),
        ("GET", "/js/a.js", &[("Range", "bytes=9999-")], none()),
        ("GET", "/js/a.js", &[("If-Match", "\"other\"")], none()),
        ("GET", "/js/a.js/below", &[], none()),
        ("GET", "/js/a.js/below/it", &[], none()),
        ("GET", "/js", &[], none()),
        ("GET", "/js/", &[], none()),
        ("PUT", "/js/../x", &[TOKEN], b"x".to_vec()),
        ("PUT", "/js/x", &[TOKEN, ("Content-Encoding", "br")], b"x".to_vec()),
        ("PUT", "/static/deep/er/still.txt", &[TOKEN], b"deep".to_vec()),
        // A name that a folder cannot have.
        ("PUT", "/js/a.js/below", &[TOKEN], b"x".to_vec()),
        ("PUT", "/js/a.js/below/it", &[TOKEN], b"x".to_vec()),
        ("GET", "/static/deep/er/still.txt", &[], none()),
        ("GET", "/firmware/manifest.json", &[], none()),
        ("DELETE", "/firmware/manifest.json", &[TOKEN], none()),
        ("PUT", "/firmware/manifest.json", &[TOKEN], manifest.to_vec()),
        ("PUT", "/firmware/a.bin", &[TOKEN], noise(1, 5000)),
        ("PUT", "/firmware/manifest.json", &[TOKEN], manifest.to_vec()),
        ("GET", "/firmware/manifest.json", &[], none()),
        ("GET", "/firmware/a.bin", &[("Accept-Encoding", "br")], none()),
        ("GET", "/firmware/a.bin", &[("x-ESP32-version", "1.2.0")], none()),
        ("GET", "/firmware/a.bin", &[("Range", "bytes=0-0")], none()),
        ("PUT", "/static/commands.json", &[TOKEN], b"{".to_vec()),
        ("PUT", "/static/commands.json", &[TOKEN], registry("wink").into_bytes()),
        ("GET", "/static/commands.json", &[], none()),
        ("PUT", "/static/empty.txt", &[TOKEN], none()),
        ("GET", "/static/empty.txt", &[], none()),
        ("GET", "/static/empty.txt", &[("Range", "bytes=0-0")], none()),
        ("DELETE", "/js/a.js", &[TOKEN, ("If-Match", "\"other\"")], none()),
        ("DELETE", "/js/a.js", &[TOKEN], none()),
        ("DELETE", "/js/a.js", &[TOKEN], none()),
        ("DELETE", "/js/a.js", &[TOKEN, ("If-Match", "*")], none()),
        ("GET", "/js/a.js", &[], none()),
    ]
}

async fn ask_all(cdn: &Node) -> Vec<Response> {
    let mut answers: Vec<Response> = Vec::new();
    for (method, path, headers, body) in requests() {
        let tag = answers.last().and_then(|answer| answer.header("etag")).unwrap_or_default().to_owned();
        let headers: Vec<_> =
            headers.iter().map(|&(name, value)| (name, if value == "TAG" { &tag } else { value })).collect();
        let mut answer = http(method, cdn.addr, path, &headers, body).await;
        if path == "/" {
            answer.body = answer.text().replace(&cdn.addr.to_string(), "the-cdn").into_bytes();
        }
        for (name, value) in &mut answer.headers {
            if matches!(name.to_ascii_lowercase().as_str(), "date" | "last-modified") {
                let age = SystemTime::now().duration_since(httpdate::parse_http_date(value).unwrap()).unwrap();
                assert!(age < Duration::from_secs(60), "{method} {path}: {name}: {value}");
                "close to now".clone_into(value);
            }
        }
        answers.push(answer);
    }
    answers
}

#[tokio::test]
async fn every_store_gives_the_same_answers() {
    let (memory, folder, s3) = (Stage::memory().await, Stage::folder().await, Stage::s3().await);
    let of_memory = ask_all(&memory.cdn().await).await;
    let of_folder = ask_all(&folder.cdn().await).await;
    let of_s3 = ask_all(&s3.cdn().await).await;
    let mut different = Vec::new();
    for (number, (method, path, headers, _)) in requests().into_iter().enumerate() {
        for (store, answers) in [("folder", &of_folder), ("s3", &of_s3)] {
            let (expected, answer) = (&of_memory[number], &answers[number]);
            if expected != answer {
                different.push(format!("{method} {path} {headers:?}: memory {expected:?}, {store} {answer:?}"));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    let statuses: Vec<u16> = of_memory.iter().map(|answer| answer.status).collect();
    assert_eq!(
        statuses,
        [
            200, 200, 200, 204, 405, 404, 401, 401, 412, 201, 412, 200, 200, 200, 200, 304, 200, 200, 206, 206, 416,
            412, 404, 404, 404, 404, 400, 400, 201, 409, 409, 200, 200, 404, 422, 201, 201, 200, 200, 304, 206, 422,
            200, 200, 201, 200, 416, 412, 204, 404, 412, 404
        ]
    );
}
