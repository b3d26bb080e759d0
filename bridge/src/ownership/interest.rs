//! The interest in the commands of one device: a subscription that can be ended from outside and then still hands out what has arrived.

use crate::bus::{Delivery, Subscription};
use futures_util::task::AtomicWaker;
use futures_util::{Stream, StreamExt};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// The interest in one device's commands. When it ends, what has arrived already is still handed out, so that it gets its answer.
#[derive(Debug)]
pub(super) struct Interest {
    subscription: Subscription,
    ending: Arc<Ending>,
}

/// Ends an interest from outside of its stream.
#[derive(Debug, Default)]
pub(super) struct Ending {
    asked: AtomicBool,
    waker: AtomicWaker,
}

impl Ending {
    pub(super) fn end(&self) {
        self.asked.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl Interest {
    /// The stream, and what ends it.
    pub(super) fn new(subscription: Subscription) -> (Self, Arc<Ending>) {
        let ending = Arc::new(Ending::default());
        (Self { subscription, ending: ending.clone() }, ending)
    }
}

impl Stream for Interest {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.ending.waker.register(cx.waker());
        match self.subscription.poll_next_unpin(cx) {
            Poll::Pending if self.ending.asked.load(Ordering::Acquire) => Poll::Ready(None),
            polled => polled,
        }
    }
}
