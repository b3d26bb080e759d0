//! `grouploop-bench`: are an edge, a CDN and the simulator as good as they have to be? How far is the first from what the kernel alone costs,
//! and the second from nginx?
//!
//! ```text
//!                     ┌───────────────┐
//!  devices (thread) ─▶│ edge or relay │─▶ viewers (threads)
//!                     └───────────────┘
//!                       a process of its own; CPU and memory read from /proc
//! ```
//!
//! The CDN and nginx serve the same files by turns ([`cdn`]); the simulator is held to its own schedule ([`simulator`]). Nothing of the product
//! is linked in: the generator speaks the wire protocol by itself, so that a mistake in our codec cannot hide.

mod audience;
mod auditor;
mod cdn;
mod clock;
mod command;
mod findings;
mod histogram;
mod inbox;
mod measure;
mod measured;
mod metric;
mod peer;
mod process;
mod relay;
mod report;
mod scenario;
mod schedule;
mod sender;
mod servers;
mod simulator;
mod spending;
mod stamp;
mod swarm;
mod wire;

use crate::cdn::Tools;
use crate::clock::{Clock, Phases};
use crate::findings::Findings;
use crate::measure::Bench;
use crate::process::Processes;
use crate::scenario::{SCENARIOS, Scenario};
use crate::servers::Servers;
use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use grouploop_bench::{limits, machine, results};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Measures an edge against its targets, beside a bare TCP relay in the same run, a CDN beside nginx, and the simulator.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// Scenarios to measure, by letter
    #[arg(long, value_delimiter = ',', value_name = "LETTERS")]
    only: Vec<char>,
    /// Measure everything this often; figures are medians
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Seconds of each measured window
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Seconds of load before each measured window
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=600))]
    warm_up: u64,
    /// One second of warm-up and three of measuring: for trying things, not for judging
    #[arg(long, conflicts_with_all = ["seconds", "warm_up"])]
    quick: bool,
    /// Measure only the relay: no edge, no CDN, no simulator
    #[arg(long)]
    without_edge: bool,
    /// The grouploop binary, with examples/body_speed beside it [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    edge: Option<PathBuf>,
    /// The nats-server binary [default: .tools/bin/nats-server, else the one on PATH]
    #[arg(long, value_name = "FILE")]
    nats_server: Option<PathBuf>,
    /// Write everything measured as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Put the tables into this Markdown file, under a heading of the day and the machine
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Serve as the bare relay that edges are measured against
    Relay {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.role {
        Some(Role::Relay { listen }) => relay::serve(listen).map(|()| 0),
        None => run(&arguments),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<u8> {
    let scenarios = choose(&arguments.only)?;
    limits::ensure_files(scenarios.iter().map(|scenario| scenario.kind.connections()).max().unwrap_or(0))?;
    let processes = Processes::default();
    processes.end_on_signal()?;
    let servers = Servers::locate(processes, arguments.edge.clone(), arguments.nats_server.clone())?;
    let (warm_up, measure) = if arguments.quick { (1, 3) } else { (arguments.warm_up, arguments.seconds) };
    let about = about(arguments, &servers, &scenarios, warm_up, measure);
    for (name, value) in &about {
        eprintln!("{name}: {value}");
    }
    let phases = Phases { warm_up: Duration::from_secs(warm_up), measure: Duration::from_secs(measure) };
    let mut bench =
        Bench { servers, clock: Clock::new(), phases, with_edge: !arguments.without_edge, single_edge: None };
    let all = measure_all(&mut bench, &scenarios, arguments.rounds);

    let parts =
        [report::targets(&all), report::loads(&all), report::turns(&all), report::runs(&all), report::notes(&all)];
    let report = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    writeln!(std::io::stdout().lock(), "\n{report}")?;
    if let Some(path) = &arguments.report {
        let json = serde_json::to_vec_pretty(&report::json(&all, &about))?;
        std::fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &arguments.results {
        let list: String = about.iter().map(|(name, value)| format!("- {name}: {value}\n")).collect();
        let heading = format!("{}, {}", machine::today(), machine::describe());
        results::record(path, &heading, &format!("{list}\n{report}"))?;
    }
    Ok(findings::exit_code(&all))
}

fn choose(only: &[char]) -> Result<Vec<&'static Scenario>> {
    if let Some(unknown) = only.iter().find(|key| SCENARIOS.iter().all(|scenario| scenario.key != **key)) {
        let known: String =
            SCENARIOS.iter().map(|scenario| format!("\n  {}  {}", scenario.key, scenario.name)).collect();
        bail!("there is no scenario `{unknown}`; there are{known}");
    }
    Ok(SCENARIOS.iter().filter(|scenario| only.is_empty() || only.contains(&scenario.key)).collect())
}

fn about(
    arguments: &Arguments,
    servers: &Servers,
    scenarios: &[&Scenario],
    warm_up: u64,
    measure: u64,
) -> Vec<(&'static str, String)> {
    let mut about = vec![("machine", machine::describe())];
    if !arguments.without_edge {
        about.push(("edge", Servers::version(&servers.edge)));
        about.push(("NATS", Servers::version(&servers.nats)));
        if scenarios.iter().any(|scenario| scenario.kind.is_of_cdn()) {
            let version = |tools: Tools| tools.nginx_version();
            about.push(("nginx", Tools::locate().map_or_else(|missing| missing.to_string(), version)));
        }
    }
    about.push(("rounds", format!("{} of {warm_up} s warm-up and {measure} s measured each", arguments.rounds)));
    if cfg!(debug_assertions) {
        about.push(("warning", "a debug build measures nothing of interest".into()));
    }
    about
}

/// A scenario that fails does not keep the others from being measured.
fn measure_all(bench: &mut Bench, scenarios: &[&'static Scenario], rounds: u32) -> Vec<Findings> {
    let findings = |scenario: &&'static Scenario| Findings { scenario, rounds: Vec::new(), failures: Vec::new() };
    let mut all: Vec<Findings> = scenarios.iter().map(findings).collect();
    for round in 1..=rounds {
        bench.single_edge = None;
        for findings in &mut all {
            eprintln!("round {round} of {rounds}, {}: {}", findings.scenario.key, findings.scenario.name);
            match bench.measure(findings.scenario.kind) {
                Ok(round) => findings.rounds.push(round),
                Err(error) => findings.failures.push(format!("{error:#}")),
            }
        }
    }
    all
}
