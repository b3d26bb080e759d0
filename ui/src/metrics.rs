//! What is counted. Labels have few, fixed values; nothing is formatted until somebody asks.

use crate::Port;
use crate::error::HttpError;
use crate::http::Kind;
use axum::http::StatusCode;
use grouploop_serve::metrics;
use grouploop_serve::{Counts, Refused};
use prometheus_client::encoding::EncodeLabelSet;
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

impl OutcomeLabel {
    fn of(error: Option<&HttpError>) -> Self {
        Self { outcome: error.map_or("answered", HttpError::word) }
    }
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

/// All that the pages' server can tell, in the text format of Prometheus: every metric with every label, but of statuses only 200.
#[must_use]
pub fn metrics_catalogue() -> String {
    let metrics = Metrics::default();
    for port in Port::ALL {
        for kind in Kind::ALL {
            metrics.responded(port, *kind, StatusCode::OK);
        }
    }
    metrics.text(&Port::ALL.map(|port| (port, Arc::default())), Some(0))
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            responses: Family::default(),
            fetches: metrics::counters(
                [None].into_iter().chain(HttpError::CDN.iter().map(Some)).map(|error| OutcomeLabel::of(error)),
            ),
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

    /// Something of the CDN's was asked for, and why there was no answer, if so.
    pub(crate) fn fetched(&self, error: Option<&HttpError>) {
        self.fetches.get_or_create(&OutcomeLabel::of(error)).inc();
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
    pub(crate) fn text(&self, ports: &[(Port, Arc<Counts>)], certificate_ends: Option<u64>) -> String {
        let page = |port: &Port| PageLabel { page: port.page() };
        let connections = Family::<PageLabel, Gauge>::default();
        for (port, counts) in ports {
            connections.get_or_create(&page(port)).set(i64::try_from(counts.open()).unwrap_or(i64::MAX));
        }
        let slow = metrics::totals(ports.iter().map(|(port, counts)| (page(port), counts.slow())));
        let refused = metrics::totals(ports.iter().flat_map(|(port, counts)| {
            let label = |why: &Refused| RefusedLabel { page: port.page(), reason: why.word() };
            Refused::ALL.iter().map(move |why| (label(why), counts.refused(*why)))
        }));

        let mut registry = Registry::with_prefix("grouploop_ui");
        registry.register(
            "responses",
            "Answered requests by the page of the port, HTTP status and what was answered with: a page (a file of ours), a file of an app, \
             something of the CDN, anything else",
            self.responses.clone(),
        );
        registry.register(
            "cdn_fetches",
            "Requests for what the CDN has, by outcome: answered, whatever with, or the error word",
            self.fetches.clone(),
        );
        registry.register(
            "cdn_up",
            "1 while the CDN answers: asked every 5 s, and noted whenever something is fetched",
            self.cdn_up.clone(),
        );
        registry.register("apps", "Apps in the folder when they were last listed", self.apps.clone());
        registry.register("connections", "Open connections by the page of the port", connections);
        registry.register("connections_refused", "Connections not taken, by the page of the port and reason", refused);
        registry.register(
            "connections_slow",
            "Connections ended because their client was too slow, by the page of the port",
            slow,
        );
        metrics::register_certificate(&mut registry, certificate_ends);
        metrics::text(&registry)
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
        metrics.fetched(Some(&HttpError::CdnAway));
        metrics.listed(3);
        metrics.cdn_up(false);
        let text = metrics.text(&[(Port::Hub, Arc::default()), (Port::Emulator, Arc::default())], Some(7));
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
            "certificate_ends_seconds 7",
        ] {
            assert!(text.contains(&format!("\ngrouploop_ui_{line}\n")), "{line} in {text}");
        }
    }
}
