//! One worker's share of a space: its viewers, and the ticker that moves telemetry on.
//!
//! ```text
//!  batches ──(every 5 ms)──▶ ring, bus        ring ──(every 10 ms)──▶ pulse: one message for all viewers of the worker
//! ```

use crate::pace::Pace;
use crate::peer::{Peer, PeerId};
use crate::ring::{MESSAGE_FRAMES, Ring};
use crate::telemetry::Telemetry;
use grouploop_bridge::{Frame, LINE_LEN};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

/// One worker's share of one space.
#[derive(Debug)]
pub(crate) struct Share {
    worker: usize,
    pace: Arc<Pace>,
    telemetry: Arc<Telemetry>,
    window: Duration,
    interval: Duration,
    viewers: Mutex<Vec<Arc<Peer>>>,
    pulse: Mutex<Pulse>,
    /// Grows with each pulse; a viewer compares it with what it saw last.
    version: AtomicU64,
}

/// What all viewers of this worker that are up to date get as their next message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pulse {
    /// Seq of the first frame.
    pub(crate) start: u64,
    /// Seq after the last.
    pub(crate) end: u64,
    /// The lines, at most 64 KB; empty when they are not kept for everybody (too many at once).
    pub(crate) text: Utf8Bytes,
    /// When the oldest frame came to this edge.
    pub(crate) arrived: Option<Instant>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Share {
    pub(crate) fn new(
        worker: usize,
        pace: Arc<Pace>,
        telemetry: Arc<Telemetry>,
        window: Duration,
        interval: Duration,
    ) -> Self {
        let (viewers, pulse) = (Mutex::default(), Mutex::default());
        Self { worker, pace, telemetry, window, interval, viewers, pulse, version: AtomicU64::new(0) }
    }

    /// The newest frames of the space.
    pub(crate) fn ring(&self) -> &Ring {
        &self.telemetry.ring
    }

    /// Takes a frame of a device on this worker in.
    #[inline]
    pub(crate) fn take_in(&self, frame: &Frame, now: Instant) {
        self.telemetry.take_in(self.worker, frame, now);
    }

    fn has_viewers(&self) -> bool {
        !lock(&self.viewers).is_empty()
    }

    pub(crate) fn add_viewer(&self, peer: Arc<Peer>) {
        lock(&self.viewers).push(peer);
        self.telemetry.set_watched(self.worker, true);
    }

    pub(crate) fn remove_viewer(&self, peer: PeerId) {
        let mut viewers = lock(&self.viewers);
        viewers.retain(|viewer| viewer.id != peer);
        self.telemetry.set_watched(self.worker, !viewers.is_empty());
    }

    /// The number of the newest pulse.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn pulse(&self) -> Pulse {
        lock(&self.pulse).clone()
    }

    /// Makes the next pulse from what is new in the ring.
    fn pulsate(&self, shown: u64) -> u64 {
        let (end, text, arrival) = match self.ring().since(shown) {
            Some(reading) => (reading.cursor, reading.lines, reading.arrival),
            None => (self.ring().end(), bytes::Bytes::new(), None),
        };
        let text = if text.len() > MESSAGE_FRAMES * LINE_LEN { bytes::Bytes::new() } else { text };
        // Frames are ASCII, checked when they came in.
        let text = Utf8Bytes::try_from(text).unwrap_or_default();
        let arrived = arrival.map(|arrival| arrival.at);
        *lock(&self.pulse) = Pulse { start: shown, end, text, arrived };
        self.version.fetch_add(1, Ordering::Release);
        let viewers = lock(&self.viewers);
        for viewer in viewers.iter() {
            viewer.waker.wake();
        }
        if let Some(arrival) = arrival {
            self.telemetry.shown(arrival, viewers.len());
        }
        end
    }

    /// The ticker: runs on the worker's own thread until the space is over.
    ///
    /// After a pause the first frame goes at once; then it looks at every window's end, until nothing more comes.
    pub(crate) async fn tick(self: Arc<Self>, over: CancellationToken) {
        let mut shown = self.ring().end();
        let mut pulse = Beat::new(self.interval);
        loop {
            tokio::select! {
                biased;
                () = over.cancelled() => return,
                () = self.telemetry.woken(self.worker) => {}
            }
            let mut window = Beat::new(self.window);
            loop {
                let now = Instant::now();
                let watched = self.has_viewers();
                let mut moved = false;
                if !watched {
                    shown = self.ring().end();
                } else if pulse.is_due(now) {
                    // A pulse takes along what waits for its window, on every thread.
                    self.telemetry.seal_all(now);
                    if self.ring().end() > shown {
                        shown = self.pulsate(shown);
                        pulse.done(now, &self.pace);
                        moved = true;
                    }
                }
                if window.is_due(now) {
                    moved |= self.telemetry.seal_window(now, self.window);
                    window.done(now, &self.pace);
                }
                if !moved && pulse.is_due(now) && self.telemetry.may_sleep(self.worker, watched.then_some(shown)) {
                    break;
                }
                let next = if watched { window.next.min(pulse.next_after(now)) } else { window.next };
                self.pace.tick_at(next);
                tokio::select! {
                    biased;
                    () = over.cancelled() => return,
                    () = tokio::time::sleep_until(next.into()) => {}
                }
            }
        }
    }
}

/// Something that happens again and again with a distance, on a grid, so that a timer that is late does not make the next one later.
#[derive(Debug)]
struct Beat {
    every: Duration,
    next: Instant,
}

impl Beat {
    /// Due at once.
    fn new(every: Duration) -> Self {
        Self { every, next: Instant::now() }
    }

    fn is_due(&self, now: Instant) -> bool {
        now >= self.next
    }

    fn next_after(&self, now: Instant) -> Instant {
        if self.is_due(now) { now + self.every } else { self.next }
    }

    fn done(&mut self, now: Instant, pace: &Pace) {
        let on_time = now.saturating_duration_since(self.next) < self.every / 2;
        self.next = pace.align(if on_time { self.next + self.every } else { now + self.every });
    }
}
