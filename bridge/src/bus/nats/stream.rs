//! The messages of a subscription, and where their answers go.

use super::inbox::Inbox;
use super::link::Link;
use crate::bus::delivery::Reply;
use crate::bus::{Delivery, PublishError};
use crate::subject::Subject;
use crate::trace::{TRACE_HEADER, TraceContext};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Where a delivery's answer goes.
#[derive(Debug)]
struct NatsReply {
    link: Arc<Link>,
    subject: async_nats::Subject,
}

impl Reply for NatsReply {
    fn send(&self, payload: Bytes) -> Result<(), PublishError> {
        self.link.publish(self.subject.clone(), None, payload, None)
    }

    /// The inbox and the token below it; a stranger's inbox may look different, and then its questions have no order.
    fn order(&self) -> (&str, u64) {
        self.subject.rsplit_once('.').map_or(("", 0), |(inbox, token)| (inbox, token.parse().unwrap_or(0)))
    }
}

/// The messages of one subscription.
#[derive(Debug)]
pub(super) struct NatsStream {
    pub(super) incoming: async_nats::Subscriber,
    pub(super) link: Arc<Link>,
    pub(super) inbox: Arc<Inbox>,
}

impl Stream for NatsStream {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        loop {
            let Some(message) = std::task::ready!(self.incoming.poll_next_unpin(cx)) else { return Poll::Ready(None) };
            // Anybody who may publish can use a subject below a wildcard that is no name of ours.
            let Some(subject) = Subject::parse(&message.subject) else { continue };
            let own = message.reply.as_ref().is_some_and(|reply| self.inbox.is_own(reply));
            let reply = message
                .reply
                .map(|subject| -> Arc<dyn Reply> { Arc::new(NatsReply { link: self.link.clone(), subject }) });
            let trace = message.headers.as_ref().and_then(|headers| headers.get(TRACE_HEADER));
            let trace = trace.and_then(|header| TraceContext::parse(header.as_str()));
            return Poll::Ready(Some(Delivery { subject, payload: message.payload, own, trace, reply }));
        }
    }
}
