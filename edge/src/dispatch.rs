//! A command's way from its sender to devices on any edge.

use crate::node::Node;
use crate::peer::{Completion, Outcome, PendingCommand, Tally};
use crate::space::SpaceState;
use bytes::Bytes;
use grouploop_bridge::{CommandReport, DeviceId, NodeId, RosterEntry, RosterPage, Space, Subject};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// How much longer than the owner the asker waits, so that the owner's truthful answer arrives.
pub(crate) const ANSWER_MARGIN: Duration = Duration::from_millis(500);
/// How long a roster waits for nodes that do not answer.
const ROSTER_PATIENCE: Duration = Duration::from_secs(1);

/// Sends to one device. The answer is `true` when it was written to the device's connection.
pub(crate) fn send_to_one(
    node: &Arc<Node>,
    space: Option<&Arc<SpaceState>>,
    name: &Space,
    device: DeviceId,
    text: &str,
) -> oneshot::Receiver<bool> {
    let (sender, answer) = oneshot::channel();
    if let Some(owner) = space.and_then(|space| space.owners.owner(device)) {
        let deadline = Instant::now() + node.settings.command_timeout();
        let completion = Completion::local(sender);
        owner.send(PendingCommand { device, text: text.into(), deadline, completion });
        return answer;
    }
    let subject = Subject::Command { space: name.clone(), device };
    let payload = Bytes::copy_from_slice(text.as_bytes());
    let (bus, patience) = (node.bus.clone(), node.settings.command_timeout() + ANSWER_MARGIN);
    // Bounded by the commands that one connection may have in flight.
    node.tasks.spawn_on(
        async move {
            let outcome = bus.request(&subject, payload, patience).await;
            let _ = sender.send(outcome.is_ok_and(|answer| &answer[..] == b"success"));
        },
        &node.runtime,
    );
    answer
}

/// Sends to all devices of the space that this node owns.
pub(crate) async fn send_to_own(node: &Node, space: &SpaceState, text: &str) -> CommandReport {
    let owners = space.owners.all();
    let (tally, outcome) = Tally::new(owners.len());
    let text = Utf8Bytes::from(text);
    let deadline = Instant::now() + node.settings.command_timeout();
    for (device, peer) in owners {
        let completion = Completion::tally(tally.clone(), device);
        peer.send(PendingCommand { device, text: text.clone(), deadline, completion });
    }
    // A connection that is stuck in a write answers when it gives up; nobody waits for that.
    let patience = node.settings.command_timeout() + ANSWER_MARGIN / 2;
    let Outcome { sent, failed } = match tokio::time::timeout(patience, outcome).await {
        Ok(Ok(counted)) => counted,
        Ok(Err(_)) | Err(_) => tally.so_far(),
    };
    CommandReport { node: node.id.clone(), sent, failed }
}

/// Sends to every device of a space, on all nodes, and says what each node reports.
pub(crate) async fn send_to_all(node: &Node, name: &Space, text: &str) -> Vec<CommandReport> {
    let others = async {
        let subject = Subject::CommandAll { space: name.clone() };
        let question = Bytes::copy_from_slice(text.as_bytes());
        let patience = node.settings.command_timeout() + ANSWER_MARGIN;
        let mut reports: Vec<CommandReport> = Vec::new();
        gather(node, name, &subject, question, patience, |answer| {
            let Ok(report) = serde_json::from_slice::<CommandReport>(answer) else { return None };
            let from = report.node.clone();
            reports.push(report);
            Some(from)
        })
        .await;
        reports
    };
    let own = async {
        match node.spaces.get(name) {
            Some(space) => Some(send_to_own(node, &space, text).await),
            None => None,
        }
    };
    let (own, mut reports) = tokio::join!(own, others);
    reports.extend(own);
    reports
}

/// The devices of a space on all nodes, sorted by id.
pub(crate) async fn roster(node: &Node, name: &Space) -> Vec<(NodeId, RosterEntry)> {
    let mut entries: Vec<(NodeId, RosterEntry)> = Vec::new();
    let mut pages_left: std::collections::HashMap<NodeId, u32> = std::collections::HashMap::new();
    let subject = Subject::Roster { space: name.clone() };
    gather(node, name, &subject, Bytes::new(), ROSTER_PATIENCE, |answer| {
        let Ok(page) = serde_json::from_slice::<RosterPage>(answer) else { return None };
        let left = pages_left.entry(page.node.clone()).or_insert(page.pages);
        *left = left.saturating_sub(1);
        let complete = *left == 0;
        entries.extend(page.devices.into_iter().map(|entry| (page.node.clone(), entry)));
        complete.then_some(page.node)
    })
    .await;
    if let Some(space) = node.spaces.get(name) {
        entries.extend(space.owners.roster(Instant::now()).into_iter().map(|entry| (node.id.clone(), entry)));
    }
    entries.sort_unstable_by_key(|(_, entry)| (entry.id, entry.last_seen_ms.unwrap_or(u64::MAX)));
    // While a device moves both nodes may name it; the one that heard it last is right.
    entries.dedup_by_key(|(_, entry)| entry.id);
    entries
}

/// Asks the other nodes that have devices in the space and hands each answer to `take`, which says which node is done with it.
async fn gather(
    node: &Node,
    space: &Space,
    subject: &Subject,
    question: Bytes,
    patience: Duration,
    mut take: impl FnMut(&[u8]) -> Option<NodeId>,
) {
    let mut expected: HashSet<NodeId> = node.others.with_devices(space).into_iter().collect();
    // With the bus away nobody else can be reached: own devices are all there are.
    let Ok(mut answers) = node.bus.gather(subject, question) else { return };
    let deadline = tokio::time::Instant::now() + patience;
    while !expected.is_empty() {
        match tokio::time::timeout_at(deadline, answers.next()).await {
            Ok(Some(answer)) => {
                if let Some(done) = take(&answer) {
                    expected.remove(&done);
                }
            }
            Ok(None) | Err(_) => break,
        }
        // A node that died since then will never answer.
        let alive: HashSet<NodeId> = node.others.with_devices(space).into_iter().collect();
        expected.retain(|other| alive.contains(other));
    }
}
