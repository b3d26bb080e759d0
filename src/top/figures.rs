//! The newest figures, and the last minute of every subject. Pure.

use super::system::System;
use std::collections::{HashMap, HashSet, VecDeque};

/// Seconds that are kept, at one value each.
const MINUTE: usize = 60;

/// What is known of the system.
#[derive(Debug, Default)]
pub(super) struct Figures {
    system: System,
    history: HashMap<String, VecDeque<f64>>,
    /// Nodes whose figures are not of now.
    away: HashSet<String>,
}

impl Figures {
    /// Takes the figures of another second.
    pub(super) fn take(&mut self, mut system: System) {
        let mut before = std::mem::take(&mut self.history);
        for subject in &mut system.subjects {
            let mut values = match subject.history.take() {
                Some(history) => history.into(),
                None => {
                    let mut values = before.remove(&subject.subject).unwrap_or_default();
                    values.push_back(subject.messages_per_s);
                    values
                }
            };
            while values.len() > MINUTE {
                values.pop_front();
            }
            self.history.insert(subject.subject.clone(), values);
        }
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
        figures.take(system(r#"{"subjects": [{"subject": "gl.a", "messages_per_s": 3, "history": [1, 2, 3]}]}"#));
        figures.take(system(r#"{"subjects": [{"subject": "gl.a", "messages_per_s": 4}]}"#));
        assert_eq!(values(&figures), [1.0, 2.0, 3.0, 4.0]);
        for _ in 0..100 {
            figures.take(system(r#"{"subjects": [{"subject": "gl.a", "messages_per_s": 4}]}"#));
        }
        assert_eq!(values(&figures).len(), MINUTE);
        figures.take(system("{}"));
        assert_eq!(values(&figures), [0.0; 0]);
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
