//! The spaces on this edge. A space exists while a connection is in it.

use crate::node::Node;
use crate::peer::Peer;
use crate::share::Share;
use crate::telemetry::Telemetry;
use crate::worker::Worker;
use grouploop_bridge::{Owners, Space, SpaceCounts};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// One space on this edge.
#[derive(Debug)]
pub(crate) struct SpaceState {
    pub(crate) name: Space,
    pub(crate) owners: Owners<Peer>,
    pub(crate) telemetry: Arc<Telemetry>,
    /// What is counted for the reports.
    pub(crate) counts: Arc<SpaceCounts>,
    /// Ends its tasks.
    pub(crate) over: CancellationToken,
    node: Arc<Node>,
    shares: Box<[OnceLock<Arc<Share>>]>,
    users: AtomicUsize,
}

impl SpaceState {
    fn new(name: Space, node: Arc<Node>) -> Self {
        let counts = node.ledger.of(&name);
        Self {
            telemetry: Arc::new(Telemetry::new(&name, node.clone(), counts.clone())),
            counts,
            name,
            owners: Owners::new(),
            over: CancellationToken::new(),
            shares: (0..node.threads).map(|_| OnceLock::new()).collect(),
            users: AtomicUsize::new(1),
            node,
        }
    }

    /// The worker's share, made and set going when this is its first connection.
    pub(crate) fn share(&self, worker: &Worker) -> Arc<Share> {
        let make = || {
            let settings = &self.node.settings;
            let (window, interval) = (settings.batch_window(), settings.viewer_interval());
            let share =
                Arc::new(Share::new(worker.index, worker.pace.clone(), self.telemetry.clone(), window, interval));
            self.node.tasks.spawn_on(share.clone().tick(self.over.clone()), &worker.runtime);
            share
        };
        match self.shares.get(worker.index) {
            Some(cell) => cell.get_or_init(make).clone(),
            None => make(),
        }
    }

    /// Subscribed connections.
    pub(crate) fn viewers(&self) -> usize {
        self.telemetry.viewers.load(Ordering::Acquire)
    }

    /// One viewer more.
    pub(crate) fn viewer_came(&self) {
        if self.telemetry.viewers.fetch_add(1, Ordering::AcqRel) == 0 {
            self.owners.wake();
        }
    }

    /// One viewer less; without any the ring forgets its frames.
    pub(crate) fn viewer_left(&self) {
        if self.telemetry.viewers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.telemetry.ring.clear();
            self.owners.wake();
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
    /// Whether the space was made for it, and its bus side is still to be started.
    pub(crate) is_first: bool,
    spaces: Arc<Spaces>,
}

impl Spaces {
    fn lock(&self) -> MutexGuard<'_, HashMap<Space, Arc<SpaceState>>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a space, which is made when nobody is in it.
    pub(crate) fn enter(self: &Arc<Self>, node: &Arc<Node>, name: &Space) -> Result<Place, TooManySpaces> {
        let mut map = self.lock();
        if let Some(space) = map.get(name) {
            space.users.fetch_add(1, Ordering::AcqRel);
            return Ok(Place { space: space.clone(), is_first: false, spaces: self.clone() });
        }
        if map.len() >= node.settings.max_spaces as usize {
            return Err(TooManySpaces);
        }
        let space = Arc::new(SpaceState::new(name.clone(), node.clone()));
        map.insert(name.clone(), space.clone());
        Ok(Place { space, is_first: true, spaces: self.clone() })
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
        let mut map = self.spaces.lock();
        if self.space.users.fetch_sub(1, Ordering::AcqRel) == 1 {
            map.remove(&self.space.name);
            // What its devices sent last waits for the end of a window that nobody will look at any more.
            self.space.telemetry.seal_all(Instant::now());
            self.space.over.cancel();
        }
    }
}
