//! The link's side of one connection: what may go out, and the message that is being made.

use super::SHARED_MESSAGE_LINES;
use super::handshake::Speed;
use super::shared::{Out, Shared};
use crate::link::{Dropped, Place, Push};
use bytes::BytesMut;
use grouploop_bridge::{DeviceId, LINE_LEN};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Messages that may wait for the connection of one device: 200 ms of the stock firmware's.
pub(super) const OUTBOX_OF_ONE: usize = 4;
/// Messages that may wait for a connection that devices share.
pub(super) const OUTBOX_SHARED: usize = 16;

/// A slow link takes a frame so long after the last.
pub(super) const SLOW_FRAME: Duration = Duration::from_millis(500);

/// The longest message that is made of several lines.
const MAX_BATCH_BYTES: usize = SHARED_MESSAGE_LINES as usize * LINE_LEN;

/// A connection that is open, or wants to be. When it is dropped, the connection says goodbye.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) shared: Arc<Shared>,
    /// Only this door fills it, so there is room when it says so.
    outbox: mpsc::Sender<Out>,
    /// Lines since the last seal. While there are some, one place in the outbox is kept for them.
    batch: BytesMut,
    batched: u32,
    speed: Speed,
    slow_until: Option<Instant>,
    /// Its end tells the task that the last device has left, even while the outbox is stuck.
    _leave: oneshot::Sender<Infallible>,
}

impl Door {
    pub(super) fn new(
        shared: Arc<Shared>,
        outbox: mpsc::Sender<Out>,
        speed: Speed,
        leave: oneshot::Sender<Infallible>,
    ) -> Self {
        Self { shared, outbox, batch: BytesMut::new(), batched: 0, speed, slow_until: None, _leave: leave }
    }

    /// Sends something at once, as a message of its own.
    #[inline]
    pub(super) fn send(&mut self, out: Out) -> Push {
        if let Err(why) = self.may_send() {
            return Push::Dropped(why);
        }
        match self.outbox.try_send(out) {
            Ok(()) => self.taken(),
            Err(_) => Push::Dropped(Dropped::ConnectionFull),
        }
    }

    /// Adds a line, without its newline, to the message of the next seal; says, too, whether it is the first in it.
    #[inline]
    pub(super) fn add(&mut self, line: &[u8]) -> (Push, Batch) {
        if self.batched >= SHARED_MESSAGE_LINES || self.batch.len() + line.len() >= MAX_BATCH_BYTES {
            self.flush();
        }
        if let Err(why) = self.may_send() {
            return (Push::Dropped(why), Batch::Old);
        }
        let batch = if self.batched == 0 { Batch::New } else { Batch::Old };
        if batch == Batch::New && self.outbox.capacity() == 0 {
            return (Push::Dropped(Dropped::ConnectionFull), Batch::Old);
        }
        self.batch.reserve(line.len() + 1);
        self.batch.extend_from_slice(line);
        self.batch.extend_from_slice(b"\n");
        self.batched += 1;
        (self.taken(), batch)
    }

    /// Sends the lines that were added.
    pub(super) fn flush(&mut self) {
        if self.batched > 0 {
            let out = Out::Text { text: self.batch.split().freeze(), frames: std::mem::take(&mut self.batched) };
            // There is room: it was looked for when the first line came, and nobody else fills this outbox.
            let _ = self.outbox.try_send(out);
        }
    }

    /// Names a device that sends no frames.
    pub(super) fn register(&self, place: Place, device: DeviceId) {
        // An outbox that is not empty, or is about to get something, wakes the task anyway.
        if self.shared.register(place, device) && self.batched == 0 {
            let _ = self.outbox.try_send(Out::Look);
        }
    }

    #[inline]
    fn may_send(&self) -> Result<(), Dropped> {
        if !self.shared.connected() {
            return Err(if self.shared.was_connected() { Dropped::NotConnected } else { Dropped::Connecting });
        }
        match self.slow_until {
            Some(until) if Instant::now() < until => Err(Dropped::SlowLink),
            _ => Ok(()),
        }
    }

    #[inline]
    fn taken(&mut self) -> Push {
        if self.speed == Speed::Slow {
            self.slow_until = Some(Instant::now() + SLOW_FRAME);
        }
        Push::Taken
    }
}

/// Whether a line is the first of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Batch {
    New,
    Old,
}
