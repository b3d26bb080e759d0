//! What every part of a running CDN shares.

use crate::CdnSettings;
use crate::auth::Token;
use crate::downloads::Downloads;
use crate::metrics::Metrics;
use crate::shelf::Shelf;
use crate::store::Store;
use grouploop_bridge::{Bus, NodeId};
use grouploop_serve::{Counts, ServeOptions, Tls};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, Semaphore};

/// Uploads that are taken in at a time: each holds at most 10 MiB.
pub(crate) const UPLOADS: usize = 4;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: CdnSettings,
    pub(crate) node: NodeId,
    pub(crate) version: String,
    pub(crate) bus: Bus,
    pub(crate) shelf: Shelf,
    pub(crate) token: Token,
    pub(crate) downloads: Arc<Downloads>,
    pub(crate) uploads: Semaphore,
    /// The registry was written here; whoever watches it need not wait.
    pub(crate) registry_written: Notify,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) tls: Option<Tls>,
    draining: AtomicBool,
}

impl State {
    pub(crate) fn new(
        settings: CdnSettings,
        node: NodeId,
        version: String,
        bus: Bus,
        store: Store,
        serve: &ServeOptions,
    ) -> Self {
        let metrics = Arc::<Metrics>::default();
        Self {
            shelf: Shelf::new(store, metrics.clone(), settings.cache_bytes, settings.revalidate()),
            token: Token::new(&settings.token),
            downloads: Arc::new(Downloads::new(metrics.clone())),
            uploads: Semaphore::new(UPLOADS),
            registry_written: Notify::new(),
            counts: serve.counts.clone(),
            tls: serve.tls.clone(),
            draining: AtomicBool::new(false),
            settings,
            node,
            version,
            bus,
            metrics,
        }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}
