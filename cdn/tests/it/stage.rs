//! What the tests play on: a store, and CDNs over it. Once it is memory, once a folder, once a bucket of an S3 server; whatever a CDN says
//! must hold on all of them.

use grouploop_bridge::{Bus, FirmwareReport, Hub, NodeId, Subject, Subscription};
use grouploop_cdn::{Cdn, CdnOptions, CdnSettings};
use grouploop_testkit::{Response, S3Server, eventually, http, http_get, within};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

pub(crate) const TOKEN: &str = "a-token-for-the-tests";
pub(crate) const BEARER: (&str, &str) = ("Authorization", "Bearer a-token-for-the-tests");
pub(crate) const REGISTRY: &str = "/static/commands.json";
/// Larger than what a CDN keeps in memory (4 MiB), smaller than what it writes in one piece (5 MiB).
pub(crate) const LARGE: usize = (4 << 20) + 4321;
/// Larger than what it writes in one piece.
pub(crate) const HUGE: usize = (11 << 20) + 1234;

/// A store, and the bus of the CDNs over it.
pub(crate) struct Stage {
    kind: Kind,
    hub: Hub,
    turnstile: Option<Turnstile>,
}

enum Kind {
    Memory,
    Folder(Folder),
    S3(S3Server),
}

impl Stage {
    pub(crate) async fn memory() -> Self {
        Self::new(Kind::Memory)
    }

    pub(crate) async fn folder() -> Self {
        Self::new(Kind::Folder(Folder::new()))
    }

    /// The same server, asked one thing at a time. It looks at a condition first and writes then, with a gap between; real ones have none.
    pub(crate) async fn s3_in_turn() -> Self {
        let server = S3Server::start().await;
        let turnstile = Turnstile::start(server.addr()).await;
        Self { turnstile: Some(turnstile), ..Self::new(Kind::S3(server)) }
    }

    pub(crate) async fn s3() -> Self {
        Self::new(Kind::S3(S3Server::start().await))
    }

    fn new(kind: Kind) -> Self {
        Self { kind, hub: Hub::new(), turnstile: None }
    }

    /// A CDN over the store, over memory one of its own.
    pub(crate) async fn cdn(&self) -> Node {
        self.cdn_with(|_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn cdn_with(&self, change: impl FnOnce(&mut CdnSettings)) -> Node {
        let (url, variables) = match &self.kind {
            Kind::Memory => ("memory://".to_owned(), Vec::new()),
            Kind::Folder(folder) => (folder.url(), Vec::new()),
            Kind::S3(server) => (format!("s3://{}/some/prefix", server.bucket()), server.env()),
        };
        let mut variables = variables;
        if let Some(turnstile) = &self.turnstile {
            variables.retain(|(name, _)| name != "AWS_ENDPOINT_URL");
            variables.push(("AWS_ENDPOINT_URL".into(), format!("http://{}", turnstile.addr)));
        }
        self.cdn_at(url, variables, change).await
    }

    /// A CDN over any store.
    pub(crate) async fn cdn_at(
        &self,
        url: impl Into<String>,
        variables: Vec<(String, String)>,
        change: impl FnOnce(&mut CdnSettings),
    ) -> Node {
        let mut settings =
            CdnSettings { store: url.into(), token: TOKEN.into(), revalidate_ms: 100, ..CdnSettings::default() };
        change(&mut settings);
        assert_eq!(settings.complaints(), [""; 0]);
        let options = CdnOptions {
            settings,
            node: NodeId::random("cdn"),
            version: "0.0.0-test".into(),
            variables: variables.into_iter().collect(),
            tls: None,
            lan: Vec::new,
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let cdn = within("a CDN to start", Cdn::start(options, listener, self.hub.attach())).await.unwrap();
        Node { addr: cdn.address(), cdn }
    }

    /// A place on the bus, to hear what CDNs announce.
    pub(crate) fn bus(&self) -> Bus {
        self.hub.attach()
    }

    /// The folder, when it is one.
    pub(crate) fn path(&self) -> &Path {
        match &self.kind {
            Kind::Folder(folder) => &folder.0,
            _ => panic!("this stage has no folder"),
        }
    }

    /// The S3 server, when it is one.
    pub(crate) fn server(&mut self) -> &mut S3Server {
        match &mut self.kind {
            Kind::S3(server) => server,
            _ => panic!("this stage has no S3 server"),
        }
    }

    pub(crate) fn is_folder(&self) -> bool {
        matches!(self.kind, Kind::Folder(_))
    }

    pub(crate) fn is_s3(&self) -> bool {
        matches!(self.kind, Kind::S3(_))
    }

    /// Whether several CDNs can share it.
    pub(crate) fn is_shared(&self) -> bool {
        !matches!(self.kind, Kind::Memory)
    }
}

/// Runs each test on every stage.
#[macro_export]
macro_rules! on_all_stages {
    ($($test:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $test() { super::$test($crate::stage::Stage::memory().await).await; })*
        }
        mod folder {
            $(#[tokio::test] async fn $test() { super::$test($crate::stage::Stage::folder().await).await; })*
        }
        mod s3 {
            $(#[tokio::test] async fn $test() { super::$test($crate::stage::Stage::s3().await).await; })*
        }
    };
}

/// A way to an HTTP server that lets one request pass at a time.
struct Turnstile {
    addr: SocketAddr,
    _server: JoinSet<()>,
}

impl Turnstile {
    async fn start(target: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (turn, target) = (Arc::new(Mutex::new(())), Arc::new(target));
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                passing.spawn(pass(client, target.clone(), turn.clone()));
                while passing.try_join_next().is_some() {}
            }
        });
        Self { addr, _server: server }
    }
}

/// One request and its answer; then the connection ends.
async fn pass(mut client: TcpStream, target: Arc<String>, turn: Arc<Mutex<()>>) -> Option<()> {
    let mut request = Vec::new();
    let end = loop {
        if client.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    while request.len() < end + 4 + length {
        if client.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    request.splice(end..end, *b"\r\nConnection: close");
    let mut answer = Vec::new();
    {
        let _turn = turn.lock().await;
        let mut server = TcpStream::connect(&*target).await.ok()?;
        server.write_all(&request).await.ok()?;
        server.read_to_end(&mut answer).await.ok()?;
    }
    client.write_all(&answer).await.ok()
}

/// A folder of its own, gone when dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("grouploop-cdn-{}-{:016x}", std::process::id(), RandomState::new().hash_one(0));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.0.display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A CDN, and requests to it.
pub(crate) struct Node {
    pub(crate) addr: SocketAddr,
    pub(crate) cdn: Cdn,
}

impl Node {
    pub(crate) async fn get(&self, path: &str) -> Response {
        http_get(self.addr, path).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        http("GET", self.addr, path, headers, b"").await
    }

    pub(crate) async fn head_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        http("HEAD", self.addr, path, headers, b"").await
    }

    /// As it is in the store now, past what is in memory.
    pub(crate) async fn now(&self, path: &str) -> Response {
        self.get_with(path, &[("Cache-Control", "no-cache")]).await
    }

    /// A write with the token.
    pub(crate) async fn write(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let headers: Vec<_> = headers.iter().copied().chain([BEARER]).collect();
        http(method, self.addr, path, &headers, body).await
    }

    /// A PUT that must succeed; returns the tag.
    pub(crate) async fn put(&self, path: &str, body: impl AsRef<[u8]>) -> String {
        let answer = self.write("PUT", path, &[], body.as_ref()).await;
        assert!(matches!(answer.status, 200 | 201), "PUT {path}: {} {}", answer.status, answer.text());
        answer.header("etag").unwrap_or_default().to_owned()
    }

    pub(crate) async fn is_ready(&self) -> bool {
        self.get("/readyz").await.status == 200
    }

    /// Waits until readiness is red, and returns the reason.
    pub(crate) async fn unready(&self) -> String {
        eventually!(!self.is_ready().await);
        self.get("/readyz").await.json()["reasons"][0].as_str().unwrap().to_owned()
    }
}

/// Bytes that look like nothing and are different for each seed.
pub(crate) fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = std::iter::repeat_with(&mut next).take(length / 4 + 1).flatten().collect();
    bytes.truncate(length);
    bytes
}

/// A registry with one command.
pub(crate) fn registry(command: &str) -> String {
    format!(r#"{{"commands": {{"{command}": {{"parameters": ["level"], "schema": [{{"type": "int", "max": 9}}]}}}}}}"#)
}

/// The next reports of downloads, until one is accepted.
pub(crate) async fn report_where(
    reports: &mut Subscription,
    what: &str,
    accept: impl Fn(&grouploop_bridge::Download) -> bool,
) -> grouploop_bridge::Download {
    use futures_util::StreamExt;
    within(what, async {
        loop {
            let report = reports.next().await.expect("the bus is up");
            assert_eq!(report.subject, Subject::Firmware);
            let report: FirmwareReport = serde_json::from_slice(&report.payload).unwrap();
            if let Some(found) = report.downloads.into_iter().find(&accept) {
                return found;
            }
        }
    })
    .await
}
