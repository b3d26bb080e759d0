//! `grouploop simulate`: a scenario, or a swarm said in flags, from its first frame to its report.

mod args;
mod plan;
mod progress;

pub(crate) use args::SimulateArgs;

use crate::client::{EdgeUrl, Peer};
use crate::exit::Exit;
use crate::log::LogSettings;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::terminal::{complain, print, printable};
use grouploop_bridge::{Bus, BusState, EngineKind, Hub, NodeId};
use grouploop_simulator::measure::Watch;
use grouploop_simulator::report::Report;
use grouploop_simulator::scenario::Swarm;
use grouploop_simulator::{Limits, Simulation, Swarms};
use plan::Plan;
use progress::Progress;
use std::path::Path;
use std::time::Duration;

/// What `log.filter` is when nobody says it.
const DEFAULT_FILTER: &str = "info";
/// Signals that come within this time after the first are the same.
const ONE_SIGNAL: Duration = Duration::from_millis(500);
/// Time for a NATS server to answer at the start.
const BUS_PATIENCE: Duration = Duration::from_secs(5);

/// Runs until all swarms are over, or a signal.
pub(crate) async fn simulate(args: &SimulateArgs, settings: &Settings) -> Exit {
    let plan = match Plan::read(args, settings) {
        Ok(plan) => plan,
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| complain(&printable(mistake)));
            return Exit::Usage;
        }
    };
    // The life of the process is on the terminal already; what is degraded is not.
    let filter = if settings.log.filter == DEFAULT_FILTER { "warn" } else { &settings.log.filter };
    if let Err(error) = crate::log::install(&LogSettings { filter: filter.to_owned(), ..settings.log.clone() }) {
        complain(&format!("the log cannot be set up: {error:#}"));
        return Exit::Failed;
    }
    match run(args, settings, plan).await {
        Ok(exit) => exit,
        Err((exit, complaint)) => {
            complain(&printable(&complaint));
            exit
        }
    }
}

type Complaint = (Exit, String);

async fn run(args: &SimulateArgs, settings: &Settings, plan: Plan) -> Result<Exit, Complaint> {
    let failed = |error: &dyn std::fmt::Display| (Exit::Failed, error.to_string());
    let mut signals = Signals::new().map_err(|error| failed(&error))?;
    // Each connection is an open file; what the system allows at most is its own matter.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    // Before the run, so that an hour of it does not end with a folder that is not there.
    if let Some(file) = &args.report {
        // What is in it stays until there is a new one.
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .map_err(|error| (Exit::Failed, no_report(file, &error)))?;
    }
    let Plan { swarms: plans, edges_watched, watches_bus, expectations, notice } = plan;
    if let Some(notice) = notice.filter(|_| !args.quiet) {
        complain(&notice);
    }
    let hub = Hub::new();
    let node = settings.node.id("simulator");
    let bus = bus(settings, &node, &hub).await?;
    let watch = match (watches_bus, edges_watched.is_empty()) {
        (false, true) => None,
        (bus, _) => Some(Watch {
            // Another node: nobody receives telemetry of their own.
            bus: if bus { Some(self::bus(settings, &NodeId::random("measure"), &hub).await?) } else { None },
            edges: edges_watched,
        }),
    };
    let swarms = Swarms::new(node, crate::roles::version(), bus, Limits::NONE);
    let progress = Progress::new(args.quiet, &plans);
    let simulation = tokio::select! {
        biased;
        _ = signals.next() => return Ok(Exit::Interrupted),
        started = Simulation::start(swarms, plans, watch) => started.map_err(|error| (Exit::NoAnswer, error.to_string()))?,
    };
    tokio::select! {
        biased;
        _ = signals.next() => {}
        () = simulation.ended() => {}
        () = progress.keep_showing(&simulation) => {}
    }
    drop(progress);
    let finish = simulation.finish();
    tokio::pin!(finish);
    let mut report = tokio::select! {
        biased;
        () = again(&mut signals) => return Ok(Exit::Interrupted),
        report = &mut finish => report,
    };
    report.judge(&expectations);
    let exit = if report.verdict.passed { Exit::Success } else { Exit::Failed };
    let exit = print(&report.table(), exit);
    if let Some(file) = &args.report {
        write(&report, file).map_err(|error| (Exit::Failed, error))?;
    }
    Ok(exit)
}

/// A second signal. Some programs that end others send two at once, to the process and to its group: these are one.
async fn again(signals: &mut Signals) {
    let since = tokio::time::Instant::now();
    loop {
        signals.next().await;
        if since.elapsed() >= ONE_SIGNAL {
            return;
        }
    }
}

fn no_report(file: &Path, error: &std::io::Error) -> String {
    format!("the report {} cannot be written: {error}", file.display())
}

/// Access to the bus, which is there.
async fn bus(settings: &Settings, node: &NodeId, hub: &Hub) -> Result<Bus, Complaint> {
    if settings.bus.engine == EngineKind::Embedded {
        return Ok(hub.attach());
    }
    let bus = Bus::start(&settings.bus, node).await.map_err(|error| (Exit::Failed, error.to_string()))?;
    let mut state = bus.state();
    let up = tokio::time::timeout(BUS_PATIENCE, state.wait_for(|state| *state == BusState::Up)).await;
    if up.is_err() {
        let url = crate::settings::mask_urls(&settings.bus.nats.url);
        let why = format!("no NATS server answers at {url} (--nats, bus.nats.url): start it, or name another");
        return Err((Exit::NoAnswer, why));
    }
    Ok(bus)
}

fn write(report: &Report, file: &Path) -> Result<(), String> {
    let json = serde_json::to_string_pretty(report).map_err(|error| error.to_string())?;
    std::fs::write(file, json + "\n")
        .map_err(|error| format!("the report {} cannot be written: {error}", file.display()))
}

/// The edge that swarms connect to when nobody names one.
fn default_edge(settings: &Settings) -> Result<String, String> {
    let url = EdgeUrl::choose(&Peer::default(), settings)?;
    Ok(url.plain()?.origin())
}

/// How many frames swarms send a second.
fn frames_per_second(swarms: &[Swarm]) -> f64 {
    swarms.iter().map(|swarm| swarm.ids.len() as f64 * swarm.rate_hz).sum()
}
