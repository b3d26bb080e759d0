//! Tests of the verdict, the JSON and the table, over one report that has everything.

use super::*;
use crate::measure::{Viewers, Watch};
use grouploop_bridge::{DeviceId, Frame, Hub, Space, Subject};
use grouploop_testkit::eventually;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A festival in which a little of everything happened.
fn festival() -> Report {
    let latency = LatencyReport { p50_ms: 3.204, p90_ms: 7.5, p99_ms: 18.9, p99_9_ms: 42.1, max_ms: 1_207.0 };
    let stage = MeasuredFigures {
        expected: 2_400_000,
        delivered: 2_399_988,
        lost: 12,
        duplicated: 3,
        out_of_order: 24,
        latency: Some(latency),
    };
    let silent = MeasuredFigures { expected: 10, lost: 10, ..MeasuredFigures::default() };
    let all = MeasuredFigures { expected: 2_400_010, lost: 22, ..stage.clone() };
    Report {
        run: RunReport {
            version: "0.1.0".to_owned(),
            started_at_unix_s: 1_767_225_600,
            duration_s: 60.0,
            cpu_s: 45.25,
            peak_memory_bytes: 87 << 20,
            clashes: 0,
        },
        swarms: vec![
            SwarmReport {
                name: "main-stage".to_owned(),
                space: "festival".to_owned(),
                devices: 1_000,
                transport: "ws".to_owned(),
                frames: FramesReport {
                    scheduled: 1_210_000,
                    sent: 1_200_000,
                    late: 4_000,
                    skipped: 1_000,
                    dropped: [("connection_full".to_owned(), 8_000), ("not_connected".to_owned(), 1_000)].into(),
                },
                bytes: 25_200_000,
                messages: 1_200_000,
                connections: Some(ConnectionsReport { opened: 1_020, lost: 20, ..Default::default() }),
                commands: CommandsReport { received: 595, lost_in_slot: 4 },
                updates: UpdatesReport { started: 10, succeeded: 9, failed: 1, unchanged: 0 },
                command_load: Some(CommandLoadReport {
                    sent: 600,
                    success: 595,
                    failed: 3,
                    no_answer: 2,
                    not_sent: 0,
                    p50_ms: Some(2.5),
                    p99_ms: Some(12.25),
                }),
            },
            SwarmReport {
                name: "bar".to_owned(),
                space: "main".to_owned(),
                devices: 1,
                transport: "bus".to_owned(),
                frames: FramesReport { scheduled: 10, sent: 10, ..FramesReport::default() },
                bytes: 210,
                messages: 10,
                ..SwarmReport::default()
            },
        ],
        measured: Some(Measured {
            all,
            classes: vec![
                MeasuredClass { name: "main-stage".to_owned(), figures: stage },
                MeasuredClass { name: "bar".to_owned(), figures: silent },
            ],
            foreign: [("festival".to_owned(), 0), ("main".to_owned(), 40_000)].into(),
            viewers: vec![ViewerReport {
                through: "ws://10.0.0.7:5003/spaces/festival".to_owned(),
                space: "festival".to_owned(),
                reconnects: 2,
            }],
            messages_lost_by_viewers: 7,
        }),
        verdict: Verdict::default(),
    }
}

fn judge(report: &mut Report, text: &str) -> Vec<(String, bool)> {
    report.judge(&Expectations::parse(text).unwrap());
    report.verdict.expectations.iter().map(|one| (one.found.clone(), one.met)).collect()
}

#[test]
fn every_figure_is_found_over_all_and_for_one_swarm() {
    let mut report = festival();
    for (text, found, met) in [
        ("p50<4ms", "3.20 ms", true),
        ("p90<=7500us", "7.50 ms", true),
        ("p99<18ms", "18.90 ms", false),
        ("p99.9>42ms", "42.10 ms", true),
        ("max<1s", "1207.00 ms", false),
        ("lost=22", "22", true),
        ("main-stage.lost<12", "12", false),
        ("lost<0.001%", "0.0009 %", true),
        ("duplicated<=3", "3", true),
        ("out_of_order=0", "24", false),
        ("foreign<100", "40000", false),
        ("delivered>=100%", "99.9991 %", false),
        ("dropped=9000", "9000", true),
        ("bar.dropped=0", "0", true),
        ("late<0.5%", "0.3306 %", true),
        ("skipped<=1000", "1000", true),
        ("missed<5000", "5000", false),
        ("main-stage.sent>99%", "99.1736 %", true),
        ("bar.sent=100%", "100.0000 %", true),
        ("failed_commands<=5", "5", true),
        ("rate>20000", "20000.2", true),
        ("bar.rate<1", "0.2", true),
    ] {
        assert_eq!(judge(&mut report, text), [(found.to_owned(), met)], "{text}");
        assert_eq!(report.verdict.passed, met, "{text}");
    }
}

#[test]
fn nothing_is_kept_for_lack_of_data() {
    let mut report = festival();
    assert_eq!(
        judge(&mut report, "bar.p99<1s,bar.failed_commands=0,bor.late=0"),
        [
            ("no frame was delivered".to_owned(), false),
            ("no command was sent".to_owned(), false),
            ("no frame was scheduled".to_owned(), false),
        ]
    );
    let mut empty = Report::default();
    let nothing = "p99<1s,lost=0,foreign=0,delivered>=0,sent>=0,late=0,rate>=0";
    assert!(judge(&mut empty, nothing).iter().all(|(_, met)| !met));
    empty.measured = Some(Measured::default());
    assert!(judge(&mut empty, nothing).iter().all(|(_, met)| !met));
}

#[test]
fn a_run_that_missed_more_than_a_hundredth_of_its_schedule_failed() {
    let mut report = festival();
    report.judge(&Expectations::default());
    assert!(report.verdict.passed && report.verdict.on_time);
    let frames = &mut report.swarms[0].frames;
    // With those of the other swarm 1,000,000 in all.
    frames.scheduled = 999_990;
    (frames.late, frames.skipped) = (6_000, 4_000);
    report.judge(&Expectations::default());
    assert_eq!((report.verdict.on_time, report.verdict.missed_share), (true, 0.01));
    report.swarms[0].frames.skipped += 1;
    report.judge(&Expectations::default());
    assert!(!report.verdict.on_time && !report.verdict.passed);
    let mut empty = Report::default();
    empty.judge(&Expectations::default());
    assert!(empty.verdict.passed && empty.verdict.missed_share == 0.0);
}

#[test]
fn the_json_is_what_was_promised_and_reads_back() {
    let mut report = festival();
    judge(&mut report, "p99<20ms,lost=0");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["run"]["started_at_unix_s"], 1_767_225_600);
    assert_eq!(json["swarms"][0]["frames"]["dropped"]["connection_full"], 8_000);
    assert_eq!(json["swarms"][0]["command_load"]["no_answer"], 2);
    assert_eq!(json["measured"]["classes"][0]["name"], "main-stage");
    assert_eq!(json["measured"]["classes"][0]["latency"]["p99_9_ms"], 42.1);
    assert_eq!(json["measured"]["all"]["out_of_order"], 24);
    assert_eq!(
        json["verdict"],
        serde_json::json!({
            "passed": false,
            "on_time": true,
            "missed_share": 5_000.0 / 1_210_010.0,
            "loaded": true,
            "dropped_share": 9_000.0 / 1_210_010.0,
            "expectations": [
                {"expectation": "p99<20ms", "found": "18.90 ms", "met": true},
                {"expectation": "lost=0", "found": "22", "met": false},
            ],
        })
    );
    for absent in ["connections", "command_load"] {
        assert!(json["swarms"][1].get(absent).is_none(), "{absent}");
    }
    assert!(json["measured"]["classes"][1].get("latency").is_none());
    assert!(serde_json::to_value(Report::default()).unwrap().get("measured").is_none());
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
}

#[test]
fn the_table_is_narrow_and_says_what_matters() {
    let mut report = festival();
    judge(&mut report, "p99<20ms,lost=0");
    assert_eq!(report.table(), include_str!("festival.txt"));
    let widest = |report: &Report| report.table().lines().map(|line| line.chars().count()).max().unwrap();
    let swarm = &mut report.swarms[0];
    (swarm.name, swarm.space) = ("n".repeat(32), "s".repeat(32));
    let frames = &mut swarm.frames;
    (frames.scheduled, frames.sent, frames.late, frames.skipped) =
        (98_765_432_109, 98_765_432_100, 12_345_678, 12_345_678);
    frames.dropped.insert("bus_full".to_owned(), 98_765_432);
    swarm.devices = 4_194_304;
    assert!(widest(&report) <= grid::WIDTH, "{}", report.table());
}

#[test]
fn a_quiet_run_has_a_short_table() {
    let mut report = festival();
    report.measured = None;
    report.swarms.remove(0);
    report.judge(&Expectations::default());
    assert_eq!(report.table(), include_str!("quiet.txt"));
}

#[tokio::test]
async fn what_viewers_counted_is_what_is_reported() {
    let (tasks, stop, hub) = (TaskTracker::new(), CancellationToken::new(), Hub::new());
    let stage: Space = "stage".parse().unwrap();
    let swarms = [("a".to_owned(), Space::main()), ("b".to_owned(), stage.clone())];
    let watch = Watch { bus: Some(hub.attach()), edges: vec![] };
    let viewers = Viewers::start(&swarms, watch, Instant::now(), &tasks, &stop).await.unwrap();
    let publisher = hub.attach();
    for (swarm, (_, space)) in swarms.iter().enumerate() {
        let node = "sim".parse().unwrap();
        let line = *Frame::encode(DeviceId(1), [0; 3], [0; 4], false).line();
        viewers.ledger().lock().sent(swarm, 0, DeviceId(1), &line, 0);
        let subject = Subject::Telemetry { space: space.clone(), node };
        // The second swarm's viewer receives a frame of somebody else instead.
        let sent = if swarm == 0 { line } else { *Frame::encode(DeviceId(2), [0; 3], [0; 4], false).line() };
        publisher.publish(&subject, bytes::Bytes::copy_from_slice(&sent)).unwrap();
    }
    eventually!({
        let ledger = viewers.ledger().lock();
        ledger.pending() == 1 && ledger.foreign().any(|(_, foreign)| foreign == 1)
    });
    viewers.finish(Duration::ZERO).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let measured = Measured::of(&viewers);
    let names: Vec<_> = measured.classes.iter().map(|class| class.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!((measured.all.expected, measured.all.delivered, measured.all.lost), (2, 1, 1));
    assert_eq!((measured.classes[0].figures.delivered, measured.classes[1].figures.lost), (1, 1));
    assert!(measured.classes[1].figures.latency.is_none());
    let (all, first) = (measured.all.latency.unwrap(), measured.classes[0].figures.latency.unwrap());
    assert!(all == first && all.max_ms > 0.0 && all.p50_ms <= all.max_ms);
    assert_eq!((measured.foreign["main"], measured.foreign["stage"], measured.foreign_in_all()), (0, 1, 1));
    assert_eq!(measured.viewers.len(), 2);
}

#[test]
fn a_run_takes_what_the_process_spent_in_it() {
    let usage = |cpu_s, peak_memory_bytes| Usage { cpu: Duration::from_secs(cpu_s), peak_memory_bytes };
    let started = UNIX_EPOCH + Duration::from_secs(100);
    let run = RunReport::new(started, Duration::from_millis(2_500), usage(3, 10), usage(5, 20));
    assert_eq!((run.started_at_unix_s, run.duration_s, run.cpu_s, run.peak_memory_bytes), (100, 2.5, 2.0, 20));
}

#[test]
fn a_run_that_did_not_load_what_it_should_failed() {
    let verdict = |sent: u64, dropped: &[(&str, u64)]| {
        let dropped: std::collections::BTreeMap<String, u64> =
            dropped.iter().map(|(reason, frames)| ((*reason).to_owned(), *frames)).collect();
        let scheduled = sent + dropped.values().sum::<u64>();
        let frames = FramesReport { scheduled, sent, dropped, ..FramesReport::default() };
        let swarms = vec![SwarmReport { frames, ..SwarmReport::default() }];
        let mut report = Report { swarms, ..Report::default() };
        report.judge(&Expectations::default());
        report.verdict
    };
    for (sent, dropped, passed) in [
        (990, &[("bus_away", 10)][..], true),
        (980, &[("bus_away", 20)], false),
        (500, &[("slow_link", 400), ("malformed", 100)], true),
        (950, &[("connecting", 50)], true),
        (800, &[("connecting", 200)], false),
        (0, &[("connecting", 1)], false),
        (0, &[("not_connected", 100)], false),
        (0, &[("malformed", 100)], true),
        (0, &[], true),
    ] {
        let found = verdict(sent, dropped);
        assert_eq!((found.passed, found.loaded, found.on_time), (passed, passed, true), "{sent} {dropped:?}");
    }
}
