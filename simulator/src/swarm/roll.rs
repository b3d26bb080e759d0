//! The roll of a swarm: who has begun, who is away, and who has which fault. Pure: times in, comings and goings out.

use crate::link::Place;
use crate::scenario::{Amount, Churn, Faults, mixed};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// How long a flapping device has a connection, and how long it then has none.
const FLAP_UP: Duration = Duration::from_secs(5);
const FLAP_DOWN: Duration = Duration::from_secs(2);

/// What is true of one device, as bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark(u16);

impl Mark {
    /// Its first frame has been due.
    const BEGUN: u16 = 1;
    /// It has no connection.
    const AWAY: u16 = 1 << 1;
    /// It is busy with an update.
    const BUSY: u16 = 1 << 2;
    const SILENT: u16 = 1 << 3;
    const MALFORMED: u16 = 1 << 4;
    const SLOW: u16 = 1 << 5;
    const FLAPPING: u16 = 1 << 6;
    const FAILING: u16 = 1 << 7;
    /// It sends under the id of another device.
    const TWIN: u16 = 1 << 8;
    /// No frame of it has gone out.
    const NEW: u16 = 1 << 9;
    const FAULTS: u16 = Self::SILENT | Self::MALFORMED | Self::SLOW | Self::FLAPPING | Self::FAILING;

    fn has(self, bits: u16) -> bool {
        self.0 & bits != 0
    }

    /// Whether its frames go out as they are, without another look.
    #[inline]
    pub(crate) fn is_plain(self) -> bool {
        self.0 & !(Self::FLAPPING | Self::FAILING) == Self::BEGUN
    }

    /// Whether it has begun.
    pub(crate) fn has_begun(self) -> bool {
        self.has(Self::BEGUN)
    }

    /// Whether it is there: begun, and not away.
    pub(crate) fn is_present(self) -> bool {
        self.0 & (Self::BEGUN | Self::AWAY) == Self::BEGUN
    }

    /// Whether it would send now.
    pub(crate) fn sends(self) -> bool {
        self.0 & (Self::BEGUN | Self::AWAY | Self::BUSY | Self::SILENT) == Self::BEGUN
    }

    /// The same, or it would have begun by now.
    pub(crate) fn should_send(self) -> bool {
        self.sends() || !self.has(Self::BEGUN | Self::SILENT)
    }

    pub(crate) fn is_silent(self) -> bool {
        self.has(Self::SILENT)
    }

    pub(crate) fn is_malformed(self) -> bool {
        self.has(Self::MALFORMED)
    }

    pub(crate) fn is_slow(self) -> bool {
        self.has(Self::SLOW)
    }

    pub(crate) fn is_twin(self) -> bool {
        self.has(Self::TWIN)
    }

    pub(crate) fn fails_updates(self) -> bool {
        self.has(Self::FAILING)
    }
}

/// A device that comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// Its connection is gone.
    Leaves(Place),
    /// It is back.
    Returns(Place),
}

/// Who is there.
#[derive(Debug)]
pub(crate) struct Roll {
    marks: Vec<Mark>,
    begun: u32,
    present: u32,
    churn: Churn,
    seed: u64,
    random: Xoshiro256PlusPlus,
    /// When the next device leaves by churn.
    next_leave: Option<Duration>,
    next_storm: Option<Duration>,
    /// Who comes back when.
    returns: BinaryHeap<Reverse<(Duration, Place)>>,
    /// Who flaps away when.
    flaps: BinaryHeap<Reverse<(Duration, Place)>>,
}

impl Roll {
    /// Nobody has begun.
    pub(crate) fn new(devices: usize, seed: u64, churn: Churn, faults: &Faults, now: Duration) -> Self {
        let mut roll = Self {
            marks: vec![Mark::default(); devices],
            begun: 0,
            present: 0,
            churn,
            seed,
            // Not the streams of the bodies: who leaves has nothing to do with how they move.
            random: Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x726f_6c6c),
            next_leave: None,
            next_storm: None,
            returns: BinaryHeap::new(),
            flaps: BinaryHeap::new(),
        };
        roll.set_churn(churn, now);
        roll.set_faults(faults, now);
        roll
    }

    /// What is true of a device; nothing of one that there is not.
    #[inline]
    pub(crate) fn mark(&self, place: Place) -> Mark {
        self.marks.get(place as usize).copied().unwrap_or_default()
    }

    /// Devices that are there.
    pub(crate) fn present(&self) -> u32 {
        self.present
    }

    /// A device is known by its first frame, or because it has none. `false` when it was known before.
    pub(crate) fn appear(&mut self, place: Place) -> bool {
        let Some(mark) = self.marks.get_mut(place as usize).filter(|mark| mark.has(Mark::NEW)) else { return false };
        mark.0 &= !Mark::NEW;
        true
    }

    /// A device's first frame is due: it is there from now on. `false` when it had begun before.
    pub(crate) fn begin(&mut self, place: Place, now: Duration) -> bool {
        let Some(mark) = self.marks.get_mut(place as usize).filter(|mark| !mark.has_begun()) else { return false };
        mark.0 |= Mark::BEGUN | Mark::NEW;
        self.begun += 1;
        self.present += 1;
        if mark.has(Mark::FLAPPING) {
            self.flap_later(place, now);
        }
        true
    }

    /// A device sends under the id of another one, for ever.
    pub(crate) fn set_twin(&mut self, place: Place) {
        if let Some(mark) = self.marks.get_mut(place as usize) {
            mark.0 |= Mark::TWIN;
        }
    }

    /// A device is busy with an update, or no more.
    pub(crate) fn set_busy(&mut self, place: Place, busy: bool) {
        if let Some(mark) = self.marks.get_mut(place as usize) {
            if busy { mark.0 |= Mark::BUSY } else { mark.0 &= !Mark::BUSY }
        }
    }

    /// A device goes for a while. `false` when it is not there.
    pub(crate) fn leave(&mut self, place: Place, until: Duration) -> bool {
        let Some(mark) = self.marks.get_mut(place as usize).filter(|mark| mark.is_present()) else { return false };
        mark.0 |= Mark::AWAY;
        self.present -= 1;
        self.returns.push(Reverse((until, place)));
        true
    }

    /// Another number of devices: new ones have not begun.
    pub(crate) fn resize(&mut self, devices: usize) {
        self.marks.resize(devices, Mark::default());
        self.begun = self.count(Mark::has_begun);
        self.present = self.count(Mark::is_present);
        let is_here = |Reverse((_, place)): &Reverse<(Duration, Place)>| (*place as usize) < devices;
        self.returns.retain(is_here);
        self.flaps.retain(is_here);
    }

    fn count(&self, which: impl Fn(Mark) -> bool) -> u32 {
        u32::try_from(self.marks.iter().filter(|mark| which(**mark)).count()).unwrap_or(u32::MAX)
    }

    /// How they leave from now on.
    pub(crate) fn set_churn(&mut self, churn: Churn, now: Duration) {
        self.churn = churn;
        self.next_leave = None;
        self.next_storm = churn.storm.map(|storm| now.saturating_add(storm.every));
    }

    /// Who has which fault from now on. Who has one keeps it as far as the amounts allow, and however many devices there are.
    pub(crate) fn set_faults(&mut self, faults: &Faults, now: Duration) {
        let flapped: Vec<bool> = self.marks.iter().map(|mark| mark.has(Mark::FLAPPING)).collect();
        for mark in &mut self.marks {
            mark.0 &= !Mark::FAULTS;
        }
        for (amount, bit) in [
            (faults.silent, Mark::SILENT),
            (faults.malformed, Mark::MALFORMED),
            (faults.slow_links, Mark::SLOW),
            (faults.flapping, Mark::FLAPPING),
            (faults.failing_updates, Mark::FAILING),
        ] {
            for place in self.faulty(amount, bit) {
                if let Some(mark) = self.marks.get_mut(place as usize) {
                    mark.0 |= bit;
                    let is_new = flapped.get(place as usize) != Some(&true);
                    if bit == Mark::FLAPPING && is_new && mark.has_begun() {
                        self.flap_later(place, now);
                    }
                }
            }
        }
    }

    /// So many places, those that this fault comes to first.
    fn faulty(&self, amount: Amount, fault: u16) -> Vec<Place> {
        let devices = u32::try_from(self.marks.len()).unwrap_or(u32::MAX);
        let count = amount.of(devices) as usize;
        if count == 0 {
            return Vec::new();
        }
        let turn = |place: Place| mixed(self.seed ^ u64::from(fault) << 48 ^ u64::from(place));
        let mut places: Vec<Place> = (0..devices).collect();
        if count < places.len() {
            places.select_nth_unstable_by_key(count, |place| turn(*place));
        }
        places.truncate(count);
        places
    }

    /// So many places, at random.
    pub(crate) fn some(&mut self, amount: Amount) -> Vec<Place> {
        let devices = u32::try_from(self.marks.len()).unwrap_or(u32::MAX);
        let count = amount.of(devices);
        if count == 0 {
            return Vec::new();
        }
        let mut places: Vec<Place> = (0..devices).collect();
        for turn in 0..count {
            let other = turn + self.below(devices - turn);
            places.swap(turn as usize, other as usize);
        }
        places.truncate(count as usize);
        places
    }

    /// A number from 0 to below another, which is not 0.
    fn below(&mut self, limit: u32) -> u32 {
        // 64 random bits over a 32-bit range: the error is below 2^-32. It fits: it is below `limit`.
        u32::try_from((u128::from(self.random.next_u64()) * u128::from(limit)) >> 64).unwrap_or_default()
    }

    fn flap_later(&mut self, place: Place, now: Duration) {
        // Not all in step: the first time after a part of the time.
        let part = self.below(1000);
        self.flaps.push(Reverse((now.saturating_add(FLAP_UP * part / 1000), place)));
    }

    /// Who comes and goes up to now, in order.
    pub(crate) fn moves(&mut self, now: Duration, mut out: impl FnMut(Move)) {
        while let Some(place) = due(&mut self.returns, now) {
            if let Some(mark) = self.marks.get_mut(place as usize).filter(|mark| mark.has(Mark::AWAY)) {
                mark.0 &= !Mark::AWAY;
                self.present += 1;
                out(Move::Returns(place));
            }
        }
        while let Some(place) = due(&mut self.flaps, now) {
            if !self.mark(place).has(Mark::FLAPPING) {
                continue;
            }
            if self.leave(place, now.saturating_add(FLAP_DOWN)) {
                out(Move::Leaves(place));
            }
            self.flaps.push(Reverse((now.saturating_add(FLAP_DOWN + FLAP_UP), place)));
        }
        self.churn_moves(now, &mut out);
        if let (Some(storm), Some(at)) = (self.churn.storm, self.next_storm)
            && at <= now
        {
            for place in self.some(storm.devices) {
                if self.leave(place, now.saturating_add(self.churn.away)) {
                    out(Move::Leaves(place));
                }
            }
            self.next_storm = Some(now.saturating_add(storm.every));
        }
    }

    /// Each device leaves at random moments: together that is one stream of moments, each of which hits one of them.
    fn churn_moves(&mut self, now: Duration, out: &mut impl FnMut(Move)) {
        let per_second = self.churn.leave_per_minute / 60.0 * f64::from(self.begun);
        if per_second <= 0.0 {
            self.next_leave = None;
            return;
        }
        let mut next = match self.next_leave {
            Some(at) => at,
            None => now.saturating_add(self.pause(per_second)),
        };
        while next <= now {
            let devices = u32::try_from(self.marks.len()).unwrap_or(u32::MAX);
            let place = self.below(devices.max(1));
            // One that is away or has not begun is left alone: others come to its moments as often.
            if self.leave(place, now.saturating_add(self.churn.away)) {
                out(Move::Leaves(place));
            }
            next = next.saturating_add(self.pause(per_second));
        }
        self.next_leave = Some(next);
    }

    /// The time to the next of events that happen so often.
    fn pause(&mut self, per_second: f64) -> Duration {
        let uniform = (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        Duration::try_from_secs_f64(-libm::log(1.0 - uniform) / per_second).unwrap_or(Duration::MAX)
    }
}

/// The next place in a heap whose time has come.
fn due(heap: &mut BinaryHeap<Reverse<(Duration, Place)>>, now: Duration) -> Option<Place> {
    let Reverse((at, place)) = *heap.peek()?;
    (at <= now).then(|| {
        heap.pop();
        place
    })
}

#[cfg(test)]
mod tests;
