//! The state of the system as the monitor knows it. Pure: what is heard comes in with the time, and pictures come out.
//!
//! ```text
//!  reports ─▶ NodeBook ─┐
//!  messages ─▶ Heard ───┼─(once a second)─▶ Flows, by subject and space ─▶ Histories
//!  presence ─▶ Devices ─┤                └▶ System ─▶ Troubles
//!  NATS ─▶ NatsBook ────┘
//! ```
//!
//! Without the bus nothing is heard: the flows are then those of the last second in which every node was, and whoever shows them says how long
//! ago that is.

mod devices;
mod heard;
mod nats;
mod node;
mod subjects;
mod sums;
#[cfg(test)]
mod tests;
mod troubles;
mod view;

pub(crate) use nats::NatsLook;
pub(crate) use view::System;

use devices::Devices;
use grouploop_bridge::{DeviceId, NodeId, Presence, Report, RosterEntry, Space, Subject, Version};
use heard::Heard;
use nats::NatsBook;
use node::NodeBook;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};
use subjects::{Histories, MAX_SHOWN, Row};
use sums::{SpaceSum, on_bus};
use troubles::{Found, Troubles};
use view::{
    BusView, DevicesView, NodeState, NodeView, RestView, SpaceView, SubjectView, TotalsView, TroubleKind, rounded,
};

/// Nodes that are known at most.
const MAX_NODES: usize = 1024;
/// Nodes that are gone and still shown at most, and for how long.
const MAX_GONE: usize = 64;
const GONE_SHOWN: Duration = Duration::from_secs(300);
/// Spaces that are shown at most.
const MAX_SPACES: usize = 512;

/// Everything that is known.
#[derive(Debug)]
pub(crate) struct Model {
    version: Version,
    engine: &'static str,
    bus: Bus,
    nodes: BTreeMap<NodeId, NodeBook>,
    heard: Heard,
    histories: Histories,
    devices: Devices,
    nats: Vec<NatsBook>,
    troubles: Troubles,
    /// What flowed in the last second in which all were heard, and when that was, in milliseconds since 1970.
    flows: Flows,
    flows_at: Option<u64>,
}

/// What flows, in all, by space and by subject.
#[derive(Debug, Clone, Default)]
struct Flows {
    spaces: Vec<SpaceView>,
    subjects: Vec<SubjectView>,
    rest: RestView,
    totals: TotalsView,
}

/// Whether anything can be heard.
#[derive(Debug)]
enum Bus {
    UpSince(Instant),
    Away(String),
}

impl Model {
    pub(crate) fn new(version: Version, engine: &'static str, servers: Vec<String>) -> Self {
        Self {
            version,
            engine,
            bus: Bus::Away("no answer yet".to_owned()),
            nodes: BTreeMap::new(),
            heard: Heard::default(),
            histories: Histories::default(),
            devices: Devices::default(),
            nats: servers.into_iter().map(NatsBook::new).collect(),
            troubles: Troubles::default(),
            flows: Flows::default(),
            flows_at: None,
        }
    }

    /// The bus is there.
    pub(crate) fn bus_up(&mut self, now: Instant) {
        if matches!(self.bus, Bus::Away(_)) {
            self.bus = Bus::UpSince(now);
            // A line says nothing of a time in which nothing was heard.
            self.histories = Histories::default();
        }
    }

    /// The bus is not, and why.
    pub(crate) fn bus_away(&mut self, why: &str) {
        self.bus = Bus::Away(why.to_owned());
    }

    /// A message was heard.
    pub(crate) fn hear(&mut self, subject: &Subject, bytes: usize) {
        self.heard.note(subject, bytes);
    }

    pub(crate) fn hear_report(&mut self, report: Report, now: Instant, wall_ms: u64) {
        for (space, devices) in &report.clashes {
            for device in devices {
                self.devices.hear_clash(&report.node, space, *device, now, wall_ms);
            }
        }
        if let Some(book) = self.nodes.get_mut(&report.node) {
            book.hear(report, now, wall_ms);
        } else if self.nodes.len() < MAX_NODES {
            self.nodes.insert(report.node.clone(), NodeBook::new(report, now, wall_ms));
        }
    }

    pub(crate) fn hear_presence(&mut self, space: &Space, presence: &Presence, now: Instant, wall_ms: u64) {
        self.devices.hear_presence(space, presence, now, wall_ms);
    }

    /// Who is in a space, as its nodes answered.
    pub(crate) fn hear_roster(&mut self, space: &Space, devices: &[(NodeId, RosterEntry)], now: Instant) {
        self.devices.hear_roster(space, devices, now);
    }

    /// `true` when the server has come or gone.
    pub(crate) fn hear_nats(&mut self, number: usize, look: Result<NatsLook, String>, now: Instant) -> bool {
        self.nats.get_mut(number).is_some_and(|book| book.hear(look, now))
    }

    /// When the next node falls silent, if nothing more is heard of it.
    pub(crate) fn next_silence(&self, now: Instant) -> Option<Duration> {
        let live = self.nodes.values().filter(|book| book.state(now, self.hearing_since()) == NodeState::Live);
        live.map(|book| node::SILENT_AFTER.saturating_sub(book.age(now))).min()
    }

    fn hearing_since(&self) -> Option<Instant> {
        match self.bus {
            Bus::UpSince(since) => Some(since),
            Bus::Away(_) => None,
        }
    }

    /// Nodes that answer a question for the devices of a space; `None` when one of them may or may not.
    pub(crate) fn with_devices(&self, space: &Space, now: Instant) -> Option<Vec<NodeId>> {
        let mut nodes = Vec::new();
        for (node, book) in &self.nodes {
            if book.state(now, self.hearing_since()) == NodeState::Live && book.has_devices(space)? {
                nodes.push(node.clone());
            }
        }
        Some(nodes)
    }

    /// The space whose silent devices were asked for longest ago, with its devices.
    pub(crate) fn next_roster(&self, now: Instant) -> Option<(Space, u64)> {
        let sums = self.sums(now).0;
        let silent = sums.into_iter().filter(|(_, sum)| sum.silent > 0);
        silent.min_by_key(|(space, _)| self.devices.asked(space)).map(|(space, sum)| (space, sum.devices))
    }

    /// Sums by space over live nodes, the rows of their telemetry, and what is in their sums beyond the spaces that they name.
    fn sums(&self, now: Instant) -> (BTreeMap<Space, SpaceSum>, Vec<Row>, RestView) {
        let mut sums: BTreeMap<Space, SpaceSum> = BTreeMap::new();
        let (mut rows, mut rest) = (Vec::new(), RestView::default());
        for (node, book) in &self.nodes {
            if book.state(now, self.hearing_since()) != NodeState::Live {
                continue;
            }
            let (mut messages, mut bytes) = (0.0, 0.0);
            for (space, flow) in book.spaces() {
                let (of_messages, of_bytes) = (flow.per_s(on_bus(&flow.grown).0), flow.per_s(on_bus(&flow.grown).1));
                messages += of_messages;
                bytes += of_bytes;
                let telemetry = (flow.per_s(flow.grown.messages), flow.per_s(flow.grown.telemetry_bytes()));
                if telemetry.0 > 0.0 {
                    let subject = Subject::Telemetry { space: space.clone(), node: node.clone() };
                    rows.push(Row::of(&subject, telemetry.0, telemetry.1));
                }
                sums.entry(space.clone()).or_default().add(&flow);
            }
            if book.unnamed() > 0
                && let Some(all) = book.all()
            {
                rest.spaces = rest.spaces.max(book.unnamed());
                rest.subjects += book.unnamed();
                rest.messages_per_s += (all.per_s(on_bus(&all.grown).0) - messages).max(0.0);
                rest.bytes_per_s += (all.per_s(on_bus(&all.grown).1) - bytes).max(0.0);
            }
        }
        (sums, rows, rest)
    }

    /// One second has passed: the picture of now.
    pub(crate) fn picture(&mut self, now: Instant, wall_ms: u64) -> System {
        self.heard.look(now);
        self.devices.tidy(now);
        let nodes = self.nodes_now(now);
        let (sums, rows, rest) = self.sums(now);
        let flows = if self.hearing_since().is_some() {
            let flows = self.flows_now(now, &sums, rows, rest);
            // All fall silent a little before the bus is known to be away.
            if nodes.iter().all(|node| node.state != NodeState::Silent) {
                (self.flows, self.flows_at) = (flows.clone(), Some(wall_ms));
            }
            flows
        } else {
            self.flows.clone()
        };
        let silent = self.devices.silent(|space| sums.get(space).map_or(0, |sum| sum.silent), now);
        let mut system = System {
            at: wall_ms,
            version: self.version.number.clone(),
            commit: self.version.commit.clone(),
            bus: self.bus_now(),
            nodes,
            spaces: flows.spaces,
            subjects: flows.subjects,
            rest: flows.rest,
            totals: flows.totals,
            nats: self.nats.iter().map(|book| book.view(now)).collect(),
            devices: DevicesView {
                clashes: self.devices.clashes(now).collect(),
                flapping: self.devices.flapping(),
                silent,
            },
            troubles: Vec::new(),
        };
        let mut found = troubles::in_picture(&system);
        found.extend(sums.iter().filter(|(_, sum)| sum.silent > 0).map(|(space, sum)| silent_in(space, sum.silent)));
        system.troubles = self.troubles.note(found, wall_ms);
        system
    }

    /// What flows now.
    fn flows_now(
        &mut self,
        now: Instant,
        sums: &BTreeMap<Space, SpaceSum>,
        mut rows: Vec<Row>,
        mut rest: RestView,
    ) -> Flows {
        for (space, sum) in sums {
            rows.extend(sum.rows(space));
        }
        rows.extend(self.heard.rates().map(|(subject, messages, bytes)| Row::of(subject, messages, bytes)));
        subjects::sort(&mut rows);
        self.histories.note(&rows, now);

        let mut of_space: HashMap<Space, (f64, f64)> = HashMap::new();
        let mut totals = TotalsView::default();
        for row in &rows {
            totals.messages_per_s += row.messages_per_s;
            totals.bytes_per_s += row.bytes_per_s;
            if let Some(space) = &row.space {
                let (messages, bytes) = of_space.entry(space.clone()).or_default();
                *messages += row.messages_per_s;
                *bytes += row.bytes_per_s;
            }
        }
        totals.messages_per_s += rest.messages_per_s;
        totals.bytes_per_s += rest.bytes_per_s;
        self.total(now, &mut totals);
        for row in rows.iter().skip(MAX_SHOWN) {
            rest.subjects += 1;
            rest.messages_per_s += row.messages_per_s;
            rest.bytes_per_s += row.bytes_per_s;
        }
        let (spaces, beyond) = self.spaces(sums, &of_space);
        rest.spaces += beyond;
        (rest.messages_per_s, rest.bytes_per_s) = (rounded(rest.messages_per_s), rounded(rest.bytes_per_s));
        let subjects = rows.iter().take(MAX_SHOWN).map(Row::view).collect();
        Flows { spaces, subjects, rest, totals }
    }

    /// How many NATS servers do not answer.
    pub(crate) fn nats_away(&self) -> usize {
        self.nats.iter().filter(|book| book.is_away()).count()
    }

    /// The last minute of each subject of a picture.
    pub(crate) fn histories(&self, subjects: &[SubjectView]) -> Vec<Vec<f32>> {
        subjects.iter().map(|row| self.histories.of(&row.subject)).collect()
    }

    fn bus_now(&self) -> BusView {
        let says = match &self.bus {
            Bus::UpSince(_) => None,
            Bus::Away(why) => Some(why.clone()),
        };
        let figures_at = says.as_ref().and(self.flows_at);
        BusView { engine: self.engine, up: says.is_none(), says, figures_at }
    }

    /// The nodes, those that are heard first; of those that are gone the last few, for a while.
    fn nodes_now(&mut self, now: Instant) -> Vec<NodeView> {
        let since = self.hearing_since();
        for book in self.nodes.values_mut() {
            book.look(now, since);
        }
        let mut gone: Vec<(Duration, NodeId)> = self
            .nodes
            .iter()
            .filter(|(_, book)| book.state(now, since) == NodeState::Gone)
            .map(|(node, book)| (book.age(now), node.clone()))
            .collect();
        gone.sort();
        for (place, (age, node)) in gone.iter().enumerate() {
            if place >= MAX_GONE || *age >= GONE_SHOWN {
                self.nodes.remove(node);
            }
        }
        let mut nodes: Vec<NodeView> =
            self.nodes.iter().map(|(node, book)| book.view(node, now, book.state(now, since))).collect();
        nodes.sort_by_key(|node| node.state);
        nodes
    }

    /// Sums over whole nodes, in which every space is.
    fn total(&self, now: Instant, totals: &mut TotalsView) {
        for book in self.nodes.values().filter(|book| book.state(now, self.hearing_since()) == NodeState::Live) {
            totals.devices += book.report().all.devices;
            totals.viewers += book.report().all.viewers;
            if let Some(all) = book.all() {
                totals.frames_per_s += all.per_s(all.grown.frames);
                totals.commands_per_s += all.per_s(all.grown.answered());
            }
        }
        let TotalsView { frames_per_s, messages_per_s, bytes_per_s, commands_per_s, .. } = totals;
        for rate in [frames_per_s, messages_per_s, bytes_per_s, commands_per_s] {
            *rate = rounded(*rate);
        }
    }

    /// The busiest spaces, and how many others there are. One in which nothing is and nothing happens is none.
    fn spaces(&self, sums: &BTreeMap<Space, SpaceSum>, of_space: &HashMap<Space, (f64, f64)>) -> (Vec<SpaceView>, u64) {
        let mut spaces: Vec<SpaceView> = sums
            .iter()
            .map(|(space, sum)| {
                let (messages, bytes) = of_space.get(space).copied().unwrap_or_default();
                sum.view(space, messages, bytes, self.devices.clashes_in(space))
            })
            .filter(|space| space.devices + space.viewers > 0 || space.messages_per_s + space.commands_per_s > 0.0)
            .collect();
        // Stable, so those that are alike stay in the order of their names.
        spaces.sort_by(|a, b| b.messages_per_s.total_cmp(&a.messages_per_s));
        let beyond = spaces.len().saturating_sub(MAX_SPACES) as u64;
        spaces.truncate(MAX_SPACES);
        (spaces, beyond)
    }
}

fn silent_in(space: &Space, silent: u64) -> Found {
    let text = match silent {
        1 => format!("A device of space {space} is connected, and has sent nothing for more than 5 s."),
        silent => format!("{silent} devices of space {space} are connected, and have sent nothing for more than 5 s."),
    };
    Found::new(TroubleKind::Silent, space, text)
}

/// What a roster says of a device, with who says it.
pub(crate) type Entry = (NodeId, RosterEntry);

/// Of two nodes that name a device while it moves, the one that heard it last is right.
pub(crate) fn one_each(entries: &mut Vec<Entry>) {
    entries.sort_unstable_by_key(|(_, entry)| (entry.id, entry.last_seen_ms.unwrap_or(u64::MAX)));
    entries.dedup_by_key(|(_, entry): &mut Entry| -> DeviceId { entry.id });
}
