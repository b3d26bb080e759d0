//! The command load of a swarm: commands are sent to it while it runs, as apps would, and what becomes of them is counted.
//!
//! ```text
//!  Pacer (what is due) ──▶ bus: one question for each ──▶ devices, on any node
//!     open loop         └▶ ws:  one controller's connection ──▶ edge ──▶ devices
//!                                        answers ──▶ CommandCounts
//! ```
//!
//! One task for each load. When a command is due follows from the clock alone: one that cannot go at its time is counted, and not sent
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
use crate::swarm::Status;
use pacer::Pacer;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
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

/// A load that runs, or ran.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) counts: Arc<CommandCounts>,
    over: CancellationToken,
}

impl Load {
    /// Returns when it is over: nothing is counted any more.
    ///
    /// # Cancel safety
    /// May be dropped and asked again.
    pub(crate) async fn ended(&self) {
        self.over.cancelled().await;
    }
}

/// Sets a load going that lasts as long as its swarm runs. `plan` is asked for the swarm as it is: its devices may change meanwhile, its
/// space and commands may not.
pub(crate) fn spawn_load(
    tasks: &TaskTracker,
    plan: impl Fn() -> Arc<Swarm> + Send + 'static,
    sink: Sink,
    mut status: watch::Receiver<Status>,
) -> Load {
    let load = Load { counts: Arc::default(), over: CancellationToken::new() };
    // Said on every way out, also when the runtime goes.
    let (counts, over) = (load.counts.clone(), load.over.clone().drop_guard());
    tasks.spawn(async move {
        let _over = over;
        // A swarm that is gone without a word is over too.
        let begins = status.wait_for(|status| *status != Status::Waiting).await.is_ok_and(|status| !status.is_over());
        if begins {
            let stop = CancellationToken::new();
            let ends = async {
                let _ = status.wait_for(|status| status.is_over()).await;
                stop.cancel();
            };
            tokio::join!(ends, run(plan, sink, &counts, &stop));
        }
    });
    load
}

/// Sends what is due from now on until it is stopped, then waits a moment for the answers that are on their way.
pub(crate) async fn run(
    plan: impl Fn() -> Arc<Swarm> + Send,
    sink: Sink,
    counts: &CommandCounts,
    stop: &CancellationToken,
) {
    let space = plan().space.clone();
    let pacer = Pacer::new(plan);
    match sink {
        Sink::Bus { node } => bus::run(pacer, &node, &space, counts, stop).await,
        Sink::Ws { edges } => ws::run(pacer, &edges, &space, counts, stop).await,
    }
}
