//! What was found, against what is wanted.

use crate::controller::Answers;
use crate::cost::Cores;
use crate::shared::{FIRMWARE_PAUSE, Return, Shared};
use grouploop_bench::table::render;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Within this a device has to be back.
const BACK_WITHIN: Duration = Duration::from_secs(7);
/// A machine is called idle when others use no more than this of a core.
const IDLE: f64 = 0.2;

/// One edge, or all, from the signal until all devices were there again.
pub(crate) struct Restart {
    pub(crate) edge: String,
    /// Until its health check was content again.
    pub(crate) well: Duration,
    /// Until every device was registered somewhere.
    pub(crate) all: Duration,
    pub(crate) returns: Vec<Return>,
    pub(crate) cores: Cores,
}

/// All of a run.
pub(crate) struct Findings {
    counts: Vec<Line>,
    restarts: Vec<Restart>,
}

/// A line of the table: what, the figure, and whether it is as it must be, where something must be.
struct Line {
    what: String,
    figure: String,
    target: Option<(&'static str, bool)>,
}

impl Findings {
    pub(crate) fn new(
        shared: &Shared,
        viewers: u16,
        restarts: Vec<Restart>,
        answers: &Answers,
        missing: usize,
    ) -> Self {
        let returns: Vec<Return> = restarts.iter().flat_map(|restart| restart.returns.clone()).collect();
        let slowest = returns.iter().map(Return::whole).max().unwrap_or_default();
        let false_failures = answers.failed.iter().filter(|number| shared.arrivals(**number) > 0).count();
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let shown = |what: &str, figure: String| Line { what: what.into(), figure, target: None };
        let none = |what: &str, count: u64| Line {
            what: what.into(),
            figure: count.to_string(),
            target: Some(("0", count == 0)),
        };
        let counts = vec![
            shown("frames sent", get(&shared.sent).to_string()),
            shown(&format!("frames seen by {viewers} viewers"), get(&shared.seen).to_string()),
            none("lost of connections that stood", get(&shared.lost)),
            none("out of order or twice", get(&shared.reordered)),
            shown("connections of devices that were sent away", returns.len().to_string()),
            none("attempts of devices to connect that failed", get(&shared.refused)),
            Line {
                what: "slowest device back, 5 s of them its own pause".into(),
                figure: seconds(slowest),
                target: Some(("≤ 7 s", slowest <= BACK_WITHIN)),
            },
            shown("viewers that came back", get(&shared.viewers_back).to_string()),
            shown("commands answered success", answers.success.len().to_string()),
            none("of these, not arrived once", missing as u64),
            shown("commands answered failed", answers.failed.len().to_string()),
            none("of these, arrived", false_failures as u64),
            shown("commands whose connection ended first", answers.none.to_string()),
        ];
        Self { counts, restarts }
    }

    pub(crate) fn all_met(&self) -> bool {
        self.counts.iter().all(|line| line.target.is_none_or(|(_, met)| met))
    }

    /// Both tables, and what a reader must know of the machine.
    pub(crate) fn report(&self) -> String {
        let mut rows = vec![["what", "target", "measured", "verdict"].map(String::from).to_vec()];
        for Line { what, figure, target } in &self.counts {
            let (wanted, verdict) = match target {
                None => ("", ""),
                Some((wanted, true)) => (*wanted, "met"),
                Some((wanted, false)) => (*wanted, "**missed**"),
            };
            rows.push([what, wanted, figure, verdict].map(|cell| cell.to_owned()).to_vec());
        }
        let head = [
            "edge",
            "well again after",
            "all devices there after",
            "devices sent away",
            "within",
            "back after, median",
            "99 %",
            "slowest",
            "its pause",
            "connect",
            "upgrade",
            "greeting",
        ];
        let mut steps = vec![head.map(String::from).to_vec()];
        steps.extend(self.restarts.iter().map(Restart::row));
        let others = self.restarts.iter().map(|restart| restart.cores.others).fold(0.0, f64::max);
        let mut notes: String = self
            .restarts
            .iter()
            .map(|Restart { edge, cores, .. }| format!("- Cores, edge {edge}: {cores}.\n"))
            .collect();
        if others > IDLE {
            notes.push_str("- The machine was not idle: what others used makes times worse.\n");
        }
        format!("{}\n{}\n{notes}", render(&rows), render(&steps))
    }
}

impl Restart {
    fn row(&self) -> Vec<String> {
        let ended = || self.returns.iter().map(|how| how.ended);
        let within = ended().max().zip(ended().min()).map_or(Duration::ZERO, |(last, first)| last - first);
        let slowest = self.returns.iter().max_by_key(|how| how.whole());
        let of_slowest = |step: fn(&Return) -> Duration| slowest.map_or_else(String::new, |how| seconds(step(how)));
        vec![
            self.edge.clone(),
            seconds(self.well),
            seconds(self.all),
            self.returns.len().to_string(),
            seconds(within),
            seconds(self.quantile(500)),
            seconds(self.quantile(990)),
            of_slowest(Return::whole),
            of_slowest(|how| how.pause),
            of_slowest(|how| how.connect),
            of_slowest(|how| how.upgrade),
            of_slowest(|how| how.greeting),
        ]
    }

    /// How long so many of a thousand devices took at most.
    fn quantile(&self, per_mille: usize) -> Duration {
        let mut all: Vec<Duration> = self.returns.iter().map(Return::whole).collect();
        all.sort();
        all.get((all.len() * per_mille / 1000).min(all.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { edge, well, all, returns, cores } = self;
        let step = |pick: fn(&Return) -> Duration| {
            let mut times: Vec<Duration> = returns.iter().map(pick).collect();
            times.sort();
            let at = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1))).copied();
            [50, 90, 99, 100].map(|part| at(part).unwrap_or_default().as_millis())
        };
        let [whole, late, connect, upgrade, greeting] = [
            step(Return::whole),
            step(|how| how.pause.saturating_sub(FIRMWARE_PAUSE)),
            step(|how| how.connect),
            step(|how| how.upgrade),
            step(|how| how.greeting),
        ];
        write!(
            f,
            "edge {edge}: well after {}, all {} devices there after {}; ms at 50, 90, 99, 100 %: back {whole:?}, pause over {late:?}, \
             connect {connect:?}, upgrade {upgrade:?}, greeting {greeting:?}; cores: {cores}",
            seconds(*well),
            returns.len(),
            seconds(*all)
        )
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "over {:.1} s the generator {:.2}, ", self.seconds, self.generator)?;
        for (name, cores) in &self.programs {
            write!(f, "{name} {cores:.2}, ")?;
        }
        write!(f, "others {:.2}", self.others)
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
