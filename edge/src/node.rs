//! An edge as a node: its place on the bus, settings, metrics, registry and connections. Spaces are built on it.

use crate::EdgeSettings;
use crate::metrics::Metrics;
use crate::peer::{Peer, PeerId};
use grouploop_bridge::{Bus, CloseReason, Ledger, Member, NodeId, Registry, Tracer, Version};
use grouploop_serve::{Seldom, Tls};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What it is to other nodes.
const ROLE: &str = "edge";

/// One edge, without what is going on in it.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its name, bus and clock, and what it knows of other nodes.
    pub(crate) member: Member,
    pub(crate) settings: EdgeSettings,
    pub(crate) threads: usize,
    pub(crate) metrics: Metrics,
    /// What is counted by space, for the reports.
    pub(crate) ledger: Ledger,
    /// For clients that begin a connection with it; none and all are plain.
    pub(crate) tls: Option<Tls>,
    pub(crate) tracer: Tracer,
    /// Where what is not a connection runs: bus, heartbeat, registry.
    pub(crate) runtime: Handle,
    /// Everything spawned, so that drain can await it.
    pub(crate) tasks: TaskTracker,
    /// Connections and their upgrades alone: drain awaits them first.
    pub(crate) connections: TaskTracker,
    /// Ends HTTP connections after their current answer.
    pub(crate) closing: CancellationToken,
    /// Ends the tasks that are not connections.
    pub(crate) stop: CancellationToken,
    /// How often a clash is logged.
    pub(crate) clash_log: Mutex<Seldom>,
    registry: RwLock<Arc<Registry>>,
    registry_from_cdn: AtomicBool,
    draining: AtomicBool,
    leaving: AtomicBool,
    next_peer: AtomicU64,
    peers: Mutex<HashMap<PeerId, Arc<Peer>>>,
}

impl Node {
    pub(crate) fn new(
        id: NodeId,
        version: Version,
        settings: EdgeSettings,
        threads: usize,
        tls: Option<Tls>,
        tracer: Tracer,
        bus: Bus,
    ) -> Self {
        Self {
            member: Member::new(id, ROLE, version, bus),
            settings,
            threads,
            metrics: Metrics::new(),
            ledger: Ledger::default(),
            tls,
            tracer,
            runtime: Handle::current(),
            tasks: TaskTracker::new(),
            connections: TaskTracker::new(),
            closing: CancellationToken::new(),
            stop: CancellationToken::new(),
            clash_log: Mutex::new(Seldom::new(Duration::from_secs(10))),
            registry: RwLock::new(Arc::new(Registry::built_in())),
            registry_from_cdn: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            next_peer: AtomicU64::new(1),
            peers: Mutex::default(),
        }
    }

    /// The registry as it is now.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Uses another registry from now on.
    pub(crate) fn set_registry(&self, registry: Registry) {
        *self.registry.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(registry);
        self.registry_from_cdn.store(true, Ordering::Release);
    }

    /// Where the registry is from: `cdn` or `built_in`.
    pub(crate) fn registry_source(&self) -> &'static str {
        if self.registry_from_cdn.load(Ordering::Acquire) { "cdn" } else { "built_in" }
    }

    pub(crate) fn next_peer_id(&self) -> PeerId {
        self.next_peer.fetch_add(1, Ordering::Relaxed)
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<PeerId, Arc<Peer>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a connection, so that drain can say goodbye to it.
    pub(crate) fn add_peer(&self, peer: &Arc<Peer>) {
        self.peers().insert(peer.id, peer.clone());
        // Drain sets the flag before it looks at the peers, so one of the two sees this connection.
        if self.is_leaving() {
            peer.say_goodbye(CloseReason::Restart);
        }
    }

    pub(crate) fn remove_peer(&self, peer: PeerId) {
        self.peers().remove(&peer);
    }

    /// Open WebSocket connections.
    pub(crate) fn peer_count(&self) -> usize {
        self.peers().len()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Whether there are no new connections any more.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// Turns readiness red.
    pub(crate) fn start_draining(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Takes no new connections from now on; returns those that there are.
    pub(crate) fn start_leaving(&self) -> Vec<Arc<Peer>> {
        self.leaving.store(true, Ordering::Release);
        self.closing.cancel();
        self.peers().values().cloned().collect()
    }
}
