//! What an edge counts. Labels have few, fixed values; nothing is formatted until somebody asks.

use grouploop_bridge::{CloseReason, CommandAnswer, PublishError};
use grouploop_serve::metrics::{self, Histogram, gauge, total};
use grouploop_serve::words;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest time of each bucket for commands. The target for a lone one is 10 ms, two in a row to one device keep 20 ms between them, and
/// after 2 s one has failed.
const COMMAND_US: &[u64] =
    &[1_000, 2_500, 5_000, 10_000, 20_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000];
/// The same for frames, whose target is 15 ms.
const FRAME_US: &[u64] = &[1_000, 2_500, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 50_000, 100_000, 500_000];

words! {
    /// Why frames do not reach a viewer or the bus.
    pub(crate) enum Dropped {
        BusAway = "bus_away",
        BusFull = "bus_full",
        BusTooLarge = "bus_too_large",
        /// A viewer was so slow that the ring came round.
        ViewerLapped = "viewer_lapped",
        /// A connection carries as many devices as may be.
        TooManyDevices = "too_many_devices",
        /// What another node published is no frame.
        MalformedBatch = "malformed_batch",
    }
}

impl From<PublishError> for Dropped {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Away => Self::BusAway,
            PublishError::Full => Self::BusFull,
            PublishError::TooLarge => Self::BusTooLarge,
        }
    }
}

words! {
    /// Why a connection was not taken.
    pub(crate) enum Refused {
        BadHandshake = "bad_handshake",
        BadSpace = "bad_space",
        Draining = "draining",
        TooManyConnections = "too_many_connections",
        TooManySpaces = "too_many_spaces",
        Overloaded = "overloaded",
        AcceptFailed = "accept_failed",
        TlsFailed = "tls_failed",
        TlsSlow = "tls_slow",
    }
}

words! {
    /// What is nothing of the protocol.
    pub(crate) enum Ignored {
        UnknownLine = "unknown_line",
        Binary = "binary",
    }
}

words! {
    /// How a command was answered.
    pub(crate) enum Answered {
        Success = "success",
        Failed = "failed",
        SentToAll = "sent_to_all",
        Error = "error",
    }
}

impl From<CommandAnswer> for Answered {
    fn from(answer: CommandAnswer) -> Self {
        match answer {
            CommandAnswer::Success => Self::Success,
            CommandAnswer::Failed => Self::Failed,
            CommandAnswer::SentTo(_) => Self::SentToAll,
            CommandAnswer::Error(_) => Self::Error,
        }
    }
}

words! {
    /// What a look at the registry of the CDN brought.
    pub(crate) enum RegistryLook {
        Changed = "changed",
        Same = "same",
        Failed = "failed",
    }
}

words! {
    /// Who is handed frames.
    enum Taker {
        Bus = "bus",
        Viewer = "viewer",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TakerLabel {
    to: &'static str,
}

/// The counters, gauges and histograms of one edge.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) connections: Gauge,
    pub(crate) connections_opened: Counter,
    connections_closed: Family<ReasonLabel, Counter>,
    connections_refused: Family<ReasonLabel, Counter>,
    pub(crate) frames_received: Counter,
    pub(crate) viewer_messages: Counter,
    pub(crate) viewer_bytes: Counter,
    pub(crate) bus_batches: Counter,
    frames_dropped: Family<ReasonLabel, Counter>,
    frame_delay: Family<TakerLabel, Histogram, fn() -> Histogram>,
    /// Of these two, at hand.
    pub(crate) delay_to_bus: Histogram,
    pub(crate) delay_to_viewer: Histogram,
    messages_ignored: Family<ReasonLabel, Counter>,
    commands: Family<KindLabel, Counter>,
    command_times: Family<KindLabel, Histogram, fn() -> Histogram>,
    pub(crate) commands_delivered: Counter,
    pub(crate) clashes: Counter,
    registry_loads: Family<KindLabel, Counter>,
}

/// What is looked up when somebody asks for the metrics.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Levels {
    pub(crate) spaces: usize,
    pub(crate) devices: usize,
    pub(crate) viewers: usize,
    pub(crate) clashing: usize,
    pub(crate) bus_up: bool,
    pub(crate) bus_lost: u64,
    pub(crate) trace_spans_dropped: u64,
    /// Seconds since 1970; none without TLS.
    pub(crate) certificate_ends: Option<u64>,
}

/// All that an edge can tell, in the text format of Prometheus: every metric with every label.
#[must_use]
pub fn metrics_catalogue() -> String {
    Metrics::new().text(Levels { certificate_ends: Some(0), ..Levels::default() })
}

fn reasons(all: impl IntoIterator<Item = &'static str>) -> Family<ReasonLabel, Counter> {
    metrics::counters(all.into_iter().map(|reason| ReasonLabel { reason }))
}

fn kinds(all: impl IntoIterator<Item = &'static str>) -> Family<KindLabel, Counter> {
    metrics::counters(all.into_iter().map(|kind| KindLabel { kind }))
}

fn histograms<L: metrics::Labels>(new: fn() -> Histogram) -> Family<L, Histogram, fn() -> Histogram> {
    Family::new_with_constructor(new)
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let command_times = histograms(|| Histogram::new(COMMAND_US));
        // One that is an error is answered at once.
        for kind in [Answered::Success, Answered::Failed, Answered::SentToAll] {
            drop(command_times.get_or_create(&KindLabel { kind: kind.word() }));
        }
        let frame_delay = histograms(|| Histogram::new(FRAME_US));
        let delay = |to: Taker| frame_delay.get_or_create_owned(&TakerLabel { to: to.word() });
        Self {
            connections: Gauge::default(),
            connections_opened: Counter::default(),
            connections_closed: reasons(CloseReason::ALL.map(CloseReason::text)),
            connections_refused: reasons(Refused::ALL.iter().map(|why| why.word())),
            frames_received: Counter::default(),
            viewer_messages: Counter::default(),
            viewer_bytes: Counter::default(),
            bus_batches: Counter::default(),
            frames_dropped: reasons(Dropped::ALL.iter().map(|why| why.word())),
            delay_to_bus: delay(Taker::Bus),
            delay_to_viewer: delay(Taker::Viewer),
            frame_delay,
            messages_ignored: reasons(Ignored::ALL.iter().map(|why| why.word())),
            commands: kinds(Answered::ALL.iter().map(|kind| kind.word())),
            command_times,
            commands_delivered: Counter::default(),
            clashes: Counter::default(),
            registry_loads: kinds(RegistryLook::ALL.iter().map(|look| look.word())),
        }
    }

    /// Frames that do not reach a viewer or the bus, and why.
    pub(crate) fn drop_frames(&self, why: Dropped, frames: u64) {
        self.frames_dropped.get_or_create(&ReasonLabel { reason: why.word() }).inc_by(frames);
    }

    /// Dropped frames by reason, for the report.
    pub(crate) fn drops(&self) -> BTreeMap<String, u64> {
        let frames = |why: &Dropped| self.frames_dropped.get_or_create(&ReasonLabel { reason: why.word() }).get();
        let drops = Dropped::ALL.iter().map(|why| (why.word().to_owned(), frames(why)));
        drops.filter(|(_, frames)| *frames > 0).collect()
    }

    /// A message or line that is nothing of the protocol.
    pub(crate) fn ignore(&self, what: Ignored) {
        self.messages_ignored.get_or_create(&ReasonLabel { reason: what.word() }).inc();
    }

    /// A command was answered.
    pub(crate) fn answered(&self, answer: CommandAnswer) {
        self.commands.get_or_create(&KindLabel { kind: Answered::from(answer).word() }).inc();
    }

    /// How long that took from the question on.
    pub(crate) fn answered_within(&self, answer: CommandAnswer, time: Duration) {
        self.command_times.get_or_create(&KindLabel { kind: Answered::from(answer).word() }).observe(time);
    }

    /// A connection ended.
    pub(crate) fn closed(&self, reason: CloseReason) {
        self.connections_closed.get_or_create(&ReasonLabel { reason: reason.text() }).inc();
    }

    /// A connection was not taken.
    pub(crate) fn refused(&self, why: Refused) {
        self.connections_refused.get_or_create(&ReasonLabel { reason: why.word() }).inc();
    }

    /// The registry was asked for.
    pub(crate) fn registry_load(&self, look: RegistryLook) {
        self.registry_loads.get_or_create(&KindLabel { kind: look.word() }).inc();
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn text(&self, levels: Levels) -> String {
        let mut registry = Registry::with_prefix("grouploop_edge");
        registry.register("connections", "Open WebSocket connections", self.connections.clone());
        registry.register(
            "connections_opened",
            "WebSocket connections since the start",
            self.connections_opened.clone(),
        );
        registry.register(
            "connections_closed",
            "Ended connections by reason: those of the close codes of the protocol",
            self.connections_closed.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections not taken, by reason; tls_failed is no handshake, and a browser that does not trust the certificate ends it so",
            self.connections_refused.clone(),
        );
        registry.register("frames_received", "Sensor frames from devices on this edge", self.frames_received.clone());
        registry.register(
            "frames_dropped",
            "Frames that did not reach a viewer or the bus, by reason",
            self.frames_dropped.clone(),
        );
        registry.register_with_unit(
            "frame_delay",
            "Time that the oldest frame of a message spent in this edge, from its arrival until the message was handed to the bus or to a \
             viewer that keeps up; a viewer that asked for a rate is not counted",
            Unit::Seconds,
            self.frame_delay.clone(),
        );
        registry.register("viewer_messages", "Telemetry messages to viewers", self.viewer_messages.clone());
        registry.register_with_unit(
            "viewer",
            "Payload of telemetry messages to viewers",
            Unit::Bytes,
            self.viewer_bytes.clone(),
        );
        registry.register("bus_batches", "Telemetry batches handed to the bus", self.bus_batches.clone());
        registry.register(
            "messages_ignored",
            "Messages and lines that are nothing of the protocol, by reason",
            self.messages_ignored.clone(),
        );
        registry.register("commands_answered", "Commands of clients here, by kind of answer", self.commands.clone());
        registry.register_with_unit(
            "command",
            "Time from a command of a client here to its answer, by kind of answer; one that is an error is answered at once and not counted",
            Unit::Seconds,
            self.command_times.clone(),
        );
        registry.register("commands_delivered", "Commands written to devices here", self.commands_delivered.clone());
        registry.register("clashes", "Device ids under which two live connections began to send", self.clashes.clone());
        registry.register(
            "clashing",
            "Device ids under which two live connections send now",
            gauge(levels.clashing as u64),
        );
        registry.register(
            "registry_loads",
            "Looks at the registry of the CDN, by what they brought",
            self.registry_loads.clone(),
        );
        registry.register("spaces", "Spaces with a connection here", gauge(levels.spaces as u64));
        registry.register("devices", "Devices that this edge owns", gauge(levels.devices as u64));
        registry.register("viewers", "Subscribed connections here", gauge(levels.viewers as u64));
        registry.register("bus_up", "1 while the bus carries messages", gauge(levels.bus_up.into()));
        registry.register(
            "bus_lost_messages",
            "Messages lost by full bus subscriptions, a lower bound with NATS",
            total(levels.bus_lost),
        );
        registry.register(
            "trace_spans_dropped",
            "Spans of traces that did not reach the collector, because it was away or the queue was full",
            ConstCounter::new(levels.trace_spans_dropped),
        );
        metrics::register_certificate(&mut registry, levels.certificate_ends);
        metrics::text(&registry)
    }
}
