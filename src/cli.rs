//! The command line: what can be typed, and what of it is a setting.

use crate::settings::{Flags, Format};
use crate::simulate::SimulateArgs;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use grouploop_bridge::{DeviceId, Space};
use grouploop_simulator::scenario::parse_duration;
use grouploop_simulator::tape::{MIN_MAX_BYTES, Speed, TapePlace};
use std::path::PathBuf;
use std::time::Duration;

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
    /// Serve the web pages: the dashboard and hub with everybody's apps, and the device emulator
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

/// Which edge to talk to.
#[derive(Debug, Default, Args)]
pub(crate) struct Peer {
    /// The edge to connect to; without it ui.ws_default_url, else the edge on this machine [env: WS_DEFAULT_URL]
    #[arg(long, value_name = "WS_URL")]
    pub(crate) url: Option<String>,
    /// The space of the group; without it the one that the URL names
    #[arg(long, value_name = "NAME")]
    pub(crate) space: Option<Space>,
}

/// `grouploop watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Only this device, 4 hex digits; may be repeated
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) device: Vec<DeviceId>,
    #[command(flatten)]
    pub(crate) peer: Peer,
}

/// `grouploop top`.
#[derive(Debug, Args)]
pub(crate) struct TopArgs {
    /// The monitor, such as http://127.0.0.1:5010; without it ui.monitor_url, else the one on this machine
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
}

/// `grouploop send`.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// A device id, 4 hex digits such as 1a2b, or `all` for every device of the space
    #[arg(value_parser = parse_word)]
    pub(crate) target: String,
    /// led, pattern, brightness, vibrate, status … (what the edge's command registry knows)
    #[arg(value_parser = parse_word)]
    pub(crate) command: String,
    /// The command's parameters, such as ff8000 for led
    #[arg(value_name = "PARAMETER", value_parser = parse_parameter, allow_negative_numbers = true)]
    pub(crate) parameters: Vec<String>,
    #[command(flatten)]
    pub(crate) peer: Peer,
    /// Seconds to wait for connection and answer
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = parse_seconds)]
    pub(crate) timeout: Duration,
}

/// `grouploop record`.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// Where the recording goes: a file, http://… (a CDN, such as http://127.0.0.1:5008/static/night.glrec), s3://bucket/…, gs://… or az://…
    #[arg(value_name = "FILE|URL")]
    pub(crate) place: TapePlace,
    /// The space to record
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub(crate) space: Space,
    /// End after this time, such as 10m or 1h30m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) duration: Option<Duration>,
    /// End before the file is larger, such as 500M or 1G
    #[arg(long, value_name = "BYTES", value_parser = parse_max_bytes)]
    pub(crate) max_bytes: Option<u64>,
    /// Record from this edge, as a viewer; without it the NATS server, else ui.ws_default_url, else the edge on this machine
    #[arg(long, value_name = "WS_URL")]
    pub(crate) url: Option<String>,
    /// What lets us write there; others on this machine can see it here. GROUPLOOP_CDN__TOKEN (cdn.token) is better, and goes to the CDN of
    /// cdn.base_url only, or without one to the CDN on this machine
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// Folder for the file in which a recording for a URL is written first; without it the system's folder for temporary files
    #[arg(long, value_name = "DIR")]
    pub(crate) spool: Option<PathBuf>,
}

/// `grouploop replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The recording: a file, http://…, s3://bucket/…, gs://… or az://…
    #[arg(value_name = "FILE|URL")]
    pub(crate) place: TapePlace,
    /// How much faster than it was recorded, 0.01 to 100
    #[arg(long, value_name = "FACTOR", default_value = "1")]
    pub(crate) speed: Speed,
    /// Again and again, until Ctrl-C
    #[arg(long = "loop")]
    pub(crate) repeat: bool,
    /// Into this space; without it the one that was recorded
    #[arg(long, value_name = "NAME")]
    pub(crate) space: Option<Space>,
    /// Only these devices, 4 hex digits each, such as 1a2b,3c4d
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub(crate) devices: Vec<DeviceId>,
    /// Play to this edge; without it the NATS server, else ui.ws_default_url, else the edge on this machine
    #[arg(long, value_name = "WS_URL")]
    pub(crate) url: Option<String>,
    /// Folder for a copy of what is at a URL; without it the system's folder for temporary files
    #[arg(long, value_name = "DIR")]
    pub(crate) spool: Option<PathBuf>,
}

/// `grouploop recording`.
#[derive(Debug, Args)]
pub(crate) struct RecordingArgs {
    /// The recording: a file, http://…, s3://bucket/…, gs://… or az://…
    #[arg(value_name = "FILE|URL")]
    pub(crate) place: TapePlace,
    /// Folder for a copy of what is at a URL; without it the system's folder for temporary files
    #[arg(long, value_name = "DIR")]
    pub(crate) spool: Option<PathBuf>,
}

/// `grouploop firmware`.
#[derive(Debug, Subcommand)]
pub(crate) enum FirmwareCommand {
    /// Upload an image to a CDN and name it in the manifest, so that devices can be updated to it
    ///
    /// The token is read from the settings (cdn.token); give it as GROUPLOOP_CDN__TOKEN, not on the command line, where others can see it.
    Publish(PublishArgs),
}

/// `grouploop firmware publish`.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// The image, as the build makes it: firmware.bin
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The board that it is for, such as seeed_xiao_esp32c3
    #[arg(long, value_name = "BOARD")]
    pub(crate) board: String,
    /// Its version, such as 1.4.0
    #[arg(long = "version", value_name = "VERSION")]
    pub(crate) version: String,
    /// The CDN; without it cdn.base_url, else the CDN on this machine [env: CDN_BASE_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) cdn: Option<String>,
    /// Replace an image that is already there under this version
    #[arg(long)]
    pub(crate) replace: bool,
}

/// `grouploop registry`.
#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    /// Check a commands.json and name every mistake in it; exit code 1 when there is one
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// `grouploop config`.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// How to print them: toml is a settings file again
    #[arg(long, value_enum, default_value_t = Format::Toml)]
    pub(crate) format: Format,
    /// Print nothing: only say what is wrong with them, exit code 64, or that nothing is
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) listen: Listen,
}

/// `grouploop health`.
#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// Where to ask, such as http://127.0.0.1:5003 or https://hub.example:5003; the path is /readyz unless the URL names one
    #[arg(value_name = "URL", value_parser = crate::health::parse_url)]
    pub(crate) url: crate::health::HealthUrl,
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

/// One word of the `cmd:` line: a colon or a control character in it would make another command of it.
fn parse_word(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|letter: char| letter == ':' || letter.is_control() || letter.is_whitespace()) {
        return Err("it must be one word without a colon".into());
    }
    Ok(text.into())
}

fn parse_parameter(text: &str) -> Result<String, String> {
    if text.contains(char::is_control) {
        return Err("it must be one line without control characters".into());
    }
    Ok(text.into())
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("it must be a number of seconds from 0.001 to 3600".into()),
    }
}

/// A whole number of bytes, `K`, `M`, `G` or `T` behind it for powers of 1024.
fn parse_max_bytes(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.char_indices().next_back() {
        Some((at, 'K')) => (text.get(..at), 10),
        Some((at, 'M')) => (text.get(..at), 20),
        Some((at, 'G')) => (text.get(..at), 30),
        Some((at, 'T')) => (text.get(..at), 40),
        _ => (Some(text), 0),
    };
    let number = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    let bytes = number.and_then(|number| number.parse::<u64>().ok()?.checked_mul(1 << shift));
    bytes.filter(|bytes| *bytes >= MIN_MAX_BYTES).ok_or_else(|| {
        format!("it must be a number of bytes such as 500M or 1G (K, M, G, T), and at least {}K", MIN_MAX_BYTES >> 10)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Cli {
        Cli::try_parse_from(line.split(' ')).unwrap()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_is_up_and_takes_its_flags() {
        let cli =
            parse("grouploop --listen 0.0.0.0:1 --nats nats://a --log debug --set edge.threads=2 --config x.toml");
        assert!(cli.command.is_none());
        assert_eq!(
            cli.flags(),
            Flags {
                config: Some("x.toml".into()),
                set: vec!["edge.threads=2".into()],
                named: vec![
                    ("--listen", "edge.listen", "0.0.0.0:1".into()),
                    ("--log", "log.filter", "debug".into()),
                    ("--nats", "bus.nats.url", "nats://a".into()),
                    ("--nats", "bus.engine", "nats".into()),
                ],
            }
        );
    }

    #[test]
    fn every_role_takes_listen_before_or_after_its_name() {
        for line in [
            "grouploop edge --listen a",
            "grouploop --listen a up",
            "grouploop config --listen a",
            "grouploop --listen b up --listen a",
        ] {
            assert_eq!(parse(line).flags().named, [("--listen", "edge.listen", "a".to_owned())], "{line}");
        }
        for (line, key) in [
            ("grouploop cdn --listen a", "cdn.listen"),
            ("grouploop simulator --listen a", "simulator.listen"),
            ("grouploop ui --listen a", "ui.listen"),
        ] {
            assert_eq!(parse(line).flags().named, [("--listen", key, "a".to_owned())], "{line}");
        }
        assert!(Cli::try_parse_from(["grouploop", "send", "all", "status", "--listen", "a"]).is_err());
    }

    #[test]
    fn every_role_takes_tls_and_everybody_whom_to_trust() {
        let tls = ("--tls", "tls.enabled", "true".to_owned());
        for line in ["grouploop --tls", "grouploop up --tls", "grouploop edge --tls", "grouploop cdn --tls"] {
            assert_eq!(parse(line).flags().named.as_slice(), std::slice::from_ref(&tls), "{line}");
        }
        assert!(Cli::try_parse_from(["grouploop", "watch", "--tls"]).is_err());
        for line in ["grouploop watch --ca a.pem", "grouploop --ca a.pem health https://a", "grouploop edge --ca a.pem"]
        {
            assert_eq!(parse(line).flags().named, [("--ca", "tls.ca_file", "a.pem".to_owned())], "{line}");
        }
    }

    #[test]
    fn common_flags_stand_anywhere() {
        for line in ["grouploop --config a edge", "grouploop edge --config a"] {
            assert_eq!(parse(line).flags().config, Some("a".into()), "{line}");
        }
    }

    #[test]
    fn watch_takes_devices_and_a_space() {
        let cli = parse("grouploop watch --space class-3b --device 1A2b --device 0001,ffff --url ws://a:1");
        let Some(Command::Watch(args)) = cli.command else { panic!() };
        assert_eq!(args.device, [DeviceId(0x1a2b), DeviceId(1), DeviceId(0xffff)]);
        assert_eq!(args.peer.space.unwrap().as_str(), "class-3b");
        assert_eq!(args.peer.url.unwrap(), "ws://a:1");
        for wrong in ["--device xyz", "--device 1a2b3", "--space A", "--space a.b"] {
            assert!(
                Cli::try_parse_from(["grouploop", "watch"].into_iter().chain(wrong.split(' '))).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn send_takes_a_target_a_command_and_parameters() {
        let cli = parse("grouploop send 1a2b led_set 0 ff0000 --timeout 0.5");
        let Some(Command::Send(args)) = cli.command else { panic!() };
        assert_eq!((args.target.as_str(), args.command.as_str()), ("1a2b", "led_set"));
        assert_eq!(args.parameters, ["0", "ff0000"]);
        assert_eq!(args.timeout, Duration::from_millis(500));
        for wrong in [
            &["1a2b"][..],
            &["1a:2b", "led"],
            &["", "led"],
            &["all", "led\nping"],
            &["all", "led", "a\nb"],
            &["all", "status", "--timeout", "-1"],
        ] {
            assert!(Cli::try_parse_from(["grouploop", "send"].iter().chain(wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn record_takes_a_place_and_limits() {
        let cli =
            parse("grouploop record --space class-3b night.glrec --duration 1h30m --max-bytes 1G --nats nats://a");
        let Some(Command::Record(args)) = cli.command else { panic!() };
        assert_eq!((args.duration, args.max_bytes), (Some(Duration::from_secs(5400)), Some(1 << 30)));
        assert_eq!((args.place.to_string(), args.space.as_str()), ("night.glrec".to_owned(), "class-3b"));
        let Some(Command::Record(args)) = parse("grouploop record night.glrec").command else { panic!() };
        assert_eq!(args.space, Space::main());
        for wrong in ["--space a", "--space a memory://x", "--space a x --max-bytes 63K", "--space A x"] {
            let line = ["grouploop", "record"].into_iter().chain(wrong.split(' '));
            assert!(Cli::try_parse_from(line).is_err(), "{wrong}");
        }
        for (text, bytes) in [("65536", 65536), ("64K", 65536), ("3M", 3 << 20), ("2T", 2 << 40)] {
            assert_eq!(parse_max_bytes(text), Ok(bytes));
        }
        for text in ["", "G", "-1", "+70000", "1.5G", "99999999999T", "1000000B", "ü"] {
            assert!(parse_max_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn replay_takes_speed_devices_and_another_space() {
        let cli = parse("grouploop replay s3://b/night.glrec --speed 2 --loop --devices 1a2b,3C4D --space other");
        let Some(Command::Replay(args)) = cli.command else { panic!() };
        assert_eq!(args.devices, [DeviceId(0x1a2b), DeviceId(0x3c4d)]);
        assert_eq!((args.speed.to_string().as_str(), args.repeat), ("2", true));
        assert_eq!(args.space.unwrap().as_str(), "other");
        for wrong in ["x --speed 0", "x --speed 101", "x --devices 1a2", "ftp://a/x", ""] {
            let line = ["grouploop", "replay"].into_iter().chain(wrong.split(' '));
            assert!(Cli::try_parse_from(line).is_err(), "{wrong}");
        }
    }
}
