//! When each frame of a swarm is due. Open loop: it follows from the clock alone, never from what has been sent. Pure.
//!
//! ```text
//!  round 0             round 1             one period = 1 / rate
//!  │d0  d1  d2  d3  d4 │d0  d1  d2 …       device i is i/N of a period behind device 0: a slot for each frame
//!  └──▶ jitter: up to so much later        ramp-up: device i begins at i/N of it
//! ```
//!
//! A schedule that takes another's place goes on at the same point of its round, so that a device neither waits a whole round anew nor sends
//! twice, however often it changes.
//!
//! A window of time is a run of slots, so that whoever looks at windows that follow each other sees every frame once, however long they
//! are, and pays for what is due and for nothing else.

use super::swarm::Swarm;
use std::time::Duration;

/// A frame that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When, since the swarm began.
    pub at: Duration,
    /// The device's place in the swarm.
    pub device: u32,
    /// The round; a device that began later has none of the first ones.
    pub round: u64,
}

/// When the frames of a swarm are due. Times are since the swarm began, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    devices: u64,
    period: u64,
    jitter: u64,
    ramp_up: u64,
    /// No slot at this time or later.
    end: u64,
    /// How much earlier the rounds begin than whole periods after the beginning: less than a period.
    back: u64,
    /// So many devices, the first ones, have appeared whatever the ramp-up says.
    begun: u64,
    seed: u64,
}

/// Where a slot is: a round and a device.
type Slot = (u64, u64);

impl Schedule {
    /// The schedule of a swarm.
    #[must_use]
    pub fn new(swarm: &Swarm) -> Self {
        Self::of_devices(swarm, swarm.ids.len())
    }

    /// The schedule of a swarm that has another number of devices by now.
    #[must_use]
    pub(crate) fn of_devices(swarm: &Swarm, devices: usize) -> Self {
        // 0.1 to 1,000 Hz: a period of 1 ms to 10 s.
        let period = ((1e9 / swarm.rate_hz).round() as u64).clamp(1_000_000, 10_000_000_000);
        Self {
            devices: (devices as u64).clamp(1, u64::from(super::MAX_DEVICES)),
            period,
            jitter: nanos(swarm.jitter).min(period),
            ramp_up: nanos(swarm.ramp_up),
            end: swarm.duration.map_or(u64::MAX, nanos),
            back: 0,
            begun: 0,
            seed: swarm.world.seed,
        }
    }

    /// The schedule of a swarm that was changed, with so many devices, from now on: where the old one is in its round, this one goes on in its
    /// own, and who has appeared stays.
    #[must_use]
    pub(crate) fn going_on(&self, swarm: &Swarm, devices: usize, now: Duration) -> Self {
        let new = Self::of_devices(swarm, devices);
        let now = nanos(now);
        let into_old = u128::from(now.saturating_add(self.back) % self.period);
        // Below a period: both factors of the share are below theirs.
        let into_new = (into_old * u128::from(new.period) / u128::from(self.period)) as u64;
        let back = (into_new + new.period - now % new.period) % new.period;
        let has_begun = |device: &u64| self.begins(*device) <= now;
        // They begin one after the other, so a search finds how many.
        let appeared = (0..self.devices).take_while(has_begun).count() as u64;
        Self { back, begun: appeared.max(self.begun).min(new.devices), ..new }
    }

    /// The same slots, each at its own time.
    #[must_use]
    pub(crate) fn without_jitter(self) -> Self {
        Self { jitter: 0, ..self }
    }

    /// The time between two frames of a device.
    #[must_use]
    pub(crate) fn period(&self) -> Duration {
        Duration::from_nanos(self.period)
    }

    /// How much later than its slot a frame is due.
    #[must_use]
    pub(crate) fn delay(&self, device: u32, round: u64) -> Duration {
        Duration::from_nanos(self.jitter_of(u64::from(device), round))
    }

    /// When the frame of a device in a round is due; `None` when the device has not begun, the swarm is over, or there is no such device.
    #[must_use]
    pub fn due(&self, device: u32, round: u64) -> Option<Duration> {
        let device = u64::from(device);
        if device >= self.devices {
            return None;
        }
        let slot = self.slot_time(round, device)?;
        let slot = self.live(slot, device)?;
        Some(Duration::from_nanos(slot.saturating_add(self.jitter_of(device, round))))
    }

    /// The frames that are due from a time on and before another, in the order of their slots: those of a device in the order of its
    /// rounds.
    pub fn window(&self, from: Duration, to: Duration) -> impl Iterator<Item = Due> + use<> {
        let (from, to) = (nanos(from), nanos(to));
        // Jitter brings slots of a little earlier into the window, and takes late ones out of it.
        let (mut round, mut device) = self.slot_from(from.saturating_sub(self.jitter).saturating_add(self.back));
        let last = self.slot_from(to.min(self.end.saturating_add(self.jitter)).saturating_add(self.back));
        let schedule = *self;
        std::iter::from_fn(move || {
            while from < to && (round, device) < last {
                let (this_round, this_device) = (round, device);
                device += 1;
                if device == schedule.devices {
                    (round, device) = (round + 1, 0);
                }
                let slot = schedule.slot_time(this_round, this_device)?;
                let Some(slot) = schedule.live(slot, this_device) else { continue };
                let at = slot.saturating_add(schedule.jitter_of(this_device, this_round));
                if (from..to).contains(&at) {
                    let device = u32::try_from(this_device).unwrap_or(u32::MAX);
                    return Some(Due { at: Duration::from_nanos(at), device, round: this_round });
                }
            }
            None
        })
    }

    /// Frames in all; `None` when the swarm goes on until it is stopped.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        let rounds_before = |time: u64, device: u64| {
            time.saturating_add(self.back).saturating_sub(self.phase(device)).div_ceil(self.period)
        };
        (self.end != u64::MAX).then(|| {
            (0..self.devices)
                .map(|device| {
                    rounds_before(self.end, device).saturating_sub(rounds_before(self.begins(device), device))
                })
                .fold(0, u64::saturating_add)
        })
    }

    /// When no frame is due any more; `None` when the swarm goes on until it is stopped.
    #[must_use]
    pub fn ends_at(&self) -> Option<Duration> {
        (self.end != u64::MAX).then(|| Duration::from_nanos(self.end.saturating_add(self.jitter)))
    }

    /// How far behind the first device another is.
    fn phase(&self, device: u64) -> u64 {
        // At most 10^10 × 65,536: far within 64 bits.
        device * self.period / self.devices
    }

    /// When a device appears.
    fn begins(&self, device: u64) -> u64 {
        if device < self.begun {
            return 0;
        }
        let begins = u128::from(self.ramp_up) * u128::from(device) / u128::from(self.devices);
        u64::try_from(begins).unwrap_or(u64::MAX)
    }

    /// `None` behind the end of time, some 584 years.
    fn slot_time(&self, round: u64, device: u64) -> Option<u64> {
        round.checked_mul(self.period)?.checked_add(self.phase(device))
    }

    /// The first slot at a time or later.
    fn slot_from(&self, time: u64) -> Slot {
        let (round, rest) = (time / self.period, time % self.period);
        // phase(device) is rounded down, so it is `rest` or more exactly from here on.
        let device = (rest * self.devices).div_ceil(self.period);
        if device == self.devices { (round + 1, 0) } else { (round, device) }
    }

    /// When a slot is, when it is one of a device that has appeared, and not behind the end.
    fn live(&self, slot: u64, device: u64) -> Option<u64> {
        let slot = slot.checked_sub(self.back)?;
        (slot < self.end && (self.ramp_up == 0 || slot >= self.begins(device))).then_some(slot)
    }

    /// The same for the same frame each time, 0 to the most there is.
    fn jitter_of(&self, device: u64, round: u64) -> u64 {
        if self.jitter == 0 {
            return 0;
        }
        let bits = mixed(mixed(self.seed ^ device << 48).wrapping_add(round));
        let scaled = (u128::from(bits) * (u128::from(self.jitter) + 1)) >> 64;
        u64::try_from(scaled).unwrap_or(self.jitter)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Bits that look random, from any number (the finaliser of splitmix64).
pub(crate) fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const SECOND: u64 = 1_000_000_000;

    fn schedule(devices: u64, rate_hz: u64, jitter: u64, ramp_up: u64, end: u64) -> Schedule {
        Schedule { devices, period: SECOND / rate_hz, jitter, ramp_up, end, back: 0, begun: 0, seed: 7 }
    }

    fn all(schedule: &Schedule, ticks: impl Iterator<Item = u64>) -> Vec<Due> {
        let end = schedule.ends_at().unwrap() + Duration::from_nanos(1);
        let mut found = Vec::new();
        let mut from = Duration::ZERO;
        for tick in ticks {
            let to = from + Duration::from_nanos(tick);
            found.extend(schedule.window(from, to));
            if to >= end {
                return found;
            }
            from = to;
        }
        panic!("too few ticks")
    }

    #[test]
    fn no_frame_is_lost_or_doubled_whatever_the_tick() {
        for plan in [
            schedule(1, 20, 0, 0, 2 * SECOND),
            schedule(7, 20, 0, 0, SECOND + 12_345_678),
            schedule(97, 13, 4_000_000, 0, SECOND),
            schedule(97, 13, SECOND / 13, 700_000_000, SECOND),
            schedule(1000, 3, 1, SECOND / 2, SECOND),
            schedule(5, 20, 1_000_000, 9 * SECOND, SECOND),
            Schedule { back: SECOND / 26, ..schedule(97, 13, 4_000_000, 0, SECOND) },
            Schedule { back: 7, begun: 3, ..schedule(10, 20, 0, SECOND / 2, SECOND) },
        ] {
            let expected: BTreeMap<(u32, u64), Duration> = (0..plan.devices as u32)
                .flat_map(|device| (0..60).map(move |round| (device, round)))
                .filter_map(|key| Some((key, plan.due(key.0, key.1)?)))
                .collect();
            assert_eq!(plan.total(), Some(expected.len() as u64), "{plan:?}");
            let odd = (0..).map(|turn| mixed(turn) % 9_000_000);
            let ticks: [Box<dyn Iterator<Item = u64>>; 5] = [
                Box::new(std::iter::repeat(1_000_000)),
                Box::new(std::iter::repeat(3_333_333)),
                Box::new(std::iter::repeat(SECOND / 13)),
                Box::new(std::iter::repeat(u64::MAX / 4)),
                Box::new(odd),
            ];
            for (kind, ticks) in ticks.into_iter().enumerate() {
                let found = all(&plan, ticks);
                assert_eq!(found.len(), expected.len(), "ticks {kind} of {plan:?}");
                let found: BTreeMap<_, _> = found.into_iter().map(|due| ((due.device, due.round), due.at)).collect();
                assert!(found == expected, "ticks {kind} of {plan:?}");
            }
        }
    }

    #[test]
    fn frames_of_a_device_keep_their_order_with_any_jitter() {
        let plan = schedule(9, 20, SECOND / 20, 0, 3 * SECOND);
        for device in 0..9 {
            let times: Vec<Duration> = (0..60).filter_map(|round| plan.due(device, round)).collect();
            assert!(times.len() == 60 && times.is_sorted());
        }
    }

    #[test]
    fn phases_are_spread_and_devices_appear_one_after_the_other() {
        let plan = schedule(10, 10, 0, 0, SECOND);
        let first: Vec<u128> =
            plan.window(Duration::ZERO, Duration::from_millis(100)).map(|due| due.at.as_millis()).collect();
        assert_eq!(first, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
        let slow = schedule(10, 10, 0, 5 * SECOND, 10 * SECOND);
        let begins = |device| (0..100).find_map(|round| slow.due(device, round)).unwrap().as_millis();
        assert_eq!([begins(0), begins(1), begins(9)], [0, 510, 4590]);
    }

    #[test]
    fn jitter_is_spread_over_its_range_and_the_same_each_time() {
        let plan = schedule(1, 20, 10_000_000, 0, u64::MAX);
        let late: Vec<u64> =
            (0..10_000).map(|round| nanos(plan.due(0, round).unwrap()) - round * SECOND / 20).collect();
        let mean = late.iter().sum::<u64>() / 10_000;
        assert!(late.iter().all(|late| *late <= 10_000_000) && (4_800_000..5_200_000).contains(&mean), "{mean}");
        assert!(
            late[..100]
                == (0..100).map(|round| nanos(plan.due(0, round).unwrap()) - round * SECOND / 20).collect::<Vec<_>>()
        );
        assert_ne!(late[0], nanos(Schedule { seed: 8, ..plan }.due(0, 0).unwrap()));
    }

    #[test]
    fn changes_that_come_faster_than_frames_neither_starve_nor_hurry_anybody() {
        let mut swarm =
            crate::scenario::Scenario::parse("[[swarm]]\nrate_hz = 1\ndevices = 100").unwrap().swarms.remove(0);
        let ms = Duration::from_millis;
        let mut plan = Schedule::new(&swarm);
        let mut sent: BTreeMap<u32, u32> = BTreeMap::new();
        for turn in 0..100u64 {
            for due in plan.window(ms(turn * 100), ms(turn * 100 + 100)) {
                *sent.entry(due.device).or_default() += 1;
            }
            swarm.rate_hz = [1.0, 1.25, 0.8][turn as usize % 3];
            plan = plan.going_on(&swarm, 100 + turn as usize % 2, ms(turn * 100 + 100));
        }
        // Ten seconds at about 1 Hz; a device may be passed over or met twice where the number of devices changes.
        let (least, most) = (sent.iter().take(100).map(|(_, sent)| *sent).min(), sent.values().copied().max());
        assert!(least >= Some(7) && most <= Some(13) && sent.len() >= 100, "{least:?} {most:?}");
    }

    #[test]
    fn a_change_in_the_ramp_up_leaves_it_as_it_is() {
        let mut swarm =
            crate::scenario::Scenario::parse("[[swarm]]\nramp_up = \"10s\"\ndevices = 100").unwrap().swarms.remove(0);
        let plan = Schedule::new(&swarm);
        swarm.rate_hz = 10.0;
        let now = Duration::from_secs(5);
        // Half of them by the ramp-up, and never fewer than had appeared.
        for (devices, appeared) in [(100, 50), (200, 100), (60, 50)] {
            let plan = plan.going_on(&swarm, devices, now);
            let in_a_second: std::collections::BTreeSet<u32> =
                plan.window(now, now + Duration::from_millis(100)).map(|due| due.device).collect();
            assert!((appeared..=appeared + 3).contains(&in_a_second.len()), "{devices}: {}", in_a_second.len());
            let later = now + Duration::from_secs(6);
            assert_eq!(plan.window(later, later + Duration::from_millis(100)).count(), devices, "{devices}");
        }
    }

    #[test]
    fn the_end_of_time_is_no_place_to_fall_over() {
        let plan = schedule(65_536, 1000, 1_000_000, u64::MAX, u64::MAX);
        assert_eq!((plan.total(), plan.ends_at()), (None, None));
        assert_eq!(plan.due(65_535, u64::MAX), None);
        assert_eq!(plan.due(65_536, 0), None);
        let late = Duration::from_nanos(u64::MAX - 10);
        assert!(plan.window(late, Duration::MAX).count() <= 65_536 * 2);
        assert_eq!(plan.window(late, Duration::ZERO).count(), 0);
    }
}
