//! The embedded engine: a table of subscriptions that several nodes of one process share.

use super::delivery::{Answer, Answers, BusError, Delivery, PublishError, Reply, Subscription};
use super::{ANSWERS_CAPACITY, Bus, BusState, SUBSCRIPTION_CAPACITY};
use crate::subject::{Pattern, Subject};
use crate::trace::TraceContext;
use bytes::Bytes;
use futures_util::Stream;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use tokio::sync::{mpsc, watch};

/// The bus of one process. Each node [attaches](Hub::attach) once.
#[derive(Debug, Clone, Default)]
pub struct Hub {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    table: RwLock<Table>,
    next_id: AtomicU64,
}

/// Exact subjects, of which there is one for each device, are looked up; patterns with a wildcard are few and are tried one by one.
#[derive(Debug, Default)]
struct Table {
    exact: HashMap<Subject, Vec<Subscriber>>,
    wild: Vec<(Pattern, Subscriber)>,
}

#[derive(Debug, Clone)]
struct Subscriber {
    id: u64,
    node: u64,
    outlet: mpsc::Sender<Delivery>,
    lost: Arc<AtomicU64>,
}

impl Hub {
    /// A bus without nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Access for one more node.
    #[must_use]
    pub fn attach(&self) -> Bus {
        let node = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        Bus::from_endpoint(Endpoint {
            shared: self.shared.clone(),
            node,
            lost: Arc::default(),
            state: watch::Sender::new(BusState::Up),
        })
    }
}

/// One node's access.
#[derive(Debug)]
pub(crate) struct Endpoint {
    shared: Arc<Shared>,
    node: u64,
    lost: Arc<AtomicU64>,
    state: watch::Sender<BusState>,
}

impl Endpoint {
    pub(crate) fn state(&self) -> watch::Receiver<BusState> {
        self.state.subscribe()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn is_closed(&self) -> bool {
        *self.state.borrow() == BusState::Closed
    }

    pub(crate) fn publish(
        &self,
        subject: &Subject,
        payload: Bytes,
        trace: Option<TraceContext>,
    ) -> Result<(), PublishError> {
        self.deliver(subject, payload, trace, None).map(|_| ())
    }

    pub(crate) fn gather(
        &self,
        subject: &Subject,
        payload: Bytes,
        trace: Option<TraceContext>,
    ) -> Result<Answers, PublishError> {
        let (asker, incoming) = mpsc::channel(ANSWERS_CAPACITY);
        if self.deliver(subject, payload, trace, Some(&asker))? == 0 {
            // The channel is new, so there is room.
            let _ = asker.try_send(Answer::NoResponders);
        }
        Ok(Answers { incoming, _pending: None })
    }

    /// Hands the message to everybody who is interested and says how many that are.
    fn deliver(
        &self,
        subject: &Subject,
        payload: Bytes,
        trace: Option<TraceContext>,
        asker: Option<&mpsc::Sender<Answer>>,
    ) -> Result<usize, PublishError> {
        if self.is_closed() {
            return Err(PublishError::Away);
        }
        let reply = asker.map(|asker| -> Arc<dyn Reply> {
            Arc::new(EmbeddedReply {
                asker: asker.clone(),
                number: self.shared.next_id.fetch_add(1, Ordering::Relaxed),
            })
        });
        let table = self.shared.table.read().unwrap_or_else(PoisonError::into_inner);
        let exact = table.exact.get(subject).into_iter().flatten();
        let wild = table.wild.iter().filter(|(pattern, _)| pattern.matches(subject)).map(|(_, subscriber)| subscriber);
        let mut interested = 0;
        for subscriber in exact.chain(wild) {
            if subject.is_telemetry() && subscriber.node == self.node {
                continue;
            }
            interested += 1;
            let delivery = Delivery {
                subject: subject.clone(),
                payload: payload.clone(),
                own: asker.is_some() && subscriber.node == self.node,
                trace,
                reply: reply.clone(),
            };
            if let Err(mpsc::error::TrySendError::Full(_)) = subscriber.outlet.try_send(delivery) {
                subscriber.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(interested)
    }

    pub(crate) fn subscribe(&self, pattern: Pattern) -> Result<Subscription, BusError> {
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let (outlet, incoming) = mpsc::channel(SUBSCRIPTION_CAPACITY);
        let subscriber = Subscriber { id, node: self.node, outlet, lost: self.lost.clone() };
        let mut table = self.shared.table.write().unwrap_or_else(PoisonError::into_inner);
        // Asked under the lock, so that a drain cannot slip in between.
        if self.is_closed() {
            return Err(BusError::Closed);
        }
        match &pattern {
            Pattern::Exact(subject) => table.exact.entry(subject.clone()).or_default().push(subscriber),
            wild => table.wild.push((wild.clone(), subscriber)),
        }
        drop(table);
        let interest = Interest { shared: self.shared.clone(), pattern, id };
        Ok(Subscription(Box::pin(EmbeddedStream { incoming, _interest: interest })))
    }

    pub(crate) fn drain(&self) {
        let mut table = self.shared.table.write().unwrap_or_else(PoisonError::into_inner);
        self.state.send_replace(BusState::Closed);
        for subscribers in table.exact.values_mut() {
            subscribers.retain(|subscriber| subscriber.node != self.node);
        }
        table.exact.retain(|_, subscribers| !subscribers.is_empty());
        table.wild.retain(|(_, subscriber)| subscriber.node != self.node);
    }
}

/// The way back to an asker in this process.
#[derive(Debug)]
struct EmbeddedReply {
    asker: mpsc::Sender<Answer>,
    number: u64,
}

impl Reply for EmbeddedReply {
    fn send(&self, payload: Bytes) -> Result<(), PublishError> {
        match self.asker.try_send(Answer::Payload(payload)) {
            // An asker that has gone wants no answer.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(PublishError::Full),
        }
    }

    fn order(&self) -> (&str, u64) {
        ("", self.number)
    }
}

/// The messages of one subscription.
#[derive(Debug)]
struct EmbeddedStream {
    incoming: mpsc::Receiver<Delivery>,
    _interest: Interest,
}

impl Stream for EmbeddedStream {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.incoming.poll_recv(cx)
    }
}

/// Takes the subscription out of the table when its stream is dropped.
#[derive(Debug)]
struct Interest {
    shared: Arc<Shared>,
    pattern: Pattern,
    id: u64,
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut table = self.shared.table.write().unwrap_or_else(PoisonError::into_inner);
        match &self.pattern {
            Pattern::Exact(subject) => {
                if let Some(subscribers) = table.exact.get_mut(subject) {
                    subscribers.retain(|subscriber| subscriber.id != self.id);
                    if subscribers.is_empty() {
                        table.exact.remove(subject);
                    }
                }
            }
            _ => table.wild.retain(|(_, subscriber)| subscriber.id != self.id),
        }
    }
}
