//! The figures of a space over all nodes. Pure.

use super::node::Flow;
use super::subjects::Row;
use super::view::{AnswersView, LatencyView, SpaceView, rounded};
use grouploop_bridge::{Space, SpaceFigures, Subject};

/// The figures of one space over all nodes.
#[derive(Debug, Default)]
pub(super) struct SpaceSum {
    pub(super) devices: u64,
    viewers: u64,
    pub(super) silent: u64,
    frames: f64,
    answers: AnswersView,
    /// Sum of the medians by the answers they are of, and those answers.
    p50: (f64, f64),
    p99: u64,
    commands: (f64, f64),
    commands_to_all: (f64, f64),
    rosters: f64,
}

/// Messages and bytes on the bus that a node counted in a space: what it published there, and what it asked.
pub(super) fn on_bus(figures: &SpaceFigures) -> (u64, u64) {
    let messages = figures.messages + figures.asked + figures.sent_to_all + figures.rosters;
    (messages, figures.telemetry_bytes() + figures.asked_bytes + figures.all_bytes)
}

impl SpaceSum {
    /// What one node says.
    pub(super) fn add(&mut self, flow: &Flow) {
        let grown = &flow.grown;
        self.devices += grown.devices;
        self.viewers += grown.viewers;
        self.silent += grown.silent;
        self.frames += flow.per_s(grown.frames);
        self.answers.success += flow.per_s(grown.success);
        self.answers.failed += flow.per_s(grown.failed);
        self.answers.sent_to_all += flow.per_s(grown.sent_to_all);
        self.answers.error += flow.per_s(grown.error);
        if grown.p99_us > 0 {
            // Times of a few seconds ago are in it, too: no answer in the last two is no answer at all.
            let weight = flow.per_s(grown.answered()).max(0.1);
            self.p50 = (self.p50.0 + grown.p50_us as f64 * weight, self.p50.1 + weight);
            self.p99 = self.p99.max(grown.p99_us);
        }
        let add = |to: &mut (f64, f64), messages, bytes| {
            to.0 += flow.per_s(messages);
            to.1 += flow.per_s(bytes);
        };
        add(&mut self.commands, grown.asked, grown.asked_bytes);
        add(&mut self.commands_to_all, grown.sent_to_all, grown.all_bytes);
        self.rosters += flow.per_s(grown.rosters);
    }

    /// The subjects of the space on which nodes ask; the others are heard, or a node's own.
    pub(super) fn rows(&self, space: &Space) -> Vec<Row> {
        let (all, roster) = (Subject::CommandAll { space: space.clone() }, Subject::Roster { space: space.clone() });
        let rows = [
            Row::of_commands(space, self.commands.0, self.commands.1),
            Row::of(&all, self.commands_to_all.0, self.commands_to_all.1),
            Row::of(&roster, self.rosters, 0.0),
        ];
        rows.into_iter().filter(|row| row.messages_per_s > 0.0).collect()
    }

    pub(super) fn view(&self, space: &Space, messages_per_s: f64, bytes_per_s: f64, clashes: usize) -> SpaceView {
        let AnswersView { success, failed, sent_to_all, error } = self.answers;
        let (weighted, weight) = self.p50;
        // Neither is larger than what it cannot be.
        let p50 = (weight > 0.0).then(|| (weighted / weight).round() as u64);
        SpaceView {
            space: space.clone(),
            devices: self.devices,
            viewers: self.viewers,
            frames_per_s: rounded(self.frames),
            messages_per_s: rounded(messages_per_s),
            bytes_per_s: rounded(bytes_per_s),
            commands_per_s: rounded(success + failed + sent_to_all + error),
            answers: AnswersView {
                success: rounded(success),
                failed: rounded(failed),
                sent_to_all: rounded(sent_to_all),
                error: rounded(error),
            },
            latency_us: p50.map(|p50| LatencyView { p50, p99: self.p99 }),
            clashes,
        }
    }
}
