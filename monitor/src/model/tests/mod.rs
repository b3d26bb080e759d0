//! The picture, on a clock that the test moves.

mod devices;
mod flows;
mod nodes;

use super::view::{NatsState, NodeState, TroubleKind};
use super::{Model, NatsLook, System};
use grouploop_bridge::{DeviceId, Presence, Report, RosterEntry, Space, SpaceFigures, Subject};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// 2026, in milliseconds.
const WALL_MS: u64 = 1_790_000_000_000;
const LAB: &str = "lab";

/// A model, and the time.
struct Stage {
    model: Model,
    start: Instant,
    now_ms: u64,
}

impl Stage {
    fn new() -> Self {
        let mut stage =
            Self { model: Model::new("1.2.3".into(), "nats", Vec::new()), start: Instant::now(), now_ms: 0 };
        stage.model.bus_up(stage.now());
        stage
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.now_ms)
    }

    fn wall(&self) -> u64 {
        WALL_MS + self.now_ms
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    fn picture(&mut self) -> System {
        let (now, wall) = (self.now(), self.wall());
        self.model.picture(now, wall)
    }

    /// What a node that started at the beginning says now.
    fn report(&self, node: &str, spaces: &[(&str, SpaceFigures)]) -> Report {
        let mut all = SpaceFigures::default();
        spaces.iter().for_each(|(_, figures)| all.add(figures));
        let spaces: BTreeMap<Space, SpaceFigures> =
            spaces.iter().map(|(space, figures)| (named(space), *figures)).collect();
        Report {
            node: node.parse().unwrap(),
            role: "edge".into(),
            version: "1.2.3".into(),
            commit: String::new(),
            run: 1,
            leaving: false,
            clock_ms: self.wall(),
            up_ms: 5_000 + self.now_ms,
            cpu_ms: Some(self.now_ms / 4),
            memory_bytes: Some(1 << 20),
            connections: 7,
            round_trip_us: Some(300),
            drops: BTreeMap::new(),
            clashes: BTreeMap::new(),
            all,
            spaces_in_all: spaces.len() as u64,
            spaces,
        }
    }

    fn hear(&mut self, report: Report) {
        let (now, wall) = (self.now(), self.wall());
        self.model.hear_report(report, now, wall);
    }

    fn hear_presence(&mut self, presence: &Presence) {
        let (now, wall) = (self.now(), self.wall());
        self.model.hear_presence(&named(LAB), presence, now, wall);
    }
}

fn named(space: &str) -> Space {
    space.parse().unwrap()
}

fn frames(frames: u64, messages: u64) -> SpaceFigures {
    SpaceFigures { devices: 10, viewers: 1, frames, messages, ..SpaceFigures::default() }
}

fn kinds(system: &System) -> Vec<(TroubleKind, &str)> {
    system.troubles.iter().map(|trouble| (trouble.kind, trouble.about.as_str())).collect()
}

fn joined(node: &str, device: u16, claimed: u64) -> Presence {
    Presence {
        node: node.parse().unwrap(),
        joined: [(DeviceId(device), claimed)].into(),
        left: vec![],
        clashes: vec![],
    }
}
