//! Who owns which device of a space on this node: the newest connection that sent a frame for it.
//!
//! A connection keeps the [`Slot`] of each id that it sent and sees from one atomic whether it is still the owner, so the way of a frame
//! takes no lock. Everything else (taking over, letting go, leaving) happens here, under the lock of the table.

use crate::contest::Contest;
use crate::peer::{Peer, PeerId};
use grouploop_bridge::{DeviceId, OwnershipClock, RosterEntry};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Contested ids that are remembered.
const MAX_CONTESTS: usize = 4096;

/// The hot side of one device: written by its connection with each frame.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    owner: AtomicU64,
    frames: AtomicU64,
    last_seen_ms: AtomicU64,
}

impl Slot {
    /// Whether the connection owns the device now.
    pub(crate) fn is_owned_by(&self, peer: PeerId) -> bool {
        self.owner.load(Ordering::Acquire) == peer
    }

    /// Counts a frame when the connection is the owner. `false` when it has to take the device over first.
    #[inline]
    pub(crate) fn note_frame(&self, peer: PeerId, now_ms: u64) -> bool {
        if self.owner.load(Ordering::Acquire) != peer {
            return false;
        }
        // Only the owner's task writes.
        self.frames.store(self.frames.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.last_seen_ms.store(now_ms, Ordering::Relaxed);
        true
    }
}

/// The devices of a space that are owned here.
#[derive(Debug)]
pub(crate) struct Owners {
    epoch: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    owned: FxHashMap<DeviceId, Entry>,
    /// Ids whose ownership here began or ended since the bus side last looked.
    changed: FxHashSet<DeviceId>,
    contests: FxHashMap<DeviceId, Contest>,
    clashes: Vec<DeviceId>,
}

#[derive(Debug)]
struct Entry {
    slot: Arc<Slot>,
    peer: Arc<Peer>,
    claimed: u64,
    sampled_frames: u64,
    frames_per_second: f32,
}

/// What the bus side has to do.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Devices owned now with the time of the claim, and those gone.
    pub(crate) devices: Vec<(DeviceId, Option<u64>)>,
    /// Clashes that nobody was told of.
    pub(crate) clashes: Vec<DeviceId>,
    /// When to look again for what is held back.
    pub(crate) again_at: Option<Instant>,
}

impl Owners {
    pub(crate) fn new() -> Self {
        Self { epoch: Instant::now(), inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time that [`Slot::note_frame`] wants.
    pub(crate) fn now_ms(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.epoch).as_millis()).unwrap_or(u64::MAX)
    }

    /// Makes the connection the owner. `true` beside it when the bus side has to learn of it.
    pub(crate) fn claim(
        &self,
        device: DeviceId,
        peer: &Arc<Peer>,
        clock: &OwnershipClock,
        now: Instant,
    ) -> (Arc<Slot>, bool) {
        let mut inner = self.lock();
        let Inner { owned, changed, contests, clashes } = &mut *inner;
        if let Some(entry) = owned.get_mut(&device) {
            if entry.peer.id == peer.id {
                return (entry.slot.clone(), false);
            }
            let clash = contest(contests, device, now).is_some_and(|contest| {
                contest.lost_by(entry.peer.id);
                contest.taken_by(peer.id)
            });
            entry.peer.devices.fetch_sub(1, Ordering::Relaxed);
            peer.devices.fetch_add(1, Ordering::Relaxed);
            entry.peer = peer.clone();
            entry.claimed = clock.tick();
            entry.slot.owner.store(peer.id, Ordering::Release);
            if clash {
                clashes.push(device);
            }
            return (entry.slot.clone(), clash);
        }
        if let Some(contest) = contests.get_mut(&device) {
            contest.refresh(now);
            if contest.taken_by(peer.id) {
                clashes.push(device);
            }
            contest.hold(now);
        }
        let slot = Arc::new(Slot::default());
        slot.owner.store(peer.id, Ordering::Release);
        peer.devices.fetch_add(1, Ordering::Relaxed);
        let entry = Entry {
            slot: slot.clone(),
            peer: peer.clone(),
            claimed: clock.tick(),
            sampled_frames: 0,
            frames_per_second: 0.0,
        };
        owned.insert(device, entry);
        changed.insert(device);
        (slot, true)
    }

    /// A connection closes: the device goes, unless another connection owns it meanwhile. `true` when the bus side has to learn of it.
    pub(crate) fn release(&self, device: DeviceId, peer: PeerId) -> bool {
        let mut inner = self.lock();
        if inner.owned.get(&device).is_none_or(|entry| entry.peer.id != peer) {
            return false;
        }
        inner.remove(device);
        true
    }

    /// Another node claims the device at that time: the later claim wins, and of two at the same time the one by the later name.
    pub(crate) fn yield_to(&self, device: DeviceId, claimed: u64, by_later_name: bool, now: Instant) -> Yielded {
        let mut inner = self.lock();
        let Some(entry) = inner.owned.get(&device) else { return Yielded::NotMine };
        if entry.claimed > claimed || (entry.claimed == claimed && !by_later_name) {
            let claimed = entry.claimed;
            let held = inner.contests.get(&device).is_some_and(|contest| contest.held_until(now).is_some());
            return if held { Yielded::Held } else { Yielded::Kept(claimed) };
        }
        let loser = entry.peer.id;
        inner.remove(device);
        if let Some(contest) = contest(&mut inner.contests, device, now) {
            contest.lost_by(loser);
        }
        Yielded::LetGo
    }

    /// The connection that owns the device.
    pub(crate) fn owner(&self, device: DeviceId) -> Option<Arc<Peer>> {
        self.lock().owned.get(&device).map(|entry| entry.peer.clone())
    }

    /// Every device with its connection.
    pub(crate) fn all(&self) -> Vec<(DeviceId, Arc<Peer>)> {
        self.lock().owned.iter().map(|(device, entry)| (*device, entry.peer.clone())).collect()
    }

    /// Every device with the time of its claim.
    pub(crate) fn claims(&self) -> Vec<(DeviceId, u64)> {
        self.lock().owned.iter().map(|(device, entry)| (*device, entry.claimed)).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().owned.len()
    }

    /// What changed since the last call.
    pub(crate) fn take_changes(&self, now: Instant) -> Changes {
        let mut inner = self.lock();
        let Inner { owned, changed, clashes, contests } = &mut *inner;
        let mut changes = Changes { clashes: std::mem::take(clashes), ..Changes::default() };
        changed.retain(|device| {
            let hold = contests.get(device).and_then(|contest| contest.held_until(now));
            if let Some(until) = hold {
                changes.again_at = Some(changes.again_at.map_or(until, |at| at.min(until)));
                return true;
            }
            changes.devices.push((*device, owned.get(device).map(|entry| entry.claimed)));
            false
        });
        changes
    }

    /// Measures the rate of each device; called once a second.
    pub(crate) fn sample(&self, elapsed: Duration) {
        let mut inner = self.lock();
        let seconds = elapsed.as_secs_f32().max(0.001);
        for entry in inner.owned.values_mut() {
            let frames = entry.slot.frames.load(Ordering::Relaxed);
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let rate = frames.wrapping_sub(entry.sampled_frames) as f32 / seconds;
            entry.sampled_frames = frames;
            // Half old, half new: calm to look at, and right after a few seconds.
            entry.frames_per_second =
                if entry.frames_per_second == 0.0 { rate } else { f32::midpoint(entry.frames_per_second, rate) };
        }
    }

    /// The devices as others see them, sorted by id.
    pub(crate) fn roster(&self, now: Instant) -> Vec<RosterEntry> {
        let now_ms = self.now_ms(now);
        let inner = self.lock();
        let mut roster: Vec<RosterEntry> = inner
            .owned
            .iter()
            .map(|(id, entry)| RosterEntry {
                id: *id,
                frames_per_second: (entry.frames_per_second * 10.0).round() / 10.0,
                last_seen_ms: (entry.slot.frames.load(Ordering::Relaxed) > 0)
                    .then(|| now_ms.saturating_sub(entry.slot.last_seen_ms.load(Ordering::Relaxed))),
            })
            .collect();
        drop(inner);
        roster.sort_unstable_by_key(|entry| entry.id);
        roster
    }
}

/// What became of another node's claim.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Yielded {
    /// It is none of ours.
    NotMine,
    /// The other node has it now.
    LetGo,
    /// Ours is later, with this time.
    Kept(u64),
    /// Ours is later; the bus will hear of it in a moment.
    Held,
}

impl Inner {
    fn remove(&mut self, device: DeviceId) {
        if let Some(entry) = self.owned.remove(&device) {
            entry.slot.owner.store(0, Ordering::Release);
            entry.peer.devices.fetch_sub(1, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Pace;

    const ID: DeviceId = DeviceId(0x1a2b);

    fn peer(id: PeerId) -> Arc<Peer> {
        Arc::new(Peer::new(id, Arc::new(Pace::new(Duration::ZERO)), 8))
    }

    #[test]
    fn the_newest_sender_owns_and_a_late_goodbye_evicts_nobody() {
        let (owners, clock, now) = (Owners::new(), OwnershipClock::default(), Instant::now());
        let (one, two) = (peer(1), peer(2));
        let slot = owners.claim(ID, &one, &clock, now).0;
        assert!(slot.note_frame(1, 0) && !slot.note_frame(2, 0));
        owners.claim(ID, &two, &clock, now);
        assert!(!slot.note_frame(1, 0) && slot.note_frame(2, 0));
        assert!(!owners.release(ID, 1), "closing the older takes nothing");
        assert_eq!(owners.owner(ID).unwrap().id, 2);
        owners.claim(ID, &one, &clock, now);
        assert_eq!(owners.owner(ID).unwrap().id, 1, "the older one sends again");
        assert!(owners.release(ID, 1));
        assert!(owners.owner(ID).is_none() && !slot.note_frame(1, 0));
    }

    #[test]
    fn the_later_claim_wins_between_nodes() {
        let (owners, clock, now) = (Owners::new(), OwnershipClock::default(), Instant::now());
        owners.claim(ID, &peer(1), &clock, now);
        let claimed = owners.take_changes(now).devices[0].1.unwrap();
        assert_eq!(owners.yield_to(ID, claimed - 1, true, now), Yielded::Kept(claimed));
        assert_eq!(owners.yield_to(ID, claimed, false, now), Yielded::Kept(claimed));
        assert_eq!(owners.yield_to(ID, claimed, true, now), Yielded::LetGo);
        assert_eq!(owners.yield_to(ID, claimed + 1, false, now), Yielded::NotMine);
        assert_eq!(owners.take_changes(now).devices, vec![(ID, None)]);
    }

    #[test]
    fn a_clash_is_told_once_and_a_device_that_only_moves_is_none() {
        let (owners, clock, now) = (Owners::new(), OwnershipClock::default(), Instant::now());
        for id in 1..50 {
            owners.claim(ID, &peer(id), &clock, now);
        }
        assert!(owners.take_changes(now).clashes.is_empty(), "each time another connection");
        let (one, two) = (peer(100), peer(200));
        for _ in 0..50 {
            owners.claim(ID, &one, &clock, now);
            owners.claim(ID, &two, &clock, now);
        }
        assert_eq!(owners.take_changes(now).clashes, vec![ID]);
    }

    #[test]
    fn a_clash_between_nodes_is_held_back_and_the_last_claim_is_told() {
        let (owners, clock, now) = (Owners::new(), OwnershipClock::default(), Instant::now());
        let one = peer(1);
        let mut told = 0;
        for _ in 0..100 {
            owners.claim(ID, &one, &clock, now);
            told += owners.take_changes(now).devices.len();
            owners.yield_to(ID, clock.now() + 1, true, now);
            told += owners.take_changes(now).devices.len();
        }
        assert!((2..=20).contains(&told), "{told}");
        owners.claim(ID, &one, &clock, now);
        let changes = owners.take_changes(now);
        assert!(changes.devices.is_empty());
        assert_eq!(owners.yield_to(ID, 1, true, now), Yielded::Held);
        let later = changes.again_at.unwrap();
        assert!(matches!(owners.take_changes(later).devices[..], [(ID, Some(_))]));
    }
}
