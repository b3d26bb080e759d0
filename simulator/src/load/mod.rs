//! The command load of a swarm: commands are sent to it while it runs, as apps would, and what becomes of them is counted.
//!
//! ```text
//!  Pacer (what is due) ──▶ bus: one question for each ──▶ devices, on any node
//!     open loop         └▶ ws:  one controller's connection ──▶ edge ──▶ devices
//!                                        answers ──▶ CommandCounts
//! ```
//!
//! One task for each load, which its swarm begins when its first device has appeared, and ends before its devices leave. When a command is due follows from the clock alone: one that cannot go at its time is counted, and not sent
//! later.

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
use pacer::Pacer;
use std::sync::Arc;
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

/// Whom commands are for.
#[derive(Debug, Clone)]
pub(crate) struct Audience {
    /// The swarm as it is: its devices may change while commands are sent, its space and commands may not.
    pub(crate) plan: Arc<Swarm>,
    /// So many of its devices, the first ones, have appeared.
    pub(crate) appeared: usize,
}

/// A load that waits for its beginning, runs, or ran. Dropped by its swarm, it ends.
#[derive(Debug)]
pub(crate) struct Load {
    begin: CancellationToken,
    stop: DropGuard,
    over: CancellationToken,
}

impl Load {
    /// Has it send what is due from now on. A second time changes nothing.
    pub(crate) fn begin(&self) {
        self.begin.cancel();
    }

    /// Ends it, and returns when nothing is counted any more: a moment later when answers are on their way.
    pub(crate) async fn finish(self) {
        drop(self.stop);
        self.over.cancelled().await;
    }
}

/// Makes a load, which waits for its beginning.
pub(crate) fn spawn_load(
    tasks: &TaskTracker,
    audience: impl Fn() -> Audience + Send + 'static,
    sink: Sink,
    counts: Arc<CommandCounts>,
) -> Load {
    let [begin, stop, over] = std::array::from_fn(|_| CancellationToken::new());
    let load = Load { begin: begin.clone(), stop: stop.clone().drop_guard(), over: over.clone() };
    // Said on every way out, also when the runtime goes.
    let over = over.drop_guard();
    tasks.spawn(async move {
        let _over = over;
        if stop.run_until_cancelled(begin.cancelled()).await.is_some() {
            run(audience, sink, &counts, &stop).await;
        }
    });
    load
}

/// Sends what is due from now on until it is stopped, then waits a moment for the answers that are on their way.
pub(crate) async fn run(
    audience: impl Fn() -> Audience + Send,
    sink: Sink,
    counts: &CommandCounts,
    stop: &CancellationToken,
) {
    let space = audience().plan.space.clone();
    let pacer = Pacer::new(audience);
    match sink {
        Sink::Bus { node } => bus::run(pacer, &node, &space, counts, stop).await,
        Sink::Ws { edges } => ws::run(pacer, &edges, &space, counts, stop).await,
    }
}
