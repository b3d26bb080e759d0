//! What the tests play on: a server of made-up pages, over a folder of apps.

use grouploop_testkit::{NOBODY, Response, http, http_get};
use grouploop_ui::{Neighbours, Pages, Port, Ui, UiOptions, UiSettings};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

/// Text that gets smaller.
pub(crate) fn script() -> String {
    (0..500).map(|line| format!("let line{line} = 'red';\n")).collect()
}

pub(crate) fn pages() -> Pages {
    let files = [
        ("dashboard", "index.html", "<!doctype html><title>Dashboard</title>".to_owned()),
        ("dashboard", "assets/index-AbCd_123.js", script()),
        ("dashboard", "assets/index-x1.css", "a{}".to_owned()),
        ("emulator", "index.html", "<!doctype html><title>Emulator</title>".to_owned()),
        ("simulator", "index.html", "<!doctype html><title>Simulator</title>".to_owned()),
        ("simulator", "assets/index-sim.js", script()),
        ("control", "index.html", "<!doctype html><title>Control</title>".to_owned()),
        ("docs", "index.html", "<!doctype html><title>Docs</title>".to_owned()),
        ("docs", "protocol/index.html", "<!doctype html><title>Protocol</title>".to_owned()),
        ("docs", "404.html", "<!doctype html><title>No such page</title>".to_owned()),
    ];
    Pages::new(files.iter().map(|(page, path, text)| (*page, *path, text.clone().into())))
}

pub(crate) struct Stage {
    pub(crate) hub: SocketAddr,
    pub(crate) emulator: SocketAddr,
    pub(crate) docs: SocketAddr,
    pub(crate) ui: Ui,
    pub(crate) folder: Folder,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With other options. The folder of apps is empty, and where the CDN should be is nobody.
    pub(crate) async fn with(change: impl FnOnce(&mut UiOptions)) -> Self {
        Self::at(Ipv4Addr::LOCALHOST, change).await
    }

    /// The same, listening on another address than that of this machine alone.
    pub(crate) async fn at(ip: Ipv4Addr, change: impl FnOnce(&mut UiOptions)) -> Self {
        let folder = Folder::new();
        let at = |port| SocketAddr::from(([0, 0, 0, 0], port));
        let mut options = UiOptions {
            settings: UiSettings { apps: folder.0.display().to_string(), ..UiSettings::default() },
            version: "0.0.0-test".into(),
            pages: pages(),
            neighbours: Neighbours { edge: at(6003), cdn: at(6008), simulator: at(6005), monitor: at(6010) },
            cdn_url: format!("http://{}", nobody()),
            cdn_base_url: String::new(),
            lan: || vec![Ipv4Addr::new(10, 0, 0, 7), Ipv4Addr::new(192, 168, 1, 20)],
            tls: None,
            trusted: Vec::new(),
        };
        change(&mut options);
        assert_eq!(options.settings.complaints(), [""; 0]);
        let listeners = Port::ALL.map(|port| (port, TcpListener::bind((ip, 0)).unwrap()));
        let ui = Ui::start(options, listeners.into()).unwrap();
        let addresses = ui.addresses();
        let at = |wanted| {
            let (_, address) = addresses.iter().find(|(port, _)| *port == wanted).unwrap();
            SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()))
        };
        Self { hub: at(Port::Hub), emulator: at(Port::Emulator), docs: at(Port::Docs), ui, folder }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        http_get(self.hub, path).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        http("GET", self.hub, path, headers, b"").await
    }

    pub(crate) async fn head(&self, path: &str) -> Response {
        http("HEAD", self.hub, path, &[], b"").await
    }

    /// Puts a file into the folder of apps.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        self.folder.write(path, bytes);
    }

    /// The list of apps.
    pub(crate) async fn apps(&self) -> Vec<serde_json::Value> {
        let list = self.get("/api/apps").await;
        assert_eq!((list.status, list.header("cache-control")), (200, Some("no-store")));
        assert_eq!(list.header("access-control-allow-origin"), Some("*"));
        list.json().as_array().unwrap().clone()
    }
}

/// An address that nobody listens on.
pub(crate) fn nobody() -> SocketAddr {
    NOBODY.parse().unwrap()
}

/// The word of an error, with its status; its message is for people, and there is one.
pub(crate) fn error(answer: &Response) -> (u16, String) {
    let body = answer.json();
    assert!(body["message"].as_str().is_some_and(|message| message.len() > 10), "{body}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    (answer.status, body["error"].as_str().unwrap().to_owned())
}

/// A folder of its own, gone when dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("grouploop-ui-{}-{:016x}", std::process::id(), RandomState::new().hash_one(0));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Bytes that look like nothing and are different for each seed.
pub(crate) fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = std::iter::repeat_with(next).take(length / 4 + 1).flatten().collect();
    bytes.truncate(length);
    bytes
}
