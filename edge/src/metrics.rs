//! What an edge counts. Labels have few, fixed values; nothing is formatted until somebody asks.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::Mutex;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct KindLabel {
    kind: &'static str,
}

/// The counters and gauges of one edge.
#[derive(Debug, Default)]
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
    messages_ignored: Family<ReasonLabel, Counter>,
    commands: Family<KindLabel, Counter>,
    pub(crate) commands_delivered: Counter,
    pub(crate) clashes: Counter,
    registry_loads: Family<KindLabel, Counter>,
    spaces: Gauge,
    devices: Gauge,
    viewers: Gauge,
    bus_up: Gauge,
    bus_lost: Gauge,
    drops: Mutex<BTreeMap<&'static str, u64>>,
}

/// What is looked up when somebody asks for the metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels {
    pub(crate) spaces: usize,
    pub(crate) devices: usize,
    pub(crate) viewers: usize,
    pub(crate) bus_up: bool,
    pub(crate) bus_lost: u64,
}

impl Metrics {
    /// Frames that do not reach a viewer or the bus, and why.
    pub(crate) fn drop_frames(&self, reason: &'static str, frames: u64) {
        self.frames_dropped.get_or_create(&ReasonLabel { reason }).inc_by(frames);
        let mut drops = self.drops.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *drops.entry(reason).or_default() += frames;
    }

    /// Dropped frames by reason, for the report.
    pub(crate) fn drops(&self) -> BTreeMap<String, u64> {
        let drops = self.drops.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        drops.iter().map(|(reason, frames)| ((*reason).to_owned(), *frames)).collect()
    }

    /// A message or line that is nothing of the protocol.
    pub(crate) fn ignore(&self, reason: &'static str) {
        self.messages_ignored.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// A command was answered.
    pub(crate) fn answered(&self, kind: &'static str) {
        self.commands.get_or_create(&KindLabel { kind }).inc();
    }

    /// A connection ended.
    pub(crate) fn closed(&self, reason: &'static str) {
        self.connections_closed.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// A connection was not taken.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.connections_refused.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// The registry was asked for.
    pub(crate) fn registry_load(&self, kind: &'static str) {
        self.registry_loads.get_or_create(&KindLabel { kind }).inc();
    }

    /// Everything in the text format of Prometheus.
    pub(crate) fn text(&self, levels: Levels) -> String {
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.spaces.set(whole(levels.spaces));
        self.devices.set(whole(levels.devices));
        self.viewers.set(whole(levels.viewers));
        self.bus_up.set(i64::from(levels.bus_up));
        self.bus_lost.set(i64::try_from(levels.bus_lost).unwrap_or(i64::MAX));
        let mut registry = Registry::with_prefix("grouploop_edge");
        registry.register("connections", "Open WebSocket connections", self.connections.clone());
        registry.register(
            "connections_opened",
            "WebSocket connections since the start",
            self.connections_opened.clone(),
        );
        registry.register("connections_closed", "Ended connections by reason", self.connections_closed.clone());
        registry.register("connections_refused", "Connections not taken, by reason", self.connections_refused.clone());
        registry.register("frames_received", "Sensor frames from devices on this edge", self.frames_received.clone());
        registry.register(
            "frames_dropped",
            "Frames that did not reach a viewer or the bus, by reason",
            self.frames_dropped.clone(),
        );
        registry.register("viewer_messages", "Telemetry messages to viewers", self.viewer_messages.clone());
        registry.register("viewer_bytes", "Payload bytes of telemetry messages to viewers", self.viewer_bytes.clone());
        registry.register("bus_batches", "Telemetry batches handed to the bus", self.bus_batches.clone());
        registry.register(
            "messages_ignored",
            "Messages and lines that are nothing of the protocol, by reason",
            self.messages_ignored.clone(),
        );
        registry.register("commands_answered", "Commands of clients here, by kind of answer", self.commands.clone());
        registry.register("commands_delivered", "Commands written to devices here", self.commands_delivered.clone());
        registry.register("clashes", "Device ids under which two live connections send", self.clashes.clone());
        registry.register(
            "registry_loads",
            "Looks at the registry of the CDN, by outcome",
            self.registry_loads.clone(),
        );
        registry.register("spaces", "Spaces with a connection here", self.spaces.clone());
        registry.register("devices", "Devices that this edge owns", self.devices.clone());
        registry.register("viewers", "Subscribed connections here", self.viewers.clone());
        registry.register("bus_up", "1 while the bus carries messages", self.bus_up.clone());
        registry.register(
            "bus_lost_messages",
            "Messages lost by full bus subscriptions, a lower bound with NATS",
            self.bus_lost.clone(),
        );
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}
