//! A connection whose client has to take what is written to it.

use crate::client::Client;
use crate::kernel;
use crate::patience::Patience;
use crate::sealed::Sealed;
use socket2::SockRef;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection. Writing to it fails with [`io::ErrorKind::TimedOut`] when the client takes next to nothing; reading is as ever, for who
/// reads knows whether something is due.
#[derive(Debug)]
pub(crate) struct Guard {
    socket: TcpStream,
    patience: Patience,
    client: Arc<Client>,
}

/// What of a write goes out next, and how.
enum Next<'a, 'b> {
    /// All of it, as it is.
    Copied,
    /// What is before something sealed.
    BeforeSealed(&'a [IoSlice<'b>]),
    /// So many bytes of a sealed content, from there on.
    Sealed(Sealed, u64, usize),
}

impl Guard {
    pub(crate) fn new(socket: TcpStream, client: Arc<Client>) -> Self {
        Self { socket, patience: Patience::new(client.slow_client), client }
    }

    /// What of a write goes out next.
    fn next<'a, 'b>(&self, slices: &'a [IoSlice<'b>]) -> Next<'a, 'b> {
        let sealed = self.client.sealed();
        let Some(sealed) = &*sealed else { return Next::Copied };
        let mut places = slices.iter().enumerate();
        let place = places.find_map(|(index, slice)| Some((index, sealed.find(slice)?, slice.len())));
        match place {
            None => Next::Copied,
            Some((0, offset, length)) => Next::Sealed(sealed.clone(), offset, length),
            Some((index, ..)) => slices.get(..index).map_or(Next::Copied, Next::BeforeSealed),
        }
    }

    /// Writes in a way that the runtime does not know.
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        send: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let sent = loop {
            match self.socket.poll_write_ready(cx) {
                Poll::Pending => break Poll::Pending,
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => {}
            }
            match self.socket.try_io(Interest::WRITABLE, || send(&self.socket)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => break Poll::Ready(sent),
            }
        };
        self.judge(cx, sent, send)
    }

    /// Looks at the clock when a write has to wait. `write` is the same write once more, past the runtime.
    fn judge(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
        write: impl FnOnce(&TcpStream) -> io::Result<usize>,
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
        let late = match write(&self.socket) {
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
        self.judge(cx, written, |socket| SockRef::from(socket).send(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.next(slices) {
            Next::Copied => {
                let written = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
                self.judge(cx, written, |socket| SockRef::from(socket).send_vectored(slices))
            }
            Next::BeforeSealed(slices) => self.poll_send(cx, |socket| kernel::send_before(socket, slices)),
            Next::Sealed(sealed, offset, length) => self.poll_send(cx, |socket| sealed.send(socket, offset, length)),
        }
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
