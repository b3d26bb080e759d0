//! The wearables of a swarm: commands come in, states come out. Pure but for the updates, which it only asks for.

use super::counts::Counts;
use super::fetch::{Fetched, Running};
use crate::link::Place;
use crate::scenario::CommandSlot as SlotKind;
use crate::wearable::{Activity, CommandSlot, Outcome, Wearable, WearableState};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// A device that wants an image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) place: Place,
    pub(crate) url: String,
    pub(crate) running: Running,
}

/// All wearables of a swarm, by place.
#[derive(Debug)]
pub(crate) struct Crew {
    kind: SlotKind,
    wearables: Vec<Wearable>,
    slots: FxHashMap<Place, CommandSlot>,
    /// When somebody looks into a slot.
    looks: BinaryHeap<Reverse<(Duration, Place)>>,
    /// What those run that were updated.
    running: FxHashMap<Place, Running>,
}

impl Crew {
    pub(crate) fn new(devices: usize, kind: SlotKind) -> Self {
        Self {
            kind,
            wearables: vec![Wearable::new(); devices],
            slots: FxHashMap::default(),
            looks: BinaryHeap::new(),
            running: FxHashMap::default(),
        }
    }

    /// Another number of devices, or another way to take commands: who stays keeps its state.
    pub(crate) fn change(&mut self, devices: usize, kind: SlotKind) {
        self.wearables.resize(devices, Wearable::new());
        self.kind = kind;
        let stays = |place: &Place| (*place as usize) < devices;
        self.running.retain(|place, _| stays(place));
        self.slots.retain(|place, _| stays(place));
    }

    /// A command arrives at a device that is there.
    pub(crate) fn take(&mut self, place: Place, text: &[u8], now: Duration, counts: &Counts) -> Option<Wish> {
        counts.commands_received.add(1);
        let Some(line) = str::from_utf8(text).ok().filter(|_| self.kind != SlotKind::None) else {
            counts.commands_ignored.add(1);
            return None;
        };
        if self.kind != SlotKind::Single {
            return self.obey(place, line, now, counts);
        }
        let slot = self.slots.entry(place).or_default();
        let (lost, waited) = (slot.lost(), slot.due().is_some());
        let before = slot.put(line, now);
        counts.commands_lost_in_slot.add(slot.lost() - lost);
        if let Some(at) = slot.due().filter(|_| !waited || before.is_some()) {
            self.looks.push(Reverse((at, place)));
        }
        before.and_then(|line| self.obey(place, &line, now, counts))
    }

    /// What waited in slots and has been looked at by now.
    pub(crate) fn look(&mut self, now: Duration, counts: &Counts, mut wishes: impl FnMut(Wish)) {
        while let Some(Reverse((at, place))) = self.looks.peek().copied()
            && at <= now
        {
            self.looks.pop();
            let line = self.slots.get_mut(&place).and_then(|slot| slot.take(now));
            if let Some(wish) = line.and_then(|line| self.obey(place, &line, now, counts)) {
                wishes(wish);
            }
        }
    }

    fn obey(&mut self, place: Place, line: &str, now: Duration, counts: &Counts) -> Option<Wish> {
        match self.wearables.get_mut(place as usize)?.obey(line, now) {
            Outcome::Done => None,
            Outcome::Printed(text) => {
                tracing::debug!(device.place = place, text, "a simulated device prints");
                None
            }
            Outcome::Fetch(url) => {
                counts.updates_started.add(1);
                Some(Wish { place, url, running: self.running.get(&place).cloned().unwrap_or_default() })
            }
            Outcome::Ignored => {
                counts.commands_ignored.add(1);
                None
            }
        }
    }

    /// An update is over. `true` when the device reboots now.
    pub(crate) fn fetched(&mut self, place: Place, image: Fetched, now: Duration, counts: &Counts) -> bool {
        let fetches = |wearable: &&mut Wearable| wearable.activity(now) == Activity::Updating;
        // Another device may have its place by now.
        let Some(wearable) = self.wearables.get_mut(place as usize).filter(fetches) else { return false };
        match image {
            Fetched::Image(image) => {
                counts.updates_succeeded.add(1);
                wearable.updated(&image.version, now);
                self.running.insert(place, image);
                true
            }
            Fetched::Same => {
                counts.updates_unchanged.add(1);
                wearable.update_failed();
                false
            }
            Fetched::Nothing => {
                counts.updates_failed.add(1);
                wearable.update_failed();
                false
            }
        }
    }

    /// What one can see of a device.
    pub(crate) fn state(&self, place: Place, now: Duration) -> WearableState {
        self.wearables.get(place as usize).cloned().unwrap_or_default().state(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn two_commands_at_once_are_one_in_a_single_slot_and_two_in_a_queue() {
        for (kind, lost) in [(SlotKind::Queue, 0), (SlotKind::Single, 1)] {
            let (mut crew, counts) = (Crew::new(2, kind), Counts::default());
            assert_eq!(crew.take(1, b"brightness:77", MS, &counts), None);
            assert_eq!(crew.take(1, b"led:00ff00", 2 * MS, &counts), None);
            crew.look(10 * MS, &counts, |_| unreachable!());
            let state = crew.state(1, 10 * MS);
            assert_eq!(state.color.to_string(), "00ff00");
            assert_eq!(state.brightness == 77, lost == 0);
            assert_eq!((counts.commands_received.get(), counts.commands_lost_in_slot.get()), (2, lost));
        }
    }

    #[test]
    fn a_command_that_nobody_looked_for_is_obeyed_before_the_next() {
        let (mut crew, counts) = (Crew::new(1, SlotKind::Single), Counts::default());
        crew.take(0, b"brightness:77", MS, &counts);
        crew.take(0, b"led:00ff00", 15 * MS, &counts);
        crew.look(20 * MS, &counts, |_| unreachable!());
        let state = crew.state(0, 20 * MS);
        assert_eq!((state.brightness, state.color.to_string().as_str()), (77, "00ff00"));
        assert_eq!(counts.commands_lost_in_slot.get(), 0);
    }

    #[test]
    fn an_update_is_wished_for_once_and_leads_to_another_version() {
        let (mut crew, counts) = (Crew::new(1, SlotKind::Queue), Counts::default());
        let wish = crew.take(0, b"ota:http://x/y.bin", MS, &counts).unwrap();
        assert_eq!((wish.url.as_str(), wish.running), ("http://x/y.bin", Running::default()));
        assert_eq!(crew.take(0, b"ota:http://x/y.bin", MS, &counts), None, "it is busy");
        let image = Running { version: "1.4.0".into(), md5: "0".repeat(32) };
        assert!(crew.fetched(0, Fetched::Image(image.clone()), 2 * MS, &counts));
        let later = 5_000 * MS;
        assert_eq!(crew.state(0, later).version.as_deref(), Some("1.4.0"));
        let again = crew.take(0, b"ota:http://x/y.bin", later, &counts).unwrap();
        assert_eq!(again.running, image);
        assert!(!crew.fetched(0, Fetched::Nothing, later, &counts));
        assert_eq!(crew.state(0, later).version.as_deref(), Some("1.4.0"));
        assert_eq!(
            (counts.updates_succeeded.get(), counts.updates_failed.get(), counts.commands_ignored.get()),
            (1, 1, 1)
        );
    }

    #[test]
    fn an_image_for_one_that_has_gone_is_not_given_to_who_has_its_place() {
        let (mut crew, counts) = (Crew::new(2, SlotKind::Queue), Counts::default());
        assert!(crew.take(1, b"ota:http://x/y.bin", MS, &counts).is_some());
        crew.change(1, SlotKind::Queue);
        crew.change(2, SlotKind::Queue);
        let image = Running { version: "1.4.0".into(), md5: "0".repeat(32) };
        assert!(!crew.fetched(1, Fetched::Image(image), 2 * MS, &counts));
        assert_eq!((crew.state(1, 2 * MS).version, counts.updates_succeeded.get()), (None, 0));
        assert_eq!(crew.take(1, b"ota:http://x/y.bin", 3 * MS, &counts).unwrap().running, Running::default());
    }

    #[test]
    fn what_is_no_text_is_ignored() {
        let (mut crew, counts) = (Crew::new(1, SlotKind::Queue), Counts::default());
        assert_eq!(crew.take(0, b"led:\xff\xfe", MS, &counts), None);
        assert_eq!(crew.take(7, b"led:ff0000", MS, &counts), None, "there is no such device");
        assert_eq!((counts.commands_received.get(), counts.commands_ignored.get()), (2, 1));
    }
}
