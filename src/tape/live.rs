//! One line on stderr that tells how it goes, when that is a terminal; complaints above it.

use crate::terminal::complain;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// Time between two pictures.
const REDRAW: Duration = Duration::from_millis(200);

/// The line.
pub(super) struct Live(ProgressBar);

impl Live {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self(bar.with_style(style))
    }

    /// A line that stays.
    pub(super) fn say(&self, line: &str) {
        self.0.suspend(|| complain(line));
    }

    /// Shows what `line` says, again and again.
    pub(super) async fn keep_showing(&self, line: impl Fn() -> String) {
        let mut tick = interval(REDRAW);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if !self.0.is_hidden() {
                self.0.set_message(line());
                self.0.tick();
            }
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
