//! What swarms have done, added up, and what became of their connections.

use crate::link::{ConnectFailure, WsCounts};
use crate::load::CommandFigures;
use crate::swarm::{Figures, SwarmHandle};
use serde::Serialize;
use std::collections::BTreeMap;

/// What became of the connections of a swarm to edges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ConnectionFigures {
    /// Connections that stand now.
    pub(crate) open: u64,
    /// Connections that came to stand, again after a loss too.
    pub(crate) opened: u64,
    /// Connections that ended without our wish.
    pub(crate) lost: u64,
    /// Connections that did not come to stand, by reason.
    pub(crate) failed: BTreeMap<&'static str, u64>,
    /// Frames that were taken, and could not be written before their connection ended.
    pub(crate) frames_lost: u64,
}

impl ConnectionFigures {
    pub(crate) fn of(counts: &WsCounts) -> Self {
        let failed = ConnectFailure::ALL.into_iter().map(|why| (why.reason(), counts.failed(why).get()));
        Self {
            open: counts.open.get(),
            opened: counts.opened.get(),
            lost: counts.lost.get(),
            failed: failed.filter(|(_, tries)| *tries > 0).collect(),
            frames_lost: counts.lost_with_connection.get(),
        }
    }

    fn add(&mut self, other: &Self) {
        self.open += other.open;
        self.opened += other.opened;
        self.lost += other.lost;
        for (why, tries) in &other.failed {
            *self.failed.entry(why).or_default() += tries;
        }
        self.frames_lost += other.frames_lost;
    }
}

/// What several swarms have done together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Totals {
    pub(crate) figures: Figures,
    pub(crate) connections: ConnectionFigures,
    /// The commands that were sent to them, without their latency.
    pub(crate) command_load: CommandFigures,
}

impl Totals {
    /// These and one more swarm.
    pub(crate) fn plus(mut self, swarm: &SwarmHandle) -> Self {
        self.figures = self.figures.plus(&swarm.figures());
        self.connections.add(&ConnectionFigures::of(swarm.connections()));
        let load = swarm.command_figures().unwrap_or_default();
        let sum = &mut self.command_load;
        sum.sent += load.sent;
        sum.success += load.success;
        sum.failed += load.failed;
        sum.no_answer += load.no_answer;
        sum.not_sent += load.not_sent;
        sum.devices_reached += load.devices_reached;
        self
    }
}
