//! What a CDN counts. Labels have few, fixed values; nothing is formatted until somebody asks.

use crate::error::Word;
use crate::rollout::{State, Step};
use crate::spaces::Kind;
use axum::http::StatusCode;
use grouploop_serve::metrics::{self, gauge};
use grouploop_serve::{Counts, Refused, words};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::sync::Arc;

words! {
    /// Where an object was found.
    pub(crate) enum Lookup {
        /// Fresh in memory.
        Hit = "hit",
        /// The store has the same.
        Same = "same",
        Changed = "changed",
        /// Another request was asking the store.
        Waited = "waited",
        Loaded = "loaded",
        /// In memory, the store being away.
        Stale = "stale",
        Missing = "missing",
        Failed = "failed",
    }
}

words! {
    /// How a request for firmware ended.
    pub(crate) enum Downloaded {
        Done = "done",
        Aborted = "aborted",
        /// The device has it already.
        UpToDate = "up_to_date",
        /// A rollout asked what a device runs.
        Checked = "checked",
    }
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Written,
    Removed,
    Refused(Word),
}

impl Write {
    fn all() -> impl Iterator<Item = Self> {
        [Self::Written, Self::Removed].into_iter().chain(Word::ALL.iter().copied().map(Self::Refused))
    }

    fn word(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Removed => "removed",
            Self::Refused(why) => why.word(),
        }
    }
}

/// Where devices are when a rollout has ended.
const LAST_STEPS: [(Step, &str); 3] = [(Step::Done, "done"), (Step::Failed, "failed"), (Step::Skipped, "skipped")];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct StatusLabel {
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct KindLabel {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ReasonLabel {
    reason: &'static str,
}

/// The counters and gauges of one CDN.
#[derive(Debug)]
pub(crate) struct Metrics {
    responses: Family<StatusLabel, Counter>,
    /// The most frequent answers have counters at hand.
    ok: Counter,
    not_modified: Counter,
    partial: Counter,
    pub(crate) body_bytes: Counter,
    pub(crate) lookup_hit: Counter,
    lookups: Family<OutcomeLabel, Counter>,
    writes: Family<OutcomeLabel, Counter>,
    pub(crate) written_bytes: Counter,
    downloads: Family<OutcomeLabel, Counter>,
    pub(crate) downloads_unannounced: Counter,
    pub(crate) registry_announced: Counter,
    documents_written: Family<KindLabel, Counter>,
    pub(crate) event_streams_lagged: Counter,
    rollouts_running: Gauge,
    rollouts_lease: Gauge,
    rollouts_ended: Family<OutcomeLabel, Counter>,
    rollout_devices: Family<OutcomeLabel, Counter>,
    pub(crate) rollout_reports_dropped: Counter,
    pub(crate) firmware_reports_lost: Counter,
}

/// What is looked up when somebody asks for the metrics.
#[derive(Debug, Default)]
pub(crate) struct Levels {
    pub(crate) counts: Arc<Counts>,
    pub(crate) event_streams: usize,
    pub(crate) cache_bytes: u64,
    pub(crate) store_up: bool,
    pub(crate) bus_up: bool,
    /// Seconds since 1970; none without TLS.
    pub(crate) certificate_ends: Option<u64>,
}

/// All that a CDN can tell, in the text format of Prometheus: every metric with every label, but of statuses only the most frequent.
#[must_use]
pub fn metrics_catalogue() -> String {
    Metrics::default().text(&Levels { certificate_ends: Some(0), ..Levels::default() })
}

fn outcomes(all: impl IntoIterator<Item = &'static str>) -> Family<OutcomeLabel, Counter> {
    metrics::counters(all.into_iter().map(|outcome| OutcomeLabel { outcome }))
}

impl Default for Metrics {
    fn default() -> Self {
        let documents = Kind::WRITTEN
            .into_iter()
            .flat_map(|kind| Write::all().map(move |outcome| KindLabel { kind: kind.name(), outcome: outcome.word() }));
        Self {
            responses: Family::default(),
            ok: Counter::default(),
            not_modified: Counter::default(),
            partial: Counter::default(),
            body_bytes: Counter::default(),
            lookup_hit: Counter::default(),
            lookups: outcomes(Lookup::ALL.iter().map(|outcome| outcome.word())),
            writes: outcomes(Write::all().map(Write::word)),
            written_bytes: Counter::default(),
            downloads: outcomes(Downloaded::ALL.iter().map(|outcome| outcome.word())),
            downloads_unannounced: Counter::default(),
            registry_announced: Counter::default(),
            documents_written: metrics::counters(documents),
            event_streams_lagged: Counter::default(),
            rollouts_running: Gauge::default(),
            rollouts_lease: Gauge::default(),
            rollouts_ended: outcomes(State::ENDS.map(State::word)),
            rollout_devices: outcomes(LAST_STEPS.map(|(_, outcome)| outcome)),
            rollout_reports_dropped: Counter::default(),
            firmware_reports_lost: Counter::default(),
        }
    }
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn responded(&self, status: StatusCode) {
        match status {
            StatusCode::OK => self.ok.inc(),
            StatusCode::NOT_MODIFIED => self.not_modified.inc(),
            StatusCode::PARTIAL_CONTENT => self.partial.inc(),
            status => self.responses.get_or_create(&StatusLabel { status: status.as_u16() }).inc(),
        };
    }

    /// An object was looked for, and not found fresh in memory.
    pub(crate) fn lookup(&self, outcome: Lookup) {
        self.lookups.get_or_create(&OutcomeLabel { outcome: outcome.word() }).inc();
    }

    /// A write ended.
    pub(crate) fn wrote(&self, outcome: Write) {
        self.writes.get_or_create(&OutcomeLabel { outcome: outcome.word() }).inc();
    }

    /// A download of firmware ended.
    pub(crate) fn downloaded(&self, outcome: Downloaded) {
        self.downloads.get_or_create(&OutcomeLabel { outcome: outcome.word() }).inc();
    }

    /// A write or removal of what spaces keep ended.
    pub(crate) fn kept(&self, kind: Kind, outcome: Write) {
        let label = KindLabel { kind: kind.name(), outcome: outcome.word() };
        self.documents_written.get_or_create(&label).inc();
    }

    /// How many rollouts run here, and whether they would.
    pub(crate) fn rollouts(&self, running: usize, lease: bool) {
        self.rollouts_running.set(i64::try_from(running).unwrap_or(i64::MAX));
        self.rollouts_lease.set(i64::from(lease));
    }

    /// A rollout that ran here ended, and so many of its devices in each state.
    pub(crate) fn rollout_ended(&self, state: State, devices: &BTreeMap<Step, usize>) {
        self.rollouts_ended.get_or_create(&OutcomeLabel { outcome: state.word() }).inc();
        for (step, outcome) in LAST_STEPS {
            let count = devices.get(&step).copied().unwrap_or_default();
            self.rollout_devices.get_or_create(&OutcomeLabel { outcome }).inc_by(count as u64);
        }
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn text(&self, levels: &Levels) -> String {
        for (status, count) in [(200, &self.ok), (304, &self.not_modified), (206, &self.partial)] {
            let shown = self.responses.get_or_create(&StatusLabel { status });
            shown.inc_by(count.get().saturating_sub(shown.get()));
        }
        let hits = self.lookups.get_or_create(&OutcomeLabel { outcome: Lookup::Hit.word() });
        hits.inc_by(self.lookup_hit.get().saturating_sub(hits.get()));
        drop(hits);

        let mut registry = Registry::with_prefix("grouploop_cdn");
        registry.register("responses", "Answered requests by HTTP status", self.responses.clone());
        registry.register_with_unit(
            "body",
            "Bytes of bodies of objects answered with",
            Unit::Bytes,
            self.body_bytes.clone(),
        );
        registry.register(
            "lookups",
            "Objects looked for, by outcome; all but hit (fresh in memory) and waited (for another request that asked) asked the store, and stale \
             means that it did not answer",
            self.lookups.clone(),
        );
        registry.register(
            "writes",
            "PUT and DELETE requests of objects, by outcome: the error word when nothing was done",
            self.writes.clone(),
        );
        registry.register_with_unit("written", "Bytes written to the store", Unit::Bytes, self.written_bytes.clone());
        registry.register("downloads", "Requests for firmware images, by outcome", self.downloads.clone());
        registry.register(
            "downloads_unannounced",
            "Downloads of firmware not announced on the bus, because there were too many at a time",
            self.downloads_unannounced.clone(),
        );
        registry.register(
            "registry_announced",
            "Changes of the command registry announced on the bus",
            self.registry_announced.clone(),
        );
        registry.register(
            "documents_written",
            "PUT and DELETE requests of what spaces keep, by kind and outcome: the error word when nothing was done",
            self.documents_written.clone(),
        );
        registry.register("event_streams", "Streams of events that are open", gauge(levels.event_streams as u64));
        registry.register(
            "event_streams_lagged",
            "Streams of events ended because their page was too far behind",
            self.event_streams_lagged.clone(),
        );
        registry.register("rollouts_running", "Rollouts that this CDN runs", self.rollouts_running.clone());
        registry.register(
            "rollouts_lease",
            "1 while this CDN is the one that runs rollouts",
            self.rollouts_lease.clone(),
        );
        registry.register("rollouts_ended", "Rollouts that ended here, by outcome", self.rollouts_ended.clone());
        registry.register("rollout_devices", "Devices of these rollouts, by outcome", self.rollout_devices.clone());
        registry.register(
            "firmware_reports_lost",
            "Reports of downloads that the bus did not take",
            self.firmware_reports_lost.clone(),
        );
        registry.register(
            "rollout_reports_dropped",
            "Reports of downloads that a rollout here could not take in",
            self.rollout_reports_dropped.clone(),
        );
        let Levels { counts, .. } = levels;
        let refused = Refused::ALL.iter().map(|why| (ReasonLabel { reason: why.word() }, counts.refused(*why)));
        registry.register("connections", "Open connections", gauge(counts.open() as u64));
        registry.register("connections_refused", "Connections not taken, by reason", metrics::totals(refused));
        registry.register(
            "connections_slow",
            "Connections ended because their client was too slow",
            metrics::total(counts.slow()),
        );
        registry.register_with_unit("cache", "Objects in memory", Unit::Bytes, gauge(levels.cache_bytes));
        registry.register("store_up", "1 while the object store answers", gauge(levels.store_up.into()));
        registry.register("bus_up", "1 while the bus carries messages", gauge(levels.bus_up.into()));
        metrics::register_certificate(&mut registry, levels.certificate_ends);
        metrics::text(&registry)
    }
}
