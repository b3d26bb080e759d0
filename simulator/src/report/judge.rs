//! Whether a run is good enough. Pure: a report and expectations in, a verdict out.

use super::Report;
use super::expect::{Bound, Expectation, Expectations, Key};
use super::measured::MeasuredFigures;
use serde::{Deserialize, Serialize};

/// The share of its schedule that the generator may miss. More, and it measured itself instead of what it should load.
pub const MAX_MISSED: f64 = 0.01;

/// The share of its frames that may be dropped. More, and it did not load what it should.
pub(super) const MAX_DROPPED: f64 = 0.01;
/// The share of its frames that may be due before their devices have their first connection.
pub(super) const MAX_CONNECTING: f64 = 0.1;
/// Reasons that a scenario asks for, and the one that has a limit of its own.
const ASKED: [&str; 3] = ["slow_link", "malformed", CONNECTING];
const CONNECTING: &str = "connecting";

/// Whether a run is good enough.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it was on time and kept every expectation: then the exit code is 0.
    pub passed: bool,
    /// Whether the generator kept its schedule: it missed at most 1 % of it.
    pub on_time: bool,
    /// The share of the scheduled frames that were late or skipped, 0 to 1.
    pub missed_share: f64,
    /// Whether the load went where it should: something was sent, at most 1 % of the scheduled frames were dropped for a reason that the
    /// scenario did not ask for, and at most 10 % were due before their devices had a connection.
    pub loaded: bool,
    /// The share of the scheduled frames that were dropped, other than by the faults of the scenario or before the first connection, 0 to 1.
    pub dropped_share: f64,
    /// Each expectation, in the order in which they were written.
    pub expectations: Vec<Judged>,
}

/// One expectation and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// As it was written.
    pub expectation: String,
    /// What was found, in the same unit, or why nothing can be said.
    pub found: String,
    /// Whether it is kept. Never without data.
    pub met: bool,
}

impl Verdict {
    /// Judges a report; its own verdict is not looked at.
    #[must_use]
    pub(super) fn of(report: &Report, expectations: &Expectations) -> Self {
        let all = Sums::of(report, None);
        let missed_share = if all.scheduled == 0 { 0.0 } else { all.missed() as f64 / all.scheduled as f64 };
        let on_time = missed_share <= MAX_MISSED;
        let dropped_share = if all.scheduled == 0 { 0.0 } else { all.dropped_unasked as f64 / all.scheduled as f64 };
        let connecting_share = if all.scheduled == 0 { 0.0 } else { all.connecting as f64 / all.scheduled as f64 };
        let nothing_went = all.sent == 0 && all.dropped_unasked + all.connecting > 0;
        let loaded = dropped_share <= MAX_DROPPED && connecting_share <= MAX_CONNECTING && !nothing_went;
        let expectations: Vec<Judged> = expectations.all.iter().map(|one| judged(one, report)).collect();
        let passed = on_time && loaded && expectations.iter().all(|one| one.met);
        Self { passed, on_time, missed_share, loaded, dropped_share, expectations }
    }
}

fn judged(expectation: &Expectation, report: &Report) -> Judged {
    let figure = figure(expectation, report);
    let (found, met) = match (figure, expectation.bound) {
        (Ok(Figure::Ms(ms)), Bound::Ms(bound)) => (format!("{ms:.2} ms"), expectation.op.holds(ms, bound)),
        (Ok(Figure::Count { count, of }), Bound::Percent(bound)) => {
            let percent = count as f64 * 100.0 / of as f64;
            (format!("{percent:.4} %"), expectation.op.holds(percent, bound))
        }
        (Ok(Figure::Count { count, .. }), Bound::Number(bound)) => {
            (count.to_string(), expectation.op.holds(count as f64, bound))
        }
        (Ok(Figure::Rate(rate)), Bound::Number(bound)) => (format!("{rate:.1}"), expectation.op.holds(rate, bound)),
        (Err(why), _) => (why.to_owned(), false),
        // The parser pairs them.
        (Ok(_), _) => ("not comparable".to_owned(), false),
    };
    Judged { expectation: expectation.text.clone(), found, met }
}

/// What an expectation is about.
enum Figure {
    Ms(f64),
    /// A number, and what a share of it is a share of: never 0.
    Count {
        count: u64,
        of: u64,
    },
    Rate(f64),
}

/// The figure, or why there is none.
fn figure(expectation: &Expectation, report: &Report) -> Result<Figure, &'static str> {
    let class = expectation.class.as_deref();
    let sums = Sums::of(report, class);
    let scheduled = |count| some_of(count, sums.scheduled, "no frame was scheduled");
    let expected = |count: fn(&MeasuredFigures) -> u64| {
        let figures = measured(report, class)?;
        some_of(count(figures), figures.expected, "no frame was expected by a viewer")
    };
    let latency = |ms: fn(&super::LatencyReport) -> f64| {
        let latency = measured(report, class)?.latency.as_ref().ok_or("no frame was delivered")?;
        Ok(Figure::Ms(ms(latency)))
    };
    match expectation.key {
        Key::P50 => latency(|latency| latency.p50_ms),
        Key::P90 => latency(|latency| latency.p90_ms),
        Key::P99 => latency(|latency| latency.p99_ms),
        Key::P999 => latency(|latency| latency.p99_9_ms),
        Key::Max => latency(|latency| latency.max_ms),
        Key::Lost => expected(|figures| figures.lost),
        Key::Duplicated => expected(|figures| figures.duplicated),
        Key::OutOfOrder => expected(|figures| figures.out_of_order),
        Key::Delivered => expected(|figures| figures.delivered),
        Key::Foreign => {
            let foreign = report.measured.as_ref().map_or(0, super::Measured::foreign_in_all);
            some_of(foreign, measured(report, None)?.expected, "no frame was expected by a viewer")
        }
        Key::Dropped => scheduled(sums.dropped),
        Key::Late => scheduled(sums.late),
        Key::Skipped => scheduled(sums.skipped),
        Key::Missed => scheduled(sums.missed()),
        Key::Sent => scheduled(sums.sent),
        Key::FailedCommands => some_of(sums.failed_commands, sums.commands, "no command was sent"),
        Key::Rate if report.run.duration_s > 0.0 => Ok(Figure::Rate(sums.sent as f64 / report.run.duration_s)),
        Key::Rate => Err("the run had no duration"),
    }
}

fn some_of(count: u64, of: u64, nothing: &'static str) -> Result<Figure, &'static str> {
    if of == 0 { Err(nothing) } else { Ok(Figure::Count { count, of }) }
}

fn measured<'a>(report: &'a Report, class: Option<&str>) -> Result<&'a MeasuredFigures, &'static str> {
    let measured = report.measured.as_ref().ok_or("it was not measured")?;
    let Some(class) = class else { return Ok(&measured.all) };
    let found = measured.classes.iter().find(|one| one.name == class);
    found.map(|one| &one.figures).ok_or("there was no such swarm")
}

/// What one swarm, or all of them, did.
#[derive(Default)]
struct Sums {
    scheduled: u64,
    sent: u64,
    late: u64,
    skipped: u64,
    dropped: u64,
    dropped_unasked: u64,
    connecting: u64,
    commands: u64,
    /// Commands that failed or were not answered.
    failed_commands: u64,
}

impl Sums {
    fn of(report: &Report, class: Option<&str>) -> Self {
        let mut sums = Self::default();
        for swarm in report.swarms.iter().filter(|swarm| class.is_none_or(|class| swarm.name == class)) {
            sums.scheduled += swarm.frames.scheduled;
            sums.sent += swarm.frames.sent;
            sums.late += swarm.frames.late;
            sums.skipped += swarm.frames.skipped;
            sums.dropped += swarm.frames.dropped_in_all();
            let unasked = swarm.frames.dropped.iter().filter(|(reason, _)| !ASKED.contains(&reason.as_str()));
            sums.connecting += swarm.frames.dropped.get(CONNECTING).copied().unwrap_or_default();
            sums.dropped_unasked += unasked.map(|(_, frames)| frames).sum::<u64>();
            if let Some(load) = &swarm.command_load {
                sums.commands += load.sent + load.not_sent;
                sums.failed_commands += load.failed + load.no_answer + load.not_sent;
            }
        }
        sums
    }

    fn missed(&self) -> u64 {
        self.late + self.skipped
    }
}
