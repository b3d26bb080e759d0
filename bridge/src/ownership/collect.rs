//! The answers of all nodes that own devices in a space to one question: whom to wait for, and when nobody is missing any more.

use super::Member;
use crate::bus::{Answers, PublishError};
use crate::name::{NodeId, Space};
use crate::subject::Subject;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::HashSet;
use std::time::Duration;

/// How often it is looked whether those that have not answered are still there.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Member {
    /// Waits for the answers of the nodes that have devices in the space and hands each to `take`, which says which node is done with it.
    /// This node itself is waited for while `own` says that it answers too: it does not when it handles [what it asks
    /// itself](super::OwnQuestions) without the bus, or has no devices there. Returns whether all of them are done.
    pub async fn collect(
        &self,
        space: &Space,
        asked: Result<Answers, PublishError>,
        patience: Duration,
        own: impl Fn() -> bool,
        mut take: impl FnMut(&[u8]) -> Option<NodeId>,
    ) -> bool {
        // With the bus away nobody else can be reached: own devices are all there are.
        let Ok(mut answers) = asked else { return false };
        let deadline = tokio::time::Instant::now() + patience;
        let mut done: HashSet<NodeId> = HashSet::new();
        // A node tells that it has devices before it hears questions, so once what was sent before the question is known, every node that
        // heard it is.
        let mut caught_up = std::pin::pin!(self.catch_up());
        let mut all_known = false;
        let mut look = tokio::time::interval(LOOK_AGAIN);
        let mut probes = FuturesUnordered::new();
        let mut probed: HashSet<NodeId> = HashSet::new();
        look.reset();
        loop {
            let missing: Vec<NodeId> =
                self.others.with_devices(space).into_iter().filter(|other| !done.contains(other)).collect();
            if all_known && missing.is_empty() && (done.contains(&self.id) || !own()) {
                return true;
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(deadline) => return false,
                () = &mut caught_up, if !all_known => all_known = true,
                answer = answers.next() => match answer {
                    Some(answer) => done.extend(take(&answer)),
                    // Nobody hears the question.
                    None => return true,
                },
                Some((other, gone)) = probes.next(), if !probes.is_empty() => {
                    if gone {
                        self.others.forget(&other);
                    }
                }
                // A node may have lost its last device meanwhile, or be dead: nobody listens then to what it says to itself.
                _ = look.tick() => {
                    for other in missing {
                        if probed.insert(other.clone()) {
                            probes.push(self.is_gone(other));
                        }
                    }
                }
            }
        }
    }

    /// Whether a node is dead: known at once, because nobody hears its own subject. Waits for ever for one that lives.
    async fn is_gone(&self, other: NodeId) -> (NodeId, bool) {
        match self.bus.gather(&Subject::Echo { node: other.clone() }, Bytes::new()) {
            Ok(mut answers) => {
                let gone = answers.next().await.is_none();
                (other, gone)
            }
            Err(_) => (other, false),
        }
    }
}
