//! What every part of a running monitor shares.

use crate::metrics::Metrics;
use crate::model::Model;
use crate::monitor::MonitorOptions;
use crate::picture::Picture;
use crate::rosters::Rosters;
use crate::settings::MonitorSettings;
use axum::Router;
use grouploop_bridge::{Bus, NodeId, Version};
use grouploop_serve::{Counts, Origins, ServeOptions, Tls};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: MonitorSettings,
    pub(crate) node: NodeId,
    pub(crate) version: Version,
    pub(crate) bus: Bus,
    /// What answers browsers.
    pub(crate) page: Option<Router>,
    pub(crate) origins: Origins,
    pub(crate) metrics: Metrics,
    pub(crate) counts: Arc<Counts>,
    pub(crate) tls: Option<Tls>,
    pub(crate) rosters: Rosters,
    /// Something has changed that people want to see at once.
    pub(crate) news: Notify,
    /// The newest picture; who is slow sees the next one that there is when it can.
    pub(crate) pictures: watch::Sender<Arc<Picture>>,
    model: Mutex<Model>,
    streams: Arc<Semaphore>,
    taps: Arc<Semaphore>,
    pub(crate) tasks: TaskTracker,
    /// Streams and taps end.
    pub(crate) closing: CancellationToken,
    /// Everything else ends.
    pub(crate) stop: CancellationToken,
    draining: AtomicBool,
}

impl State {
    pub(crate) fn new(options: MonitorOptions, bus: Bus, serve: &ServeOptions) -> Self {
        let MonitorOptions { settings, node, version, tls, page, .. } = options;
        let model = Model::new(version.clone(), bus.engine().name(), settings.servers());
        Self {
            // The caller has looked at the complaints; what is no origin allows nobody.
            origins: Origins::parse(&settings.allow_origins).unwrap_or_default(),
            metrics: Metrics::new(),
            counts: serve.counts.clone(),
            tls,
            rosters: Rosters::default(),
            news: Notify::new(),
            pictures: watch::Sender::new(Arc::default()),
            model: Mutex::new(model),
            streams: Arc::new(Semaphore::new(settings.max_streams as usize)),
            taps: Arc::new(Semaphore::new(settings.max_taps as usize)),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            stop: CancellationToken::new(),
            draining: AtomicBool::new(false),
            settings,
            node,
            version,
            bus,
            page,
        }
    }

    /// What is known. Held for moments: nobody waits with it.
    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leave to open a stream; `None` when there are as many as may be.
    pub(crate) fn stream_permit(&self) -> Option<OwnedSemaphorePermit> {
        self.streams.clone().try_acquire_owned().ok()
    }

    /// Leave to open a tap.
    pub(crate) fn tap_permit(&self) -> Option<OwnedSemaphorePermit> {
        self.taps.clone().try_acquire_owned().ok()
    }

    pub(crate) fn open_streams(&self) -> usize {
        (self.settings.max_streams as usize).saturating_sub(self.streams.available_permits())
    }

    pub(crate) fn open_taps(&self) -> usize {
        (self.settings.max_taps as usize).saturating_sub(self.taps.available_permits())
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.closing.cancel();
    }
}

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
