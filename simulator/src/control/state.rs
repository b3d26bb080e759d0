//! What every part of a running simulator shares.

use super::metrics::Metrics;
use super::settings::SimulatorSettings;
use super::simulator::SimulatorOptions;
use crate::deck::Deck;
use crate::scenario::EDGE;
use crate::swarms::Swarms;
use grouploop_bridge::{Bus, Registry, Version};
use grouploop_serve::{Counts, Origins, OwnPage, ServeOptions, Tls};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: SimulatorSettings,
    pub(super) version: Version,
    /// When it began, which tells it from one of the same name before it.
    pub(super) started: SystemTime,
    /// The edge of swarms that go over WebSockets and name none.
    pub(super) edge: String,
    /// What answers browsers.
    pub(super) page: OwnPage,
    pub(super) swarms: Swarms,
    /// What is recorded and played.
    pub(super) deck: Arc<Deck>,
    /// The commands that definitions may name.
    pub(super) registry: Registry,
    pub(super) origins: Origins,
    pub(super) metrics: Metrics,
    pub(super) counts: Arc<Counts>,
    pub(super) tls: Option<Tls>,
    /// One change at a time: each is read from what the one before left.
    pub(super) changing: Mutex<()>,
    streams: Arc<Semaphore>,
    /// Streams, recordings, replays, and changes that go on when whoever asked is gone.
    pub(super) tasks: TaskTracker,
    /// Streams, recordings and replays end.
    pub(super) stop: CancellationToken,
    draining: AtomicBool,
}

impl State {
    pub(super) fn new(options: SimulatorOptions, bus: Bus, ears: Bus, serve: &ServeOptions) -> Self {
        let SimulatorOptions { settings, node, version, edge, tls, page } = options;
        let swarms = Swarms::new(node, version.clone(), bus, settings.limits());
        swarms.shared_node().serves(serve.counts.clone());
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (folder, limits) = (&settings.recordings, settings.deck_limits());
        Self {
            deck: Arc::new(Deck::new(
                folder,
                limits,
                swarms.shared_node(),
                swarms.beside(),
                ears,
                tasks.clone(),
                stop.clone(),
            )),
            swarms,
            registry: Registry::built_in(),
            // The caller has looked at the complaints; what is no origin allows nobody.
            origins: Origins::parse(&settings.allow_origins).unwrap_or_default(),
            metrics: Metrics::new(),
            counts: serve.counts.clone(),
            tls,
            changing: Mutex::default(),
            streams: Arc::new(Semaphore::new(settings.max_streams as usize)),
            tasks,
            stop,
            draining: AtomicBool::new(false),
            settings,
            version,
            started: SystemTime::now(),
            edge: edge.unwrap_or_else(|| EDGE.to_owned()),
            page: page.into(),
        }
    }

    /// Leave to open a stream; `None` when there are as many as may be.
    pub(super) fn stream_permit(&self) -> Option<OwnedSemaphorePermit> {
        self.streams.clone().try_acquire_owned().ok()
    }

    pub(super) fn open_streams(&self) -> usize {
        (self.settings.max_streams as usize).saturating_sub(self.streams.available_permits())
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(super) fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}
