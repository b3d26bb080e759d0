//! What each subcommand takes.

use super::Listen;
use super::values::{parse_max_bytes, parse_parameter, parse_seconds, parse_word};
use crate::client::Peer;
use crate::settings::Format;
use clap::{Args, Subcommand};
use grouploop_bridge::{DeviceId, Space};
use grouploop_simulator::scenario::parse_duration;
use grouploop_simulator::tape::{Speed, TapePlace};
use std::path::PathBuf;
use std::time::Duration;

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
