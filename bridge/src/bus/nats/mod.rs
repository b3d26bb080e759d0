//! The NATS engine: two connections of one node, so that a burst of frames never delays a command.
//!
//! ```text
//!   telemetry ── no_echo ──┐
//!                          ├── nats-server
//!   control ── inbox ──────┘
//! ```
//!
//! The client library queues what it is given while no server is there and sends it stale afterwards. So nothing is given to it while
//! the bus is away, and it is never waited for: [`publish`](Nats::publish) polls the library's send once.
//!
//! The bus is away as soon as one of the two connections is. They mostly fall together but are heard of one after the other, and the one
//! that is not heard of yet would still take messages.

mod few;
mod inbox;
mod link;
mod refusals;
mod stream;
mod watcher;

use super::delivery::{Answers, BusError, PublishError, Subscription};
use super::settings::NatsSettings;
use super::{ANSWERS_CAPACITY, BusState};
use crate::name::NodeId;
use crate::subject::{NOWHERE, Pattern, Subject};
use crate::trace::TraceContext;
use bytes::Bytes;
use futures_util::StreamExt;
use inbox::Inbox;
use link::{Link, masked};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use stream::NatsStream;
use tokio::sync::{mpsc, watch};
use tokio_util::task::TaskTracker;
use watcher::{Lane, Lanes, Watcher};

/// One node on a NATS server or cluster.
#[derive(Debug)]
pub(crate) struct Nats {
    telemetry: Arc<Link>,
    control: Arc<Link>,
    inbox: Arc<Inbox>,
    tasks: TaskTracker,
}

impl Nats {
    pub(crate) async fn start(settings: &NatsSettings, node: &NodeId) -> Result<Self, BusError> {
        let state =
            Arc::new(watch::Sender::new(BusState::Away(format!("no answer yet from {}", masked(&settings.url)))));
        let lanes = Arc::new(Lanes::default());
        let lane = |lane| Watcher { lane, lanes: lanes.clone(), state: state.clone(), url: masked(&settings.url) };
        let telemetry = Link::open(settings, node, lane(Lane::Telemetry)).await?;
        let control = Link::open(settings, node, lane(Lane::Control)).await?;
        let inbox = Arc::new(Inbox::new(control.client.new_inbox()));
        let _ = lanes.inbox.set(inbox.prefix().to_owned());
        let mut incoming = control.client.subscribe(inbox.pattern()).await.map_err(|_| BusError::Closed)?;
        let tasks = TaskTracker::new();
        let desk = inbox.clone();
        tasks.spawn(async move {
            while let Some(message) = incoming.next().await {
                desk.take_in(message);
            }
            desk.close();
        });
        tasks.close();
        Ok(Self { telemetry, control, inbox, tasks })
    }

    pub(crate) fn state(&self) -> watch::Receiver<BusState> {
        self.control.watcher.state.subscribe()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.telemetry.watcher.lanes.lost.load(Ordering::Relaxed) + self.inbox.lost()
    }

    pub(crate) fn refused(&self) -> Option<String> {
        let lanes = &self.control.watcher.lanes;
        let mut refused = lanes.telemetry_refused.all();
        refused.append(&mut lanes.control_refused.all());
        let all = refused.into_iter().collect::<Vec<_>>().join(", ");
        (!all.is_empty()).then(|| format!("bus refuses {all}: its NATS user lacks the right"))
    }

    pub(crate) fn answered_itself(&self) {
        let lanes = &self.control.watcher.lanes;
        [&lanes.telemetry_refused, &lanes.control_refused].iter().for_each(|refused| refused.answered());
    }

    fn link(&self, telemetry: bool) -> &Arc<Link> {
        if telemetry { &self.telemetry } else { &self.control }
    }

    pub(crate) fn publish(
        &self,
        subject: &Subject,
        payload: Bytes,
        trace: Option<TraceContext>,
    ) -> Result<(), PublishError> {
        self.link(subject.is_telemetry()).publish(subject.to_string().into(), None, payload, trace)
    }

    pub(crate) async fn subscribe_all(&self, patterns: &[Pattern]) -> Result<Vec<Subscription>, BusError> {
        let mut subscriptions = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let link = self.link(pattern.is_telemetry());
            let incoming = link.client.subscribe(pattern.to_string()).await.map_err(|_| BusError::Closed)?;
            let stream = NatsStream { incoming, link: link.clone(), inbox: self.inbox.clone() };
            subscriptions.push(Subscription(Box::pin(stream)));
        }
        for telemetry in [true, false] {
            if patterns.iter().any(|pattern| pattern.is_telemetry() == telemetry) {
                self.link(telemetry).barrier().await;
            }
        }
        Ok(subscriptions)
    }

    pub(crate) fn gather(
        &self,
        subject: &Subject,
        payload: Bytes,
        trace: Option<TraceContext>,
    ) -> Result<Answers, PublishError> {
        let (asker, incoming) = mpsc::channel(ANSWERS_CAPACITY);
        let pending = self.inbox.open(asker);
        let reply = self.inbox.subject(&pending);
        self.control.publish(subject.to_string().into(), Some(reply.into()), payload, trace)?;
        Ok(Answers { incoming, _pending: Some(Box::new(pending)) })
    }

    pub(crate) async fn round_trip(&self, patience: Duration) -> Option<Duration> {
        let (begun, mut state) = (Instant::now(), self.state());
        let away = async { drop(state.wait_for(|state| *state != BusState::Up).await) };
        tokio::select! {
            biased;
            () = away => None,
            () = tokio::time::sleep(patience) => None,
            _ = self.control.client.request(NOWHERE, Bytes::new()) => Some(begun.elapsed()),
        }
    }

    pub(crate) async fn drain(&self, patience: Duration) -> bool {
        let drained = async {
            for link in [&self.telemetry, &self.control] {
                // A connection that never was or is away has nothing to send.
                if link.is_up() && link.client.drain().await.is_ok() {
                    link.watcher.closed().await;
                }
            }
            if self.control.watcher.has_closed() {
                self.tasks.wait().await;
            }
        };
        let in_time = tokio::time::timeout(patience, drained).await.is_ok();
        self.control.watcher.state.send_replace(BusState::Closed);
        in_time
    }
}
