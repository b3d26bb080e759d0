//! PUT and DELETE: who may, what is taken, and what remains when it is not.

use crate::on_all_stages;
use crate::raw::{Raw, exchange, put_anyway};
use crate::stage::{BEARER, HUGE, Node, REGISTRY, Stage, noise, registry};
use futures_util::StreamExt;
use futures_util::future::join_all;
use grouploop_bridge::Subject;
use grouploop_testkit::{eventually, http, within};

on_all_stages!(
    what_is_written_is_read,
    no_object_is_above_or_below_another,
    one_of_many_creates_it,
    nobody_overwrites_what_they_did_not_see,
    no_update_is_lost,
    a_client_that_stops_leaves_nothing,
    a_client_that_stops_with_a_large_one_leaves_nothing,
    what_is_too_large_is_refused,
    a_registry_with_mistakes_is_refused,
    a_manifest_says_what_is_in_the_store,
);

async fn what_is_written_is_read(stage: Stage) {
    let cdn = stage.cdn().await;
    assert_eq!(cdn.get("/js/a.js").await.status, 404);
    let answer = cdn.write("PUT", "/js/a.js", &[], b"abc").await;
    assert_eq!(answer.status, 201);
    let said = answer.json();
    assert_eq!((&said["path"], &said["size"]), (&"js/a.js".into(), &3.into()));
    assert_eq!(said["md5"], "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(said["sha256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let read = cdn.get("/js/a.js").await;
    assert_eq!((read.text(), read.header("etag")), ("abc", answer.header("etag")));
    // At once, though a moment ago another one was in memory.
    let other = cdn.write("PUT", "/js/a.js", &[], b"abcd").await;
    assert_eq!((other.status, cdn.get("/js/a.js").await.text()), (200, "abcd"));
    assert_eq!(cdn.write("DELETE", "/js/a.js", &[], b"").await.status, 204);
    assert_eq!(cdn.get("/js/a.js").await.status, 404);
    assert_eq!(cdn.write("DELETE", "/js/a.js", &[], b"").await.status, 404);
    assert_eq!(cdn.write("PUT", "/js/a.js", &[], b"again").await.status, 201);
    assert_eq!(cdn.get("/js/a.js").await.text(), "again");
}

async fn no_object_is_above_or_below_another(stage: Stage) {
    let cdn = stage.cdn().await;
    cdn.put("/js/a.js", b"abc").await;
    cdn.put("/static/x/y/z.txt", b"deep").await;
    let mut refused = vec!["/js/a.js/b", "/js/a.js/b/c", "/static/x/y/z.txt/a"];
    if !stage.is_s3() {
        // The server of the tests has folders itself, and fails when they are asked for as objects.
        refused.extend(["/static/x", "/static/x/y"]);
    }
    for path in refused {
        for headers in [&[][..], &[("If-None-Match", "*")]] {
            let answer = cdn.write("PUT", path, headers, b"no").await;
            assert_eq!((answer.status, answer.json()["error"].as_str()), (409, Some("in_the_way")), "{path}");
        }
        assert_eq!(cdn.get(path).await.status, 404, "{path}");
        assert_eq!(cdn.write("DELETE", path, &[], b"").await.status, 404, "{path}");
    }
    assert_eq!(cdn.now("/js/a.js").await.text(), "abc");
    assert_eq!(cdn.now("/static/x/y/z.txt").await.text(), "deep");
    cdn.put("/static/x/y/other.txt", b"beside").await;
}

async fn one_of_many_creates_it(stage: Stage) {
    let cdn = stage.cdn().await;
    for round in 0..3 {
        let path = &*format!("/static/{round}.txt");
        let bodies: Vec<String> = (0..6).map(|writer| format!("of {writer}")).collect();
        let write =
            async |body: &String| cdn.write("PUT", path, &[("If-None-Match", "*")], body.as_bytes()).await.status;
        let statuses = join_all(bodies.iter().map(write)).await;
        let winners: Vec<usize> = (0..6).filter(|writer| statuses[*writer] == 201).collect();
        assert_eq!(winners.len(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 201 | 412)), "{statuses:?}");
        assert_eq!(cdn.now(path).await.text(), bodies[winners[0]]);
    }
}

async fn nobody_overwrites_what_they_did_not_see(stage: Stage) {
    let cdn = stage.cdn().await;
    let text = "let colour = 'red';\n".repeat(50);
    let first = cdn.put("/js/a.js", &text).await;
    let brotli = cdn.get_with("/js/a.js", &[("Accept-Encoding", "br")]).await.header("etag").unwrap().to_owned();
    let write =
        async |name: &str, value: &str, body: &[u8]| cdn.write("PUT", "/js/a.js", &[(name, value)], body).await.status;
    assert_eq!(write("If-Match", "\"other\"", b"no").await, 412);
    assert_eq!(write("If-Match", &format!("W/{first}"), b"no").await, 412);
    assert_eq!(write("If-Match", "nonsense", b"no").await, 412);
    assert_eq!(write("If-None-Match", "*", b"no").await, 412);
    assert_eq!(write("If-None-Match", &first, b"no").await, 412);
    assert_eq!(cdn.now("/js/a.js").await.text(), text, "nothing was written so far");
    // A client that was given a smaller form has seen it as well.
    assert_eq!(write("If-Match", &brotli, b"second").await, 200);
    assert_eq!(write("If-Match", &first, b"no").await, 412);
    assert_eq!(write("If-Match", &format!("\"other\", {first}"), b"no").await, 412);
    assert_eq!(write("If-Match", "*", b"third").await, 200);
    assert_eq!(write("If-None-Match", &first, b"fourth").await, 200);
    assert_eq!(cdn.now("/js/a.js").await.text(), "fourth");

    let delete = async |value: &str| cdn.write("DELETE", "/js/a.js", &[("If-Match", value)], b"").await.status;
    assert_eq!(delete(&first).await, 412);
    let now = cdn.now("/js/a.js").await.header("etag").unwrap().to_owned();
    assert_eq!(delete(&now).await, 204);
    assert_eq!(delete(&now).await, 412);
    assert_eq!(cdn.write("PUT", "/js/a.js", &[("If-Match", "*")], b"no").await.status, 412);
    assert_eq!(cdn.now("/js/a.js").await.status, 404);
}

/// Adds one to a number, as often as it takes.
pub(crate) async fn add_one(cdn: &Node, path: &str) {
    loop {
        let now = cdn.now(path).await;
        assert_eq!(now.status, 200, "{}", now.text());
        let next = (now.text().parse::<u32>().unwrap() + 1).to_string();
        let tag = now.header("etag").unwrap();
        match cdn.write("PUT", path, &[("If-Match", tag)], next.as_bytes()).await.status {
            200 => return,
            412 | 503 => {}
            status => panic!("{status}"),
        }
    }
}

async fn no_update_is_lost(stage: Stage) {
    let cdn = stage.cdn().await;
    cdn.put("/static/count.txt", b"100").await;
    let adder = || async {
        for _ in 0..5 {
            add_one(&cdn, "/static/count.txt").await;
        }
    };
    join_all((0..4).map(|_| adder())).await;
    assert_eq!(cdn.now("/static/count.txt").await.text(), "120");
}

/// What is in the folder, without what the program brings along.
fn files(stage: &Stage, folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(stage.path().join(folder)) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

async fn stops(stage: &Stage, cdn: &Node, sent: &[u8], declared: usize) {
    for name in ["new", "old"] {
        let path = format!("/firmware/{name}.bin");
        let head = format!("PUT {path} HTTP/1.1\r\nHost: cdn\r\n{}: {}\r\n", BEARER.0, BEARER.1);
        for chunked in [false, true] {
            let mut client = Raw::connect(cdn.addr).await;
            if chunked {
                client.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", sent.len())).await;
                client.send(sent).await;
                client.send(b"\r\n").await;
            } else {
                client.send(format!("{head}Content-Length: {declared}\r\n\r\n")).await;
                client.send(sent).await;
            }
            // Only half of the connection: the answer says that the end was seen.
            tokio::io::AsyncWriteExt::shutdown(&mut client.0).await.unwrap();
            let answer = String::from_utf8(client.rest().await).unwrap();
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "chunked {chunked}: {answer}");
            let now = cdn.now(&path).await;
            if name == "new" {
                assert_eq!(now.status, 404, "chunked {chunked}");
            } else {
                assert_eq!(now.text(), "old", "chunked {chunked}");
            }
        }
    }
    if stage.is_folder() {
        eventually!(files(stage, "firmware") == ["old.bin"]);
    }
}

async fn a_client_that_stops_leaves_nothing(stage: Stage) {
    let cdn = stage.cdn().await;
    cdn.put("/firmware/old.bin", b"old").await;
    stops(&stage, &cdn, b"half of i", 18).await;
}

async fn a_client_that_stops_with_a_large_one_leaves_nothing(stage: Stage) {
    let cdn = stage.cdn().await;
    cdn.put("/firmware/old.bin", b"old").await;
    stops(&stage, &cdn, &noise(1, HUGE), HUGE + 1).await;
    // Neither does it keep a place among the uploads.
    cdn.put("/firmware/old.bin", b"newer").await;
}

async fn what_is_too_large_is_refused(stage: Stage) {
    let cdn = stage.cdn_with(|settings| settings.max_upload_bytes = 6 << 20).await;
    let (most, more) = (noise(1, 6 << 20), noise(1, (6 << 20) + 1));
    cdn.put("/static/a.bin", &most).await;
    let declared = put_anyway(cdn.addr, "/static/a.bin", "", &more).await;
    assert!(declared.starts_with("HTTP/1.1 413 ") && declared.contains("too_large"), "{declared}");
    let mut client = Raw::connect(cdn.addr).await;
    let head = format!("{}: {}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", BEARER.0, BEARER.1, more.len());
    client.send(format!("PUT /static/a.bin HTTP/1.1\r\nHost: cdn\r\n{head}")).await;
    let _ = within("the server to take it", tokio::io::AsyncWriteExt::write_all(&mut client.0, &more)).await;
    assert!(client.head().await.starts_with("HTTP/1.1 413"));
    assert!(cdn.now("/static/a.bin").await.body == most, "what was there stays");
    if stage.is_folder() {
        eventually!(files(&stage, "static").iter().all(|name| !name.contains('#')));
    }
    // A registry has a limit of its own, which no setting raises.
    let big = vec![b' '; (1 << 20) + (4 << 10)];
    assert!(put_anyway(cdn.addr, REGISTRY, "", &big).await.starts_with("HTTP/1.1 413 "));
}

async fn a_registry_with_mistakes_is_refused(stage: Stage) {
    let cdn = stage.cdn().await;
    let before = cdn.get(REGISTRY).await;
    assert_eq!(before.status, 200);
    let two = r#"{"commands": {"a": {"parameters": "x"}, "b": {"parameters": ["p"], "schema": [{"type": "ink"}]}}}"#;
    let refused = cdn.write("PUT", REGISTRY, &[], two.as_bytes()).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (422, Some("refused")));
    let mistakes = refused.json()["mistakes"].to_string();
    assert!(mistakes.contains("commands.a") && mistakes.contains("commands.b"), "{mistakes}");
    for broken in ["", "{", "[]", "null", "\u{feff}{}"] {
        let refused = cdn.write("PUT", REGISTRY, &[], broken.as_bytes()).await;
        assert_eq!(refused.status, 422, "{broken}");
        assert!(!refused.json()["mistakes"].as_array().unwrap().is_empty());
    }
    let after = cdn.now(REGISTRY).await;
    assert_eq!((after.status, &after.body, after.header("etag")), (200, &before.body, before.header("etag")));
    cdn.put(REGISTRY, registry("wink")).await;
    assert_eq!(cdn.get(REGISTRY).await.text(), registry("wink"));
}

async fn a_manifest_says_what_is_in_the_store(stage: Stage) {
    const MANIFEST: &str = "/firmware/manifest.json";
    let cdn = stage.cdn().await;
    let empty = cdn.get(MANIFEST).await;
    assert_eq!((empty.status, empty.json()["boards"].as_object().unwrap().len()), (200, 0));
    let by_hand =
        br#"{"version": "1.2.0", "build_date": "2025-01-31", "boards": {"esp32-c3": "firmware/a.bin"}, "note": 1}"#;
    let refused = cdn.write("PUT", MANIFEST, &[], by_hand).await;
    assert_eq!(refused.status, 422);
    assert!(refused.json()["mistakes"][0].as_str().unwrap().contains("firmware/a.bin"), "{}", refused.text());
    cdn.put("/firmware/a.bin", noise(1, 1000)).await;
    // Nothing was stored, so who wants to be the first is.
    assert_eq!(cdn.write("PUT", MANIFEST, &[("If-None-Match", "*")], by_hand).await.status, 201);
    assert_eq!(cdn.write("PUT", MANIFEST, &[("If-None-Match", "*")], by_hand).await.status, 412);
    let served = cdn.get(MANIFEST).await;
    let json = served.json();
    assert_eq!((&json["version"], &json["note"]), (&"1.2.0".into(), &1.into()));
    assert_eq!(json["boards"]["esp32-c3"], "firmware/a.bin");
    let image = &json["images"]["esp32-c3"][0];
    let md5 = cdn.get("/firmware/a.bin").await.header("x-md5").unwrap().to_owned();
    assert_eq!((&image["size"], &image["md5"]), (&1000.into(), &md5.into()));
    // Another image under the same name is another manifest.
    cdn.put("/firmware/a.bin", noise(2, 1001)).await;
    let after = cdn.now(MANIFEST).await;
    assert_eq!(after.json()["images"]["esp32-c3"][0]["size"], 1001);
    assert_ne!(after.header("etag"), served.header("etag"));
    let old = served.header("etag").unwrap();
    assert_eq!(cdn.write("PUT", MANIFEST, &[("If-Match", old)], by_hand).await.status, 412);
    let now = after.header("etag").unwrap();
    assert_eq!(cdn.write("PUT", MANIFEST, &[("If-Match", now)], by_hand).await.status, 200);
    // One that is gone is no longer named.
    assert_eq!(cdn.write("DELETE", "/firmware/a.bin", &[], b"").await.status, 204);
    eventually!(cdn.get(MANIFEST).await.json()["boards"].as_object().unwrap().is_empty());
}

#[tokio::test]
async fn only_the_token_opens_and_nothing_is_read_before() {
    let stage = Stage::memory().await;
    let (cdn, closed) = (stage.cdn().await, stage.cdn_with(|settings| settings.token.clear()).await);
    let mut answers = Vec::new();
    for wrong in [
        None,
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer a-token-for-the-test"),
        Some("Bearer a-token-for-the-tests!"),
        Some("Basic a-token-for-the-tests"),
        Some("a-token-for-the-tests"),
    ] {
        let headers: Vec<_> = wrong.iter().map(|value| ("Authorization", *value)).collect();
        // The same for objects that are there, that are not, and that cannot be.
        for path in ["/static/commands.json", "/js/none.js", "/js/../x", "/etc/passwd"] {
            for method in ["PUT", "DELETE"] {
                let mut answer = http(method, cdn.addr, path, &headers, "x").await;
                assert_eq!(answer.status, 401, "{method} {path} {wrong:?}");
                assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
                answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
                answers.push(answer);
                let off = http(method, closed.addr, path, &[BEARER], "x").await;
                assert_eq!((off.status, off.json()["error"].as_str()), (403, Some("writing_off")));
            }
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "nothing is learned from them: {answers:?}");
    assert_eq!(cdn.get(REGISTRY).await.status, 200);
    assert_eq!(cdn.get("/").await.json()["writing"], "with a token");
    assert_eq!(closed.get("/").await.json()["writing"], "off");
}

#[tokio::test]
async fn who_asks_first_is_told_before_the_body_is_sent() {
    let stage = Stage::memory().await;
    let cdn = stage.cdn().await;
    cdn.put("/js/a.js", b"abc").await;
    let ask = |token: &str, length: usize, condition: &str| {
        format!(
            "PUT /js/a.js HTTP/1.1\r\nHost: cdn\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\
             Expect: 100-continue\r\nConnection: close\r\n{condition}\r\n"
        )
    };
    let token = crate::stage::TOKEN;
    for (request, status) in [
        (ask("wrong-wrong-wrong-wrong", 5, ""), "401"),
        (ask(token, 1 << 40, ""), "413"),
        (ask(token, 5, "If-None-Match: *\r\n"), "412"),
        (ask(token, 5, "Content-Encoding: br\r\n"), "400"),
    ] {
        let answer = exchange(cdn.addr, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request} {answer}");
    }
    let mut client = Raw::connect(cdn.addr).await;
    client.send(ask(token, 5, "If-Match: *\r\n")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 100 "));
    client.send("hello").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
    assert_eq!(cdn.get("/js/a.js").await.text(), "hello");
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_sends_on() {
    let cdn = Stage::memory().await.cdn_with(|settings| settings.max_upload_bytes = 1024).await;
    let body = noise(1, 256 << 10);
    for headers in [&[][..], &[BEARER]] {
        let answer = http("PUT", cdn.addr, "/js/a.js", headers, &body).await;
        assert_eq!(answer.status, if headers.is_empty() { 401 } else { 413 });
    }
}

#[tokio::test]
async fn a_new_registry_is_announced() {
    let stage = Stage::memory().await;
    let mut changes = stage.bus().subscribe(Subject::Registry).await.unwrap();
    let cdn = stage.cdn_with(|settings| settings.revalidate_ms = 3_600_000).await;
    let mut next = async || {
        let change = within("an announcement", changes.next()).await.unwrap();
        serde_json::from_slice::<serde_json::Value>(&change.payload).unwrap()["sha256"].as_str().unwrap().to_owned()
    };
    next().await;
    let written = cdn.write("PUT", REGISTRY, &[], registry("wink").as_bytes()).await.json();
    // Nobody looks for an hour: it is the writing that announces.
    assert_eq!(next().await, written["sha256"].as_str().unwrap());
    // One that is refused, and the same again, are no news.
    cdn.write("PUT", REGISTRY, &[], b"{").await;
    cdn.put(REGISTRY, registry("wink")).await;
    let other = cdn.write("PUT", REGISTRY, &[], registry("nod").as_bytes()).await.json();
    assert_eq!(next().await, other["sha256"].as_str().unwrap());
}
