//! `grouploop simulate` under load: its own report, and what it cost.

use super::ran::Run;
use crate::clock::Phases;
use crate::measured::{Measured, Round};
use crate::metric::Metric;
use crate::process::Process;
use crate::servers::{Servers, nats_url};
use crate::spending::{Spending, Spent};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// So long a load goes on after the measured window, so that the window never sees its end.
const TAIL: Duration = Duration::from_secs(1);
/// In this time devices over WebSockets appear, before anything is measured.
const RAMP_UP: Duration = Duration::from_secs(2);
/// A run for its memory alone.
const SHORT: Phases = Phases { warm_up: Duration::from_secs(1), measure: Duration::from_secs(2) };
/// Devices of the run that shows what taking commands costs.
const COMMANDABLE: u32 = 10_000;
/// A run may take this much longer than it sends.
const PATIENCE: Duration = Duration::from_secs(20);
/// Dropped with this reason: a device whose first frame is what makes it connect.
const CONNECTING: &str = "connecting";
const KIB: f64 = 1_024.0;

/// How many simulated devices send how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Crowd {
    pub(crate) devices: u32,
    pub(crate) hz: u32,
}

/// What the bench reads of the report of `grouploop simulate`.
#[derive(Debug, Deserialize)]
struct Report {
    swarms: Vec<Swarm>,
}

#[derive(Debug, Deserialize)]
struct Swarm {
    frames: Frames,
    #[serde(default)]
    connections: Connections,
}

#[derive(Debug, Deserialize)]
struct Frames {
    scheduled: u64,
    sent: u64,
    late: u64,
    skipped: u64,
    dropped: BTreeMap<String, u64>,
}

#[derive(Debug, Default, Deserialize)]
struct Connections {
    opened: u64,
    lost: u64,
}

/// As many frames as it can be asked for, to a NATS server that nobody else listens to.
pub(crate) fn on_bus(servers: &Servers, phases: Phases, crowd: Crowd) -> Result<Round> {
    let run = |crowd: Crowd, phases: Phases, more: &[&str]| {
        let nats = servers.start_nats()?;
        let url = nats_url(&nats);
        let arguments = [&["--nats", &url, "--transport", "bus", "--motion", "walk"], more].concat();
        run(servers, &nats, crowd, phases, Duration::ZERO, &arguments)
    };
    let loaded = run(crowd, phases, &["--slot", "none"])?;
    let bare = run(Crowd { devices: 1, ..crowd }, SHORT, &["--slot", "none"])?;
    let commandable = run(Crowd { devices: COMMANDABLE, ..crowd }, SHORT, &[])?;
    let mut measured = of_run(&loaded);
    measured.figures.extend([
        (Metric::FramesDropped, loaded.dropped.values().sum::<u64>() as f64),
        (Metric::SimulatedKb, kb_for_each(&loaded, &bare)),
        (Metric::CommandableKb, kb_for_each(&commandable, &bare)),
    ]);
    measured.runs = vec![loaded, bare, commandable];
    Ok(Round { edge: Some(measured), relay: None })
}

/// Each device on a WebSocket of its own, to an edge that nobody else is connected to.
pub(crate) fn over_sockets(servers: &Servers, phases: Phases, crowd: Crowd) -> Result<Round> {
    let edge = servers.start_edge(None)?;
    let (url, ramp_up) = (format!("ws://{}", edge.address), format!("{}s", RAMP_UP.as_secs()));
    let arguments = ["--transport", "ws", "--edge", &url, "--ramp-up", &ramp_up];
    let run = run(servers, &edge, crowd, phases, RAMP_UP, &arguments)?;
    let (opened, lost) = run.connections;
    let before = run.dropped.get(CONNECTING).copied().unwrap_or_default();
    let later = run.dropped.values().sum::<u64>().saturating_sub(before);
    let mut measured = of_run(&run);
    measured.figures.extend([
        (Metric::FramesDropped, later as f64),
        (Metric::FramesBeforeConnection, before as f64),
        (Metric::ConnectionsMissing, u64::from(crowd.devices).saturating_sub(opened) as f64),
        (Metric::ConnectionsClosed, lost as f64),
    ]);
    measured.runs = vec![run];
    Ok(Round { edge: Some(measured), relay: None })
}

fn of_run(run: &Run) -> Measured {
    let figures = [
        (Metric::FramesPerSecond, run.sent as f64 / run.seconds),
        (Metric::FramesMissedPercent, run.missed_percent()),
        (Metric::SimulatorCores, run.simulator_cores),
        (Metric::CpuUsPerFrame, run.cpu_us_per_frame),
    ];
    Measured { figures: figures.into(), ..Measured::default() }
}

/// What a device takes of memory, beside what the program takes with one.
fn kb_for_each(many: &Run, bare: &Run) -> f64 {
    many.peak_bytes.saturating_sub(bare.peak_bytes) as f64 / KIB / f64::from(many.devices)
}

impl Run {
    pub(crate) fn missed_percent(&self) -> f64 {
        self.missed as f64 * 100.0 / self.scheduled.max(1) as f64
    }
}

/// Runs it once and looks at it meanwhile: after the ramp-up and the warm-up, and at the end of the window.
fn run(
    servers: &Servers,
    server: &Process,
    crowd: Crowd,
    phases: Phases,
    ramp_up: Duration,
    arguments: &[&str],
) -> Result<Run> {
    let folder = servers.processes.make_folder()?;
    let file = folder.path().join("report.json");
    let sends = ramp_up + phases.warm_up + phases.measure + TAIL;
    let mut command = servers.grouploop("simulate")?;
    command.args(["--devices", &crowd.devices.to_string(), "--rate-hz", &crowd.hz.to_string()]);
    command.args(["--duration", &format!("{}s", sends.as_secs()), "--quiet", "--report"]).arg(&file).args(arguments);
    let mut simulator = servers.processes.launch("simulate", &mut command)?;

    let window_start = Instant::now() + ramp_up + phases.warm_up;
    simulator.run_until(window_start)?;
    let (before, own_before) = (Spending::now(&[&simulator, server])?, simulator.cpu()?);
    simulator.run_until(window_start + phases.measure)?;
    let (own_after, after) = (simulator.cpu()?, Spending::now(&[&simulator, server])?);
    let mut peak_bytes = 0;
    let look = |simulator: &Process| peak_bytes = simulator.peak_bytes().unwrap_or(peak_bytes);
    let (status, said) = simulator.finish(TAIL + PATIENCE, look)?;

    // A run that did not keep its schedule says so with 1, and reports nevertheless.
    let ran = status.success() || status.code() == Some(1);
    ensure!(ran, "simulate failed ({status}); it said:\n{}", said.join("\n"));
    let report = std::fs::read(&file).context("simulate leaves no report")?;
    let report: Report = serde_json::from_slice(&report)
        .with_context(|| format!("the report cannot be read; simulate said:\n{}", said.join("\n")))?;
    let swarm = report.swarms.into_iter().next().context("the report is about no swarm")?;
    let cost = Cost { spent: after.since(&before), own: own_after.since(own_before), peak_bytes };
    Ok(settle(swarm, crowd, sends, &cost))
}

/// What a run cost in the measured window, and its memory in all.
struct Cost {
    /// Of the simulator and its server.
    spent: Spent,
    /// CPU time of the simulator.
    own: Duration,
    peak_bytes: u64,
}

fn settle(swarm: Swarm, crowd: Crowd, sends: Duration, cost: &Cost) -> Run {
    let Frames { scheduled, sent, late, skipped, dropped } = swarm.frames;
    let window = cost.spent.wall.as_secs_f64();
    // The report is about the whole run; in the window the same part of the schedule was sent.
    let due = f64::from(crowd.devices) * f64::from(crowd.hz) * window;
    let in_window = due * sent as f64 / scheduled.max(1) as f64;
    Run {
        devices: crowd.devices,
        seconds: sends.as_secs_f64(),
        scheduled,
        sent,
        missed: late + skipped,
        dropped,
        connections: (swarm.connections.opened, swarm.connections.lost),
        simulator_cores: cost.own.as_secs_f64() / window,
        server_cores: cost.spent.servers.saturating_sub(cost.own).as_secs_f64() / window,
        cpu_us_per_frame: cost.own.as_secs_f64() * 1e6 / in_window.max(1.0),
        foreign_load: cost.spent.foreign_load,
        peak_bytes: cost.peak_bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{
        "run": { "version": "0.1.0", "duration_s": 10.0, "cpu_s": 3.0, "peak_memory_bytes": 1 },
        "swarms": [{
            "name": "swarm-1", "devices": 1000, "transport": "ws", "bytes": 4200000, "messages": 9,
            "frames": { "scheduled": 200000, "sent": 199000, "late": 500, "skipped": 700, "dropped": { "connecting": 290, "slow_link": 10 } },
            "connections": { "opened": 1001, "lost": 1 }
        }],
        "verdict": { "passed": true }
    }"#;

    fn settled(json: &str) -> Run {
        let report: Report = serde_json::from_str(json).unwrap();
        let spent = Spent {
            wall: Duration::from_secs(5),
            servers: Duration::from_secs(4),
            generator: Duration::ZERO,
            foreign_load: 0.25,
        };
        let cost = Cost { spent, own: Duration::from_secs(1), peak_bytes: 3 << 20 };
        let crowd = Crowd { devices: 1_000, hz: 20 };
        settle(report.swarms.into_iter().next().unwrap(), crowd, Duration::from_secs(10), &cost)
    }

    #[test]
    fn a_report_becomes_figures() {
        let run = settled(REPORT);
        assert_eq!((run.missed, run.connections, run.dropped["slow_link"]), (1_200, (1_001, 1), 10));
        let figures = of_run(&run).figures;
        let near = |metric, wanted: f64| {
            assert!((figures[&metric] - wanted).abs() < 1e-9, "{metric:?}: {} is not {wanted}", figures[&metric]);
        };
        near(Metric::FramesPerSecond, 19_900.0);
        near(Metric::FramesMissedPercent, 0.6);
        near(Metric::SimulatorCores, 0.2);
        // A second of CPU time for 99.5 % of the 100,000 frames of the window.
        near(Metric::CpuUsPerFrame, 1e6 / 99_500.0);
        assert!((run.server_cores - 0.6).abs() < 1e-9);
    }

    #[test]
    fn a_swarm_on_the_bus_has_no_connections() {
        let (head, tail) = REPORT.split_once("\"connections\"").unwrap();
        let without = format!("{}{}", head.trim_end().trim_end_matches(','), tail.split_once('}').unwrap().1);
        assert_eq!(settled(&without).connections, (0, 0));
    }

    #[test]
    fn memory_is_what_more_devices_take_over_one() {
        let (mut many, bare) = (settled(REPORT), settled(REPORT));
        many.peak_bytes += 1_000 * 512;
        assert!((kb_for_each(&many, &bare) - 0.5).abs() < 1e-9);
        assert!(kb_for_each(&bare, &many).abs() < 1e-9, "less than nothing is nothing");
    }
}
