//! A command's way from its sender to devices on any edge.

use crate::node::Node;
use crate::peer::{Completion, Outcome, PendingCommand, Tally};
use crate::space::SpaceState;
use crate::state::EdgeState;
use bytes::Bytes;
use grouploop_bridge::{
    CommandReport, DeviceId, NodeId, RosterEntry, RosterPage, Side, Space, Span, Subject, TraceContext,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// How much longer than the owner the asker waits, so that the owner's truthful answer arrives.
pub(crate) const ANSWER_MARGIN: Duration = Duration::from_millis(500);
/// How long a roster waits for nodes that do not answer.
const ROSTER_PATIENCE: Duration = Duration::from_secs(1);

/// Sends to one device, as a part of a trace when there is one. The answer is `true` when it was written to the device's connection.
pub(crate) fn send_to_one(
    node: &Arc<Node>,
    space: Option<&Arc<SpaceState>>,
    name: &Space,
    device: DeviceId,
    text: &str,
    trace: Option<TraceContext>,
) -> oneshot::Receiver<bool> {
    let (sender, answer) = oneshot::channel();
    if let Some(owner) = space.and_then(|space| space.owners.owner(device)) {
        let now = Instant::now();
        let deadline = now + node.settings.command_timeout();
        let completion = Completion::local(sender).traced(deliver(node, Side::Internal, trace, device));
        owner.send(PendingCommand { device, text: text.into(), deadline, completion }, now);
        return answer;
    }
    let subject = Subject::Command { space: name.clone(), device };
    // Asked here and now, so that commands leave in the order in which they came; only the waiting is a task.
    let span = node.tracer.go_on("ask", Side::Producer, trace).map(|span| span.about("bus.subject", &subject));
    let (payload, trace) = (Bytes::copy_from_slice(text.as_bytes()), span.as_ref().and_then(Span::context));
    let Ok(mut answers) = node.member.bus.gather_traced(&subject, payload, trace) else {
        if let Some(span) = span {
            span.end(false);
        }
        return answer;
    };
    node.ledger.of(name).asked(text.len());
    let patience = node.settings.command_timeout() + ANSWER_MARGIN;
    // Bounded by the commands that one connection may have in flight.
    node.tasks.spawn_on(
        async move {
            let outcome = tokio::time::timeout(patience, answers.next()).await;
            let success = matches!(outcome, Ok(Some(answer)) if &answer[..] == b"success");
            if let Some(span) = span {
                span.end(success);
            }
            let _ = sender.send(success);
        },
        &node.runtime,
    );
    answer
}

/// The way of a command to a device of this node, when it is traced.
pub(crate) fn deliver(node: &Node, side: Side, trace: Option<TraceContext>, device: DeviceId) -> Option<Span> {
    node.tracer.go_on("deliver", side, trace).map(|span| span.about("device.id", device))
}

/// Sends to all devices of the space that this node owns, now; the future is the outcome.
pub(crate) fn send_to_own(
    node: &Node,
    space: &SpaceState,
    text: &str,
    side: Side,
    trace: Option<TraceContext>,
) -> impl Future<Output = CommandReport> + Send + use<> {
    let mut span = node.tracer.go_on("deliver to all", side, trace);
    let owners = space.owners.all();
    let (tally, outcome) = Tally::new(owners.len());
    let text = Utf8Bytes::from(text);
    let now = Instant::now();
    let deadline = now + node.settings.command_timeout();
    for (device, peer) in owners {
        let completion = Completion::tally(tally.clone(), device);
        peer.send(PendingCommand { device, text: text.clone(), deadline, completion }, now);
    }
    // A connection that is stuck in a write answers when it gives up; nobody waits for that.
    let patience = node.settings.command_timeout() + ANSWER_MARGIN / 2;
    let id = node.member.id.clone();
    async move {
        let Outcome { sent, failed } = match tokio::time::timeout(patience, outcome).await {
            Ok(Ok(counted)) => counted,
            Ok(Err(_)) | Err(_) => tally.so_far(),
        };
        if let Some(span) = &mut span {
            span.note("devices.sent", sent.len());
            span.note("devices.failed", failed.len());
        }
        CommandReport { node: id, sent, failed }
    }
}

/// Sends to every device of a space, on all nodes, now; the future is what each node reports.
pub(crate) fn send_to_all(
    state: &Arc<EdgeState>,
    name: &Space,
    text: &str,
    trace: Option<TraceContext>,
) -> impl Future<Output = Vec<CommandReport>> + Send + use<> {
    let own = state.spaces.get(name).map(|space| send_to_own(&state.node, &space, text, Side::Internal, trace));
    let subject = Subject::CommandAll { space: name.clone() };
    let span = state.node.tracer.go_on("ask all", Side::Producer, trace);
    let span = span.map(|span| span.about("bus.subject", &subject));
    let (payload, trace) = (Bytes::copy_from_slice(text.as_bytes()), span.as_ref().and_then(Span::context));
    let asked = state.node.member.bus.gather_traced(&subject, payload, trace);
    if asked.is_ok() {
        state.node.ledger.of(name).asked_all(text.len());
    }
    let (state, name) = (state.clone(), name.clone());
    async move {
        let others = async {
            let patience = state.node.settings.command_timeout() + ANSWER_MARGIN;
            let mut reports: Vec<CommandReport> = Vec::new();
            let take = |answer: &[u8]| {
                let Ok(report) = serde_json::from_slice::<CommandReport>(answer) else { return None };
                let from = report.node.clone();
                reports.push(report);
                Some(from)
            };
            // Own devices have been sent to already, as everywhere here.
            state.node.member.collect(&name, asked, patience, || false, take).await;
            drop(span);
            reports
        };
        let own = async {
            match own {
                Some(own) => Some(own.await),
                None => None,
            }
        };
        let (own, mut reports) = tokio::join!(own, others);
        reports.extend(own);
        reports
    }
}

/// The devices of a space on all nodes, sorted by id; and whether every node has answered.
pub(crate) async fn roster(state: &EdgeState, name: &Space) -> (Vec<(NodeId, RosterEntry)>, bool) {
    let mut entries: Vec<(NodeId, RosterEntry)> = Vec::new();
    let mut pages_left: std::collections::HashMap<NodeId, u32> = std::collections::HashMap::new();
    let subject = Subject::Roster { space: name.clone() };
    let asked = state.node.member.bus.gather(&subject, Bytes::new());
    if asked.is_ok() {
        state.node.ledger.of(name).asked_roster();
    }
    let take = |answer: &[u8]| {
        let Ok(page) = serde_json::from_slice::<RosterPage>(answer) else { return None };
        let left = pages_left.entry(page.node.clone()).or_insert(page.pages);
        *left = left.saturating_sub(1);
        let complete = *left == 0;
        entries.extend(page.devices.into_iter().map(|entry| (page.node.clone(), entry)));
        complete.then_some(page.node)
    };
    let complete = state.node.member.collect(name, asked, ROSTER_PATIENCE, || false, take).await;
    if let Some(space) = state.spaces.get(name) {
        entries
            .extend(space.owners.roster(Instant::now()).into_iter().map(|entry| (state.node.member.id.clone(), entry)));
    }
    entries.sort_unstable_by_key(|(_, entry)| (entry.id, entry.last_seen_ms.unwrap_or(u64::MAX)));
    // While a device moves both nodes may name it; the one that heard it last is right.
    entries.dedup_by_key(|(_, entry)| entry.id);
    (entries, complete)
}
