//! What a NATS server refused: subjects that the user of this process has no right to.

use super::few::Few;
use crate::subject::{NOWHERE, Subject};
use std::collections::BTreeSet;

/// Longest subject that is remembered; ours are shorter.
const MAX_SUBJECT_BYTES: usize = 200;
/// What is refused who may not answer.
const ANSWERING: &str = "answering";

/// The refusals of one connection since it stands.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    seen: Few,
}

impl Refusals {
    /// Takes in what a server complains of; what was refused, when that is a right we lack and news. Below `inbox` answers to us arrive.
    pub(super) fn hear(&self, error: &str, inbox: Option<&str>) -> Option<String> {
        let refused = refused(error, inbox)?;
        self.seen.hear(&refused).then_some(refused)
    }

    /// Forgets them: after a new connection all is tried again, and rights may have been given.
    pub(super) fn forget(&self) {
        self.seen.forget();
    }

    /// An answer arrived: whatever was refused before came too late, or the right was given since.
    pub(super) fn answered(&self) {
        self.seen.forget_one(ANSWERING);
    }

    pub(super) fn all(&self) -> BTreeSet<String> {
        self.seen.all()
    }
}

/// What was refused, such as `publishing to gl.registry`. An answer that came too late for another who asked is no right that we lack; one to
/// ourselves, given at once, shows that we may answer nobody.
fn refused(error: &str, inbox: Option<&str>) -> Option<String> {
    let (_, what) = error.split_once("Permissions Violation for ")?;
    let (what, rest) = what.split_once(" to \"")?;
    let (subject, _) = rest.split_once('"')?;
    if subject.len() > MAX_SUBJECT_BYTES {
        return None;
    }
    match what {
        "Publish" if subject == NOWHERE || Subject::parse(subject).is_some() => {
            Some(format!("publishing to {subject}"))
        }
        "Publish" if inbox.is_some_and(|inbox| subject.starts_with(inbox)) => Some(ANSWERING.to_owned()),
        "Subscription" => Some(format!("subscribing to {subject}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_news_once() {
        let refusals = Refusals::default();
        let error = "nats: Permissions Violation for Publish to \"gl.space.main.telemetry.edge-1\"";
        assert_eq!(refusals.hear(error, None).unwrap(), "publishing to gl.space.main.telemetry.edge-1");
        assert_eq!(refusals.hear(error, None), None);
        assert_eq!(refusals.all().len(), 1);
        refusals.forget();
        assert!(refusals.all().is_empty() && refusals.hear(error, None).is_some());
    }

    #[test]
    fn late_answers_and_other_complaints_are_no_lack_of_rights() {
        for error in [
            "nats: Permissions Violation for Publish to \"_INBOX_edge.abc.7\"",
            "nats: Permissions Violation for Publish to \"",
            "nats: Maximum Payload Violation",
            "",
        ] {
            assert_eq!(refused(error, Some("_INBOX_edge.xyz")), None, "{error}");
        }
        let long = format!("Permissions Violation for Subscription to \"{}\"", "x".repeat(MAX_SUBJECT_BYTES + 1));
        assert_eq!(refused(&long, None), None);
        let queue = "Permissions Violation for Subscription to \"gl.registry\" using queue \"q\"";
        assert_eq!(refused(queue, None).unwrap(), "subscribing to gl.registry");
        let own = "nats: Permissions Violation for Publish to \"_INBOX_edge.xyz.7\"";
        assert_eq!(refused(own, Some("_INBOX_edge.xyz")).unwrap(), "answering");
    }
}
