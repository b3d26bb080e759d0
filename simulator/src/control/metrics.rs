//! What a simulator counts. Labels have few, fixed values: never the name of a swarm or a device, which others choose.

use super::state::State;
use crate::link::{ConnectFailure, Dropped};
use crate::swarm::Status;
use crate::swarms::Totals;
use axum::http::StatusCode;
use grouploop_serve::metrics::{self, gauge, total, totals};
use grouploop_serve::{Counts, Refused, Tls, words};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
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

words! {
    /// Why a request was refused that could have been all right.
    pub(super) enum Refusal {
        Mistakes = "mistakes",
        Origin = "origin",
        TooManyStreams = "too_many_streams",
        Taken = "taken",
        Limit = "limit",
        Stopping = "stopping",
    }
}

/// What is counted as it happens; everything else is looked up when somebody asks.
#[derive(Debug)]
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
    pub(super) counts: Arc<Counts>,
    pub(super) bus_up: bool,
    /// Seconds since 1970; none without TLS.
    pub(super) certificate_ends: Option<u64>,
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
            counts: state.counts.clone(),
            bus_up: state.swarms.bus().is_up(),
            certificate_ends: state.tls.as_ref().map(Tls::ends_seconds),
        }
    }
}

/// All that a simulator can tell, in the text format of Prometheus: every metric with every label, but of statuses only 200.
#[must_use]
pub fn metrics_catalogue() -> String {
    let metrics = Metrics::new();
    metrics.responded(StatusCode::OK);
    metrics.text(&Levels { certificate_ends: Some(0), ..Levels::default() })
}

impl Metrics {
    pub(super) fn new() -> Self {
        Self {
            responses: Family::default(),
            refused: metrics::counters(Refusal::ALL.iter().map(|why| ReasonLabel { reason: why.word() })),
            pictures_sent: AtomicU64::new(0),
            pictures_skipped: AtomicU64::new(0),
            picture_bytes: AtomicU64::new(0),
        }
    }

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
        let Totals { figures, connections: edges, command_load } = &levels.totals;
        let by_kind =
            |pairs: &[(&'static str, u64)]| totals(pairs.iter().map(|(kind, count)| (KindLabel { kind }, *count)));
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let swarms = Family::<KindLabel, Gauge>::default();
        for (kind, count) in [("waiting", levels.waiting), ("running", levels.running)] {
            swarms.get_or_create(&KindLabel { kind }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let frames = |reason| figures.frames_dropped.get(reason).copied().unwrap_or_default();
        let dropped = Dropped::REASONS.into_iter().map(|reason| (ReasonLabel { reason }, frames(reason)));
        let tries = |reason| edges.failed.get(reason).copied().unwrap_or_default();
        let failed =
            ConnectFailure::ALL.map(ConnectFailure::reason).map(|reason| (ReasonLabel { reason }, tries(reason)));
        let counts = &levels.counts;
        let refused = Refused::ALL.iter().map(|why| (ReasonLabel { reason: why.word() }, counts.refused(*why)));

        registry.register("responses", "Answered requests by HTTP status", self.responses.clone());
        registry.register("refused", "Requests refused, by reason", self.refused.clone());
        registry.register("swarms", "Swarms that are not over, by kind", swarms);
        registry.register("devices", "Devices of these swarms", gauge(levels.devices));
        registry.register("devices_present", "Devices that are there now", gauge(figures.present));
        registry.register("frames_scheduled", "Frames that were due", total(figures.frames_scheduled));
        registry.register("frames_sent", "Frames that the bus or a connection took", total(figures.frames_sent));
        registry.register(
            "frames_late",
            "Frames that went more than 25 ms after their time",
            total(figures.frames_late),
        );
        registry.register("frames_skipped", "Frames that were due and not made", total(figures.frames_skipped));
        registry.register("frames_dropped", "Frames made and not taken, by reason", totals(dropped));
        let commands = by_kind(&[
            ("received", figures.commands_received),
            ("ignored", figures.commands_ignored),
            ("lost_in_slot", figures.commands_lost_in_slot),
        ]);
        registry.register("commands", "Commands for devices, by kind: received; of those ignored (not understood), lost_in_slot (as firmware loses them)", commands);
        let updates = by_kind(&[
            ("started", figures.updates_started),
            ("succeeded", figures.updates_succeeded),
            ("failed", figures.updates_failed),
            ("unchanged", figures.updates_unchanged),
        ]);
        registry.register("updates", "Updates of firmware, by kind", updates);
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
        registry.register("device_connections", "Connections of devices to edges, by kind", came_and_went);
        registry.register(
            "device_connections_failed",
            "Connections of devices that did not come to stand, by reason",
            totals(failed),
        );
        registry.register(
            "frames_lost",
            "Frames sent into a connection that was lost before it took them",
            total(edges.frames_lost),
        );
        registry.register("clashes", "Device ids under which somebody else sends too", total(levels.clashes));
        registry.register("streams", "WebSockets for drawing that are open", gauge(levels.streams));
        registry.register("recordings", "Spaces that are being recorded", gauge(levels.recordings));
        registry.register("replays", "Recordings that are being played", gauge(levels.replays));
        let pictures = by_kind(&[("sent", now(&self.pictures_sent)), ("skipped", now(&self.pictures_skipped))]);
        registry.register(
            "pictures",
            "Pictures due to streams, by kind: sent, skipped (the viewer was slow)",
            pictures,
        );
        registry.register("connections", "Open connections", gauge(counts.open() as u64));
        registry.register("connections_refused", "Connections not taken, by reason", totals(refused));
        registry.register(
            "connections_slow",
            "Connections ended because their client was too slow",
            total(counts.slow()),
        );
        registry.register("bus_up", "1 while the bus carries messages", gauge(u64::from(levels.bus_up)));
        registry.register("messages", "Messages that frames went in", total(figures.messages_sent));
        registry.register_with_unit(
            "sent",
            "Bytes of the frames that were sent",
            Unit::Bytes,
            total(figures.bytes_sent),
        );
        registry.register_with_unit(
            "picture",
            "Bytes of the pictures that were sent",
            Unit::Bytes,
            total(now(&self.picture_bytes)),
        );
        metrics::register_certificate(&mut registry, levels.certificate_ends);
        metrics::text(&registry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::CommandFigures;
    use crate::swarm::Figures;
    use crate::swarms::ConnectionFigures;

    /// Each metric has a number of its own here, so that none stands for another.
    #[test]
    fn every_metric_is_touched() {
        let metrics = Metrics::new();
        metrics.responded(StatusCode::OK);
        for why in Refusal::ALL {
            metrics.refused(*why);
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
            counts: Arc::default(),
            bus_up: true,
            certificate_ends: Some(19),
        };
        let text = metrics.text(&levels);
        // Of reasons that did not occur there are zeros besides.
        let told = |line: &&str| !(line.starts_with('#') || line.contains("reason=") && line.ends_with(" 0"));
        let samples: Vec<&str> = text.lines().filter(told).collect();
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
            "connections 0",
            "connections_slow_total 0",
            "bus_up 1",
            "certificate_ends_seconds 19",
        ];
        for sample in expected {
            assert!(samples.contains(&format!("grouploop_simulator_{sample}").as_str()), "{sample} in {text}");
        }
        assert_eq!(samples.len(), expected.len(), "{text}");
    }
}
