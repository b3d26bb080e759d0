//! Devices that are worth a word.

use super::*;

#[test]
fn a_clash_is_shown_while_a_node_speaks_of_it() {
    let mut stage = Stage::new();
    stage.hear_presence(&Presence { clashes: vec![DeviceId(7)], ..joined("edge-1", 7, 1) });
    stage.hear_presence(&joined("edge-2", 7, 2));
    stage.hear_presence(&joined("edge-1", 7, 3));
    stage.hear_presence(&joined("edge-2", 7, 4));
    let system = stage.picture();
    let [clash] = &system.devices.clashes[..] else { panic!("{:?}", system.devices) };
    assert_eq!((clash.device, clash.nodes.len(), clash.since), (DeviceId(7), 2, WALL_MS));
    assert_eq!(kinds(&system), [(TroubleKind::Clash, "lab/0007")]);
    for _ in 0..5 {
        stage.pass(1_000);
        let clashes = [(named(LAB), vec![DeviceId(7)])].into();
        stage.hear(Report { clashes, ..stage.report("edge-1", &[(LAB, frames(1, 1))]) });
    }
    let system = stage.picture();
    assert_eq!((system.devices.clashes.len(), system.spaces[0].clashes, system.troubles[0].since), (1, 1, WALL_MS));
    stage.pass(1_000);
    stage.hear(stage.report("edge-1", &[]));
    stage.pass(1_000);
    stage.hear(stage.report("edge-1", &[]));
    stage.pass(1_000);
    stage.hear(stage.report("edge-1", &[]));
    let system = stage.picture();
    assert!(system.devices.clashes.is_empty() && system.troubles.is_empty(), "nor does it flap: {:?}", system.troubles);
}

#[test]
fn a_device_that_comes_again_and_again_flaps_until_its_connection_holds() {
    let mut stage = Stage::new();
    // It holds for half a minute, and its firmware tries again 5 s later.
    for times in 0..3 {
        stage.hear_presence(&joined("edge-1", 7, 10 + times));
        // It was known already: said once more after a time without the bus.
        stage.hear_presence(&joined("edge-1", 7, 10 + times));
        stage.pass(35_000);
        assert!(stage.picture().devices.flapping.is_empty());
    }
    stage.hear_presence(&joined("edge-2", 7, 20));
    let system = stage.picture();
    let [flapping] = &system.devices.flapping[..] else { panic!("{:?}", system.devices) };
    assert_eq!((flapping.device, flapping.times, flapping.within_s), (DeviceId(7), 4, 105));
    assert_eq!(kinds(&system), [(TroubleKind::Flapping, "lab/0007")]);
    stage.pass(59_999);
    assert_eq!(stage.picture().devices.flapping.len(), 1);
    stage.pass(1);
    assert!(stage.picture().devices.flapping.is_empty(), "it held for a minute");
    // However often it comes, no more than so many are kept, and what is said of them is true.
    for times in 0..100 {
        stage.hear_presence(&joined("edge-1", 7, 100 + times));
        stage.pass(200);
    }
    let system = stage.picture();
    assert_eq!((system.devices.flapping[0].times, system.devices.flapping[0].within_s), (16, 3));
}

#[test]
fn a_device_that_comes_seldom_or_moves_does_not_flap() {
    let mut stage = Stage::new();
    // Each edge is restarted in turn.
    for (claimed, node) in [(1, "edge-1"), (2, "edge-2"), (3, "edge-3")] {
        stage.hear_presence(&joined(node, 8, claimed));
        stage.pass(10_000);
    }
    assert!(stage.picture().devices.flapping.is_empty());
    for claimed in 0..6 {
        stage.hear_presence(&joined("edge-1", 7, claimed));
        assert!(stage.picture().devices.flapping.is_empty());
        stage.pass(60_000);
    }
}

#[test]
fn silent_devices_are_named_while_nodes_still_count_as_many() {
    let mut stage = Stage::new();
    let silent = |count| SpaceFigures { devices: 5, silent: count, ..SpaceFigures::default() };
    stage.hear(stage.report("edge-1", &[(LAB, silent(2)), ("fine", silent(0))]));
    assert_eq!(stage.model.next_roster(stage.now()), Some((named(LAB), 5)));
    let entry = |id, last_seen_ms, mute_ms| {
        let entry = RosterEntry { id: DeviceId(id), frames_per_second: 0.0, last_seen_ms, claimed: 1, mute_ms };
        ("edge-1".parse().unwrap(), entry)
    };
    let entries = [
        entry(1, Some(6_000), None),
        entry(2, Some(20), None),
        entry(3, None, Some(7_000)),
        entry(4, None, Some(4_000)),
    ];
    let now = stage.now();
    stage.model.hear_roster(&named(LAB), &entries, now);
    stage.pass(500);
    let system = stage.picture();
    let named_silent: Vec<_> = system.devices.silent.iter().map(|one| (one.device, one.silent_ms)).collect();
    assert_eq!(named_silent, [(DeviceId(1), 6_500), (DeviceId(3), 7_500)]);
    assert_eq!(kinds(&system), [(TroubleKind::Silent, "lab")]);
    stage.hear(stage.report("edge-1", &[(LAB, silent(1))]));
    let system = stage.picture();
    assert!(system.devices.silent.is_empty(), "one of them is back, and nobody knows which");
    assert_eq!(kinds(&system), [(TroubleKind::Silent, "lab")]);
    let report = stage.report("edge-1", &[(LAB, silent(0))]);
    stage.pass(500);
    stage.hear(Report { up_ms: report.up_ms + 500, ..report });
    assert!(stage.picture().troubles.is_empty());
    assert_eq!(stage.model.next_roster(stage.now()), None);
}
