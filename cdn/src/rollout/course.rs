//! The course of a rollout: whom to tell next, and what became of each device. Pure: what happened and the time come in, the record changes.
//!
//! ```text
//!   waiting ─▶ asked ─▶ downloading ─▶ rebooting ─▶ back ─▶ done
//!                │ 304: it runs it already ───────────────────▲
//!                └──────────┴──────────────┴──────────┴─▶ failed, with the step that it hung in
//! ```
//!
//! A device has the new image only when it went away with the whole of it and came back: its connection is a new one in the roster, which
//! says since when each is owned, and frames come over it. Then it is [asked](proof) what it runs.
//!
//! Nothing is concluded from time in which nothing could be heard. After it (the bus was away, another CDN took over) every clock begins
//! anew, and a device of which nothing is heard then is told once more instead of given up: one that has the image answers that it runs it,
//! so nobody flashes it twice. Where nobody is told any more, because the rollout ends, it is asked what it runs.

mod heard;
mod proof;
mod steps;

use super::record::{Device, Record, Runs, State, Step, Wanted, wall_ms};
use grouploop_bridge::{DeviceId, NodeId};
use proof::Question;
use std::collections::BTreeMap;
use std::time::Duration;
use steps::{fail, may_have_it, once_more, set};
use tokio::time::Instant;

/// Time between two tries to reach a device that is not connected.
const AGAIN: Duration = Duration::from_secs(2);
/// A frame that came within this is one of now.
const FRESH_MS: u64 = 1500;

/// What came of telling a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It was written to its connection.
    Yes,
    /// Nobody answered: it was, or it was not.
    Unknown,
    /// It has no connection.
    NotConnected,
    /// The bus did not take it.
    Unsent,
}

/// A device in the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Present {
    /// Since when its connection owns it.
    pub(super) claimed: u64,
    pub(super) last_seen_ms: Option<u64>,
}

/// Who is there.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) devices: BTreeMap<DeviceId, Present>,
    /// Whoever began to answer came to the end: who is not named is not there.
    pub(super) complete: bool,
}

/// What is known of a device beside the record, by this runner.
#[derive(Debug, Clone)]
struct Watched {
    /// When its step began, or the last byte moved.
    since: Instant,
    /// When to try again to reach it, and since when that is tried.
    again_at: Option<Instant>,
    unreached_since: Option<Instant>,
    /// Something may have been missed.
    missed: bool,
    /// The download that counts, and since when it is whole.
    download: Option<(NodeId, u64)>,
    whole_at: Instant,
    /// What it is asked once it is back, how often it was, and over which connection.
    question: Question,
    questions: u32,
    connection: Option<u64>,
    /// It was not there, or it was, when it was looked for last.
    absent: bool,
    sends: bool,
}

impl Watched {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            again_at: None,
            unreached_since: None,
            missed: false,
            download: None,
            whole_at: now,
            question: Question::Unasked,
            questions: 0,
            connection: None,
            absent: false,
            sends: false,
        }
    }
}

/// A rollout under way.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) record: Record,
    watched: Vec<Watched>,
    places: BTreeMap<DeviceId, usize>,
    /// The record has changed since it was [looked at](Self::take_changed).
    changed: bool,
    /// Nothing can be heard or said now.
    held: bool,
}

impl Course {
    /// Takes a rollout up, from its beginning or where another runner left it.
    pub(super) fn take_up(record: Record, now: Instant) -> Self {
        let places = record.devices.iter().enumerate().map(|(place, device)| (device.id, place)).collect();
        let mut watched = vec![Watched::new(now); record.devices.len()];
        for (watched, device) in watched.iter_mut().zip(&record.devices) {
            watched.missed = device.state.is_under_way();
        }
        let mut course = Self { record, watched, places, changed: true, held: false };
        if course.record.state == State::Waiting {
            course.record.state = State::Running;
            course.record.began_ms = Some(wall_ms());
        }
        // What somebody wished before anybody had it holds from the first moment.
        course.wish(course.record.wanted);
        course
    }

    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The record was not written: it has changed still.
    pub(super) fn still_changed(&mut self) {
        self.changed = true;
    }

    /// Nothing can be heard or said for a while, for this reason; `None` when it can again. Then every clock begins anew.
    pub(super) fn hold(&mut self, why: Option<&str>, now: Instant) {
        if self.record.state.has_ended() || (why.is_none() && !self.held) {
            return;
        }
        self.held = why.is_some();
        self.note(why);
        if why.is_none() {
            self.resume(now);
        }
    }

    /// What it waits for, or nothing.
    pub(super) fn note(&mut self, why: Option<&str>) {
        // Why it stopped stays to be read.
        let has_stopped = self.record.state == State::Stopping || self.record.state.has_ended();
        if !has_stopped && self.record.note.as_deref() != why {
            self.record.note = why.map(str::to_owned);
            self.changed = true;
        }
    }

    /// Something may not have been heard, or said: every clock begins anew, and who hangs is told once more, or asked.
    pub(super) fn resume(&mut self, now: Instant) {
        for (watched, device) in self.watched.iter_mut().zip(&self.record.devices) {
            if device.state.is_under_way() {
                watched.since = now;
                watched.missed = true;
                watched.question = Question::Unasked;
                watched.unreached_since = watched.unreached_since.map(|_| now);
            }
        }
    }

    /// What somebody wants of it.
    pub(super) fn wish(&mut self, wanted: Wanted) {
        self.record.wanted = wanted;
        let next = match (self.record.state, wanted) {
            (State::Running, Wanted::Pause) => State::Paused,
            (State::Paused, Wanted::Run) => State::Running,
            (State::Running | State::Paused, Wanted::Abort) => {
                self.skip_rest("the rollout was aborted before its turn");
                State::Aborting
            }
            (state, _) => state,
        };
        if next != self.record.state {
            self.record.state = next;
            self.changed = true;
        }
    }

    /// Whom to tell now, so many at most. They count as told from here on, before they are: so whoever takes over tells nobody twice.
    pub(super) fn next_to_tell(&mut self, most: usize, now: Instant) -> Vec<DeviceId> {
        if self.record.state != State::Running {
            return Vec::new();
        }
        let Some(stage) = self.record.stages.iter().position(|stage| !stage.is_over()) else { return Vec::new() };
        let mut next = Vec::new();
        let devices = self.record.devices.iter_mut().zip(&mut self.watched);
        for (device, watched) in devices.filter(|(device, _)| device.stage == stage) {
            if next.len() >= most {
                break;
            }
            let again = device.state == Step::Asked && watched.again_at.is_some_and(|at| at <= now);
            if again || device.state == Step::Waiting {
                watched.again_at = None;
                watched.since = now;
                watched.download = None;
                // Trying to reach it is not telling it once more.
                device.asked += u32::from(watched.unreached_since.is_none());
                set(device, Step::Asked);
                next.push(device.id);
            }
        }
        self.changed |= !next.is_empty();
        next
    }

    /// Whom to ask now what it runs, so many at most.
    pub(super) fn next_to_ask(&mut self, most: usize, now: Instant) -> Vec<DeviceId> {
        let devices = self.record.devices.iter().zip(&mut self.watched);
        let due = devices.filter_map(|(device, watched)| proof::is_due(device, watched, now).then_some(device.id));
        due.take(most).collect()
    }

    /// Whether it matters who is there.
    pub(super) fn is_awaited(&self) -> bool {
        self.record.state == State::Running || self.record.devices.iter().any(|device| device.state.is_under_way())
    }

    /// What came of telling it, or of asking it what it runs.
    pub(super) fn told(&mut self, id: DeviceId, told: Told, now: Instant) {
        let start = Duration::from_secs(self.record.rules.timeouts.start_s);
        let ends = !matches!(self.record.state, State::Running | State::Paused);
        let Some((device, watched)) = self.at(id) else { return };
        if device.state == Step::Back {
            proof::asked(watched, told, now);
            return;
        }
        // It may have begun to download before its node had answered.
        if device.state != Step::Asked {
            return;
        }
        match told {
            Told::Yes | Told::Unknown => {
                watched.unreached_since = None;
                watched.since = now;
                watched.missed |= told == Told::Unknown;
                return;
            }
            // It was told before, and is asked what came of that.
            _ if ends && device.asked > 1 => {
                watched.missed = true;
                (watched.again_at, watched.unreached_since) = (None, None);
            }
            _ if ends => {
                device.reason = Some("it could not be told before the rollout ended".into());
                set(device, Step::Skipped);
            }
            Told::Unsent => {
                device.asked = device.asked.saturating_sub(u32::from(watched.unreached_since.is_none()));
                if device.asked == 0 && watched.unreached_since.is_none() {
                    set(device, Step::Waiting);
                } else {
                    watched.again_at = Some(now);
                }
            }
            Told::NotConnected => {
                let since = *watched.unreached_since.get_or_insert(now);
                if now.duration_since(since) >= start {
                    fail(device, format!("it was not connected, or took no command, for {} s", start.as_secs()));
                    may_have_it(device);
                } else {
                    watched.again_at = Some(now + AGAIN);
                }
            }
        }
        self.changed = true;
    }

    /// Who is there, as all nodes say.
    pub(super) fn present(&mut self, roster: &Roster, now: Instant) {
        for (device, watched) in self.record.devices.iter_mut().zip(&mut self.watched) {
            let present = roster.devices.get(&device.id);
            watched.sends = present.and_then(|present| present.last_seen_ms).is_some_and(|ms| ms < FRESH_MS);
            let Some(Present { claimed, last_seen_ms }) = present.copied() else {
                watched.absent |= roster.complete;
                continue;
            };
            match device.state {
                Step::Waiting | Step::Asked | Step::Downloading => {
                    // The command went with its old connection; or it restarts with the image already, from a CDN that could not say so.
                    let is_anew = device.claimed.is_some_and(|before| claimed > before);
                    watched.missed |= is_anew && device.state != Step::Waiting && watched.unreached_since.is_none();
                    device.claimed = device.claimed.max(Some(claimed));
                }
                Step::Rebooting => {
                    // An edge that restarted with an earlier clock names an earlier time, and had nobody for a while.
                    let anew = device
                        .claimed
                        .map_or(watched.absent, |before| claimed > before || (watched.absent && claimed != before));
                    if anew {
                        watched.since = now;
                        (watched.question, watched.connection) = (Question::Unasked, Some(claimed));
                        set(device, Step::Back);
                        self.changed = true;
                    }
                }
                Step::Back => {
                    // What it restarts from, should it take the image after all.
                    if !proof::has_whole(device) {
                        device.claimed = device.claimed.max(Some(claimed));
                    }
                    // What was asked over another connection may be lost with it.
                    if watched.connection.replace(claimed).is_some_and(|before| before != claimed) {
                        watched.question = Question::Unasked;
                    }
                    let back_ms = u64::try_from(now.duration_since(watched.since).as_millis()).unwrap_or(u64::MAX);
                    // A frame since it was found back.
                    if last_seen_ms.is_some_and(|ms| ms < back_ms) {
                        proof::sends(watched, now);
                    }
                }
                _ => {}
            }
        }
    }

    /// Time passes: who hangs has failed.
    #[expect(clippy::collapsible_match, reason = "a guard that tells a device once more would do something")]
    pub(super) fn tick(&mut self, now: Instant) {
        if self.record.state == State::Paused {
            self.stand_still(now);
        }
        let timeouts = self.record.rules.timeouts;
        // Nobody is told once more by a rollout that is about to end.
        let goes_on = matches!(self.record.state, State::Running | State::Paused);
        for (device, watched) in self.record.devices.iter_mut().zip(&mut self.watched) {
            let waits = now.saturating_duration_since(watched.since);
            let over = |seconds: u64| waits >= Duration::from_secs(seconds);
            let before = device.state;
            match device.state {
                Step::Asked if watched.again_at.is_some() || watched.unreached_since.is_some() => {}
                Step::Asked if over(timeouts.start_s) => {
                    // Of one that was told twice something was missed the first time.
                    watched.missed |= device.asked > 1;
                    if !(goes_on && once_more(device, watched, now) || proof::prove(device, watched, now)) {
                        let seconds = timeouts.start_s;
                        fail(
                            device,
                            format!("it was told to update, and did not begin to download within {seconds} s"),
                        );
                    }
                }
                Step::Downloading if over(timeouts.stall_s) => {
                    if !(goes_on && once_more(device, watched, now) || proof::prove(device, watched, now)) {
                        let (bytes, size) = (device.bytes.unwrap_or_default(), device.size.unwrap_or_default());
                        let seconds = timeouts.stall_s;
                        fail(device, format!("the download stopped at {bytes} of {size} bytes for {seconds} s"));
                    }
                }
                Step::Rebooting if over(timeouts.settle_s) && watched.sends && !over(timeouts.restart_s) => {
                    device.runs = Runs::Old;
                    fail(device, "it has the whole image and goes on without a restart: it did not take it".into());
                }
                Step::Rebooting if over(timeouts.restart_s) => {
                    let seconds = timeouts.restart_s;
                    fail(device, format!("it has the whole image and did not come back within {seconds} s"));
                }
                Step::Back => proof::tick(device, watched, &timeouts, now),
                _ => {}
            }
            self.changed |= before != device.state;
        }
    }

    /// Nobody is tried meanwhile, so the time of those who cannot be reached does not run.
    pub(super) fn stand_still(&mut self, now: Instant) {
        for watched in &mut self.watched {
            watched.unreached_since = watched.unreached_since.map(|_| now);
        }
    }

    /// Stages end, and with too many failures or after the last one the rollout.
    pub(super) fn advance(&mut self) {
        if self.record.state.has_ended() {
            return;
        }
        self.record.count();
        if matches!(self.record.state, State::Running | State::Paused) {
            let broken = self.record.stages.iter().find(|stage| stage.failed > stage.max_failed);
            if let Some(stage) = broken {
                let (failed, name, most) = (stage.failed, &stage.name, stage.max_failed);
                self.record.note =
                    Some(format!("stopped by its rule: {failed} of {name} failed, and at most {most} may"));
                self.record.state = State::Stopping;
                self.skip_rest("the rollout stopped before its turn");
                self.record.count();
            }
        }
        if self.record.stages.iter().all(super::record::Stage::is_over) {
            self.record.state = match self.record.state {
                State::Stopping => State::Stopped,
                State::Aborting => State::Aborted,
                _ => State::Done,
            };
            self.record.ended_ms = Some(wall_ms());
            self.changed = true;
        }
    }

    /// Nobody else is told.
    fn skip_rest(&mut self, why: &str) {
        for (device, watched) in self.record.devices.iter_mut().zip(&mut self.watched) {
            // Nor who could not be reached so far, nor who was about to be told once more.
            let awaited = device.state == Step::Asked && watched.again_at.take().is_some();
            if awaited && device.asked > 0 && (watched.unreached_since.is_none() || device.asked > 1) {
                watched.missed = true;
                watched.unreached_since = None;
            } else if awaited || device.state == Step::Waiting {
                device.reason = Some(why.to_owned());
                set(device, Step::Skipped);
            }
        }
        self.changed = true;
    }

    fn at(&mut self, id: DeviceId) -> Option<(&mut Device, &mut Watched)> {
        let place = *self.places.get(&id)?;
        Some((self.record.devices.get_mut(place)?, self.watched.get_mut(place)?))
    }
}

#[cfg(test)]
mod tests;
