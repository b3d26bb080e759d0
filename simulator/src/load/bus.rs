//! Commands onto the bus, as an edge sends those of its controllers.

use super::counts::{CommandCounts, Outcome};
use super::pacer::{Due, Pacer};
use super::{END_GRACE, MAX_IN_FLIGHT};
use crate::node::Node;
use crate::scenario::Swarm;
use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use grouploop_bridge::{Answers, CommandReport, NodeHost, PublishError, Space, Subject, Target};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long an answer is waited for: as long as an edge does.
const PATIENCE: Duration = Duration::from_millis(2500);

pub(super) async fn run(
    mut pacer: Pacer<impl Fn() -> Arc<Swarm>>,
    node: &Node,
    space: &Space,
    counts: &CommandCounts,
    stop: &CancellationToken,
) {
    let mut in_flight = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some((outcome, due)) = in_flight.next(), if !in_flight.is_empty() => counts.settle(outcome, due),
            Due { at, target, text } = pacer.next() => {
                if in_flight.len() >= MAX_IN_FLIGHT {
                    counts.not_sent(1);
                    continue;
                }
                // Asked here and now, so that commands leave in their order and at their time.
                let Some(answer) = ask(node, space, target, text.into()) else {
                    counts.not_sent(1);
                    continue;
                };
                counts.sent();
                in_flight.push(answer.map(move |outcome| (outcome, at)));
            }
        }
    }
    let end = Instant::now() + END_GRACE;
    while let Ok(Some((outcome, due))) = tokio::time::timeout_at(end, in_flight.next()).await {
        counts.settle(outcome, due);
    }
    counts.unanswered(in_flight.len() as u64);
}

/// Sends a command; the future is what becomes of it. `None` when the bus does not take it.
fn ask<'n>(
    node: &'n Node,
    space: &'n Space,
    target: Target,
    text: Bytes,
) -> Option<impl Future<Output = Outcome> + Send + use<'n>> {
    let subject = match target {
        Target::Device(device) => Subject::Command { space: space.clone(), device },
        Target::All => Subject::CommandAll { space: space.clone() },
    };
    let asked = node.bus().gather(&subject, text).ok()?;
    Some(async move {
        match target {
            Target::Device(_) => one(asked).await,
            Target::All => all(node, space, Ok(asked)).await,
        }
    })
}

async fn one(mut asked: Answers) -> Outcome {
    match tokio::time::timeout(PATIENCE, asked.next()).await {
        Ok(Some(answer)) if &answer[..] == b"success" => Outcome::Reached(None),
        Ok(_) => Outcome::Failed,
        Err(_) => Outcome::NoAnswer(0),
    }
}

async fn all(node: &Node, space: &Space, asked: Result<Answers, PublishError>) -> Outcome {
    let mut reached = 0;
    let take = |answer: &[u8]| {
        let report = serde_json::from_slice::<CommandReport>(answer).ok()?;
        reached += report.sent.len() as u64;
        Some(report.node)
    };
    match node.member().collect(space, asked, PATIENCE, || node.owns_any(space), take).await {
        false => Outcome::NoAnswer(reached),
        true if reached > 0 => Outcome::Reached(Some(reached)),
        true => Outcome::Failed,
    }
}
