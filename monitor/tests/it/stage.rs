//! A monitor on a bus, with nodes that the test speaks for.

use futures_util::StreamExt;
use grouploop_bridge::{
    Bus, DeviceId, Hub, NodeId, Report, RosterEntry, RosterPage, Space, SpaceFigures, Subject, json,
};
use grouploop_monitor::{Monitor, MonitorOptions, MonitorSettings};
use grouploop_testkit::{Response, eventually, http, http_get, within};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub(crate) struct Stage {
    pub(crate) hub: Hub,
    pub(crate) addr: SocketAddr,
    pub(crate) monitor: Monitor,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut MonitorSettings)) -> Self {
        let mut settings = MonitorSettings { lame_duck_ms: 0, ..MonitorSettings::default() };
        change(&mut settings);
        let hub = Hub::new();
        let options = MonitorOptions {
            settings,
            node: "monitor-1".parse().unwrap(),
            version: "0.0.0-test".into(),
            tls: None,
            trusted: Vec::new(),
            page: None,
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let monitor = Monitor::start(options, listener, hub.attach()).unwrap();
        let addr = monitor.address();
        // From then on it hears everything: the first picture is made when it runs, and its ears are made before.
        eventually!(http_get(addr, "/api/system").await.status == 200);
        Self { hub, addr, monitor }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        http_get(self.addr, path).await
    }

    pub(crate) async fn system(&self) -> Value {
        self.get("/api/system").await.json()
    }

    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let metrics = self.get("/metrics").await;
        let line = metrics.text().lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    pub(crate) async fn asked_by(&self, origin: &str, path: &str) -> Response {
        http("GET", self.addr, path, &[("Origin", origin)], b"").await
    }
}

/// What a node says that has been up for so long.
pub(crate) fn report(node: &str, up_ms: u64, spaces: &[(&str, SpaceFigures)]) -> Report {
    let mut all = SpaceFigures::default();
    spaces.iter().for_each(|(_, figures)| all.add(figures));
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Report {
        node: node.parse().unwrap(),
        role: "edge".into(),
        version: "0.0.0-test".into(),
        commit: "abc".into(),
        run: 1,
        leaving: false,
        clock_ms: wall.as_millis() as u64,
        up_ms,
        cpu_ms: None,
        memory_bytes: None,
        connections: 3,
        round_trip_us: None,
        drops: BTreeMap::new(),
        clashes: BTreeMap::new(),
        all,
        spaces_in_all: spaces.len() as u64,
        spaces: spaces.iter().map(|(space, figures)| (space.parse().unwrap(), *figures)).collect(),
    }
}

pub(crate) fn say(bus: &Bus, report: &Report) {
    bus.publish(&Subject::Report { node: report.node.clone() }, json(report)).unwrap();
}

/// A node that answers, from now on, who is in a space.
pub(crate) async fn answers_rosters(bus: Bus, node: &str, space: &str, devices: &[u16]) {
    let (node, space): (NodeId, Space) = (node.parse().unwrap(), space.parse().unwrap());
    let mut questions = bus.subscribe(Subject::Roster { space }).await.unwrap();
    let entry = |id: &u16| RosterEntry {
        id: DeviceId(*id),
        frames_per_second: 20.0,
        last_seen_ms: Some(7),
        claimed: 1,
        mute_ms: None,
    };
    let devices: Vec<RosterEntry> = devices.iter().map(entry).collect();
    tokio::spawn(async move {
        // The bus lives as long as it is asked.
        let _bus = bus;
        while let Some(question) = questions.next().await {
            let pages = devices.chunks(2).count() as u32;
            for (page, some) in (0..).zip(devices.chunks(2)) {
                question
                    .respond(json(&RosterPage { node: node.clone(), page, pages, devices: some.to_vec() }))
                    .unwrap();
            }
        }
    });
}

/// Server-Sent Events, as a page reads them.
pub(crate) struct Events {
    lines: BufReader<TcpStream>,
    pub(crate) status: u16,
}

impl Events {
    pub(crate) async fn open(addr: SocketAddr, path: &str) -> Self {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nHost: {addr}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut events = Self { lines: BufReader::new(stream), status: 0 };
        let first = events.line().await.unwrap();
        events.status = first.split(' ').nth(1).unwrap().parse().unwrap();
        while !events.line().await.unwrap().is_empty() {}
        events
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = within("a line of the stream", self.lines.read_line(&mut line)).await.unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The next event and what it holds; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        let (mut name, mut data) = (String::new(), None);
        loop {
            let line = self.line().await?;
            if let Some(event) = line.strip_prefix("event: ") {
                event.clone_into(&mut name);
            } else if let Some(text) = line.strip_prefix("data: ") {
                data = Some(serde_json::from_str(text).unwrap());
            } else if line.is_empty()
                && let Some(data) = data.take()
            {
                return Some((name, data));
            }
        }
    }
}
