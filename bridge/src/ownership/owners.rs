//! Who owns which device of a space on this node: the newest [`Owner`] that sent a frame for it.
//!
//! An owner keeps the [`Slot`] of each id that it sent and sees from one atomic whether it is still the owner, so the way of a frame
//! takes no lock. Everything else (taking over, letting go, leaving) happens here, under the lock of the table.

use super::contest::Contest;
use super::{Owner, OwnerId, Slot};
use crate::frame::DeviceId;
use crate::node::{OwnershipClock, RosterEntry, SILENT_AFTER};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Contested ids that are remembered.
const MAX_CONTESTS: usize = 4096;

/// The devices of a space that are owned here.
#[derive(Debug)]
pub struct Owners<O> {
    epoch: Instant,
    inner: Mutex<Inner<O>>,
    /// Wakes the bus side: there is something to bring it in line with.
    changed: Notify,
}

#[derive(Debug)]
struct Inner<O> {
    owned: FxHashMap<DeviceId, Entry<O>>,
    /// Ids of which the bus side has to learn: their ownership here began or ended since it last looked.
    changed: FxHashSet<DeviceId>,
    contests: FxHashMap<DeviceId, Contest>,
    clashes: Vec<DeviceId>,
    /// Devices that were silent at the last look.
    silent: usize,
}

#[derive(Debug)]
struct Entry<O> {
    slot: Arc<Slot>,
    owner: Arc<O>,
    claimed: u64,
    /// Since when somebody here owns it.
    since: Instant,
    sampled_frames: u64,
    frames_per_second: f32,
}

/// What the bus side has to do.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Devices owned now, and those gone.
    pub(super) devices: Vec<(DeviceId, Option<Claim>)>,
    /// Clashes that nobody was told of.
    pub(super) clashes: Vec<DeviceId>,
    /// When to look again for what is held back.
    pub(super) again_at: Option<Instant>,
}

/// That a device is owned here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// Since when, by the [`OwnershipClock`].
    pub(super) at: u64,
    /// [`Owner::takes_commands`] of its owner.
    pub(super) takes_commands: bool,
}

impl<O: Owner> Default for Owners<O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O: Owner> Owners<O> {
    /// Nobody owns anything.
    #[must_use]
    pub fn new() -> Self {
        let inner = Inner {
            owned: FxHashMap::default(),
            changed: FxHashSet::default(),
            contests: FxHashMap::default(),
            clashes: Vec::new(),
            silent: 0,
        };
        Self { epoch: Instant::now(), inner: Mutex::new(inner), changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<O>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time that [`Slot::note_frame`] wants.
    #[inline]
    pub fn now_ms(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.epoch).as_millis()).unwrap_or(u64::MAX)
    }

    /// Wakes the bus side, to look again at what the host wants of it. The methods here do it by themselves.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// Returns when the bus side was woken.
    pub(super) async fn woken(&self) {
        self.changed.notified().await;
    }

    /// Makes this one the owner, whoever was it before, and returns what it keeps for its frames.
    pub fn claim(&self, device: DeviceId, owner: &Arc<O>, clock: &OwnershipClock, now: Instant) -> Arc<Slot> {
        let (slot, tell_bus) = self.lock().claim(device, owner, clock, now);
        if tell_bus {
            self.wake();
        }
        slot
    }

    /// This one goes, or some of its devices: they are gone, unless another owns them meanwhile. Returns how many went.
    pub fn release(&self, devices: impl IntoIterator<Item = DeviceId>, owner: OwnerId) -> usize {
        let release = |device: &DeviceId| {
            let mut inner = self.lock();
            let is_owned = inner.owned.get(device).is_some_and(|entry| entry.owner.id() == owner);
            if is_owned {
                inner.remove(*device);
            }
            let Inner { owned, contests, .. } = &mut *inner;
            let left = owned.get(device).map(|entry| entry.owner.id());
            if let Some(contest) = contests.get_mut(device) {
                contest.left_by(owner, left);
            }
            is_owned
        };
        let released = devices.into_iter().filter(release).count();
        if released > 0 {
            self.wake();
        }
        released
    }

    /// Another node claims the device at that time: the later claim wins, and of two at the same time the one by the later name.
    pub(super) fn yield_to(&self, device: DeviceId, claimed: u64, by_later_name: bool, now: Instant) -> Yielded {
        let mut inner = self.lock();
        let Some(entry) = inner.owned.get(&device) else { return Yielded::NotMine };
        if entry.claimed > claimed || (entry.claimed == claimed && !by_later_name) {
            let claimed = entry.claimed;
            let held = inner.contests.get(&device).is_some_and(|contest| contest.held_until(now).is_some());
            return if held { Yielded::Held } else { Yielded::Kept(claimed) };
        }
        let loser = entry.owner.id();
        inner.remove(device);
        if let Some(contest) = contest(&mut inner.contests, device, now) {
            contest.lost_to_far(loser);
        }
        Yielded::LetGo
    }

    /// Who owns the device.
    pub fn owner(&self, device: DeviceId) -> Option<Arc<O>> {
        self.lock().owned.get(&device).map(|entry| entry.owner.clone())
    }

    /// Every device with its owner.
    pub fn all(&self) -> Vec<(DeviceId, Arc<O>)> {
        self.lock().owned.iter().map(|(device, entry)| (*device, entry.owner.clone())).collect()
    }

    /// Every device with the time of its claim.
    pub(super) fn claims(&self) -> Vec<(DeviceId, u64)> {
        self.lock().owned.iter().map(|(device, entry)| (*device, entry.claimed)).collect()
    }

    /// Devices that are owned here.
    pub fn len(&self) -> usize {
        self.lock().owned.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What changed since the last call.
    pub(super) fn take_changes(&self, now: Instant) -> Changes {
        let mut inner = self.lock();
        let Inner { owned, changed, clashes, contests, .. } = &mut *inner;
        let mut changes = Changes { clashes: std::mem::take(clashes), ..Changes::default() };
        changed.retain(|device| {
            let hold = contests.get(device).and_then(|contest| contest.held_until(now));
            if let Some(until) = hold {
                changes.again_at = Some(changes.again_at.map_or(until, |at| at.min(until)));
                return true;
            }
            changes.devices.push((*device, owned.get(device).map(Entry::claim)));
            false
        });
        changes
    }

    /// Measures the rate of each device and counts the silent ones; to be called once a second, with the time since the last call.
    pub fn sample(&self, elapsed: Duration) {
        let now = Instant::now();
        let now_ms = self.now_ms(now);
        let silent_since = now_ms.saturating_sub(u64::try_from(SILENT_AFTER.as_millis()).unwrap_or(u64::MAX));
        let mut inner = self.lock();
        let mut silent = 0;
        let seconds = elapsed.as_secs_f32().max(0.001);
        for entry in inner.owned.values_mut() {
            let frames = entry.slot.frames();
            let is_silent = match entry.slot.last_seen_ms() {
                Some(seen_ms) => seen_ms < silent_since,
                None => now.saturating_duration_since(entry.since) > SILENT_AFTER,
            };
            silent += usize::from(is_silent);
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let rate = frames.wrapping_sub(entry.sampled_frames) as f32 / seconds;
            entry.sampled_frames = frames;
            // Half old, half new: calm to look at, and right after a few seconds.
            entry.frames_per_second =
                if entry.frames_per_second == 0.0 { rate } else { f32::midpoint(entry.frames_per_second, rate) };
        }
        inner.silent = silent;
    }

    /// Devices that had sent no frame for [`SILENT_AFTER`], or since they came, when it was last [looked](Owners::sample).
    pub fn silent(&self) -> usize {
        self.lock().silent
    }

    /// Devices under whose id two live owners send now, sorted by id.
    pub fn clashing(&self, now: Instant) -> Vec<DeviceId> {
        let inner = self.lock();
        let clashing = inner.contests.iter().filter(|(_, contest)| contest.is_clash(now));
        let mut devices: Vec<DeviceId> = clashing.map(|(device, _)| *device).collect();
        drop(inner);
        devices.sort_unstable();
        devices
    }

    /// The devices as others see them, sorted by id.
    pub fn roster(&self, now: Instant) -> Vec<RosterEntry> {
        let now_ms = self.now_ms(now);
        let inner = self.lock();
        let mut roster: Vec<RosterEntry> = inner
            .owned
            .iter()
            .map(|(id, entry)| {
                let last_seen_ms = entry.slot.last_seen_ms().map(|seen_ms| now_ms.saturating_sub(seen_ms));
                let there_ms = now.saturating_duration_since(entry.since).as_millis();
                RosterEntry {
                    id: *id,
                    frames_per_second: (entry.frames_per_second * 10.0).round() / 10.0,
                    last_seen_ms,
                    claimed: entry.claimed,
                    mute_ms: last_seen_ms.is_none().then(|| u64::try_from(there_ms).unwrap_or(u64::MAX)),
                }
            })
            .collect();
        drop(inner);
        roster.sort_unstable_by_key(|entry| entry.id);
        roster
    }
}

/// What became of another node's claim.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Yielded {
    /// It is none of ours.
    NotMine,
    /// The other node has it now.
    LetGo,
    /// Ours is later, with this time.
    Kept(u64),
    /// Ours is later; the bus will hear of it in a moment.
    Held,
}

impl<O: Owner> Entry<O> {
    fn claim(&self) -> Claim {
        Claim { at: self.claimed, takes_commands: self.owner.takes_commands() }
    }
}

impl<O: Owner> Inner<O> {
    /// `true` beside the slot when the bus side has to learn of it.
    fn claim(&mut self, device: DeviceId, owner: &Arc<O>, clock: &OwnershipClock, now: Instant) -> (Arc<Slot>, bool) {
        let Self { owned, changed, contests, clashes, .. } = self;
        if let Some(entry) = owned.get_mut(&device) {
            if entry.owner.id() == owner.id() {
                return (entry.slot.clone(), false);
            }
            let clash = contest(contests, device, now).is_some_and(|contest| {
                contest.lost_by(entry.owner.id());
                contest.taken_by(owner.id())
            });
            // Then the interest in its commands begins or ends.
            let switched = entry.owner.takes_commands() != owner.takes_commands();
            entry.owner.lost();
            owner.gained();
            entry.owner = owner.clone();
            entry.claimed = clock.tick();
            entry.slot.set_owner(owner.id());
            if clash {
                clashes.push(device);
            }
            if switched {
                changed.insert(device);
            }
            return (entry.slot.clone(), clash || switched);
        }
        if let Some(contest) = contests.get_mut(&device) {
            contest.refresh(now);
            if contest.taken_by(owner.id()) {
                clashes.push(device);
            }
            contest.hold(now);
        }
        let slot = Arc::new(Slot::default());
        slot.set_owner(owner.id());
        owner.gained();
        let entry = Entry {
            slot: slot.clone(),
            owner: owner.clone(),
            claimed: clock.tick(),
            since: now,
            sampled_frames: 0,
            frames_per_second: 0.0,
        };
        owned.insert(device, entry);
        changed.insert(device);
        (slot, true)
    }

    fn remove(&mut self, device: DeviceId) {
        if let Some(entry) = self.owned.remove(&device) {
            entry.slot.set_owner(super::NOBODY);
            entry.owner.lost();
            self.changed.insert(device);
        }
    }
}

/// The contest for a device, made when there is none and room for it.
fn contest(contests: &mut FxHashMap<DeviceId, Contest>, device: DeviceId, now: Instant) -> Option<&mut Contest> {
    if contests.len() >= MAX_CONTESTS && !contests.contains_key(&device) {
        contests.retain(|_, contest| !contest.is_over(now));
        if contests.len() >= MAX_CONTESTS {
            return None;
        }
    }
    let contest = contests.entry(device).or_insert_with(|| Contest::new(now));
    contest.refresh(now);
    Some(contest)
}
