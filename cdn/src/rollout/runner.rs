//! Runs the rollouts that are under way while this CDN holds the lease: starts a [drive](super::drive) for each, and hands them what is
//! reported of downloads.

use super::active::{Active, in_order, remove};
use super::drive::{Drive, Held, Report, Reports, TakenUp};
use super::lease::Lease;
use crate::state::State;
use crate::store::StoreError;
use futures_util::StreamExt;
use futures_util::future::OptionFuture;
use grouploop_bridge::{FirmwareReport, Subject, Subscription};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Time between two looks at what is under way, and between two beats of the lease.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Reports that may wait for one rollout: two for each of its devices.
const REPORTS: usize = 8192;

/// The runner of one CDN.
#[derive(Debug)]
pub(crate) struct Runner {
    state: Arc<State>,
    lease: Lease,
    held: watch::Sender<Held>,
    drives: BTreeMap<String, Handle>,
    tasks: JoinSet<String>,
    stop_drives: CancellationToken,
    firmware: Option<Subscription>,
    /// Since when there is no bus.
    bus_away: Option<Instant>,
    /// There is no list of rollouts under way, and no record tells of one.
    has_sought: bool,
}

#[derive(Debug)]
struct Handle {
    reports: mpsc::Sender<Report>,
    some_missed: Arc<AtomicBool>,
    nudge: Arc<Notify>,
}

impl Runner {
    pub(crate) fn new(state: Arc<State>) -> Self {
        let lease = Lease::new(state.documents.store().clone(), state.node.clone());
        Self {
            state,
            lease,
            held: watch::Sender::new(None),
            drives: BTreeMap::new(),
            tasks: JoinSet::new(),
            stop_drives: CancellationToken::new(),
            firmware: None,
            bus_away: None,
            has_sought: false,
        }
    }

    /// Runs until `stop`; then another CDN may go on at once.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let state = self.state.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = self.tasks.join_next() => self.ended(ended.ok()),
                report = next(self.firmware.as_mut()) => match report {
                    Some(report) => self.report(&report),
                    None => self.firmware = None,
                },
                () = state.news.rollouts.notified() => self.drives.values().for_each(|drive| drive.nudge.notify_one()),
                _ = ticks.tick() => self.look().await,
            }
        }
        self.stop().await;
        self.lease.let_go().await;
    }

    async fn look(&mut self) {
        self.bus_away = if self.state.bus.is_up() { None } else { self.bus_away.or_else(|| Some(Instant::now())) };
        // While the store is away those that run wait by themselves.
        let Ok(active) = in_order(&self.state.documents, &mut self.has_sought).await else { return };
        if active.is_empty() && self.drives.is_empty() {
            self.lease.let_go().await;
            self.show();
            return;
        }
        let before = self.lease.held().map(|(term, _)| term);
        if let Err(error) = self.lease.turn(self.bus_away).await {
            tracing::debug!(%error, "the lease for rollouts cannot be looked at");
        }
        self.show();
        // Another term: between the two somebody else may have had them.
        if before.is_some() && self.lease.held().map(|(term, _)| term) != before {
            self.stop().await;
        }
        match self.lease.held() {
            None => self.stop().await,
            Some((term, until)) if Instant::now() < until => {
                for active in active {
                    if !self.drives.contains_key(&active.id)
                        && let Err(error) = self.start(active, term).await
                    {
                        tracing::debug!(%error, "a rollout cannot be taken up yet");
                    }
                }
            }
            Some(_) => {}
        }
    }

    fn show(&self) {
        self.held.send_replace(self.lease.held());
        self.state.metrics.rollouts(self.drives.len(), self.lease.held().is_some());
    }

    async fn start(&mut self, active: Active, term: u64) -> Result<(), StoreError> {
        if self.firmware.is_none() {
            // Before anybody is told, so that nothing of what follows is missed. A closed bus means that the CDN ends.
            self.firmware = self.state.bus.subscribe(Subject::Firmware).await.ok();
        }
        let (reports, incoming) = mpsc::channel(REPORTS);
        let (nudge, some_missed, id) = (Arc::new(Notify::new()), Arc::<AtomicBool>::default(), active.id.clone());
        let incoming = Reports { incoming, some_missed: some_missed.clone() };
        let taken =
            Drive::take_up(self.state.clone(), active.clone(), term, self.held.subscribe(), incoming, nudge.clone())
                .await?;
        let drive = match taken {
            TakenUp::Drive(drive) => drive,
            // It ended, and whoever ran it could not say so any more.
            TakenUp::Over => return remove(&self.state.documents, &active).await,
            TakenUp::Later(later) => {
                self.lease.surpass(later);
                return Ok(());
            }
        };
        let stop = self.stop_drives.clone();
        self.drives.insert(id.clone(), Handle { reports, some_missed, nudge });
        self.tasks.spawn(async move {
            drive.run(stop).await;
            id
        });
        Ok(())
    }

    fn ended(&mut self, id: Option<String>) {
        if let Some(id) = id {
            self.drives.remove(&id);
        }
        if self.drives.is_empty() {
            self.firmware = None;
        }
        self.show();
    }

    fn report(&self, payload: &[u8]) {
        let Ok(report) = serde_json::from_slice::<FirmwareReport>(payload) else { return };
        for download in report.downloads {
            let Some(drive) = download.rollout.as_ref().and_then(|id| self.drives.get(id)) else { continue };
            if drive.reports.try_send((report.node.clone(), download)).is_err() {
                drive.some_missed.store(true, Ordering::Relaxed);
                self.state.metrics.rollout_reports_dropped.inc();
            }
        }
    }

    /// Ends all drives, and waits until they have written what they know.
    async fn stop(&mut self) {
        self.stop_drives.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.drives.clear();
        self.firmware = None;
        self.stop_drives = CancellationToken::new();
    }
}

/// The next report, or never while nobody wants one.
async fn next(firmware: Option<&mut Subscription>) -> Option<bytes::Bytes> {
    match OptionFuture::from(firmware.map(StreamExt::next)).await {
        Some(delivery) => delivery.map(|delivery| delivery.payload),
        None => std::future::pending().await,
    }
}
