//! An edge from its start to its drain.

use crate::EdgeSettings;
use crate::metrics::Refused;
use crate::node::Node;
use crate::state::{AppState, EdgeState};
use crate::worker::Worker;
use crate::{goodbye, http, registry_loader};
use grouploop_bridge::{Bus, NodeId, Tracer, Version, run_heartbeat, run_reports};
use grouploop_serve::{Seldom, Tls};
use reqwest::Certificate;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Time for the bus to send what is queued at the end.
const BUS_DRAIN: Duration = Duration::from_secs(2);

/// Connections that may be open for HTTP beside `max_connections` WebSockets.
const HTTP_CONNECTIONS: usize = 1024;

/// Bytes that the kernel takes for a connection beyond what is under way to the peer.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 * 1024;

/// What an edge is started with beside its settings, its listener and its bus.
#[derive(Debug, Clone)]
pub struct EdgeOptions {
    /// The settings; the caller has looked at [`EdgeSettings::complaints`].
    pub settings: EdgeSettings,
    /// The name of this node.
    pub node: NodeId,
    /// The version to show.
    pub version: Version,
    /// Where `/static/commands.json` is; empty for the built-in registry alone.
    pub cdn_base_url: String,
    /// What to speak TLS with, to clients that begin so; without it every connection is plain.
    pub tls: Option<Tls>,
    /// Certificates that are trusted beside those of the system, where the CDN has HTTPS.
    pub trusted: Vec<Certificate>,
    /// What traces commands and frames; the default traces nothing.
    pub tracer: Tracer,
}

/// A running edge. Dropped without [`Edge::drain`] it stops at once.
#[derive(Debug)]
pub struct Edge {
    node: Arc<Node>,
    address: SocketAddr,
    stop_accepting: CancellationToken,
    threads: Vec<JoinHandle<()>>,
}

/// How a drain went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainOutcome {
    /// Every connection was closed in order and everything queued was sent, in time.
    pub clean: bool,
    /// Connections that were open when the drain began.
    pub connections: usize,
    /// Of those, the ones that had to be cut.
    pub cut: usize,
}

impl Edge {
    /// Starts to serve on a bound listener.
    ///
    /// # Errors
    /// When the listener is not usable or a thread cannot be started.
    pub async fn start(options: EdgeOptions, listener: std::net::TcpListener, bus: Bus) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let EdgeOptions { settings, node, version, cdn_base_url, tls, trusted, tracer } = options;
        let threads = match settings.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads as usize,
        };
        let node = Arc::new(Node::new(node, version, settings, threads, tls, tracer, bus));
        let state = Arc::new(EdgeState::new(node.clone()));
        let mut edge =
            Self { node: node.clone(), address, stop_accepting: CancellationToken::new(), threads: Vec::new() };
        let mut workers = Vec::new();
        for index in 0..threads {
            let router = |worker| http::router(AppState { edge: state.clone(), worker });
            let (worker, thread) = Worker::start(&node, index, router)?;
            workers.push(worker);
            edge.threads.push(thread);
        }
        node.tasks.spawn(run_heartbeat(state.clone(), node.stop.clone()));
        node.tasks.spawn(run_reports(state, node.member.reporter(), node.stop.clone()));
        if !cdn_base_url.is_empty() {
            node.tasks.spawn(registry_loader::run(node.clone(), cdn_base_url, trusted));
        }
        node.tasks.spawn(accept(node.clone(), listener, workers, edge.stop_accepting.clone()));
        tracing::info!(
            edge.address = %address,
            edge.threads = threads,
            node.id = %node.member.id,
            bus.engine = node.member.bus.engine().name(),
            "listening"
        );
        Ok(edge)
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The name of its node.
    #[must_use]
    pub fn node(&self) -> &NodeId {
        &self.node.member.id
    }

    /// Ends in order: readiness red, a pause for load balancers, no new connections, a goodbye to each peer and not to all in one instant,
    /// then the bus. Every step is bounded.
    pub async fn drain(mut self) -> DrainOutcome {
        let node = self.node.clone();
        let settings = &node.settings;
        node.start_draining();
        let connections = node.peer_count();
        tracing::info!(node.id = %node.member.id, connections, "draining");
        tokio::time::sleep(Duration::from_millis(settings.lame_duck_ms)).await;
        self.stop_accepting.cancel();
        let peers = node.start_leaving();
        node.connections.close();
        let all_gone = async {
            goodbye::say(&peers, settings.goodbye()).await;
            node.connections.wait().await;
        };
        let in_time = timeout(settings.drain_timeout(), all_gone).await.is_ok();
        let cut = if in_time { 0 } else { node.peer_count() };
        node.stop.cancel();
        node.tasks.close();
        let threads = std::mem::take(&mut self.threads);
        let joined = tokio::task::spawn_blocking(move || threads.into_iter().all(|thread| thread.join().is_ok()));
        let tasks_ended = timeout(BUS_DRAIN, node.tasks.wait()).await.is_ok();
        let threads_ended = timeout(BUS_DRAIN, joined).await.is_ok_and(|ended| ended.unwrap_or(false));
        let bus_drained = node.member.bus.drain(BUS_DRAIN).await;
        let clean = in_time && tasks_ended && threads_ended && bus_drained;
        if clean {
            tracing::info!(node.id = %node.member.id, connections, "drained");
        } else {
            tracing::warn!(
                node.id = %node.member.id,
                connections,
                connections.cut = cut,
                drain.tasks_ended = tasks_ended,
                drain.threads_ended = threads_ended,
                drain.bus = bus_drained,
                "drained, but not everything ended in time"
            );
        }
        DrainOutcome { clean, connections, cut }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop_accepting.cancel();
        self.node.closing.cancel();
        self.node.stop.cancel();
    }
}

/// Small messages at once, and little in the kernel: what waits there for a slow viewer is old when it arrives, and the ring cannot skip it.
fn prepare(socket: TcpStream) -> io::Result<std::net::TcpStream> {
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&socket).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    socket.into_std()
}

/// Takes connections and hands them to the workers.
async fn accept(node: Arc<Node>, listener: TcpListener, workers: Vec<Arc<Worker>>, stop: CancellationToken) {
    // Beside the WebSockets there is room for HTTP requests and handshakes under way.
    let limit = (node.settings.max_connections as usize).saturating_add(HTTP_CONNECTIONS);
    let mut failures = Seldom::new(Duration::from_secs(10));
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = node.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let socket = match accepted {
            Ok((socket, _)) => socket,
            Err(error) => {
                // A peer that gave up while it waited is no fault of ours; out of descriptors is, and passes when others close.
                if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
                    node.metrics.refused(Refused::AcceptFailed);
                    if let Some(unsaid) = failures.say(Instant::now()) {
                        tracing::error!(%error, unsaid, "cannot accept connections; is the limit of open files too low?");
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                continue;
            }
        };
        let handed = prepare(socket);
        let taken = match (handed, Worker::choose(&workers, limit)) {
            (Ok(socket), Some(worker)) => worker.hand_over(socket),
            _ => false,
        };
        if !taken {
            node.metrics.refused(Refused::Overloaded);
        }
    }
}
