//! What leaves the bus: deliveries, the streams that carry them, the answers to a question, and what can go wrong.

use crate::subject::Subject;
use crate::trace::TraceContext;
use bytes::Bytes;
use futures_util::Stream;
use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// One message as it leaves the bus.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where it was published.
    pub subject: Subject,
    /// What it holds.
    pub payload: Bytes,
    /// Whether it is a question that this very node asked.
    pub own: bool,
    /// The trace that it is a part of, when somebody traces it.
    pub trace: Option<TraceContext>,
    pub(super) reply: Option<Arc<dyn Reply>>,
}

/// The way back to an asker, which each engine has its own.
pub(super) trait Reply: fmt::Debug + Send + Sync {
    fn send(&self, payload: Bytes) -> Result<(), PublishError>;
    /// See [`Delivery::order`].
    fn order(&self) -> (&str, u64);
}

/// What arrives for a question.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Payload(Bytes),
    NoResponders,
}

impl Delivery {
    /// Whether the sender waits for an answer.
    #[must_use]
    pub fn is_question(&self) -> bool {
        self.reply.is_some()
    }

    /// What orders the questions of one asker, also between subscriptions: the asker and a number that grows with each of its questions.
    #[must_use]
    pub fn order(&self) -> (&str, u64) {
        self.reply.as_ref().map_or(("", 0), |reply| reply.order())
    }

    /// Answers the question; nothing happens when it is none. May be called several times for an asker that gathers.
    ///
    /// # Errors
    /// [`PublishError`]; the asker hears nothing then and runs into its timeout.
    pub fn respond(&self, payload: Bytes) -> Result<(), PublishError> {
        self.reply.as_ref().map_or(Ok(()), |reply| reply.send(payload))
    }
}

/// The messages of one pattern. Dropping it ends the interest.
pub struct Subscription(pub(super) Pin<Box<dyn Stream<Item = Delivery> + Send>>);

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}

impl Stream for Subscription {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.0.as_mut().poll_next(cx)
    }
}

/// The answers to one question, as they come. Dropping it ends the waiting.
#[derive(Debug)]
pub struct Answers {
    pub(super) incoming: mpsc::Receiver<Answer>,
    /// Takes the question out of the engine's books, when it has any, as soon as the asker is done.
    pub(super) _pending: Option<Box<dyn Any + Send + Sync>>,
}

impl Answers {
    /// The next answer; `None` when there are no responders, or no answer can come any more.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Bytes> {
        match self.incoming.recv().await? {
            Answer::Payload(payload) => Some(payload),
            Answer::NoResponders => None,
        }
    }
}

/// Why the bus cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The settings cannot work.
    #[error("the bus cannot start: {0}")]
    Settings(String),
    /// It was drained.
    #[error("the bus is closed")]
    Closed,
}

/// Why a message did not go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No connection to a server now.
    #[error("the bus is away")]
    Away,
    /// More waits to be sent than may.
    #[error("the queue to the bus is full")]
    Full,
    /// Over the server's limit for a message.
    #[error("the message is larger than the bus carries")]
    TooLarge,
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Nobody is subscribed.
    #[error("nobody is subscribed to the subject")]
    NoResponders,
    /// Somebody is, and did not answer in time.
    #[error("no answer in time")]
    Timeout,
    /// It was not asked.
    #[error(transparent)]
    Publish(#[from] PublishError),
}
