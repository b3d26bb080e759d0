//! The picture, on a clock that the test moves.

use super::view::{NatsState, NodeState, TroubleKind};
use super::{Model, NatsLook, System};
use grouploop_bridge::{DeviceId, Presence, Report, RosterEntry, Space, SpaceFigures, Subject};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// 2026, in milliseconds.
const WALL_MS: u64 = 1_790_000_000_000;
const LAB: &str = "lab";

/// A model, and the time.
struct Stage {
    model: Model,
    start: Instant,
    now_ms: u64,
}

impl Stage {
    fn new() -> Self {
        let mut stage =
            Self { model: Model::new("1.2.3".into(), "nats", Vec::new()), start: Instant::now(), now_ms: 0 };
        stage.model.bus_up(stage.now());
        stage
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.now_ms)
    }

    fn wall(&self) -> u64 {
        WALL_MS + self.now_ms
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    fn picture(&mut self) -> System {
        let (now, wall) = (self.now(), self.wall());
        self.model.picture(now, wall)
    }

    /// What a node that started at the beginning says now.
    fn report(&self, node: &str, spaces: &[(&str, SpaceFigures)]) -> Report {
        let mut all = SpaceFigures::default();
        spaces.iter().for_each(|(_, figures)| all.add(figures));
        let spaces: BTreeMap<Space, SpaceFigures> =
            spaces.iter().map(|(space, figures)| (named(space), *figures)).collect();
        Report {
            node: node.parse().unwrap(),
            role: "edge".into(),
            version: "1.2.3".into(),
            commit: String::new(),
            run: 1,
            leaving: false,
            clock_ms: self.wall(),
            up_ms: 5_000 + self.now_ms,
            cpu_ms: Some(self.now_ms / 4),
            memory_bytes: Some(1 << 20),
            connections: 7,
            round_trip_us: Some(300),
            drops: BTreeMap::new(),
            clashes: BTreeMap::new(),
            all,
            spaces_in_all: spaces.len() as u64,
            spaces,
        }
    }

    fn hear(&mut self, report: Report) {
        let (now, wall) = (self.now(), self.wall());
        self.model.hear_report(report, now, wall);
    }

    fn hear_presence(&mut self, presence: &Presence) {
        let (now, wall) = (self.now(), self.wall());
        self.model.hear_presence(&named(LAB), presence, now, wall);
    }
}

fn named(space: &str) -> Space {
    space.parse().unwrap()
}

fn frames(frames: u64, messages: u64) -> SpaceFigures {
    SpaceFigures { devices: 10, viewers: 1, frames, messages, ..SpaceFigures::default() }
}

fn kinds(system: &System) -> Vec<(TroubleKind, &str)> {
    system.troubles.iter().map(|trouble| (trouble.kind, trouble.about.as_str())).collect()
}

fn joined(node: &str, device: u16, claimed: u64) -> Presence {
    Presence {
        node: node.parse().unwrap(),
        joined: [(DeviceId(device), claimed)].into(),
        left: vec![],
        clashes: vec![],
    }
}

#[test]
fn rates_are_sums_over_nodes_and_a_report_that_is_lost_changes_none() {
    let mut stage = Stage::new();
    for second in 0..6 {
        for (node, rate) in [("edge-1", 200), ("edge-2", 100)] {
            // The third one of edge-2 is lost, and its fourth is late.
            if node == "edge-1" || second != 3 {
                stage.hear(stage.report(node, &[(LAB, frames(1_000 + rate * second, 10 * second))]));
            }
        }
        stage.pass(1_000);
    }
    stage.now_ms -= 1_000;
    let system = stage.picture();
    let [space] = &system.spaces[..] else { panic!("{:?}", system.spaces) };
    assert_eq!((space.frames_per_s, space.messages_per_s, space.bytes_per_s), (300.0, 20.0, 6_300.0));
    assert_eq!((space.devices, space.viewers), (20, 2));
    assert_eq!((system.totals.frames_per_s, system.totals.devices), (300.0, 20));
    let subjects: Vec<(&str, f64)> =
        system.subjects.iter().map(|row| (row.subject.as_str(), row.messages_per_s)).collect();
    assert_eq!(subjects, [("gl.space.lab.telemetry.edge-1", 10.0), ("gl.space.lab.telemetry.edge-2", 10.0)]);
    assert_eq!(system.nodes[0].cores, Some(0.25));
    assert!(system.troubles.is_empty(), "{:?}", system.troubles);
}

#[test]
fn a_node_that_is_not_heard_is_silent_then_gone_and_counts_no_more() {
    let mut stage = Stage::new();
    for second in 0..3 {
        stage.hear(stage.report("edge-1", &[(LAB, frames(100 * second, second))]));
        stage.pass(1_000);
    }
    stage.pass(990);
    assert_eq!(stage.model.next_silence(stage.now()), Some(Duration::from_millis(10)));
    let system = stage.picture();
    assert_eq!((system.nodes[0].state, system.totals.devices), (NodeState::Live, 10));
    stage.pass(10);
    let system = stage.picture();
    assert_eq!((system.nodes[0].state, system.nodes[0].age_ms), (NodeState::Silent, 2_000));
    assert_eq!((system.totals.devices, system.totals.frames_per_s, system.spaces.len()), (0, 0.0, 0));
    assert!(system.subjects.is_empty());
    assert_eq!(kinds(&system), [(TroubleKind::NodeSilent, "edge-1")]);
    assert_eq!(system.troubles[0].since, WALL_MS + 2_000, "since it was last heard");
    assert_eq!(stage.model.next_silence(stage.now()), None);
    stage.pass(8_000);
    let system = stage.picture();
    assert_eq!(kinds(&system), [(TroubleKind::NodeGone, "edge-1")]);
    assert!(system.troubles[0].text.contains("without a word"));
    // It comes back.
    stage.hear(stage.report("edge-1", &[(LAB, frames(500, 9))]));
    let system = stage.picture();
    assert_eq!((system.nodes[0].state, system.troubles.len()), (NodeState::Live, 0));
    stage.pass(299_000);
    assert_eq!(stage.picture().nodes.len(), 1);
    stage.pass(1_000);
    assert_eq!(stage.picture().nodes.len(), 0, "nothing is shown of it for ever");
}

#[test]
fn a_node_that_says_goodbye_is_gone_at_once() {
    let mut stage = Stage::new();
    let report = stage.report("edge-1", &[(LAB, frames(1, 1))]);
    stage.hear(report.clone());
    stage.hear(Report { leaving: true, ..report });
    let system = stage.picture();
    assert_eq!((system.nodes[0].state, system.totals.devices), (NodeState::Gone, 0));
    assert!(system.troubles[0].text.ends_with("has gone, in order."));
    stage.pass(60_001);
    let system = stage.picture();
    assert_eq!((system.nodes.len(), system.troubles.len()), (1, 0), "it was meant to");
}

#[test]
fn without_a_bus_nobody_is_called_gone_and_nothing_is_called_live() {
    let mut stage = Stage::new();
    stage.hear(stage.report("edge-1", &[(LAB, frames(1, 1))]));
    stage.model.bus_away("no connection to nats://n:4222");
    stage.pass(60_000);
    let system = stage.picture();
    assert_eq!((system.bus.up, system.nodes[0].state), (false, NodeState::Silent));
    assert_eq!(kinds(&system), [(TroubleKind::BusAway, "bus")]);
    assert!(system.troubles[0].text.contains("nats://n:4222"));
    let back = stage.now();
    stage.model.bus_up(back);
    stage.pass(9_000);
    assert_eq!(kinds(&stage.picture()), [(TroubleKind::NodeSilent, "edge-1")]);
    stage.pass(1_000);
    assert_eq!(kinds(&stage.picture()), [(TroubleKind::NodeGone, "edge-1")]);
    // Known to be gone, it stays so without a bus, and when that is back, until it is heard.
    stage.model.bus_away("no connection to nats://n:4222");
    assert_eq!(stage.picture().nodes[0].state, NodeState::Gone);
    let back = stage.now();
    stage.model.bus_up(back);
    assert_eq!(stage.picture().nodes[0].state, NodeState::Gone);
    stage.hear(stage.report("edge-1", &[(LAB, frames(2, 2))]));
    assert_eq!(stage.picture().nodes[0].state, NodeState::Live);
}

#[test]
fn a_restarted_node_and_a_forgotten_space_begin_anew() {
    let mut stage = Stage::new();
    for _ in 0..2 {
        stage.hear(stage.report("edge-1", &[(LAB, frames(1_000_000, 1_000))]));
        stage.pass(1_000);
    }
    let report = stage.report("edge-1", &[(LAB, frames(50, 5))]);
    stage.hear(Report { run: 2, up_ms: 10, ..report.clone() });
    assert_eq!(stage.picture().totals.frames_per_s, 0.0, "one report is no rate");
    stage.pass(1_000);
    stage.hear(Report { run: 2, up_ms: 1_010, ..stage.report("edge-1", &[(LAB, frames(150, 5))]) });
    assert_eq!(stage.picture().totals.frames_per_s, 100.0);
    // Late, of the run before.
    stage.hear(Report { run: 2, up_ms: 900, ..report });
    assert_eq!(stage.picture().totals.frames_per_s, 100.0);
    stage.pass(1_000);
    stage.hear(Report {
        run: 2,
        up_ms: 2_010,
        ..stage.report("edge-1", &[(LAB, frames(150, 5)), ("new", frames(60, 6))])
    });
    let system = stage.picture();
    let new = system.spaces.iter().find(|space| space.space == named("new")).unwrap();
    assert_eq!((new.frames_per_s, new.messages_per_s), (60.0, 6.0), "it cannot have been there before");
}

#[test]
fn what_a_node_does_not_name_is_in_the_rest_and_in_the_totals() {
    let mut stage = Stage::new();
    for second in 0..3 {
        let report = stage.report("edge-1", &[(LAB, frames(100 * second, 10 * second))]);
        let mut all = report.all;
        all.add(&frames(40 * second, 4 * second));
        stage.hear(Report { all, spaces_in_all: 6, ..report });
        stage.pass(1_000);
    }
    stage.now_ms -= 1_000;
    let system = stage.picture();
    assert_eq!((system.rest.spaces, system.rest.subjects), (5, 5));
    assert_eq!((system.rest.messages_per_s, system.rest.bytes_per_s), (4.0, 840.0));
    assert_eq!((system.totals.frames_per_s, system.totals.messages_per_s), (140.0, 14.0));
    assert_eq!(stage.model.with_devices(&named("other"), stage.now()), None, "it may have some there");
    assert_eq!(stage.model.with_devices(&named(LAB), stage.now()).unwrap().len(), 1);
}

#[test]
fn lists_have_bounds_and_the_rest_is_told() {
    let mut stage = Stage::new();
    let names: Vec<String> = (0..2_000).map(|number| format!("s-{number:04}")).collect();
    for second in 0..2 {
        let spaces: Vec<(&str, SpaceFigures)> =
            names.iter().zip(1..).map(|(name, busy)| (name.as_str(), frames(busy * second, busy * second))).collect();
        stage.hear(stage.report("edge-1", &spaces));
        stage.pass(1_000);
    }
    stage.now_ms -= 1_000;
    let system = stage.picture();
    assert_eq!((system.spaces.len(), system.subjects.len()), (512, 500));
    assert_eq!((system.rest.spaces, system.rest.subjects), (2_000 - 512, 1_500));
    assert_eq!(system.spaces[0].space, named("s-1999"));
    assert_eq!(system.rest.messages_per_s, (1..=1_500).sum::<u64>() as f64);
    assert_eq!(system.totals.messages_per_s, (1..=2_000).sum::<u64>() as f64);
    for number in 0..3_000 {
        stage.hear(stage.report(&format!("node-{number}"), &[]));
    }
    assert_eq!(stage.picture().nodes.len(), 1_024);
    stage.pass(20_000);
    assert_eq!(stage.picture().nodes.len(), 64);
    assert_eq!(stage.picture().troubles.len(), 64);
}

#[test]
fn commands_are_told_by_answer_with_their_times() {
    let mut stage = Stage::new();
    let told = |times: u64, p50_us, p99_us| SpaceFigures {
        devices: 1,
        success: 30 * times,
        failed: 2 * times,
        sent_to_all: times,
        error: 3 * times,
        asked: 20 * times,
        asked_bytes: 200 * times,
        all_bytes: 9 * times,
        p50_us,
        p99_us,
        ..SpaceFigures::default()
    };
    for second in 0..2 {
        for (node, p50, p99) in [("edge-1", 1_000, 9_000), ("edge-2", 3_000, 7_000)] {
            stage.hear(stage.report(node, &[(LAB, told(second, p50, p99))]));
        }
        stage.pass(1_000);
    }
    stage.now_ms -= 1_000;
    let system = stage.picture();
    let space = &system.spaces[0];
    let answers = space.answers;
    assert_eq!((answers.success, answers.failed, answers.sent_to_all, answers.error), (60.0, 4.0, 2.0, 6.0));
    assert_eq!((space.commands_per_s, system.totals.commands_per_s), (72.0, 72.0));
    assert_eq!(space.latency_us.map(|times| (times.p50, times.p99)), Some((2_000, 9_000)));
    let rows: Vec<_> =
        system.subjects.iter().map(|row| (row.subject.as_str(), row.messages_per_s, row.bytes_per_s)).collect();
    assert_eq!(rows, [("gl.space.lab.command.*", 40.0, 400.0), ("gl.space.lab.command", 2.0, 18.0)]);
}

#[test]
fn a_clock_that_is_off_is_said_and_a_late_report_is_no_clock() {
    let mut stage = Stage::new();
    let report = stage.report("edge-1", &[]);
    stage.hear(Report { clock_ms: report.clock_ms + 5_000, ..report.clone() });
    let system = stage.picture();
    assert_eq!(system.nodes[0].clock_off_ms, Some(5_000));
    assert_eq!(kinds(&system), [(TroubleKind::ClockOff, "edge-1")]);
    assert_eq!(system.troubles[0].text, "The clock of edge-1 is 5 s ahead of that of the monitor.");
    stage.pass(1_000);
    let report = stage.report("edge-2", &[]);
    stage.hear(report.clone());
    stage.hear(Report { clock_ms: report.clock_ms - 4_000, up_ms: report.up_ms + 1, ..report });
    assert_eq!(kinds(&stage.picture()), [(TroubleKind::ClockOff, "edge-1")], "one that was long on its way");
}

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
    let entry = |id, last_seen_ms| {
        let entry = RosterEntry { id: DeviceId(id), frames_per_second: 0.0, last_seen_ms, claimed: 1 };
        ("edge-1".parse().unwrap(), entry)
    };
    let entries = [entry(1, Some(6_000)), entry(2, Some(20)), entry(3, None), entry(4, Some(9_000))];
    let now = stage.now();
    stage.model.hear_roster(&named(LAB), &entries, now);
    stage.pass(500);
    let system = stage.picture();
    let named_silent: Vec<_> = system.devices.silent.iter().map(|one| (one.device, one.silent_ms)).collect();
    assert_eq!(named_silent, [(DeviceId(1), 6_500), (DeviceId(4), 9_500)]);
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

#[test]
fn drops_are_a_trouble_while_they_grow() {
    let mut stage = Stage::new();
    let dropped = |stage: &Stage, total| {
        let report = stage.report("edge-1", &[]);
        Report { drops: [("bus_away".to_owned(), total)].into(), ..report }
    };
    for total in [5, 25, 45] {
        let report = dropped(&stage, total);
        stage.hear(report);
        stage.pass(1_000);
    }
    stage.now_ms -= 1_000;
    let system = stage.picture();
    assert_eq!((system.nodes[0].drops[0].per_s, system.nodes[0].drops[0].total), (20.0, 45));
    assert_eq!(kinds(&system), [(TroubleKind::Drops, "edge-1")]);
    for _ in 0..2 {
        stage.pass(1_000);
        let report = dropped(&stage, 45);
        stage.hear(report);
    }
    assert!(stage.picture().troubles.is_empty());
}

#[test]
fn a_nats_server_is_live_while_it_answers_and_its_rates_are_of_now() {
    let mut stage = Stage::new();
    stage.model = Model::new("1.2.3".into(), "nats", vec!["http://n:8222".into()]);
    let now = stage.now();
    stage.model.bus_up(now);
    let system = stage.picture();
    assert_eq!((system.nats[0].state, &system.nats[0].name), (NatsState::Away, &None));
    let look = |messages| NatsLook {
        name: "n-1".into(),
        start: "then".into(),
        in_messages: messages,
        routes: 2,
        ..NatsLook::default()
    };
    for messages in [100, 350] {
        let now = stage.now();
        stage.model.hear_nats(0, Ok(look(messages)), now);
        stage.pass(1_000);
    }
    let system = stage.picture();
    let server = &system.nats[0];
    assert_eq!(
        (server.state, server.in_messages_per_s, server.routes, server.age_ms),
        (NatsState::Live, 250.0, 2, 1_000)
    );
    assert!(system.troubles.is_empty());
    let now = stage.now();
    assert!(stage.model.hear_nats(0, Err("no connection to it".into()), now));
    let system = stage.picture();
    assert_eq!((system.nats[0].state, system.nats[0].in_messages_per_s), (NatsState::Away, 0.0));
    assert_eq!(kinds(&system), [(TroubleKind::NatsAway, "http://n:8222")]);
    stage.pass(60_000);
    let now = stage.now();
    stage.model.hear_nats(0, Ok(look(99_000)), now);
    assert_eq!(stage.picture().nats[0].in_messages_per_s, 0.0, "not a rate over the minute in which it was away");
    stage.pass(1_000);
    let now = stage.now();
    let restarted = NatsLook { start: "now".into(), ..look(5) };
    stage.model.hear_nats(0, Ok(restarted), now);
    assert_eq!(stage.picture().nats[0].in_messages_per_s, 0.0);
}

#[test]
fn what_is_heard_is_a_subject_too_with_a_history() {
    let mut stage = Stage::new();
    stage.picture();
    for messages in [4, 8] {
        stage.pass(1_000);
        (0..messages).for_each(|_| stage.model.hear(&Subject::Presence { space: named(LAB) }, 50));
        stage.picture();
    }
    stage.pass(1_000);
    let system = stage.picture();
    let row = &system.subjects[0];
    assert_eq!(
        (row.subject.as_str(), row.kind, row.messages_per_s, row.bytes_per_s),
        ("gl.space.lab.presence", "presence", 4.0, 200.0)
    );
    assert_eq!(stage.model.histories(&system.subjects), [[4.0, 6.0, 4.0]]);
}
