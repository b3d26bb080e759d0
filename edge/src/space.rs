//! The spaces on this edge. A space exists while a connection is in it.

use crate::node::Node;
use crate::owners::Owners;
use crate::ring::Ring;
use crate::share::Share;
use crate::space_bus;
use crate::worker::Worker;
use bytes::Bytes;
use grouploop_bridge::{Rate, Space, Subject};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// One space on this edge.
#[derive(Debug)]
pub(crate) struct SpaceState {
    pub(crate) name: Space,
    pub(crate) owners: Owners,
    pub(crate) ring: Ring,
    /// Wakes the bus side: devices or viewers came or went.
    pub(crate) changed: Notify,
    /// Ends its tasks.
    pub(crate) over: CancellationToken,
    pub(crate) viewers: AtomicUsize,
    telemetry: Subject,
    node: Arc<Node>,
    shares: Box<[OnceLock<Arc<Share>>]>,
    users: AtomicUsize,
    published: Mutex<Published>,
}

/// What this node published of the space's telemetry since the last look, for the rates in the heartbeat.
#[derive(Debug)]
struct Published {
    since: Instant,
    messages: u64,
    bytes: u64,
    rate: Rate,
}

impl SpaceState {
    fn new(name: Space, node: Arc<Node>) -> Self {
        Self {
            telemetry: Subject::Telemetry { space: name.clone(), node: node.id.clone() },
            name,
            owners: Owners::new(),
            ring: Ring::new(node.settings.ring_frames as usize),
            changed: Notify::new(),
            over: CancellationToken::new(),
            viewers: AtomicUsize::new(0),
            shares: (0..node.threads).map(|_| OnceLock::new()).collect(),
            users: AtomicUsize::new(0),
            published: Mutex::new(Published { since: Instant::now(), messages: 0, bytes: 0, rate: Rate::default() }),
            node,
        }
    }

    /// The worker's share, made and set going when this is its first connection.
    pub(crate) fn share(self: &Arc<Self>, worker: &Worker) -> Arc<Share> {
        let make = || {
            let settings = &self.node.settings;
            let window = Duration::from_millis(settings.batch_window_ms.max(1));
            let share = Arc::new(Share::new(worker.pace.clone(), window, settings.viewer_interval()));
            self.node.tasks.spawn_on(share.clone().tick(self.clone()), &worker.runtime);
            share
        };
        match self.shares.get(worker.index) {
            Some(cell) => cell.get_or_init(make).clone(),
            None => make(),
        }
    }

    /// Sends on what waits for its window, on every thread.
    pub(crate) fn seal_all(&self, now: Instant) {
        for share in self.shares.iter().filter_map(OnceLock::get) {
            share.seal(self, now);
        }
    }

    /// Hands a batch of this node to its own viewers and to the bus.
    pub(crate) fn spread(&self, lines: Bytes) {
        let frames = (lines.len() / grouploop_bridge::LINE_LEN) as u64;
        if self.viewers.load(Ordering::Acquire) > 0 {
            self.show(lines.clone());
        }
        let bytes = lines.len() as u64;
        match self.node.bus.publish(&self.telemetry, lines) {
            Ok(()) => {
                self.node.metrics.bus_batches.inc();
                let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
                published.messages += 1;
                published.bytes += bytes;
            }
            Err(error) => self.node.metrics.drop_frames(error.reason(), frames),
        }
    }

    /// Messages and bytes a second that this node publishes of the space's telemetry, measured over at least a second.
    pub(crate) fn telemetry_rate(&self) -> (&Subject, Rate) {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = u64::try_from(published.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        if elapsed >= 900 {
            let per_second = |count: u64| count.saturating_mul(1000) / elapsed;
            let rate = Rate { messages: per_second(published.messages), bytes: per_second(published.bytes) };
            *published = Published { since: Instant::now(), messages: 0, bytes: 0, rate };
        }
        (&self.telemetry, published.rate)
    }

    /// Puts a batch of any node into the ring and tells the shares that have viewers.
    pub(crate) fn show(&self, lines: Bytes) {
        let bad = self.ring.push(lines);
        if bad > 0 {
            self.node.metrics.drop_frames("malformed_batch", bad);
        }
        for share in self.shares.iter().filter_map(OnceLock::get).filter(|share| share.has_viewers()) {
            share.poke();
        }
    }

    /// One viewer more.
    pub(crate) fn viewer_came(&self) {
        if self.viewers.fetch_add(1, Ordering::AcqRel) == 0 {
            self.changed.notify_one();
        }
    }

    /// One viewer less; without any the ring forgets its frames.
    pub(crate) fn viewer_left(&self) {
        if self.viewers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ring.clear();
            self.changed.notify_one();
        }
    }
}

/// All spaces of an edge.
#[derive(Debug, Default)]
pub(crate) struct Spaces {
    map: Mutex<HashMap<Space, Arc<SpaceState>>>,
}

/// There are as many spaces as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManySpaces;

/// A connection's place in a space, which exists as long as it is held.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) space: Arc<SpaceState>,
}

impl Spaces {
    fn lock(&self) -> MutexGuard<'_, HashMap<Space, Arc<SpaceState>>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a space, which is made when nobody is in it.
    pub(crate) fn enter(node: &Arc<Node>, name: &Space) -> Result<Place, TooManySpaces> {
        let mut map = node.spaces.lock();
        if let Some(space) = map.get(name) {
            space.users.fetch_add(1, Ordering::AcqRel);
            return Ok(Place { space: space.clone() });
        }
        if map.len() >= node.settings.max_spaces as usize {
            return Err(TooManySpaces);
        }
        let space = Arc::new(SpaceState::new(name.clone(), node.clone()));
        space.users.store(1, Ordering::Release);
        map.insert(name.clone(), space.clone());
        drop(map);
        node.tasks.spawn_on(space_bus::run(node.clone(), space.clone()), &node.runtime);
        Ok(Place { space })
    }

    /// The space, when somebody is in it.
    pub(crate) fn get(&self, name: &Space) -> Option<Arc<SpaceState>> {
        self.lock().get(name).cloned()
    }

    /// All spaces.
    pub(crate) fn all(&self) -> Vec<Arc<SpaceState>> {
        self.lock().values().cloned().collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let space = &self.space;
        let mut map = space.node.spaces.lock();
        if space.users.fetch_sub(1, Ordering::AcqRel) == 1 {
            map.remove(&space.name);
            space.over.cancel();
        }
    }
}
