//! What viewers saw, by class and in all.

use crate::measure::{ClassCounts, Latency, Viewers};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What viewers saw.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// All classes together.
    pub all: MeasuredFigures,
    /// Each class, which is a swarm.
    pub classes: Vec<MeasuredClass>,
    /// Frames that viewers received and no swarm of this run sent, by space.
    pub foreign: BTreeMap<String, u64>,
    /// The viewers.
    pub viewers: Vec<ViewerReport>,
    /// Messages that viewers on the bus lost by themselves because they could not keep up. Their frames count as lost, but it is the
    /// measuring that lost them. With NATS a lower bound.
    pub messages_lost_by_viewers: u64,
}

/// What viewers saw of one class.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasuredClass {
    /// The name of the swarm.
    pub name: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: MeasuredFigures,
}

/// Frames as viewers see them: one that is sent counts once for each viewer of its space.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasuredFigures {
    /// Frames that viewers should receive.
    pub expected: u64,
    /// Frames that they received, each once.
    pub delivered: u64,
    /// Frames that they did not receive.
    pub lost: u64,
    /// Frames that they received again.
    pub duplicated: u64,
    /// Frames that they received after a newer one of the same device; they count as delivered too.
    pub out_of_order: u64,
    /// From when a frame was due to when it had been received; absent when none was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyReport>,
}

/// Times, in ms, exact to three digits and at most a minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyReport {
    /// Half of the frames took no longer, in ms.
    pub p50_ms: f64,
    /// 90 of 100, in ms.
    pub p90_ms: f64,
    /// 99 of 100, in ms.
    pub p99_ms: f64,
    /// 999 of 1,000, in ms.
    pub p99_9_ms: f64,
    /// The slowest, in ms.
    pub max_ms: f64,
}

/// One viewer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerReport {
    /// `bus`, or the URL of an edge.
    pub through: String,
    /// The space that it watched.
    pub space: String,
    /// How often it lost its connection and came back; what was sent meanwhile counts as lost.
    pub reconnects: u64,
}

impl Measured {
    /// What the viewers have seen. They should have been [finished](Viewers::finish) before, or frames under way are in no count.
    #[must_use]
    pub fn of(viewers: &Viewers) -> Self {
        let watched = viewers.watched().into_iter().map(|one| ViewerReport {
            through: one.through,
            space: one.space.to_string(),
            reconnects: one.reconnects,
        });
        let mut latency = Latency::new();
        let mut measured =
            Self { viewers: watched.collect(), messages_lost_by_viewers: viewers.messages_lost(), ..Self::default() };
        let ledger = viewers.ledger().lock();
        for counts in ledger.classes() {
            let figures = figures(counts);
            let all = &mut measured.all;
            all.expected += figures.expected;
            all.delivered += figures.delivered;
            all.lost += figures.lost;
            all.duplicated += figures.duplicated;
            all.out_of_order += figures.out_of_order;
            latency.add(&counts.latency);
            measured.classes.push(MeasuredClass { name: counts.name.clone(), figures });
        }
        measured.all.latency = LatencyReport::of(&latency);
        measured.foreign = ledger.foreign().map(|(space, foreign)| (space.to_string(), foreign)).collect();
        measured
    }

    /// Frames that no swarm of this run sent, of all spaces.
    #[must_use]
    pub fn foreign_in_all(&self) -> u64 {
        self.foreign.values().sum()
    }
}

fn figures(counts: &ClassCounts) -> MeasuredFigures {
    MeasuredFigures {
        expected: counts.expected,
        delivered: counts.delivered,
        lost: counts.lost,
        duplicated: counts.duplicated,
        out_of_order: counts.out_of_order,
        latency: LatencyReport::of(&counts.latency),
    }
}

impl LatencyReport {
    /// `None` when nothing was counted.
    fn of(latency: &Latency) -> Option<Self> {
        let ms = |share: f64| latency.quantile_us(share) as f64 / 1000.0;
        (!latency.is_empty()).then(|| Self {
            p50_ms: ms(0.5),
            p90_ms: ms(0.9),
            p99_ms: ms(0.99),
            p99_9_ms: ms(0.999),
            max_ms: latency.max_us() as f64 / 1000.0,
        })
    }
}
