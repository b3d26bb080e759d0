//! What is known of one node: its last reports, and how long ago they were.

use super::view::{DropView, NodeState, NodeView, rounded};
use grouploop_bridge::{NodeId, Report, Space, SpaceFigures};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Without a report for this long a node is silent.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(2);
/// Without one for this long it counts as gone.
pub(super) const GONE_AFTER: Duration = Duration::from_secs(10);
/// Reports that are kept: rates are over the time between the first and the last of them.
const SAMPLES: usize = 3;
/// Differences of clocks that are kept.
const CLOCKS: usize = 2;

/// One node.
#[derive(Debug)]
pub(super) struct NodeBook {
    /// The newest report, without its spaces.
    latest: Report,
    heard: Instant,
    samples: VecDeque<Sample>,
    clocks: VecDeque<i64>,
    /// It was found gone, and nothing was heard of it since.
    is_gone: bool,
}

/// The counts of one report.
#[derive(Debug)]
struct Sample {
    up_ms: u64,
    cpu_ms: Option<u64>,
    drops: BTreeMap<String, u64>,
    all: SpaceFigures,
    is_whole: bool,
    spaces: BTreeMap<Space, SpaceFigures>,
}

/// What happened in so many seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    pub(super) grown: SpaceFigures,
    pub(super) seconds: f64,
}

impl Flow {
    pub(super) fn per_s(&self, count: u64) -> f64 {
        if self.seconds > 0.0 { count as f64 / self.seconds } else { 0.0 }
    }
}

impl NodeBook {
    pub(super) fn new(report: Report, now: Instant, wall_ms: u64) -> Self {
        let mut latest = report;
        let first = Sample::of(&mut latest);
        let clocks = VecDeque::from([clock_off(&latest, wall_ms)]);
        Self { latest, heard: now, samples: VecDeque::from([first]), clocks, is_gone: false }
    }

    pub(super) fn hear(&mut self, mut report: Report, now: Instant, wall_ms: u64) {
        if report.run == self.latest.run && report.up_ms < self.latest.up_ms {
            return;
        }
        if report.run != self.latest.run {
            self.samples.clear();
            self.clocks.clear();
        }
        self.samples.push_back(Sample::of(&mut report));
        self.clocks.push_back(clock_off(&report, wall_ms));
        while self.samples.len() > SAMPLES {
            self.samples.pop_front();
        }
        while self.clocks.len() > CLOCKS {
            self.clocks.pop_front();
        }
        self.latest = report;
        self.heard = now;
        self.is_gone = false;
    }

    /// Remembers what it is found to be: who is gone does not come back because the bus goes, too.
    pub(super) fn look(&mut self, now: Instant, hearing_since: Option<Instant>) {
        self.is_gone = self.state(now, hearing_since) == NodeState::Gone;
    }

    pub(super) fn report(&self) -> &Report {
        &self.latest
    }

    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.heard)
    }

    /// `hearing_since` is when the bus came back, or `None` while it is away: nobody is gone for not being heard by somebody who cannot hear.
    pub(super) fn state(&self, now: Instant, hearing_since: Option<Instant>) -> NodeState {
        if self.latest.leaving || self.is_gone {
            return NodeState::Gone;
        }
        let unheard = |since: Instant| now.saturating_duration_since(self.heard.max(since));
        match hearing_since {
            Some(since) if unheard(since) >= GONE_AFTER => NodeState::Gone,
            _ if self.age(now) >= SILENT_AFTER => NodeState::Silent,
            _ => NodeState::Live,
        }
    }

    /// How far its clock is ahead. A report that was long on its way makes it look behind, so the largest of the last differences is meant.
    pub(super) fn clock_off_ms(&self) -> Option<i64> {
        self.clocks.iter().copied().max()
    }

    /// What happened between the first and the last report that are kept; `None` of a node that was heard once.
    fn window(&self) -> Option<(&Sample, &Sample)> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        (last.up_ms > first.up_ms).then_some((first, last))
    }

    /// What happened in all its spaces.
    pub(super) fn all(&self) -> Option<Flow> {
        let (first, last) = self.window()?;
        Some(Flow { grown: last.all.since(&first.all), seconds: last.seconds_since(first) })
    }

    /// What happened in each space that it named last. One that it names for the first time has levels alone, unless it cannot have been there
    /// before.
    pub(super) fn spaces(&self) -> Vec<(&Space, Flow)> {
        let Some(last) = self.samples.back() else { return Vec::new() };
        let flow = |space: &Space, figures: &SpaceFigures| {
            let earlier = self.samples.iter().rev().skip(1);
            let known = self.samples.iter().find_map(|sample| Some((sample, *sample.spaces.get(space)?)));
            let (first, then) = match known.filter(|(first, _)| !std::ptr::eq(*first, last)) {
                Some((first, then)) => (Some(first), then),
                None => match earlier.take(1).next() {
                    Some(before) if before.is_whole => (Some(before), SpaceFigures::default()),
                    _ => (None, *figures),
                },
            };
            let seconds = first.map_or(0.0, |first| last.seconds_since(first));
            Flow { grown: figures.since(&then), seconds }
        };
        last.spaces.iter().map(|(space, figures)| (space, flow(space, figures))).collect()
    }

    /// Spaces that it has and did not name.
    pub(super) fn unnamed(&self) -> u64 {
        let named = self.samples.back().map_or(0, |sample| sample.spaces.len() as u64);
        self.latest.spaces_in_all.saturating_sub(named)
    }

    /// Whether it has devices in a space; `None` when it did not name it.
    pub(super) fn has_devices(&self, space: &Space) -> Option<bool> {
        let last = self.samples.back()?;
        match last.spaces.get(space) {
            Some(figures) => Some(figures.devices > 0),
            None if last.is_whole => Some(false),
            None => None,
        }
    }

    pub(super) fn view(&self, node: &NodeId, now: Instant, state: NodeState) -> NodeView {
        let latest = &self.latest;
        let window = self.window();
        let cores = window.and_then(|(first, last)| {
            let spent = last.cpu_ms?.saturating_sub(first.cpu_ms?) as f64;
            Some((spent / (last.seconds_since(first) * 1000.0) * 100.0).round() / 100.0)
        });
        let drops = latest.drops.iter().map(|(reason, total)| {
            let per_s = window.map_or(0.0, |(first, last)| {
                let before = first.drops.get(reason).copied().unwrap_or(0);
                total.saturating_sub(before) as f64 / last.seconds_since(first)
            });
            DropView { reason: reason.clone(), total: *total, per_s: rounded(per_s) }
        });
        NodeView {
            node: node.clone(),
            role: latest.role.clone(),
            version: latest.version.clone(),
            commit: latest.commit.clone(),
            state,
            leaving: latest.leaving,
            age_ms: u64::try_from(self.age(now).as_millis()).unwrap_or(u64::MAX),
            up_s: latest.up_ms / 1000,
            clock_off_ms: self.clock_off_ms(),
            cores,
            memory_bytes: latest.memory_bytes,
            connections: latest.connections,
            devices: latest.all.devices,
            viewers: latest.all.viewers,
            round_trip_us: latest.round_trip_us,
            drops: drops.collect(),
        }
    }
}

impl Sample {
    /// Takes the counts out of a report.
    fn of(report: &mut Report) -> Self {
        let spaces = std::mem::take(&mut report.spaces);
        Self {
            up_ms: report.up_ms,
            cpu_ms: report.cpu_ms,
            drops: report.drops.clone(),
            all: report.all,
            is_whole: report.spaces_in_all <= spaces.len() as u64,
            spaces,
        }
    }

    fn seconds_since(&self, earlier: &Self) -> f64 {
        self.up_ms.saturating_sub(earlier.up_ms) as f64 / 1000.0
    }
}

fn clock_off(report: &Report, wall_ms: u64) -> i64 {
    let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    ms(report.clock_ms).saturating_sub(ms(wall_ms))
}
