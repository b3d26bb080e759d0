//! Devices with which something is wrong: two send under one id, one comes and goes, one is connected and sends nothing.

use super::view::{ClashView, FlappingView, SilentView};
use grouploop_bridge::{DeviceId, NodeId, Presence, RosterEntry, SILENT_AFTER, Space};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Devices that are followed at most.
const MAX_DEVICES: usize = 65_536;
/// A device that came as often within [`FLAPPING_WITHIN`] does not hold its connection, until one has held for [`HOLDS_AFTER`]. Firmware tries
/// again 5 s after a loss, and a loss may be noticed 30 s late.
const FLAPPING_TIMES: usize = 4;
const FLAPPING_WITHIN: Duration = Duration::from_secs(180);
const HOLDS_AFTER: Duration = Duration::from_secs(60);
/// Comings of a device that are kept.
const MAX_COMINGS: usize = 4 * FLAPPING_TIMES;
/// A node to which a device came so lately may have one of two that clash.
const CLASH_CAME: Duration = Duration::from_secs(20);
/// A clash of which no node speaks any more is over.
const CLASH_KEPT: Duration = Duration::from_secs(3);
/// The list of a space that is as old says nothing of its silent devices any more.
const ROSTER_KEPT: Duration = Duration::from_secs(60);
/// Of each kind at most.
const MAX_SHOWN: usize = 200;

type Key = (Space, DeviceId);

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Devices {
    comings: HashMap<Key, VecDeque<Coming>>,
    clashes: BTreeMap<Key, Clash>,
    silent: BTreeMap<Space, Silent>,
}

/// A device came to a node.
#[derive(Debug)]
struct Coming {
    at: Instant,
    claimed: u64,
    node: NodeId,
}

#[derive(Debug)]
struct Clash {
    since_ms: u64,
    told: Instant,
    nodes: BTreeSet<NodeId>,
}

/// The silent devices of a space when it was asked.
#[derive(Debug)]
struct Silent {
    asked: Instant,
    devices: Vec<(DeviceId, NodeId, u64)>,
}

impl Devices {
    pub(super) fn hear_presence(&mut self, space: &Space, presence: &Presence, now: Instant, wall_ms: u64) {
        for (device, claimed) in &presence.joined {
            if self.comings.len() >= MAX_DEVICES && !self.comings.contains_key(&(space.clone(), *device)) {
                continue;
            }
            let comings = self.comings.entry((space.clone(), *device)).or_default();
            // Said once more, as after a time without the bus, it has not come once more.
            if comings.iter().all(|coming| coming.claimed != *claimed) {
                comings.push_back(Coming { at: now, claimed: *claimed, node: presence.node.clone() });
            }
            while comings.len() > MAX_COMINGS {
                comings.pop_front();
            }
        }
        for device in &presence.clashes {
            self.hear_clash(&presence.node, space, *device, now, wall_ms);
        }
    }

    /// A node says that two send under this id.
    pub(super) fn hear_clash(&mut self, node: &NodeId, space: &Space, device: DeviceId, now: Instant, wall_ms: u64) {
        let key = (space.clone(), device);
        if self.clashes.len() >= MAX_DEVICES && !self.clashes.contains_key(&key) {
            return;
        }
        let clash =
            self.clashes.entry(key).or_insert_with(|| Clash { since_ms: wall_ms, told: now, nodes: BTreeSet::new() });
        clash.told = now;
        clash.nodes.insert(node.clone());
    }

    /// Who is in a space. Who never sent is silent since it came.
    pub(super) fn hear_roster(&mut self, space: &Space, devices: &[(NodeId, RosterEntry)], now: Instant) {
        let limit = u64::try_from(SILENT_AFTER.as_millis()).unwrap_or(u64::MAX);
        let silent = devices.iter().filter_map(|(node, entry)| {
            let silent_ms = entry.last_seen_ms.or(entry.mute_ms).filter(|ms| *ms >= limit)?;
            Some((entry.id, node.clone(), silent_ms))
        });
        let silent = Silent { asked: now, devices: silent.collect() };
        self.silent.insert(space.clone(), silent);
    }

    /// When a space was last asked.
    pub(super) fn asked(&self, space: &Space) -> Option<Instant> {
        self.silent.get(space).map(|silent| silent.asked)
    }

    /// Forgets what is over.
    pub(super) fn tidy(&mut self, now: Instant) {
        let passed = |since: Instant| now.saturating_duration_since(since);
        self.comings.retain(|_, comings| {
            while comings.front().is_some_and(|coming| passed(coming.at) >= FLAPPING_WITHIN) {
                comings.pop_front();
            }
            comings.back().is_some_and(|coming| passed(coming.at) < HOLDS_AFTER)
        });
        // Those that took the id from each other came and went for that, and do no more.
        self.clashes.retain(|key, clash| {
            let goes_on = passed(clash.told) < CLASH_KEPT;
            if !goes_on {
                self.comings.remove(key);
            }
            goes_on
        });
        self.silent.retain(|_, silent| passed(silent.asked) < ROSTER_KEPT);
    }

    pub(super) fn clashes(&self, now: Instant) -> impl Iterator<Item = ClashView> {
        self.clashes.iter().take(MAX_SHOWN).map(move |((space, device), clash)| {
            let comings = self.comings.get(&(space.clone(), *device)).into_iter().flatten();
            let lately = comings.filter(|coming| now.saturating_duration_since(coming.at) < CLASH_CAME);
            let mut nodes = clash.nodes.clone();
            nodes.extend(lately.map(|coming| coming.node.clone()));
            ClashView {
                space: space.clone(),
                device: *device,
                nodes: nodes.into_iter().collect(),
                since: clash.since_ms,
            }
        })
    }

    pub(super) fn clashes_in(&self, space: &Space) -> usize {
        self.clashes.keys().filter(|(other, _)| other == space).count()
    }

    /// Devices that come and go; those that two send under do so of themselves.
    pub(super) fn flapping(&self) -> Vec<FlappingView> {
        let flapping = self
            .comings
            .iter()
            .filter(|(key, comings)| comings.len() >= FLAPPING_TIMES && !self.clashes.contains_key(*key));
        let mut shown: Vec<FlappingView> = flapping
            .map(|((space, device), comings)| FlappingView {
                space: space.clone(),
                device: *device,
                times: comings.len(),
                within_s: span(comings).as_secs_f64().ceil().max(1.0) as u64,
            })
            .collect();
        shown.sort_by(|a, b| (&a.space, a.device).cmp(&(&b.space, b.device)));
        shown.truncate(MAX_SHOWN);
        shown
    }

    /// Silent devices of spaces in which nodes still have so many, as `counted` says: a list with more of them is not true any more.
    pub(super) fn silent(&self, counted: impl Fn(&Space) -> u64, now: Instant) -> Vec<SilentView> {
        let mut shown = Vec::new();
        for (space, silent) in &self.silent {
            if (silent.devices.len() as u64) > counted(space) {
                continue;
            }
            let age = u64::try_from(now.saturating_duration_since(silent.asked).as_millis()).unwrap_or(u64::MAX);
            for (device, node, silent_ms) in &silent.devices {
                if shown.len() >= MAX_SHOWN {
                    return shown;
                }
                let silent_ms = silent_ms.saturating_add(age);
                shown.push(SilentView { space: space.clone(), device: *device, node: node.clone(), silent_ms });
            }
        }
        shown
    }
}

/// From the first to the last.
fn span(comings: &VecDeque<Coming>) -> Duration {
    match (comings.front(), comings.back()) {
        (Some(first), Some(last)) => last.at.saturating_duration_since(first.at),
        _ => Duration::ZERO,
    }
}
