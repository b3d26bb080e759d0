//! `grouploop`: one binary, one role for each subcommand. Parses, loads, builds, runs, exits.

mod backoff;
mod cli;
mod client;
mod date;
mod display;
mod exit;
mod firmware;
mod health;
mod listener;
mod listing;
mod log;
mod manual;
mod pipe;
mod registry;
mod roles;
mod send;
mod settings;
mod signals;
mod simulate;
mod tape;
mod terminal;
mod tls;
mod top;
mod traces;
mod viewer;
mod watch;

use clap::Parser;
use cli::{Cli, Command, FirmwareCommand, HealthArgs, RegistryCommand, TopArgs};
use client::{EdgeUrl, Peer};
use exit::Exit;
use roles::{Role, Start};
use rustls::ClientConfig;
use settings::{Effective, Settings};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use terminal::{complain, print};
use tls::client_config;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => run(cli).into(),
        Err(error) => {
            // Help and version come here too; a closed pipe is nobody's fault.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage.into() } else { Exit::Success.into() }
        }
    }
}

fn run(cli: Cli) -> Exit {
    if let Some(Command::Health(args)) = &cli.command
        && !args.url.is_https()
    {
        // Needs no settings, and wrong ones must not make a running service look ill.
        return on_one_thread(health(args, None));
    }
    if let Some(Command::Registry(RegistryCommand::Check { file })) = &cli.command {
        return registry::check(file);
    }
    match &cli.command {
        Some(Command::Completions { shell }) => return manual::completions(*shell),
        Some(Command::Man { command }) => return manual::page(command.as_deref()),
        _ => {}
    }
    let variables = environment();
    let loaded = settings::load(&cli.flags(), &variables, Path::new(""));
    let Effective { settings, entries } = match loaded {
        Ok(effective) => effective,
        Err(mistakes) => {
            mistakes.0.iter().for_each(|mistake| complain(mistake));
            return Exit::Usage;
        }
    };
    match cli.command {
        None | Some(Command::Up(_)) => serve(Role::Up, Start { settings, variables }),
        Some(Command::Edge(_)) => serve(Role::Edge, Start { settings, variables }),
        Some(Command::Config(args)) if args.check => Exit::Success,
        Some(Command::Config(args)) => print(&settings::print(&entries, args.format), Exit::Success),
        Some(Command::Watch(args)) => {
            with_edge(&args.peer, &settings, async |url| watch::watch(url, &args.device).await)
        }
        Some(Command::Top(args)) => show_top(&args, &settings),
        Some(Command::Send(args)) => with_edge(&args.peer, &settings, async |url| send::send(&url, &args).await),
        Some(Command::Record(args)) => on_one_thread(tape::record(&args, &settings, variables)),
        Some(Command::Replay(args)) => on_one_thread(tape::replay(&args, &settings, variables)),
        Some(Command::Recording(args)) => on_one_thread(tape::info(&args, &settings, variables)),
        Some(Command::Simulate(args)) => run_on(&mut Builder::new_multi_thread(), simulate::simulate(&args, &settings)),
        Some(Command::Cdn(_)) => serve(Role::Cdn, Start { settings, variables }),
        Some(Command::Simulator(_)) => serve(Role::Simulator, Start { settings, variables }),
        Some(Command::Monitor(_)) => serve(Role::Monitor, Start { settings, variables }),
        Some(Command::Ui(_)) => serve(Role::Ui, Start { settings, variables }),
        Some(Command::Firmware(FirmwareCommand::Publish(args))) => on_one_thread(firmware::publish(&args, &settings)),
        Some(Command::Health(args)) => match client_config(&settings.tls) {
            Ok(tls) => on_one_thread(health(&args, Some(tls))),
            Err(complaint) => {
                complain(&complaint);
                Exit::Usage
            }
        },
        Some(Command::Registry(_) | Command::Completions { .. } | Command::Man { .. }) => Exit::Success,
    }
}

/// The environment as text; a name or value that is not Unicode shows its damage when it matters.
fn environment() -> BTreeMap<String, String> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

async fn health(args: &HealthArgs, tls: Option<Arc<ClientConfig>>) -> Exit {
    match health::check(&args.url, tls, health::PATIENCE).await {
        (Exit::Success, status) => print(&format!("{status}\n"), Exit::Success),
        (exit, complaint) => {
            complain(&complaint);
            exit
        }
    }
}

fn show_top(args: &TopArgs, settings: &Settings) -> Exit {
    let url = top::MonitorUrl::choose(args.url.as_deref(), settings);
    let source = url.and_then(|url| top::Source::new(url, tls::trusted(&settings.tls)?));
    match source {
        Ok(source) => on_one_thread(top::top(&source)),
        Err(complaint) => {
            complain(&complaint);
            Exit::Usage
        }
    }
}

fn with_edge(peer: &Peer, settings: &Settings, work: impl AsyncFnOnce(EdgeUrl) -> Exit) -> Exit {
    match EdgeUrl::choose(peer, settings) {
        Ok(url) => on_one_thread(work(url)),
        Err(complaint) => {
            complain(&complaint);
            Exit::Usage
        }
    }
}

fn serve(role: Role, start: Start) -> Exit {
    if let Err(error) = log::install(&start.settings.log) {
        complain(&format!("the log cannot be set up: {error:#}"));
        return Exit::Failed;
    }
    run_on(&mut Builder::new_multi_thread(), async {
        match roles::serve(role, start).await {
            Ok(exit) => exit,
            Err(error) => {
                complain(&format!("{error:#}"));
                Exit::Failed
            }
        }
    })
}

fn on_one_thread(work: impl Future<Output = Exit>) -> Exit {
    run_on(&mut Builder::new_current_thread(), work)
}

fn run_on(builder: &mut Builder, work: impl Future<Output = Exit>) -> Exit {
    match builder.enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(work);
            // What still hangs, such as a name lookup or a write to a stopped pipe, must not keep the process.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            complain(&format!("the runtime cannot be started: {error}"));
            Exit::Failed
        }
    }
}
