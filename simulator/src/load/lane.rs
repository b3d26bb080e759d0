//! The commands of one connection, from when they are due to their answers, which come back in their order. Pure but for its wake-ups.
//!
//! ```text
//!   offer ──▶ [ answered next … written │ to be written … ] ──▶ to_write
//!   answer ◀──┘                         └ so many are `written`
//! ```

use super::MAX_IN_FLIGHT;
use super::counts::{CommandCounts, Outcome};
use super::pacer::Due;
use grouploop_bridge::Target;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long the oldest command may wait for its answer before the connection counts as broken. An edge answers within 2.5 s, unless its
/// settings say otherwise.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The commands of one connection.
#[derive(Debug)]
pub(super) struct Lane<'c> {
    counts: &'c CommandCounts,
    inner: Mutex<Inner>,
    /// There is something to write.
    offered: Notify,
    /// Nothing waits any more.
    idle: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    connected: bool,
    waiting: VecDeque<Due>,
    /// How many of those, from the first on, have been written.
    written: usize,
}

impl<'c> Lane<'c> {
    pub(super) fn new(counts: &'c CommandCounts) -> Self {
        Self { counts, inner: Mutex::default(), offered: Notify::new(), idle: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a command that is due, when there is a connection and room.
    pub(super) fn offer(&self, due: Due) {
        let mut inner = self.lock();
        if !inner.connected || inner.waiting.len() >= MAX_IN_FLIGHT {
            return self.counts.not_sent(1);
        }
        inner.waiting.push_back(due);
        self.offered.notify_one();
    }

    /// A connection stands.
    pub(super) fn connect(&self) {
        self.lock().connected = true;
    }

    /// The connection is gone, and with it the answers.
    pub(super) fn disconnect(&self) {
        let mut inner = self.lock();
        let Inner { waiting, written, .. } = std::mem::take(&mut *inner);
        self.counts.unanswered(written as u64);
        self.counts.not_sent((waiting.len() - written) as u64);
        self.idle.notify_one();
    }

    /// The next line to write.
    ///
    /// # Cancel safety
    /// Dropped, it is still the next.
    pub(super) async fn to_write(&self) -> String {
        loop {
            if let Some(line) = self.take_line() {
                return line;
            }
            self.offered.notified().await;
        }
    }

    fn take_line(&self) -> Option<String> {
        let mut inner = self.lock();
        let Due { target, text, .. } = inner.waiting.get(inner.written)?;
        let line = match target {
            Target::Device(device) => format!("cmd:{device}:{text}"),
            Target::All => format!("cmd:all:{text}"),
        };
        inner.written += 1;
        self.counts.sent();
        Some(line)
    }

    /// A line arrived. What is no answer, or one that nobody waits for, is nothing to us.
    pub(super) fn hear(&self, line: &str) {
        let Some(outcome) = read(line) else { return };
        let mut inner = self.lock();
        if inner.written == 0 {
            return;
        }
        if let Some(due) = inner.waiting.pop_front() {
            inner.written -= 1;
            self.counts.settle(outcome, due.at);
        }
        if inner.waiting.is_empty() {
            self.idle.notify_one();
        }
    }

    /// Until when the oldest one may wait; a while from now when none does.
    pub(super) fn patience_ends(&self) -> Instant {
        self.lock().waiting.front().map_or_else(Instant::now, |due| due.at) + PATIENCE
    }

    /// Returns when nothing waits any more.
    pub(super) async fn idle(&self) {
        while !self.lock().waiting.is_empty() {
            self.idle.notified().await;
        }
    }
}

/// What an edge says became of a command.
fn read(line: &str) -> Option<Outcome> {
    let answer = line.trim().strip_prefix("cmd:")?;
    let devices = answer.strip_prefix("result:sent_to_").and_then(|rest| rest.strip_suffix("_devices"));
    Some(match devices.map(|devices| devices.parse().unwrap_or(0)) {
        None if answer == "result:success" => Outcome::Reached(None),
        None | Some(0) => Outcome::Failed,
        Some(devices) => Outcome::Reached(Some(devices)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_edges_write_them() {
        let given =
            ["cmd:result:success", "cmd:result:failed", "cmd:error:unknown_command", "cmd:result:sent_to_0_devices"];
        assert_eq!(
            given.map(read),
            [Some(Outcome::Reached(None)), Some(Outcome::Failed), Some(Outcome::Failed), Some(Outcome::Failed)]
        );
        assert_eq!(read("cmd:result:sent_to_12_devices\n"), Some(Outcome::Reached(Some(12))));
        assert_eq!([read("Connected to GroupLoop WebSocket server"), read("")], [None, None]);
    }

    fn due() -> Due {
        Due { at: Instant::now(), target: Target::All, text: "led:ff0000".into() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_is_bounded_and_ends_with_the_connection() {
        let counts = CommandCounts::default();
        let lane = Lane::new(&counts);
        lane.offer(due());
        assert_eq!(counts.figures().not_sent, 1, "there is no connection");
        lane.connect();
        (0..MAX_IN_FLIGHT + 3).for_each(|_| lane.offer(due()));
        assert_eq!(counts.figures().not_sent, 4, "there is no room");
        for _ in 0..10 {
            assert_eq!(lane.to_write().await, "cmd:all:led:ff0000");
        }
        lane.hear("cmd:result:sent_to_2_devices");
        lane.hear("something else");
        assert_eq!((counts.figures().sent, counts.figures().success), (10, 1));
        lane.disconnect();
        lane.idle().await;
        let figures = counts.figures();
        assert_eq!((figures.no_answer, figures.not_sent), (9, 4 + MAX_IN_FLIGHT as u64 - 10));
        lane.hear("cmd:result:success");
        assert_eq!(counts.figures(), figures, "nobody waits for that");
    }

    #[tokio::test(start_paused = true)]
    async fn patience_is_that_of_the_oldest() {
        let counts = CommandCounts::default();
        let lane = Lane::new(&counts);
        lane.connect();
        let began = Instant::now();
        lane.offer(due());
        tokio::time::advance(PATIENCE / 2).await;
        lane.offer(due());
        assert_eq!(lane.patience_ends(), began + PATIENCE);
        lane.to_write().await;
        lane.hear("cmd:result:success");
        assert_eq!(lane.patience_ends(), Instant::now() + PATIENCE);
    }
}
