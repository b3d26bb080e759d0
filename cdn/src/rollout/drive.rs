//! One rollout, driven: what happens comes in from the bus and the store, the [course](super::course) decides, and what follows goes out.
//!
//! Twice a second at most the record is written, and always before a device is told: so whoever takes over knows of it.

use super::active::{Active, remove};
use super::course::{Course, Present, Roster, Told};
use super::record::{Record, Runner, State as RolloutState};
use crate::path::AssetPath;
use crate::shelf::Freshness;
use crate::spaces::{DocumentId, Kind, tag_of};
use crate::state::State;
use crate::store::{Condition, StoreError};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use grouploop_bridge::{BusState, DeviceId, Download, NodeId, RequestError, RosterPage, Space, Subject};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Time between two turns.
const TURN: Duration = Duration::from_millis(500);
/// Time between two looks at the record when there is nothing to write.
const READ_EVERY: Duration = Duration::from_secs(2);
/// Time for a node to say that a command was written to the connection of its device; an edge has 2 s for it.
const ANSWER: Duration = Duration::from_secs(5);
/// Time for one more page of a roster, and for all of them: edges that are busy, or far away, are heard as well.
const ROSTER_PAUSE: Duration = Duration::from_secs(1);
const ROSTER_PATIENCE: Duration = Duration::from_secs(3);
/// Devices that are told at the same time.
const TOLD_AT_ONCE: usize = 256;
/// Tries to write when somebody else writes too.
const TRIES: usize = 5;

/// A download that somebody reported.
pub(super) type Report = (NodeId, Download);

/// What is reported of downloads.
#[derive(Debug)]
pub(super) struct Reports {
    pub(super) incoming: mpsc::Receiver<Report>,
    /// There was no room for some.
    pub(super) some_missed: Arc<AtomicBool>,
}

/// Our term while the lease is held, and until when it surely is.
pub(super) type Held = Option<(u64, Instant)>;

/// What a drive is started with.
pub(super) struct Drive {
    state: Arc<State>,
    active: Active,
    id: DocumentId,
    term: u64,
    held: watch::Receiver<Held>,
    reports: Reports,
    nudge: Arc<Notify>,
    /// Whether the bus carries anything: also a moment without it, between two turns, is one in which something was missed.
    bus: watch::Receiver<BusState>,
    course: Course,
    /// Who counts as told and is not yet.
    to_tell: Vec<DeviceId>,
    telling: FuturesUnordered<BoxFuture<'static, (DeviceId, Told)>>,
    /// The question who is there, while it is answered; beside the rest, because nobody knows when the last one has spoken.
    looking: FuturesUnordered<BoxFuture<'static, Option<Roster>>>,
    has_looked: bool,
    read_at: Option<Instant>,
}

/// What came of taking a rollout up.
pub(super) enum TakenUp {
    Drive(Box<Drive>),
    /// There is nothing of it to run.
    Over,
    /// Its record was written in a later term than ours.
    Later(u64),
}

/// What came of writing the record.
#[derive(Debug, PartialEq, Eq)]
enum Saved {
    Yes,
    /// It is another one's by now, or gone.
    Lost,
}

impl Drive {
    /// Takes a rollout up. It is ours when the record says so: from then on whoever had it before cannot write, and what is taken up is the
    /// last that it wrote.
    ///
    /// # Errors
    /// When the store does not answer, or another one wrote the record meanwhile.
    pub(super) async fn take_up(
        state: Arc<State>,
        active: Active,
        term: u64,
        held: watch::Receiver<Held>,
        reports: Reports,
        nudge: Arc<Notify>,
    ) -> Result<TakenUp, StoreError> {
        let Ok(id) = active.id.parse::<DocumentId>() else { return Ok(TakenUp::Over) };
        let (bytes, version) = match state.documents.read(&active.space, Kind::Rollouts, &id).await {
            Ok(found) => found,
            Err(StoreError::NotFound) => return Ok(TakenUp::Over),
            Err(error) => return Err(error),
        };
        let record = serde_json::from_slice::<Record>(&bytes);
        if let Err(error) = &record {
            tracing::warn!(rollout.id = %id, %error, "the record of a rollout cannot be read, and nobody runs it");
        }
        let Some(record) = record.ok().filter(|record| !record.state.has_ended()) else { return Ok(TakenUp::Over) };
        if let Some(later) = record.runner.as_ref().map(|runner| runner.term).filter(|later| *later > term) {
            return Ok(TakenUp::Later(later));
        }
        let mut course = Course::take_up(record, Instant::now());
        let bytes = signed(&mut course.record, &state, term);
        let etag = tag_of(&bytes);
        let condition = Condition::Is(version);
        state.documents.write_own(&active.space, Kind::Rollouts, &id, bytes, &condition).await?;
        state.news.announce(&state.bus, &state.node, &active.space, Kind::Rollouts, &id, Some(etag));
        course.take_changed();
        let bus = state.bus.state();
        Ok(TakenUp::Drive(Box::new(Self {
            state,
            bus,
            active,
            id,
            term,
            held,
            reports,
            nudge,
            course,
            to_tell: Vec::new(),
            telling: FuturesUnordered::new(),
            looking: FuturesUnordered::new(),
            has_looked: false,
            read_at: None,
        })))
    }

    /// Drives it to its end, or until `stop`, or until another CDN has it.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        tracing::info!(rollout.id = self.active.id, space.id = %self.active.space, "rollout taken up");
        while self.turn().await {
            if !self.listen(&stop).await {
                // What is known goes to whoever takes over; without it he finds out himself.
                let _ = self.save(true).await;
                return;
            }
        }
    }

    /// Takes in what happens until the next turn is due; `false` when there is none.
    async fn listen(&mut self, stop: &CancellationToken) -> bool {
        let mut due = std::pin::pin!(sleep(TURN));
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return false,
                Some((device, told)) = self.telling.next() => self.course.told(device, told, Instant::now()),
                Some((node, download)) = self.reports.incoming.recv() => {
                    self.course.downloaded(&node, &download, Instant::now());
                }
                Some(roster) = self.looking.next() => if let Some(roster) = roster {
                    self.has_looked = true;
                    self.course.present(&roster, Instant::now());
                },
                // Not at once: what we write ourselves comes back as a nudge, and a turn for each would be a write for each.
                () = self.nudge.notified() => self.read_at = None,
                () = &mut due => return true,
            }
        }
    }

    /// One turn; `false` after the last one.
    async fn turn(&mut self) -> bool {
        let hindrance = self.hindrance();
        self.course.hold(hindrance, Instant::now());
        // While it is held nothing is missed that holding does not know of.
        let bus_went = self.bus.has_changed().unwrap_or(false);
        self.bus.mark_unchanged();
        if (bus_went || self.reports.some_missed.swap(false, Ordering::Relaxed)) && hindrance.is_none() {
            self.course.resume(Instant::now());
        }
        if hindrance.is_none() {
            self.look_who_is_there();
            self.course.tick(Instant::now());
            self.course.advance();
            let missing = what_is_wrong_with_the_image(&self.state, &self.course.record).await;
            self.course.note(missing.as_deref());
            if missing.is_some() {
                self.course.stand_still(Instant::now());
            }
            let room = TOLD_AT_ONCE.saturating_sub(self.telling.len() + self.to_tell.len());
            if self.has_looked && missing.is_none() {
                self.to_tell.extend(self.course.next_to_tell(room, Instant::now()));
            }
        }
        match self.save(false).await {
            Ok(Saved::Yes) => {}
            Ok(Saved::Lost) => return false,
            Err(StoreError::Changed) => return true,
            Err(error) => {
                tracing::debug!(rollout.id = self.active.id, %error, "the record of a rollout cannot be written");
                self.course
                    .hold(Some("the object store does not answer: nobody is told until it does"), Instant::now());
                return true;
            }
        }
        if self.course.record.state.has_ended() {
            return !self.end().await;
        }
        // Asked again, because the writing took its time.
        if self.hindrance().is_none() {
            let goes_on = self.course.record.state == RolloutState::Running;
            for device in std::mem::take(&mut self.to_tell) {
                if goes_on {
                    self.tell(device, "device");
                } else {
                    // Somebody wished so while it was written.
                    self.course.told(device, Told::Unsent, Instant::now());
                }
            }
            // Nobody flashes anything for that, so it needs nothing written, and goes on whatever is wished.
            let room = TOLD_AT_ONCE.saturating_sub(self.telling.len());
            for device in self.course.next_to_ask(room, Instant::now()) {
                self.tell(device, "check");
            }
        }
        true
    }

    /// Tells a device to fetch the image, as the `device` that does, or for a `check` of what it runs.
    fn tell(&self, device: DeviceId, role: &str) {
        let Active { space, id } = self.active.clone();
        let command = format!("ota:{}?rollout={id}&{role}={device}", self.course.record.url);
        self.telling.push(Box::pin(tell(self.state.clone(), space, device, command)));
    }

    /// Why nobody can be told now.
    fn hindrance(&self) -> Option<&'static str> {
        let held = self.held.borrow().is_some_and(|(term, until)| term == self.term && Instant::now() < until);
        if !held {
            Some("this CDN could not renew its lease in the object store: nobody is told until it or another one can")
        } else if !self.state.bus.is_up() {
            Some("the bus is away: nobody is told until it is back")
        } else {
            None
        }
    }

    fn look_who_is_there(&mut self) {
        if self.course.is_awaited() && self.looking.is_empty() {
            self.looking.push(Box::pin(roster(self.state.clone(), self.active.space.clone())));
        }
    }

    /// Takes in what somebody wishes, and writes what has changed. Reads alone when nothing has, now and then.
    async fn save(&mut self, last: bool) -> Result<Saved, StoreError> {
        let mut changed = self.course.take_changed();
        if !changed && self.read_at.is_some_and(|at| at.elapsed() < READ_EVERY) {
            return Ok(Saved::Yes);
        }
        let written = self.write(&mut changed).await;
        if changed {
            self.course.still_changed();
        }
        if !last && matches!(written, Ok(Saved::Yes)) {
            self.read_at = Some(Instant::now());
        }
        written
    }

    async fn write(&mut self, changed: &mut bool) -> Result<Saved, StoreError> {
        let (space, id) = (&self.active.space, &self.id);
        for _ in 0..TRIES {
            let (bytes, version) = match self.state.documents.read(space, Kind::Rollouts, id).await {
                Ok(found) => found,
                Err(StoreError::NotFound) => {
                    tracing::warn!(rollout.id = %id, "the record of a rollout was removed, and with it the rollout");
                    remove(&self.state.documents, &self.active).await?;
                    return Ok(Saved::Lost);
                }
                Err(error) => return Err(error),
            };
            // One that somebody broke by hand is written anew.
            if let Ok(stored) = serde_json::from_slice::<Record>(&bytes) {
                if stored.runner.as_ref().is_some_and(|runner| runner.term > self.term) {
                    return Ok(Saved::Lost);
                }
                self.course.wish(stored.wanted);
                self.course.advance();
                *changed |= self.course.take_changed();
            }
            if !*changed {
                return Ok(Saved::Yes);
            }
            let bytes = signed(&mut self.course.record, &self.state, self.term);
            let etag = tag_of(&bytes);
            match self.state.documents.write_own(space, Kind::Rollouts, id, bytes, &Condition::Is(version)).await {
                Ok(()) => {
                    *changed = false;
                    let State { news, bus, node, .. } = &*self.state;
                    news.announce(bus, node, space, Kind::Rollouts, id, Some(etag));
                    return Ok(Saved::Yes);
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        // The next turn tries again.
        Err(StoreError::Changed)
    }

    /// It is over and written: takes it out of those under way. `false` to be tried again.
    async fn end(&mut self) -> bool {
        if let Err(error) = remove(&self.state.documents, &self.active).await {
            tracing::debug!(rollout.id = self.active.id, %error, "an ended rollout is still listed");
            return false;
        }
        let record = &self.course.record;
        self.state.metrics.rollout_ended(record.state, &record.counts);
        tracing::info!(
            rollout.id = record.id,
            space.id = %record.space,
            rollout.outcome = record.state.word(),
            rollout.note = record.note,
            "rollout ended"
        );
        true
    }
}

/// Why nobody can be told to fetch the image: it is another one by now than the canary got, or gone.
async fn what_is_wrong_with_the_image(state: &State, record: &Record) -> Option<String> {
    if record.state != RolloutState::Running {
        return None;
    }
    let firmware = &record.firmware;
    let asset = match AssetPath::parse(&firmware.path) {
        Some(path) => state.shelf.lookup(&path, Freshness::Recent).await,
        None => Err(StoreError::NotFound),
    };
    let what = match asset {
        Ok(asset) if asset.hashes.md5.eq_ignore_ascii_case(&firmware.md5) => return None,
        Ok(_) => "another image by now",
        Err(StoreError::NotFound) => "gone",
        // The next write says so as well.
        Err(_) => return None,
    };
    Some(format!("{} is {what}: nobody is told until the one of this rollout is back", firmware.path))
}

/// The record as JSON, with whoever runs it now.
fn signed(record: &mut Record, state: &State, term: u64) -> Bytes {
    record.count();
    record.runner = Some(Runner { node: state.node.clone(), term });
    record.to_json()
}

/// Tells one device something.
async fn tell(state: Arc<State>, space: Space, device: DeviceId, command: String) -> (DeviceId, Told) {
    state.ledger.of(&space).asked(command.len());
    let subject = Subject::Command { space, device };
    let told = match state.bus.request(&subject, command.into(), ANSWER).await {
        Ok(answer) if answer == Bytes::from_static(b"success") => Told::Yes,
        Ok(_) | Err(RequestError::NoResponders) => Told::NotConnected,
        Err(RequestError::Timeout) => Told::Unknown,
        Err(RequestError::Publish(_)) => Told::Unsent,
    };
    (device, told)
}

/// Who is there in a space, as all nodes with devices say; `None` when they could not be asked.
async fn roster(state: Arc<State>, space: Space) -> Option<Roster> {
    state.ledger.of(&space).asked_roster();
    let mut answers = state.bus.gather(&Subject::Roster { space }, Bytes::new()).ok()?;
    let mut found = BTreeMap::new();
    let mut pages_left: BTreeMap<NodeId, u32> = BTreeMap::new();
    let all = async {
        // Nobody knows how many nodes there are: whoever has said nothing for a while has nothing to say.
        while let Some(page) = match timeout(ROSTER_PAUSE, answers.next()).await {
            Ok(page) => page,
            Err(_) if pages_left.is_empty() => return false,
            Err(_) => None,
        } {
            let Ok(page) = serde_json::from_slice::<RosterPage>(&page) else { continue };
            let left = pages_left.entry(page.node).or_insert(page.pages);
            *left = left.saturating_sub(1);
            for entry in page.devices {
                let present = Present { claimed: entry.claimed, last_seen_ms: entry.last_seen_ms };
                // Of two that claim it the later one has it.
                let known = found.entry(entry.id).or_insert(present);
                if present.claimed > known.claimed {
                    *known = present;
                }
            }
        }
        pages_left.values().all(|left| *left == 0)
    };
    let complete = timeout(ROSTER_PATIENCE, all).await.unwrap_or(false);
    Some(Roster { devices: found, complete })
}
