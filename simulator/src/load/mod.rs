//! The command load of a swarm: commands are sent to it while it runs, as apps would, and what becomes of them is counted.
//!
//! ```text
//!  Pacer (what is due) ──▶ bus: one question for each ──▶ devices, on any node
//!     open loop         └▶ ws:  one controller's connection ──▶ edge ──▶ devices
//!                                        answers ──▶ CommandCounts
//! ```
//!
//! One task for each load, which begins when the first device of its swarm can be reached, and ends before its devices leave. When a command
//! is due follows from the clock alone: one that cannot go at its time is counted, and not sent later.

mod bus;
mod counts;
mod lane;
mod pacer;
#[cfg(test)]
mod tests;
mod ws;

pub use counts::{CommandFigures, LatencyFigures};

pub(crate) use counts::CommandCounts;

use crate::node::Node;
use crate::scenario::Swarm;
use grouploop_bridge::DeviceId;
use pacer::Pacer;
use rustc_hash::FxHashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Commands that may wait for their answers at the same time.
const MAX_IN_FLIGHT: usize = 1024;
/// How long answers that are on their way when a load ends may take.
const END_GRACE: Duration = Duration::from_millis(500);

/// Where commands go.
#[derive(Debug, Clone)]
pub(crate) enum Sink {
    /// Onto the bus, as an edge asks it.
    Bus {
        /// Whose access to the bus it is.
        node: Arc<Node>,
    },
    /// To the first of these edges, as a controller.
    Ws {
        /// As `ws://host:port`.
        edges: Vec<String>,
    },
}

/// The devices that can be commanded, in the order in which they appeared.
#[derive(Debug, Default)]
pub(crate) struct Appeared(Mutex<Vec<DeviceId>>);

impl Appeared {
    fn lock(&self) -> MutexGuard<'_, Vec<DeviceId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_turn(&self, turn: u64) -> Option<DeviceId> {
        pacer::in_turn(&self.lock(), turn).copied()
    }
}

/// A load that waits for its beginning, runs, or ran. Dropped by its swarm, it ends.
#[derive(Debug)]
pub(crate) struct Load {
    appeared: Arc<Appeared>,
    begin: CancellationToken,
    stop: DropGuard,
    over: CancellationToken,
}

impl Load {
    /// These have appeared, too. With the first of them it begins.
    pub(crate) fn appear(&self, devices: &mut Vec<DeviceId>) {
        if !devices.is_empty() {
            self.appeared.lock().append(devices);
            self.begin.cancel();
        }
    }

    /// Of those that have appeared, only these are left.
    pub(crate) fn retain(&self, ids: &[DeviceId]) {
        let left: FxHashSet<DeviceId> = ids.iter().copied().collect();
        self.appeared.lock().retain(|device| left.contains(device));
    }

    /// Ends it, and returns when nothing is counted any more: a moment later when answers are on their way.
    pub(crate) async fn finish(self) {
        drop(self.stop);
        self.over.cancelled().await;
    }
}

/// Makes a load, which waits for its first device. `plan` is asked for the swarm as it is: its devices may change meanwhile, its space and
/// commands may not.
pub(crate) fn spawn_load(
    tasks: &TaskTracker,
    plan: impl Fn() -> Arc<Swarm> + Send + 'static,
    sink: Sink,
    counts: Arc<CommandCounts>,
) -> Load {
    let [begin, stop, over] = std::array::from_fn(|_| CancellationToken::new());
    let appeared = Arc::<Appeared>::default();
    let load =
        Load { appeared: appeared.clone(), begin: begin.clone(), stop: stop.clone().drop_guard(), over: over.clone() };
    // Said on every way out, also when the runtime goes.
    let over = over.drop_guard();
    tasks.spawn(async move {
        let _over = over;
        if stop.run_until_cancelled(begin.cancelled()).await.is_some() {
            run(plan, appeared, sink, &counts, &stop).await;
        }
    });
    load
}

/// Sends what is due from now on until it is stopped, then waits a moment for the answers that are on their way.
pub(crate) async fn run(
    plan: impl Fn() -> Arc<Swarm> + Send,
    appeared: Arc<Appeared>,
    sink: Sink,
    counts: &CommandCounts,
    stop: &CancellationToken,
) {
    let space = plan().space.clone();
    let pacer = Pacer::new(plan, appeared);
    match sink {
        Sink::Bus { node } => bus::run(pacer, &node, &space, counts, stop).await,
        Sink::Ws { edges } => ws::run(pacer, &edges, &space, counts, stop).await,
    }
}
