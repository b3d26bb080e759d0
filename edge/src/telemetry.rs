//! The frames of one space on this edge: from the devices of each worker into batches, and from those, and from other nodes, into the ring
//! that viewers read. Each worker has a batch of its own, so nothing on the way of a frame is contended.
//!
//! ```text
//!  worker 0 ──▶ batch 0 ──┐ (window, or full)
//!  worker 1 ──▶ batch 1 ──┼──▶ ring ──(doorbell)──▶ shares with viewers
//!                         └──▶ bus       ▲
//!  other nodes ──────────────────────────┘
//! ```

use crate::node::Node;
use crate::ring::Ring;
use bytes::Bytes;
use grouploop_bridge::{Batcher, Frame, LINE_LEN, Rate, Space, Subject};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
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
    published: Mutex<Published>,
}

/// What belongs to one worker.
#[derive(Debug)]
struct Lane {
    batch: Mutex<Batcher>,
    bell: Doorbell,
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

/// What this node published of the space's telemetry since the last look, for the rates in the heartbeat.
#[derive(Debug)]
struct Published {
    since: Instant,
    messages: u64,
    bytes: u64,
    rate: Rate,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Telemetry {
    pub(crate) fn new(space: &Space, node: Arc<Node>) -> Self {
        let window = node.settings.batch_window();
        let lane = || Lane {
            batch: Mutex::new(Batcher::new(window)),
            bell: Doorbell { idle: AtomicBool::new(true), watched: AtomicBool::new(false), wake: Notify::new() },
        };
        Self {
            ring: Ring::new(node.settings.ring_frames as usize),
            viewers: AtomicUsize::new(0),
            subject: Subject::Telemetry { space: space.clone(), node: node.id.clone() },
            epoch: Instant::now(),
            lanes: (0..node.threads).map(|_| lane()).collect(),
            published: Mutex::new(Published { since: Instant::now(), messages: 0, bytes: 0, rate: Rate::default() }),
            node,
        }
    }

    /// Takes a frame of a device on this worker in.
    #[inline]
    pub(crate) fn take_in(&self, worker: usize, frame: &Frame) {
        let Some(lane) = self.lanes.get(worker) else { return };
        let full = lock(&lane.batch).push(frame);
        if full {
            self.seal(worker, Instant::now());
        }
        lane.bell.ring();
    }

    /// Sends a worker's batch on. Returns whether there was one. Any thread may.
    pub(crate) fn seal(&self, worker: usize, now: Instant) -> bool {
        let Some(lane) = self.lanes.get(worker) else { return false };
        let mut batch = lock(&lane.batch);
        let lines = batch.seal(now.saturating_duration_since(self.epoch));
        if lines.is_empty() {
            return false;
        }
        // Still under the lock: two threads that seal one after the other must not change places on the way to the ring and the bus.
        self.spread(lines);
        drop(batch);
        true
    }

    /// Sends on what waits for its window, on every thread.
    pub(crate) fn seal_all(&self, now: Instant) {
        for worker in 0..self.lanes.len() {
            self.seal(worker, now);
        }
    }

    /// Hands a batch of this node to its own viewers and to the bus.
    fn spread(&self, lines: Bytes) {
        let (frames, bytes) = ((lines.len() / LINE_LEN) as u64, lines.len() as u64);
        if self.viewers.load(Ordering::Acquire) > 0 {
            self.show(lines.clone());
        }
        match self.node.bus.publish(&self.subject, lines) {
            Ok(()) => {
                self.node.metrics.bus_batches.inc();
                let mut published = lock(&self.published);
                published.messages += 1;
                published.bytes += bytes;
            }
            Err(error) => self.node.metrics.drop_frames(error.reason(), frames),
        }
    }

    /// Puts a batch of any node into the ring and wakes the shares that have viewers.
    pub(crate) fn show(&self, lines: Bytes) {
        let bad = self.ring.push(lines);
        if bad > 0 {
            self.node.metrics.drop_frames("malformed_batch", bad);
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
        let something = !lock(&lane.batch).is_empty() || shown.is_some_and(|shown| self.ring.end() > shown);
        !something || !lane.bell.idle.swap(false, Ordering::SeqCst)
    }

    /// Messages and bytes a second that this node publishes of the space's telemetry, measured over about a second.
    pub(crate) fn rate(&self) -> (&Subject, Rate) {
        let mut published = lock(&self.published);
        let elapsed = u64::try_from(published.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        if elapsed >= 900 {
            let per_second = |count: u64| count.saturating_mul(1000) / elapsed;
            let rate = Rate { messages: per_second(published.messages), bytes: per_second(published.bytes) };
            *published = Published { since: Instant::now(), messages: 0, bytes: 0, rate };
        }
        (&self.subject, published.rate)
    }
}

impl Doorbell {
    #[inline]
    fn ring(&self) {
        if self.idle.load(Ordering::SeqCst) && self.idle.swap(false, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }
}
