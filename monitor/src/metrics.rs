//! What a monitor counts. What it shows of others they tell themselves; this is about how it does its own work.

use axum::http::StatusCode;
use grouploop_serve::metrics::{self, gauge, total};
use grouploop_serve::{Counts, Refused, words};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

words! {
    /// Why a request was refused that could have been all right.
    pub(crate) enum Refusal {
        Origin = "origin",
        TooManyStreams = "too_many_streams",
        TooManyTaps = "too_many_taps",
        TooManySpaces = "too_many_spaces",
        BusAway = "bus_away",
    }
}

/// What is counted as it happens; everything else is looked up when somebody asks.
#[derive(Debug)]
pub(crate) struct Metrics {
    responses: Family<StatusLabel, Counter>,
    refused: Family<ReasonLabel, Counter>,
    pub(crate) heard: Counter,
    pub(crate) misunderstood: Counter,
    pub(crate) rosters: Counter,
    pub(crate) nats_failed: Counter,
    pub(crate) pictures_sent: Counter,
    pub(crate) pictures_skipped: Counter,
    pub(crate) tapped_shown: Counter,
    pub(crate) tapped_skipped: Counter,
}

/// What is looked up when somebody asks for the metrics.
#[derive(Debug, Default)]
pub(crate) struct Levels {
    pub(crate) streams: usize,
    pub(crate) taps: usize,
    pub(crate) counts: Arc<Counts>,
    pub(crate) bus_up: bool,
    pub(crate) bus_lost: u64,
    pub(crate) nats_away: usize,
    /// Seconds since 1970; none without TLS.
    pub(crate) certificate_ends: Option<u64>,
}

/// All that a monitor can tell, in the text format of Prometheus: every metric with every label, but of statuses only 200.
#[must_use]
pub fn metrics_catalogue() -> String {
    let metrics = Metrics::new();
    metrics.responded(StatusCode::OK);
    metrics.text(&Levels { certificate_ends: Some(0), ..Levels::default() })
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            responses: Family::default(),
            refused: metrics::counters(Refusal::ALL.iter().map(|why| ReasonLabel { reason: why.word() })),
            heard: Counter::default(),
            misunderstood: Counter::default(),
            rosters: Counter::default(),
            nats_failed: Counter::default(),
            pictures_sent: Counter::default(),
            pictures_skipped: Counter::default(),
            tapped_shown: Counter::default(),
            tapped_skipped: Counter::default(),
        }
    }

    /// A request was answered.
    pub(crate) fn responded(&self, status: StatusCode) {
        self.responses.get_or_create(&StatusLabel { status: status.as_u16() }).inc();
    }

    /// A request was refused that could have been all right.
    pub(crate) fn refused(&self, why: Refusal) {
        self.refused.get_or_create(&ReasonLabel { reason: why.word() }).inc();
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn text(&self, levels: &Levels) -> String {
        let mut registry = Registry::with_prefix("grouploop_monitor");
        registry.register("responses", "Answered requests by HTTP status", self.responses.clone());
        registry.register(
            "refused",
            "Requests refused that could have been all right, by reason",
            self.refused.clone(),
        );
        registry.register("messages_heard", "Messages heard on the bus, taps apart", self.heard.clone());
        registry.register(
            "messages_misunderstood",
            "Reports and presence that could not be read",
            self.misunderstood.clone(),
        );
        registry.register("rosters", "Times that nodes were asked for the devices of a space", self.rosters.clone());
        registry.register(
            "nats_looks_failed",
            "Times that a NATS server was asked for its figures and did not answer",
            self.nats_failed.clone(),
        );
        registry.register("nats_servers_away", "NATS servers that do not answer", gauge(levels.nats_away as u64));
        registry.register("streams", "Streams of the system that are open", gauge(levels.streams as u64));
        registry.register("taps", "Taps that are open", gauge(levels.taps as u64));
        registry.register("pictures_sent", "Pictures of the system sent to streams", self.pictures_sent.clone());
        registry.register(
            "pictures_skipped",
            "Pictures that streams did not get because they were slow",
            self.pictures_skipped.clone(),
        );
        registry.register("tapped_shown", "Messages that taps showed", self.tapped_shown.clone());
        registry.register(
            "tapped_skipped",
            "Messages that taps did not show because there were too many",
            self.tapped_skipped.clone(),
        );
        let Levels { counts, .. } = levels;
        registry.register("connections", "Open connections", gauge(counts.open() as u64));
        registry.register(
            "connections_refused",
            "Connections not taken, by reason",
            metrics::totals(Refused::ALL.iter().map(|why| (ReasonLabel { reason: why.word() }, counts.refused(*why)))),
        );
        registry.register(
            "connections_slow",
            "Connections ended because their client was too slow",
            total(counts.slow()),
        );
        registry.register("bus_up", "1 while the bus carries messages", gauge(levels.bus_up.into()));
        registry.register(
            "bus_lost_messages",
            "Messages lost by full bus subscriptions, a lower bound with NATS",
            total(levels.bus_lost),
        );
        metrics::register_certificate(&mut registry, levels.certificate_ends);
        metrics::text(&registry)
    }
}
