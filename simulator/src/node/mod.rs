//! The simulator as a node of the bus: its heartbeat, its spaces, and the devices that its swarms own in them, exactly as an edge owns its
//! devices.

mod owner;
mod space;

pub(crate) use owner::{Owner, Reach, TakeIn};
pub(crate) use space::SpacePlace;

use grouploop_bridge::{
    Bus, Heartbeat, Ledger, Member, NodeHost, NodeId, Owners, Report, ReportHost, Space, Version, run_heartbeat,
    run_reports,
};
use grouploop_serve::Counts;
use space::SpaceState;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Time for the bus to send what is queued, at least.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// One simulator on the bus.
#[derive(Debug)]
pub(crate) struct Node {
    member: Member,
    spaces: Mutex<HashMap<Space, Arc<SpaceState>>>,
    /// What is counted by space, for the reports.
    ledger: Ledger,
    next_owner: AtomicU64,
    clashes: AtomicU64,
    /// Frames that the bus did not take.
    dropped: AtomicU64,
    /// Connections for HTTP, where there are any.
    http: OnceLock<Arc<Counts>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Node {
    /// Starts the node's heartbeat and its reports, on the runtime that it is called on.
    pub(crate) fn start(id: NodeId, version: Version, bus: Bus) -> Arc<Self> {
        let node = Arc::new(Self {
            member: Member::new(id, "simulator", version, bus),
            spaces: Mutex::default(),
            ledger: Ledger::default(),
            next_owner: AtomicU64::new(1),
            clashes: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            http: OnceLock::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        node.tasks.spawn(run_heartbeat(node.clone(), node.stop.clone()));
        node.tasks.spawn(run_reports(node.clone(), node.member.reporter(), node.stop.clone()));
        node
    }

    pub(crate) fn id(&self) -> &NodeId {
        &self.member.id
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.member.bus
    }

    /// Connections that it has for HTTP, for its reports.
    pub(crate) fn serves(&self, http: Arc<Counts>) {
        self.http.get_or_init(|| http);
    }

    /// The tasks of this node, which its end awaits.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Clashes so far: device ids under which somebody else sends too.
    pub(crate) fn clashes(&self) -> u64 {
        self.clashes.load(Ordering::Relaxed)
    }

    /// A number for an owner.
    pub(crate) fn next_owner(&self) -> u64 {
        self.next_owner.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether it owns devices in a space.
    pub(crate) fn owns_any(&self, space: &Space) -> bool {
        self.spaces().get(space).is_some_and(|space| !space.owners.is_empty())
    }

    fn spaces(&self) -> MutexGuard<'_, HashMap<Space, Arc<SpaceState>>> {
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends: the last heartbeat says so, and the bus sends what is queued. `false` when that took longer than `patience`.
    pub(crate) async fn drain(&self, patience: Duration) -> bool {
        self.stop.cancel();
        self.tasks.close();
        let end = Instant::now() + patience;
        let ended = tokio::time::timeout(patience, self.tasks.wait()).await.is_ok();
        // What is queued has a moment also when a task took all of the time.
        let left = end.saturating_duration_since(Instant::now()).max(LAST_WORDS);
        self.member.bus.drain(left).await && ended
    }
}

impl NodeHost for Node {
    fn member(&self) -> &Member {
        &self.member
    }

    fn describe(&self, beat: &mut Heartbeat) {
        for (name, space) in self.spaces().iter() {
            let owned = u32::try_from(space.owners.len()).unwrap_or(u32::MAX);
            if owned > 0 {
                beat.devices.insert(name.clone(), owned);
            }
        }
    }

    fn sample(&self, elapsed: Duration) {
        let spaces: Vec<Arc<SpaceState>> = self.spaces().values().cloned().collect();
        spaces.iter().for_each(|space| Owners::sample(&space.owners, elapsed));
    }
}

impl ReportHost for Node {
    fn report(&self, report: &mut Report) {
        let (spaces, all) = self.ledger.look();
        (report.spaces, report.all) = (spaces.into_iter().collect(), all);
        report.connections = self.http.get().map_or(0, |http| http.open() as u64);
        let now = Instant::now();
        for (name, space) in self.spaces().iter() {
            let devices = space.owners.len() as u64;
            report.all.devices += devices;
            let figures = report.spaces.entry(name.clone()).or_default();
            (figures.devices, figures.silent) = (devices, space.owners.silent() as u64);
            let clashing = space.owners.clashing(now);
            if !clashing.is_empty() {
                report.clashes.insert(name.clone(), clashing);
            }
        }
        let dropped = self.dropped.load(Ordering::Relaxed);
        if dropped > 0 {
            report.drops.insert("bus".to_owned(), dropped);
        }
    }
}
