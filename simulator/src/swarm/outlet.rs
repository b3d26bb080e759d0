//! Where the frames of a swarm go out: those of devices that are there, each as its device sends it, faults included.

use super::counts::Counts;
use super::frames::DueFrame;
use super::roll::Roll;
use super::watched::Notes;
use crate::link::{Dropped, LineBytes, Link, Place, Push, Special};
use crate::scenario::Swarm;
use grouploop_bridge::{DeviceId, LINE_LEN};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A frame that goes this much after its time is late.
const ON_TIME: Duration = Duration::from_millis(25);
/// Frames between two looks at the clock in a round.
const LOOK_EVERY: u32 = 256;
/// Malformed lines: of a frame's length but not in hex, what is left of a frame that was cut, and a word.
const MALFORMED: [&str; 3] = ["zzzz8080ff0011223300", "1a2b80", "frame?"];

/// The way out of one swarm.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) link: Link,
    pub(crate) roll: Roll,
    /// Under which id each place sends: its own but for twins.
    pub(crate) ids: Vec<DeviceId>,
    /// The ids of twins, as they stand in a frame.
    twins: FxHashMap<Place, [u8; 4]>,
    began: Instant,
    counts: Arc<Counts>,
    round: Round,
    /// Those that appeared since somebody looked, by the id under which they send.
    pub(crate) appeared: Vec<DeviceId>,
}

/// What the current round of sending has come to.
#[derive(Debug, Default)]
struct Round {
    /// As of the last look at the clock, since the swarm began.
    now: Duration,
    scheduled: u64,
    late: u64,
    sent: u64,
    /// Pushed since the last seal.
    open: u64,
    /// Pushed since the last look at the clock.
    since_look: u32,
}

/// Who is who in a swarm, before anything runs.
#[derive(Debug)]
pub(crate) struct Cast {
    roll: Roll,
    ids: Vec<DeviceId>,
    twins: FxHashMap<Place, [u8; 4]>,
}

impl Cast {
    pub(crate) fn new(plan: &Swarm) -> Self {
        let mut roll = Roll::new(plan.ids.len(), plan.world.seed, plan.churn, &plan.faults, Duration::ZERO);
        let (ids, twins) = with_twins(plan, &mut roll);
        Self { roll, ids, twins }
    }

    /// Those that a link has to know of.
    pub(crate) fn special(&self) -> Special {
        let all = (0..).take(self.ids.len());
        Special {
            twins: self.twins.keys().copied().collect(),
            slow: all.filter(|place| self.roll.mark(*place).is_slow()).collect(),
        }
    }
}

impl Outlet {
    pub(crate) fn new(cast: Cast, began: Instant, link: Link, counts: Arc<Counts>) -> Self {
        let Cast { roll, ids, twins } = cast;
        Self { link, roll, ids, twins, began, counts, round: Round::default(), appeared: Vec::new() }
    }

    /// A device appears, for the first time or again.
    pub(crate) fn join(&mut self, place: Place) {
        if let Some(device) = self.ids.get(place as usize) {
            self.link.join(place, *device);
            if self.roll.mark(place).is_silent() {
                self.link.register(place, *device);
            }
        }
    }

    /// A device disappears.
    pub(crate) fn leave(&mut self, place: Place) {
        if let Some(device) = self.ids.get(place as usize) {
            self.link.leave(place, *device);
        }
    }

    /// Devices are gone for good: all from a number on.
    pub(crate) fn remove_from(&mut self, devices: usize) {
        if let Some(from) = Place::try_from(devices).ok().filter(|_| devices < self.ids.len()) {
            self.link.remove(from, &self.ids);
            self.ids.truncate(devices);
        }
    }

    /// Who is there and has become silent says who it is: otherwise nobody would know after its next reconnect.
    pub(crate) fn register_silent(&mut self) {
        for (place, device) in (0..).zip(&self.ids) {
            let mark = self.roll.mark(place);
            if mark.is_present() && mark.is_silent() {
                self.link.register(place, *device);
            }
        }
    }

    /// Begins a round.
    pub(crate) fn begin(&mut self, now: Duration) {
        self.round = Round { now, ..Round::default() };
    }

    /// Ends a round: everything goes.
    pub(crate) fn end(&mut self, notes: &mut Option<Notes<'_>>) {
        self.seal(notes);
        self.counts.scheduled.add(self.round.scheduled);
        self.counts.late.add(self.round.late);
        self.counts.sent.add(self.round.sent);
        self.counts.bytes.add(self.round.sent * LINE_LEN as u64);
        let present = u64::from(self.roll.present());
        self.counts.present.set(self.link.connected().unwrap_or(present));
    }

    /// Takes a frame that is due.
    #[inline]
    pub(crate) fn send(&mut self, frame: &DueFrame<'_>, notes: &mut Option<Notes<'_>>) {
        if self.roll.mark(frame.place).is_plain() {
            let _ = self.push(frame, frame.line, notes);
        } else {
            self.send_special(frame, notes);
        }
    }

    /// Of a device that has only now begun, is not there, or has a fault.
    fn send_special(&mut self, frame: &DueFrame<'_>, notes: &mut Option<Notes<'_>>) {
        if self.roll.begin(frame.place, self.round.now) {
            self.join(frame.place);
        }
        let mark = self.roll.mark(frame.place);
        // Who sends no frame is known by none.
        if mark.is_silent() || mark.is_malformed() {
            self.appear(frame.place);
        }
        if !mark.sends() {
            return;
        }
        if mark.is_malformed() {
            self.round.scheduled += 1;
            // Milliseconds since the beginning: the cast keeps the low bits, and any will do.
            let turn = frame.at.as_millis() as usize % MALFORMED.len();
            let line = MALFORMED.get(turn).copied().unwrap_or_default();
            // Sent or not, it is no frame that anybody gets.
            let why = match self.link.push_malformed(frame.place, line) {
                Push::Dropped(why) => why,
                Push::Taken | Push::Full => Dropped::Malformed,
            };
            self.counts.drop_frames(why, 1);
            return;
        }
        let taken = match self.twins.get(&frame.place).copied() {
            None => self.push(frame, frame.line, notes),
            Some(digits) => {
                let mut line: LineBytes = *frame.line;
                if let Some(id) = line.first_chunk_mut::<4>() {
                    *id = digits;
                }
                self.push(frame, &line, notes)
            }
        };
        if taken {
            self.appear(frame.place);
        }
    }

    fn appear(&mut self, place: Place) {
        if self.roll.appear(place) {
            self.appeared.extend(self.ids.get(place as usize));
        }
    }

    /// Whether the frame was taken.
    #[inline]
    fn push(&mut self, frame: &DueFrame<'_>, line: &LineBytes, notes: &mut Option<Notes<'_>>) -> bool {
        self.round.scheduled += 1;
        let pushed = self.link.push(frame.place, line);
        if let Push::Dropped(why) = pushed {
            self.counts.drop_frames(why, 1);
            return false;
        }
        self.round.open += 1;
        self.round.since_look += 1;
        if self.round.since_look >= LOOK_EVERY {
            self.look();
        }
        self.round.late += u64::from(frame.at + ON_TIME < self.round.now);
        if let (Some(notes), Some(device)) = (notes.as_mut(), self.ids.get(frame.place as usize)) {
            notes.push(frame.place, *device, line, self.began + frame.at);
        }
        if pushed == Push::Full {
            self.seal(notes);
        }
        true
    }

    fn look(&mut self) {
        self.round.now = Instant::now().saturating_duration_since(self.began);
        self.round.since_look = 0;
    }

    fn seal(&mut self, notes: &mut Option<Notes<'_>>) {
        let frames = std::mem::take(&mut self.round.open);
        let sealed = self.link.seal(self.began + self.round.now);
        match sealed {
            Ok(()) => {
                self.round.sent += frames;
                if matches!(self.link, Link::Bus(_)) {
                    self.counts.messages.add(u64::from(frames > 0));
                }
            }
            Err(why) => self.counts.drop_frames(why, frames),
        }
        if let Some(notes) = notes {
            if sealed.is_ok() { notes.gone() } else { notes.dropped() }
        }
    }
}

/// The ids to send under: some devices have the id of the next one that keeps its own.
fn with_twins(plan: &Swarm, roll: &mut Roll) -> (Vec<DeviceId>, FxHashMap<Place, [u8; 4]>) {
    let mut ids = plan.ids.clone();
    let mut chosen = roll.some(plan.faults.duplicate_ids);
    // Somebody has to have an id of its own.
    chosen.truncate(ids.len().saturating_sub(1));
    chosen.iter().for_each(|twin| roll.set_twin(*twin));
    let mut twins = FxHashMap::default();
    for twin in chosen {
        let all = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let next = (twin + 1..all).chain(0..twin).find(|place| !roll.mark(*place).is_twin());
        if let (Some(id), Some(mine)) =
            (next.and_then(|place| plan.ids.get(place as usize)), ids.get_mut(twin as usize))
        {
            *mine = *id;
            if let Some(digits) = id.to_string().as_bytes().first_chunk::<4>() {
                twins.insert(twin, *digits);
            }
        }
    }
    (ids, twins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn twins_share_the_id_of_one_that_keeps_its_own() {
        for (amount, twins) in [("0", 0), ("3", 3), ("1.0", 9)] {
            let text = format!("[[swarm]]\ndevices = 10\nfaults = {{ duplicate_ids = {amount} }}");
            let plan = Scenario::parse(&text).unwrap().swarms.remove(0);
            let Cast { ids, twins: shared, .. } = Cast::new(&plan);
            let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
            assert_eq!((distinct.len(), shared.len()), (10 - twins, twins));
            for (place, digits) in shared {
                assert_eq!(ids[place as usize].to_string().as_bytes(), digits);
                assert_ne!(ids[place as usize], plan.ids[place as usize]);
            }
        }
    }
}
