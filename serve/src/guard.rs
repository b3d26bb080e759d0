//! A connection whose client has to take what is written to it.

use crate::client::Client;
use crate::patience::Patience;
use socket2::SockRef;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection. Writing to it fails with [`io::ErrorKind::TimedOut`] when the client takes next to nothing; reading is as ever, for who
/// reads knows whether something is due.
#[derive(Debug)]
pub(crate) struct Guard {
    socket: TcpStream,
    patience: Patience,
    client: Arc<Client>,
}

impl Guard {
    pub(crate) fn new(socket: TcpStream, client: Arc<Client>) -> Self {
        Self { socket, patience: Patience::new(client.slow_client), client }
    }

    /// Looks at the clock when a write has to wait. `write` is the same write once more, past the runtime.
    fn judge(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
        write: impl FnOnce(SockRef<'_>) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            if let Ok(bytes) = &written {
                self.patience.moved(*bytes);
            }
            return Poll::Ready(written);
        }
        if self.patience.poll_window(cx).is_pending() {
            return Poll::Pending;
        }
        // The kernel wakes us only when half of what it holds is on its way: a client that is slow, but not too slow, may not have come so
        // far within one window. What it did take there is room for now.
        let late = match write(SockRef::from(&self.socket)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Poll::Ready(Err(error)),
        };
        self.patience.moved(late);
        if !self.patience.judge() {
            self.client.counts.add_slow();
            // A reset: the kernel is not to go on offering what it still holds.
            let _ = self.socket.set_zero_linger();
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes its answer too slowly")));
        }
        if late > 0 {
            return Poll::Ready(Ok(late));
        }
        // Sets the alarm of the next window, which cannot be over yet.
        let _ = self.patience.poll_window(cx);
        Poll::Pending
    }
}

impl AsyncRead for Guard {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, into);
        if into.filled().len() > before {
            self.client.begun.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Guard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.judge(cx, written, |socket| socket.send(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.judge(cx, written, |socket| socket.send_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
