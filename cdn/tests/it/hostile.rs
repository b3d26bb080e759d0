//! Clients that mean harm, or do it without meaning to.

use crate::on_all_stages;
use crate::raw::{Raw, exchange};
use crate::stage::{HUGE, Stage, TOKEN, noise};
use grouploop_testkit::eventually;

on_all_stages!(no_spelling_leaves_the_store);

/// Targets as they stand in the request line.
fn targets() -> Vec<String> {
    let mut targets: Vec<String> = [
        "/js/../secret.txt",
        "/js/..",
        "/../secret.txt",
        "/../../../../etc/passwd",
        "/js/../../etc/passwd",
        "/js/%2e%2e/secret.txt",
        "/js/%2E%2e%2fsecret.txt",
        "/js/..%2fsecret.txt",
        "/js%2f..%2fsecret.txt",
        "/js/%252e%252e/secret.txt",
        "/js/%252e%252e%252fsecret.txt",
        "/js/..\\secret.txt",
        "/js\\..\\secret.txt",
        "/js/..%5csecret.txt",
        "/js/%c0%ae%c0%ae/secret.txt",
        "/js/%uff0e%uff0e/secret.txt",
        "/js/....//secret.txt",
        "/js/./../secret.txt",
        "/js//etc/passwd",
        "//etc/passwd",
        "/js/%2fetc%2fpasswd",
        "/%2fetc/passwd",
        "/js/a.js%00",
        "/js/a.js%00.png",
        "/js/%00",
        "/js/a.js%0d%0aX-Evil:%201",
        "/js/.hidden",
        "/.grouploop/built-in.json",
        "/js/../.grouploop/built-in.json",
        "/.lock",
        "/js/a.js%231",
        "/js/a.js#1",
        "/js/C:/windows/win.ini",
        "/js/C:%5cwindows%5cwin.ini",
        "/js/~root",
        "/js/$HOME",
        "/js/ä.js",
        "/js/%ff",
        "/js/%",
        "/etc/passwd",
        "secret.txt",
        "*",
        "http://127.0.0.1/js/../secret.txt",
        "file:///etc/passwd",
    ]
    .map(str::to_owned)
    .into();
    targets.push(format!("/js/{}", "../".repeat(100)));
    targets.push(format!("/js/{}", "a/".repeat(100)));
    targets.push(format!("/js/{}.js", "a".repeat(250)));
    targets.push(format!("/js/{}", "a".repeat(500)));
    targets.push(format!("/js/{}", "a".repeat(8000)));
    targets
}

async fn no_spelling_leaves_the_store(stage: Stage) {
    let cdn = stage.cdn().await;
    cdn.put("/js/a.js", b"abc").await;
    if stage.is_folder() {
        std::fs::write(stage.path().join("secret.txt"), "secret").unwrap();
        std::fs::write(stage.path().join("js/.hidden"), "secret").unwrap();
    }
    for target in targets() {
        // What stands behind a # is no part of a request, whoever sends it.
        let harmless = target == "/js/a.js#1";
        let read = exchange(cdn.addr, format!("GET {target} HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n")).await;
        let status = &read[9..12];
        assert!(matches!(status, "404" | "400") || harmless, "GET {target}: {read}");
        assert!(!read.contains("secret") && !read.contains("root:") && !read.contains("X-Evil"), "{target}: {read}");
        for method in ["PUT", "DELETE"] {
            let head = format!("Host: c\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 4\r\nConnection: close");
            let written = exchange(cdn.addr, format!("{method} {target} HTTP/1.1\r\n{head}\r\n\r\nevil")).await;
            assert!(written.starts_with("HTTP/1.1 40") || harmless, "{method} {target}: {written}");
        }
    }
    assert_eq!(cdn.get("/livez").await.status, 200);
    assert!(cdn.is_ready().await);
    if stage.is_folder() {
        assert_eq!(std::fs::read_to_string(stage.path().join("secret.txt")).unwrap(), "secret");
        assert_eq!(std::fs::read_to_string(stage.path().join("js/.hidden")).unwrap(), "secret");
        assert!(!stage.path().parent().unwrap().join("secret.txt").exists());
    }
}

#[tokio::test]
async fn who_is_too_slow_is_sent_away_and_nobody_else_notices() {
    let stage = Stage::folder().await;
    let cdn = stage
        .cdn_with(|settings| {
            settings.header_timeout_ms = 300;
            settings.slow_client_ms = 300;
        })
        .await;
    cdn.put("/firmware/a.bin", noise(1, HUGE)).await;
    // One sends its headers byte by byte, one its body, and one reads nothing.
    let mut headers = Raw::connect(cdn.addr).await;
    let mut body = Raw::connect(cdn.addr).await;
    body.send(format!(
        "PUT /js/a.js HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 9\r\n\r\n"
    ))
    .await;
    let mut reader = Raw::narrow(cdn.addr).await;
    reader.send("GET /firmware/a.bin HTTP/1.1\r\nHost: c\r\n\r\n").await;
    let drip = async {
        for byte in "GET /js/p5.min.js HTTP/1.1\r\n".bytes().chain(std::iter::repeat(b'x')) {
            if tokio::io::AsyncWriteExt::write_all(&mut headers.0, &[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    grouploop_testkit::within("the slow headers to be cut off", drip).await;
    let answer = String::from_utf8(body.rest().await).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    eventually!(cdn.get("/metrics").await.text().contains("grouploop_cdn_connections_slow_total 3"));
    assert!(reader.rest().await.len() < HUGE);
    assert_eq!(cdn.get("/js/a.js").await.status, 404);
    assert_eq!(cdn.get("/js/p5.min.js").await.status, 200);
}

#[tokio::test]
async fn heads_that_have_no_end_are_refused() {
    let cdn = Stage::memory().await.cdn().await;
    let huge = format!("GET /js/a.js HTTP/1.1\r\nX: {}", "x".repeat(64 << 10));
    let many = format!("GET /js/a.js HTTP/1.1\r\n{}", "X: y\r\n".repeat(2000));
    for request in [huge, many, "GET\r\n\r\n".into(), "\0\0\0\0\r\n\r\n".into(), "GET / HTTP/9\r\n\r\n".into()] {
        let mut client = Raw::connect(cdn.addr).await;
        // It may be told before it has sent all of it.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client.0, request.as_bytes()).await;
        let answer = client.rest().await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(cdn.get("/livez").await.status, 200);
}
