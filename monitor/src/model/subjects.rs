//! Every subject with what goes over it, and how that was in the last minute.

use super::view::{SubjectView, rounded};
use grouploop_bridge::{NodeId, Space, Subject};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Subjects that are shown at most, the busiest first.
pub(super) const MAX_SHOWN: usize = 500;
/// Subjects with a history at most.
const MAX_HISTORIES: usize = 1000;
/// Seconds of a history.
pub(super) const HISTORY: usize = 60;
/// What comes sooner than this after what came before is of the same second: what is urgent is told at once.
const SAME: Duration = Duration::from_millis(700);

/// One row, before the busiest are chosen.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) subject: String,
    pub(super) space: Option<Space>,
    pub(super) kind: &'static str,
    pub(super) node: Option<NodeId>,
    pub(super) messages_per_s: f64,
    pub(super) bytes_per_s: f64,
}

impl Row {
    /// Of a subject that is one.
    pub(super) fn of(subject: &Subject, messages_per_s: f64, bytes_per_s: f64) -> Self {
        let (space, kind, node) = match subject {
            Subject::Telemetry { space, node } => (Some(space), "telemetry", Some(node)),
            Subject::Command { space, .. } | Subject::CommandAll { space } => (Some(space), "command", None),
            Subject::Roster { space } => (Some(space), "roster", None),
            Subject::Presence { space } => (Some(space), "presence", None),
            Subject::Kept { space } => (Some(space), "kept", None),
            Subject::Node { node } => (None, "node", Some(node)),
            Subject::Report { node } => (None, "report", Some(node)),
            Subject::Echo { node } => (None, "echo", Some(node)),
            Subject::Registry => (None, "registry", None),
            Subject::Firmware => (None, "firmware", None),
        };
        Self {
            subject: subject.to_string(),
            space: space.cloned(),
            kind,
            node: node.cloned(),
            messages_per_s,
            bytes_per_s,
        }
    }

    /// Of the commands to single devices of a space, which are a subject each.
    pub(super) fn of_commands(space: &Space, messages_per_s: f64, bytes_per_s: f64) -> Self {
        Self {
            subject: format!("gl.space.{space}.command.*"),
            space: Some(space.clone()),
            kind: "command",
            node: None,
            messages_per_s,
            bytes_per_s,
        }
    }

    pub(super) fn view(&self) -> SubjectView {
        SubjectView {
            subject: self.subject.clone(),
            space: self.space.clone(),
            kind: self.kind,
            node: self.node.clone(),
            messages_per_s: rounded(self.messages_per_s),
            bytes_per_s: rounded(self.bytes_per_s),
            history: None,
        }
    }
}

/// One row for each subject, the busiest first, and by name where they are alike, so that nothing jumps about.
pub(super) fn sort(rows: &mut Vec<Row>) {
    rows.sort_by(|a, b| a.subject.cmp(&b.subject));
    rows.dedup_by(|row, kept| {
        let same = row.subject == kept.subject;
        if same {
            kept.messages_per_s += row.messages_per_s;
            kept.bytes_per_s += row.bytes_per_s;
        }
        same
    });
    rows.sort_by(|a, b| b.messages_per_s.total_cmp(&a.messages_per_s).then_with(|| a.subject.cmp(&b.subject)));
}

/// The last minute of the busiest.
#[derive(Debug, Default)]
pub(super) struct Histories {
    by_subject: HashMap<String, VecDeque<f32>>,
    /// When the last second of it began.
    at: Option<Instant>,
}

impl Histories {
    /// What goes now. A subject that is not heard of has none, and is forgotten when all of its minute is so.
    pub(super) fn note(&mut self, busiest_first: &[Row], at: Instant) {
        let is_same = self.at.is_some_and(|before| at.saturating_duration_since(before) < SAME);
        if !is_same {
            self.at = Some(at);
        }
        let mut now: HashMap<&str, f32> = busiest_first
            .iter()
            .take(MAX_HISTORIES)
            .map(|row| (row.subject.as_str(), rounded(row.messages_per_s) as f32))
            .collect();
        self.by_subject.retain(|subject, history| {
            if is_same {
                history.pop_back();
            }
            push(history, now.remove(subject.as_str()).unwrap_or(0.0));
            history.iter().any(|rate| *rate > 0.0)
        });
        for (subject, rate) in now {
            if self.by_subject.len() >= MAX_HISTORIES {
                break;
            }
            self.by_subject.insert(subject.to_owned(), VecDeque::from([rate]));
        }
    }

    pub(super) fn of(&self, subject: &str) -> Vec<f32> {
        self.by_subject.get(subject).map(|history| history.iter().copied().collect()).unwrap_or_default()
    }
}

fn push(history: &mut VecDeque<f32>, rate: f32) {
    history.push_back(rate);
    while history.len() > HISTORY {
        history.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: impl IntoIterator<Item = (usize, f64)>) -> Vec<Row> {
        let node: NodeId = "n".parse().unwrap();
        let row = |(number, rate): (usize, f64)| {
            let space = format!("s-{number}").parse().unwrap();
            Row::of(&Subject::Telemetry { space, node: node.clone() }, rate, rate)
        };
        let mut rows: Vec<Row> = of.into_iter().map(row).collect();
        sort(&mut rows);
        rows
    }

    #[test]
    fn a_history_goes_on_while_there_is_something_in_it() {
        let (mut histories, mut now) = (Histories::default(), Instant::now());
        let mut second = |histories: &mut Histories, rows: &[Row]| {
            now += Duration::from_secs(1);
            histories.note(rows, now);
            now
        };
        let first = second(&mut histories, &rows([(1, 4.0), (2, 7.0)]));
        histories.note(&rows([(1, 5.0), (2, 7.0)]), first + Duration::from_millis(250));
        second(&mut histories, &rows([(1, 6.0)]));
        assert_eq!(histories.of("gl.space.s-1.telemetry.n"), [5.0, 6.0]);
        assert_eq!(histories.of("gl.space.s-2.telemetry.n"), [7.0, 0.0]);
        (0..HISTORY).for_each(|_| _ = second(&mut histories, &rows([(1, 6.0)])));
        assert_eq!(histories.of("gl.space.s-1.telemetry.n"), [6.0; HISTORY]);
        assert_eq!(histories.by_subject.len(), 1);
    }

    #[test]
    fn more_than_may_be_have_none() {
        let mut histories = Histories::default();
        let now = Instant::now();
        histories.note(&rows((0..2_000).map(|number| (number, number as f64 + 1.0))), now);
        assert_eq!(histories.by_subject.len(), MAX_HISTORIES);
        assert_eq!(histories.of("gl.space.s-1999.telemetry.n"), [2_000.0]);
        histories.note(&rows((2_000..4_000).map(|number| (number, number as f64 + 1.0))), now + Duration::from_secs(1));
        assert_eq!(histories.by_subject.len(), MAX_HISTORIES);
    }
}
