//! The table of owners: what it says to owners, to other nodes and to the bus side.

use super::owners::{Owners, Yielded};
use super::{Owner, OwnerId};
use crate::frame::DeviceId;
use crate::node::OwnershipClock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const ID: DeviceId = DeviceId(0x1a2b);

/// An owner that takes commands when its number is under 1000.
#[derive(Debug)]
struct Peer {
    id: OwnerId,
    devices: AtomicU64,
}

impl Owner for Peer {
    fn id(&self) -> OwnerId {
        self.id
    }

    fn gained(&self) {
        self.devices.fetch_add(1, Ordering::Relaxed);
    }

    fn lost(&self) {
        self.devices.fetch_sub(1, Ordering::Relaxed);
    }

    fn takes_commands(&self) -> bool {
        self.id < 1000
    }
}

fn peer(id: OwnerId) -> Arc<Peer> {
    Arc::new(Peer { id, devices: AtomicU64::new(0) })
}

#[test]
fn the_newest_sender_owns_and_a_late_goodbye_evicts_nobody() {
    let (owners, clock, now) = (Owners::<Peer>::new(), OwnershipClock::default(), Instant::now());
    let (one, two) = (peer(1), peer(2));
    let slot = owners.claim(ID, &one, &clock, now);
    assert!(slot.note_frame(1, 0) && !slot.note_frame(2, 0));
    owners.claim(ID, &two, &clock, now);
    assert!(!slot.note_frame(1, 0) && slot.note_frame(2, 0));
    assert_eq!(owners.release([ID], 1), 0, "closing the older takes nothing");
    assert_eq!(owners.owner(ID).unwrap().id, 2);
    owners.claim(ID, &one, &clock, now);
    assert_eq!(owners.owner(ID).unwrap().id, 1, "the older one sends again");
    assert_eq!(owners.release([ID], 1), 1);
    assert!(owners.owner(ID).is_none() && !slot.note_frame(1, 0));
    assert_eq!([&one, &two].map(|peer| peer.devices.load(Ordering::Relaxed)), [0, 0], "as many lost as gained");
}

#[test]
fn the_later_claim_wins_between_nodes() {
    let (owners, clock, now) = (Owners::<Peer>::new(), OwnershipClock::default(), Instant::now());
    owners.claim(ID, &peer(1), &clock, now);
    let claimed = owners.take_changes(now).devices[0].1.unwrap().at;
    assert_eq!(owners.yield_to(ID, claimed - 1, true, now), Yielded::Kept(claimed));
    assert_eq!(owners.yield_to(ID, claimed, false, now), Yielded::Kept(claimed));
    assert_eq!(owners.yield_to(ID, claimed, true, now), Yielded::LetGo);
    assert_eq!(owners.yield_to(ID, claimed + 1, false, now), Yielded::NotMine);
    assert_eq!(owners.take_changes(now).devices, vec![(ID, None)]);
}

#[test]
fn a_clash_is_told_once_and_a_device_that_only_moves_is_none() {
    let (owners, clock, now) = (Owners::<Peer>::new(), OwnershipClock::default(), Instant::now());
    for id in 1..50 {
        owners.claim(ID, &peer(id), &clock, now);
    }
    assert!(owners.take_changes(now).clashes.is_empty(), "each time another connection");
    let (one, two) = (peer(100), peer(200));
    for _ in 0..50 {
        owners.claim(ID, &one, &clock, now);
        owners.claim(ID, &two, &clock, now);
    }
    assert_eq!(owners.clashing(now), [ID]);
    assert_eq!(owners.take_changes(now).clashes, vec![ID]);
    let later = now + Duration::from_secs(9);
    assert_eq!(owners.clashing(later), [ID], "told, and going on");
    assert!(owners.clashing(later + Duration::from_secs(2)).is_empty(), "nobody fights any more");
}

#[test]
fn a_clash_ends_when_all_but_one_have_gone() {
    let (owners, clock, now) = (Owners::<Peer>::new(), OwnershipClock::default(), Instant::now());
    let peers = [peer(1), peer(2), peer(3)];
    let fight = |peers: &[Arc<Peer>]| {
        for _ in 0..5 {
            peers.iter().for_each(|peer| drop(owners.claim(ID, peer, &clock, now)));
        }
        owners.clashing(now)
    };
    assert_eq!(fight(&peers), [ID]);
    owners.release([ID], 2);
    assert_eq!(owners.clashing(now), [ID], "two are left");
    // Whether the one that goes has it or not.
    owners.release([ID], 3);
    assert_eq!(owners.clashing(now), []);
    assert_eq!(fight(&peers[..2]), [ID]);
    owners.release([ID], 1);
    assert_eq!(owners.clashing(now), []);
    assert_eq!(fight(&peers[..2]), [ID]);
    owners.release([ID], 77);
    assert_eq!(owners.clashing(now), [ID], "it had nothing to do with it");
    assert_eq!(owners.take_changes(now).clashes, vec![ID], "told once, however often they come and go");
    // Another node fights on with the one that is left.
    assert_eq!(owners.yield_to(ID, u64::MAX, true, now), Yielded::LetGo);
    owners.claim(ID, &peers[0], &clock, now);
    owners.release([ID], 2);
    assert_eq!(owners.clashing(now), [ID]);
}

#[test]
fn a_clash_between_nodes_is_held_back_and_the_last_claim_is_told() {
    let (owners, clock, now) = (Owners::<Peer>::new(), OwnershipClock::default(), Instant::now());
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

#[test]
fn the_bus_side_learns_when_commands_are_taken_by_a_new_owner_and_not_by_the_old_one() {
    let (owners, clock, now) = (Owners::<Peer>::new(), OwnershipClock::default(), Instant::now());
    let takes = |owners: &Owners<Peer>| {
        owners.take_changes(now).devices.first().map(|(_, claim)| claim.unwrap().takes_commands)
    };
    owners.claim(ID, &peer(1), &clock, now);
    assert_eq!(takes(&owners), Some(true));
    owners.claim(ID, &peer(2), &clock, now);
    assert_eq!(takes(&owners), None, "nothing to do");
    owners.claim(ID, &peer(1000), &clock, now);
    assert_eq!(takes(&owners), Some(false));
    owners.claim(ID, &peer(1), &clock, now);
    assert_eq!(takes(&owners), Some(true));
}
