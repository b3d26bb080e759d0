//! What was measured in one round, before anybody judges it.

use crate::cdn::turn::Turn;
use crate::metric::Metric;
use crate::simulator::ran::Run;
use crate::swarm::Outcome;
use std::collections::BTreeMap;

/// What one system gave in one round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    pub(crate) figures: BTreeMap<Metric, f64>,
    /// The load behind the figures, if there was one.
    pub(crate) outcome: Option<Outcome>,
    /// What wrk saw of it, if it was wrk who asked.
    pub(crate) turns: Vec<Turn>,
    /// What the simulator did, if it was the simulator.
    pub(crate) runs: Vec<Run>,
}

/// The edge and the relay, the CDN and nginx, or a replay and NATS alone, in the same round. The simulator has nobody beside it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Round {
    pub(crate) edge: Option<Measured>,
    pub(crate) relay: Option<Measured>,
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let upper = figures.get(figures.len() / 2)?;
    let lower = figures.get(figures.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(*lower, *upper))
}
