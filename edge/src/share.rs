//! One worker's share of a space: the frames that its connections took in since the last batch, its viewers, and the ticker that moves
//! both on. Nothing here is shared between workers, so nothing on the way of a frame is contended.
//!
//! ```text
//!  devices of this worker ──▶ batch ──(window)──▶ ring of the space ──▶ pulse ──▶ viewers of this worker
//!                               └──────────────▶ bus                     (one message for all of them)
//! ```

use crate::pace::Pace;
use crate::peer::{Peer, PeerId};
use crate::ring::MESSAGE_FRAMES;
use crate::space::SpaceState;
use grouploop_bridge::{Batcher, Frame, LINE_LEN};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// One worker's share of one space.
#[derive(Debug)]
pub(crate) struct Share {
    pace: Arc<Pace>,
    epoch: Instant,
    window: Duration,
    interval: Duration,
    batch: Mutex<Batcher>,
    /// Whether the ticker waits to be woken rather than for a time.
    idle: AtomicBool,
    wake: Notify,
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
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Share {
    pub(crate) fn new(pace: Arc<Pace>, window: Duration, interval: Duration) -> Self {
        Self {
            pace,
            epoch: Instant::now(),
            window,
            interval,
            batch: Mutex::new(Batcher::new(window)),
            idle: AtomicBool::new(true),
            wake: Notify::new(),
            viewers: Mutex::default(),
            pulse: Mutex::default(),
            version: AtomicU64::new(0),
        }
    }

    /// Takes a frame of a device on this worker in.
    #[inline]
    pub(crate) fn take_in(&self, frame: &Frame, space: &SpaceState) {
        let full = lock(&self.batch).push(frame);
        if full {
            self.seal(space, Instant::now());
        }
        self.poke();
    }

    /// Wakes the ticker when it waits.
    #[inline]
    pub(crate) fn poke(&self) {
        if self.idle.load(Ordering::SeqCst) && self.idle.swap(false, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    /// Whether it has viewers, so that news in the ring matter here.
    pub(crate) fn has_viewers(&self) -> bool {
        !lock(&self.viewers).is_empty()
    }

    pub(crate) fn add_viewer(&self, peer: Arc<Peer>) {
        lock(&self.viewers).push(peer);
    }

    pub(crate) fn remove_viewer(&self, peer: PeerId) {
        lock(&self.viewers).retain(|viewer| viewer.id != peer);
    }

    /// The number of the newest pulse.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn pulse(&self) -> Pulse {
        lock(&self.pulse).clone()
    }

    /// Sends the batch on. Returns whether there was one. Any thread may.
    pub(crate) fn seal(&self, space: &SpaceState, now: Instant) -> bool {
        let lines = lock(&self.batch).seal(now.saturating_duration_since(self.epoch));
        if lines.is_empty() {
            return false;
        }
        space.spread(lines);
        true
    }

    /// Makes the next pulse from what is new in the ring.
    fn pulsate(&self, space: &SpaceState, shown: u64) -> u64 {
        let (end, text) = match space.ring.since(shown) {
            Some(reading) => (reading.cursor, reading.lines),
            None => (space.ring.end(), bytes::Bytes::new()),
        };
        let text = if text.len() > MESSAGE_FRAMES * LINE_LEN { bytes::Bytes::new() } else { text };
        // Frames are ASCII, checked when they came in.
        let text = Utf8Bytes::try_from(text).unwrap_or_default();
        *lock(&self.pulse) = Pulse { start: shown, end, text };
        self.version.fetch_add(1, Ordering::Release);
        for viewer in lock(&self.viewers).iter() {
            viewer.waker.wake();
        }
        end
    }

    /// The ticker: runs on the worker's own thread until the space is gone.
    ///
    /// After a pause the first frame goes at once; then it looks at every window's end, until nothing more comes.
    pub(crate) async fn tick(self: Arc<Self>, space: Arc<SpaceState>) {
        let mut shown = space.ring.end();
        let mut beat = Beat::new(self.window);
        let mut pulse = Beat::new(self.interval);
        loop {
            tokio::select! {
                biased;
                () = space.over.cancelled() => return,
                () = self.wake.notified() => {}
            }
            loop {
                let now = Instant::now();
                let watched = self.has_viewers();
                let mut moved = false;
                if watched && pulse.is_due(now) {
                    // A pulse takes along what waits for its window, on every thread.
                    space.seal_all(now);
                    if space.ring.end() > shown {
                        shown = self.pulsate(&space, shown);
                        pulse.done(now, &self.pace);
                        moved = true;
                    }
                }
                if beat.is_due(now) {
                    moved |= self.seal(&space, now);
                    beat.done(now, &self.pace);
                }
                if !watched {
                    shown = space.ring.end();
                }
                if !moved && pulse.is_due(now) {
                    // Announced first, then looked once more: a frame that comes in between either sees the announcement and wakes us,
                    // or is seen here.
                    self.idle.store(true, Ordering::SeqCst);
                    let something = !lock(&self.batch).is_empty() || (watched && space.ring.end() > shown);
                    if !something || !self.idle.swap(false, Ordering::SeqCst) {
                        break;
                    }
                }
                let next = if watched { beat.next.min(pulse.next_after(now)) } else { beat.next };
                self.pace.tick_at(next);
                tokio::select! {
                    biased;
                    () = space.over.cancelled() => return,
                    () = tokio::time::sleep_until(next.into()) => {}
                }
            }
            beat = Beat::new(self.window);
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
