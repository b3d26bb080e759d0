//! What spaces keep: groups and scenes over HTTP, and the events that tell of them.

use crate::on_all_stages;
use crate::raw::{Raw, exchange};
use crate::stage::{Node, REGISTRY, Stage, registry};
use futures_util::future::join_all;
use grouploop_bridge::{Kept, Pattern};
use grouploop_testkit::{Response, eventually, http, within};
use serde_json::{Value, json};

const GROUP: &str = "/api/spaces/class-3b/groups/front-row";
const NEW: (&str, &str) = ("If-None-Match", "*");

on_all_stages!(
    documents_are_made_changed_listed_and_removed,
    nobody_writes_unseen,
    what_is_wrong_is_named,
    bounds_hold
);

fn group(title: &str) -> Vec<u8> {
    json!({"title": title, "devices": ["1a2b"], "mine": {"kept": true}}).to_string().into_bytes()
}

async fn put(cdn: &Node, path: &str, header: (&str, &str), body: impl AsRef<[u8]>) -> Response {
    http("PUT", cdn.addr, path, &[header], body).await
}

/// Makes it; returns the tag.
async fn make(cdn: &Node, path: &str, body: impl AsRef<[u8]>) -> String {
    let answer = put(cdn, path, NEW, body).await;
    assert_eq!(answer.status, 201, "{path}: {}", answer.text());
    answer.header("etag").unwrap().to_owned()
}

async fn documents_are_made_changed_listed_and_removed(stage: Stage) {
    let cdn = stage.cdn().await;
    let all = "/api/spaces/class-3b/groups";
    let empty = json!({"space": "class-3b", "kind": "groups", "complete": true, "documents": []});
    assert_eq!(cdn.get(all).await.json(), empty);
    assert_eq!(cdn.get(GROUP).await.status, 404);
    let first = make(&cdn, GROUP, group("Front row")).await;
    let shown = cdn.get(GROUP).await;
    assert_eq!((shown.status, shown.header("etag")), (200, Some(&*first)));
    assert_eq!(shown.json(), json!({"title": "Front row", "devices": ["1a2b"], "mine": {"kept": true}}));
    assert_eq!(cdn.get_with(GROUP, &[("If-None-Match", &first)]).await.status, 304);

    let answer = put(&cdn, GROUP, ("If-Match", &first), group("Rear")).await;
    let second = answer.header("etag").unwrap().to_owned();
    assert_eq!((answer.status, answer.json()), (200, json!({"id": "front-row", "etag": second})));
    let other = make(&cdn, "/api/spaces/class-3b/groups/a", group("A")).await;
    make(&cdn, "/api/spaces/main/groups/b", group("elsewhere")).await;
    let listed = cdn.get(all).await.json();
    let ids: Vec<_> = listed["documents"].as_array().unwrap().iter().map(|one| (&one["id"], &one["etag"])).collect();
    assert_eq!(ids, [(&json!("a"), &json!(other)), (&json!("front-row"), &json!(second))]);
    assert_eq!(listed["documents"][1]["document"]["title"], "Rear", "what was listed before is not shown again");

    let gone = http("DELETE", cdn.addr, GROUP, &[("If-Match", &second)], b"").await;
    assert_eq!(gone.status, 204);
    assert_eq!(cdn.get(GROUP).await.status, 404);
    assert_eq!(cdn.get(all).await.json()["documents"].as_array().unwrap().len(), 1);
    for path in ["/spaces/class-3b/groups/a.json", "/static/../spaces/class-3b/groups/a.json"] {
        assert_eq!(cdn.get(path).await.status, 404, "{path} is no file");
    }
    let metrics = cdn.get("/metrics").await;
    assert!(
        metrics.text().contains("documents_written_total{kind=\"groups\",outcome=\"removed\"} 1"),
        "{}",
        metrics.text()
    );
}

async fn nobody_writes_unseen(stage: Stage) {
    let cdn = stage.cdn().await;
    for method in ["PUT", "DELETE"] {
        if method == "DELETE" {
            make(&cdn, GROUP, group("First")).await;
        }
        let answer = http(method, cdn.addr, GROUP, &[], group("x")).await;
        assert_eq!((answer.status, &answer.json()["error"]), (428, &json!("no_condition")), "{method}");
        let wrong = http(method, cdn.addr, GROUP, &[("If-Match", "\"0123\"")], group("x")).await;
        assert_eq!(wrong.status, 412, "{method}");
    }
    assert_eq!(put(&cdn, GROUP, NEW, group("x")).await.status, 412);
    assert_eq!(cdn.get(GROUP).await.json()["title"], "First");
    let gone = http("DELETE", cdn.addr, "/api/spaces/main/groups/none", &[("If-Match", "*")], b"").await;
    assert_eq!(gone.status, 404);

    // Of several who saw the same, one writes.
    let tag = cdn.get(GROUP).await.header("etag").unwrap().to_owned();
    let titles = ["A", "B", "C", "D"];
    let bodies = titles.map(group);
    let writes = bodies.iter().map(|body| put(&cdn, GROUP, ("If-Match", &tag), body));
    let statuses: Vec<u16> = join_all(writes).await.iter().map(|answer| answer.status).collect();
    if !stage.is_s3() {
        // The S3 server of the tests looks first and writes then; within one process our own turns decide all the same.
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    }
    let winner = statuses.iter().position(|status| *status == 200).unwrap();
    assert_eq!(cdn.get(GROUP).await.json()["title"], titles[winner]);
}

async fn what_is_wrong_is_named(stage: Stage) {
    let cdn = stage.cdn().await;
    let refused = put(&cdn, GROUP, NEW, br#"{"title": "", "devices": ["nope"]}"#).await;
    assert_eq!((refused.status, &refused.json()["error"]), (422, &json!("refused")));
    assert_eq!(refused.json()["mistakes"].as_array().unwrap().len(), 2, "{}", refused.text());
    let scene =
        |command: &str| json!({"title": "S", "steps": [{"target": "all", "command": command, "parameters": [3]}]});
    let path = "/api/spaces/main/scenes/s";
    let unknown = put(&cdn, path, NEW, scene("wink").to_string()).await;
    assert_eq!(unknown.json()["mistakes"], json!(["steps[0].command: \"wink:3\" cannot be run: unknown_command"]));
    // The commands are those of the registry in the store.
    cdn.put(REGISTRY, registry("wink")).await;
    make(&cdn, path, scene("wink").to_string()).await;
    for (status, word, path) in [
        (404, "invalid_space", "/api/spaces/No/groups/a"),
        (400, "bad_id", "/api/spaces/main/groups/Front%20Row"),
        (400, "bad_id", "/api/spaces/main/groups/..%2f..%2fx"),
        (404, "not_found", "/api/spaces/main/tricks/a"),
        (404, "not_found", "/api/other"),
    ] {
        let answer = put(&cdn, path, NEW, group("x")).await;
        assert_eq!((answer.status, &answer.json()["error"]), (status, &json!(word)), "{path}");
    }
    let post = http("POST", cdn.addr, GROUP, &[], b"").await;
    assert_eq!((post.status, post.header("allow").is_some()), (405, true));
}

async fn bounds_hold(stage: Stage) {
    let cdn = stage.cdn_with(|settings| settings.max_spaces = 2).await;
    let large = |bytes: usize| json!({"title": "T", "devices": [], "filler": "x".repeat(bytes)}).to_string();
    let too_large = put(&cdn, GROUP, NEW, large(1 << 20)).await;
    assert_eq!((too_large.status, &too_large.json()["error"]), (413, &json!("too_large")));
    // Numbers that are longer when they are written out.
    let numbers = format!(r#"{{"title": "a", "devices": [], "mine": [{}1]}}"#, "1e15,".repeat(100_000));
    assert_eq!(put(&cdn, GROUP, NEW, numbers).await.status, 413);
    for name in ["a", "b", "c", "d"] {
        make(&cdn, &format!("/api/spaces/main/groups/{name}"), large((1 << 20) - 100)).await;
    }
    let full = put(&cdn, "/api/spaces/main/groups/e", NEW, large(1000)).await;
    assert_eq!((full.status, &full.json()["error"]), (409, &json!("full")), "{}", full.text());
    make(
        &cdn,
        "/api/spaces/main/scenes/e",
        json!({"title": "T", "steps": [{"target": "all", "command": "reset"}]}).to_string(),
    )
    .await;
    let tag = make(&cdn, "/api/spaces/two/groups/a", group("x")).await;
    let third = put(&cdn, "/api/spaces/three/groups/a", NEW, group("x")).await;
    assert_eq!((third.status, &third.json()["error"]), (409, &json!("full")), "{}", third.text());
    // A space that keeps nothing any more is none.
    http("DELETE", cdn.addr, "/api/spaces/two/groups/a", &[("If-Match", &tag)], b"").await;
    make(&cdn, "/api/spaces/three/groups/a", group("x")).await;
}

/// A stream of events, read as a browser does.
struct Events(Raw);

impl Events {
    async fn open(cdn: &Node, space: &str) -> Self {
        let mut raw = Raw::connect(cdn.addr).await;
        raw.send(format!("GET /api/spaces/{space}/events HTTP/1.1\r\nHost: {}\r\n\r\n", cdn.addr)).await;
        let head = raw.head().await.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200") && head.contains("text/event-stream"), "{head}");
        let mut events = Self(raw);
        assert_eq!(events.next().await.0, "ready");
        events
    }

    /// The name and the data of the next event.
    async fn next(&mut self) -> (String, Value) {
        loop {
            let mut text = String::new();
            while !text.ends_with("\n\n") {
                text.push(char::from(self.0.exactly(1).await[0]));
            }
            let field = |name: &str| text.lines().find_map(|line| line.split_once(name)).map(|(_, value)| value.trim());
            // Comments keep it alive.
            if let Some(name) = field("event:") {
                return (name.to_owned(), serde_json::from_str(field("data:").unwrap()).unwrap());
            }
        }
    }
}

#[tokio::test]
async fn pages_hear_of_changes_through_any_cdn() {
    let stage = Stage::folder().await;
    let (one, two) = (stage.cdn().await, stage.cdn().await);
    let mut bus = stage.bus().subscribe(Pattern::AllKept).await.unwrap();
    let (mut here, mut there, mut elsewhere) =
        (Events::open(&one, "class-3b").await, Events::open(&two, "class-3b").await, Events::open(&two, "main").await);
    let tag = make(&one, GROUP, group("Front row")).await;
    let changed = ("changed".to_owned(), json!({"kind": "groups", "id": "front-row", "etag": tag}));
    assert_eq!((here.next().await, there.next().await), (changed.clone(), changed));
    let announced = within("an announcement", futures_util::StreamExt::next(&mut bus)).await.unwrap();
    assert_eq!(announced.subject.to_string(), "gl.space.class-3b.kept");
    let announced: Kept = serde_json::from_slice(&announced.payload).unwrap();
    assert_eq!((&*announced.kind, &*announced.id, announced.etag), ("groups", "front-row", Some(tag.clone())));
    assert_eq!(two.get(GROUP).await.header("etag"), Some(&*tag), "who hears of it finds it");

    http("DELETE", two.addr, GROUP, &[("If-Match", &tag)], b"").await;
    let removed = ("removed".to_owned(), json!({"kind": "groups", "id": "front-row", "etag": null}));
    assert_eq!((here.next().await, there.next().await), (removed.clone(), removed));
    // Somebody darkens the space.
    assert_eq!(http("POST", two.addr, "/api/spaces/class-3b/panic?by=me", &[], b"").await.status, 204);
    let panic = ("panic".to_owned(), json!({"by": "me"}));
    assert_eq!((here.next().await, there.next().await), (panic.clone(), panic));
    assert_eq!(http("POST", two.addr, "/api/spaces/no_space/panic", &[], b"").await.status, 404);
    for wrong in ["by=A%20B", "by=a&by=b"] {
        let refused = http("POST", two.addr, &format!("/api/spaces/class-3b/panic?{wrong}"), &[], b"").await;
        assert!(refused.status == 400 && refused.json()["error"] == "bad_id", "{wrong}: {}", refused.text());
    }
    let strange = [("Origin", "http://evil.example")];
    assert_eq!(http("POST", two.addr, "/api/spaces/class-3b/panic", &strange, b"").await.status, 403);
    let tag = make(&one, "/api/spaces/main/groups/a", group("A")).await;
    assert_eq!(elsewhere.next().await.1["etag"], json!(tag), "nothing of another space came before");
    // They end with the CDN, in time.
    assert!(within("a drain", one.cdn.drain()).await);
    here.0.rest().await;
}

#[tokio::test]
async fn streams_have_a_bound() {
    let stage = Stage::memory().await;
    let cdn = stage.cdn_with(|settings| settings.max_event_streams = 2).await;
    let (first, _second) = (Events::open(&cdn, "main").await, Events::open(&cdn, "main").await);
    let third =
        exchange(cdn.addr, "GET /api/spaces/main/events HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n").await;
    assert!(third.starts_with("HTTP/1.1 503") && third.contains("too_many_streams"), "{third}");
    assert!(cdn.get("/metrics").await.text().contains("event_streams 2"));
    drop(first);
    eventually!(cdn.get("/metrics").await.text().contains("event_streams 1"));
    Events::open(&cdn, "main").await;
}

#[tokio::test]
async fn pages_of_this_host_may_change_things_and_others_may_not() {
    let stage = Stage::memory().await;
    let cdn = stage.cdn_with(|settings| settings.allow_origins = "https://stage.example".into()).await;
    let from = |origin: &'static str| [("Origin", origin), NEW];
    for (number, origin) in ["http://127.0.0.1:5009", "https://stage.example"].into_iter().enumerate() {
        let path = format!("{GROUP}-{number}");
        let preflight = http("OPTIONS", cdn.addr, &path, &[("Origin", origin)], b"").await;
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some(origin)));
        assert!(preflight.header("access-control-allow-headers").unwrap().contains("if-none-match"));
        let made = http("PUT", cdn.addr, &path, &from(origin), group("x")).await;
        assert_eq!((made.status, made.header("access-control-allow-origin")), (201, Some(origin)));
        assert!(made.header("access-control-expose-headers").unwrap().contains("etag"));
    }
    for origin in ["http://evil.example", "null"] {
        let (made, looked) = (
            http("PUT", cdn.addr, GROUP, &from(origin), group("x")).await,
            cdn.get_with("/api/spaces/class-3b/groups", &[("Origin", origin)]).await,
        );
        assert_eq!((made.status, &made.json()["error"]), (403, &json!("stranger")));
        assert_eq!((looked.status, looked.header("access-control-allow-origin")), (200, None), "its browser hides it");
        let listened = cdn.get_with("/api/spaces/main/events", &[("Origin", origin)]).await;
        assert_eq!(listened.status, 403, "it would hold a place");
    }
    assert_eq!(cdn.get_with("/health", &[("Origin", "null")]).await.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn what_somebody_put_into_the_folder_is_shown_or_said_to_be_none() {
    let stage = Stage::folder().await;
    let cdn = stage.cdn().await;
    make(&cdn, GROUP, group("x")).await;
    let folder = stage.path().join("spaces/class-3b/groups");
    std::fs::write(folder.join("by-hand.json"), "{ \"title\": \"By hand\",\n \"devices\": [] }").unwrap();
    std::fs::write(folder.join("broken.json"), "no json").unwrap();
    std::fs::write(folder.join("Note.txt"), "no document").unwrap();
    let listed = cdn.get("/api/spaces/class-3b/groups").await.json();
    let titles: Vec<_> = listed["documents"].as_array().unwrap().iter().map(|one| &one["document"]["title"]).collect();
    assert_eq!(titles, [&json!(null), &json!("By hand"), &json!("x")]);
    let tag = listed["documents"][0]["etag"].as_str().unwrap();
    let mended = put(&cdn, "/api/spaces/class-3b/groups/broken", ("If-Match", tag), group("whole")).await;
    assert_eq!(mended.status, 200);
}

/// Every method of every path is described as it is, and what stands there as an example is accepted.
#[tokio::test]
async fn the_description_is_what_there_is() {
    let stage = Stage::memory().await;
    let cdn = stage.cdn().await;
    let described = cdn.get("/openapi.json").await.json();
    let paths = described["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 7);
    for (path, item) in paths {
        let named = path.replace("{space}", "main").replace("{id}", "x").replace("{verb}", "abort");
        for kind in if path.contains("{kind}") { &["groups", "scenes"][..] } else { &[""] } {
            let path = named.replace("{kind}", kind);
            for method in ["GET", "POST", "PUT", "DELETE"] {
                let operation = item.get(method.to_lowercase());
                let status = if path.ends_with("/events") && method == "GET" {
                    Events::open(&cdn, "main").await;
                    200
                } else {
                    http(method, cdn.addr, &path, &[NEW], b"{}").await.status
                };
                assert_eq!(status != 405, operation.is_some(), "{method} {path}");
                if let Some(operation) = operation {
                    let status = status.to_string();
                    assert!(
                        operation["responses"].get(&status).is_some(),
                        "{method} {path}: {status} is not described"
                    );
                }
            }
        }
    }
    let examples =
        &paths["/api/spaces/{space}/{kind}/{id}"]["put"]["requestBody"]["content"]["application/json"]["examples"];
    for kind in ["group", "scene"] {
        make(&cdn, &format!("/api/spaces/main/{kind}s/example"), examples[kind]["value"].to_string()).await;
    }
}
