//! The command line: what can be typed, and what of it is a setting.

mod args;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use args::{
    ConfigArgs, FirmwareCommand, HealthArgs, PublishArgs, RecordArgs, RecordingArgs, RegistryCommand, ReplayArgs,
    SendArgs, TopArgs, WatchArgs,
};

use crate::settings::Flags;
use crate::simulate::SimulateArgs;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

/// Real-time hub for swarms of wearables: devices and browsers meet over WebSocket.
///
/// Without a command it is `grouploop up`: everything in this one process.
#[derive(Debug, Parser)]
#[command(name = "grouploop", version = VERSION, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) listen: Listen,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The version, and the commit where it is known.
const VERSION: &str = env!("GROUPLOOP_VERSION");

const AFTER_HELP: &str = "\
Examples:
  grouploop                                  everything in one process, nothing to install
  grouploop edge --nats nats://10.0.0.2:4222 one of several edges
  grouploop watch --device 1a2b              see what a device sends
  grouploop top                              the whole system, live
  grouploop send 1a2b led ff8000             light it up
  grouploop send all vibrate 200             shake everybody
  grouploop record --space main night.glrec  keep what all devices send
  grouploop replay --nats URL night.glrec    have them here again

Exit codes: 0 fine, 1 it ran and the result is bad, 2 command refused, 3 no answer, 64 wrong settings or usage, 69 address not
available, 130 stopped by a second signal.";

/// What every subcommand takes.
#[derive(Debug, Default, Args)]
pub(crate) struct Common {
    /// Read settings from FILE instead of ./grouploop.toml [env: GROUPLOOP_CONFIG]
    #[arg(long, value_name = "FILE", global = true, help_heading = "Settings")]
    pub(crate) config: Option<PathBuf>,
    /// Set any setting, such as edge.threads=2; may be repeated
    #[arg(long, value_name = "KEY=VALUE", global = true, help_heading = "Settings")]
    pub(crate) set: Vec<String>,
    /// What to log: error, warn, info, debug, trace, or parts such as info,grouploop_edge=debug (log.filter)
    #[arg(long, value_name = "FILTER", global = true, help_heading = "Settings")]
    pub(crate) log: Option<String>,
    /// Use the NATS server at URL as the bus (bus.nats.url, and bus.engine = nats) [env: NATS_URL]
    #[arg(long, value_name = "URL", global = true, help_heading = "Settings")]
    pub(crate) nats: Option<String>,
    /// Trust who is signed by the certificates in FILE as well, where we connect by TLS (tls.ca_file)
    #[arg(long, value_name = "FILE", global = true, help_heading = "Settings")]
    pub(crate) ca: Option<String>,
}

/// What roles that serve take.
#[derive(Debug, Default, Args)]
pub(crate) struct Listen {
    /// Address to listen on, such as 0.0.0.0:5003 (edge.listen; cdn.listen of a CDN, simulator.listen of a simulator, monitor.listen of a monitor, ui.listen of the pages) [env: WS_HOST, WS_PORT of an edge]
    #[arg(long, value_name = "ADDRESS", help_heading = "Settings")]
    pub(crate) listen: Option<String>,
    /// Speak TLS too on every port, HTTPS and WSS, with a certificate of your own or one made here (tls.enabled)
    #[arg(long, help_heading = "Settings")]
    pub(crate) tls: bool,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in this one process (the default)
    Up(Listen),
    /// Run one edge: the WebSocket node that devices and browsers connect to
    Edge(Listen),
    /// Run one CDN: libraries, firmware and the command registry over HTTP
    Cdn(Listen),
    /// Run one simulator: swarms of virtual devices, started and changed over HTTP
    Simulator(Listen),
    /// Run one monitor: the live system at a glance, every node, space, subject and NATS server, as a page and over HTTP
    Monitor(Listen),
    /// Serve the web pages: the dashboard and hub with everybody's apps, the device emulator, device control, the documentation
    Ui(Listen),
    /// Show what devices send: a live table, or one line per frame when the output is piped
    ///
    /// Piped lines hold, separated by tabs: id, ax, ay, az (g), dNW, dNE, dSE, dSW (dBm), tap (1 or 0). Ctrl-C ends it.
    Watch(WatchArgs),
    /// Show the whole system live: nodes, subjects, spaces, NATS servers, and what is wrong; or one line of JSON a second when piped
    ///
    /// It reads a monitor: `grouploop up` and `grouploop monitor` have one. Tab switches the table, q ends it.
    Top(TopArgs),
    /// Send a command to a device and show what became of it
    ///
    /// Exit code: 0 when the command was written to the device (or, for `all`, to at least one), 1 when it was not, 2 when the edge
    /// refused it as wrong, 3 when there was no connection or no answer in time.
    Send(SendArgs),
    /// Record what the devices of a space send, until Ctrl-C, into a file or to a URL
    ///
    /// A file that is there already is gone on with. A crash loses at most the last 2 seconds. A recording for a URL is written into a
    /// file first (--spool) and brought there at the end; when that fails, the file is kept, and named. The token of a CDN is best given
    /// as GROUPLOOP_CDN__TOKEN. Frames come from the NATS server when there is one in the settings (--nats), else from an edge.
    Record(RecordArgs),
    /// Play a recording again, as if its devices were there: what they sent, at the times when they sent it
    ///
    /// Exit code: 0 when all of it was played, also when the recording is cut short (a warning says so), 1 when frames did not go out.
    Replay(ReplayArgs),
    /// Say what is in a recording: space, time, devices, frames
    Recording(RecordingArgs),
    /// Make devices that nobody can tell from real ones: for load tests, demos and development without hardware
    ///
    /// What they do is said in flags, or in a scenario. It runs until its end or Ctrl-C, and then reports. Exit code 0 when it kept its own
    /// schedule (at most 1 % late) and everything that --expect names came true, 1 when not.
    Simulate(Box<SimulateArgs>),
    /// Publish firmware for devices
    #[command(subcommand)]
    Firmware(FirmwareCommand),
    /// Look at a command registry
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// Print the settings in effect and where each came from; secrets are masked
    Config(ConfigArgs),
    /// Ask a running role whether it is ready; exit code 0 when it is (for container checks)
    Health(HealthArgs),
    /// Print what lets a shell complete our commands and flags, such as: grouploop completions bash
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print a page for `man`: of the program, or of one of its commands
    Man {
        /// The command, such as edge
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
}

impl Cli {
    /// The settings among the arguments.
    pub(crate) fn flags(&self) -> Flags {
        let (listen, key) = match &self.command {
            Some(Command::Up(listen) | Command::Edge(listen) | Command::Config(ConfigArgs { listen, .. })) => {
                (Some(listen), "edge.listen")
            }
            Some(Command::Cdn(listen)) => (Some(listen), "cdn.listen"),
            Some(Command::Simulator(listen)) => (Some(listen), "simulator.listen"),
            Some(Command::Monitor(listen)) => (Some(listen), "monitor.listen"),
            Some(Command::Ui(listen)) => (Some(listen), "ui.listen"),
            _ => (None, "edge.listen"),
        };
        let mut named = Vec::new();
        if let Some(address) = listen.and_then(|listen| listen.listen.as_ref()).or(self.listen.listen.as_ref()) {
            named.push(("--listen", key, address.clone()));
        }
        if self.listen.tls || listen.is_some_and(|listen| listen.tls) {
            named.push(("--tls", "tls.enabled", "true".into()));
        }
        if let Some(file) = &self.common.ca {
            named.push(("--ca", "tls.ca_file", file.clone()));
        }
        if let Some(filter) = &self.common.log {
            named.push(("--log", "log.filter", filter.clone()));
        }
        if let Some(url) = &self.common.nats {
            named.push(("--nats", "bus.nats.url", url.clone()));
            named.push(("--nats", "bus.engine", "nats".into()));
        }
        Flags { config: self.common.config.clone(), set: self.common.set.clone(), named }
    }
}
