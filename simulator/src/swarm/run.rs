//! A running swarm: one task that makes frames when they are due, hands them to a link, and lets wearables obey.

use super::ask::{Request, Seen, Status, View};
use super::counts::Counts;
use super::crew::{Crew, Wish};
use super::fetch::{FetchError, Fetched, Fetcher};
use super::frames::Frames;
use super::outlet::{Cast, Outlet};
use super::roll::Move;
use super::watched::Watched;
use crate::body::World;
use crate::link::{Incoming, Kin, Link, Place, To};
use crate::load::Load;
use crate::scenario::Swarm;
use crate::wearable::REBOOT;
use grouploop_bridge::DeviceId;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{self, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Time between two looks at what is due: with a batch for each on the bus, as an edge has them.
const TICK: Duration = Duration::from_millis(5);
/// Between two rounds at least, however late they are.
const BREATH: Duration = Duration::from_millis(1);
/// Frames that are older than this are not sent any more: nobody wants to know where a device was.
const MAX_BEHIND: Duration = Duration::from_secs(1);
/// Commands that are taken in at once.
const TOGETHER: usize = 256;

/// What a swarm is run with.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) plan: Arc<Swarm>,
    pub(crate) cast: Cast,
    pub(crate) link: Link,
    pub(crate) incoming: mpsc::Receiver<Incoming>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) fetcher: Arc<Fetcher>,
    /// Who notes what is sent, when the run is measured.
    pub(crate) watched: Option<Watched>,
    /// The commands that are sent to it.
    pub(crate) load: Option<Load>,
    pub(crate) stop: CancellationToken,
}

struct Run {
    plan: Arc<Swarm>,
    began: Instant,
    frames: Frames,
    outlet: Outlet,
    crew: Crew,
    places: FxHashMap<DeviceId, Place>,
    counts: Arc<Counts>,
    fetcher: Arc<Fetcher>,
    fetches: JoinSet<Fetched>,
    /// Who waits for which download: one that nobody waits for any more changes nothing.
    fetching: FxHashMap<task::Id, Place>,
    moves: Vec<Move>,
    watched: Option<Watched>,
    load: Option<Load>,
}

/// Runs a swarm until its end, or until it is stopped.
pub(crate) async fn run(setup: Setup) {
    let Setup { plan, cast, link, mut incoming, mut requests, status, counts, fetcher, watched, load, stop } = setup;
    let began = Instant::now() + plan.starts_after;
    let outlet = Outlet::new(cast, began, link, counts.clone());
    let mut run = Run { load, ..Run::new(plan, began, outlet, counts, fetcher, watched) };
    let mut next = began;
    let mut commands = Vec::with_capacity(TOGETHER);
    let end = loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break Status::Stopped,
            // Before all that others want of it: who looks at a swarm must not hold it up.
            () = tokio::time::sleep_until(next) => {
                status.send_if_modified(|status| std::mem::replace(status, Status::Running) != Status::Running);
                if run.tick() {
                    break Status::Finished;
                }
                // One that cannot keep up still hears commands and questions between its rounds.
                next = (next + TICK).max(Instant::now() + BREATH);
            }
            Some(Ok((task, image))) = run.fetches.join_next_with_id(), if !run.fetches.is_empty() => run.fetched(task, image),
            taken = incoming.recv_many(&mut commands, TOGETHER), if !incoming.is_closed() || !incoming.is_empty() => {
                if taken > 0 {
                    run.take(commands.drain(..));
                }
            }
            Some(request) = requests.recv() => run.answer(request),
        }
    };
    if let Some(load) = run.load.take() {
        // As long as its devices are there: what is on its way still finds them.
        load.finish().await;
        while let Ok(command) = incoming.try_recv() {
            run.take(std::iter::once(command));
        }
    }
    // Downloads that are cut off came to nothing.
    run.counts.updates_failed.add(run.fetching.len() as u64);
    run.fetches.shutdown().await;
    run.counts.present.set(0);
    run.outlet.link.close().await;
    status.send_replace(end);
}

impl Run {
    fn new(
        plan: Arc<Swarm>,
        began: Instant,
        outlet: Outlet,
        counts: Arc<Counts>,
        fetcher: Arc<Fetcher>,
        watched: Option<Watched>,
    ) -> Self {
        let mut world = World::new(&plan.world);
        for id in &plan.ids {
            world.add(*id);
        }
        Self {
            frames: Frames::new(&plan, world),
            outlet,
            crew: Crew::new(plan.ids.len(), plan.slot),
            places: places(&plan.ids),
            began,
            counts,
            fetcher,
            fetches: JoinSet::new(),
            fetching: FxHashMap::default(),
            moves: Vec::new(),
            watched,
            load: None,
            plan,
        }
    }

    fn now(&self) -> Duration {
        Instant::now().saturating_duration_since(self.began)
    }

    /// Does what is due. `true` when nothing will be any more.
    fn tick(&mut self) -> bool {
        let now = self.now();
        // Those of the last round: whoever is on the bus, or has the other end of a connection, knows them by now.
        match &self.load {
            Some(load) => load.appear(&mut self.outlet.appeared),
            None => self.outlet.appeared.clear(),
        }
        let mut wishes = Vec::new();
        self.crew.look(now, &self.counts, |wish| wishes.push(wish));
        wishes.into_iter().for_each(|wish| self.fetch(wish));
        self.move_devices(now);
        self.send_frames(now);
        self.counts.present.set(u64::from(self.outlet.roll.present()));
        self.frames.ends_at().is_some_and(|end| now > end)
    }

    fn move_devices(&mut self, now: Duration) {
        let mut moves = std::mem::take(&mut self.moves);
        self.outlet.roll.moves(now, |step| moves.push(step));
        for step in moves.drain(..) {
            match step {
                Move::Leaves(place) => self.outlet.leave(place),
                Move::Returns(place) => self.outlet.join(place),
            }
        }
        self.moves = moves;
    }

    fn send_frames(&mut self, now: Duration) {
        let oldest = now.saturating_sub(MAX_BEHIND);
        if oldest > self.frames.taken() {
            let (mut skipped, roll) = (0, &self.outlet.roll);
            self.frames.skip_to(oldest, |place| skipped += u64::from(roll.mark(place).should_send()));
            self.counts.scheduled.add(skipped);
            self.counts.skipped.add(skipped);
        }
        self.outlet.begin(now);
        let mut notes = self.watched.as_ref().map(Watched::notes);
        self.frames.advance(now, |frame| self.outlet.send(&frame, &mut notes));
        self.outlet.end(&mut notes);
    }

    fn take(&mut self, commands: impl Iterator<Item = Incoming>) {
        let now = self.now();
        for Incoming { to, text } in commands {
            let place = match to {
                To::Place(place) => Some(place),
                To::Device(device) => self.places.get(&device).copied(),
                To::All(kin) => {
                    self.take_all(kin, &text, now);
                    continue;
                }
            };
            // One that has gone meanwhile hears nothing.
            let Some(place) = place.filter(|place| self.outlet.roll.mark(*place).is_present()) else {
                self.counts.commands_received.add(1);
                self.counts.commands_ignored.add(1);
                continue;
            };
            if let Some(wish) = self.crew.take(place, &text, now, &self.counts) {
                self.fetch(wish);
            }
        }
    }

    /// A command to all: to those that are owned here.
    fn take_all(&mut self, kin: Kin, text: &[u8], now: Duration) {
        for place in (0..).take(self.outlet.ids.len()) {
            let mark = self.outlet.roll.mark(place);
            let is_meant =
                mark.is_present() && mark.is_twin() == (kin == Kin::Twins) && self.outlet.link.reaches(place);
            if is_meant && let Some(wish) = self.crew.take(place, text, now, &self.counts) {
                self.fetch(wish);
            }
        }
    }

    /// Fetches an image for a device, which is busy meanwhile.
    fn fetch(&mut self, wish: Wish) {
        let Wish { place, url, running } = wish;
        self.outlet.roll.set_busy(place, true);
        let (fetcher, fails) = (self.fetcher.clone(), self.outlet.roll.mark(place).fails_updates());
        let device = self.outlet.ids.get(place as usize).copied().unwrap_or(DeviceId(0));
        let task = self.fetches.spawn(async move {
            match fetcher.fetch(&url, device, &running).await {
                // It has the whole image and its flash will not take it.
                Ok(_) if fails => Fetched::Nothing,
                Ok(image) => Fetched::Image(image),
                Err(FetchError::Same) => Fetched::Same,
                Err(error) => {
                    tracing::debug!(device.id = %device, %error, "a simulated device is not updated");
                    Fetched::Nothing
                }
            }
        });
        self.fetching.insert(task.id(), place);
    }

    fn fetched(&mut self, task: task::Id, image: Fetched) {
        let now = self.now();
        let Some(place) = self.fetching.remove(&task) else { return };
        self.outlet.roll.set_busy(place, false);
        // One that is away already comes back when it would have.
        if self.crew.fetched(place, image, now, &self.counts) && self.outlet.roll.leave(place, now + REBOOT) {
            self.outlet.leave(place);
        }
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::View { from, limit, answer } => {
                let _ = answer.send(self.view(from, limit));
            }
            Request::Device { device, answer } => {
                let seen = self.places.get(&device).and_then(|place| self.seen(*place, self.now()));
                let _ = answer.send(seen);
            }
            Request::Change { plan, done } => {
                self.change(plan);
                let _ = done.send(());
            }
        }
    }

    fn view(&self, from: Place, limit: u32) -> View {
        let now = self.now();
        let floor = self.frames.world().settings().floor;
        let devices = u32::try_from(self.outlet.ids.len()).unwrap_or(u32::MAX);
        let to = from.saturating_add(limit).min(devices);
        View { at: now, floor, devices, seen: (from..to).filter_map(|place| self.seen(place, now)).collect() }
    }

    fn seen(&self, place: Place, now: Duration) -> Option<Seen> {
        let mut body = self.frames.world().view(place as usize)?;
        body.device = *self.outlet.ids.get(place as usize)?;
        let present = self.outlet.roll.mark(place).is_present() && self.outlet.link.connects(place);
        Some(Seen { place, present, body, wearable: self.crew.state(place, now) })
    }

    /// Goes on by another plan, of the same space, link, seed and twins, whose ids begin with the old ones or are the first of them.
    fn change(&mut self, plan: Arc<Swarm>) {
        let now = self.now();
        // What was due by the old plan goes.
        self.send_frames(now);
        let old = std::mem::replace(&mut self.plan, plan.clone());
        let devices = plan.ids.len();
        self.outlet.remove_from(devices);
        let gone = self.fetching.extract_if(|_, place| *place as usize >= devices).count();
        self.counts.updates_failed.add(gone as u64);
        self.outlet.roll.resize(devices);
        self.crew.change(devices, plan.slot);
        let world = self.frames.world_mut();
        world.truncate(devices);
        for id in plan.ids.iter().skip(self.outlet.ids.len()) {
            world.add(*id);
            self.outlet.ids.push(*id);
        }
        if world.settings() != &plan.world {
            world.change(&plan.world);
        }
        self.places = places(&plan.ids);
        if let Some(load) = self.load.as_ref().filter(|_| old.ids.len() > devices) {
            load.retain(&self.outlet.ids);
        }
        if old.churn != plan.churn {
            self.outlet.roll.set_churn(plan.churn, now);
        }
        if old.faults != plan.faults || old.ids.len() != devices {
            self.outlet.roll.set_faults(&plan.faults, now);
            self.outlet.register_silent();
        }
        if (old.rate_hz, old.jitter, old.duration, old.ids.len()) != (plan.rate_hz, plan.jitter, plan.duration, devices)
        {
            self.frames.reschedule(&plan, now);
        }
    }
}

fn places(ids: &[DeviceId]) -> FxHashMap<DeviceId, Place> {
    (0..).zip(ids).map(|(place, device)| (*device, place)).collect()
}
