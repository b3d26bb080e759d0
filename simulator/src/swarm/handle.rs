//! What others hold of a running swarm: its counts, its plan, and a way to ask.

use super::ask::{REQUEST_QUEUE, Request, Seen, Status, View};
use super::counts::{Counts, Figures};
use super::fetch::Fetcher;
use super::outlet::Cast;
use super::run::{Setup, run};
use super::watched::Watched;
use crate::link::{INCOMING_QUEUE, Incoming, Link, Special, WsCounts};
use crate::load::{CommandCounts, CommandFigures, Sink, spawn_load};
use crate::scenario::Swarm;
use grouploop_bridge::DeviceId;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A swarm that runs, or ran. A cheap handle.
#[derive(Debug, Clone)]
pub struct SwarmHandle {
    pub(super) plan: Arc<Mutex<Arc<Swarm>>>,
    pub(super) counts: Arc<Counts>,
    pub(super) connections: Arc<WsCounts>,
    pub(super) status: watch::Receiver<Status>,
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) stop: CancellationToken,
    /// What has become of the commands that are sent to it; `None` when its plan sends none.
    pub(super) commands: Option<Arc<CommandCounts>>,
}

impl SwarmHandle {
    /// What it is now.
    #[must_use]
    pub fn plan(&self) -> Arc<Swarm> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it has done so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let mut figures = self.counts.figures();
        // On connections only they know in how many messages frames go.
        figures.messages_sent += self.connections.messages.get();
        figures
    }

    /// What became of its connections to edges; all zero on the bus.
    pub(crate) fn connections(&self) -> &WsCounts {
        &self.connections
    }

    /// What has become of the commands that were sent to it so far; `None` when its plan sends none.
    #[must_use]
    pub fn command_figures(&self) -> Option<CommandFigures> {
        self.commands.as_ref().map(|commands| commands.figures())
    }

    /// Where it is in its life.
    #[must_use]
    pub fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// Ends it; see [`SwarmHandle::ended`].
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Returns when it is over, and its figures are final, with how it ended.
    ///
    /// # Cancel safety
    /// May be dropped and asked again.
    pub async fn ended(&self) -> Status {
        let mut status = self.status.clone();
        // A task that is gone without a word was cut off with its runtime.
        status.wait_for(|status| status.is_over()).await.map_or(Status::Stopped, |status| *status)
    }

    /// Some of its devices, from a number on; `None` when it is over.
    pub async fn view(&self, from: u32, limit: u32) -> Option<View> {
        let (answer, view) = oneshot::channel();
        self.requests.send(Request::View { from, limit, answer }).await.ok()?;
        view.await.ok()
    }

    /// One of its devices; `None` when there is no such one, or the swarm is over.
    pub async fn device(&self, device: DeviceId) -> Option<Seen> {
        let (answer, seen) = oneshot::channel();
        self.requests.send(Request::Device { device, answer }).await.ok()?;
        seen.await.ok().flatten()
    }

    /// Goes on by another plan. `false` when it is over. The caller has seen to it that [`can_change`] allows it.
    pub(crate) async fn change(&self, plan: Arc<Swarm>) -> bool {
        let (done, changed) = oneshot::channel();
        if self.requests.send(Request::Change { plan: plan.clone(), done }).await.is_err() || changed.await.is_err() {
            return false;
        }
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
        true
    }
}

impl SwarmHandle {
    /// Sets a swarm going on a link that `open` makes. The commands that its plan has sent to it go to the sink.
    ///
    /// # Errors
    /// That of `open`.
    pub(crate) fn start<E>(
        plan: Swarm,
        fetcher: Arc<Fetcher>,
        watched: Option<Watched>,
        tasks: &TaskTracker,
        sink: impl FnOnce(&Swarm) -> Sink,
        open: impl FnOnce(&Swarm, &Special, mpsc::Sender<Incoming>, &Arc<WsCounts>) -> Result<Link, E>,
    ) -> Result<Self, E> {
        let plan = Arc::new(plan);
        let cast = Cast::new(&plan);
        let (inbox, incoming) = mpsc::channel(INCOMING_QUEUE);
        let connections = Arc::<WsCounts>::default();
        let link = open(&plan, &cast.special(), inbox, &connections)?;
        let (asker, requests) = mpsc::channel(REQUEST_QUEUE);
        let (teller, status) = watch::channel(Status::Waiting);
        let (counts, stop) = (Arc::<Counts>::default(), CancellationToken::new());
        let shared = Arc::new(Mutex::new(plan.clone()));
        let commands = plan.commands.is_some().then(Arc::<CommandCounts>::default);
        let sink = sink(&plan);
        let load = commands.as_ref().map(|commands| {
            let shared = shared.clone();
            let plan = move || shared.lock().unwrap_or_else(PoisonError::into_inner).clone();
            spawn_load(tasks, plan, sink, commands.clone())
        });
        let setup = Setup {
            plan,
            cast,
            link,
            incoming,
            requests,
            status: teller,
            counts: counts.clone(),
            fetcher,
            watched,
            load,
            stop: stop.clone(),
        };
        tasks.spawn(run(setup));
        Ok(Self { plan: shared, counts, connections, status, requests: asker, stop, commands })
    }
}

/// Whether a swarm can go on by another plan; otherwise it has to begin anew.
pub(crate) fn can_change(old: &Swarm, new: &Swarm) -> bool {
    let begins_with = |long: &[DeviceId], short: &[DeviceId]| long.starts_with(short);
    // Who is special is settled when the link is made.
    let none_special =
        |plan: &Swarm| [plan.faults.duplicate_ids, plan.faults.slow_links].iter().all(|some| some.of(u32::MAX) == 0);
    let same_ids = old.ids == new.ids;
    (begins_with(&old.ids, &new.ids) || begins_with(&new.ids, &old.ids))
        && (same_ids || (none_special(old) && none_special(new)))
        && (&old.name, &old.space, &old.transport, old.slot) == (&new.name, &new.space, &new.transport, new.slot)
        && (old.starts_after, old.ramp_up, old.world.seed) == (new.starts_after, new.ramp_up, new.world.seed)
        && (old.faults.duplicate_ids, old.faults.slow_links) == (new.faults.duplicate_ids, new.faults.slow_links)
        && old.commands == new.commands
}
