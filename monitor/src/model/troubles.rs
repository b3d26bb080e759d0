//! What is not as it should be, in sentences, each with the time since when it is so.

use super::view::{NatsView, NodeState, NodeView, System, Trouble, TroubleKind};
use std::collections::HashMap;

/// Troubles that are shown at most.
const MAX_SHOWN: usize = 100;
/// A clock that is further off than this is worth a word.
const CLOCK_OFF_MS: u64 = 2_000;
/// That a node has gone in order is worth a word for this long.
const LEFT_SHOWN_MS: u64 = 60_000;

/// Since when there is which.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    since: HashMap<(TroubleKind, String), u64>,
}

/// One that is there now.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) kind: TroubleKind,
    pub(super) about: String,
    pub(super) text: String,
    /// Since when it is there, where that is known better than by when it was found.
    pub(super) since: Option<u64>,
}

impl Found {
    pub(super) fn new(kind: TroubleKind, about: impl ToString, text: String) -> Self {
        Self { kind, about: about.to_string(), text, since: None }
    }
}

impl Troubles {
    /// Those that are there now, the newest first; of the others nothing is kept.
    pub(super) fn note(&mut self, found: Vec<Found>, wall_ms: u64) -> Vec<Trouble> {
        let mut since = HashMap::with_capacity(found.len());
        let mut troubles: Vec<Trouble> = found
            .into_iter()
            .map(|Found { kind, about, text, since: known }| {
                let key = (kind, about.clone());
                let began = known.or_else(|| self.since.get(&key).copied()).unwrap_or(wall_ms);
                since.insert(key, began);
                Trouble { kind, about, text, since: began }
            })
            .collect();
        self.since = since;
        // Stable: those of the same moment keep the order in which they were found, the worst first.
        troubles.sort_by_key(|trouble| std::cmp::Reverse(trouble.since));
        troubles.truncate(MAX_SHOWN);
        troubles
    }
}

/// What a picture of the system shows of it.
pub(super) fn in_picture(system: &System) -> Vec<Found> {
    let mut found = Vec::new();
    if !system.bus.up {
        let why = system.bus.says.as_deref().unwrap_or("it is closed");
        let text =
            format!("The monitor has no bus ({why}): nothing is known of nodes, spaces and devices until it is back.");
        found.push(Found::new(TroubleKind::BusAway, "bus", text));
    }
    found.extend(system.nats.iter().filter_map(nats));
    for node in &system.nodes {
        found.extend(of_node(node, system.at, system.bus.up));
    }
    for clash in &system.devices.clashes {
        let nodes: Vec<&str> = clash.nodes.iter().map(|node| node.as_str()).collect();
        let text = format!(
            "Two live connections send as device {} of space {}, on {}. Give one of them another id.",
            clash.device,
            clash.space,
            nodes.join(" and ")
        );
        let about = format!("{}/{}", clash.space, clash.device);
        found.push(Found { since: Some(clash.since), ..Found::new(TroubleKind::Clash, about, text) });
    }
    for flapping in &system.devices.flapping {
        let text = format!(
            "Device {} of space {} comes and goes: its connection does not hold.",
            flapping.device, flapping.space
        );
        found.push(Found::new(TroubleKind::Flapping, format!("{}/{}", flapping.space, flapping.device), text));
    }
    found
}

fn nats(server: &NatsView) -> Option<Found> {
    let why = server.says.as_ref()?;
    let text = format!("The NATS server {} does not answer: {why}.", server.url);
    Some(Found::new(TroubleKind::NatsAway, &server.url, text))
}

fn of_node(node: &NodeView, at: u64, hearing: bool) -> Vec<Found> {
    let mut found = Vec::new();
    let name = &node.node;
    let last_heard = Some(at.saturating_sub(node.age_ms));
    match node.state {
        NodeState::Gone if node.leaving && node.age_ms > LEFT_SHOWN_MS => {}
        NodeState::Gone => {
            let text = match node.leaving {
                true => format!("{name} ({}) has gone, in order.", node.role),
                false => format!(
                    "{name} ({}) is gone without a word: it has stopped, or its way to the bus is cut.",
                    node.role
                ),
            };
            found.push(Found { since: last_heard, ..Found::new(TroubleKind::NodeGone, name, text) });
        }
        // With the bus away nobody is heard.
        NodeState::Silent if hearing => {
            let text = format!("{name} ({}) is not heard: its figures are old.", node.role);
            found.push(Found { since: last_heard, ..Found::new(TroubleKind::NodeSilent, name, text) });
        }
        NodeState::Silent => {}
        NodeState::Live => {
            if let Some(off) = node.clock_off_ms.filter(|off| off.unsigned_abs() > CLOCK_OFF_MS) {
                let (seconds, way) = (off.unsigned_abs() as f64 / 1000.0, if off > 0 { "ahead of" } else { "behind" });
                let text = format!("The clock of {name} is {seconds:.0} s {way} that of the monitor.");
                found.push(Found::new(TroubleKind::ClockOff, name, text));
            }
            let drops: Vec<&str> =
                node.drops.iter().filter(|drop| drop.per_s > 0.0).map(|drop| drop.reason.as_str()).collect();
            if !drops.is_empty() {
                let text = format!("{name} drops frames ({}).", drops.join(", "));
                found.push(Found::new(TroubleKind::Drops, name, text));
            }
        }
    }
    found
}
