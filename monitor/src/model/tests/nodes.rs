//! Nodes and NATS servers: which are there, and what is wrong with them.

use super::*;

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
