//! The devices: one thread that sends every frame of the swarm at its time, open loop. It reads from each device now and then, so that
//! pings are answered, and it watches itself: a frame that leaves late is the generator's fault and says so in the outcome.

use crate::clock::Timeline;
use crate::histogram::Histogram;
use crate::inbox::Dialect;
use crate::peer::{Heard, Peer, READ_BYTES};
use crate::schedule::Schedule;
use crate::stamp::{LINE_BYTES, Stamp};
use crate::wire::{SHORT_HEAD_BYTES, short_text_head};
use anyhow::Result;
use std::io::{ErrorKind, Write};

/// A frame that leaves this long after its time is late.
const LATE_US: u64 = 5_000;
/// Distance between two reads of one device.
const READ_EVERY_US: u64 = 2_000_000;
/// A swarm that is this far behind at the end gives up, so that a run always ends.
const GIVE_UP_US: u64 = 3_000_000;

/// What the devices did.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Frames of the whole run that were written to a socket.
    pub(crate) written: u64,
    /// Frames of the whole run that the server would not take: socket full, or closed.
    pub(crate) refused: u64,
    /// Frames that fell due in the measured window, by the schedule.
    pub(crate) planned: u64,
    /// Of these, the ones offered to the server, taken or not, by their true time.
    pub(crate) offered: u64,
    /// Delay behind the schedule in the window, in microseconds.
    pub(crate) lag: Histogram,
    /// Frames of the window that were late.
    pub(crate) late: u64,
    /// Devices whose connection ended before the run did.
    pub(crate) closed: u64,
}

/// One device, its frame built once and stamped for each send.
struct Device {
    peer: Peer,
    number: u32,
    /// The end of a frame that the socket took only in part.
    unsent: Vec<u8>,
    closed: bool,
}

/// The swarm, ready to run on a thread of its own.
pub(crate) struct Sender {
    devices: Vec<Device>,
    schedule: Schedule,
    timeline: Timeline,
}

impl Sender {
    /// Device `i` has the id `i`.
    pub(crate) fn new(peers: Vec<Peer>, hz: u32, timeline: Timeline) -> Result<Self> {
        let schedule = Schedule::new(u32::try_from(peers.len())?, hz, timeline.start_us);
        for peer in &peers {
            peer.stream.set_nonblocking(true)?;
        }
        let device = |peer| Device { peer, number: 0, unsent: Vec::new(), closed: false };
        Ok(Self { devices: peers.into_iter().map(device).collect(), schedule, timeline })
    }

    /// Sends until the timeline ends; the connections stay open in what is returned.
    pub(crate) fn run(mut self) -> (Sent, Vec<Peer>) {
        let Timeline { clock, window_start_us, end_us, .. } = self.timeline;
        let ticks = self.schedule.ticks_before(end_us);
        let planned = ticks - self.schedule.ticks_before(window_start_us);
        let mut sent = Sent { written: 0, refused: 0, planned, offered: 0, lag: Histogram::new(), late: 0, closed: 0 };
        let mut buffer = vec![0; READ_BYTES];
        let reads = Schedule::new(u32::try_from(self.devices.len()).unwrap_or(u32::MAX), 1, 0);
        let mut read_ticks = 0;
        let mut tick = 0;
        while tick < ticks {
            let now_us = clock.now_us();
            let due_us = self.schedule.at_us(tick);
            if now_us < due_us {
                self.read_some(&reads, &mut read_ticks, now_us, &mut buffer);
                clock.sleep_until(due_us);
                continue;
            }
            if now_us > end_us + GIVE_UP_US {
                break;
            }
            let index = self.schedule.device(tick);
            tick += 1;
            let Some(device) = self.devices.get_mut(index) else { continue };
            if device.send(index, now_us) {
                sent.written += 1;
            } else {
                sent.refused += 1;
            }
            if self.timeline.measures(now_us) {
                sent.offered += 1;
            }
            if due_us >= window_start_us {
                sent.lag.record(now_us - due_us);
                sent.late += u64::from(now_us - due_us > LATE_US);
            }
        }
        sent.closed = self.devices.iter().filter(|device| device.closed).count() as u64;
        (sent, self.devices.into_iter().map(|device| device.peer).collect())
    }

    /// Reads from the devices whose turn it is; `reads` has a tick for each device and second.
    fn read_some(&mut self, reads: &Schedule, read_ticks: &mut u64, now_us: u64, buffer: &mut [u8]) {
        let elapsed_us = now_us.saturating_sub(self.timeline.start_us);
        let due = reads.ticks_before(elapsed_us / (READ_EVERY_US / 1_000_000));
        while *read_ticks < due {
            if let Some(device) = self.devices.get_mut(reads.device(*read_ticks)) {
                device.closed |= !device.closed && device.peer.listen(buffer, &mut |_| {}) == Heard::Closed;
            }
            *read_ticks += 1;
        }
    }
}

impl Device {
    /// Whether the socket took the frame, or at least its begin.
    fn send(&mut self, index: usize, now_us: u64) -> bool {
        if self.closed || !self.finish_last() {
            return false;
        }
        let stamp = Stamp { device: u16::try_from(index).unwrap_or(u16::MAX), number: self.number, sent_us: now_us };
        let mut line = [0; LINE_BYTES];
        stamp.write(&mut line);
        let mut frame = [0; SHORT_HEAD_BYTES + LINE_BYTES];
        let (head, payload) = frame.split_at_mut(SHORT_HEAD_BYTES);
        head.copy_from_slice(&short_text_head(LINE_BYTES as u8));
        payload.copy_from_slice(&line);
        let bytes = match self.peer.dialect {
            Dialect::WebSocket => &frame[..],
            Dialect::Bare => &line[..],
        };
        let Some(written) = self.write(bytes) else { return false };
        self.unsent.extend(bytes.iter().skip(written));
        self.number += 1;
        true
    }

    fn finish_last(&mut self) -> bool {
        if !self.unsent.is_empty() {
            let bytes = std::mem::take(&mut self.unsent);
            let written = self.write(&bytes).unwrap_or(0);
            self.unsent.extend(bytes.iter().skip(written));
        }
        self.unsent.is_empty()
    }

    /// `None` when the socket takes nothing.
    fn write(&mut self, bytes: &[u8]) -> Option<usize> {
        match self.peer.stream.write(bytes) {
            Ok(0) => None,
            Ok(written) => Some(written),
            Err(error) => {
                self.closed |= !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted);
                None
            }
        }
    }
}
