//! A request's body whose client has to send it.

use crate::client::Client;
use crate::patience::Patience;
use axum::BoxError;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

/// The body of a request. It ends with an error of [`io::ErrorKind::TimedOut`] when it is awaited and next to nothing comes. What is left of
/// it then is not read, so the connection ends with the answer.
#[derive(Debug)]
pub(crate) struct PatientBody {
    incoming: Incoming,
    patience: Patience,
    client: Arc<Client>,
    failed: bool,
}

impl PatientBody {
    pub(crate) fn new(incoming: Incoming, client: Arc<Client>) -> Self {
        Self { incoming, patience: Patience::new(client.slow_client), client, failed: false }
    }
}

impl Body for PatientBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = &mut *self;
        if this.failed {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.incoming).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame {
                this.client.begun.store(false, Ordering::Relaxed);
                this.patience.moved(frame.data_ref().map_or(0, Bytes::len));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if this.patience.poll_window(cx).is_pending() {
            return Poll::Pending;
        }
        if !this.patience.judge() {
            this.failed = true;
            this.client.counts.add_slow();
            let error = io::Error::new(io::ErrorKind::TimedOut, "the client sends the body too slowly");
            return Poll::Ready(Some(Err(error.into())));
        }
        // Sets the alarm of the next window, which cannot be over yet.
        let _ = this.patience.poll_window(cx);
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.failed || self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
