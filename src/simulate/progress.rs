//! How a run goes, while it goes: a line on a terminal that is drawn anew, or a line every ten seconds elsewhere.

use super::frames_per_second;
use crate::terminal::complain;
use grouploop_simulator::scenario::Swarm;
use grouploop_simulator::{Live, Simulation};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Time between two pictures on a terminal.
const REDRAW: Duration = Duration::from_millis(250);
/// Time between two lines elsewhere.
const SAY: Duration = Duration::from_secs(10);

/// The line.
pub(super) struct Progress {
    bar: ProgressBar,
    quiet: bool,
    /// Frames a second that there will be with all devices.
    planned: f64,
    /// How long the longest swarm runs; `None` until it is stopped.
    length: Option<Duration>,
}

impl Progress {
    pub(super) fn new(quiet: bool, swarms: &[Swarm]) -> Self {
        let ends: Option<Vec<Duration>> =
            swarms.iter().map(|swarm| Some(swarm.starts_after.saturating_add(swarm.duration?))).collect();
        let length = ends.and_then(|ends| ends.into_iter().max());
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(length.map(ms), target);
        let template = if length.is_some() { "{bar:20.cyan/black} {msg}" } else { "{spinner} {msg}" };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: bar.with_style(style), quiet, planned: frames_per_second(swarms), length }
    }

    /// Shows how it goes, for ever.
    pub(super) async fn keep_showing(&self, simulation: &Simulation) {
        let mut tick = interval(if self.bar.is_hidden() { SAY } else { REDRAW });
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut before, mut at) = (simulation.live(), Instant::now());
        tick.tick().await;
        loop {
            tick.tick().await;
            let (live, now) = (simulation.live(), Instant::now());
            let seconds = (now - at).as_secs_f64().max(0.001);
            let rate = live.sent.saturating_sub(before.sent) as f64 / seconds;
            (before, at) = (live, now);
            let line = self.line(simulation.elapsed(), live, rate);
            if !self.bar.is_hidden() {
                self.bar.set_position(ms(simulation.elapsed()));
                self.bar.set_message(line);
                self.bar.tick();
            } else if !self.quiet {
                complain(&line);
            }
        }
    }

    fn line(&self, elapsed: Duration, live: Live, rate: f64) -> String {
        let Live { present, sent, dropped, missed, commands } = live;
        let count = |count: u64| HumanCount(count).to_string();
        let of = self.length.map(|length| format!(" of {}s", length.as_secs())).unwrap_or_default();
        // A rate of frames fits into 64 bits, and its fraction is of no interest.
        let mut line = format!(
            "{}s{of}  {} devices  {} of {} frames/s  {} sent",
            elapsed.as_secs(),
            count(present),
            count(rate.round() as u64),
            count(self.planned.round() as u64),
            count(sent)
        );
        for (what, number) in [("dropped", dropped), ("late", missed), ("commands", commands)] {
            if number > 0 {
                line += &format!("  {} {what}", count(number));
            }
        }
        line
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use grouploop_simulator::scenario::Scenario;

    #[test]
    fn the_line_says_what_matters_and_nothing_of_what_did_not_happen() {
        let swarms = Scenario::parse("[[swarm]]\ndevices = 1000\nduration = \"60s\"").unwrap().swarms;
        let progress = Progress::new(true, &swarms);
        let live = Live { present: 990, sent: 123_456, ..Live::default() };
        let line = progress.line(Duration::from_secs(6), live, 19_800.4);
        assert_eq!(line, "6s of 60s  990 devices  19,800 of 20,000 frames/s  123,456 sent");
        let line = progress.line(Duration::from_secs(6), Live { dropped: 7, missed: 1, ..live }, 0.0);
        assert!(line.ends_with("7 dropped  1 late"));
    }
}
