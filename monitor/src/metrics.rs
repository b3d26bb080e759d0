//! What a monitor counts. What it shows of others they tell themselves; this is about how it does its own work.

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// What is counted as it happens; everything else is looked up when somebody asks.
#[derive(Debug, Default)]
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
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Levels {
    pub(crate) streams: usize,
    pub(crate) taps: usize,
    pub(crate) connections: usize,
    pub(crate) overloaded: u64,
    pub(crate) accept_failed: u64,
    pub(crate) tls_failed: u64,
    pub(crate) slow: u64,
    pub(crate) bus_up: bool,
    pub(crate) bus_lost: u64,
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn responded(&self, status: StatusCode) {
        self.responses.get_or_create(&StatusLabel { status: status.as_u16() }).inc();
    }

    /// A request was refused that could have been all right.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn text(&self, levels: Levels) -> String {
        let mut registry = Registry::with_prefix("grouploop_monitor");
        registry.register("responses", "Answered requests by HTTP status", self.responses.clone());
        registry.register(
            "refused",
            "Requests refused, by reason: origin, too_many_streams, too_many_taps, too_many_spaces, bus_away",
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
        registry.register("streams", "Streams of the system that are open", gauge(levels.streams));
        registry.register("taps", "Taps that are open", gauge(levels.taps));
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
        registry.register("connections", "Open connections", gauge(levels.connections));
        let refused = Family::<ReasonLabel, Counter>::default();
        let Levels { overloaded, accept_failed, tls_failed, .. } = levels;
        for (reason, total) in
            [("overloaded", overloaded), ("accept_failed", accept_failed), ("tls_failed", tls_failed)]
        {
            refused.get_or_create(&ReasonLabel { reason }).inc_by(total);
        }
        registry.register(
            "connections_refused",
            "Connections not taken, by reason: overloaded, accept_failed, tls_failed",
            refused,
        );
        registry.register(
            "connections_slow",
            "Connections ended because their client was too slow",
            counter(levels.slow),
        );
        registry.register("bus_up", "1 while the bus carries messages", gauge(usize::from(levels.bus_up)));
        registry.register(
            "bus_lost_messages",
            "Messages lost by full bus subscriptions, a lower bound with NATS",
            counter(levels.bus_lost),
        );
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

fn gauge(now: usize) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(i64::try_from(now).unwrap_or(i64::MAX));
    gauge
}

fn counter(total: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(total);
    counter
}
