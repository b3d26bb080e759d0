//! What a simulator counts. Labels have few, fixed values: never the name of a swarm or a device, which others choose.

use super::state::State;
use crate::swarm::Status;
use crate::swarms::Totals;
use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// Why a request was refused that could have been all right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Mistakes,
    Origin,
    TooManyStreams,
    Taken,
    Limit,
    Stopping,
}

impl Refusal {
    fn word(self) -> &'static str {
        match self {
            Self::Mistakes => "mistakes",
            Self::Origin => "origin",
            Self::TooManyStreams => "too_many_streams",
            Self::Taken => "taken",
            Self::Limit => "limit",
            Self::Stopping => "stopping",
        }
    }
}

/// What is counted as it happens; everything else is looked up when somebody asks.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    responses: Family<StatusLabel, Counter>,
    refused: Family<ReasonLabel, Counter>,
    pub(super) pictures_sent: AtomicU64,
    pub(super) pictures_skipped: AtomicU64,
    pub(super) picture_bytes: AtomicU64,
}

/// What is looked up when somebody asks for the metrics.
#[derive(Debug, Default)]
pub(super) struct Levels {
    pub(super) waiting: u64,
    pub(super) running: u64,
    pub(super) devices: u64,
    pub(super) totals: Totals,
    pub(super) clashes: u64,
    pub(super) streams: u64,
    pub(super) recordings: u64,
    pub(super) replays: u64,
    pub(super) connections: u64,
    pub(super) overloaded: u64,
    pub(super) accept_failed: u64,
    pub(super) slow: u64,
    pub(super) tls_failed: u64,
    pub(super) bus_up: bool,
}

impl Levels {
    pub(super) fn of(state: &State) -> Self {
        let all = state.swarms.all();
        let with = |status| all.iter().filter(|swarm| swarm.status() == status).count() as u64;
        let live = all.iter().filter(|swarm| !swarm.status().is_over());
        let (recordings, replays) = state.deck.at_work();
        Self {
            waiting: with(Status::Waiting),
            running: with(Status::Running),
            devices: live.map(|swarm| swarm.plan().ids.len() as u64).sum(),
            totals: state.swarms.totals(),
            clashes: state.swarms.clashes(),
            streams: state.open_streams() as u64,
            recordings,
            replays,
            connections: state.counts.open() as u64,
            overloaded: state.counts.overloaded(),
            accept_failed: state.counts.accept_failed(),
            slow: state.counts.slow(),
            tls_failed: state.counts.tls_failed(),
            bus_up: state.swarms.bus().is_up(),
        }
    }
}

impl Metrics {
    /// A request was answered.
    pub(super) fn responded(&self, status: StatusCode) {
        self.responses.get_or_create(&StatusLabel { status: status.as_u16() }).inc();
    }

    pub(super) fn refused(&self, why: Refusal) {
        self.refused.get_or_create(&ReasonLabel { reason: why.word() }).inc();
    }

    /// Everything in the text format of Prometheus.
    pub(super) fn text(&self, levels: &Levels) -> String {
        let mut registry = Registry::with_prefix("grouploop_simulator");
        let Totals { figures: totals, connections: edges, command_load } = &levels.totals;
        let by_kind =
            |pairs: &[(&'static str, u64)]| counters(pairs.iter().map(|(kind, count)| (KindLabel { kind }, *count)));
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let swarms = Family::<KindLabel, Gauge>::default();
        for (kind, count) in [("waiting", levels.waiting), ("running", levels.running)] {
            swarms.get_or_create(&KindLabel { kind }).set(whole(count));
        }
        let dropped = totals.frames_dropped.iter().map(|(reason, count)| (ReasonLabel { reason }, *count));
        let Levels { overloaded, accept_failed, tls_failed, .. } = *levels;
        let refused = [("overloaded", overloaded), ("accept_failed", accept_failed), ("tls_failed", tls_failed)];

        registry.register("responses", "Answered requests by HTTP status", self.responses.clone());
        registry.register(
            "refused",
            "Requests refused, by reason: mistakes, origin, too_many_streams, taken, limit, stopping",
            self.refused.clone(),
        );
        registry.register("swarms", "Swarms that are not over, by kind: waiting, running", swarms);
        registry.register("devices", "Devices of these swarms", gauge(levels.devices));
        registry.register("devices_present", "Devices that are there now", gauge(totals.present));
        registry.register("frames_scheduled", "Frames that were due", counter(totals.frames_scheduled));
        registry.register("frames_sent", "Frames that the bus or a connection took", counter(totals.frames_sent));
        registry.register(
            "frames_late",
            "Frames that went more than 25 ms after their time",
            counter(totals.frames_late),
        );
        registry.register("frames_skipped", "Frames that were due and not made", counter(totals.frames_skipped));
        registry.register("frames_dropped", "Frames made and not taken, by reason", counters(dropped));
        let commands = by_kind(&[
            ("received", totals.commands_received),
            ("ignored", totals.commands_ignored),
            ("lost_in_slot", totals.commands_lost_in_slot),
        ]);
        registry.register(
            "commands",
            "Commands that reached devices, by kind: received, ignored, lost_in_slot",
            commands,
        );
        let updates = by_kind(&[
            ("started", totals.updates_started),
            ("succeeded", totals.updates_succeeded),
            ("failed", totals.updates_failed),
            ("unchanged", totals.updates_unchanged),
        ]);
        registry.register("updates", "Updates of firmware, by kind: started, succeeded, failed, unchanged", updates);
        let load = by_kind(&[
            ("sent", command_load.sent),
            ("success", command_load.success),
            ("failed", command_load.failed),
            ("no_answer", command_load.no_answer),
            ("not_sent", command_load.not_sent),
        ]);
        registry.register(
            "command_load",
            "Commands that scenarios send, by kind: sent; of those success, failed, no_answer; not_sent",
            load,
        );
        registry.register("device_connections_open", "Connections of devices to edges", gauge(edges.open));
        let came_and_went = by_kind(&[("opened", edges.opened), ("lost", edges.lost)]);
        registry.register(
            "device_connections",
            "Connections of devices to edges, by kind: opened, lost",
            came_and_went,
        );
        registry.register(
            "device_connections_failed",
            "Connections of devices that did not come to stand, by reason: refused, timed_out, handshake, other",
            counters(edges.failed.iter().map(|(reason, tries)| (ReasonLabel { reason }, *tries))),
        );
        registry.register(
            "frames_lost",
            "Frames sent into a connection that was lost before it took them",
            counter(edges.frames_lost),
        );
        registry.register("clashes", "Device ids under which somebody else sends too", counter(levels.clashes));
        registry.register("streams", "WebSockets for drawing that are open", gauge(levels.streams));
        registry.register("recordings", "Spaces that are being recorded", gauge(levels.recordings));
        registry.register("replays", "Recordings that are being played", gauge(levels.replays));
        let pictures = by_kind(&[("sent", now(&self.pictures_sent)), ("skipped", now(&self.pictures_skipped))]);
        registry.register(
            "pictures",
            "Pictures due to streams, by kind: sent, skipped (the viewer was slow)",
            pictures,
        );
        registry.register("connections", "Open connections", gauge(levels.connections));
        let refused = counters(refused.map(|(reason, count)| (ReasonLabel { reason }, count)));
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
        registry.register("bus_up", "1 while the bus carries messages", gauge(u64::from(levels.bus_up)));
        registry.register("messages", "Messages that frames went in", counter(totals.messages_sent));
        registry.register_with_unit(
            "sent",
            "Bytes of the frames that were sent",
            Unit::Bytes,
            counter(totals.bytes_sent),
        );
        registry.register_with_unit(
            "picture",
            "Bytes of the pictures that were sent",
            Unit::Bytes,
            counter(now(&self.picture_bytes)),
        );
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn gauge(now: u64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(whole(now));
    gauge
}

fn counter(total: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(total);
    counter
}

fn counters<L>(totals: impl IntoIterator<Item = (L, u64)>) -> Family<L, Counter>
where
    L: Clone + std::hash::Hash + Eq,
{
    let family = Family::<L, Counter>::default();
    for (label, total) in totals {
        family.get_or_create(&label).inc_by(total);
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::CommandFigures;
    use crate::swarm::Figures;
    use crate::swarms::ConnectionFigures;

    const OPERATIONS: &str = include_str!("../../../docs/operations.md");

    /// Each metric has a number of its own here, so that none stands for another, and each is explained to those who run it.
    #[test]
    fn every_metric_is_touched_and_documented() {
        let metrics = Metrics::default();
        metrics.responded(StatusCode::OK);
        for why in [
            Refusal::Mistakes,
            Refusal::Origin,
            Refusal::TooManyStreams,
            Refusal::Taken,
            Refusal::Limit,
            Refusal::Stopping,
        ] {
            metrics.refused(why);
        }
        metrics.pictures_sent.store(101, Ordering::Relaxed);
        metrics.pictures_skipped.store(102, Ordering::Relaxed);
        metrics.picture_bytes.store(103, Ordering::Relaxed);
        let figures = Figures {
            present: 1,
            frames_scheduled: 2,
            frames_sent: 3,
            frames_late: 4,
            frames_skipped: 5,
            frames_dropped: [("bus_away", 6)].into(),
            bytes_sent: 7,
            messages_sent: 107,
            commands_received: 8,
            commands_ignored: 9,
            commands_lost_in_slot: 10,
            updates_started: 11,
            updates_succeeded: 12,
            updates_failed: 13,
            updates_unchanged: 113,
        };
        let connections =
            ConnectionFigures { open: 30, opened: 31, lost: 32, failed: [("refused", 33)].into(), frames_lost: 34 };
        let command_load = CommandFigures {
            sent: 40,
            success: 41,
            failed: 42,
            no_answer: 43,
            not_sent: 44,
            ..CommandFigures::default()
        };
        let levels = Levels {
            waiting: 14,
            running: 15,
            devices: 16,
            totals: Totals { figures, connections, command_load },
            clashes: 17,
            streams: 18,
            recordings: 24,
            replays: 25,
            connections: 19,
            overloaded: 20,
            accept_failed: 21,
            slow: 22,
            tls_failed: 23,
            bus_up: true,
        };
        let text = metrics.text(&levels);
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = [
            "responses_total{status=\"200\"} 1",
            "refused_total{reason=\"mistakes\"} 1",
            "refused_total{reason=\"origin\"} 1",
            "refused_total{reason=\"too_many_streams\"} 1",
            "refused_total{reason=\"taken\"} 1",
            "refused_total{reason=\"limit\"} 1",
            "refused_total{reason=\"stopping\"} 1",
            "swarms{kind=\"waiting\"} 14",
            "swarms{kind=\"running\"} 15",
            "devices 16",
            "devices_present 1",
            "frames_scheduled_total 2",
            "frames_sent_total 3",
            "frames_late_total 4",
            "frames_skipped_total 5",
            "frames_dropped_total{reason=\"bus_away\"} 6",
            "sent_bytes_total 7",
            "commands_total{kind=\"received\"} 8",
            "messages_total 107",
            "commands_total{kind=\"ignored\"} 9",
            "commands_total{kind=\"lost_in_slot\"} 10",
            "command_load_total{kind=\"sent\"} 40",
            "command_load_total{kind=\"success\"} 41",
            "command_load_total{kind=\"failed\"} 42",
            "command_load_total{kind=\"no_answer\"} 43",
            "command_load_total{kind=\"not_sent\"} 44",
            "device_connections_open 30",
            "device_connections_total{kind=\"opened\"} 31",
            "device_connections_total{kind=\"lost\"} 32",
            "device_connections_failed_total{reason=\"refused\"} 33",
            "frames_lost_total 34",
            "updates_total{kind=\"started\"} 11",
            "updates_total{kind=\"succeeded\"} 12",
            "updates_total{kind=\"failed\"} 13",
            "updates_total{kind=\"unchanged\"} 113",
            "clashes_total 17",
            "streams 18",
            "recordings 24",
            "replays 25",
            "pictures_total{kind=\"sent\"} 101",
            "pictures_total{kind=\"skipped\"} 102",
            "picture_bytes_total 103",
            "connections 19",
            "connections_refused_total{reason=\"overloaded\"} 20",
            "connections_refused_total{reason=\"accept_failed\"} 21",
            "connections_refused_total{reason=\"tls_failed\"} 23",
            "connections_slow_total 22",
            "bus_up 1",
        ];
        let (_, documented) = OPERATIONS.split_once("grouploop_simulator_").unwrap();
        for sample in expected {
            assert!(samples.contains(&format!("grouploop_simulator_{sample}").as_str()), "{sample} in {text}");
            let name = sample.split(['{', ' ']).next().unwrap();
            assert!(documented.contains(&format!("`{name}`")), "{name} in docs/operations.md");
        }
        assert_eq!(samples.len(), expected.len(), "{text}");
    }
}
