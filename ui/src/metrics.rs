//! What is counted. Labels have few, fixed values; nothing is formatted until somebody asks.

use crate::Port;
use crate::http::Kind;
use axum::http::StatusCode;
use grouploop_serve::Counts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResponseLabel {
    page: &'static str,
    kind: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PageLabel {
    page: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabel {
    page: &'static str,
    reason: &'static str,
}

/// The counters and gauges of all ports.
#[derive(Debug)]
pub(crate) struct Metrics {
    responses: Family<ResponseLabel, Counter>,
    fetches: Family<OutcomeLabel, Counter>,
    apps: Gauge,
    cdn_up: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            responses: Family::default(),
            fetches: Family::default(),
            apps: Gauge::default(),
            cdn_up: Gauge::default(),
        };
        metrics.cdn_up(true);
        metrics
    }
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn responded(&self, port: Port, kind: Kind, status: StatusCode) {
        let label = ResponseLabel { page: port.page(), kind: kind.word(), status: status.as_u16() };
        self.responses.get_or_create(&label).inc();
    }

    /// Something of the CDN's was asked for.
    pub(crate) fn fetched(&self, outcome: &'static str) {
        self.fetches.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// The apps were listed.
    pub(crate) fn listed(&self, apps: usize) {
        self.apps.set(i64::try_from(apps).unwrap_or(i64::MAX));
    }

    /// Whether the CDN answers.
    pub(crate) fn cdn_up(&self, up: bool) {
        self.cdn_up.set(i64::from(up));
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn text(&self, ports: &[(Port, Arc<Counts>)]) -> String {
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let counter = |count: u64| {
            let counter = Counter::<u64>::default();
            counter.inc_by(count);
            counter
        };
        let (connections, slow) = (Family::<PageLabel, Gauge>::default(), Family::<PageLabel, Counter>::default());
        let refused = Family::<RefusedLabel, Counter>::default();
        for (port, counts) in ports {
            let page = port.page();
            connections.get_or_create(&PageLabel { page }).set(whole(counts.open() as u64));
            slow.get_or_create(&PageLabel { page }).inc_by(counter(counts.slow()).get());
            for (reason, count) in [
                ("overloaded", counts.overloaded()),
                ("accept_failed", counts.accept_failed()),
                ("tls_failed", counts.tls_failed()),
            ] {
                refused.get_or_create(&RefusedLabel { page, reason }).inc_by(count);
            }
        }

        let mut registry = Registry::with_prefix("grouploop_ui");
        registry.register(
            "responses",
            "Answered requests by the page of the port, HTTP status and kind: page (a file of ours), app (a file of somebody's), cdn (fetched \
             from there), other",
            self.responses.clone(),
        );
        registry.register(
            "cdn_fetches",
            "Requests for what the CDN has, by outcome: answered (whatever with), cdn_away, cdn_failed, cdn_elsewhere, cdn_loop, cdn_busy",
            self.fetches.clone(),
        );
        registry.register("cdn_up", "1 while the CDN answers", self.cdn_up.clone());
        registry.register("apps", "Apps in the folder when they were last listed", self.apps.clone());
        registry.register("connections", "Open connections by the page of the port", connections);
        registry.register(
            "connections_refused",
            "Connections not taken, by the page of the port and reason: overloaded, accept_failed, tls_failed",
            refused,
        );
        registry.register(
            "connections_slow",
            "Connections ended because their client was too slow, by the page of the port",
            slow,
        );
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_counted_is_told() {
        let metrics = Metrics::default();
        metrics.responded(Port::Hub, Kind::App, StatusCode::OK);
        metrics.responded(Port::Emulator, Kind::Page, StatusCode::NOT_MODIFIED);
        metrics.fetched("cdn_away");
        metrics.listed(3);
        metrics.cdn_up(false);
        let text = metrics.text(&[(Port::Hub, Arc::default()), (Port::Emulator, Arc::default())]);
        for line in [
            "responses_total{page=\"dashboard\",kind=\"app\",status=\"200\"} 1",
            "responses_total{page=\"emulator\",kind=\"page\",status=\"304\"} 1",
            "cdn_fetches_total{outcome=\"cdn_away\"} 1",
            "cdn_up 0",
            "apps 3",
            "connections{page=\"dashboard\"} 0",
            "connections_refused_total{page=\"emulator\",reason=\"overloaded\"} 0",
            "connections_refused_total{page=\"emulator\",reason=\"accept_failed\"} 0",
            "connections_refused_total{page=\"dashboard\",reason=\"tls_failed\"} 0",
            "connections_slow_total{page=\"dashboard\"} 0",
        ] {
            assert!(text.contains(&format!("\ngrouploop_ui_{line}\n")), "{line} in {text}");
        }
    }
}
