//! What a CDN counts. Labels have few, fixed values; nothing is formatted until somebody asks.

use crate::rollout::Step;
use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;

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
#[derive(Debug, Default)]
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
    event_streams: Gauge,
    rollouts_running: Gauge,
    rollouts_lease: Gauge,
    rollouts_ended: Family<OutcomeLabel, Counter>,
    rollout_devices: Family<OutcomeLabel, Counter>,
    pub(crate) rollout_reports_dropped: Counter,
    connections: Gauge,
    connections_refused: Family<ReasonLabel, Gauge>,
    connections_slow: Gauge,
    cache_bytes: Gauge,
    store_up: Gauge,
    bus_up: Gauge,
}

/// What is looked up when somebody asks for the metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels {
    pub(crate) connections: usize,
    pub(crate) event_streams: usize,
    pub(crate) overloaded: u64,
    pub(crate) accept_failed: u64,
    pub(crate) slow: u64,
    pub(crate) tls_failed: u64,
    pub(crate) cache_bytes: u64,
    pub(crate) store_up: bool,
    pub(crate) bus_up: bool,
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
    pub(crate) fn lookup(&self, outcome: &'static str) {
        self.lookups.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// A write ended.
    pub(crate) fn wrote(&self, outcome: &'static str) {
        self.writes.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// A download of firmware ended.
    pub(crate) fn downloaded(&self, outcome: &'static str) {
        self.downloads.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// A write or removal of what spaces keep ended.
    pub(crate) fn kept(&self, kind: &'static str, outcome: &'static str) {
        self.documents_written.get_or_create(&KindLabel { kind, outcome }).inc();
    }

    /// How many rollouts run here, and whether they would.
    pub(crate) fn rollouts(&self, running: usize, lease: bool) {
        self.rollouts_running.set(i64::try_from(running).unwrap_or(i64::MAX));
        self.rollouts_lease.set(i64::from(lease));
    }

    /// A rollout that ran here ended, and so many of its devices in each state.
    pub(crate) fn rollout_ended(&self, outcome: &'static str, devices: &BTreeMap<Step, usize>) {
        self.rollouts_ended.get_or_create(&OutcomeLabel { outcome }).inc();
        for (outcome, step) in [("done", Step::Done), ("failed", Step::Failed), ("skipped", Step::Skipped)] {
            let count = devices.get(&step).copied().unwrap_or_default();
            self.rollout_devices.get_or_create(&OutcomeLabel { outcome }).inc_by(count as u64);
        }
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn text(&self, levels: Levels) -> String {
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.connections.set(whole(levels.connections as u64));
        self.event_streams.set(whole(levels.event_streams as u64));
        self.connections_slow.set(whole(levels.slow));
        let Levels { overloaded, accept_failed, tls_failed, .. } = levels;
        for (reason, count) in
            [("overloaded", overloaded), ("accept_failed", accept_failed), ("tls_failed", tls_failed)]
        {
            self.connections_refused.get_or_create(&ReasonLabel { reason }).set(whole(count));
        }
        self.cache_bytes.set(whole(levels.cache_bytes));
        self.store_up.set(i64::from(levels.store_up));
        self.bus_up.set(i64::from(levels.bus_up));
        for (status, count) in [(200, &self.ok), (304, &self.not_modified), (206, &self.partial)] {
            let shown = self.responses.get_or_create(&StatusLabel { status });
            shown.inc_by(count.get().saturating_sub(shown.get()));
        }
        let hits = self.lookups.get_or_create(&OutcomeLabel { outcome: "hit" });
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
            "Objects looked for, by outcome: hit (fresh in memory), same, changed (asked of the store), waited (for such a look), loaded, \
             stale (from memory, the store being away), missing, failed",
            self.lookups.clone(),
        );
        registry.register("writes", "PUT and DELETE requests, by outcome", self.writes.clone());
        registry.register_with_unit("written", "Bytes written to the store", Unit::Bytes, self.written_bytes.clone());
        registry.register(
            "downloads",
            "Requests for firmware images, by outcome: done, aborted, up_to_date, checked",
            self.downloads.clone(),
        );
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
            "PUT and DELETE requests of what spaces keep, by kind and outcome",
            self.documents_written.clone(),
        );
        registry.register("event_streams", "Streams of events that are open", self.event_streams.clone());
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
            "rollout_reports_dropped",
            "Reports of downloads that a rollout here could not take in",
            self.rollout_reports_dropped.clone(),
        );
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register(
            "connections_refused",
            "Connections not taken since the start, by reason",
            self.connections_refused.clone(),
        );
        registry.register(
            "connections_slow",
            "Connections ended since the start because their client was too slow",
            self.connections_slow.clone(),
        );
        registry.register_with_unit("cache", "Objects in memory", Unit::Bytes, self.cache_bytes.clone());
        registry.register("store_up", "1 while the object store answers", self.store_up.clone());
        registry.register("bus_up", "1 while the bus carries messages", self.bus_up.clone());
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}
