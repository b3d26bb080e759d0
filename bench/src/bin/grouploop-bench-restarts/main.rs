//! `grouploop-bench-restarts`: does anybody notice when the edges of the stack are restarted under load, one after the other, and then all at once?
//!
//! ```text
//!  devices ──▶ ┌───────────────┐ ──▶ edge 1 ──┐
//!  viewers ◀── │ Caddy, as in  │ ──▶ edge 2 ──┼── nats-1, nats-2, nats-3
//!  controller ─│ compose.yaml  │ ──▶ edge 3 ──┘
//!              └───────────────┘
//! ```
//!
//! Devices do as firmware does: 5 s after a connection ended they connect again. A frame carries the number of its device's connection and its
//! own number on it, so that a viewer knows what is missing of a connection that stood.

mod controller;
mod cost;
mod device;
mod findings;
mod shared;
mod viewer;

use crate::controller::{Answers, controller, target};
use crate::cost::Cost;
use crate::device::device;
use crate::findings::{Findings, Restart};
use crate::shared::Shared;
use crate::viewer::viewer;
use anyhow::{Result, ensure};
use clap::Parser;
use grouploop_bench::{limits, machine, results};
use grouploop_testkit::http_get;
use grouploop_testkit::stack::Stack;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);
/// The first numbers of two controllers are so far apart, and all are numbers that a device takes.
const FIRST_COMMANDS: u64 = 1_000_000;
/// What was written to a device arrives within this.
const ARRIVAL: Duration = Duration::from_secs(5);

/// Restarts each edge of the stack under load, and looks who notices.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Devices, each with a WebSocket of its own
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u16).range(3..=60_000))]
    devices: u16,
    /// Frames a second of each
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100))]
    hz: u64,
    /// Viewers of all of them
    #[arg(long, default_value_t = 20)]
    viewers: u16,
    /// Controllers, each with a connection of its own
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    controllers: u16,
    /// Commands a second of each at most, to devices drawn at random, and never two at once
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
    commands: u64,
    /// Seconds of load before, between and after the restarts
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The grouploop binary [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    edge: Option<PathBuf>,
    /// Put the table into this Markdown file, under a heading of the day and the machine
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
}

/// Devices that the edges own together.
async fn total(stack: &Stack) -> u64 {
    let mut total = 0;
    for number in 0..stack.edges() {
        let health = http_get(stack.edge_addr(number), "/health").await.json();
        total += health.get("devices").and_then(serde_json::Value::as_u64).unwrap_or_default();
    }
    total
}

async fn all_there(stack: &Stack, devices: u16) -> Result<()> {
    let started = Instant::now();
    while total(stack).await != u64::from(devices) {
        ensure!(started.elapsed() < PATIENCE, "{} of {devices} devices are there", total(stack).await);
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

async fn run(arguments: &Arguments) -> Result<Findings> {
    let Arguments { devices, hz, viewers, controllers, commands, seconds, .. } = *arguments;
    let beside = || Ok::<_, anyhow::Error>(std::env::current_exe()?.with_file_name("grouploop"));
    let binary = arguments.edge.clone().map_or_else(beside, Ok)?;
    ensure!(binary.exists(), "no {}", binary.display());
    let started = Instant::now();
    let mut stack = Stack::start(binary, &[]).await;
    eprintln!("the whole stack is well after {:.1} s", started.elapsed().as_secs_f64());

    let url = format!("ws://{}/", stack.balancer());
    let shared = Arc::new(Shared::default());
    let mut tasks = JoinSet::new();
    for _ in 0..viewers {
        tasks.spawn(viewer(url.clone(), devices, shared.clone()));
    }
    for id in 0..devices {
        tasks.spawn(device(stack.balancer(), id, hz, shared.clone()));
        if id % 10 == 9 {
            sleep(Duration::from_millis(10)).await;
        }
    }
    all_there(&stack, devices).await?;
    let mut commanding = JoinSet::new();
    for number in 0..u64::from(controllers) {
        commanding.spawn(controller(url.clone(), devices, commands, number * FIRST_COMMANDS, shared.clone()));
    }
    let breath = Duration::from_secs(seconds);
    sleep(breath).await;

    let mut restarts = Vec::new();
    for number in 0..=stack.edges() {
        let (cost, before) = (Cost::now()?, shared.returns().len());
        let one = number < stack.edges();
        if one {
            stack.restart_edge(number).await
        } else {
            stack.restart_edges().await
        }
        let well = cost.at.elapsed();
        all_there(&stack, devices).await?;
        let returns = shared.returns().split_off(before);
        let edge = if one { (number + 1).to_string() } else { "all at once".to_owned() };
        let restart = Restart { edge, well, all: cost.at.elapsed(), returns, cores: Cost::now()?.since(&cost) };
        eprintln!("{restart}");
        restarts.push(restart);
        sleep(breath).await;
    }
    shared.stop_commands.store(true, Ordering::Relaxed);
    let mut answers = Answers::default();
    for answered in timeout(PATIENCE, commanding.join_all()).await? {
        answers.add(answered);
    }
    let missing = missing(&answers, devices, &shared, started).await;
    shared.stop.store(true, Ordering::Relaxed);
    tasks.shutdown().await;
    Ok(Findings::new(&shared, viewers, restarts, &answers, missing))
}

/// Of the commands that were answered `success`, those that did not arrive once.
async fn missing(answers: &Answers, devices: u16, shared: &Shared, started: Instant) -> usize {
    let not_once = || answers.success.iter().copied().filter(|number| shared.arrivals(*number) != 1);
    let waiting = Instant::now();
    while not_once().next().is_some() && waiting.elapsed() < ARRIVAL {
        sleep(Duration::from_millis(20)).await;
    }
    for number in not_once() {
        let id = target(number, devices);
        let ends: Vec<f64> = shared
            .returns()
            .iter()
            .filter(|how| u64::from(how.device) == id)
            .map(|how| how.ended.duration_since(started).as_secs_f64())
            .collect();
        eprintln!(
            "command {number} to {id:04x} arrived {} times; its connections ended after {ends:.3?} s",
            shared.arrivals(number)
        );
    }
    not_once().count()
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = || {
        limits::ensure_files(2 * u32::from(arguments.devices) + u32::from(arguments.viewers))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let findings = runtime.block_on(run(&arguments))?;
        let report = findings.report();
        write!(std::io::stdout(), "{report}")?;
        if let Some(path) = &arguments.results {
            let heading = format!("{}, {}: each edge restarted", machine::today(), machine::describe());
            results::record(path, &heading, &report)?;
        }
        Ok::<_, anyhow::Error>(findings.all_met())
    };
    match outcome() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
