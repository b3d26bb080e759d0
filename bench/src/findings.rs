//! From rounds to verdicts: medians, targets, and the exit code.

use crate::cdn::{self, turn::Turn};
use crate::measured::{Measured, Round, median};
use crate::metric::Metric;
use crate::scenario::{Check, Known, Scenario};
use crate::simulator::ran::Run;
use crate::swarm::Outcome;
use serde::Serialize;

/// All rounds of one scenario.
pub(crate) struct Findings {
    pub(crate) scenario: &'static Scenario,
    pub(crate) rounds: Vec<Round>,
    /// Why rounds could not be measured at all.
    pub(crate) failures: Vec<String>,
}

/// What a figure means for its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Met,
    /// Over the limit, but within what the limit allows of the relay: this machine's sockets cost more than those that the limit is about.
    MetByRatio,
    Missed,
    /// The generator did not keep its schedule, so the figure says nothing.
    Invalid,
    /// Not measured because something did not work.
    Failed,
    /// Nothing to judge.
    Shown,
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) scenario: char,
    pub(crate) metric: Metric,
    pub(crate) limit: Option<f64>,
    pub(crate) least: Option<f64>,
    pub(crate) edge: Option<f64>,
    pub(crate) relay: Option<f64>,
    /// Edge over relay, in this run, whatever the speed of the machine; or the median of CDN over nginx, by turns.
    pub(crate) ratio: Option<f64>,
    /// What the target allows of that: the limit over the relay's known figure.
    pub(crate) ratio_allowed: Option<f64>,
    /// What the target wants of it at least.
    pub(crate) share: Option<f64>,
    #[serde(skip)]
    pub(crate) known: Option<Known>,
    pub(crate) verdict: Verdict,
}

impl Findings {
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> {
        self.scenario.checks.iter().map(|check| {
            let edge = fold(check.metric, self.rounds.iter().filter_map(|round| round.edge.as_ref()));
            let relay = fold(check.metric, self.rounds.iter().filter_map(|round| round.relay.as_ref()));
            let ratio = match check.share {
                Some(_) => median(self.rounds.iter().flat_map(|round| cdn::ratios(round, check.metric)).collect()),
                None => edge.zip(relay).filter(|_| check.known.is_some()).map(|(edge, relay)| edge / relay),
            };
            let ratio_allowed = check.limit.zip(check.known).map(|(limit, known)| limit / known.relay);
            let within = ratio.zip(ratio_allowed).is_some_and(|(ratio, allowed)| ratio <= allowed);
            let verdict = match self.judge(check, edge, ratio) {
                Verdict::Missed if within => Verdict::MetByRatio,
                verdict => verdict,
            };
            Row {
                scenario: self.scenario.key,
                metric: check.metric,
                limit: check.limit,
                least: check.least,
                edge,
                relay,
                ratio,
                ratio_allowed,
                share: check.share,
                known: check.known,
                verdict,
            }
        })
    }

    /// The loads of all rounds, on either server.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let both = self.rounds.iter().flat_map(|round| [&round.edge, &round.relay]);
        both.flatten().filter_map(|measured| measured.outcome.as_ref())
    }

    /// The turns of all rounds, of either server.
    pub(crate) fn turns(&self) -> impl Iterator<Item = &Turn> {
        let both = self.rounds.iter().flat_map(|round| [&round.edge, &round.relay]);
        both.flatten().flat_map(|measured| &measured.turns)
    }

    /// The runs of the simulator of all rounds.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.rounds.iter().filter_map(|round| round.edge.as_ref()).flat_map(|measured| &measured.runs)
    }

    fn judge(&self, check: &Check, edge: Option<f64>, ratio: Option<f64>) -> Verdict {
        let met = match (check.limit, check.least, check.share) {
            _ if !self.failures.is_empty() => return Verdict::Failed,
            (Some(limit), ..) => edge.map(|figure| figure <= limit),
            (None, Some(least), _) => edge.map(|figure| figure >= least),
            (None, None, Some(share)) => ratio.map(|ratio| ratio >= share),
            (None, None, None) => return Verdict::Shown,
        };
        match met {
            Some(true) => Verdict::Met,
            Some(false) => Verdict::Missed,
            None if self.rounds.iter().any(|round| round.edge.is_some()) => Verdict::Invalid,
            None => Verdict::Shown,
        }
    }
}

/// The median of the valid rounds, or the worst of them.
fn fold<'a>(metric: Metric, rounds: impl Iterator<Item = &'a Measured>) -> Option<f64> {
    let valid = rounds.filter(|round| round.outcome.as_ref().is_none_or(|outcome| outcome.valid));
    let figures: Vec<f64> = valid.filter_map(|round| round.figures.get(&metric).copied()).collect();
    if metric.worst_counts() { figures.into_iter().reduce(f64::max) } else { median(figures) }
}

impl Verdict {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::MetByRatio => "met by ratio",
            Self::Missed => "**missed**",
            Self::Invalid => "**invalid**",
            Self::Failed => "**failed**",
            Self::Shown => "",
        }
    }
}

/// 0 when every target is met, 1 when one is missed, 2 when one could not be judged.
pub(crate) fn exit_code(all: &[Findings]) -> u8 {
    let verdicts: Vec<Verdict> = all.iter().flat_map(Findings::rows).map(|row| row.verdict).collect();
    let failed = all.iter().any(|findings| !findings.failures.is_empty());
    if failed || verdicts.contains(&Verdict::Invalid) { 2 } else { u8::from(verdicts.contains(&Verdict::Missed)) }
}

#[cfg(test)]
#[path = "findings_tests.rs"]
mod tests;
