//! What the metrics of every role are made with. Their labels have few, fixed values, and all of them are there from the start, at 0: a rate
//! sees the first event of each, and a role that nothing happened to tells what it can count.

mod histogram;
mod words;

pub use histogram::Histogram;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::fmt::Debug;
use std::hash::Hash;

/// What `/metrics` answers with.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A set of labels.
pub trait Labels: EncodeLabelSet + Clone + Debug + Eq + Hash + Send + Sync + 'static {}

impl<L: EncodeLabelSet + Clone + Debug + Eq + Hash + Send + Sync + 'static> Labels for L {}

/// Counters at 0, one for each of these.
#[must_use]
pub fn counters<L: Labels>(labels: impl IntoIterator<Item = L>) -> Family<L, Counter> {
    totals(labels.into_iter().map(|label| (label, 0)))
}

/// Counters of what has been counted elsewhere.
#[must_use]
pub fn totals<L: Labels>(totals: impl IntoIterator<Item = (L, u64)>) -> Family<L, Counter> {
    let family = Family::<L, Counter>::default();
    for (label, total) in totals {
        family.get_or_create(&label).inc_by(total);
    }
    family
}

/// A counter of what has been counted elsewhere.
#[must_use]
pub fn total(count: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(count);
    counter
}

/// A gauge that shows this.
#[must_use]
pub fn gauge(now: u64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(i64::try_from(now).unwrap_or(i64::MAX));
    gauge
}

/// When the certificate of a role's ports ends, as seconds since 1970; nothing without TLS.
pub fn register_certificate(registry: &mut Registry, ends: Option<u64>) {
    if let Some(ends) = ends {
        let about = "When the certificate ends, as seconds since 1970; not there without TLS";
        registry.register_with_unit("certificate_ends", about, Unit::Seconds, gauge(ends));
    }
}

/// A registry in the text format of Prometheus.
#[must_use]
pub fn text(registry: &Registry) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, registry);
    text
}
