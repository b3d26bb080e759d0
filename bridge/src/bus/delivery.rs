//! What leaves the bus: deliveries, the streams that carry them, the answers to a question, and what can go wrong.

use super::embedded::EmbeddedStream;
use super::inbox::PendingQuestion;
use super::nats::{NatsReply, NatsStream};
use crate::subject::Subject;
use bytes::Bytes;
use futures_util::Stream;
use std::pin::Pin;
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
    /// Grows with each message of the embedded engine.
    pub(crate) number: u64,
    pub(crate) reply: Option<Reply>,
}

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Embedded(mpsc::Sender<Answer>),
    Nats(NatsReply),
}

/// What arrives for a question.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
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
        match &self.reply {
            Some(Reply::Nats(reply)) => reply.order(),
            _ => ("", self.number),
        }
    }

    /// Answers the question; nothing happens when it is none. May be called several times for an asker that gathers.
    ///
    /// # Errors
    /// [`PublishError`]; the asker hears nothing then and runs into its timeout.
    pub fn respond(&self, payload: Bytes) -> Result<(), PublishError> {
        match &self.reply {
            None => Ok(()),
            Some(Reply::Embedded(asker)) => match asker.try_send(Answer::Payload(payload)) {
                // An asker that has gone wants no answer.
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
                Err(mpsc::error::TrySendError::Full(_)) => Err(PublishError::Full),
            },
            Some(Reply::Nats(reply)) => reply.send(payload),
        }
    }
}

/// The messages of one pattern. Dropping it ends the interest.
#[derive(Debug)]
pub struct Subscription(pub(crate) SubscriptionStream);

#[derive(Debug)]
pub(crate) enum SubscriptionStream {
    Embedded(EmbeddedStream),
    Nats(NatsStream),
}

impl Stream for Subscription {
    type Item = Delivery;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        match &mut self.get_mut().0 {
            SubscriptionStream::Embedded(stream) => stream.poll_next(cx),
            SubscriptionStream::Nats(stream) => stream.poll_next(cx),
        }
    }
}

/// The answers to one question, as they come. Dropping it ends the waiting.
#[derive(Debug)]
pub struct Answers {
    pub(crate) incoming: mpsc::Receiver<Answer>,
    /// Takes the question out of the engine's books when the asker is done.
    pub(crate) _pending: Option<PendingQuestion>,
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

impl PublishError {
    /// The reason as a label of bounded values.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Away => "bus_away",
            Self::Full => "bus_full",
            Self::TooLarge => "bus_too_large",
        }
    }
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
