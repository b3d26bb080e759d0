//! The CDN as part of the whole: with edges, in one process and in several, over a folder and over S3, killed, drained and full.

use crate::stage::{builder, meet};
use grouploop_testkit::{Edge, EdgeBuilder, NOBODY, NatsServer, Peer, S3Server, eventually, http, http_get, within};
use std::path::PathBuf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REGISTRY: &str = "/static/commands.json";
const TOKEN: &str = "a-token-for-the-tests";
const BEARER: (&str, &str) = ("Authorization", "Bearer a-token-for-the-tests");

/// A folder of its own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("grouploop-cdn-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn url(&self) -> String {
        format!("file://{}", self.0.display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn cdn(store: &str) -> EdgeBuilder {
    builder().role("cdn").env("GROUPLOOP_CDN__STORE", store).env("GROUPLOOP_CDN__TOKEN", TOKEN)
}

fn registry(command: &str) -> String {
    format!(r#"{{"commands": {{"{command}": {{"parameters": ["level"], "schema": [{{"type": "int", "max": 9}}]}}}}}}"#)
}

/// Until the edge takes its commands from a registry that has this one, and from no older one.
async fn knows(edge: &Edge, command: &str) {
    let mut controller = Peer::connect(edge.ws_url("/")).await;
    eventually!(controller.ask(format!("cmd:1a2b:{command}:5")).await == "cmd:result:failed");
    assert_eq!(controller.ask(format!("cmd:1a2b:{command}:10")).await, "cmd:error:invalid_parameter");
    assert_eq!(controller.ask("cmd:1a2b:led:red").await, "cmd:error:unknown_command");
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_said_once_in_the_log_and_all_the_time_by_health() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", nobody.local_addr().unwrap());
    let cdn = cdn("s3://grouploop")
        .env("AWS_ENDPOINT_URL", &endpoint)
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "very-secret")
        .start();
    let hang_up = async {
        // Several tries of several looks.
        for _ in 0..12 {
            drop(nobody.accept().await.unwrap());
        }
    };
    let (cdn, ()) = within("the looks at the store", async { tokio::join!(cdn, hang_up) }).await;
    drop(nobody);
    eventually!(http_get(cdn.addr(), "/readyz").await.text().contains("Connection refused"));
    for path in ["/readyz", "/health"] {
        let answer = http_get(cdn.addr(), path).await;
        let reasons = answer.json()["reasons"][0].as_str().unwrap().to_owned();
        assert!(reasons.starts_with("object store away: ") && reasons.contains(&endpoint), "{path}: {reasons}");
        assert_eq!(answer.status, if path == "/readyz" { 503 } else { 200 });
    }
    let log = cdn.log().join("\n");
    assert_eq!(log.matches("object store away").count(), 1, "{log}");
    assert!(!log.contains("object_store::") && !log.contains("very-secret"), "{log}");
}

#[tokio::test]
async fn everything_in_one_process_has_a_cdn_whose_registry_the_edge_uses() {
    let up = builder().role("up").env("GROUPLOOP_CDN__TOKEN", TOKEN).start().await;
    let cdn = up.cdn_addr().await;
    assert_eq!(http_get(cdn, "/").await.json()["service"], "grouploop-cdn");
    for (library, holds) in [
        ("/js/p5.min.js", "p5"),
        ("/js/p5.sound.min.js", "p5"),
        ("/js/HitloopDevice.js", "var HitloopDevice="),
        ("/js/HitloopDeviceManager.js", "var HitloopDeviceManager="),
        ("/js/grouploop.js", "export{"),
        ("/js/grouploop.d.ts", "declare function connect("),
    ] {
        let answer = http_get(cdn, library).await;
        assert_eq!(answer.status, 200, "{library}: is it built in? `make libraries web` sees to that");
        assert!(answer.text().contains(holds), "{library}");
    }
    // The edge has the built-in registry from the CDN, and a new one as soon as it is there.
    eventually!(http_get(up.addr(), "/health").await.json()["registry"] == "cdn");
    let mut device = Peer::device(up.ws_url("/"), 0x1a2b).await;
    let mut controller = Peer::connect(up.ws_url("/")).await;
    meet(&mut controller, &mut device, 0x1a2b).await;
    drop(device);
    assert_eq!(http("PUT", cdn, REGISTRY, &[BEARER], registry("wink")).await.status, 200);
    knows(&up, "wink").await;
    assert!(up.terminate().await.success(), "it drains: {:?}", up.log());
}

#[tokio::test]
async fn a_new_registry_reaches_every_edge_whichever_cdn_it_asks() {
    let (nats, folder) = (NatsServer::start().await, Folder::new("edges"));
    // Looks that are far apart and memories that are long: what arrives was announced, and was asked of the store.
    let start = || cdn(&folder.url()).nats(&nats).env("GROUPLOOP_CDN__REVALIDATE_MS", "3600000").start();
    let (one, two) = (start().await, start().await);
    let edge = |cdn: &Edge| {
        let refresh = ("GROUPLOOP_EDGE__REGISTRY_REFRESH_MS", "3600000");
        builder().nats(&nats).env("CDN_BASE_URL", cdn.http("")).env(refresh.0, refresh.1).start()
    };
    let edges = [edge(&one).await, edge(&two).await];
    for edge in &edges {
        eventually!(http_get(edge.addr(), "/health").await.json()["registry"] == "cdn");
    }
    assert_eq!(http("PUT", one.addr(), REGISTRY, &[BEARER], registry("wink")).await.status, 200);
    for edge in &edges {
        knows(edge, "wink").await;
    }
    // One that is broken changes nothing anywhere, and every mistake is named.
    let broken = r#"{"commands": {"a b": {}, "nod": {"parameters": ["x"], "schema": [{"type": "itn"}]}}}"#;
    let refused = http("PUT", two.addr(), REGISTRY, &[BEARER], broken).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["mistakes"].as_array().unwrap().len(), 2, "{}", refused.text());
    for edge in &edges {
        knows(edge, "wink").await;
    }
}

#[tokio::test]
async fn an_editor_in_the_folder_is_as_good_as_a_put() {
    let folder = Folder::new("editor");
    let up = builder().role("up").env("GROUPLOOP_CDN__STORE", folder.url()).start().await;
    assert!(folder.path("js/p5.min.js").is_file(), "an empty folder is filled");
    eventually!(http_get(up.addr(), "/health").await.json()["registry"] == "cdn");
    std::fs::write(folder.path("static/commands.json"), registry("wink")).unwrap();
    knows(&up, "wink").await;
    // A slip is said in the log, once, with what is wrong, and nobody loses a command.
    std::fs::write(folder.path("static/commands.json"), r#"{"commands": {"no d": {}}}"#).unwrap();
    eventually!(up.log().iter().any(|line| line.contains("no d") && line.contains("cannot be used")));
    knows(&up, "wink").await;
    // What somebody changed stays across a restart.
    up.terminate().await;
    let up = builder().role("up").env("GROUPLOOP_CDN__STORE", folder.url()).start().await;
    assert_eq!(http_get(up.cdn_addr().await, REGISTRY).await.text(), r#"{"commands": {"no d": {}}}"#);
}

#[tokio::test]
async fn a_cdn_that_dies_takes_no_registry_along() {
    let (nats, folder) = (NatsServer::start().await, Folder::new("dies"));
    let first = cdn(&folder.url()).nats(&nats).start().await;
    let address = first.addr().to_string();
    let edge = builder().nats(&nats).env("CDN_BASE_URL", first.http("")).start().await;
    eventually!(http_get(edge.addr(), "/readyz").await.status == 200);
    assert_eq!(http("PUT", first.addr(), REGISTRY, &[BEARER], registry("wink")).await.status, 200);
    knows(&edge, "wink").await;
    first.kill().await;
    knows(&edge, "wink").await;
    // It comes back with another registry: the edge hears of it.
    std::fs::write(folder.path("static/commands.json"), registry("nod")).unwrap();
    let second = cdn(&folder.url()).nats(&nats).listen(&address).spawn();
    knows(&edge, "nod").await;
    assert!(second.terminate().await.success());
}

#[tokio::test]
async fn without_nats_it_serves_all_the_same() {
    let nats = NatsServer::start().await;
    let cdn = cdn("memory://").nats(&nats).start().await;
    eventually!(http_get(cdn.addr(), "/health").await.json()["bus"]["state"] == "up");
    nats.kill().await;
    eventually!(http_get(cdn.addr(), "/health").await.json()["status"] == "degraded");
    assert_eq!(http_get(cdn.addr(), REGISTRY).await.status, 200);
    assert_eq!(http_get(cdn.addr(), "/readyz").await.status, 200);
}

#[tokio::test]
async fn s3_by_its_usual_variables_away_and_back() {
    let mut s3 = S3Server::start().await;
    s3.kill().await;
    let mut builder = cdn(&format!("s3://{}/some/prefix", s3.bucket())).env("GROUPLOOP_CDN__STORE_TIMEOUT_MS", "500");
    for (name, value) in s3.env() {
        builder = builder.env(name, value);
    }
    let cdn = builder.start().await;
    let ready = http_get(cdn.addr(), "/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.json()["reasons"][0].as_str().unwrap().starts_with("object store away: "), "{}", ready.text());
    assert_eq!(http_get(cdn.addr(), "/livez").await.status, 200);
    assert_eq!(http_get(cdn.addr(), REGISTRY).await.status, 503);
    s3.restart().await;
    eventually!(http_get(cdn.addr(), "/readyz").await.status == 200);
    eventually!(http_get(cdn.addr(), REGISTRY).await.status == 200);
    let library = http_get(cdn.addr(), "/js/p5.sound.min.js").await;
    assert_eq!(library.status, 200);
    s3.kill().await;
    eventually!(http_get(cdn.addr(), "/readyz").await.status == 503);
    assert_eq!(http_get(cdn.addr(), "/js/p5.sound.min.js").await.body, library.body, "from memory");
    assert_eq!(http("PUT", cdn.addr(), "/js/new.js", &[BEARER], "new").await.status, 503);
    s3.restart().await;
    eventually!(http_get(cdn.addr(), "/readyz").await.status == 200);
    assert_eq!(http("PUT", cdn.addr(), "/js/new.js", &[BEARER], "new").await.status, 201);
    assert_eq!(http_get(cdn.addr(), "/js/new.js").await.text(), "new");
    let log = cdn.log().join("\n");
    assert!(!log.contains(s3.secret_key()) && !log.contains(TOKEN), "no secrets: {log}");
}

#[tokio::test]
async fn a_large_object_costs_little_memory_in_either_direction() {
    const MIB: usize = 1 << 20;
    const SIZE: usize = 192 * MIB;
    let folder = Folder::new("large");
    let cdn = cdn(&folder.url()).env("GROUPLOOP_CDN__MAX_UPLOAD_BYTES", SIZE).start().await;
    let piece: Vec<u8> = (0..MIB).map(|at| (at * 31 % 251) as u8).collect();

    let mut up = TcpStream::connect(cdn.addr()).await.unwrap();
    let head = format!(
        "PUT /static/large.wav HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {SIZE}\r\n\r\n"
    );
    up.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..SIZE / MIB {
        within("the upload to go on", up.write_all(&piece)).await.unwrap();
    }
    let mut answer = String::new();
    within("the upload to be answered", up.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");

    let mut down = TcpStream::connect(cdn.addr()).await.unwrap();
    down.write_all(b"GET /static/large.wav HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let (mut seen, mut buffer, mut head) = (0, vec![0; 256 << 10], Vec::new());
    loop {
        let read = within("the download to go on", down.read(&mut buffer)).await.unwrap();
        if read == 0 {
            break;
        }
        let mut bytes = &buffer[..read];
        if !head.ends_with(b"\r\n\r\n") {
            while let Some((first, rest)) = bytes.split_first() {
                head.push(*first);
                bytes = rest;
                if head.ends_with(b"\r\n\r\n") {
                    break;
                }
            }
        }
        for byte in bytes {
            assert_eq!(*byte, piece[seen % MIB], "at {seen}");
            seen += 1;
        }
    }
    assert!(String::from_utf8_lossy(&head).contains(&format!("\r\nContent-Length: {SIZE}\r\n")));
    assert_eq!(seen, SIZE);
    let peak = peak_bytes(cdn.pid());
    assert!(peak < 96 << 20, "{} MiB at most", peak >> 20);
}

/// The most memory that a process ever had resident.
fn peak_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn a_store_that_cannot_be_is_a_mistake_in_the_settings() {
    for (store, word) in [("ftp://x", "unknown scheme"), ("s3://", "bucket"), ("file://data", "names no folder")] {
        let process = cdn(store).spawn();
        assert_eq!(within("it to end", process.ended()).await.code(), Some(64), "{store}");
        let said = process.log().join("\n");
        assert!(said.contains("cdn.store") && said.contains(word), "{said}");
    }
    let process = cdn("memory://").env("GROUPLOOP_CDN__TOKEN", "short").spawn();
    assert_eq!(within("it to end", process.ended()).await.code(), Some(64));
    let said = process.log().join("\n");
    assert!(said.contains("cdn.token") && !said.contains("short"), "{said}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_said_at_start() {
    let folder = Folder::new("blocked");
    std::fs::write(folder.path("file"), "in the way").unwrap();
    let blocked = format!("{}/file/cdn", folder.url());
    let process = cdn(&blocked).spawn();
    assert_eq!(within("it to end", process.ended()).await.code(), Some(1));
    assert!(process.log().join("\n").contains("file/cdn cannot be used"), "{:?}", process.log());
}

#[tokio::test]
async fn every_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let process = builder().role("up").listen(&address).env("GROUPLOOP_CDN__LISTEN", &address);
    let process = process.env("GROUPLOOP_SIMULATOR__LISTEN", &address);
    let process = process.env("GROUPLOOP_UI__LISTEN", &address).env("GROUPLOOP_UI__EMULATOR_LISTEN", &address);
    let process = process.env("GROUPLOOP_UI__CONTROL_LISTEN", &address);
    let process = process.env("GROUPLOOP_UI__DOCS_LISTEN", &address).spawn();
    assert_eq!(within("it to end", process.ended()).await.code(), Some(69));
    let said = process.log().join("\n");
    for setting in [
        "edge.listen",
        "cdn.listen",
        "simulator.listen",
        "ui.listen",
        "ui.emulator_listen",
        "ui.control_listen",
        "ui.docs_listen",
    ] {
        assert!(said.contains(setting), "{setting} in {said}");
    }
}

#[tokio::test]
async fn health_asks_a_cdn_too() {
    let cdn = cdn("memory://").start().await;
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_grouploop"));
    let output = within("health", program.args(["health", &cdn.http("")]).output()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(cdn.terminate().await.success());
}

/// What a proxy of the environment cannot reach: the CDN of the same process, or machine.
#[tokio::test]
async fn a_proxy_of_the_environment_is_not_asked_for_what_is_here() {
    let up = builder().role("up").env("http_proxy", format!("http://{NOBODY}")).env("GROUPLOOP_CDN__TOKEN", TOKEN);
    let up = up.start().await;
    eventually!(http_get(up.addr(), "/health").await.json()["registry"] == "cdn");
}

/// A registry that no edge could read is not announced as one.
#[tokio::test]
async fn a_registry_that_is_too_large_is_said_and_not_announced() {
    let folder = Folder::new("large-registry");
    let cdn = cdn(&folder.url()).start().await;
    let filler = "x".repeat(5 << 20);
    std::fs::write(folder.path("static/commands.json"), format!(r#"{{"commands": {{"nod": {{}}}}, "x": "{filler}"}}"#))
        .unwrap();
    eventually!(cdn.log().iter().any(|line| line.contains("cannot be used") && line.contains("bytes")));
}
