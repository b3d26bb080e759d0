//! `grouploop replay`: a recording as if its devices were there again.

use super::live::Live;
use super::{Stop, access, interruptible, spool, warning};
use crate::cli::ReplayArgs;
use crate::client::{EdgeUrl, Peer};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal::{complain, print};
use grouploop_bridge::{Bus, EngineKind, NodeId};
use grouploop_simulator::tape::{Played, Player, PlayerOptions, Tape, TapeError, Way};
use indicatif::{FormattedDuration, HumanCount};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// Plays until the end or a signal.
pub(crate) async fn replay(args: &ReplayArgs, settings: &Settings, variables: BTreeMap<String, String>) -> Exit {
    // The space is known when the recording is, and is no part of this choice.
    let edge = match (&args.url, settings.bus.engine) {
        (None, EngineKind::Nats) => None,
        _ => match EdgeUrl::choose(&Peer { url: args.url.clone(), space: None }, settings).and_then(EdgeUrl::plain) {
            Ok(url) => Some(url),
            Err(complaint) => {
                complain(&complaint);
                return Exit::Usage;
            }
        },
    };
    interruptible(async |stop| run(args, settings, edge, variables, stop).await).await
}

async fn run(
    args: &ReplayArgs,
    settings: &Settings,
    edge: Option<EdgeUrl>,
    variables: BTreeMap<String, String>,
    stop: Stop,
) -> Result<Exit, TapeError> {
    let (spool, access) = (spool(args.spool.as_ref()), access(None, &args.place, settings, variables)?);
    let open = async {
        let tape = Tape::open(&args.place, &spool, &access).await?;
        let space = args.space.clone().unwrap_or_else(|| tape.header().space.clone());
        let way = match edge {
            Some(url) => Way::Edge { url: url.as_str().to_owned() },
            None => {
                let node = NodeId::random("replay");
                Way::Bus { bus: Bus::start(&settings.bus, &node).await?, node }
            }
        };
        Ok::<_, TapeError>((Player::connect(way, space.clone()).await?, tape, space))
    };
    let (player, tape, space) = tokio::select! {
        biased;
        () = stop.clone().told() => return Ok(Exit::Success),
        opened = open => opened?,
    };
    let devices = Some(&args.devices).filter(|devices| !devices.is_empty());
    let options = PlayerOptions {
        speed: args.speed,
        repeat: args.repeat,
        devices: devices.map(|devices| devices.iter().copied().collect()),
    };
    let (live, progress) = (Live::new(), player.progress());
    live.say(&format!("playing {} into the space {space}", args.place));
    let played = tokio::select! {
        biased;
        played = player.play(&tape, options, stop.told()) => played,
        () = live.keep_showing(|| line(&progress(), args)) => return Ok(Exit::Success),
    };
    drop(live);
    let played = played?;
    if let Some(warning) = played.end.and_then(warning) {
        complain(&warning);
    }
    Ok(print(&summary(&played, args), judge(&played, args)))
}

/// A result that is not what was asked for is said, and is the exit code.
fn judge(played: &Played, args: &ReplayArgs) -> Exit {
    if played.end.is_some() && played.frames == 0 && !args.devices.is_empty() {
        complain("the recording has no frame of these devices (--devices): `grouploop recording` tells what is in it");
        return Exit::Failed;
    }
    if played.dropped.is_empty() { Exit::Success } else { Exit::Failed }
}

fn line(played: &Played, args: &ReplayArgs) -> String {
    let mut line = format!(
        "{}  {} frames of {} devices  speed {}",
        FormattedDuration(played.played),
        HumanCount(played.frames),
        played.devices,
        args.speed
    );
    if played.rounds > 0 {
        let _ = write!(line, "  round {}", played.rounds + 1);
    }
    if played.late > 0 {
        let _ = write!(line, "  {} late, {} behind", HumanCount(played.late), ms(played.behind));
    }
    let dropped: u64 = played.dropped.values().sum();
    if dropped > 0 {
        let _ = write!(line, "  {} dropped", HumanCount(dropped));
    }
    line
}

fn summary(played: &Played, args: &ReplayArgs) -> String {
    let mut text =
        format!("played    {} frames of {} devices at speed {}\n", played.frames, played.devices, args.speed);
    if args.repeat {
        let _ = writeln!(text, "rounds    {}", played.rounds);
    }
    if played.frames > 1 {
        let (p99, worst) = (ms(played.timing.p99), ms(played.timing.worst));
        let _ = writeln!(text, "spacing   kept within {p99} (p99), {worst} (worst)");
    }
    if played.late > 0 {
        let _ = writeln!(text, "late      {} frames, more than 2 ms after they were due", played.late);
    }
    for (reason, frames) in &played.dropped {
        let _ = writeln!(text, "dropped   {frames} frames: {reason}");
    }
    if played.commands > 0 {
        let _ = writeln!(text, "commands  {}, which replayed devices do not obey", played.commands);
    }
    text
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
