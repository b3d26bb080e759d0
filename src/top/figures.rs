//! The newest figures, and the last minute of every subject. Pure.

use super::system::System;
use std::collections::{HashMap, HashSet, VecDeque};

/// Seconds that are kept, at one value each.
const MINUTE: usize = 60;
/// What comes sooner than this after what came before, in milliseconds, is of the same second: the monitor tells at once what is urgent.
const SAME_MS: u64 = 700;

/// What is known of the system.
#[derive(Debug, Default)]
pub(super) struct Figures {
    system: System,
    history: HashMap<String, VecDeque<f64>>,
    /// Nodes whose figures are not of now.
    away: HashSet<String>,
    /// When the second began that the newest values are of.
    second: u64,
}

impl Figures {
    /// Takes the newest figures.
    pub(super) fn take(&mut self, mut system: System) {
        // A clock that is set, forward or back, is in another second.
        let is_same = system.at.abs_diff(self.second) < SAME_MS;
        if !is_same {
            self.second = system.at;
        }
        let mut before = std::mem::take(&mut self.history);
        for subject in &mut system.subjects {
            let mut values = match subject.history.take() {
                Some(history) => history.into(),
                None => {
                    let mut values = before.remove(&subject.subject).unwrap_or_default();
                    if is_same {
                        values.pop_back();
                    }
                    values.push_back(subject.messages_per_s);
                    values
                }
            };
            while values.len() > MINUTE {
                values.pop_front();
            }
            self.history.insert(subject.subject.clone(), values);
        }
        self.show(system);
    }

    /// Takes figures of a second that was taken before: while the monitor hears nobody it tells the last one again and again.
    pub(super) fn show(&mut self, system: System) {
        let away = system.nodes.iter().filter(|node| node.state != "live");
        self.away = away.map(|node| node.node.clone()).collect();
        self.system = system;
    }

    /// Forgets the last minute: a line says nothing of a time in which nothing was heard.
    pub(super) fn forget_history(&mut self) {
        self.history.clear();
    }

    pub(super) fn system(&self) -> &System {
        &self.system
    }

    /// Whether what a node sent is of now.
    pub(super) fn is_live(&self, node: &str) -> bool {
        !self.away.contains(node)
    }

    /// Messages a second, the oldest first.
    pub(super) fn history(&self, subject: &str) -> impl ExactSizeIterator<Item = &f64> + Clone {
        static NONE: VecDeque<f64> = VecDeque::new();
        self.history.get(subject).unwrap_or(&NONE).iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(text: &str) -> System {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_last_minute_begins_with_what_the_monitor_says() {
        let mut figures = Figures::default();
        let values = |figures: &Figures| figures.history("gl.a").copied().collect::<Vec<_>>();
        let at = |at: u64, messages: u64| {
            system(&format!(r#"{{"at": {at}, "subjects": [{{"subject": "gl.a", "messages_per_s": {messages}}}]}}"#))
        };
        figures.take(system(r#"{"at": 1000, "subjects": [{"subject": "gl.a", "history": [1, 2, 3]}]}"#));
        figures.take(at(2_000, 9));
        figures.take(at(2_300, 4));
        assert_eq!(values(&figures), [1.0, 2.0, 3.0, 4.0]);
        figures.take(at(500, 5));
        figures.take(at(900, 6));
        assert_eq!(values(&figures), [1.0, 2.0, 3.0, 4.0, 6.0]);
        figures.take(system(r#"{"at": 2300, "subjects": [{"subject": "gl.a", "history": [1, 2, 3, 4]}]}"#));
        assert_eq!(values(&figures), [1.0, 2.0, 3.0, 4.0]);
        for second in 3..100 {
            figures.take(at(second * 1_000, 4));
        }
        assert_eq!(values(&figures).len(), MINUTE);
        figures.take(system("{}"));
        assert_eq!(values(&figures), [0.0; 0]);
    }

    #[test]
    fn a_second_that_is_told_again_makes_no_line_longer() {
        let mut figures = Figures::default();
        figures.take(system(r#"{"at": 1000, "subjects": [{"subject": "gl.a", "history": [1, 2, 3]}]}"#));
        figures.show(system(r#"{"at": 2000, "subjects": [{"subject": "gl.a", "messages_per_s": 3}]}"#));
        assert_eq!(figures.history("gl.a").copied().collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
        assert_eq!(figures.system().at, 2000);
    }

    #[test]
    fn what_is_missing_is_nothing_and_what_is_new_does_not_matter() {
        let mut figures = Figures::default();
        figures.take(system(
            r#"{"at": 5, "news": [], "nodes": [{"node": "a", "state": "live", "cores": null}, {"node": "b", "state": "gone"}]}"#,
        ));
        assert!(figures.is_live("a") && !figures.is_live("b") && figures.is_live("nobody"));
        assert_eq!((figures.system().at, figures.system().nodes.len()), (5, 2));
    }
}
