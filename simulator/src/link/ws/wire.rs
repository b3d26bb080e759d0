//! A connection that stands: one task reads and writes, and neither waits for the other.
//!
//! Written by hand as a poll, not as a `select!`: there is one WebSocket for both directions, and in the steady state a frame costs one
//! wake-up and one system call. A message is handed to the kernel before the next is taken from the outbox, so nothing piles up in between.

use super::common::Common;
use super::handshake::Speed;
use super::shared::{Out, Shared};
use crate::link::{Incoming, LineBytes, To};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, SinkExt, StreamExt};
use grouploop_bridge::{DeviceId, FRAME_LEN, GREETING, ID_ERROR, ID_OK, MAX_COMMAND_BYTES, PONG};
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// A slow link takes a message so long after the last.
const SLOW_READ: Duration = Duration::from_millis(500);

/// What an edge gets to take the rest and to answer our goodbye, or we to answer its.
const GOODBYE: Duration = Duration::from_secs(1);

/// How a connection came to its end.
#[derive(Debug)]
pub(super) enum End {
    /// The last device has left.
    Left,
    /// It is lost, for this reason.
    Lost(String),
}

/// A connection that stands, and what is under way on it.
pub(super) struct Wire<'a> {
    socket: WebSocketStream<TcpStream>,
    common: &'a Common,
    shared: &'a Shared,
    outbox: &'a mut mpsc::Receiver<Out>,
    speed: Speed,
    /// Bytes of text and frames of the message that the kernel does not have yet.
    writing: Option<(usize, u32)>,
    /// Devices that are to be named.
    unnamed: Vec<DeviceId>,
    /// While a slow link reads nothing.
    pause: Option<Pin<Box<Sleep>>>,
    /// Where the text of a frame is made; used again for the next.
    text: BytesMut,
}

impl<'a> Wire<'a> {
    /// `unnamed` are to be named before anything else is sent.
    pub(super) fn new(
        socket: WebSocketStream<TcpStream>,
        common: &'a Common,
        shared: &'a Shared,
        outbox: &'a mut mpsc::Receiver<Out>,
        speed: Speed,
        unnamed: Vec<DeviceId>,
    ) -> Self {
        Self { socket, common, shared, outbox, speed, writing: None, unnamed, pause: None, text: BytesMut::new() }
    }

    /// Writes and reads until one of the two fails, or the last device leaves.
    pub(super) async fn carry(&mut self, left: &mut oneshot::Receiver<Infallible>) -> End {
        poll_fn(|context| {
            if left.poll_unpin(context).is_ready() {
                return Poll::Ready(End::Left);
            }
            match self.poll_write(context) {
                Poll::Ready(Ok(())) => return Poll::Ready(End::Left),
                Poll::Ready(Err(error)) => return Poll::Ready(End::Lost(error.to_string())),
                Poll::Pending => {}
            }
            self.poll_read(context).map(End::Lost)
        })
        .await
    }

    /// Ends it in an orderly way, as far as the edge takes part: the rest of the outbox, a close frame, the edge's answer to it. Returns the
    /// frames that could not be written.
    pub(super) async fn end(mut self, end: &End) -> u32 {
        let work = async {
            match end {
                End::Left => {
                    poll_fn(|context| self.poll_write(context)).await?;
                    let frame = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
                    self.socket.close(Some(frame)).await?;
                    while let Some(message) = self.socket.next().await {
                        if message?.is_close() {
                            break;
                        }
                    }
                    Ok(())
                }
                End::Lost(_) => self.socket.flush().await,
            }
        };
        // What comes of it changes nothing: there is nobody to tell.
        let _: Result<Result<(), Error>, _> = tokio::time::timeout(GOODBYE, work).await;
        self.writing.map_or(0, |(_, frames)| frames)
    }

    /// Ready when the outbox is empty and nobody fills it any more.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            if let Some((bytes, _)) = self.writing {
                ready!(self.socket.poll_flush_unpin(context))?;
                self.common.counts.messages.add(1);
                self.common.counts.bytes.add(bytes as u64);
                self.writing = None;
            }
            if self.unnamed.is_empty() {
                self.unnamed = self.shared.late();
            }
            let (text, frames) = match self.unnamed.pop() {
                Some(device) => (format!("id:{device}").into(), 0),
                None => match ready!(self.outbox.poll_recv(context)) {
                    Some(Out::Frame(line)) => (self.digits(&line), 1),
                    Some(Out::Text { text, frames }) => (text, frames),
                    Some(Out::Look) => continue,
                    None => return Poll::Ready(Ok(())),
                },
            };
            let bytes = text.len();
            // Lines are text from the beginning.
            let text = Utf8Bytes::try_from(text).map_err(Error::from)?;
            self.writing = Some((bytes, frames));
            self.socket.start_send_unpin(Message::Text(text))?;
        }
    }

    /// Ready when the connection is lost.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<String> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            match ready!(self.socket.poll_next_unpin(context)) {
                Some(Ok(Message::Text(text))) => self.take(&text),
                Some(Ok(Message::Close(Some(frame)))) => return Poll::Ready(format!("the edge closed it: {frame}")),
                Some(Ok(Message::Close(None))) | None => return Poll::Ready("the edge closed it".to_owned()),
                // The WebSocket answers pings itself; the firmware ignores binary messages.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(error.to_string()),
            }
            if self.speed == Speed::Slow {
                self.pause = Some(Box::pin(tokio::time::sleep(SLOW_READ)));
            }
        }
    }

    /// A text from the edge: a command, unless it answers us.
    fn take(&self, text: &str) {
        if matches!(text, GREETING | ID_OK | ID_ERROR | PONG) {
            return;
        }
        let Some(place) = self.shared.next_for_command() else { return };
        if text.len() > MAX_COMMAND_BYTES {
            self.common.counts.incoming_too_long.add(1);
            return;
        }
        // A copy, because the original holds on to the whole of the buffer that it was read into.
        let command = Incoming { to: To::Place(place), text: Bytes::copy_from_slice(text.as_bytes()) };
        if self.common.incoming.try_send(command).is_err() {
            self.common.counts.incoming_full.add(1);
        }
    }

    /// The digits of a line, without its newline. The bytes before have been copied into the WebSocket's buffer, so theirs is free again.
    fn digits(&mut self, line: &LineBytes) -> Bytes {
        self.text.extend_from_slice(line.get(..FRAME_LEN).unwrap_or_default());
        self.text.split().freeze()
    }
}
