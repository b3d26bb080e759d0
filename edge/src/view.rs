//! One viewer's place in the ring, and what it gets next.

use crate::ring::{MESSAGE_FRAMES, Reading};
use crate::share::Share;
use bytes::{Bytes, BytesMut};
use grouploop_bridge::{Frame, LINE_LEN, SubscribeOptions};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// A subscription of one connection.
#[derive(Debug)]
pub(crate) struct View {
    options: SubscribeOptions,
    cursor: u64,
    seen_version: u64,
    sent_at: Option<Instant>,
    /// What did not fit into the last message.
    rest: Bytes,
}

/// What a viewer gets, when it gets something.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) text: Utf8Bytes,
    /// Frames that it will never get, because it was too slow; those that it did not ask for do not count.
    pub(crate) lapped: u64,
    /// When the oldest of the frames came to this edge; not known when the viewer did not take them as soon as it could.
    pub(crate) arrived: Option<Instant>,
}

impl View {
    /// From the next frame on.
    pub(crate) fn new(options: SubscribeOptions, share: &Share) -> Self {
        Self { options, cursor: share.ring().end(), seen_version: share.version(), sent_at: None, rest: Bytes::new() }
    }

    /// From now on with other options. Nothing is lost: the same again changes nothing.
    pub(crate) fn change(&mut self, options: SubscribeOptions) {
        self.options = options;
    }

    /// When a rate-limited view may send again, if it waits for that.
    pub(crate) fn wake_at(&self, share: &Share) -> Option<Instant> {
        let rate = self.options.rate?;
        let sent = self.sent_at?;
        (share.ring().end() > self.cursor).then(|| sent + period(rate))
    }

    /// The next message, if there is one now. Only looks at the ring after a new pulse, so it is cheap to ask.
    #[inline]
    pub(crate) fn next(&mut self, share: &Share, now: Instant) -> Option<Serving> {
        if !self.rest.is_empty() {
            let text = self.cut();
            return Some(Serving { text, lapped: 0, arrived: None });
        }
        if let Some(rate) = self.options.rate {
            return self.next_at_rate(rate, share, now);
        }
        let version = share.version();
        if version == self.seen_version {
            return None;
        }
        self.seen_version = version;
        let pulse = share.pulse();
        if pulse.end <= self.cursor {
            return None;
        }
        if self.options.devices.is_none() && pulse.start == self.cursor && !pulse.text.is_empty() {
            self.cursor = pulse.end;
            return Some(Serving { text: pulse.text, lapped: 0, arrived: pulse.arrived });
        }
        let only = self.options.devices.as_deref();
        let reading = match share.ring().since(self.cursor) {
            Some(reading) => match only {
                Some(devices) => Reading { lines: filtered(&reading.lines, devices), ..reading },
                None => reading,
            },
            // With a list of devices it is not known whose frames were skipped.
            None => share.ring().newest(self.cursor, only),
        };
        self.serve(reading)
    }

    fn next_at_rate(&mut self, rate: u16, share: &Share, now: Instant) -> Option<Serving> {
        self.seen_version = share.version();
        if self.sent_at.is_some_and(|sent| now < sent + period(rate)) || share.ring().end() <= self.cursor {
            return None;
        }
        let reading = share.ring().newest(self.cursor, self.options.devices.as_deref());
        // Left out because it asked for that.
        let serving = self.serve(Reading { skipped: 0, ..reading });
        if serving.is_some() {
            self.sent_at = Some(now);
        }
        serving
    }

    fn serve(&mut self, reading: Reading) -> Option<Serving> {
        self.cursor = reading.cursor;
        self.rest = reading.lines;
        let text = self.cut();
        (!text.is_empty()).then_some(Serving { text, lapped: reading.skipped, arrived: None })
    }

    /// Takes one message's worth from what waits.
    fn cut(&mut self) -> Utf8Bytes {
        let size = self.rest.len().min(MESSAGE_FRAMES * LINE_LEN);
        // Frames are ASCII, checked when they came in.
        Utf8Bytes::try_from(self.rest.split_to(size)).unwrap_or_default()
    }
}

fn period(rate: u16) -> Duration {
    Duration::from_secs(1) / u32::from(rate.max(1))
}

/// The lines of these devices, which are sorted.
fn filtered(lines: &Bytes, devices: &[grouploop_bridge::DeviceId]) -> Bytes {
    let mut kept = BytesMut::new();
    let (whole, _) = lines.as_chunks::<LINE_LEN>();
    for line in whole {
        if Frame::from_line(line).is_some_and(|frame| devices.binary_search(&frame.device()).is_ok()) {
            kept.extend_from_slice(line);
        }
    }
    kept.freeze()
}
