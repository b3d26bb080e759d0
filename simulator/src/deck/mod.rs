//! The recordings of one simulator: a folder of them, what is being recorded into it, and what is being played from it.
//!
//! ```text
//!  bus ──telemetry of a space──▶ Recording ──▶ folder/<name>.glrec ──▶ Replay ──▶ node, as devices of a swarm ──▶ bus
//!                                    └── one for a space ──┘  └── max_replays of them
//! ```
//!
//! Files, threads that may block and tasks are those of [`tape`](crate::tape); here is who may do what at the same time, and how much.

mod error;
mod list;
mod name;
mod recording;
mod replay;

pub(crate) use error::DeckError;
pub(crate) use list::{Listed, What, unix_ms};
pub(crate) use name::TapeName;
pub(crate) use recording::{Ended, Ending, Wanted};
pub(crate) use replay::{Outcome, Replay, ReplayOptions};

use crate::node::Node;
use crate::recording::Skimmed;
use crate::swarms::Beside;
use grouploop_bridge::Bus;
use recording::Recording;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Replays that are over and still listed.
const MAX_OVER: usize = 16;

/// How much of it there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeckLimits {
    /// Files in the folder with which one may be begun.
    pub(crate) recordings: usize,
    /// Bytes of a file.
    pub(crate) bytes: u64,
    /// Time of a recording.
    pub(crate) duration: Duration,
    /// Replays at a time.
    pub(crate) replays: usize,
}

/// The recordings of one simulator.
#[derive(Debug)]
pub(crate) struct Deck {
    /// Where they are; `None` when there are none.
    folder: Option<PathBuf>,
    limits: DeckLimits,
    /// Who has the devices that are played.
    node: Arc<Node>,
    /// What replays send counts with what swarms do.
    beside: Beside,
    /// Hears what the node publishes, too: nobody hears himself.
    ears: Bus,
    inner: Mutex<Inner>,
    /// What was found in files, as long as they are as they were.
    skimmed: Mutex<HashMap<TapeName, Looked>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What was found in a file, and what the file was like then.
#[derive(Debug, Clone)]
struct Looked {
    bytes: u64,
    modified: Option<SystemTime>,
    skimmed: Skimmed,
}

#[derive(Debug, Default)]
struct Inner {
    recording: BTreeMap<TapeName, Arc<Recording>>,
    /// How those ended that are still there.
    endings: BTreeMap<TapeName, Ending>,
    replays: BTreeMap<u64, Arc<Replay>>,
    /// Replays so far.
    played: u64,
}

impl Deck {
    /// `tasks` are awaited by whoever ends it, after `stop`.
    pub(crate) fn new(
        folder: &str,
        limits: DeckLimits,
        node: Arc<Node>,
        beside: Beside,
        ears: Bus,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let folder = Some(folder).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        Self { folder, limits, node, beside, ears, inner: Mutex::default(), skimmed: Mutex::default(), tasks, stop }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self) -> Result<PathBuf, DeckError> {
        self.folder.clone().ok_or(DeckError::Off)
    }

    /// Ends, once its tasks have. `false` when that took longer than `patience`.
    pub(crate) async fn drain(&self, patience: Duration) -> bool {
        self.ears.drain(patience).await
    }

    /// What is recorded and played now.
    pub(crate) fn at_work(&self) -> (u64, u64) {
        let inner = self.lock();
        (inner.recording.len() as u64, inner.replays.values().filter(|replay| replay.is_playing()).count() as u64)
    }

    /// Does what may hang where nobody else has to wait for it.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, DeckError> {
        self.tasks.spawn_blocking(work).await.map_err(|_| DeckError::Stopping)
    }
}
