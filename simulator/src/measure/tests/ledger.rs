//! The ledger by hand: what each kind of fault counts as.

use super::super::track::HISTORY;
use super::super::{ClassCounts, Ledger};
use super::{line, swarms};
use grouploop_bridge::{DeviceId, Space};

const ID: u16 = 0x1a2b;

/// A ledger with so many viewers of `main`.
fn ledger(viewers: usize) -> Ledger {
    Ledger::new(swarms(), std::iter::repeat_n(Space::main(), viewers))
}

/// Sends frames of the device of swarm `a`, due at 0, 1,000, 2,000 µs and so on.
fn send(ledger: &mut Ledger, contents: impl IntoIterator<Item = u64>) {
    for content in contents {
        let due_us = class(ledger, 0).sent * 1000;
        ledger.sent(0, 0, DeviceId(ID), &line(ID, content), due_us);
    }
}

/// The first viewer receives these, in one message each.
fn receive(ledger: &mut Ledger, contents: impl IntoIterator<Item = u64>) {
    for content in contents {
        ledger.received(0, &line(ID, content), 10_000);
    }
}

fn class(ledger: &Ledger, swarm: usize) -> ClassCounts {
    ledger.classes().nth(swarm).unwrap().clone()
}

/// expected, delivered, lost, duplicated, out of order, foreign in `main`
fn counts(ledger: &Ledger, swarm: usize) -> [u64; 6] {
    let class = class(ledger, swarm);
    let foreign = ledger.foreign().next().unwrap().1;
    [class.expected, class.delivered, class.lost, class.duplicated, class.out_of_order, foreign]
}

#[test]
fn what_arrives_in_order_is_delivered_with_its_latency() {
    let mut ledger = ledger(1);
    send(&mut ledger, [1, 2, 3]);
    receive(&mut ledger, [1, 2, 3]);
    assert_eq!(counts(&ledger, 0), [3, 3, 0, 0, 0, 0]);
    assert_eq!(ledger.pending(), 0);
    let latency = class(&ledger, 0).latency;
    assert_eq!((latency.len(), latency.quantile_us(0.0) / 1000, latency.max_us() / 1000), (3, 8, 10));
}

#[test]
fn every_viewer_expects_every_frame_of_its_space() {
    let mut ledger = Ledger::new(swarms(), [Space::main(), "stage".parse().unwrap(), Space::main()]);
    send(&mut ledger, [1]);
    ledger.sent(2, 0, DeviceId(ID), &line(ID, 7), 0);
    ledger.received(0, &line(ID, 1), 5);
    ledger.received(2, &line(ID, 1), 5);
    ledger.received(1, &line(ID, 7), 5);
    // What belongs to the other space is foreign here.
    ledger.received(1, &line(ID, 1), 5);
    assert_eq!(counts(&ledger, 0), [2, 2, 0, 0, 0, 0]);
    assert_eq!(counts(&ledger, 2), [1, 1, 0, 0, 0, 0]);
    assert_eq!(ledger.foreign().map(|(_, foreign)| foreign).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_class_that_nobody_watches_expects_nothing() {
    let mut ledger = ledger(1);
    ledger.sent(2, 0, DeviceId(ID), &line(ID, 7), 0);
    ledger.finish();
    assert_eq!((class(&ledger, 2).sent, class(&ledger, 2).expected, class(&ledger, 2).lost), (1, 0, 0));
}

#[test]
fn what_is_skipped_and_comes_later_is_out_of_order_and_what_never_comes_is_lost() {
    let mut ledger = ledger(1);
    send(&mut ledger, [1, 2, 3, 4]);
    receive(&mut ledger, [3, 1]);
    assert_eq!(counts(&ledger, 0), [4, 2, 0, 0, 1, 0]);
    assert_eq!(ledger.pending(), 2);
    ledger.finish();
    assert_eq!(counts(&ledger, 0), [4, 2, 2, 0, 1, 0]);
    assert_eq!(ledger.pending(), 0);
    ledger.finish();
    receive(&mut ledger, [2, 9]);
    send(&mut ledger, [5]);
    assert_eq!(counts(&ledger, 0), [4, 2, 2, 0, 1, 0], "after the end nothing is counted");
}

#[test]
fn what_comes_twice_is_duplicated_and_what_nobody_sent_is_foreign() {
    let mut ledger = ledger(1);
    send(&mut ledger, [1, 2]);
    receive(&mut ledger, [1, 1, 2, 1, 9]);
    ledger.received(0, &line(0xffff, 1), 0);
    assert_eq!(counts(&ledger, 0), [2, 2, 0, 2, 0, 2]);
}

#[test]
fn what_falls_out_of_the_history_is_lost_at_once() {
    let mut ledger = ledger(2);
    send(&mut ledger, 0..HISTORY as u64);
    receive(&mut ledger, [0]);
    assert_eq!(counts(&ledger, 0)[2], 0);
    send(&mut ledger, [100]);
    assert_eq!(counts(&ledger, 0)[2], 1, "the second viewer did not have it");
    send(&mut ledger, [101]);
    assert_eq!(counts(&ledger, 0)[2], 3, "nobody had it");
    receive(&mut ledger, [1]);
    assert_eq!(counts(&ledger, 0)[5], 1, "too late to be known");
    ledger.finish();
    let [expected, delivered, lost, ..] = counts(&ledger, 0);
    assert_eq!((expected, delivered, lost), (2 * 66, 1, 2 * 66 - 1));
}

#[test]
fn a_resting_device_is_delivered_once_for_each_frame_however_they_are_bundled() {
    let mut ledger = ledger(1);
    for bundle in [1, 3, 7, 60, 2] {
        send(&mut ledger, std::iter::repeat_n(5, bundle));
        ledger.received(0, &line(ID, 5).repeat(bundle), 10_000);
    }
    receive(&mut ledger, [5]);
    ledger.finish();
    assert_eq!(counts(&ledger, 0), [73, 73, 0, 1, 0, 0]);
}

#[test]
fn twins_are_told_apart_and_nothing_of_them_is_out_of_order() {
    let mut ledger = ledger(1);
    for n in 0..10 {
        ledger.sent(0, 0, DeviceId(ID), &line(ID, 100 + n), 0);
        ledger.sent(0, 1, DeviceId(ID), &line(ID, 200 + n), 0);
        // A third of the same id, in another swarm, has rested on the same content for a while.
        ledger.sent(1, 0, DeviceId(ID), &line(ID, if n < 5 { 300 } else { 100 + n }), 0);
    }
    // The second is far ahead of the first.
    receive(&mut ledger, 200..210);
    receive(&mut ledger, 100..110);
    receive(&mut ledger, [300, 300, 300, 300, 300, 105, 106, 107, 108, 109]);
    receive(&mut ledger, [203]);
    ledger.finish();
    assert_eq!(counts(&ledger, 0), [20, 20, 0, 1, 0, 0]);
    assert_eq!(counts(&ledger, 1), [10, 10, 0, 0, 0, 0]);
}

#[test]
fn a_message_may_hold_any_lines_in_any_form() {
    let mut ledger = ledger(1);
    send(&mut ledger, [0xab, 2, 3, 4]);
    let upper = String::from_utf8(line(ID, 0xab).to_vec()).unwrap().to_uppercase();
    let two = String::from_utf8(line(ID, 2).to_vec()).unwrap();
    let text = format!("\n{upper}\r\n  {}\t\r\n\n{}garbage\n{}", two.trim(), "", "1a2b0000000000000003");
    ledger.received(0, text.as_bytes(), 0);
    assert_eq!(counts(&ledger, 0), [4, 3, 0, 0, 0, 1]);
    ledger.received(0, b"", 0);
    ledger.received(0, &[0xff; 100], 0);
    ledger.received(7, &line(ID, 4), 0);
    ledger.sent(7, 0, DeviceId(ID), &line(ID, 4), 0);
    assert_eq!(counts(&ledger, 0), [4, 3, 0, 0, 0, 2]);
}
