//! One rollout, driven: what happens comes in from the bus and the store, the [course](super::course) decides, and what follows goes out.
//!
//! Twice a second at most the record is written, and always before a device is told: so whoever takes over knows of it.

use super::active::{Active, remove};
use super::course::{Course, Present, Told};
use super::record::{Record, Runner, State as RolloutState};
use crate::spaces::{DocumentId, Kind, tag_of};
use crate::state::State;
use crate::store::{Condition, StoreError};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use grouploop_bridge::{Bus, DeviceId, Download, NodeId, RequestError, RosterPage, Space, Subject};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Time between two turns.
const TURN: Duration = Duration::from_millis(500);
/// Time between two looks at who is there, and at the record when there is nothing to write.
const ROSTER_EVERY: Duration = Duration::from_secs(1);
const READ_EVERY: Duration = Duration::from_secs(2);
/// Time for a node to say that a command was written to the connection of its device; an edge has 2 s for it.
const ANSWER: Duration = Duration::from_secs(5);
/// Time for one more page of a roster, and for all of them.
const ROSTER_PAUSE: Duration = Duration::from_millis(300);
const ROSTER_PATIENCE: Duration = Duration::from_secs(2);
/// Devices that are told at the same time.
const TOLD_AT_ONCE: usize = 256;
/// Tries to write when somebody else writes too.
const TRIES: usize = 5;

/// A download that somebody reported.
pub(super) type Report = (NodeId, Download);
/// Our term while the lease is held, and until when it surely is.
pub(super) type Held = Option<(u64, Instant)>;

/// What a drive is started with.
pub(super) struct Drive {
    state: Arc<State>,
    active: Active,
    id: DocumentId,
    term: u64,
    held: watch::Receiver<Held>,
    reports: mpsc::Receiver<Report>,
    nudge: Arc<Notify>,
    course: Course,
    /// Who counts as told and is not yet.
    to_tell: Vec<DeviceId>,
    telling: FuturesUnordered<BoxFuture<'static, (DeviceId, Told)>>,
    roster_at: Option<Instant>,
    read_at: Option<Instant>,
}

/// What came of writing the record.
#[derive(Debug, PartialEq, Eq)]
enum Saved {
    Yes,
    /// It is another one's by now, or gone.
    Lost,
}

impl Drive {
    /// Takes a rollout up; `None` when there is nothing of it to run.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn new(
        state: Arc<State>,
        active: Active,
        term: u64,
        held: watch::Receiver<Held>,
        reports: mpsc::Receiver<Report>,
        nudge: Arc<Notify>,
    ) -> Result<Option<Self>, StoreError> {
        let Ok(id) = active.id.parse::<DocumentId>() else { return Ok(None) };
        let record = match state.documents.read(&active.space, Kind::Rollouts, &id).await {
            Ok((bytes, _)) => serde_json::from_slice::<Record>(&bytes).ok(),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error),
        };
        let Some(record) = record.filter(|record| !record.state.has_ended()) else { return Ok(None) };
        let course = Course::take_up(record, Instant::now());
        Ok(Some(Self {
            state,
            active,
            id,
            term,
            held,
            reports,
            nudge,
            course,
            to_tell: Vec::new(),
            telling: FuturesUnordered::new(),
            roster_at: None,
            read_at: None,
        }))
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
                Some((node, download)) = self.reports.recv() => {
                    self.course.downloaded(&node, &download, Instant::now());
                }
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
        if hindrance.is_none() {
            self.look_who_is_there().await;
            self.course.tick(Instant::now());
            self.course.advance();
            let room = TOLD_AT_ONCE.saturating_sub(self.telling.len() + self.to_tell.len());
            if self.roster_at.is_some() {
                self.to_tell.extend(self.course.next_to_tell(room, Instant::now()));
            }
        }
        match self.save(false).await {
            Ok(Saved::Yes) => {}
            Ok(Saved::Lost) => return false,
            Err(StoreError::Changed) => return true,
            Err(error) => {
                let why = format!("the object store does not answer ({error}): nobody is told until it does");
                self.course.hold(Some(&why), Instant::now());
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
                    let (bus, url) = (self.state.bus.clone(), self.course.record.url.clone());
                    self.telling.push(Box::pin(tell(bus, self.active.clone(), device, url)));
                } else {
                    // Somebody wished so while it was written.
                    self.course.told(device, Told::Unsent, Instant::now());
                }
            }
        }
        true
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

    async fn look_who_is_there(&mut self) {
        if self.roster_at.is_some_and(|at| at.elapsed() < ROSTER_EVERY) {
            return;
        }
        if let Some(roster) = roster(&self.state.bus, &self.active.space).await {
            let now = Instant::now();
            self.roster_at = Some(now);
            self.course.present(&roster, now);
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
                    remove(self.state.documents.store(), &self.active).await?;
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
            let record = &mut self.course.record;
            record.count();
            record.runner = Some(Runner { node: self.state.node.clone(), term: self.term });
            let bytes = record.to_json();
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
        if let Err(error) = remove(self.state.documents.store(), &self.active).await {
            tracing::debug!(rollout.id = self.active.id, %error, "an ended rollout is still listed");
            return false;
        }
        let record = &self.course.record;
        self.state.metrics.rollout_ended(record.state.word(), &record.counts);
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

/// Tells one device to update.
async fn tell(bus: Bus, active: Active, device: DeviceId, url: String) -> (DeviceId, Told) {
    let Active { space, id } = active;
    let command = format!("ota:{url}?rollout={id}&device={device}");
    let subject = Subject::Command { space, device };
    let told = match bus.request(&subject, command.into(), ANSWER).await {
        Ok(answer) if answer == Bytes::from_static(b"success") => Told::Yes,
        Ok(_) | Err(RequestError::NoResponders) => Told::NotConnected,
        // It may have been told.
        Err(RequestError::Timeout) => Told::Yes,
        Err(RequestError::Publish(_)) => Told::Unsent,
    };
    (device, told)
}

/// Who is there in a space, as all nodes with devices say; `None` when they could not be asked.
async fn roster(bus: &Bus, space: &Space) -> Option<BTreeMap<DeviceId, Present>> {
    let mut answers = bus.gather(&Subject::Roster { space: space.clone() }, Bytes::new()).ok()?;
    let mut found = BTreeMap::new();
    let all = async {
        // Nobody knows how many nodes there are: whoever has said nothing for a while has nothing to say.
        while let Ok(Some(page)) = timeout(ROSTER_PAUSE, answers.next()).await {
            let Ok(page) = serde_json::from_slice::<RosterPage>(&page) else { continue };
            for entry in page.devices {
                let present = Present { claimed: entry.claimed, last_seen_ms: entry.last_seen_ms };
                // Of two that claim it the later one has it.
                let known = found.entry(entry.id).or_insert(present);
                if present.claimed > known.claimed {
                    *known = present;
                }
            }
        }
    };
    let _ = timeout(ROSTER_PATIENCE, all).await;
    Some(found)
}
