//! From spans that ended to requests of OTLP.

use super::PATIENCE;
use crate::settings::mask_urls;
use grouploop_bridge::{EndedSpan, NodeId, Side, SpanSink};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use reqwest::Client;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Where OTLP takes traces, below the endpoint.
const PATH: &str = "/v1/traces";
/// Spans of one request.
const BATCH: usize = 512;
/// How often what waits is sent.
const EVERY: Duration = Duration::from_secs(1);

/// Where spans wait.
#[derive(Debug)]
pub(super) struct Queue {
    sender: mpsc::Sender<EndedSpan>,
    dropped: AtomicU64,
}

impl Queue {
    pub(super) fn new(sender: mpsc::Sender<EndedSpan>) -> Self {
        Self { sender, dropped: AtomicU64::new(0) }
    }
}

impl SpanSink for Queue {
    fn take(&self, span: EndedSpan) {
        if self.sender.try_send(span).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// The task that sends spans.
#[derive(Debug)]
pub(super) struct Export {
    exporter: SpanExporter,
    scope: InstrumentationScope,
    queue: Arc<Queue>,
    endpoint: String,
    away: bool,
}

impl Export {
    pub(super) fn new(
        endpoint: &str,
        client: Client,
        role: &'static str,
        node: &NodeId,
        queue: Arc<Queue>,
    ) -> anyhow::Result<Self> {
        let url = format!("{}{PATH}", endpoint.trim_end_matches('/'));
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(url)
            .with_timeout(PATIENCE)
            .build()?;
        let about = [
            KeyValue::new("service.namespace", "grouploop"),
            KeyValue::new("service.instance.id", node.to_string()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ];
        let resource =
            Resource::builder_empty().with_service_name(format!("grouploop-{role}")).with_attributes(about).build();
        exporter.set_resource(&resource);
        let scope = InstrumentationScope::builder("grouploop").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Self { exporter, scope, queue, endpoint: mask_urls(endpoint), away: false })
    }

    /// Sends until told to stop, and then what still waits.
    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<EndedSpan>, stop: CancellationToken) {
        let mut beat = interval(EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut spans = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = beat.tick() => {}
            }
            self.send_all(&mut waiting, &mut spans).await;
        }
        self.send_all(&mut waiting, &mut spans).await;
    }

    /// Sends what waits now.
    async fn send_all(&mut self, waiting: &mut mpsc::Receiver<EndedSpan>, spans: &mut Vec<SpanData>) {
        for _ in 0..waiting.len().div_ceil(BATCH) {
            while spans.len() < BATCH
                && let Ok(span) = waiting.try_recv()
            {
                spans.push(self.span_data(span));
            }
            let count = spans.len() as u64;
            match self.exporter.export(std::mem::take(spans)).await {
                Ok(()) => self.back(),
                Err(error) => {
                    self.queue.dropped.fetch_add(count, Ordering::Relaxed);
                    self.gone(&error);
                }
            }
        }
    }

    fn back(&mut self) {
        if std::mem::take(&mut self.away) {
            tracing::info!(
                tracing.endpoint = self.endpoint,
                tracing.spans_dropped = self.queue.dropped(),
                "collector of traces reachable again"
            );
        }
    }

    fn gone(&mut self, error: &dyn std::error::Error) {
        if !std::mem::replace(&mut self.away, true) {
            tracing::warn!(tracing.endpoint = self.endpoint, %error, "no collector of traces, they are thrown away until it is back");
        }
    }

    fn span_data(&self, span: EndedSpan) -> SpanData {
        let EndedSpan { context, parent, name, side, start, end, success, about } = span;
        let id = |span: u64| SpanId::from_bytes(span.to_be_bytes());
        let trace = TraceId::from_bytes(context.trace.to_be_bytes());
        let about = about.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
        SpanData {
            span_context: SpanContext::new(trace, id(context.span), TraceFlags::SAMPLED, false, TraceState::NONE),
            parent_span_id: parent.map_or(SpanId::INVALID, |parent| id(parent.span)),
            parent_span_is_remote: matches!(side, Side::Server | Side::Consumer),
            span_kind: match side {
                Side::Server => SpanKind::Server,
                Side::Producer => SpanKind::Producer,
                Side::Consumer => SpanKind::Consumer,
                Side::Internal => SpanKind::Internal,
            },
            name: Cow::Borrowed(name),
            start_time: start,
            end_time: end,
            attributes: about,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: if success { Status::Unset } else { Status::error("failed") },
            instrumentation_scope: self.scope.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grouploop_bridge::Tracer;

    #[test]
    fn what_the_queue_has_no_room_for_is_thrown_away_and_counted() {
        let (sender, mut waiting) = mpsc::channel(2);
        let tracer = Tracer::new(Arc::new(Queue::new(sender)), 0);
        for name in ["first", "second", "third", "fourth"] {
            drop(tracer.begin(name, Side::Server, None));
        }
        assert_eq!(tracer.dropped(), 2);
        let kept: Vec<&str> = std::iter::from_fn(|| waiting.try_recv().ok()).map(|span| span.name).collect();
        assert_eq!(kept, ["first", "second"]);
    }
}
