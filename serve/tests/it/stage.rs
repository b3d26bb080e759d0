//! A server to test, and what its handlers are made of.

use axum::Router;
use grouploop_serve::{Counts, ServeOptions, Server};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::convert::Infallible;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// Limits that no test reaches by itself.
pub(crate) fn options() -> ServeOptions {
    ServeOptions {
        name: "test",
        max_connections: 100,
        header_timeout: Duration::from_secs(60),
        slow_client: Duration::from_secs(60),
        counts: Arc::new(Counts::default()),
        tls: None,
    }
}

pub(crate) fn start(options: ServeOptions, router: Router) -> Server {
    Server::start(options, TcpListener::bind("127.0.0.1:0").unwrap(), router).unwrap()
}

/// A body that is made piece by piece, and says how much of it has been asked for.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) left: u64,
    pub(crate) made: Arc<AtomicU64>,
}

impl Body for Made {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static PIECE: [u8; 32 * 1024] = [b'x'; 32 * 1024];
        let length = self.left.min(PIECE.len() as u64);
        self.left -= length;
        self.made.fetch_add(length, Ordering::SeqCst);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(Bytes::from_static(&PIECE[..length as usize])))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
