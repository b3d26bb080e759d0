//! The ledger against an oracle that knows each frame by its number.

use super::super::{ClassCounts, Ledger};
use super::line;
use grouploop_bridge::{DeviceId, Space};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, HashSet};

const DEVICES: u64 = 7;
const VIEWERS: usize = 3;
const STEPS: u64 = 2000;
const STEP_US: u64 = 1000;
/// Steps that a frame is under way at most, copies included; well within the history.
const LONGEST_WAY: u64 = 20;
/// The same where frames keep nearly their order, as they do behind one connection.
const SHORT_WAY: u64 = 3;

/// What a viewer should count.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    expected: u64,
    delivered: u64,
    lost: u64,
    duplicated: u64,
    out_of_order: u64,
    longest_us: u64,
}

/// Faults in percent, and the steps that a frame is under way at most.
#[derive(Debug, Clone, Copy)]
struct Network {
    way: u64,
    drops: u64,
    copies: u64,
    strays: u64,
}

struct Outcome {
    found: ClassCounts,
    foreign: u64,
    expected: Counts,
    strays: u64,
}

/// Sends frames of contents that `content(number)` gives through a network with faults; what the ledger counts, and what is true.
fn run(seed: u64, network: Network, content: impl Fn(u64) -> u64) -> Outcome {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut below = |limit: u64| rng.next_u64() % limit;
    let mut ledger = Ledger::new([("all".to_owned(), Space::main())], vec![Space::main(); VIEWERS]);
    // By time of arrival and an order within it: viewer, device, number.
    let mut under_way: BTreeMap<(u64, u64), (usize, u64, u64)> = BTreeMap::new();
    let mut have: HashSet<(usize, u64, u64)> = HashSet::new();
    let mut newest: BTreeMap<(usize, u64), u64> = BTreeMap::new();
    let (mut expected, mut strays) = (Counts::default(), 0);
    for step in 0..STEPS + LONGEST_WAY + 1 {
        if step < STEPS {
            for device in 0..DEVICES {
                let line = line(device as u16, content(step));
                ledger.sent(0, device as u32, DeviceId(device as u16), &line, step * STEP_US);
                for viewer in 0..VIEWERS {
                    expected.expected += 1;
                    if below(100) < network.drops {
                        expected.lost += 1;
                        continue;
                    }
                    for _ in 0..1 + u64::from(below(100) < network.copies) {
                        let at = (step + below(network.way), below(u64::MAX));
                        under_way.insert(at, (viewer, device, step));
                    }
                }
            }
        }
        while let Some(first) = under_way.first_entry().filter(|first| first.key().0 <= step) {
            let (viewer, device, number) = first.remove();
            if below(100) < network.strays {
                ledger.received(viewer, &line(device as u16, u64::MAX - below(1000)), 0);
                strays += 1;
            }
            ledger.received(viewer, &line(device as u16, content(number)), step * STEP_US);
            if !have.insert((viewer, device, number)) {
                expected.duplicated += 1;
                continue;
            }
            expected.delivered += 1;
            expected.longest_us = expected.longest_us.max((step - number) * STEP_US);
            let newest = newest.entry((viewer, device)).or_insert(0);
            expected.out_of_order += u64::from(number < *newest);
            *newest = number.max(*newest);
        }
    }
    ledger.finish();
    let found = ledger.classes().next().unwrap().clone();
    Outcome { found, foreign: ledger.foreign().next().unwrap().1, expected, strays }
}

#[test]
fn frames_that_differ_are_counted_as_the_oracle_does() {
    for seed in 0..5 {
        let network = Network { way: LONGEST_WAY, drops: 10 * seed, copies: 20 * (seed % 3), strays: 5 };
        let Outcome { found, foreign, expected, strays } = run(seed, network, |number| number);
        let found_counts = Counts {
            expected: found.expected,
            delivered: found.delivered,
            lost: found.lost,
            duplicated: found.duplicated,
            out_of_order: found.out_of_order,
            // To three digits.
            longest_us: found.latency.max_us() / STEP_US * STEP_US,
        };
        assert_eq!(found_counts, expected, "seed {seed}");
        assert_eq!((foreign, found.latency.len()), (strays, expected.delivered), "seed {seed}");
        assert!(strays > 0 && expected.out_of_order > 0 && (expected.lost > 0) == (seed > 0), "too tame to be true");
    }
}

#[test]
fn devices_that_rest_or_repeat_themselves_add_up() {
    let contents: [fn(u64) -> u64; 4] = [|_| 5, |n| n / 50, |n| n % 2, |n| (n * n / 7) % 3];
    for (which, content) in contents.into_iter().enumerate() {
        for drops in [0, 5, 60] {
            let network = Network { way: SHORT_WAY, drops, copies: 0, strays: 0 };
            let Outcome { found, foreign, expected, .. } = run(which as u64, network, content);
            let found = [found.expected, found.delivered, found.lost, found.duplicated, foreign];
            let expected = [expected.expected, expected.delivered, expected.lost, 0, 0];
            assert_eq!(found, expected, "content {which}, {drops} % dropped");
        }
    }
}
