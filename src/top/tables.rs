//! The tables that there are, and what is in their rows. Pure.

use super::figures::Figures;
use super::system::{Node, Server, Space, Subject};
use super::table::{Column, Row};
use super::words::{ago, bytes, rate, spark, took, whole};
use crate::display::Style;
use crate::terminal::printable;
use std::time::Duration;

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Subjects,
    Spaces,
    Nodes,
    Nats,
}

/// Letters of the line beside a subject.
const SPARK: usize = 20;

impl Table {
    /// In the order in which the keys go.
    pub(super) const ALL: [Self; 4] = [Self::Subjects, Self::Spaces, Self::Nodes, Self::Nats];

    /// What it is called.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Subjects => "Subjects",
            Self::Spaces => "Spaces",
            Self::Nodes => "Nodes",
            Self::Nats => "NATS servers",
        }
    }

    /// The heading of its first column.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Subjects => "Subject",
            Self::Spaces => "Space",
            Self::Nodes => "Node",
            Self::Nats => "Server",
        }
    }

    /// The other columns, the most important first.
    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Subjects => const { &[Column("msg/s", 8), Column("bytes/s", 9), Column("last seconds", SPARK)] },
            Self::Spaces => {
                const {
                    &[
                        Column("devices", 7),
                        Column("frames/s", 8),
                        Column("viewers", 7),
                        Column("cmd/s", 6),
                        Column("failed/s", 8),
                        Column("p99", 7),
                        Column("bytes/s", 9),
                        Column("msg/s", 8),
                        Column("ok/s", 6),
                        Column("all/s", 6),
                        Column("error/s", 7),
                        Column("p50", 7),
                        Column("clashes", 7),
                    ]
                }
            }
            Self::Nodes => {
                const {
                    &[
                        Column("state", 12),
                        Column("devices", 7),
                        Column("viewers", 7),
                        Column("CPU", 6),
                        Column("memory", 9),
                        Column("drops/s", 7),
                        Column("trip", 7),
                        Column("conns", 7),
                        Column("role", 9),
                        Column("version", 8),
                    ]
                }
            }
            Self::Nats => {
                const {
                    &[
                        Column("state", 12),
                        Column("in/s", 8),
                        Column("out/s", 8),
                        Column("slow", 6),
                        Column("pending", 9),
                        Column("routes", 6),
                        Column("conns", 6),
                        Column("CPU", 6),
                        Column("memory", 9),
                    ]
                }
            }
        }
    }

    /// How many rows it has.
    pub(super) fn len(self, figures: &Figures) -> usize {
        let system = figures.system();
        match self {
            Self::Subjects => system.subjects.len(),
            Self::Spaces => system.spaces.len(),
            Self::Nodes => system.nodes.len(),
            Self::Nats => system.nats.len(),
        }
    }

    /// What the monitor has besides.
    pub(super) fn beyond(self, figures: &Figures) -> u64 {
        match self {
            Self::Subjects => figures.system().rest.subjects,
            Self::Spaces => figures.system().rest.spaces,
            Self::Nodes | Self::Nats => 0,
        }
    }

    /// Some of its rows; `age` is how old the figures are, and `None` when they are of now.
    pub(super) fn rows(self, figures: &Figures, skip: usize, take: usize, age: Option<Duration>) -> Vec<Row> {
        fn some<T>(all: &[T], skip: usize, take: usize, row: impl Fn(&T) -> Row) -> Vec<Row> {
            all.iter().skip(skip).take(take).map(row).collect()
        }
        let system = figures.system();
        match self {
            Self::Subjects => some(&system.subjects, skip, take, |one| subject(one, figures)),
            Self::Spaces => some(&system.spaces, skip, take, space),
            Self::Nodes => some(&system.nodes, skip, take, |one| node(one, age)),
            Self::Nats => some(&system.nats, skip, take, |one| server(one, age)),
        }
    }
}

/// What is not of now is dim, wherever it stands.
fn style(live: bool) -> Style {
    if live { Style::Plain } else { Style::Dim }
}

/// What is not known to be live was live.
fn state(state: &str, age_ms: u64, age: Option<Duration>) -> String {
    match (state, age) {
        ("live", None) => state.to_owned(),
        ("live", Some(_)) => "was live".to_owned(),
        _ => format!("{} {}", printable(state), ago(Duration::from_millis(age_ms) + age.unwrap_or_default())),
    }
}

fn cores(cores: f64) -> String {
    format!("{:.0} %", cores * 100.0)
}

fn or_dash(value: Option<f64>, write: impl Fn(f64) -> String) -> String {
    value.map_or("-".into(), write)
}

fn subject(subject: &Subject, figures: &Figures) -> Row {
    let is_live = subject.node.as_ref().is_none_or(|node| figures.is_live(node));
    Row {
        style: style(is_live),
        name: printable(&subject.subject),
        cells: vec![
            rate(subject.messages_per_s),
            bytes(subject.bytes_per_s),
            spark(figures.history(&subject.subject), SPARK),
        ],
    }
}

fn space(space: &Space) -> Row {
    let latency = |of: fn(&super::system::Latency) -> f64| or_dash(space.latency_us.as_ref().map(of), took);
    Row {
        style: Style::Plain,
        name: printable(&space.space),
        cells: vec![
            whole(space.devices),
            rate(space.frames_per_s),
            whole(space.viewers),
            rate(space.commands_per_s),
            rate(space.answers.failed),
            latency(|latency| latency.p99),
            bytes(space.bytes_per_s),
            rate(space.messages_per_s),
            rate(space.answers.success),
            rate(space.answers.sent_to_all),
            rate(space.answers.error),
            latency(|latency| latency.p50),
            whole(space.clashes),
        ],
    }
}

fn node(node: &Node, age: Option<Duration>) -> Row {
    Row {
        style: style(node.state == "live"),
        name: printable(&node.node),
        cells: vec![
            state(if node.leaving && node.state == "gone" { "left" } else { &node.state }, node.age_ms, age),
            whole(node.devices),
            whole(node.viewers),
            or_dash(node.cores, cores),
            or_dash(node.memory_bytes, bytes),
            rate(node.drops.iter().map(|drops| drops.per_s).sum()),
            or_dash(node.round_trip_us, took),
            whole(node.connections),
            printable(&node.role),
            printable(&node.version),
        ],
    }
}

fn server(server: &Server, age: Option<Duration>) -> Row {
    Row {
        style: style(server.state == "live"),
        // One that nobody gave a name has a long key for one, and its address says more.
        name: printable(server.name.as_deref().filter(|name| name.len() < 56).unwrap_or(&server.url)),
        cells: vec![
            state(&server.state, server.age_ms, age),
            rate(server.in_messages_per_s),
            rate(server.out_messages_per_s),
            whole(server.slow_consumers),
            bytes(server.pending_bytes),
            whole(server.routes),
            whole(server.connections),
            cores(server.cores),
            bytes(server.memory_bytes),
        ],
    }
}
