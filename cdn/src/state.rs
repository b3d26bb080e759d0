//! What every part of a running CDN shares.

use crate::CdnSettings;
use crate::auth::Token;
use crate::downloads::Downloads;
use crate::metrics::Metrics;
use crate::shelf::Shelf;
use crate::spaces::{Documents, News};
use crate::store::Store;
use grouploop_bridge::{Bus, Ledger, NodeId, Report, ReportHost, Version};
use grouploop_serve::{Counts, Origins, ServeOptions, Tls};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

/// Uploads that are taken in at a time: each holds at most 10 MiB.
pub(crate) const UPLOADS: usize = 4;
/// Bodies of documents that are taken in at a time: each holds at most 1 MiB.
const BODIES: usize = 32;
/// Answers with documents that are held at a time until they are sent: each at most 4 MiB.
const ANSWERS: usize = 32;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: CdnSettings,
    pub(crate) node: NodeId,
    pub(crate) version: Version,
    pub(crate) bus: Bus,
    pub(crate) shelf: Shelf,
    pub(crate) token: Token,
    pub(crate) downloads: Arc<Downloads>,
    pub(crate) uploads: Semaphore,
    /// What spaces keep, who listens to changes of it, and whose pages may change it.
    pub(crate) documents: Documents,
    pub(crate) news: News,
    pub(crate) origins: Origins,
    pub(crate) bodies: Arc<Semaphore>,
    pub(crate) answers: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    /// Streams end.
    pub(crate) closing: CancellationToken,
    /// The registry was written here; whoever watches it need not wait.
    pub(crate) registry_written: Notify,
    pub(crate) metrics: Arc<Metrics>,
    /// What rollouts ask of each space, for the reports.
    pub(crate) ledger: Ledger,
    pub(crate) counts: Arc<Counts>,
    pub(crate) tls: Option<Tls>,
    /// Where others in the same network reach this machine.
    pub(crate) lan: fn() -> Vec<Ipv4Addr>,
    draining: AtomicBool,
}

impl State {
    pub(crate) fn new(
        settings: CdnSettings,
        node: NodeId,
        version: Version,
        bus: Bus,
        store: Store,
        serve: &ServeOptions,
        lan: fn() -> Vec<Ipv4Addr>,
    ) -> Self {
        let metrics = Arc::<Metrics>::default();
        Self {
            documents: Documents::new(store.clone(), settings.max_spaces as usize),
            news: News::default(),
            // The caller has looked at the complaints; what is no origin allows nobody.
            origins: Origins::parse(&settings.allow_origins).unwrap_or_default(),
            bodies: Arc::new(Semaphore::new(BODIES)),
            answers: Arc::new(Semaphore::new(ANSWERS)),
            streams: Arc::new(Semaphore::new(settings.max_event_streams as usize)),
            closing: CancellationToken::new(),
            shelf: Shelf::new(store, metrics.clone(), settings.cache_bytes, settings.revalidate()),
            token: Token::new(&settings.token),
            downloads: Arc::new(Downloads::new(metrics.clone())),
            uploads: Semaphore::new(UPLOADS),
            registry_written: Notify::new(),
            ledger: Ledger::default(),
            counts: serve.counts.clone(),
            tls: serve.tls.clone(),
            lan,
            draining: AtomicBool::new(false),
            settings,
            node,
            version,
            bus,
            metrics,
        }
    }

    pub(crate) fn open_streams(&self) -> usize {
        (self.settings.max_event_streams as usize).saturating_sub(self.streams.available_permits())
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.closing.cancel();
    }
}

impl ReportHost for State {
    fn report(&self, report: &mut Report) {
        report.connections = self.counts.open() as u64;
        let (spaces, all) = self.ledger.look();
        (report.spaces, report.all) = (spaces.into_iter().collect(), all);
    }
}
