//! The frames of one space on this edge: from the devices of each worker into batches, and from those, and from other nodes, into the ring
//! that viewers read. Each worker has a batch of its own, so nothing on the way of a frame is contended.
//!
//! ```text
//!  worker 0 ──▶ batch 0 ──┐ (window, or full)
//!  worker 1 ──▶ batch 1 ──┼──▶ ring ──(doorbell)──▶ shares with viewers
//!                         └──▶ bus       ▲
//!  other nodes ──────────────────────────┘
//! ```

use crate::metrics::Dropped;
use crate::node::Node;
use crate::ring::{Arrival, MESSAGE_FRAMES, Ring};
use bytes::Bytes;
use grouploop_bridge::{Batcher, Frame, LINE_LEN, Side, Space, SpaceCounts, Span, Subject};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The telemetry of one space.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) ring: Ring,
    /// Subscribed connections; without any the ring is not filled.
    pub(crate) viewers: AtomicUsize,
    node: Arc<Node>,
    subject: Subject,
    epoch: Instant,
    lanes: Box<[Lane]>,
    /// When all lanes were last sealed, since the epoch.
    sealed_us: AtomicU64,
    counts: Arc<SpaceCounts>,
    /// Frames of devices here that were sent on, when one in so many is traced.
    sent_on: AtomicU64,
}

/// What belongs to one worker.
#[derive(Debug)]
struct Lane {
    batch: Mutex<Batch>,
    bell: Doorbell,
}

/// Frames that wait to be sent on.
#[derive(Debug)]
struct Batch {
    frames: Batcher,
    /// When the oldest came.
    arrived: Instant,
}

/// Wakes the ticker of one worker's share.
#[derive(Debug)]
struct Doorbell {
    /// Whether the ticker waits to be woken rather than for a time.
    idle: AtomicBool,
    /// Whether the worker has viewers, so that news in the ring matter to it.
    watched: AtomicBool,
    wake: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Telemetry {
    pub(crate) fn new(space: &Space, node: Arc<Node>, counts: Arc<SpaceCounts>) -> Self {
        let window = node.settings.batch_window();
        let lane = || Lane {
            batch: Mutex::new(Batch { frames: Batcher::new(window), arrived: Instant::now() }),
            bell: Doorbell { idle: AtomicBool::new(true), watched: AtomicBool::new(false), wake: Notify::new() },
        };
        Self {
            ring: Ring::new(node.settings.ring_frames as usize),
            viewers: AtomicUsize::new(0),
            subject: Subject::Telemetry { space: space.clone(), node: node.member.id.clone() },
            epoch: Instant::now(),
            lanes: (0..node.threads).map(|_| lane()).collect(),
            sealed_us: AtomicU64::new(0),
            counts,
            sent_on: AtomicU64::new(0),
            node,
        }
    }

    /// Takes a frame of a device on this worker in.
    #[inline]
    pub(crate) fn take_in(&self, worker: usize, frame: &Frame, now: Instant) {
        let Some(lane) = self.lanes.get(worker) else { return };
        let mut batch = lock(&lane.batch);
        if batch.frames.is_empty() {
            batch.arrived = now;
        }
        let full = batch.frames.push(frame);
        drop(batch);
        if full {
            self.seal(worker, Instant::now());
        }
        lane.bell.ring();
    }

    /// Sends a worker's full batch on.
    fn seal(&self, worker: usize, now: Instant) {
        let Some(lane) = self.lanes.get(worker) else { return };
        let mut batch = lock(&lane.batch);
        let lines = batch.frames.seal(now.saturating_duration_since(self.epoch));
        // Still under the lock: two threads that seal one after the other must not change places on the way to the ring and the bus.
        if !lines.is_empty() {
            self.spread(lines, batch.arrived, now);
        }
        drop(batch);
    }

    /// Sends on what waits, of every worker, in one message when it fits: on the bus a message costs far more than the frames in it. Returns
    /// whether there was anything.
    pub(crate) fn seal_all(&self, now: Instant) -> bool {
        let at = now.saturating_duration_since(self.epoch);
        self.sealed_us.store(micros(at), Ordering::Relaxed);
        // All locks are held until everything is on its way, so that two threads that seal do not change places.
        let mut batches: Vec<MutexGuard<'_, Batch>> = self.lanes.iter().map(|lane| lock(&lane.batch)).collect();
        let (mut together, mut oldest) = (Bytes::new(), now);
        let mut any = false;
        for batch in &mut batches {
            let lines = batch.frames.seal(at);
            if lines.is_empty() {
                continue;
            }
            any = true;
            if !together.is_empty() && together.len() + lines.len() > MESSAGE_FRAMES * LINE_LEN {
                self.spread(std::mem::take(&mut together), std::mem::replace(&mut oldest, now), now);
            }
            oldest = oldest.min(batch.arrived);
            together = if together.is_empty() { lines } else { [&together[..], &lines[..]].concat().into() };
        }
        if any {
            self.spread(together, oldest, now);
        }
        any
    }

    /// The same at the end of a window, unless another worker has just done it for all.
    pub(crate) fn seal_window(&self, now: Instant, window: Duration) -> bool {
        let since =
            micros(now.saturating_duration_since(self.epoch)).saturating_sub(self.sealed_us.load(Ordering::Relaxed));
        since >= micros(window) * 3 / 4 && self.seal_all(now)
    }

    /// Hands a batch of this node to its own viewers and to the bus.
    fn spread(&self, lines: Bytes, arrived: Instant, now: Instant) {
        let bytes = lines.len();
        let span = self.trace((bytes / LINE_LEN) as u64, arrived);
        let trace = span.as_ref().and_then(Span::context);
        if self.viewers.load(Ordering::Acquire) > 0 {
            self.show(lines.clone(), Arrival { at: arrived, trace });
        }
        match self.node.member.bus.publish_traced(&self.subject, lines, trace) {
            Ok(()) => {
                self.node.metrics.bus_batches.inc();
                self.node.metrics.delay_to_bus.observe(now.saturating_duration_since(arrived));
                self.counts.published(bytes);
            }
            Err(error) => {
                self.node.metrics.drop_frames(error.into(), (bytes / LINE_LEN) as u64);
                self.counts.lost(bytes);
                if let Some(span) = span {
                    span.end(false);
                }
            }
        }
    }

    /// The way of the oldest frame of a batch, when the batch has the frame whose turn it is to be traced.
    fn trace(&self, frames: u64, arrived: Instant) -> Option<Span> {
        let every = self.node.tracer.every_frames();
        if every == 0 {
            return None;
        }
        let before = self.sent_on.fetch_add(frames, Ordering::Relaxed);
        if before / every == (before + frames) / every {
            return None;
        }
        let span = self.node.tracer.begun("frame", Side::Producer, None, arrived)?;
        Some(span.about("bus.subject", &self.subject).about("frames", frames))
    }

    /// Says that viewers of one worker were handed what came so.
    pub(crate) fn shown(&self, arrival: Arrival, viewers: usize) {
        let Some(trace) = arrival.trace else { return };
        let span = self.node.tracer.begun("show", Side::Consumer, Some(trace), arrival.at);
        drop(span.map(|span| span.about("viewers", viewers)));
    }

    /// Puts a batch of any node into the ring and wakes the shares that have viewers.
    pub(crate) fn show(&self, lines: Bytes, arrival: Arrival) {
        let bad = self.ring.push(lines, arrival);
        if bad > 0 {
            self.node.metrics.drop_frames(Dropped::MalformedBatch, bad);
        }
        for lane in self.lanes.iter().filter(|lane| lane.bell.watched.load(Ordering::Acquire)) {
            lane.bell.ring();
        }
    }

    /// Says whether a worker has viewers.
    pub(crate) fn set_watched(&self, worker: usize, watched: bool) {
        if let Some(lane) = self.lanes.get(worker) {
            lane.bell.watched.store(watched, Ordering::Release);
        }
    }

    /// Returns when a worker's doorbell has been rung.
    pub(crate) async fn woken(&self, worker: usize) {
        match self.lanes.get(worker) {
            Some(lane) => lane.bell.wake.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Lets a worker's ticker sleep until its doorbell is rung. `false` when there is something to do after all.
    pub(crate) fn may_sleep(&self, worker: usize, shown: Option<u64>) -> bool {
        let Some(lane) = self.lanes.get(worker) else { return true };
        // Announced first, then looked once more: a frame that comes in between either sees the announcement and rings, or is seen here.
        lane.bell.idle.store(true, Ordering::SeqCst);
        let something = !lock(&lane.batch).frames.is_empty() || shown.is_some_and(|shown| self.ring.end() > shown);
        !something || !lane.bell.idle.swap(false, Ordering::SeqCst)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Doorbell {
    #[inline]
    fn ring(&self) {
        if self.idle.load(Ordering::SeqCst) && self.idle.swap(false, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }
}
