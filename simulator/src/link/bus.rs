//! Devices straight on the bus, as an edge has them: owned, in presence and rosters, reachable by commands, their frames in batches.

use super::{Dropped, Incoming, Kin, LineBytes, Place, Push, To};
use crate::node::{Node, Owner, Reach, SpacePlace, TakeIn};
use bytes::BytesMut;
use grouploop_bridge::{BATCH_FRAMES, DeviceId, LINE_LEN, Owner as _, Slot, Space};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// Time between two frames that a slow link carries.
const SLOW_EVERY_MS: u64 = 500;

/// The devices of one swarm or replay on the bus.
#[derive(Debug)]
pub(crate) struct BusLink {
    space: SpacePlace,
    owner: Arc<Owner>,
    /// Who owns what twins send: another connection, as it would be.
    twin_owner: Arc<Owner>,
    twins: FxHashSet<Place>,
    /// When a device behind a slow link may send again.
    slow: FxHashMap<Place, u64>,
    devices: Vec<Option<Joined>>,
    /// The slot of those that nobody knows yet.
    unknown: Arc<Slot>,
    open: BytesMut,
    /// The time by the clock of the owners, as of the last seal.
    now_ms: u64,
}

/// A device that is there.
#[derive(Debug)]
struct Joined {
    device: DeviceId,
    slot: Arc<Slot>,
}

/// Which devices are unlike the others.
#[derive(Debug, Default)]
pub(crate) struct Special {
    /// They send under the id of another device.
    pub(crate) twins: Vec<Place>,
    /// They are behind a link that carries little.
    pub(crate) slow: Vec<Place>,
}

impl BusLink {
    /// Devices of a space on a node. Commands go to the queue; without one they take none.
    pub(crate) fn new(
        node: &Arc<Node>,
        space: &Space,
        special: &Special,
        commands: Option<mpsc::Sender<Incoming>>,
    ) -> Self {
        let space = SpacePlace::enter(node, space);
        let owner = |kin, commands: Option<mpsc::Sender<Incoming>>| {
            let take_in = commands.map(|commands| -> TakeIn {
                Box::new(move |reach, text| {
                    let to = match reach {
                        Reach::One(device) => To::Device(device),
                        Reach::All => To::All(kin),
                    };
                    commands.try_send(Incoming { to, text }).is_ok()
                })
            });
            Arc::new(Owner::new(node.next_owner(), take_in))
        };
        Self {
            now_ms: space.owners().now_ms(Instant::now()),
            space,
            twin_owner: owner(Kin::Twins, commands.clone()),
            owner: owner(Kin::Own, commands),
            twins: special.twins.iter().copied().collect(),
            slow: special.slow.iter().map(|place| (*place, 0)).collect(),
            devices: Vec::new(),
            unknown: Arc::default(),
            open: BytesMut::new(),
        }
    }

    /// A connection: who is at its end is known with its first frame, or when it says so.
    pub(crate) fn join(&mut self, place: Place, device: DeviceId) {
        let at = place as usize;
        if self.devices.len() <= at {
            self.devices.resize_with(at + 1, || None);
        }
        if let Some(joined) = self.devices.get_mut(at) {
            *joined = Some(Joined { device, slot: self.unknown.clone() });
        }
    }

    pub(crate) fn register(&mut self, place: Place, device: DeviceId) {
        let slot = self.claim(place, device);
        if let Some(Some(joined)) = self.devices.get_mut(place as usize) {
            joined.slot = slot;
        }
    }

    pub(crate) fn leave(&mut self, place: Place, device: DeviceId) {
        if self.devices.get_mut(place as usize).and_then(Option::take).is_some() {
            self.space.owners().release([device], self.owner_of(place).id());
        }
    }

    /// Whether the device is owned here.
    pub(crate) fn owns(&self, place: Place) -> bool {
        let joined = self.devices.get(place as usize).and_then(Option::as_ref);
        joined.is_some_and(|joined| joined.slot.is_owned_by(self.owner_of(place).id()))
    }

    #[inline]
    pub(crate) fn push(&mut self, place: Place, line: &LineBytes) -> Push {
        if !self.slow.is_empty()
            && let Some(next_ms) = self.slow.get_mut(&place)
        {
            if self.now_ms < *next_ms {
                return Push::Dropped(Dropped::SlowLink);
            }
            *next_ms = self.now_ms + SLOW_EVERY_MS;
        }
        let owner = self.owner_of(place).id();
        let Some(Some(joined)) = self.devices.get(place as usize) else {
            return Push::Dropped(Dropped::NotConnected);
        };
        if !joined.slot.note_frame(owner, self.now_ms) {
            self.take_back(place, owner);
        }
        if self.open.capacity() - self.open.len() < LINE_LEN {
            self.open.reserve(BATCH_FRAMES * LINE_LEN);
        }
        self.open.extend_from_slice(line);
        if self.open.len() >= BATCH_FRAMES * LINE_LEN { Push::Full } else { Push::Taken }
    }

    pub(crate) fn seal(&mut self, now: tokio::time::Instant) -> Result<(), Dropped> {
        self.now_ms = self.space.owners().now_ms(now.into_std());
        if self.open.is_empty() {
            return Ok(());
        }
        self.space.publish(self.open.split().freeze()).map_err(Dropped::Bus)
    }

    pub(crate) async fn close(mut self) {
        for place in 0..self.devices.len() {
            if let Some(joined) = self.devices.get_mut(place).and_then(Option::take)
                && let Ok(place) = Place::try_from(place)
            {
                self.space.owners().release([joined.device], self.owner_of(place).id());
            }
        }
    }

    #[inline]
    fn owner_of(&self, place: Place) -> &Arc<Owner> {
        if !self.twins.is_empty() && self.twins.contains(&place) { &self.twin_owner } else { &self.owner }
    }

    fn claim(&self, place: Place, device: DeviceId) -> Arc<Slot> {
        self.space.owners().claim(device, self.owner_of(place), &self.space.member().clock, Instant::now())
    }

    /// Its first frame, or somebody else sent under this id since: a frame takes it back.
    #[cold]
    fn take_back(&mut self, place: Place, owner: u64) {
        let Some(Some(Joined { device, .. })) = self.devices.get(place as usize) else { return };
        let slot = self.claim(place, *device);
        slot.note_frame(owner, self.now_ms);
        if let Some(Some(joined)) = self.devices.get_mut(place as usize) {
            joined.slot = slot;
        }
    }
}
