//! What flows: rates, totals, lists and their bounds.

use super::*;

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

#[test]
fn without_a_bus_what_flowed_is_what_it_was_and_lines_begin_anew() {
    let mut stage = Stage::new();
    let seen = |system: &System| {
        (system.totals.devices, system.totals.frames_per_s, system.spaces.len(), system.subjects.len())
    };
    // 200 frames a second, in 10 messages.
    let report = |stage: &Stage| stage.report("edge-1", &[(LAB, frames(stage.now_ms / 5, stage.now_ms / 100))]);
    for _ in 0..3 {
        stage.hear(report(&stage));
        stage.picture();
        stage.pass(1_000);
    }
    let before = seen(&stage.picture());
    assert_eq!(before, (10, 200.0, 1, 1));
    // A server that hangs: all are silent before the bus is known to be away.
    stage.pass(1_500);
    assert_eq!(seen(&stage.picture()).0, 0);
    stage.model.bus_away("no connection to nats://n:4222");
    stage.pass(60_000);
    let system = stage.picture();
    assert_eq!(seen(&system), before);
    assert_eq!(system.bus.figures_at, Some(stage.wall() - 61_500), "and says of when that is");
    let back = stage.now();
    stage.model.bus_up(back);
    let system = stage.picture();
    assert_eq!(seen(&system).0, 0, "nobody is heard yet");
    for _ in 0..2 {
        stage.hear(report(&stage));
        stage.pass(1_000);
    }
    let system = stage.picture();
    assert_eq!(stage.model.histories(&system.subjects), [[10.0]]);
}
