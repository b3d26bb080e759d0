//! The bus: publish, subscribe, ask. Few verbs, each of which every engine can honour; presence, rosters and history are consumers.
//!
//! # Contract
//! The conformance suite in `tests/it` has one property for each number and runs over both engines.
//!
//! 1. `subscribe` returns once its interest is live for publishers on every connection (with NATS away: once it will be).
//! 2. One publisher's messages on one subject arrive in order or not at all.
//! 3. A full subscription loses the newest messages, counts them, and slows nobody.
//! 4. After `drain` every subscription stream has ended.
//! 5. Telemetry is never delivered to the node that published it; everything else is.
//! 6. A question that nobody subscribes to is answered at once: there are no responders.
//! 7. `publish` never waits: what cannot go now is an error, and nothing is sent later.
//! 8. Dropping a subscription ends its interest.
//! 9. A pattern hears what it says and nothing else.
//! 10. A trace travels beside the payload of its message and never keeps it from going: where there is no room for both, the message goes alone.

mod delivery;
mod embedded;
mod nats;
mod settings;

pub use delivery::{Answers, BusError, Delivery, PublishError, RequestError, Subscription};
pub use embedded::Hub;
pub use settings::{BusSettings, EngineKind, NatsSettings};

use crate::name::NodeId;
use crate::subject::{Pattern, Subject};
use crate::trace::TraceContext;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Messages that may wait in one subscription.
pub(crate) const SUBSCRIPTION_CAPACITY: usize = 1024;
/// Answers that may wait in one [`Answers`].
pub(crate) const ANSWERS_CAPACITY: usize = 256;

/// Whether the bus carries messages now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusState {
    /// It does.
    Up,
    /// It does not, and why; it keeps trying.
    Away(String),
    /// It was drained.
    Closed,
}

/// One node's access to the bus. A cheap handle.
#[derive(Debug, Clone)]
pub struct Bus {
    engine: Engine,
}

#[derive(Debug, Clone)]
enum Engine {
    Embedded(Arc<embedded::Endpoint>),
    Nats(Arc<nats::Nats>),
}

impl Bus {
    /// Starts the engine that the settings name. A NATS server that is away is no error: the bus keeps trying and [`Bus::state`] says so.
    ///
    /// # Errors
    /// [`BusError`] when the settings cannot work: a credentials file that cannot be read, a URL that is none.
    pub async fn start(settings: &BusSettings, node: &NodeId) -> Result<Self, BusError> {
        match settings.engine {
            EngineKind::Embedded => Ok(Hub::new().attach()),
            EngineKind::Nats => {
                Ok(Self { engine: Engine::Nats(Arc::new(nats::Nats::start(&settings.nats, node).await?)) })
            }
        }
    }

    pub(crate) fn from_endpoint(endpoint: embedded::Endpoint) -> Self {
        Self { engine: Engine::Embedded(Arc::new(endpoint)) }
    }

    /// Which engine it is.
    #[must_use]
    pub fn engine(&self) -> EngineKind {
        match &self.engine {
            Engine::Embedded(_) => EngineKind::Embedded,
            Engine::Nats(_) => EngineKind::Nats,
        }
    }

    /// The state now and its changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<BusState> {
        match &self.engine {
            Engine::Embedded(endpoint) => endpoint.state(),
            Engine::Nats(nats) => nats.state(),
        }
    }

    /// Whether it carries messages now.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.state().borrow() == BusState::Up
    }

    /// Why it carries no messages now, in words for people; `None` when it does.
    #[must_use]
    pub fn away(&self) -> Option<String> {
        match &*self.state().borrow() {
            BusState::Up => None,
            BusState::Away(why) => Some(why.clone()),
            BusState::Closed => Some("it was closed".into()),
        }
    }

    /// What the bus refuses this node, in words for people; `None` when it refuses nothing. It carries the rest all the same.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        match &self.engine {
            Engine::Embedded(_) => None,
            Engine::Nats(nats) => nats.refused(),
        }
    }

    /// This node has answered a question of its own: so it may answer.
    pub(crate) fn answered_itself(&self) {
        if let Engine::Nats(nats) = &self.engine {
            nats.answered_itself();
        }
    }

    /// Messages that full subscriptions of this node lost; with NATS a lower bound.
    #[must_use]
    pub fn lost(&self) -> u64 {
        match &self.engine {
            Engine::Embedded(endpoint) => endpoint.lost(),
            Engine::Nats(nats) => nats.lost(),
        }
    }

    /// Sends a message to whoever is subscribed. Never waits.
    ///
    /// # Errors
    /// [`PublishError`]; the message is gone then.
    pub fn publish(&self, subject: &Subject, payload: Bytes) -> Result<(), PublishError> {
        self.publish_traced(subject, payload, None)
    }

    /// The same, as a part of a trace.
    ///
    /// # Errors
    /// As [`Bus::publish`].
    pub fn publish_traced(
        &self,
        subject: &Subject,
        payload: Bytes,
        trace: Option<TraceContext>,
    ) -> Result<(), PublishError> {
        match &self.engine {
            Engine::Embedded(endpoint) => endpoint.publish(subject, payload, trace),
            Engine::Nats(nats) => nats.publish(subject, payload, trace),
        }
    }

    /// Subscribes to a pattern.
    ///
    /// # Errors
    /// [`BusError`] when the bus was drained.
    pub async fn subscribe(&self, pattern: impl Into<Pattern>) -> Result<Subscription, BusError> {
        let mut all = self.subscribe_all(&[pattern.into()]).await?;
        all.pop().ok_or(BusError::Closed)
    }

    /// Subscribes to several patterns with one round trip for all: subscriptions in the order of the patterns.
    ///
    /// # Errors
    /// [`BusError`] when the bus was drained.
    pub async fn subscribe_all(&self, patterns: &[Pattern]) -> Result<Vec<Subscription>, BusError> {
        match &self.engine {
            Engine::Embedded(endpoint) => patterns.iter().map(|pattern| endpoint.subscribe(pattern.clone())).collect(),
            Engine::Nats(nats) => nats.subscribe_all(patterns).await,
        }
    }

    /// Asks everybody who is subscribed; answers arrive in [`Answers`] until the asker drops it.
    ///
    /// # Errors
    /// [`PublishError`]; nobody was asked then.
    pub fn gather(&self, subject: &Subject, payload: Bytes) -> Result<Answers, PublishError> {
        self.gather_traced(subject, payload, None)
    }

    /// The same, as a part of a trace.
    ///
    /// # Errors
    /// As [`Bus::gather`].
    pub fn gather_traced(
        &self,
        subject: &Subject,
        payload: Bytes,
        trace: Option<TraceContext>,
    ) -> Result<Answers, PublishError> {
        match &self.engine {
            Engine::Embedded(endpoint) => endpoint.gather(subject, payload, trace),
            Engine::Nats(nats) => nats.gather(subject, payload, trace),
        }
    }

    /// Asks and waits for the first answer.
    ///
    /// # Errors
    /// [`RequestError`]: nobody is there, nobody answered in time, or it could not be sent.
    ///
    /// # Cancel safety
    /// Dropping the future forgets the answer; the question may have been asked.
    pub async fn request(&self, subject: &Subject, payload: Bytes, timeout: Duration) -> Result<Bytes, RequestError> {
        let mut answers = self.gather(subject, payload)?;
        match tokio::time::timeout(timeout, answers.next()).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(RequestError::NoResponders),
            Err(_) => Err(RequestError::Timeout),
        }
    }

    /// How long the bus takes to answer this node; `None` when it is away, when it takes longer than `patience`, and for the embedded engine,
    /// which is no way away.
    pub async fn round_trip(&self, patience: Duration) -> Option<Duration> {
        match &self.engine {
            Engine::Embedded(_) => None,
            Engine::Nats(nats) => nats.round_trip(patience).await,
        }
    }

    /// Ends all subscriptions of this node and sends what is queued. Returns `false` when that took longer than `patience`.
    pub async fn drain(&self, patience: Duration) -> bool {
        match &self.engine {
            Engine::Embedded(endpoint) => {
                endpoint.drain();
                true
            }
            Engine::Nats(nats) => nats.drain(patience).await,
        }
    }
}
